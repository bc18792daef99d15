"""Every kind of value of PyTorch, packed here and unpacked and compared in a fresh process by default options."""

from __future__ import annotations

import ctypes
import functools
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.nn import Parameter
from torch.utils.data import TensorDataset

from packagers.testing import alike, cross

Maker = Callable[[], Any]


def quietly(make: Maker) -> Maker:
    """Make a value of a kind that torch calls experimental or old."""

    @functools.wraps(make)
    def made() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return made


def bits(dtype: torch.dtype) -> torch.Tensor:
    """Make a tensor whose bytes are all the numbers below 64."""
    return torch.arange(64, dtype=torch.uint8).view(dtype).reshape(2, -1)


QUANTISED = ("qint32", "qint8", "quint8", "quint4x2", "quint2x4")
DTYPES = [v for name, v in vars(torch).items() if isinstance(v, torch.dtype) and str(v) == f"torch.{name}" and name not in QUANTISED]


def matrix() -> torch.Tensor:
    """Make a matrix whose elements are all different."""
    return torch.arange(12.0).reshape(3, 4)


def tied() -> dict[str, torch.Tensor]:
    """Make tensors that are one object, one memory, and parts of one memory."""
    weight, whole = Parameter(torch.ones(2, 2)), matrix()
    return {
        "z": weight,
        "a": weight,
        "same memory": weight.detach(),
        "row": weight.detach()[0],
        "whole": whole,
        "transposed": whole.t(),
        "columns": whole[:, ::2],
        "expanded": whole[0].expand(2, 4),
        "left": matrix().view(-1)[:8],
        "apart": torch.ones(2, 2),
    }


class Tagged(torch.Tensor):
    """A subclass of tensors."""


class Net(nn.Module):
    """A bit of everything that modules do."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(5, 4)
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.embedding.weight
        self.norm = nn.BatchNorm1d(4)
        self.again = self.norm
        self.norm.bias.requires_grad_(False)
        self.small = nn.Linear(4, 4).half()
        self.large = nn.Linear(4, 4).double()
        self.register_buffer("mask", torch.tensor([True, True, False, True]), persistent=False)
        self.others = [self.norm.weight, torch.arange(3, dtype=torch.bfloat16), self.embedding.weight.detach()[:2]]
        self.options = {"name": "net", "sizes": (1, 2), 3: {4}}
        self.register_forward_hook(hook)
        self.small.eval()

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Give scores."""
        return self.head(self.norm(self.embedding(words)) * self.mask)


