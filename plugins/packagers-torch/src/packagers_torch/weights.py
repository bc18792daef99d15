"""Named tensors in safetensors files, and the layout: what the files cannot say of them.

The layout is JSON and goes into the manifest. Every part is left out where it says nothing::

    {"names": ["b", "a"],                        in this order; left out: "0", "1", … (a list)
     "count": 2,                                 how many names there are, where they are left out
     "kinds": "Ppt",                             one letter a name: t tensor, p parameter; a capital one requires gradients
     "dtypes": {"a": "complex128"},              of tensors that are stored as another type
     "views": {"b": ["a"], "c": ["a", 0, [2], [1]]},   the same object as another; or offset, size and stride inside of it
     "stored": {"__metadata__": "renamed-0"},    names that the format cannot hold
     "attributes": {"a": {"tag": 1}},            what was set on the tensor from Python
     "extras": 1}                                how many of the names, from the end, are in a file of their own
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch

from packagers import PackError, UnpackError
from packagers_torch import safefile, sharing
from packagers_torch.dtypes import CODES, dtype_name, dtype_of, from_stored, has_stand_in, to_stored

Layout: TypeAlias = dict[str, Any]

_PLAIN = (type(None), bool, int, float, str)


def problem(tensor: torch.Tensor) -> str | None:
    """Say why a tensor cannot go into a safetensors file as it is; ``None`` where it can."""
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return f"it is a {type(tensor).__module__}.{type(tensor).__qualname__}"
    if tensor.is_nested:
        return "it is nested"
    if tensor.is_quantized:
        return "it is quantised"
    if tensor.layout is not torch.strided:
        return f"its layout is {str(tensor.layout).removeprefix('torch.')}"
    if tensor.is_meta:
        return "it has no data (device 'meta')"
    if tensor.dtype not in CODES and not has_stand_in(tensor.dtype):
        return f"its dtype is {tensor.dtype}"
    if any(getattr(tensor, "names", ())):  # torch before 2.13
        return "its dimensions have names"
    return "it carries hooks" if has_hooks(tensor) else None


def has_hooks(tensor: torch.Tensor) -> bool:
    """Tell whether functions of the user's are called with the tensor's gradients, which no file keeps."""
    return bool(getattr(tensor, "_backward_hooks", None) or getattr(tensor, "_post_accumulate_grad_hooks", None))


def check(name: str, tensor: torch.Tensor, remedy: str) -> None:
    """Refuse a tensor that a safetensors file cannot hold.

    Raises:
        PackError: Says why, and ``remedy``.
    """
    why = "it carries hooks" if has_hooks(tensor) else problem(tensor)
    if why is not None:
        if has_hooks(tensor):
            remedy = "Remove them with the handles that register_hook gave, or pack tensor.detach(), which has none."
        raise PackError(f"the tensor {name!r} cannot be packed as safetensors: {why}", remedy=remedy)


def write(
    tensors: Mapping[str, torch.Tensor],
    path: Path,
    *,
    extras: Mapping[str, torch.Tensor] | None = None,
    extras_path: Path | None = None,
    listed: bool = False,
    attributes: bool = True,
) -> Layout:
    """Write tensors to a file and give the layout.

    Args:
        tensors: By name.
        path: The file for all that ``tensors`` needs.
        extras: Further tensors, which may share memory with the others.
        extras_path: The file for what only ``extras`` needs; not written where there are none.
        listed: Whether the names are just the numbers from 0.
        attributes: Whether what was set on the tensors from Python is recorded here.

    Raises:
        PackError: For tensors that share memory under different dtypes, and for attributes that are not plain values.
    """
    extras = extras or {}
    every = {**tensors, **extras}
    plan = sharing.plan(every)
    needed = {plan.root(name) for name in tensors}
    renamed = _renamed(plan.stored)
    for file, wanted in ((path, True), (extras_path, False)):
        chosen = {renamed.get(n, n): to_stored(_resolved(t)) for n, t in plan.stored.items() if (n in needed) is wanted}
        if file is not None and (wanted or extras):
            safefile.write(file, chosen)
    kinds = "".join(map(kind_of, every.values()))
    layout: Layout = {
        "count" if listed else "names": len(every) if listed else list(every),
        "kinds": "" if set(kinds) <= {"t"} else kinds,
        "dtypes": {name: dtype_name(tensor.dtype) for name, tensor in plan.stored.items() if tensor.dtype not in CODES},
        "views": {name: [view.base, *(view.geometry or ())] for name, view in plan.views.items()},
        "stored": renamed,
        "attributes": attributes_of(every) if attributes else {},
        "extras": len(extras),
    }
    return {part: value for part, value in layout.items() if value or part in ("count", "names")}


def _resolved(tensor: torch.Tensor) -> torch.Tensor:
    """Carry out what torch puts off: conjugation, negation, zeros without memory."""
    resolved = tensor.detach().resolve_conj().resolve_neg()
    return resolved.clone() if resolved.numel() and not resolved.data_ptr() else resolved


def kind_of(tensor: torch.Tensor) -> str:
    """Give the letter of a tensor's kind."""
    letter = "p" if type(tensor) is torch.nn.Parameter else "t"
    return letter.upper() if tensor.requires_grad else letter


