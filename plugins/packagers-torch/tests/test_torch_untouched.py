"""What is packed stays as it was: data, versions, gradients, flags, hooks and state, in every format, refused values included."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.utils.data import TensorDataset

import packagers


class Net(nn.Module):
    """A module with modes, buffers, ties and hooks."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(5, 4)
        self.norm = nn.BatchNorm1d(4).eval()
        self.drop = nn.Dropout()
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("mask", torch.tensor([True, True, False, True]), persistent=False)
        self.register_forward_hook(hook)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Give scores."""
        return self.head(self.norm(self.embedding(words)) * self.mask)


def hook(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
    """Look on."""


def trained() -> tuple[Net, optim.Optimizer]:
    """Make a module with gradients, and an optimizer that has taken a step."""
    net = Net()
    optimizer = optim.Adam(net.parameters())
    net(torch.tensor([0, 3])).sum().backward()
    optimizer.step()
    return net, optimizer


def computed() -> torch.Tensor:
    """Make a tensor that was computed from another one and keeps its gradient."""
    tensor = torch.ones(3, requires_grad=True) * 2
    tensor.retain_grad()
    return tensor


def hooked() -> torch.Tensor:
    """Make a tensor with a hook."""
    tensor = torch.ones(2, requires_grad=True)
    tensor.register_hook(print)
    return tensor


def hooked_optimizer() -> optim.Optimizer:
    """Make an optimizer with a hook."""
    optimizer = trained()[1]
    optimizer.register_step_pre_hook(print)
    return optimizer


def with_gradient() -> torch.Tensor:
    """Make a tensor that carries a gradient."""
    tensor = torch.arange(6.0).reshape(2, 3).requires_grad_()
    (tensor * tensor).sum().backward()
    return tensor


def quantised() -> torch.Tensor:
    """Make a tensor that safetensors cannot hold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


WORDS = {"args": (torch.tensor([0, 1]),)}
MATRIX = torch.arange(12.0).reshape(3, 4)
TENSORS: dict[str, Callable[[], Any]] = {
    "plain": lambda: MATRIX.clone(),
    "transposed": lambda: MATRIX.t(),
    "conjugated": lambda: torch.tensor([1 + 2j, 3]).conj(),
    "with a gradient": with_gradient,
    "computed": computed,
    "sparse": lambda: torch.sparse_coo_tensor([[0, 1, 1]], [1.0, 2.0, 3.0], (2,), check_invariants=True),
    "odd dtype": lambda: torch.ones(3, dtype=torch.complex128),
    "hooked": hooked,
    "meta": lambda: torch.empty(2, device="meta"),
    "quantised": quantised,
    "large": lambda: torch.zeros(3000),
}
FORMS = ["file", "file[format='npy']", "result", "object"]
CASES: dict[str, tuple[Callable[[], Any], str, dict[str, Any]]] = {
    **{f"{name} as {form}": (make, form, {}) for name, make in TENSORS.items() for form in FORMS},
    "state dict": (lambda: trained()[0].state_dict(keep_vars=True), "file", {}),
    "shared memory": (lambda: {"a": MATRIX[0], "b": MATRIX, "c": MATRIX.t()}, "file", {}),
    "two dtypes": (lambda: {"a": MATRIX, "b": MATRIX.view(torch.int32)}, "file", {}),
    "list": (lambda: [with_gradient(), MATRIX[1:]], "file", {}),
    **{f"module as {form}": (lambda: trained()[0], "model", {"format": form}) for form in ("module", "state_dict")},
    **{f"module as {form}": (lambda: trained()[0], "model", {"format": form, **WORDS}) for form in ("pt2", "onnx")},
    "module with wrong inputs": (lambda: trained()[0], "model", {"format": "pt2", "args": (torch.ones(2),)}),
    "module with a hooked weight": (lambda: nn.ParameterList([hooked()]), "model", {}),
    **{f"optimizer as {form}": (lambda: trained()[1], "file", {"format": form}) for form in ("optimizer", "state_dict")},
    "optimizer with hooks": (hooked_optimizer, "file", {}),
    "dataset": (lambda: TensorDataset(MATRIX, MATRIX[:, 0]), "file", {}),
    "container": (lambda: {"net": trained()[0], "tensors": [with_gradient(), {"x": MATRIX.t()}]}, "file", {}),
}


