"""Descriptions and previews are small, and cost little however large the value is."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.utils.data import TensorDataset

from packagers import Packager
from packagers_torch.datasets import TensorDatasetPackager
from packagers_torch.modules import ModulePackager
from packagers_torch.optimizers import OptimizerPackager
from packagers_torch.statedicts import StateDictPackager, TensorListPackager
from packagers_torch.tensors import TensorPackager


def huge(dtype: torch.dtype) -> torch.Tensor:
    """Make a tensor of a million million elements in the memory of one: who reads or converts all of it fails."""
    return torch.ones(1, dtype=dtype).expand(1_000, 1_000_000, 1_000)


MANY = nn.ParameterList(nn.Parameter(torch.ones(1)) for _ in range(100_000))
CASES: dict[str, tuple[Packager, Any]] = {
    **{str(dtype): (TensorPackager(), huge(dtype)) for dtype in (torch.float32, torch.bfloat16, torch.float8_e5m2, torch.uint16)},
    "conjugated": (TensorPackager(), huge(torch.complex64).conj()),
    "negated": (TensorPackager(), huge(torch.complex64).conj().imag),
    "one dimension": (TensorPackager(), torch.ones(1).expand(10**12)),
    "sparse": (TensorPackager(), torch.sparse_coo_tensor([[1]], [1.0], (10**9,), check_invariants=True)),
    "sparse with much in it": (TensorPackager(), torch.ones(2000).to_sparse()),
    "meta": (TensorPackager(), torch.empty(10**6, 10**6, device="meta")),
    "64 dimensions": (TensorPackager(), torch.ones([1] * 62 + [40, 40])),
    "dict": (StateDictPackager(), {"x" * 100_000: huge(torch.float16), **{str(n): torch.ones(1) for n in range(50_000)}}),
    "list": (TensorListPackager(), [huge(torch.float16)] * 10_000),
    "dataset": (TensorDatasetPackager(), TensorDataset(huge(torch.float16), huge(torch.int8))),
    "module": (ModulePackager(), MANY),
    "deep module": (ModulePackager(), nn.Sequential(*(nn.Sequential(nn.Linear(1, 1)) for _ in range(500)))),
    "lazy module": (ModulePackager(), nn.LazyLinear(2)),
    "optimizer": (OptimizerPackager(), optim.SGD([{"params": [parameter]} for parameter in list(MANY)[:500]])),
}


@pytest.mark.parametrize("name", CASES)
def test_summaries_are_small(name: str) -> None:
    packager, value = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for summary in (packager.describe(value), packager.preview(value)):
            assert len(json.dumps(summary, allow_nan=False)) <= 64 << 10
            assert summary or name == "sparse with much in it"


def test_they_say_what_it_is() -> None:
    tensors = TensorPackager()
    assert tensors.describe(huge(torch.float16)) == {"dtype": "float16", "shape": [1_000, 1_000_000, 1_000], "device": "cpu"}
    assert tensors.preview(torch.tensor([1, 2]))["text"] == "tensor([1, 2])"
    assert tensors.preview(torch.arange(5000))["text"].startswith("The first elements:\ntensor([ 0,  1,  2")
    assert OptimizerPackager().preview(optim.SGD([torch.ones(1)], lr=0.5))["table"]["rows"][0][2].startswith("lr=0.5, momentum=0")
    assert ModulePackager().describe(MANY)["parameters"] == 100_000
    assert TensorDatasetPackager().describe(TensorDataset(torch.ones(3, 2)))["samples"] == 3
