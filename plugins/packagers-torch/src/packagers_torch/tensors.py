"""Single tensors and parameters."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch

from packagers import Instructions, Packager, PackError, UnpackError
from packagers_torch import components, safefile, summaries, weights
from packagers_torch.dtypes import dtype_name, dtype_of

MAX_RESULT = 2048
"""How many elements a tensor may have to be packed as a result."""

_REMEDY = 'Pack dense data (tensor.to_dense(), tensor.dequantize()), or ask for the artifact type: "key : object".'
_NAME = "tensor"


class TensorPackager(Packager):
    """Packs one tensor: values, dtype, shape and ``requires_grad``; strides and the graph that computed it are not kept."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"safetensors": "data", "npy": "data", "result": "data"})
    DETERMINISTIC = frozenset({"safetensors", "npy", "result"})

    _kinds: ClassVar[str] = "tT"

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
            return _pack_npy(obj, folder)
        return {"layout": weights.write({_NAME: obj}, folder / f"{_NAME}.safetensors")}

    def _pack_sparse(self, obj: torch.Tensor, folder: Path, format: str) -> Instructions:
        if format != "safetensors":
            raise PackError("a sparse tensor has no npy form", remedy="Pack it as safetensors, or pack tensor.to_dense().")
        parts, facts = components.take_apart(obj)
        for name, part in parts.items():
            weights.check(name, part, _REMEDY)
        layout = weights.write(parts, folder / f"{_NAME}.safetensors")
        facts["kind"] = weights.kind_of(obj)
        facts["attributes"] = weights.attributes_of({_NAME: obj}).get(_NAME, {})
        return {"layout": layout, "sparse": facts}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["safetensors", "npy"] = "safetensors",
        layout: dict[str, Any] | None = None,
        sparse: dict[str, Any] | None = None,
        name: str | None = None,
        device: str = "cpu",
    ) -> torch.Tensor:
        """Read a tensor.

        Args:
            folder: Where it is.
            format: How it was written.
            layout: What :meth:`pack_file` gave.
            sparse: What :meth:`pack_file` gave for a sparse tensor.
            name: Which tensor of a file that holds several.
            device: Where to put it, such as ``"cuda:0"``.

        Raises:
            UnpackError: For a file of several tensors without ``name``.
        """
        file = self.only_file(folder)
        if format == "npy":
            array = _unpack_npy(file, device)
            return self._own_kind(array) if layout is None else weights.finish(array, layout["kinds"], layout.get("attributes"))
        with safefile.reading(file, device=device) as reader:
            found = weights.read(reader, layout)
        if sparse is not None:
            return _unpack_sparse(found, sparse)
        chosen = _choose(found, name, file)
        return self._own_kind(found[chosen]) if layout is None else found[chosen]

    def _own_kind(self, tensor: torch.Tensor) -> torch.Tensor:
        """Give a plain file's tensor as what this packager packs."""
        if weights.kind_of(tensor) in self._kinds:
            return tensor
        return weights.finish(tensor, "P" if tensor.is_floating_point() or tensor.is_complex() else "p")

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

    _kinds: ClassVar[str] = "pP"


def _has_numbers(dtype: torch.dtype) -> bool:
    try:
        torch.zeros(1, dtype=dtype, device="cpu").tolist()
    except (RuntimeError, NotImplementedError, TypeError):
        return False
    return True


def _choose(found: dict[str, torch.Tensor], name: str | None, file: Path) -> str:
    if name is None and len(found) == 1:
        return next(iter(found))
    if name in found:
        return str(name)
    names = ", ".join(map(repr, list(found)[:10])) or "none"
    remedy = "Give name=…, or the hint dict[str, torch.Tensor] for all of them."
    raise UnpackError(f"one tensor is asked for, and the file holds {len(found)}: {names}", file=file, remedy=remedy)


def _unpack_sparse(parts: dict[str, torch.Tensor], facts: dict[str, Any]) -> torch.Tensor:
    return weights.finish(components.rebuild(parts, facts), str(facts.get("kind", "t")), facts.get("attributes"))


def _pack_npy(obj: torch.Tensor, folder: Path) -> Instructions:
    import numpy as np

    try:
        array = obj.detach().resolve_conj().resolve_neg().cpu().numpy()
    except TypeError as error:
        raise PackError(f"numpy has no dtype for {obj.dtype}", remedy='Pack it as safetensors: "key : file".') from error
    np.save(folder / f"{_NAME}.npy", np.asarray(array, order="C"), allow_pickle=False)
    return {"layout": {"kinds": weights.kind_of(obj), "attributes": weights.attributes_of({_NAME: obj}).get(_NAME, {})}}


def _unpack_npy(file: Path, device: str) -> torch.Tensor:
    import numpy as np

    try:
        array = np.load(file, allow_pickle=False)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        return torch.from_numpy(array).to(device)
    except (ValueError, TypeError) as error:
        raise UnpackError(f"this npy file makes no tensor: {error}", file=file, remedy="Ask for a numpy.ndarray.") from error
