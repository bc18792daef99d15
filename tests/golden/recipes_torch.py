"""Golden values of packagers-torch."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from recipe import Recipe, forms

from packagers.testing import alike


def _tensor() -> torch.Tensor:
    return torch.arange(6, dtype=torch.bfloat16).reshape(2, 3)


def _floats() -> torch.Tensor:
    return torch.tensor([[1.5, -0.0], [2.0, 3.0]])


def _tied() -> dict[str, torch.Tensor]:
    base = _floats()
    return {"a": base, "row": base[0], "b": torch.tensor([True, False])}


def _module() -> torch.nn.Module:
    made = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1, bias=False))
    with torch.no_grad():
        for number, parameter in enumerate(made.parameters()):
            parameter.copy_(torch.arange(parameter.numel(), dtype=torch.float32).reshape(parameter.shape) + number)
    return made.eval()


def _optimizer() -> torch.optim.Optimizer:
    weight = torch.nn.Parameter(_floats())
    made = torch.optim.SGD([weight], lr=0.5, momentum=0.5)
    weight.sum().backward()
    made.step()
    return made


def _dataset() -> Any:
    return torch.utils.data.TensorDataset(_floats(), torch.tensor([1, 2]))


def _same(left: Any, right: Any) -> bool:
    return left.dtype == right.dtype and left.requires_grad == right.requires_grad and torch.equal(left, right)


def _same_sparse(left: Any, right: Any) -> bool:
    return left.layout == right.layout and _same(left.to_dense(), right.to_dense())


def _all_same(left: Any, right: Any) -> bool:
    pairs = zip(left.values(), right.values(), strict=True) if isinstance(left, dict) else zip(left, right, strict=True)
    return len(left) == len(right) and all(_same(one, other) for one, other in pairs)


def _is_tied(left: Any, right: Any) -> bool:
    return _all_same(left, right) and right["row"].untyped_storage().data_ptr() == right["a"].untyped_storage().data_ptr()


def _same_module(left: Any, right: Any) -> bool:
    return repr(left) == repr(right) and left.training == right.training and _all_same(left.state_dict(), right.state_dict())


def _same_optimizer(left: Any, right: Any) -> bool:
    return alike(left.state_dict()["param_groups"], right.state_dict()["param_groups"]) and _same(
        left.state_dict()["state"][0]["momentum_buffer"], right.state_dict()["state"][0]["momentum_buffer"]
    )


def _same_dataset(left: Any, right: Any) -> bool:
    return _all_same(left.tensors, right.tensors)


_FLOATS = Recipe("torch.Tensor", _floats, same=_same)

RECIPES: dict[str, Recipe] = {
    "tensor": Recipe("torch.Tensor", _tensor, same=_same),
    "tensor-complex": Recipe("torch.Tensor", lambda: torch.tensor([1 + 2j]), same=_same),
    "tensor-scalar": Recipe("torch.Tensor", lambda: torch.tensor(5, dtype=torch.uint8), same=_same),
    "tensor-grad": Recipe("torch.Tensor", lambda: _floats().requires_grad_(), same=_same),
    "tensor-sparse": Recipe(
        "torch.Tensor", lambda: _floats().to_sparse(), same=lambda left, right: _same(left.to_dense(), right.to_dense())
    ),
    **forms("tensor", _FLOATS, ["file:npy", "result"]),
    "parameter": Recipe("torch.nn.Parameter", lambda: torch.nn.Parameter(_floats()), same=_same),
    **forms("parameter", Recipe("torch.nn.Parameter", lambda: torch.nn.Parameter(_floats()), same=_same), ["file:npy", "result"]),
    "state-dict": Recipe("dict[str, torch.Tensor]", _tied, same=_is_tied),
    "state-dict-ordered": Recipe("collections.OrderedDict[str, torch.Tensor]", lambda: OrderedDict(_tied()), same=_is_tied),
    "tensors": Recipe("list[torch.Tensor]", lambda: [_floats(), _tensor()], same=_all_same),
    "tensors-in-a-tuple": Recipe("tuple[torch.Tensor, ...]", lambda: (_floats(), _tensor()), same=_all_same),
    "module": Recipe("torch.nn.Module", _module, same=_same_module, trust="all"),
    "module-state-dict": Recipe(
        "torch.nn.Module",
        _module,
        "model[format='state_dict']",
        same=_all_same,
        back=lambda: dict(_module().state_dict()),
        hint=dict[str, torch.Tensor],
        is_read=False,
    ),
    "optimizer": Recipe("torch.optim.Optimizer", _optimizer, same=_same_optimizer, trust="all"),
    "data-set": Recipe("torch.utils.data.TensorDataset", _dataset, same=_same_dataset),
    "size": Recipe("torch.Size", lambda: torch.Size([1, 0, 3])),
    "dtype": Recipe("torch.dtype", lambda: torch.bfloat16),
    "device": Recipe("torch.device", lambda: torch.device("cpu")),
}