def snapshot(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """Note all that can be seen of a value, down to the last byte."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return "seen", id(value)
    seen[id(value)] = value
    if isinstance(value, torch.Tensor):
        return _of_tensor(value, seen)
    if isinstance(value, dict):
        attributes = snapshot(vars(value), seen) if hasattr(value, "__dict__") else None
        return type(value), id(value), [(_key(k), snapshot(v, seen)) for k, v in value.items()], attributes
    if isinstance(value, (list, tuple, set)):
        return type(value), id(value), [snapshot(item, seen) for item in value]
    if isinstance(value, (nn.Module, optim.Optimizer, TensorDataset)):
        return type(value), id(value), snapshot(vars(value), seen)
    return id(value)


def _key(key: Any) -> Any:
    return id(key) if isinstance(key, torch.Tensor) else key


def _of_tensor(tensor: torch.Tensor, seen: dict[int, Any]) -> Any:
    facts = [id(tensor), type(tensor), tensor._version if not tensor.is_inference() else None, tensor.dtype, tensor.shape, tensor.layout]
    facts += [tensor.device, tensor.requires_grad, tensor.is_leaf, id(tensor.grad_fn), tensor.is_conj(), tensor.retains_grad]
    facts += [list((tensor._backward_hooks or {}).values()), snapshot(vars(tensor), seen)]
    gradient = tensor.grad if tensor.is_leaf else None
    facts.append(None if gradient is None else snapshot(gradient, seen))
    if tensor.layout is torch.sparse_coo:
        still = tensor.detach()
        parts = [still._indices(), still._values()]
        return [*facts, tensor.is_coalesced(), [(part._version, part.data_ptr(), part.tolist()) for part in parts]]
    facts += [tensor.stride(), tensor.storage_offset()]
    storage = tensor.untyped_storage()
    place = storage.data_ptr() if not tensor.is_meta else 0
    return [*facts, place, ctypes.string_at(place, storage.nbytes()) if place else b""]


@pytest.mark.parametrize("name", CASES)
def test_packing_changes_nothing(tmp_path: Path, name: str) -> None:
    make, form, options = CASES[name]
    log = packagers.LogHint.parse(f"value : {form}")
    value, numbers, mode = make(), torch.random.get_rng_state(), torch.is_grad_enabled()
    before, is_packed = snapshot(value), True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch thinks of pickling quantised and hooked tensors
        try:
            packagers.pack(value, replace(log, packing_kwargs=options) if options else log, tmp_path)
        except packagers.PackError:
            is_packed = False
    assert snapshot(value) == before
    assert torch.equal(torch.random.get_rng_state(), numbers)
    assert torch.is_grad_enabled() == mode
    assert (tmp_path / "value" / "manifest.json").exists() is is_packed


def test_a_snapshot_sees_changes() -> None:
    net, optimizer = trained()
    changes: list[Callable[[], Any]] = [
        lambda: net.train(),
        lambda: net.eval(),
        lambda: net.zero_grad(),
        lambda: net.head.weight.requires_grad_(False),
        lambda: net.norm.running_mean.add_(0),
        lambda: net.register_forward_pre_hook(print),
        lambda: optimizer.param_groups[0].update(lr=0.5),
        lambda: optimizer.state[net.head.weight]["exp_avg"].zero_(),
        lambda: vars(net.head.weight).update(tag=1),
    ]
    for change in changes:
        before = snapshot([net, optimizer])
        change()
        assert snapshot([net, optimizer]) != before
