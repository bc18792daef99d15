"""The ``.npz`` format: several arrays under names, in one zip file whose bytes depend on the arrays alone."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np

from packagers import UnpackError
from packagers_numpy import npy
from packagers_numpy.dtypes import Layout
from packagers_numpy.zipped import ZipWriter

SUFFIX = ".npy"
RATIO = 1032
"""How much larger than stored a member can be: what deflate reaches at most. NumPy makes room for what is said."""
# What zipfile raises for archives that are damaged, encrypted or of a newer kind; OSError for offsets outside of the file.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, IndexError, ValueError, RuntimeError, NotImplementedError, OSError)


def write(stream: IO[bytes], arrays: Iterable[tuple[str, np.ndarray[Any, Any]]], *, compressed: bool = False) -> dict[str, Layout]:
    """Write arrays in their order; no more than one is held at a time.

    Args:
        stream: Open for binary writing, at its start.
        arrays: Names that :func:`is_plain` holds for, and arrays.
        compressed: Whether to deflate them.

    Returns:
        For each name whose ``.npy`` header cannot say the whole dtype, the dtype as JSON.
    """
    layouts: dict[str, Layout] = {}
    with ZipWriter(stream, compressed=compressed) as archive:
        for name, array in arrays:
            with archive.open(name + SUFFIX) as member:
                layout = npy.write(cast("IO[bytes]", member), array)
            if layout is not None:
                layouts[name] = layout
            del array  # the next one may need its room
    return layouts


class Archive:
    """An ``npz`` file that is open for reading, by whomever it was written.

    Args:
        source: Its path, or the file itself, open for reading; that is left open.

    Raises:
        UnpackError: Where the file is no such archive, is damaged, holds other things than arrays, or one name twice.
    """

    def __init__(self, source: Path | IO[bytes]) -> None:
        self._path = source if isinstance(source, Path) else None
        try:
            self._zip = zipfile.ZipFile(source)
        except DAMAGE as error:
            raise UnpackError(f"this is not an npz file: {error}", file=self._path) from error
        self._members = self._zip.infolist()
        self.names = [member.filename.removesuffix(SUFFIX) for member in self._members]
        try:
            self._check()
        except UnpackError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._zip.close()

    def read(self, places: Iterable[int] | None = None, layouts: Mapping[str, Layout] | None = None) -> list[np.ndarray[Any, Any]]:
        """Read arrays, one that is named twice once; those that are not named are left alone.

        Args:
            places: Their positions in the file; all, if ``None``.
            layouts: What :func:`write` returned.

        Raises:
            UnpackError: Where the file is damaged.
            UntrustedPackageError: Where one holds Python objects and the reader's policy does not allow them.
        """
        wanted = list(range(len(self.names)) if places is None else places)
        try:
            found = {place: self._read_member(place, layouts or {}) for place in dict.fromkeys(wanted)}
        except (*DAMAGE, TypeError, AttributeError) as error:  # places and layouts stand in a package too
            raise UnpackError(f"the npz file cannot be read: {error}", file=self._path) from error
        return [found[place] for place in wanted]

    def _check(self) -> None:
        strange = next((member.filename for member in self._members if not member.filename.endswith(SUFFIX)), None)
        if strange is not None:
            raise UnpackError(f"the npz file holds {strange!r}, which is not an array", file=self._path)
        if sum(member.compress_size for member in self._members) > self._zip.start_dir or any(
            member.file_size > member.compress_size * RATIO for member in self._members
        ):
            raise UnpackError("the npz file says sizes that it cannot have", file=self._path)
        if len(set(self.names)) < len(self.names):
            raise UnpackError("the npz file holds one name twice", file=self._path)

    def _read_member(self, place: int, layouts: Mapping[str, Layout]) -> np.ndarray[Any, Any]:
        member = self._members[place]
        with self._zip.open(member) as stream:
            header = npy.read_header(stream, self._path, member.file_size)
            array = npy.read_data(stream, header, self._path, layouts.get(self.names[place]))
            stream.read(1)  # The checksum is compared where the end is reached.
        return array


def is_plain(names: Sequence[str]) -> bool:
    """Tell whether keys can stand as names in the file as they are, and be read by ``numpy.load`` under the same names."""
    return all(_is_plain(name) for name in names)


def _is_plain(name: str) -> bool:
    if not 0 < len(name) <= 200 or not name.isprintable() or "\\" in name or name.endswith(SUFFIX):
        return False
    if any(part in ("", ".", "..") for part in name.split("/")):
        return False
    return not any("\ud800" <= character <= "\udfff" for character in name)
