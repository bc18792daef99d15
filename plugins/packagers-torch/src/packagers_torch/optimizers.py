"""Optimizers: whole, with copies of the parameters that they work on, or their state alone, to be loaded into another one."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch

from packagers import Instructions, Packager, PackError, UnpackError, allow_code
from packagers_torch import pickled, safefile, summaries, weights

TENSORS = "tensors.safetensors"
_PICKLE = "optimizer.pkl"
_WHOLE = 'Pack the optimizer whole, with format="optimizer".'


class OptimizerPackager(Packager):
    """Packs optimizers: tensors as safetensors, the rest as a pickle or, for the state alone, as JSON in the manifest.

    An optimizer comes back with its own copies of the parameters: it works on those, and not on the parameters of a module that was packed
    elsewhere. To go on training, unpack with ``into=my_optimizer``.
    """

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"optimizer": "code", "state_dict": "data"})
    DETERMINISTIC = frozenset({"state_dict"})
    CALLER_OPTIONS = frozenset({"device", "into"})
    LOSSY = frozenset({"state_dict"})  # it holds no class and no parameters

    def pack_file(
        self, obj: torch.optim.Optimizer, folder: Path, *, format: Literal["optimizer", "state_dict"] = "optimizer"
    ) -> Instructions:
        """Write ``tensors.safetensors`` and, for a whole optimizer, ``optimizer.pkl``.

        Args:
            obj: The optimizer.
            folder: Where to write.
            format: ``optimizer`` for all of it (reading it runs code), ``state_dict`` for what ``obj.state_dict()`` gives.

        Raises:
            PackError: For an optimizer with hooks, which its pickle does not keep, and for state that is neither tensors nor plain values.
        """
        if format == "state_dict":
            tensors: dict[str, torch.Tensor] = {}
            state = _encode(obj.state_dict(), "", tensors)
            return {"layout": weights.write(tensors, folder / TENSORS), "state": state}
        known = _named_tensors(obj)
        extras = pickled.dump(obj, folder / _PICKLE, known)
        return {"layout": weights.write({**known, **extras}, folder / TENSORS, attributes=False)}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["optimizer", "state_dict"] = "optimizer",
        layout: dict[str, Any] | None = None,
        state: Any = None,
        into: torch.optim.Optimizer | None = None,
        device: str = "cpu",
    ) -> torch.optim.Optimizer:
        """Read an optimizer.

        Args:
            folder: Where the package's files are.
            format: How it was written.
            layout: What :meth:`pack_file` gave.
            state: What :meth:`pack_file` gave.
            into: An optimizer of the caller's that takes the state and keeps its own parameters.
            device: Where to put the tensors, such as ``"cuda:0"``.

        Raises:
            UnpackError: For the state alone without ``into``, and for state that does not fit.
        """
        if format == "optimizer":
            allow_code("torch.optim.Optimizer (cloudpickle)")
            found: torch.optim.Optimizer = pickled.load(folder / _PICKLE, [folder / TENSORS], layout or {}, device)
            return found if into is None else _load_into(into, found.state_dict())
        if into is None:
            raise UnpackError("the package holds the state of an optimizer and not its parameters", remedy="Give into=my_optimizer.")
        with safefile.reading(folder / TENSORS, device=device) as reader:
            return _load_into(into, _decode(state, weights.read(reader, layout)))

    def describe(self, obj: torch.optim.Optimizer) -> dict[str, Any]:
        """Give class and number of parameters."""
        groups = obj.param_groups
        facts = {"class": f"{type(obj).__module__}.{type(obj).__qualname__}", "groups": len(groups)}
        return {**facts, "parameters": sum(len(group["params"]) for group in groups)}

    def preview(self, obj: torch.optim.Optimizer) -> dict[str, Any]:
        """Give a table of the first groups of parameters, with the plain settings of each."""
        rows = []
        for number, group in enumerate(islice(obj.param_groups, summaries.MAX_ROWS)):
            plain = (f"{name}={value}" for name, value in group.items() if type(value) in (bool, int, float, str, tuple))
            rows.append([str(number), str(len(group["params"])), ", ".join(plain)[: summaries.MAX_CELL]])
        return {"table": {"columns": ["group", "parameters", "settings"], "rows": rows}}


def _named_tensors(obj: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Name the parameters and the tensors of their state by position."""
    named: dict[str, Any] = {}
    for number, parameter in enumerate(p for group in obj.param_groups for p in group["params"]):
        named[f"params.{number}"] = parameter
        state = obj.state.get(parameter, {})
        for key, value in state.items():
            named[f"state.{number}.{key}"] = value
    return {name: value for name, value in named.items() if isinstance(value, torch.Tensor) and weights.problem(value) is None}


def _load_into(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> torch.optim.Optimizer:
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise UnpackError(f"into= takes an optimizer, not a {type(optimizer).__qualname__}")
    try:
        optimizer.load_state_dict(state)
    except (ValueError, KeyError, RuntimeError) as error:
        raise UnpackError(
            f"the state does not fit the optimizer: {error}", remedy="Give into= an optimizer of the same class over the same parameters."
        ) from error
    return optimizer


def _encode(value: Any, where: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Encode state as JSON and collect its tensors: ``[tag, content]`` for everything but text, numbers, booleans and ``None``."""
    if isinstance(value, torch.Tensor):
        weights.check(where, value, _WHOLE)
        tensors[where] = value
        return ["tensor", where]
    if type(value) is dict:
        return ["dict", [[_encode(k, where, tensors), _encode(v, f"{where}.{k}".lstrip("."), tensors)] for k, v in value.items()]]
    if type(value) in (list, tuple):
        tag = "list" if type(value) is list else "tuple"
        return [tag, [_encode(item, f"{where}.{number}".lstrip("."), tensors) for number, item in enumerate(value)]]
    if type(value) is float and not math.isfinite(value):
        return ["float", repr(value)]
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise PackError(f"the state of the optimizer holds a {type(value).__qualname__}, which is no plain value", leaf=where, remedy=_WHOLE)


def _decode(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Give back what :func:`_encode` was given."""
    if not isinstance(value, list):
        return value
    tag, content = value
    if tag == "tensor":
        return tensors[content]
    if tag == "float":
        return float(content)
    if tag == "dict":
        return {_decode(key, tensors): _decode(item, tensors) for key, item in content}
    items = [_decode(item, tensors) for item in content]
    return tuple(items) if tag == "tuple" else items
