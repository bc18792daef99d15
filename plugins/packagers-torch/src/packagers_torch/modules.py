"""Modules: whole, as weights and a pickle of the rest, or their state dict alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch

from packagers import Instructions, Packager, PackError, UnpackError, allow_code
from packagers_torch import pickled, summaries, weights
from packagers_torch.statedicts import WEIGHTS, metadata_of, read_weights, with_metadata

_PICKLE = "module.pkl"
_EXTRAS = "extras.safetensors"
_WHOLE = 'Pack the module whole, with format="module".'
_INTO = "Give into=my_module to load the weights into a module of yours, or the hint dict[str, torch.Tensor]."


class ModulePackager(Packager):
    """Packs modules: their state dict as ``weights.safetensors``, and by default all that is no tensor as a pickle beside it.

    Gradients (``parameter.grad``) and strides are not kept, as with ``torch.save``. Tensors from a GPU come back on the CPU, unless
    ``device`` says where to.
    """

    DEFAULT_PACKING_ARTIFACT_TYPE = "model"
    PACK_SUBCLASSES = True
    # A whole module is read as data with into=; without it unpack_model asks the gate before it opens the pickle.
    READERS = MappingProxyType({"module": "data", "state_dict": "data", "safetensors": "data"})
    DETERMINISTIC = frozenset({"state_dict"})

    def pack_model(self, obj: torch.nn.Module, folder: Path, *, format: Literal["module", "state_dict"] = "module") -> Instructions:
        """Write ``weights.safetensors`` and, for a whole module, ``module.pkl`` and what tensors it has beyond its state dict.

        Args:
            obj: The module.
            folder: Where to write.
            format: ``module`` for all of it (reading it runs code), ``state_dict`` for the weights alone.

        Raises:
            PackError: For a module that cannot be pickled, and for weights that the format cannot hold.
        """
        if format == "state_dict":
            state = obj.state_dict()
            for name, value in state.items():
                _check_weight(name, value)
            return {"layout": weights.write(state, folder / WEIGHTS), **metadata_of(state)}
        state = obj.state_dict(keep_vars=True)
        known = {n: value for n, value in state.items() if isinstance(value, torch.Tensor) and weights.problem(value) is None}
        extras = pickled.dump(obj, folder / _PICKLE, known)
        layout = weights.write(known, folder / WEIGHTS, extras=extras, extras_path=folder / _EXTRAS, attributes=False)
        elsewhere = [name for name in state if name not in known]
        return {"layout": {**layout, "elsewhere": elsewhere} if elsewhere else layout, **metadata_of(state)}

    def unpack_model(
        self,
        folder: Path,
        *,
        format: Literal["module", "state_dict", "safetensors"] = "module",
        layout: dict[str, Any] | None = None,
        metadata: list[Any] | None = None,
        into: torch.nn.Module | None = None,
        device: str = "cpu",
    ) -> torch.nn.Module:
        """Read a module.

        Args:
            folder: Where the package's files are.
            format: How it was written; ``safetensors`` for a plain file.
            layout: What :meth:`pack_model` gave.
            metadata: What :meth:`pack_model` gave.
            into: A module of the caller's that takes the weights, with its own dtypes and devices; then no code of the package runs.
            device: Where to put the tensors of a whole module, such as ``"cuda:0"``.

        Raises:
            UnpackError: For weights alone without ``into``, and for weights that do not fit.
        """
        if into is not None:
            file = self.only_file(folder) if format == "safetensors" else folder / WEIGHTS
            return _load_into(into, read_weights(file, layout), metadata)
        if format != "module" or layout is None:
            raise UnpackError("the package holds the weights of a module and not its class, which is code", remedy=_INTO)
        allow_code("torch.nn.Module (cloudpickle)")
        files = [folder / WEIGHTS, *(p for p in (folder / _EXTRAS,) if p.exists())]
        module: torch.nn.Module = pickled.load(folder / _PICKLE, files, layout, device)
        return module

    def describe(self, obj: torch.nn.Module) -> dict[str, Any]:
        """Give class, number of parameters and mode."""
        parameters = list(obj.parameters())
        return {
            "class": f"{type(obj).__module__}.{type(obj).__qualname__}",
            "parameters": sum(_elements(p) for p in parameters),
            "trainable": sum(_elements(p) for p in parameters if p.requires_grad),
            "training": obj.training,
        }

    def preview(self, obj: torch.nn.Module) -> dict[str, Any]:
        """Give a table of the first layers."""
        rows = [
            [name[:200], type(layer).__qualname__, str(sum(_elements(p) for p in layer.parameters(recurse=False)))]
            for name, layer in islice(obj.named_modules(), summaries.MAX_ROWS)
        ]
        return {"table": {"columns": ["layer", "class", "parameters"], "rows": rows}}


def _check_weight(name: str, value: Any) -> None:
    if not isinstance(value, torch.Tensor):
        raise PackError(
            f"the state dict holds {name!r}, which is no tensor but {type(value).__qualname__}",
            remedy=_WHOLE,
        )
    weights.check(name, value, _WHOLE)


def _elements(parameter: torch.Tensor) -> int:
    """Count the elements; a parameter of a lazy module has none yet."""
    return 0 if torch.nn.parameter.is_lazy(parameter) else parameter.numel()


def _load_into(module: torch.nn.Module, state: dict[str, torch.Tensor], metadata: list[Any] | None) -> torch.nn.Module:
    """Copy weights into a module of the caller's."""
    try:
        module.load_state_dict(with_metadata(state, metadata))
    except RuntimeError as error:
        raise UnpackError(f"the weights do not fit the module: {error}", remedy="Give into= a module of the same architecture.") from error
    return module
