"""Single tensors and parameters."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch

from packagers import Instructions, Packager, PackError, UnpackError
from packagers_torch import checkpoints, components, npy, safefile, summaries, weights
from packagers_torch.dtypes import dtype_name, dtype_of

MAX_RESULT = 2048
"""How many elements a tensor may have to be packed as a result."""

_REMEDY = 'Pack dense data (tensor.to_dense(), tensor.dequantize()), or ask for the artifact type: "key : object".'
_NAME = "tensor"


class TensorPackager(Packager):
    """Packs one tensor: values, dtype, shape and ``requires_grad``; strides and the graph that computed it are not kept."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"safetensors": "data", "npy": "data", "result": "data", **dict.fromkeys(checkpoints.FORMATS, "code")})
    DETERMINISTIC = frozenset({"safetensors", "npy", "result"})
    CALLER_OPTIONS = frozenset({"device", "name"})
    PARTIAL = frozenset({"safetensors"})

    def pack_file(self, obj: torch.Tensor, folder: Path, *, format: Literal["safetensors", "npy"] = "safetensors") -> Instructions:
        """Write ``tensor.safetensors`` (or ``tensor.npy``), from whatever device the tensor is on.

        Args:
            obj: A tensor of any dtype; sparse ones as their parts.
            folder: Where to write.
            format: ``npy`` for the dtypes that numpy has.

        Raises:
            PackError: For quantised and nested tensors, tensors without data, and those with hooks.
        """
        if components.is_sparse(obj):
            return self._pack_sparse(obj, folder, format)
        weights.check(_NAME, obj, _REMEDY)
        if format == "npy":
            npy.write(obj, folder / f"{_NAME}.npy")
            return _finishing(obj)
        return {"layout": weights.write({_NAME: obj}, folder / f"{_NAME}.safetensors")}

    def _pack_sparse(self, obj: torch.Tensor, folder: Path, format: str) -> Instructions:
        if format != "safetensors":
            raise PackError("a sparse tensor has no npy form", remedy="Pack it as safetensors, or pack tensor.to_dense().")
        if weights.has_hooks(obj):
            weights.check(_NAME, obj, _REMEDY)
        parts, facts = components.take_apart(obj)
        for name, part in parts.items():
            weights.check(name, part, _REMEDY)
        layout = weights.write(parts, folder / f"{_NAME}.safetensors")
        return {"layout": layout, "sparse": facts, **_finishing(obj)}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["safetensors", "npy", "pt", "pth"] = "safetensors",
        layout: Any = None,
        sparse: dict[str, Any] | None = None,
        kind: str | None = None,
        attributes: dict[str, Any] | None = None,
        name: str | None = None,
        device: str = "cpu",
    ) -> torch.Tensor:
        """Read a tensor.

        Args:
            folder: Where it is.
            format: How it was written; ``pt`` and ``pth`` for plain files of ``torch.save``.
            layout: What :meth:`pack_file` gave.
            sparse: What :meth:`pack_file` gave for a sparse tensor.
            kind: What :meth:`pack_file` gave for a tensor that is more than its data.
            attributes: What :meth:`pack_file` gave for one with attributes.
            name: Which tensor of a file that holds several; no other bytes of the file are read.
            device: Where to put it, such as ``"cuda:0"``.

        Raises:
            UnpackError: For a file of several tensors without ``name``.
        """
        if format != "safetensors":
            read = npy.read if format == "npy" else checkpoints.tensor
            found = read(self.only_file(folder), device)
            return self._own_kind(weights.finish(found, kind or "t", attributes) if kind or attributes else found)
        if name is not None:
            with safefile.reading_parts(self.open_file(folder), device=device) as reader:
                return self._own_kind(weights.read(reader, layout, keys=[name])[name])
        with safefile.reading(self.only_file(folder), device=device) as reader:
            parts = weights.read(reader, layout)
        if sparse is not None:
            return weights.finish(components.rebuild(parts, sparse), kind or "t", attributes)
        return self._own_kind(_only(parts))

    def _own_kind(self, tensor: torch.Tensor) -> torch.Tensor:
        """Give what was read as what this packager packs."""
        return tensor

    def pack_result(self, obj: torch.Tensor) -> dict[str, Any]:
        """Record a small tensor by value: dtype, shape and elements.

        Raises:
            PackError: For more than 2048 elements, and for dtypes without Python numbers.
        """
        weights.check(_NAME, obj, _REMEDY)
        if obj.numel() > MAX_RESULT:
            raise PackError(f"a tensor of {obj.numel()} elements is too large for a result", remedy='Pack it as a file: "key : file".')
        still = obj.detach().resolve_conj().resolve_neg().cpu()
        if not _has_numbers(still.dtype):
            raise PackError(f"elements of dtype {obj.dtype} have no Python numbers", remedy='Pack it as a file: "key : file".')
        facts = {
            "dtype": dtype_name(obj.dtype),
            "shape": list(obj.shape),
            "values": still.reshape(-1).tolist(),
            "kind": weights.kind_of(obj),
        }
        attributes = weights.attributes_of({_NAME: obj}).get(_NAME)
        return {**facts, "attributes": attributes} if attributes else facts

    def unpack_result(self, value: Any) -> torch.Tensor:
        """Give the recorded tensor."""
        dtype = dtype_of(value.get("dtype")) if isinstance(value, dict) else None
        if dtype is None:
            raise UnpackError("the recorded value is no tensor")
        tensor = torch.tensor(value["values"], dtype=dtype, device="cpu").reshape(value["shape"])
        return weights.finish(tensor, value["kind"], value.get("attributes"))

    def describe(self, obj: torch.Tensor) -> dict[str, Any]:
        """Give dtype, shape and device."""
        return summaries.describe_tensor(obj)

    def preview(self, obj: torch.Tensor) -> dict[str, Any]:
        """Give the text that torch prints."""
        return summaries.preview_tensor(obj)


class ParameterPackager(TensorPackager):
    """Packs one parameter."""

    def _own_kind(self, tensor: torch.Tensor) -> torch.Tensor:
        if isinstance(tensor, torch.nn.Parameter):
            return tensor
        return weights.finish(tensor, "P" if tensor.is_floating_point() or tensor.is_complex() else "p")


def _has_numbers(dtype: torch.dtype) -> bool:
    try:
        torch.zeros(1, dtype=dtype, device="cpu").tolist()
    except (RuntimeError, NotImplementedError, TypeError):
        return False
    return True


def _only(found: dict[str, torch.Tensor]) -> torch.Tensor:
    """Give the one tensor of a file."""
    if len(found) != 1:
        names = ", ".join(map(repr, list(found)[:10])) or "none"
        remedy = "Give name=…, or the hint dict[str, torch.Tensor] for all of them."
        raise UnpackError(f"one tensor is asked for, and the file holds {len(found)}: {names}", remedy=remedy)
    return next(iter(found.values()))


def _finishing(tensor: torch.Tensor) -> Instructions:
    """Give what a tensor is besides its data; nothing for a plain one."""
    kind, attributes = weights.kind_of(tensor), weights.attributes_of({_NAME: tensor}).get(_NAME)
    return {**({} if kind == "t" else {"kind": kind}), **({"attributes": attributes} if attributes else {})}
