"""The ``.npy`` format: written as NumPy writes it, and read only after its header said whether it holds Python objects."""

from __future__ import annotations

import ast
import math
import os
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.lib import format as npy_format

from packagers import PackError, UnpackError, allow_code
from packagers_numpy import dtypes, padding
from packagers_numpy.dtypes import Layout

OBJECT_READER = "numpy object array (pickle)"
# NumPy's own limit of 10,000 would make arrays of some hundred fields unreadable; ast limits the nesting by itself.
HEADER_LIMIT = 4 * 2**20
PIECE = 2**20
"""Bytes that are read at a time into an array's own room."""


class Header(NamedTuple):
    """What stands before the data; reading would unpickle Python objects where the dtype holds them."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]


def write(stream: IO[bytes], array: np.ndarray[Any, Any]) -> Layout | None:
    """Write one array, without a copy where it is contiguous.

    Args:
        stream: Open for binary writing.
        array: Any array of the exact class ``numpy.ndarray``.

    Returns:
        The dtype as JSON where the header cannot say all of it, else ``None``.

    Raises:
        PackError: Where an object in the array cannot be pickled, or the dtype is another library's.
    """
    stored, layout = _storable(array)
    try:
        npy_format.write_array(stream, stored, _version(stored.dtype), allow_pickle=True)
    except OSError:
        raise
    except Exception as error:
        raise PackError(
            f"an array of dtype {array.dtype!r} cannot be written as npy: {type(error).__name__}: {error}",
            remedy="Ask for artifact_type 'object', or convert the array to a dtype without Python objects.",
        ) from error
    return layout


def read(path: Path, mmap_mode: Literal["r", "c"] | None = None, layout: Layout | None = None) -> np.ndarray[Any, Any]:
    """Read one file.

    Args:
        path: The ``.npy`` file.
        mmap_mode: ``"r"`` maps it read-only, ``"c"`` copies what is written to; ``None`` reads it.
        layout: What :func:`write` returned.

    Raises:
        UnpackError: For files that are damaged, and object arrays that are to be mapped.
        UntrustedPackageError: For object arrays that the reader's policy does not allow.
    """
    with path.open("rb") as stream:
        header = read_header(stream, path, os.fstat(stream.fileno()).st_size)
        if mmap_mode is None:
            return read_data(stream, header, path, layout)
        if header.dtype.hasobject:
            raise UnpackError("an array of Python objects cannot be mapped", file=path, remedy="Leave mmap_mode out.")
    try:
        return restore(npy_format.open_memmap(path, mode=mmap_mode, max_header_size=HEADER_LIMIT), layout)
    except ValueError as error:
        raise UnpackError(f"the npy file cannot be mapped: {error}", file=path) from error


def read_header(stream: IO[bytes], path: Path | None, size: int) -> Header:
    """Read what stands before the data, and leave the stream behind it.

    Args:
        stream: Open for binary reading, at its start.
        path: The file concerned, for messages.
        size: The length of the stream in bytes; checked, because NumPy makes room for what the header says before it reads.

    Raises:
        UnpackError: Where it is no ``npy`` data, or not all of it.
    """
    header = _header(stream, path)
    if not header.dtype.hasobject and size - stream.tell() != math.prod(header.shape) * header.dtype.itemsize:
        raise UnpackError("the npy data is shorter or longer than its header says", file=path)
    return header


def read_data(stream: IO[bytes], header: Header, path: Path | None, layout: Layout | None) -> np.ndarray[Any, Any]:
    """Read the data behind a header, of objects only where the reader's policy allows them.

    Args:
        stream: Where :func:`read_header` left it, and able to go back.
        header: What it gave.
        path: The file concerned, for messages.
        layout: What :func:`write` returned.

    Raises:
        UnpackError: For damaged data.
        UntrustedPackageError: For objects that the policy does not allow.
    """
    if not header.dtype.hasobject:
        array: np.ndarray[Any, Any] = np.empty(header.shape, header.dtype, order="F" if header.fortran_order else "C")
        fill(stream, array.T if header.fortran_order else array, path)
        return restore(array, layout)
    allow_code(OBJECT_READER)
    stream.seek(0)
    try:
        return restore(npy_format.read_array(stream, allow_pickle=True, max_header_size=HEADER_LIMIT), layout)
    except (ValueError, EOFError) as error:
        raise UnpackError(f"the npy data cannot be read: {error}", file=path) from error


def fill(stream: IO[bytes], array: np.ndarray[Any, Any], path: Path | None = None) -> None:
    """Read all bytes of a contiguous array, without a copy of more than a piece of them.

    Raises:
        UnpackError: Where the stream ends before.
    """
    if array.nbytes == 0:
        return
    flat: Any = array.reshape(-1).view(np.uint8)
    room = memoryview(flat)
    while room:
        piece = stream.read(min(len(room), PIECE))
        if not piece:
            raise UnpackError("the npy data ends too early", file=path)
        room[: len(piece)] = piece
        room = room[len(piece) :]


def restore(array: np.ndarray[Any, Any], layout: Layout | None) -> np.ndarray[Any, Any]:
    """Give an array the dtype that its header could not say."""
    if layout is None:
        return array
    dtype = dtypes.decode(layout)
    try:
        return array.astype(dtype) if dtypes.is_text(dtype) else array.view(dtype)
    except (TypeError, ValueError) as error:
        raise UnpackError(f"an array of dtype {array.dtype!r} cannot be seen as {dtype!r}") from error


def _storable(array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], Layout | None]:
    """Give the array in a dtype that a header can say, and the layout that makes it what it was."""
    dtype = array.dtype
    if type(array) is not np.ndarray and type(array) is not np.memmap:
        raise PackError(
            f"a {type(array).__qualname__} would come back as a plain numpy.ndarray",
            remedy="Pack it by itself as its own type, or convert it with numpy.asarray first.",
        )
    if dtypes.is_text(dtype):
        return array.astype(object), dtypes.encode(dtype)
    if np.dtype(dtype.str) is dtype:
        return padding.cleared(array), None
    in_header = _as_in_header(dtype)
    if in_header is not None and dtypes.same(in_header, dtype):
        return padding.cleared(array), None
    layout = dtypes.encode(dtype)
    if in_header == dtype:
        return padding.cleared(array), layout
    if dtype.hasobject:
        raise PackError(
            f"npy cannot say the dtype {dtype!r}: its fields overlap or are out of order, and it holds Python objects",
            remedy="Ask for artifact_type 'object', or reorder the fields.",
        )
    return padding.cleared(array).view(np.dtype((np.void, dtype.itemsize))), layout


def _as_in_header(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Give the dtype that a header would be read as; ``None`` where it has no form in a header."""
    if _has_metadata(dtype):
        return None
    try:
        return npy_format.descr_to_dtype(npy_format.dtype_to_descr(dtype))
    except ValueError:
        return None


