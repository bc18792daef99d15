"""Modules: whole, as weights and a pickle of the rest, or their state dict alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch

from packagers import Instructions, Packager, PackError, UnpackError, allow_code
from packagers_torch import checkpoints, exports, pickled, safefile, summaries, weights
from packagers_torch.placing import load_into
from packagers_torch.statedicts import WEIGHTS, check_elsewhere, metadata_of, read_weights, with_metadata

_CODE = Path("code", "module.pkl")
_EXTRAS = Path("extras", "extras.safetensors")
_CODE_FORMATS = ("pt2", *checkpoints.FORMATS)
_WHOLE = 'Pack the module whole, with format="module".'
_INTO = "Give into=my_module to load the weights into a module of yours, or the hint dict[str, torch.Tensor]."


class ModulePackager(Packager):
    """Packs modules: their state dict as ``weights.safetensors``, and by default all that is no tensor as a pickle beside it.

    Gradients (``parameter.grad``) and strides are not kept. Tensors from a GPU come back on the CPU, unless ``device`` says where to.
    """

    DEFAULT_PACKING_ARTIFACT_TYPE = "model"
    PACK_SUBCLASSES = True
    # A whole module is read as data with into=; without it unpack_model asks the gate before it opens the pickle.
    READERS = MappingProxyType({**dict.fromkeys(("module", "state_dict", "safetensors"), "data"), **dict.fromkeys(_CODE_FORMATS, "code")})
    CODE_WITHIN = frozenset({"module"})  # into= reads the weights alone
    DETERMINISTIC = frozenset({"state_dict"})
    CALLER_OPTIONS = frozenset({"device", "into"})
    LOSSY = frozenset({"state_dict", "pt2", "onnx"})  # none of them holds the class
    PARTIAL = frozenset({"module", "state_dict", "safetensors"})

    def pack_model(
        self,
        obj: torch.nn.Module,
        folder: Path,
        *,
        format: Literal["module", "state_dict", "pt2", "onnx"] = "module",
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        dynamic_shapes: Any = None,
        strict: bool | None = None,
        input_names: list[str] | None = None,
        output_names: list[str] | None = None,
        opset_version: int | None = None,
        external_data: bool | None = None,
    ) -> Instructions:
        """Write ``weights.safetensors`` and, for a whole module, a pickle of the rest and what tensors it has beyond its state dict.

        Args:
            obj: The module.
            folder: Where to write.
            format: ``module`` for all of it (reading it runs code), ``state_dict`` for the weights alone, ``pt2`` for what
                ``torch.export`` makes of it, ``onnx`` for what ``torch.onnx`` makes of it (nothing here reads that).
            args: Example inputs, for ``pt2`` and ``onnx``.
            kwargs: Example inputs by name, for ``pt2`` and ``onnx``.
            dynamic_shapes: Which sizes of the inputs may differ from the examples', for ``pt2`` and ``onnx``.
            strict: Whether ``torch.export`` traces the Python code too, for ``pt2``.
            input_names: For ``onnx``.
            output_names: For ``onnx``.
            opset_version: For ``onnx``; what this version of torch recommends if unsaid.
            external_data: Whether the weights go into a second file, which more than 2 GiB of them have to, for ``onnx``.

        Raises:
            PackError: For a module that cannot be pickled, traced or translated, and for weights that the format cannot hold.
        """
        options = exports.check(
            format,
            {
                "args": args,
                "kwargs": kwargs,
                "dynamic_shapes": dynamic_shapes,
                "strict": strict,
                "input_names": input_names,
                "output_names": output_names,
                "opset_version": opset_version,
                "external_data": external_data,
            },
        )
        if format == "module":
            return _pack_whole(obj, folder)
        if format == "state_dict":
            return _pack_state_dict(obj, folder)
        write = exports.write_pt2 if format == "pt2" else exports.write_onnx
        write(obj, folder / f"model.{format}", options)
        return {}

    def unpack_model(
        self,
        folder: Path,
        *,
        format: Literal["module", "state_dict", "safetensors", "pt2", "pt", "pth"] = "module",
        layout: dict[str, Any] | None = None,
        metadata: list[Any] | None = None,
        into: torch.nn.Module | None = None,
        device: str = "cpu",
    ) -> torch.nn.Module:
        """Read a module.

        Args:
            folder: Where the package's files are.
            format: How it was written; ``safetensors``, ``pt2``, ``pt`` and ``pth`` for plain files.
            layout: What :meth:`pack_model` gave.
            metadata: What :meth:`pack_model` gave.
            into: A module of the caller's that takes the weights, with its own dtypes and devices; then no code of the package runs. One
                without memory (device ``meta``) is given the mapped weights themselves.
            device: Where to put the tensors of a whole module, such as ``"cuda:0"``.

        Returns:
            The module; of ``pt2`` a ``torch.fx.GraphModule`` that computes the same.

        Raises:
            UnpackError: For weights alone without ``into``, and for weights that do not fit.
        """
        if format == "pt2" and into is None:
            return exports.read_pt2(self.only_file(folder), device)
        if into is not None:
            return load_into(into, self._state(folder, format, layout, metadata))
        if format != "module" or layout is None:
            raise UnpackError("the package holds the weights of a module and not its class, which is code", remedy=_INTO)
        allow_code("torch.nn.Module (cloudpickle)")
        files = [self.only_file(folder), *(self.only_file(folder / place.parent) for place in (_EXTRAS,) if layout.get("extras"))]
        module: torch.nn.Module = pickled.load(self.only_file(folder / _CODE.parent), files, layout, device)
        return module

    def _state(self, folder: Path, format: str, layout: dict[str, Any] | None, metadata: list[Any] | None) -> dict[str, Any]:
        """Read the weights alone."""
        if format == "pt2":
            raise UnpackError("an exported program is read as a whole", remedy="Leave into= out.")
        file = self.only_file(folder)
        if format in checkpoints.FORMATS:
            return with_metadata(*checkpoints.state_dict(file, "cpu"))
        check_elsewhere(layout)
        with safefile.reading(file) as reader:
            return with_metadata(read_weights(reader, layout), metadata)

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
            [name[: summaries.MAX_CELL], type(layer).__qualname__, str(sum(_elements(p) for p in layer.parameters(recurse=False)))]
            for name, layer in islice(obj.named_modules(), summaries.MAX_ROWS)
        ]
        return {"table": {"columns": ["layer", "class", "parameters"], "rows": rows}}


def _pack_whole(obj: torch.nn.Module, folder: Path) -> Instructions:
    state = obj.state_dict(keep_vars=True)
    known = {n: value for n, value in state.items() if isinstance(value, torch.Tensor) and weights.problem(value) is None}
    for place in (_CODE, _EXTRAS):
        (folder / place).parent.mkdir()
    extras = pickled.dump(obj, folder / _CODE, known)
    layout = weights.write(known, folder / WEIGHTS, extras=extras, extras_path=folder / _EXTRAS, attributes=False)
    if not extras:
        (folder / _EXTRAS.parent).rmdir()
    elsewhere = [name for name in state if name not in known]
    return {"layout": {**layout, "elsewhere": elsewhere} if elsewhere else layout, **metadata_of(state)}


def _pack_state_dict(obj: torch.nn.Module, folder: Path) -> Instructions:
    state = obj.state_dict()
    for name, value in state.items():
        _check_weight(name, value)
    return {"layout": weights.write(state, folder / WEIGHTS), **metadata_of(state)}


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
