"""Bytes: raw in one file. They can also be asked for of any package or plain file that is one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from packagers.builtin.summaries import Summarised
from packagers.errors import PackError
from packagers.packager import Instructions, Packager
from packagers.stdscalars import check_view, make_view


class BytesPackager(Summarised, Packager):
    """Pack ``bytes``."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data", "result": "data"}
    DETERMINISTIC = frozenset({"file", "result"})
    READS_ANY_FILE: ClassVar[bool] = True

    def pack_file(self, obj: Any, folder: Path) -> Instructions | None:
        """Write ``bytes.bin``."""
        with self.create_file(folder, "bytes.bin") as file:
            file.write(obj)
        return None

    def unpack_file(self, folder: Path) -> Any:
        """Read the one file, whatever it holds."""
        return self.only_file(folder).read_bytes()

    def pack_result(self, obj: Any) -> Any:
        """Record up to 64 KiB by value."""
        if memoryview(obj).nbytes > 1 << 16:
            raise PackError("more than 64 KiB of bytes are no result", remedy='Ask for artifact type "file".')
        return obj

    def unpack_result(self, value: Any) -> Any:
        """Give the recorded bytes."""
        return value


class BytearrayPackager(BytesPackager):
    """Pack a ``bytearray``."""

    def unpack_file(self, folder: Path) -> Any:
        """Read the one file."""
        return bytearray(self.only_file(folder).read_bytes())


class MemoryviewPackager(BytesPackager):
    """Pack a ``memoryview``, with its item format and shape."""

    def pack_file(self, obj: Any, folder: Path) -> Instructions:
        """Write ``bytes.bin`` in C order."""
        check_view(obj)
        with self.create_file(folder, "bytes.bin") as file:
            file.write(obj.tobytes())
        return {"item": obj.format, "shape": list(obj.shape), "readonly": obj.readonly}

    def unpack_file(self, folder: Path, *, item: str = "B", shape: list[int] | None = None, readonly: bool = True) -> Any:
        """Read the one file.

        Args:
            folder: Where it is.
            item: The format of an item, as of ``struct``.
            shape: Items along each axis; ``None`` for one axis.
            readonly: Whether nobody may write through it.
        """
        data = self.only_file(folder).read_bytes()
        return memoryview(data) if shape is None else make_view(data, item, shape, readonly)
