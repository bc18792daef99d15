"""Which tensors share memory, so that what is tied stays tied and nothing is stored twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from packagers import PackError

Geometry = tuple[int, list[int], list[int]]


@dataclass(frozen=True, slots=True)
class View:
    """A tensor that lies in the memory of another one.

    Attributes:
        base: The name of the other one.
        geometry: Offset, size and stride in elements of the base, which is stored contiguously; ``None``: it is the very same object.
    """

    base: str
    geometry: Geometry | None = None


@dataclass(slots=True)
class Plan:
    """What has to be stored.

    Attributes:
        stored: By name; a name that was not given is memory that several tensors share and none of them covers.
        views: The tensors that lie in stored ones.
    """

    stored: dict[str, torch.Tensor] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)

    def root(self, name: str) -> str:
        """Give the stored tensor in which a tensor lies."""
        while name in self.views:
            name = self.views[name].base
        return name


def plan(tensors: Mapping[str, torch.Tensor]) -> Plan:
    """Find out what has to be stored.

    Args:
        tensors: Strided tensors by name.

    Raises:
        PackError: For tensors that overlap under different dtypes.
    """
    found = Plan()
    objects: dict[int, str] = {}
    places: dict[tuple[object, ...], str] = {}
    congruent: dict[str, str] = {}
    by_storage: dict[tuple[torch.device, int], list[str]] = defaultdict(list)
    for name, tensor in tensors.items():
        if (same := objects.setdefault(id(tensor), name)) != name:
            found.views[name] = View(same)
        elif tensor.numel() == 0 or tensor.data_ptr() == 0 or tensor.is_conj() or tensor.is_neg():
            found.stored[name] = tensor
        else:
            storage = (tensor.device, tensor.untyped_storage().data_ptr())
            place = (*storage, tensor.dtype, tensor.storage_offset(), tensor.shape, tensor.stride())
            if (same := places.setdefault(place, name)) != name:
                congruent[name] = same
            else:
                by_storage[storage].append(name)
    for names in by_storage.values():
        for group in _connected(names, tensors):
            _plan_group(group, tensors, found)
    for name, same in congruent.items():
        shape = tensors[name].shape
        found.views[name] = found.views.get(same) or View(same, (0, list(shape), _contiguous_stride(shape)))
    return found


def _contiguous_stride(shape: torch.Size) -> list[int]:
    """Give the strides of a row-major tensor."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return strides[::-1]


def _span(tensor: torch.Tensor) -> tuple[int, int]:
    """Give the first and one past the last element that a tensor uses of its storage."""
    start = int(tensor.storage_offset())
    steps = ((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return start, start + sum(steps) + 1


def _connected(names: list[str], tensors: Mapping[str, torch.Tensor]) -> list[list[str]]:
    """Split the tensors of one storage into groups whose stretches of bytes are connected."""
    if len(names) == 1:
        return [names]
    stretches = []
    for position, name in enumerate(names):
        start, stop = _span(tensors[name])
        size = tensors[name].dtype.itemsize
        stretches.append((start * size, position, stop * size, name))
    groups: list[list[str]] = []
    end = -1
    for start, _, stop, name in sorted(stretches):
        if start >= end:
            groups.append([])
        groups[-1].append(name)
        end = max(end, stop)
    return groups


def _plan_group(names: list[str], tensors: Mapping[str, torch.Tensor], found: Plan) -> None:
    """Plan one group: each by itself where they only interleave, else inside of the one that covers all, else the memory itself."""
    members = {name: tensors[name] for name in names}
    if len(names) > 1 and len({tensor.dtype for tensor in members.values()}) > 1:
        raise PackError(
            f"the tensors {', '.join(map(repr, names[:4]))} share memory under different dtypes",
            remedy="Make all but one of them tensors of their own: tensor.clone().",
        )
    spans = [_span(tensor) for tensor in members.values()]
    start, stop = min(span[0] for span in spans), max(span[1] for span in spans)
    if len(names) == 1 or not _overlap(members, start, stop):
        found.stored.update(members)
        return
    covering = (name for name, tensor in members.items() if tensor.is_contiguous() and tensor.numel() == stop - start)
    base = next(covering, None)
    if base is None:
        base = _new_name(found, tensors)
        some = members[names[0]].detach()
        found.stored[base] = some.as_strided((stop - start,), (1,), start)
    else:
        found.stored[base] = members[base]
    for name, tensor in members.items():
        if name != base:
            found.views[name] = View(base, (int(tensor.storage_offset()) - start, list(tensor.shape), list(tensor.stride())))


def _overlap(members: Mapping[str, torch.Tensor], start: int, stop: int) -> bool:
    """Tell whether any element belongs to two tensors (columns of one matrix interleave and do not overlap)."""
    taken = torch.zeros(stop - start, dtype=torch.bool, device="cpu")
    for tensor in members.values():
        part = taken.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset() - start)
        if bool(part.any()):
            return True
        part.fill_(True)
    return False


def _new_name(found: Plan, tensors: Mapping[str, torch.Tensor]) -> str:
    """Give a name for memory that is shared and belongs to no tensor as a whole."""
    number = 0
    while (name := f"shared-memory-{number}") in tensors or name in found.stored:
        number += 1
    return name
