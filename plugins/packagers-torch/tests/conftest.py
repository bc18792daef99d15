"""Packing and unpacking in one step, and what makes two tensors the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import packagers

Again = Callable[..., Any]


@pytest.fixture
def again(tmp_path: Path) -> Again:
    """Pack a value and give what is unpacked, under the policy that runs no code unless another is asked for."""

    def pack_and_unpack(value: Any, log: str = "value", hint: Any = None, *, trust: str = "data", **options: Any) -> Any:
        artifact = packagers.pack(value, log, tmp_path)
        source = artifact if isinstance(artifact, packagers.Result) else tmp_path / "value"
        return packagers.unpack(source, hint, trust=trust, **options)

    return pack_and_unpack


@pytest.fixture(scope="session")
def same() -> Callable[[torch.Tensor, torch.Tensor], bool]:
    """Tell whether two tensors are the same in type, dtype, shape, gradients, attributes and every bit that is no ``nan``."""
    return _same


def _same(left: torch.Tensor, right: torch.Tensor) -> bool:
    facts = [(type(t), t.dtype, t.shape, t.layout, t.requires_grad, t.is_leaf, vars(t)) for t in (left, right)]
    if facts[0] != facts[1]:
        return False
    ours, theirs = (t.detach().to_dense() if t.layout is not torch.strided else t.detach() for t in (left, right))
    if ours.is_complex():
        ours, theirs = torch.view_as_real(ours.resolve_conj()), torch.view_as_real(theirs)
    if ours.dtype.itemsize == 1:
        ours, theirs = ours.view(torch.uint8), theirs.view(torch.uint8)
    if ours.is_floating_point():
        return torch.allclose(ours.double(), theirs.double(), rtol=0, atol=0, equal_nan=True)
    return torch.equal(ours, theirs)
