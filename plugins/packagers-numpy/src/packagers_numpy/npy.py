"""The ``.npy`` format: written as NumPy writes it, and read only after its header said whether it holds Python objects."""

from __future__ import annotations

import ast
import io
import math
import os
from functools import lru_cache
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
LONGEST_KEPT = 1024
"""Bytes of a header that is remembered."""
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
        _write(stream, stored)
    except OSError:
        raise
    except Exception as error:
        raise PackError(
            f"an array of dtype {array.dtype!r} cannot be written as npy: {type(error).__name__}: {error}",
            remedy="Ask for artifact_type 'object', or convert the array to a dtype without Python objects.",
        ) from error
    return layout


def _write(stream: IO[bytes], array: np.ndarray[Any, Any]) -> None:
    version = _version(array.dtype)
    if array.dtype.hasobject or version == (3, 0) or not (array.flags.c_contiguous or array.flags.f_contiguous):
        npy_format.write_array(stream, array, version, allow_pickle=True)
        return
    is_plain = array.dtype.isbuiltin == 1
    order = array.flags.c_contiguous
    stream.write(_plain_header(array.dtype.str, array.shape, order) if is_plain else _header_of(array, version))
    if array.nbytes:
        stream.write(memory_of(array))


def memory_of(array: np.ndarray[Any, Any]) -> memoryview:
    """Give the bytes of a contiguous array that is not empty, as they stand in memory."""
    flat: Any = (array if array.flags.c_contiguous else array.T).reshape(-1).view(np.uint8)
    return memoryview(flat)


def _header_of(array: np.ndarray[Any, Any], version: tuple[int, int]) -> bytes:
    stream = io.BytesIO()
    write_header = npy_format.write_array_header_1_0 if version == (1, 0) else npy_format.write_array_header_2_0
    write_header(stream, npy_format.header_data_from_array_1_0(array))
    return stream.getvalue()


@lru_cache(maxsize=512)
def _plain_header(dtype: str, shape: tuple[int, ...], is_c: bool) -> bytes:
    """Give the header of an array of a dtype that its short name says whole: many arrays have the same."""
    stream = io.BytesIO()
    npy_format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": not is_c, "shape": shape})
    return stream.getvalue()


def mapped(path: Path, mode: Literal["r", "c"], layout: Layout | None = None) -> np.ndarray[Any, Any]:
    """Map one file.

    Args:
        path: The ``.npy`` file.
        mode: ``"r"`` maps it read-only, ``"c"`` copies what is written to.
        layout: What :func:`write` returned.

    Raises:
        UnpackError: For files that are damaged, and object arrays.
    """
    with open(path, "rb", buffering=0) as stream:
        header = read_header(stream, path, os.fstat(stream.fileno()).st_size)
        if header.dtype.hasobject:
            raise UnpackError("an array of Python objects cannot be mapped", file=path, remedy="Leave mmap_mode out.")
        order: Literal["C", "F"] = "F" if header.fortran_order else "C"
        try:
            found: Any = np.memmap(stream, header.dtype, mode, stream.tell(), header.shape, order)
        except ValueError as error:
            raise UnpackError(f"the npy file cannot be mapped: {error}", file=path) from error
    return restore(found, layout)


def room(size: int) -> memoryview:
    """Make memory as arrays have it."""
    made: Any = np.empty(size, np.uint8)
    return memoryview(made)


def in_memory(memory: memoryview, layout: Layout | None = None) -> np.ndarray[Any, Any]:
    """Take a file that was read into memory for the array that it holds, without a copy.

    Args:
        memory: The file; the array's own from now on.
        layout: What :func:`write` returned.

    Raises:
        UnpackError: For damaged data.
        UntrustedPackageError: For objects that the policy does not allow.
    """
    length = memory[8:10] if bytes(memory[6:7]) == b"\x01" else memory[8:12]
    stream = io.BytesIO(memory[: 12 + min(int.from_bytes(length, "little"), HEADER_LIMIT)])
    header = read_header(stream, None, len(memory))
    if header.dtype.hasobject:
        return read_data(io.BytesIO(memory), header, None, layout)
    order: Literal["C", "F"] = "F" if header.fortran_order else "C"
    return restore(np.ndarray(header.shape, header.dtype, memory, stream.tell(), order=order), layout)


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
        text = _header_text(stream)
        plain = _plain_of(text)
        return _parsed(text) if plain is None else Header(plain[0], plain[1], np.dtype(plain[2]))
    except (ValueError, TypeError, SyntaxError, KeyError, MemoryError, RecursionError) as error:
        raise UnpackError(f"this is not an npy file that NumPy can read: {error}", file=path) from error


def _header_text(stream: IO[bytes]) -> bytes:
    """Read a header; one that is too long is refused before room is made for it."""
    beginning = stream.read(npy_format.MAGIC_LEN)
    width = 2 if beginning[6:] == b"\x01\x00" else 4
    length = stream.read(width)
    if int.from_bytes(length, "little") > HEADER_LIMIT:
        raise ValueError(f"a header of {int.from_bytes(length, 'little')} bytes")
    return beginning + length + stream.read(int.from_bytes(length, "little"))


@lru_cache(maxsize=512)
def _plain_of(text: bytes) -> tuple[tuple[int, ...], bool, str] | None:
    """Read a header once that many files have; ``None`` where its dtype has no short name, for a dtype itself can be changed by others."""
    if len(text) > LONGEST_KEPT:
        return None
    header = _parsed(text)
    return (header.shape, header.fortran_order, header.dtype.str) if header.dtype.isbuiltin == 1 else None


def _parsed(text: bytes) -> Header:
    stream = io.BytesIO(text)
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        return Header(*npy_format.read_array_header_1_0(stream, max_header_size=HEADER_LIMIT))
    if version == (2, 0):
        return Header(*npy_format.read_array_header_2_0(stream, max_header_size=HEADER_LIMIT))
    # A header of version 3.0 is one of 2.0 in UTF-8; NumPy has no public function for it.
    header = ast.literal_eval(stream.read()[4:].decode("utf-8"))
    return Header(tuple(header["shape"]), bool(header["fortran_order"]), npy_format.descr_to_dtype(header["descr"]))