def hook(module: nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
    """Change what a module gives."""
    return output + 1


class Weighted(nn.Linear):
    """A module with state of its own."""

    def get_extra_state(self) -> dict[str, Any]:
        """Give the state."""
        return {"scale": torch.tensor(3.0), "name": "x"}

    def set_extra_state(self, state: Any) -> None:
        """Take the state."""
        self.state = state


def lazily_made() -> nn.Module:
    """Make a lazy module that has seen its first input."""
    torch.manual_seed(0)
    module = nn.LazyLinear(2)
    module(torch.ones(1, 3))
    return module


def pruned() -> nn.Module:
    """Make a module one of whose weights is masked."""
    import torch.nn.utils.prune

    torch.manual_seed(0)
    module = nn.Linear(2, 2)
    torch.nn.utils.prune.random_unstructured(module, "weight", 1)
    return module


def stepped(kind: str) -> optim.Optimizer:
    """Make an optimizer of any class that has taken steps, over two groups where it can."""
    torch.manual_seed(0)
    weight, other = Parameter(torch.ones(2, 2)), Parameter(torch.full((2, 2), 0.5))
    groups: Any = [weight] if kind == "LBFGS" else [{"params": [weight], "lr": 0.01}, {"params": [other]}]
    optimizer = getattr(optim, kind)(groups)
    for _ in range(2):
        step(optimizer)
    return optimizer


def step(optimizer: optim.Optimizer) -> None:
    """Take one step along gradients that are the parameters' own values."""

    def closure() -> float:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                gradient = parameter.detach().clone()
                parameter.grad = gradient.to_sparse() if isinstance(optimizer, optim.SparseAdam) else gradient
        return 1.0

    optimizer.step(closure) if isinstance(optimizer, optim.LBFGS) else (closure(), optimizer.step())


def scheduled() -> optim.Optimizer:
    """Make an optimizer that a scheduler works on."""
    optimizer = stepped("SGD")
    optim.lr_scheduler.StepLR(optimizer, 1)
    return optimizer


KINDS = [name for name, cls in vars(optim).items() if isinstance(cls, type) and issubclass(cls, optim.Optimizer) and name != "Optimizer"]


@dataclass
class Sample:
    """A record with a tensor in it."""

    image: torch.Tensor
    file: Path
    more: dict[str, Any] = field(default_factory=dict)


def sample() -> Sample:
    """Make a record with a tensor, a path, and tensors further down."""
    return Sample(matrix(), Path(__file__), {"layers": [torch.ones(1), (torch.zeros(2), {"deep": torch.eye(2)})], "none": None})


def coo() -> torch.Tensor:
    """Make a sparse tensor with an element that stands in it twice."""
    return torch.sparse_coo_tensor([[0, 1, 1], [0, 1, 1]], [1.0, 2.0, 3.0], (2, 2), check_invariants=True)


SCALED = [float("nan"), -0.0, float("inf"), -float("inf"), 5e-324]
VALUES: dict[str, Maker] = {
    **{str(dtype): quietly(functools.partial(bits, dtype)) for dtype in DTYPES},
    **{f"empty {dtype}": quietly(functools.partial(torch.empty, 0, 3, dtype=dtype)) for dtype in DTYPES},
    "bool": lambda: torch.tensor([True, False]),
    "0-d": lambda: torch.tensor(3),
    "0-d complex": lambda: torch.tensor(1 - 2j, dtype=torch.complex128),
    "special": lambda: torch.tensor(SCALED, dtype=torch.float64),
    "special half": lambda: torch.tensor([*SCALED, -1e-7], dtype=torch.bfloat16),
    "special complex": lambda: torch.complex(torch.tensor(SCALED), torch.tensor(SCALED).flip(0)),
    "64 dimensions": lambda: torch.arange(2).reshape([1] * 63 + [2]),
    "large": lambda: torch.arange(3 << 20, dtype=torch.int32),
    "transposed": lambda: matrix().t(),
    "strided": lambda: matrix()[1:, ::2],
    "expanded": lambda: torch.ones(1).expand(3, 4),
    "channels last": lambda: torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
    "conjugated": lambda: torch.tensor([1 + 2j]).conj(),
    "negated": lambda: torch.tensor([1 + 2j]).conj().imag,
    "zeros without memory": lambda: torch._efficientzerotensor((2,)),
    "with gradients": lambda: torch.ones(2, requires_grad=True),
    "inference": lambda: torch.inference_mode()(torch.ones)(2),
    "attributes": lambda: vars(tensor := torch.ones(1)).update(tag="x", number=2) or tensor,
    "buffer": lambda: nn.Buffer(torch.ones(2), persistent=False),
    "parameter": lambda: Parameter(matrix()),
    "frozen parameter": lambda: Parameter(torch.ones(2, dtype=torch.int8), requires_grad=False),
    "subclass": lambda: torch.ones(2).as_subclass(Tagged),
    "subclass in a dict": lambda: {"a": torch.ones(2).as_subclass(Tagged), "b": torch.ones(2)},
    "jagged": quietly(lambda: torch.nested.nested_tensor([torch.zeros(2), torch.ones(3)], layout=torch.jagged)),
    "coo": coo,
    "coalesced": lambda: coo().coalesce(),
    "hybrid": lambda: torch.sparse_coo_tensor([[0, 1]], torch.ones(2, 3), check_invariants=True),
    "empty coo": lambda: torch.sparse_coo_tensor(size=(3, 3), check_invariants=True),
    "coo of complex128": lambda: torch.sparse_coo_tensor([[1]], torch.tensor([1j], dtype=torch.complex128), (3,), check_invariants=True),
    "coo with gradients": lambda: coo().requires_grad_(),
    "sparse parameter": lambda: Parameter(coo()),
    "csr": quietly(lambda: torch.eye(4).to_sparse_csr()),
    "csc": quietly(lambda: torch.eye(4).to_sparse_csc()),
    "bsr": quietly(lambda: torch.eye(4).to_sparse_bsr((2, 2))),
    "bsc": quietly(lambda: torch.eye(4).to_sparse_bsc((2, 1))),
    "batched csr": quietly(lambda: torch.eye(4).repeat(2, 1, 1).to_sparse_csr()),
    "state dict": lambda: Net().state_dict(),
    "dict": lambda: {"b": torch.ones(1), "a": torch.zeros(0, 2), "__metadata__": torch.tensor(1), "": matrix(), "\ud800": matrix()},
    "dict of odd dtypes": lambda: {"f8": bits(torch.float8_e8m0fnu), "c": bits(torch.complex128), "u": bits(torch.uint16)},
    "ordered dict": lambda: OrderedDict(z=torch.ones(1), a=Parameter(torch.ones(2))),
    "tied": tied,
    "dict of one": lambda: {"only": torch.tensor(1)},
    "dict by numbers": lambda: {2: torch.ones(1), (1, "x"): torch.zeros(2)},
    "sparse in a dict": lambda: {"dense": torch.ones(2), "sparse": coo()},
    "list": lambda: [matrix(), Parameter(torch.ones(1)), torch.tensor(1, dtype=torch.int8)],
    "tied list": lambda: list(tied().values()),
    "tuple": lambda: (torch.ones(2), torch.eye(2, dtype=torch.float16)),
    "nested lists": lambda: [[torch.ones(1)], [torch.ones(1), [torch.zeros(2)]], []],
    "record": sample,
    "stream": lambda: (torch.full((n,), n) for n in range(4)),
    "stream of dicts": lambda: ({"x": torch.full((n,), n), "name": str(n)} for n in range(3)),
    "net": Net,
    "net in evaluation": lambda: Net().eval(),
    "module without weights": nn.ReLU,
    "empty module": nn.Sequential,
    "lstm": lambda: [torch.manual_seed(0), nn.LSTM(2, 2, 2)][1],
    "extra state": lambda: [torch.manual_seed(0), Weighted(2, 2)][1],
    "lazy module": lambda: nn.LazyLinear(3),
    "lazy module that was used": lazily_made,
    "module on meta": lambda: nn.Linear(2, 2, device="meta"),
    "pruned module": pruned,
    "data parallel": lambda: nn.DataParallel(Net()),
    "parameter list": lambda: nn.ParameterList([torch.ones(1), torch.zeros(2)]),
    "parameter dict": lambda: nn.ParameterDict({"a": torch.ones(1)}),
    "frozen module": lambda: Net().requires_grad_(False),
    "module of bfloat16": lambda: nn.BatchNorm1d(3).to(torch.bfloat16),
    "modules": lambda: [Net(), Net().eval(), nn.Identity()],
    "modules by name": lambda: {"a": nn.BatchNorm1d(2), "tensor": torch.ones(1), "numbers": [1, 2]},
    **{kind: functools.partial(stepped, kind) for kind in KINDS},
    "optimizer that has not stepped": lambda: optim.Adam([Parameter(torch.ones(1))]),
    "optimizer of frozen ones": lambda: optim.SGD([Parameter(torch.ones(1), requires_grad=False)]),
    "scheduled": scheduled,
    "dataset": lambda: TensorDataset(matrix(), torch.arange(3), matrix()[:, 0]),
    "empty dataset": lambda: TensorDataset(torch.empty(0, 2)),
    "dtype": lambda: torch.bfloat16,
    "size": lambda: torch.Size([2, 0]),
    "device": lambda: torch.device("cuda", 1),
    "small ones together": lambda: {"dtype": torch.int8, "shape": torch.Size([]), "device": torch.device("cpu")},
}


def facts_of(tensor: torch.Tensor) -> list[Any]:
    """Give all of a tensor that can be seen but its elements."""
    facts: list[Any] = [type(tensor), tensor.dtype, tensor.layout, tensor.device, tensor.requires_grad]
    if tensor.layout is torch.jagged:
        return facts
    return [*facts, tensor.shape, dict(vars(tensor)), tensor.is_coalesced() if tensor.layout is torch.sparse_coo else None]


def parts_of(tensor: torch.Tensor) -> list[torch.Tensor]:
    """Give the dense tensors that a tensor is made of."""
    still = tensor.detach()
    if still.is_meta:
        return []
    if still.is_nested:
        return list(still.unbind())
    if still.layout is torch.sparse_coo:
        return [still._indices(), still._values()]
    if still.layout in (torch.sparse_csr, torch.sparse_bsr):
        return [still.crow_indices(), still.col_indices(), still.values()]
    if still.layout in (torch.sparse_csc, torch.sparse_bsc):
        return [still.ccol_indices(), still.row_indices(), still.values()]
    return [still.as_subclass(torch.Tensor)]


def bytes_of(tensor: torch.Tensor) -> bytes:
    """Give the elements of a dense tensor bit by bit, row by row."""
    size = tensor.numel() * tensor.dtype.itemsize
    if tensor._is_zerotensor() or not size:
        return bytes(size)
    still = tensor.resolve_conj().resolve_neg().contiguous()
    return ctypes.string_at(still.data_ptr(), size)


def same_tensor(left: torch.Tensor, right: torch.Tensor) -> None:
    """Compare two tensors in all that can be seen of them."""
    assert facts_of(left) == facts_of(right)
    assert [*map(bytes_of, parts_of(left))] == [*map(bytes_of, parts_of(right))]


def places(tensor: torch.Tensor) -> set[int]:
    """Give the addresses of a tensor's elements."""
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.is_meta or tensor._is_zerotensor() or not tensor.numel():
        return set()
    steps = torch.zeros((), dtype=torch.int64)
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        steps = steps.unsqueeze(-1) + torch.arange(size) * stride
    return set((tensor.data_ptr() + steps * tensor.dtype.itemsize).reshape(-1).tolist())


def sharing(tensors: list[torch.Tensor]) -> list[list[Any]]:
    """Say of each two tensors whether they are one object, and how many elements they share."""
    taken = [places(tensor) if tensor.numel() < 1000 else set() for tensor in tensors]
    return [[(a is b, a is not b and len(x & y)) for b, y in zip(tensors, taken, strict=True)] for a, x in zip(tensors, taken, strict=True)]


def same(left: Any, right: Any) -> None:
    """Compare two values all the way down, what their tensors share included."""
    found: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    _same(left, right, found, {})
    assert sharing(found[0]) == sharing(found[1])


def _same(left: Any, right: Any, found: tuple[list[torch.Tensor], list[torch.Tensor]], seen: dict[tuple[int, int], Any]) -> None:
    assert type(left) is type(right), (type(left), type(right))
    if (id(left), id(right)) in seen:
        return
    seen[id(left), id(right)] = left, right
    if isinstance(left, nn.parameter.UninitializedTensorMixin):
        return
    if isinstance(left, torch.Tensor):
        same_tensor(left, right)
        found[0].append(left)
        found[1].append(right)
        return
    ours, theirs = _contents(left), _contents(right)
    if ours is None or theirs is None:
        assert alike(left, right), (left, right)
        return
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        _same(one, other, found, seen)


def _contents(value: Any) -> list[Any] | None:
    """Give what a value is made of; ``None`` for a plain one."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values(), *vars(value).values()] if hasattr(value, "__dict__") else [*value.keys(), *value.values()]
    if isinstance(value, Path):
        return [value.name, value.read_bytes()]
    if isinstance(value, weakref.ref):
        return [value()]
    if isinstance(value, torch.utils.hooks.RemovableHandle):
        return []
    if isinstance(value, nn.modules.module._WrappedHook):
        return [value.hook, value.with_module]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, (list, tuple, Iterator)):
        return list(value)
    if isinstance(value, optim.Optimizer):
        shown = sorted(name for name in vars(value) if "hooks" not in name and name not in _SPECIAL)
        return [value.defaults | {"differentiable": False}, *((name, vars(value)[name]) for name in shown)]
    if not hasattr(value, "__dict__") or isinstance(value, (type, FunctionType)):
        return None
    # Hooks stand under numbers that each process gives anew.
    return [(name, list(item.values()) if "_hooks" in name else item) for name, item in sorted(vars(value).items())]


_SPECIAL = ("defaults", "_zero_grad_profile_name", "step")
"""Attributes of optimizers that are compared apart, for torch's own unpickling adds a default, or not at all."""


@pytest.fixture(scope="module")
def problems() -> dict[str, str]:
    """Say what is wrong with each value."""
    return cross(__name__, "VALUES", "same")


@pytest.mark.parametrize("name", VALUES)
def test_it_comes_back(name: str, problems: dict[str, str]) -> None:
    assert problems.get(name) is None


@pytest.mark.parametrize("name", [*KINDS, "scheduled"])
def test_an_optimizer_that_came_back_goes_on_as_before(name: str, again: Any) -> None:
    optimizer = VALUES[name]()
    found = again(optimizer, trust="own")
    for one in (optimizer, found):
        step(one)
    same(optimizer.param_groups, found.param_groups)
