"""The ``.npz`` format: several arrays under names, in one zip file whose bytes depend on the arrays alone."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from packagers import UnpackError, allow_code
from packagers_numpy import npy
from packagers_numpy.dtypes import Layout

SUFFIX = ".npy"
# The earliest time that a zip file can say; numpy.savez writes the same.
EPOCH = (1980, 1, 1, 0, 0, 0)
# What zipfile raises for archives that are damaged, encrypted or of a newer kind; OSError for offsets outside of the file.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, IndexError, ValueError, RuntimeError, NotImplementedError, OSError)


def write(path: Path, arrays: Mapping[str, np.ndarray[Any, Any]], *, compressed: bool = False) -> dict[str, Layout]:
    """Write arrays in their order.

    Args:
        path: The file to make.
        arrays: Names that :func:`is_plain` holds for, and arrays.
        compressed: Whether to deflate them.

    Returns:
        For each name whose ``.npy`` header cannot say the whole dtype, the dtype as JSON.
    """
    layouts: dict[str, Layout] = {}
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(name + SUFFIX, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            member.create_system = 3  # The same on every system.
            with archive.open(member, "w", force_zip64=True) as stream:
                layout = npy.write(stream, array)
            if layout is not None:
                layouts[name] = layout
    return layouts


def read(path: Path, layouts: Mapping[str, Layout] | None = None, keep: Iterable[int] | None = None) -> list[np.ndarray[Any, Any]]:
    """Read arrays in the order of the file.

    Args:
        path: The ``.npz`` file, by whomever it was written.
        layouts: What :func:`write` returned.
        keep: The positions to read; all, if ``None``. Each is read once.

    Raises:
        UnpackError: Where the file is no such archive or is damaged.
        UntrustedPackageError: Where a member holds Python objects and the reader's policy does not allow them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            chosen = members if keep is None else [members[position] for position in keep]
            objects = {member.filename for member in chosen if _holds_objects(archive, member, path)}
            if objects:
                allow_code(npy.OBJECT_READER)
            return [_read_member(archive, member, path, layouts or {}, objects) for member in chosen]
    except DAMAGE as error:
        raise UnpackError(f"the npz file cannot be read: {error}", file=path) from error


def names(path: Path) -> list[str]:
    """List the names in the file, in its order.

    Raises:
        UnpackError: Where the file is no such archive, holds other things than arrays, or one name twice.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.namelist()
    except DAMAGE as error:
        raise UnpackError(f"this is not an npz file: {error}", file=path) from error
    strange = [name for name in found if not name.endswith(SUFFIX)]
    if strange:
        raise UnpackError(f"the npz file holds {strange[0]!r}, which is not an array", file=path)
    if len(set(found)) < len(found):
        raise UnpackError("the npz file holds one name twice", file=path)
    return [_name(name) for name in found]


def is_plain(names: Sequence[str]) -> bool:
    """Tell whether keys can stand as names in the file as they are, and be read by ``numpy.load`` under the same names."""
    return all(_is_plain(name) for name in names)


def _is_plain(name: str) -> bool:
    if not 0 < len(name) <= 200 or not name.isprintable() or "\\" in name or name.endswith(SUFFIX):
        return False
    if any(part in ("", ".", "..") for part in name.split("/")):
        return False
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _name(filename: str) -> str:
    return filename.removesuffix(SUFFIX)


def _holds_objects(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bool:
    with archive.open(member) as stream:
        return npy.holds_objects(stream, path, member.file_size)


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, layouts: Mapping[str, Layout], objects: set[str]
) -> np.ndarray[Any, Any]:
    with archive.open(member) as stream:
        return npy.read_stream(stream, path, layouts.get(_name(member.filename)), objects=member.filename in objects)