def _version(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Choose the oldest version of the format that can say a dtype; NumPy would warn of a newer one than 1.0."""
    if dtype.isbuiltin == 1:
        return (1, 0)
    described = repr(npy_format.dtype_to_descr(dtype))
    try:
        described.encode("latin-1")
    except UnicodeEncodeError:
        return (3, 0)
    # A header of 1.0 has up to 65,535 bytes, and the shape is part of it.
    return (1, 0) if len(described) < 60_000 else (2, 0)


def _has_metadata(dtype: np.dtype[Any]) -> bool:
    if dtype.metadata:
        return True
    if dtype.subdtype is not None:
        return _has_metadata(dtype.subdtype[0])
    return any(_has_metadata(field[0]) for field in (dtype.fields or {}).values())


def _header(stream: IO[bytes], path: Path | None) -> Header:
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            return Header(*npy_format.read_array_header_1_0(stream, max_header_size=HEADER_LIMIT))
        if version == (2, 0):
            _check_length(stream)
            return Header(*npy_format.read_array_header_2_0(stream, max_header_size=HEADER_LIMIT))
        return _header_3_0(stream)
    except (ValueError, TypeError, SyntaxError, KeyError, MemoryError, RecursionError) as error:
        raise UnpackError(f"this is not an npy file that NumPy can read: {error}", file=path) from error


def _check_length(stream: IO[bytes]) -> None:
    """Refuse a header that is too long before NumPy makes room for it; the stream stays where it is."""
    length = int.from_bytes(stream.read(4), "little")
    if length > HEADER_LIMIT:
        raise ValueError(f"a header of {length} bytes")
    stream.seek(-4, os.SEEK_CUR)


def _header_3_0(stream: IO[bytes]) -> Header:
    """Read a header of version 3.0, which is 2.0 in UTF-8; NumPy has no public function for it."""
    _check_length(stream)
    length = int.from_bytes(stream.read(4), "little")
    header = ast.literal_eval(stream.read(length).decode("utf-8"))
    return Header(tuple(header["shape"]), bool(header["fortran_order"]), npy_format.descr_to_dtype(header["descr"]))
