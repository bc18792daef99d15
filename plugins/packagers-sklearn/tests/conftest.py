"""Packing and unpacking in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

import packagers


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Fit small models on one thread: several threads on a busy machine wait for one another."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def again(tmp_path: Path) -> Callable[..., Any]:
    """Pack a value and give what is unpacked, under the policy that runs no code unless another is asked for."""

    def pack_and_unpack(value: Any, log: str = "value", *, hint: Any = None, trust: str = "data", **options: Any) -> Any:
        packagers.pack(value, log, tmp_path)
        return packagers.unpack(tmp_path / "value", hint, trust=trust, **options)

    return pack_and_unpack
