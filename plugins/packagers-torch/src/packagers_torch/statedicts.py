"""Several tensors in one file: state dicts and lists, with what is tied in them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch

from packagers import Instructions, Packager, PackError, UnpackError
from packagers_torch import checkpoints, safefile, summaries, weights

WEIGHTS = "weights.safetensors"
"""The file of a model package that holds the state dict; the only one at the top, for what reads no more than the weights."""

_REMEDY = 'Pack it by itself or in another container, which takes each tensor by its own packager, or ask for "key : object".'


class StateDictPackager(Packager):
    """Packs a dict of tensors by name: any key text, in order, tied tensors tied."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType(
        {"safetensors": "data", "module": "data", "state_dict": "data", **dict.fromkeys(checkpoints.FORMATS, "code")}
    )
    DETERMINISTIC = frozenset({"safetensors"})
    CALLER_OPTIONS = frozenset({"device", "keys"})
    PARTIAL = frozenset({"safetensors", "module", "state_dict"})
    PACK_SUBCLASSES = True  # of the items: parameters are packed as such; of dicts, holds_class takes one class alone

    _cls: ClassVar[type[Any]] = dict

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Tell whether it is the very class that is packed here."""
        return type_ is cls._cls

    def holds(self, obj: Any) -> bool:
        """Tell whether all tensors can go into one file (sparse and quantised ones are left to their own packager)."""
        return self.holds_class(type(obj)) and all(map(_fits, obj.values()))

    def pack_file(self, obj: Mapping[str, torch.Tensor], folder: Path, *, format: Literal["safetensors"] = "safetensors") -> Instructions:
        """Write ``tensors.safetensors``.

        Args:
            obj: Tensors and parameters by name.
            folder: Where to write.
            format: The format.

        Raises:
            PackError: For tensors that the format cannot hold.
        """
        for name, tensor in obj.items():
            weights.check(name, tensor, _REMEDY)
        return {"layout": weights.write(obj, folder / "tensors.safetensors"), **metadata_of(obj)}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["safetensors", "pt", "pth"] = "safetensors",
        layout: dict[str, Any] | None = None,
        metadata: list[Any] | None = None,
        keys: list[str] | None = None,
        device: str = "cpu",
    ) -> dict[str, torch.Tensor]:
        """Read the tensors.

        Args:
            folder: Where the file is.
            format: The format; ``pt`` and ``pth`` for plain files of ``torch.save``.
            layout: What :meth:`pack_file` gave.
            metadata: What :meth:`pack_file` gave.
            keys: Only these tensors, in this order; no other bytes of the file are read.
            device: Where to put them, such as ``"cuda:0"``.

        Raises:
            UnpackError: For a key that is not there.
        """
        if format != "safetensors":
            return self._made(*checkpoints.state_dict(self.only_file(folder), device, keys))
        with self._reading(folder, keys, device) as reader:
            return self._made(weights.read(reader, layout, keys=keys), metadata)

    def unpack_model(
        self,
        folder: Path,
        *,
        format: Literal["module", "state_dict"] = "module",
        layout: dict[str, Any] | None = None,
        metadata: list[Any] | None = None,
        keys: list[str] | None = None,
        device: str = "cpu",
    ) -> dict[str, torch.Tensor]:
        """Read the weights of a model package, and nothing else of it: what the module's ``state_dict()`` gave.

        Args:
            folder: Where the package's files are.
            format: How the model was packed.
            layout: What the module's packager gave.
            metadata: What the module's packager gave.
            keys: Only these tensors, in this order; no other bytes of the file are read.
            device: Where to put them, such as ``"cuda:0"``.

        Raises:
            UnpackError: For a model with weights that only its pickle holds, and for a key that is not there.
        """
        check_elsewhere(layout)
        with self._reading(folder, keys, device) as reader:
            return self._made(read_weights(reader, layout, keys), metadata)

    def _reading(self, folder: Path, keys: list[str] | None, device: str) -> AbstractContextManager[safefile.Reader]:
        """Open the one file at the top of a folder: mapped, or in parts where only some of it is wanted."""
        if keys is None:
            return safefile.reading(self.only_file(folder), device=device)
        return safefile.reading_parts(self.open_file(folder), device=device)

    def _made(self, tensors: dict[str, torch.Tensor], metadata: list[Any] | None) -> dict[str, torch.Tensor]:
        return tensors

    def describe(self, obj: Mapping[str, torch.Tensor]) -> dict[str, Any]:
        """Give number and size of the tensors."""
        return summaries.describe_tensors(obj.values())

    def preview(self, obj: Mapping[str, torch.Tensor]) -> dict[str, Any]:
        """Give a table of the first tensors."""
        return summaries.preview_tensors(obj.items())


class OrderedStateDictPackager(StateDictPackager):
    """Packs what ``module.state_dict()`` gives: an ``OrderedDict`` with the versions of the layers as its ``_metadata``."""

    _cls: ClassVar[type[Any]] = OrderedDict

    def _made(self, tensors: dict[str, torch.Tensor], metadata: list[Any] | None) -> dict[str, torch.Tensor]:
        return with_metadata(tensors, metadata)


class TensorListPackager(Packager):
    """Packs a list of tensors, in one file, tied tensors tied."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"safetensors": "data"})
    DETERMINISTIC = frozenset({"safetensors"})
    CALLER_OPTIONS = frozenset({"device", "keys"})
    PACK_SUBCLASSES = True  # of the items: parameters are packed as such; of lists, holds_class takes one class alone

    _cls: ClassVar[type[Any]] = list

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Tell whether it is the very class that is packed here."""
        return type_ is cls._cls

    def holds(self, obj: Any) -> bool:
        """Tell whether all tensors can go into one file (sparse and quantised ones are left to their own packager)."""
        return self.holds_class(type(obj)) and all(map(_fits, obj))

    def pack_file(self, obj: list[torch.Tensor], folder: Path, *, format: Literal["safetensors"] = "safetensors") -> Instructions:
        """Write ``tensors.safetensors``, with the positions as names.

        Args:
            obj: Tensors and parameters.
            folder: Where to write.
            format: The format.

        Raises:
            PackError: For tensors that the format cannot hold.
        """
        named = {str(number): tensor for number, tensor in enumerate(obj)}
        for name, tensor in named.items():
            weights.check(name, tensor, _REMEDY)
        return {"layout": weights.write(named, folder / "tensors.safetensors", listed=True)}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["safetensors"] = "safetensors",
        layout: dict[str, Any] | None = None,
        device: str = "cpu",
    ) -> list[torch.Tensor]:
        """Read the tensors.

        Args:
            folder: Where the file is.
            format: The format.
            layout: What :meth:`pack_file` gave.
            device: Where to put them, such as ``"cuda:0"``.
        """
        with safefile.reading(self.only_file(folder), device=device) as reader:
            made: list[torch.Tensor] = self._cls(weights.read(reader, layout).values())
            return made

    def describe(self, obj: list[torch.Tensor]) -> dict[str, Any]:
        """Give number and size of the tensors."""
        return summaries.describe_tensors(obj)

    def preview(self, obj: list[torch.Tensor]) -> dict[str, Any]:
        """Give a table of the first tensors."""
        return summaries.preview_tensors((str(number), tensor) for number, tensor in enumerate(obj))


class TensorTuplePackager(TensorListPackager):
    """Packs a tuple of tensors."""

    _cls: ClassVar[type[Any]] = tuple


def _fits(tensor: Any) -> bool:
    return isinstance(tensor, torch.Tensor) and weights.problem(tensor) is None


def check_elsewhere(layout: dict[str, Any] | None) -> None:
    """Refuse to read the weights of a model package where they are not all in its safetensors file.

    Raises:
        UnpackError: Names some that are not.
    """
    elsewhere = (layout or {}).get("elsewhere")
    if elsewhere:
        raise UnpackError(
            f"the weights {', '.join(map(repr, elsewhere[:5]))} are only in the pickled module: no safetensors file can hold them",
            remedy="Unpack the whole module, if you trust the package: trust='all'.",
        )


def read_weights(reader: safefile.Reader, layout: dict[str, Any] | None, keys: list[str] | None = None) -> dict[str, torch.Tensor]:
    """Read the state dict of a model package as plain tensors without gradients."""
    wanted = keys if keys is not None or layout is None else weights.own_names(layout)
    return weights.read(reader, layout, keys=wanted, plain=True)


def metadata_of(obj: Mapping[str, Any]) -> Instructions:
    """Give the ``_metadata`` of a state dict as JSON, where it has one.

    Raises:
        PackError: For metadata that is no JSON, and for other attributes of the mapping.
    """
    attributes = dict(getattr(obj, "__dict__", {}))
    metadata = attributes.pop("_metadata", None)
    if attributes:
        raise PackError(f"the state dict carries attributes of its own: {', '.join(sorted(attributes))}", remedy="Pack a plain dict of it.")
    if metadata is None:
        return {}
    try:
        pairs = [[name, dict(facts)] for name, facts in metadata.items()]
        unchanged = json.loads(json.dumps(pairs, allow_nan=False)) == pairs
    except (TypeError, ValueError, AttributeError):
        unchanged = False
    if not unchanged:
        raise PackError("the state dict's _metadata is no JSON", remedy="Pack dict(state_dict), which has none.")
    return {"metadata": pairs}


def with_metadata(tensors: dict[str, torch.Tensor], metadata: list[Any] | None) -> OrderedDict[str, torch.Tensor]:
    """Make a state dict of tensors and what :func:`metadata_of` gave."""
    made = OrderedDict(tensors)
    if metadata is not None:
        vars(made)["_metadata"] = OrderedDict((str(name), facts) for name, facts in metadata)
    return made
