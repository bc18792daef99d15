"""The small types of torch, as results: dtypes, shapes and devices."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import torch

from packagers import Packager, UnpackError
from packagers_torch.dtypes import dtype_name, dtype_of


class DtypePackager(Packager):
    """Packs a ``torch.dtype`` by name."""

    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: torch.dtype) -> str:
        """Record the name, such as ``"float32"``."""
        return dtype_name(obj)

    def unpack_result(self, value: Any) -> torch.dtype:
        """Give the dtype of a name."""
        found = dtype_of(value)
        if found is None:
            raise UnpackError(f"this version of torch has no dtype {value!r}", remedy="Upgrade torch.")
        return found


class SizePackager(Packager):
    """Packs a ``torch.Size`` by its numbers."""

    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: torch.Size) -> list[int]:
        """Record the numbers."""
        return list(obj)

    def unpack_result(self, value: Any) -> torch.Size:
        """Give the size."""
        return torch.Size(value)


class DevicePackager(Packager):
    """Packs a ``torch.device`` by name."""

    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: torch.device) -> str:
        """Record the name, such as ``"cuda:0"``."""
        return str(obj)

    def unpack_result(self, value: Any) -> torch.device:
        """Give the device of a name, whether this machine has it or not."""
        return torch.device(value)
