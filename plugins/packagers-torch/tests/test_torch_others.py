"""Optimizers, tensor datasets, and the small types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.utils.data import TensorDataset

import packagers


def _equal(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, torch.Tensor):
        return torch.equal(left, right)
    if isinstance(left, dict):
        return list(left) == list(right) and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _trained(kind: str) -> tuple[nn.Module, optim.Optimizer]:
    torch.manual_seed(0)
    module = nn.Linear(2, 2)
    optimizer = getattr(optim, kind)(
        [{"params": [module.weight], "lr": 0.01}, {"params": [module.bias]}] if kind != "LBFGS" else module.parameters()
    )
    for _ in range(3):
        _step(module, optimizer)
    return module, optimizer


def _step(module: nn.Module, optimizer: optim.Optimizer) -> None:
    def closure() -> float:
        optimizer.zero_grad()
        loss = (module(torch.arange(6.0).reshape(3, 2)) ** 2).sum()
        loss.backward()
        return float(loss.detach())

    optimizer.step(closure)


KINDS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_optimizer_comes_back_with_its_parameters(again: Any, kind: str) -> None:
    _, optimizer = _trained(kind)
    found = again(optimizer, trust="own")
    assert type(found) is type(optimizer)
    assert _equal(found.state_dict(), optimizer.state_dict())
    assert _equal([g["params"] for g in found.param_groups], [g["params"] for g in optimizer.param_groups])
    with pytest.raises(packagers.UntrustedPackageError):
        again(optimizer)


@pytest.mark.parametrize("kind", KINDS)
def test_training_goes_on_from_the_state(again: Any, kind: str) -> None:
    module, optimizer = _trained(kind)
    other = nn.Linear(2, 2)
    other.load_state_dict(module.state_dict())
    groups = [{"params": [other.weight]}, {"params": [other.bias]}] if kind != "LBFGS" else other.parameters()
    target = getattr(optim, kind)(groups)
    assert again(optimizer, "value : file[format='state_dict']", into=target) is target
    assert _equal(target.state_dict(), optimizer.state_dict())
    _step(module, optimizer)
    _step(other, target)
    assert torch.equal(module.weight, other.weight)


def test_an_optimizer_that_loses_something_is_refused(again: Any) -> None:
    _, optimizer = _trained("Adam")
    with pytest.raises(packagers.UnpackError, match="not its parameters"):
        again(optimizer, "value : file[format='state_dict']")
    with pytest.raises(packagers.UnpackError, match="does not fit"):
        again(optimizer, "value : file[format='state_dict']", into=optim.SGD(nn.Linear(2, 2).parameters()))
    optimizer.register_step_pre_hook(lambda *_: None)
    with pytest.raises(packagers.PackError, match="hooks"):
        again(optimizer)


def test_hyperparameters_may_be_tensors_and_infinite(again: Any) -> None:
    parameter = nn.Parameter(torch.ones(2))
    optimizer = optim.Adam([parameter], lr=torch.tensor(0.1), capturable=False, foreach=False)
    optimizer.param_groups[0]["bound"] = float("inf")
    found = again(optimizer, "value : file[format='state_dict']", into=optim.Adam([parameter], foreach=False))
    assert found.param_groups[0]["bound"] == float("inf")
    assert torch.equal(found.param_groups[0]["lr"], torch.tensor(0.1))


def test_a_tensor_dataset(again: Any) -> None:
    points = torch.arange(6.0).reshape(3, 2)
    found = again(TensorDataset(points, points[:, 0], torch.arange(3)))
    assert type(found) is TensorDataset
    assert _equal(found[1], (points[1], points[1, 0], torch.tensor(1)))
    found.tensors[0][0, 0] = 9
    assert found.tensors[1][0] == 9


def test_a_dataset_with_more_than_tensors_is_refused(again: Any) -> None:
    dataset = TensorDataset(torch.ones(2))
    dataset.name = "mine"
    with pytest.raises(packagers.PackError, match="name"):
        again(dataset)


def _dtypes() -> Iterator[torch.dtype]:
    return iter(dict.fromkeys(value for value in vars(torch).values() if isinstance(value, torch.dtype)))


@pytest.mark.parametrize(
    "value", [*_dtypes(), torch.Size([]), torch.Size([2, 3]), torch.device("cpu"), torch.device("cuda:1"), torch.device("meta")], ids=str
)
def test_small_types_are_results(again: Any, value: Any) -> None:
    found = again(value)
    assert found == value
    assert type(found) is type(value)
