"""Datasets that are made of tensors."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from torch.utils.data import TensorDataset

from packagers import Instructions, Packager, PackError
from packagers_torch import safefile, summaries, weights


class TensorDatasetPackager(Packager):
    """Packs a ``TensorDataset``: its tensors, in one file."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"safetensors": "data"})
    DETERMINISTIC = frozenset({"safetensors"})
    CALLER_OPTIONS = frozenset({"device"})

    def pack_file(self, obj: TensorDataset, folder: Path, *, format: Literal["safetensors"] = "safetensors") -> Instructions:
        """Write ``tensors.safetensors``, with the positions as names.

        Args:
            obj: The dataset.
            folder: Where to write.
            format: The format.

        Raises:
            PackError: For tensors that the format cannot hold, and for what was set on the dataset besides.
        """
        others = sorted(set(vars(obj)) - {"tensors"})
        if others:
            raise PackError(f"the dataset carries attributes of its own: {', '.join(others)}", remedy='Ask for "key : object".')
        named = {str(number): tensor for number, tensor in enumerate(obj.tensors)}
        for name, tensor in named.items():
            weights.check(name, tensor, 'Pack dense data, or ask for "key : object".')
        return {"layout": weights.write(named, folder / "tensors.safetensors", listed=True)}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["safetensors"] = "safetensors",
        layout: dict[str, Any] | None = None,
        device: str = "cpu",
    ) -> TensorDataset:
        """Read a dataset.

        Args:
            folder: Where the file is.
            format: The format.
            layout: What :meth:`pack_file` gave.
            device: Where to put the tensors, such as ``"cuda:0"``.
        """
        with safefile.reading(self.only_file(folder), device=device) as reader:
            return TensorDataset(*weights.read(reader, layout).values())

    def describe(self, obj: TensorDataset) -> dict[str, Any]:
        """Give number and size of the tensors, and of the samples."""
        return {**summaries.describe_tensors(obj.tensors), "samples": len(obj) if obj.tensors else 0}

    def preview(self, obj: TensorDataset) -> dict[str, Any]:
        """Give a table of the tensors."""
        return summaries.preview_tensors((str(number), tensor) for number, tensor in enumerate(obj.tensors))
