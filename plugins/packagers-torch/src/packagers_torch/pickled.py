"""Pickles with their tensors outside: the tensors of any object in safetensors files, the rest in a pickle that refers to them by name.

Reading one runs code: callers ask the gate first. The names :func:`same` and :func:`set_attributes` are written into pickles and must stay.
"""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import cloudpickle
import torch

from packagers import Packager, PackError, UnpackError
from packagers_torch import safefile, weights

T = TypeVar("T")

_HOOKS = (
    "_optimizer_step_pre_hooks",
    "_optimizer_step_post_hooks",
    "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks",
    "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)


class _Reference:
    """Stands in a pickle for a tensor that is outside."""

    def __init__(self, name: str) -> None:
        self.name = name


def same(tensor: T) -> T:
    """Give the tensor that a pickle refers to."""
    return tensor


def set_attributes(tensor: torch.Tensor, attributes: dict[str, Any]) -> None:
    """Set again what was set on a tensor from Python."""
    vars(tensor).update(attributes)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Pickles everything but tensors, and collects those."""

    def __init__(self, file: Any, known: Mapping[str, torch.Tensor]) -> None:
        super().__init__(file, protocol=5)
        self._names: dict[int, str] = {}
        self._taken = set(known)
        self.extras: dict[str, torch.Tensor] = {}
        for name, tensor in known.items():
            self._names.setdefault(id(tensor), name)

    def persistent_id(self, obj: Any) -> str | None:
        """Name the tensor that a reference stands for."""
        return obj.name if type(obj) is _Reference else None

    def reducer_override(self, obj: Any) -> Any:
        """Put references in the place of tensors."""
        if isinstance(obj, torch.optim.Optimizer) and _is_plain(type(obj)):
            return _reduce_optimizer(obj)
        if not isinstance(obj, torch.Tensor):
            return super().reducer_override(obj)
        if weights.problem(obj) is not None:
            return self._reduce_inside(obj)
        reference = (_Reference(self._name(obj)),)
        attributes = dict(vars(obj))
        return (same, reference, attributes, None, None, set_attributes) if attributes else (same, reference)

    def _reduce_inside(self, tensor: torch.Tensor) -> Any:
        """Leave a tensor that no safetensors file can hold to torch's own pickling, where that loses nothing."""
        if weights.has_hooks(tensor):
            raise PackError("a tensor carries hooks, which no pickle keeps", remedy="Remove them with the handles that register_hook gave.")
        if tensor.device.type not in ("cpu", "meta"):
            raise PackError(
                f"a tensor on {tensor.device} cannot be packed from there: {weights.problem(tensor)}", remedy="Move it to the CPU first."
            )
        return super().reducer_override(tensor)

    def _name(self, tensor: torch.Tensor) -> str:
        known = self._names.get(id(tensor))
        if known is not None:
            return known
        number = len(self.extras)
        while (name := f"extra-{number}") in self._taken:
            number += 1
        self._taken.add(name)
        self._names[id(tensor)] = name
        self.extras[name] = tensor
        return name


def _is_plain(cls: type[torch.optim.Optimizer]) -> bool:
    """Tell whether a class leaves its pickling to ``Optimizer``."""
    ours = (cls.__getstate__, cls.__reduce__, cls.__reduce_ex__)
    return ours == (torch.optim.Optimizer.__getstate__, object.__reduce__, object.__reduce_ex__)


def _reduce_optimizer(optimizer: torch.optim.Optimizer) -> Any:
    """Pickle an optimizer with the attributes that torch leaves out: without some of its own, ``LBFGS`` cannot take another step."""
    if any(getattr(optimizer, name, None) for name in _HOOKS):
        raise PackError("an optimizer carries hooks, which its pickle does not keep", remedy="Remove them, or pack its state alone.")
    others = {name: value for name, value in vars(optimizer).items() if name not in _HOOKS}
    if hasattr(others.get("step"), "_wrapped_by_lr_sched"):
        del others["step"]  # a scheduler's count of the steps, which the scheduler itself puts there
    return copyreg.__newobj__, (type(optimizer),), {**others, **optimizer.__getstate__()}  # type: ignore[attr-defined]


class _Unpickler(pickle.Unpickler):
    """Reads such a pickle."""

    def __init__(self, file: Any, tensors: Mapping[str, torch.Tensor]) -> None:
        super().__init__(file)
        self._tensors = tensors

    def persistent_load(self, pid: Any) -> torch.Tensor:
        """Give the tensor of a name."""
        if pid not in self._tensors:
            raise UnpackError(f"the pickle refers to a tensor {pid!r} that is not in the files")
        return self._tensors[pid]


def dump(obj: Any, path: Path, known: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Pickle an object without its tensors.

    Args:
        obj: Any value.
        path: The pickle file.
        known: Tensors that have names already.

    Returns:
        The tensors of ``obj`` that are not among ``known``, by new names.

    Raises:
        PackError: For what cannot be pickled.
    """
    with Packager.create_file(path.parent, path.name) as file:
        pickler = _Pickler(file, known)
        try:
            pickler.dump(obj)
        except PackError:
            raise
        except Exception as error:
            raise PackError(
                f"{type(obj).__module__}.{type(obj).__qualname__} cannot be pickled: {error}",
                remedy='Pack its state alone: format="state_dict".',
            ) from error
    return pickler.extras


def load(path: Path, files: list[Path], layout: dict[str, Any], device: str) -> Any:
    """Unpickle an object with its tensors. Runs code.

    Args:
        path: The pickle file.
        files: The safetensors files.
        layout: Of the tensors.
        device: Where to put them.

    Raises:
        UnpackError: For classes that cannot be found.
    """
    with safefile.reading(*files, device=device) as reader:
        tensors = weights.read(reader, layout)
    try:
        with path.open("rb") as file:
            return _Unpickler(file, tensors).load()
    except (ImportError, AttributeError) as error:
        remedy = "Install or put on the path what it was made with."
        raise UnpackError(f"the pickle needs something that is not there: {error}", file=path, remedy=remedy) from error
