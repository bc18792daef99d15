"""The suite that every packager passes, for the types of PyTorch."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn, optim
from torch.utils.data import TensorDataset

from packagers.testing import PackagerSuite


def same_tensor(left: Any, right: Any) -> None:
    """Compare two tensors in value, dtype, shape, layout and gradients."""
    for fact in ("dtype", "shape", "layout", "requires_grad", "is_leaf"):
        assert getattr(left, fact) == getattr(right, fact), fact
    torch.testing.assert_close(left.detach(), right.detach(), rtol=0, atol=0, equal_nan=True)


def same_tensors(left: Any, right: Any) -> None:
    """Compare lists, tuples and dicts of tensors, and which of them are the same tensor."""
    if isinstance(left, dict):
        assert list(left) == list(right)
        left, right = list(left.values()), list(right.values())
    assert len(left) == len(right)
    for ours, theirs in zip(left, right, strict=True):
        same_tensor(ours, theirs)
    assert [[a is b for a in left] for b in left] == [[a is b for a in right] for b in right]


def _weight() -> nn.Parameter:
    return nn.Parameter(torch.tensor([[1.0, float("nan")]]))


class TestTensors(PackagerSuite):
    type_path = "torch.Tensor"
    same = staticmethod(same_tensor)  # type: ignore[assignment]

    def samples(self) -> dict[str, Any]:
        return {
            "numbers": torch.arange(6, dtype=torch.int16).reshape(2, 3),
            "half": torch.tensor([0.1, float("inf")], dtype=torch.bfloat16),
            "complex": torch.tensor([1 - 2j]),
            "flags": torch.tensor([True, False]),
            "scalar": torch.tensor(2.5, dtype=torch.float64),
            "empty": torch.empty(0, 3),
            "view": torch.arange(12.0).reshape(3, 4).T[1:],
            "sparse": torch.eye(3).to_sparse(),
            "gradient": torch.ones(2, requires_grad=True),
        }


class TestParameters(PackagerSuite):
    type_path = "torch.nn.Parameter"
    same = staticmethod(same_tensor)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        return [_weight(), nn.Parameter(torch.ones(2, dtype=torch.int8), requires_grad=False)]


class TestStateDicts(PackagerSuite):
    type_path = "dict[str, torch.Tensor]"
    same = staticmethod(same_tensors)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        weight = torch.eye(2)
        return [{"b": weight, "a": weight, "__metadata__": torch.tensor(1), "": torch.zeros(0)}, dict(nn.Linear(2, 1).state_dict())]


class TestOrderedStateDicts(PackagerSuite):
    type_path = "collections.OrderedDict[str, torch.Tensor]"
    same = staticmethod(same_tensors)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        return [nn.BatchNorm1d(2).state_dict(), OrderedDict(z=torch.ones(1), a=torch.ones(2))]


class TestLists(PackagerSuite):
    type_path = "list[torch.Tensor]"
    same = staticmethod(same_tensors)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        one = torch.ones(2)
        return [[one, torch.eye(2), one]]


class TestTuples(PackagerSuite):
    type_path = "tuple[torch.Tensor, ...]"
    same = staticmethod(same_tensors)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        return [(torch.ones(2), torch.eye(2, dtype=torch.float16))]


class TestModules(PackagerSuite):
    type_path = "torch.nn.Module"
    skips = {
        "model:state_dict": "it holds no class and is read into a module that the caller has",
        "model:pt2": "torch keeps descriptions of inputs that two programs share",
        "model:onnx": "torch makes a cache folder among the temporary files",
    }

    def samples(self) -> list[Any]:
        torch.manual_seed(0)
        tied = nn.Sequential(nn.Embedding(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 3, bias=False))
        tied[2].weight = tied[0].weight
        return [tied.eval(), nn.LSTM(2, 2).double(), nn.Identity()]

    def same(self, left: Any, right: Any) -> None:
        assert repr(left) == repr(right)
        assert left.training == right.training
        same_tensors(left.state_dict(keep_vars=True), right.state_dict(keep_vars=True))


class TestOptimizers(PackagerSuite):
    type_path = "torch.optim.Optimizer"
    skips = {"file:state_dict": "it holds no parameters and is read into an optimizer that the caller has"}

    def samples(self) -> list[Any]:
        made = []
        for kind in (optim.SGD, optim.AdamW):
            weight = nn.Parameter(torch.ones(2))
            optimizer = kind([{"params": [weight], "lr": 0.1}])
            weight.sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            made.append(optimizer)
        return made

    def same(self, left: Any, right: Any) -> None:
        torch.testing.assert_close(left.state_dict(), right.state_dict(), rtol=0, atol=0)
        for ours, theirs in zip(left.param_groups, right.param_groups, strict=True):
            same_tensors(ours["params"], theirs["params"])


class TestTensorDatasets(PackagerSuite):
    type_path = "torch.utils.data.TensorDataset"

    def samples(self) -> list[Any]:
        return [TensorDataset(torch.eye(3), torch.arange(3))]

    def same(self, left: Any, right: Any) -> None:
        same_tensors(left.tensors, right.tensors)


class TestDtypes(PackagerSuite):
    type_path = "torch.dtype"

    def samples(self) -> list[Any]:
        return [torch.float32, torch.bfloat16, torch.bool]


class TestSizes(PackagerSuite):
    type_path = "torch.Size"

    def samples(self) -> list[Any]:
        return [torch.Size([2, 0]), torch.Size([])]


class TestDevices(PackagerSuite):
    type_path = "torch.device"

    def samples(self) -> list[Any]:
        return [torch.device("cpu"), torch.device("cuda", 1)]
