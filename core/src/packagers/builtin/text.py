"""Text: recorded by value; as a text file where it is asked for; or, as ``path``, the file or folder that it names."""

from __future__ import annotations

import os
from pathlib import Path

from packagers.builtin.paths import ArchiveFormat, pack_path, unpack_path
from packagers.builtin.summaries import Summarised
from packagers.errors import PackError, UnpackError
from packagers.magic import ARCHIVES
from packagers.packager import Instructions, Packager


class TextPackager(Summarised, Packager):
    """Pack a ``str``."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "file"
    READERS = {"result": "data", "file": "data", **dict.fromkeys(ARCHIVES, "data")}
    DETERMINISTIC = frozenset({"result", "file"})
    CALLER_OPTIONS = frozenset({"into"})

    def pack_result(self, obj: str) -> str:
        """Record the text."""
        return obj

    def unpack_result(self, value: str) -> str:
        """Give the recorded text."""
        return value

    def pack_file(self, obj: str, folder: Path, *, encoding: str = "utf-8") -> Instructions:
        """Write ``text.txt``.

        Args:
            obj: The text.
            folder: Where to write.
            encoding: A codec that can hold all of it.
        """
        try:
            data = obj.encode(encoding)
            same = data.decode(encoding) == obj
        except (LookupError, TypeError, ValueError) as error:
            raise PackError(f"the text cannot be written as {encoding}: {error}", remedy="Record it as a result.") from error
        if not same:
            raise PackError(f"{encoding} would not give the text back", remedy='Take encoding="utf-8", or record it as a result.')
        with self.create_file(folder, "text.txt") as file:
            file.write(data)
        return {"encoding": encoding}

    def unpack_file(self, folder: Path, *, encoding: str = "utf-8") -> str:
        """Read a text file, line ends untouched."""
        file = self.only_file(folder)
        try:
            return file.read_bytes().decode(encoding)
        except (LookupError, TypeError, ValueError) as error:
            raise UnpackError(f"the file is no {encoding} text: {error}", file=file, remedy="Give encoding=, or ask for bytes.") from error

    def pack_path(self, obj: str, folder: Path, *, format: ArchiveFormat = "zip") -> Instructions:
        """Pack the file or folder that the text names."""
        return pack_path(Path(obj), folder, format=format)

    def unpack_path(
        self,
        folder: Path,
        *,
        format: ArchiveFormat = "zip",
        name: str = "",
        is_directory: bool = False,
        mode: int = 0o644,
        into: str | os.PathLike[str] | None = None,
    ) -> str:
        """Give the path of a copy, as text."""
        return str(unpack_path(folder, format=format, name=name, is_directory=is_directory, mode=mode, into=into))