def _renamed(names: Iterable[str]) -> dict[str, str]:
    """Give other names to those that a header cannot hold."""
    known = set(names)
    found: dict[str, str] = {}
    for name in known:
        if name == safefile.RESERVED_NAME or not _is_unicode(name):
            found[name] = ""
    number = 0
    for name in sorted(found):
        while (other := f"renamed-{number}") in known:
            number += 1
        found[name] = other
        number += 1
    return found


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def attributes_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, dict[str, Any]]:
    """Collect what was set on tensors from Python.

    Raises:
        PackError: Where it is no plain value.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        for attribute, value in vars(tensor).items():
            if type(value) not in _PLAIN or (isinstance(value, float) and not math.isfinite(value)):
                raise PackError(
                    f"the tensor {name!r} carries an attribute {attribute!r} that is no plain value: {type(value).__qualname__}",
                    remedy="Pack tensor.detach(), which has no attributes, or ask for the artifact type 'object'.",
                )
            found.setdefault(name, {})[attribute] = value
    return found


def read(
    reader: safefile.Reader, layout: Layout | None, *, keys: Sequence[str] | None = None, plain: bool = False
) -> dict[str, torch.Tensor]:
    """Read tensors by name, in their order.

    Args:
        reader: The open files.
        layout: What :func:`write` gave; ``None`` for files that were written elsewhere.
        keys: Only these.
        plain: Give plain tensors without gradients, none of them the same object as another: what ``state_dict()`` gives.

    Raises:
        UnpackError: For names that are not there, and for a layout that does not fit the files.
    """
    names = names_of(reader, layout)
    unknown = [key for key in keys or () if key not in names]
    if unknown:
        raise UnpackError(f"there is no tensor {unknown[0]!r}", remedy=f"There are: {', '.join(map(repr, list(names)[:20])) or 'none'}.")
    builder = _Builder(reader, layout or {}, names, plain)
    return {name: builder.tensor(name) for name in (names if keys is None else keys)}


def names_of(reader: safefile.Reader, layout: Layout | None) -> dict[str, int]:
    """Give the names and their positions."""
    if layout is None:
        return {name: position for position, name in enumerate(reader.names)}
    names = layout.get("names")
    if names is None:
        count, known = int(layout.get("count", 0)), len(reader.names) + len(layout.get("views", {}))
        if count > known:
            raise UnpackError(f"the layout counts more tensors than the {known} that there are")
        names = [str(number) for number in range(count)]
    return {name: position for position, name in enumerate(names)}


def own_names(layout: Layout) -> list[str]:
    """Give the names without those of the extras."""
    names = list(layout.get("names", ()))
    return names[: len(names) - int(layout.get("extras", 0))]


class _Builder:
    """Builds the tensors of one layout, each stored one once."""

    def __init__(self, reader: safefile.Reader, layout: Layout, names: dict[str, int], plain: bool) -> None:
        self._reader = reader
        self._layout = layout
        self._names = names
        self._plain = plain
        self._views = layout.get("views", {})
        self._stored: dict[str, torch.Tensor] = {}
        self._built: dict[str, torch.Tensor] = {}

    def tensor(self, name: str) -> torch.Tensor:
        """Build one tensor."""
        if name in self._built:
            return self._built[name]
        first = self._first(name)
        if first != name and not self._plain:
            built = self.tensor(first)
        else:
            built = self._memory(first)
            kinds = self._layout.get("kinds")
            if not self._plain:
                kind = kinds[self._names[name]] if kinds else "t"
                built = finish(built, kind, self._layout.get("attributes", {}).get(name))
        self._built[name] = built
        return built

    def _first(self, name: str) -> str:
        """Give the first name of the object that a name stands for."""
        view = self._views.get(name, ())
        first = str(view[0]) if len(view) == 1 else name
        if first != name and len(self._views.get(first, ())) == 1:
            raise UnpackError(f"the layout of tensor {name!r} goes in circles")
        return first

    def _memory(self, name: str) -> torch.Tensor:
        """Give a new tensor over the memory, one that torch does not count as a view (parameters must not be views)."""
        if name not in self._views:
            return self._raw(name).detach()
        base, *geometry = self._views[name]
        if base in self._views:
            raise UnpackError(f"the layout of tensor {name!r} goes in circles")
        return _part(name, self._raw(base), *geometry)

    def _raw(self, name: str) -> torch.Tensor:
        if name not in self._stored:
            stored = self._reader.get(self._layout.get("stored", {}).get(name, name))
            recorded = self._layout.get("dtypes", {}).get(name)
            dtype = dtype_of(recorded)
            if recorded is not None and dtype is None:
                raise UnpackError(f"this version of torch has no dtype {recorded!r}", remedy="Upgrade torch.")
            self._stored[name] = stored if dtype is None else from_stored(stored, dtype)
        return self._stored[name]


def finish(memory: torch.Tensor, kind: str, attributes: Mapping[str, Any] | None = None) -> torch.Tensor:
    """Make a new tensor what it was: tensor or parameter, with or without gradients, with what was set on it from Python."""
    built = torch.nn.Parameter(memory, requires_grad=kind == "P") if kind in "pP" else memory.requires_grad_(kind == "T")
    vars(built).update(attributes or {})
    return built


def _part(name: str, base: torch.Tensor, offset: int, size: Sequence[int], stride: Sequence[int]) -> torch.Tensor:
    """Give a part of a tensor's memory, after checking that it lies inside."""
    last = offset + sum((s - 1) * step for s, step in zip(size, stride, strict=True))
    if min((offset, *size, *stride)) < 0 or (0 not in size and last >= base.numel()):
        raise UnpackError(f"the layout of tensor {name!r} leaves the memory that it shares")
    return base.as_strided(size, stride, base.storage_offset() + offset).detach()
