"""Whether the arrays in a skops file have room in it: NumPy makes room for what a header says before it reads."""

from __future__ import annotations

import io
import math
import re
from functools import lru_cache
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from numpy.lib import format as npy_format

RATIO = 1032
"""How much larger than stored a member of a zip can be: what deflate reaches at most."""
_LOCAL = 30
"""Bytes before the name in the header that stands before a member."""
_BEGINNING = 1 << 14
"""Bytes that hold any header that NumPy reads: it refuses those of more than 10,000 characters."""
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)(\{'descr': (?:'[^'\\]*'|\[[^\[\]\\#\n]*\]), 'fortran_order': (?:True|False), 'shape': \()([0-9, ]*)\), \} *\n",
    re.DOTALL,
)
"""A header as NumPy writes it. What looks otherwise is left to NumPy, which takes a hundred times as long."""


def check(archive: ZipFile, data: memoryview, *, is_nested: bool = False) -> None:
    """Compare what headers say with what is there, in a zip and in zips within it, as which sparse matrices are kept.

    Args:
        archive: The open file.
        data: All of its bytes.
        is_nested: Whether it is such a zip within a zip; one in it is left alone.

    Raises:
        ValueError: For a size that cannot be.
        BadZipFile: For what is no zip.
    """
    members = archive.infolist()
    if sum(member.compress_size for member in members) > archive.start_dir:
        raise ValueError("it says sizes that it cannot have")
    for member in members:
        is_stored = member.compress_type == ZIP_STORED
        if member.file_size > member.compress_size * (1 if is_stored else RATIO):
            raise ValueError("it says sizes that it cannot have")
        content = _stored(member, data) if is_stored else None
        beginning = memoryview(_unpacked(archive, member, _BEGINNING)) if content is None else content[:_BEGINNING]
        mark = bytes(beginning[:6])
        if mark == npy_format.MAGIC_PREFIX:
            _check_array(beginning, member.file_size)
        elif mark.startswith(b"PK\3\4") and not is_nested:
            inner = memoryview(_unpacked(archive, member) if content is None else content)
            with ZipFile(io.BytesIO(inner)) as nested:
                check(nested, inner, is_nested=True)


def _stored(member: ZipInfo, data: memoryview) -> memoryview:
    """Give the bytes of a member that is not compressed."""
    name = member.header_offset + _LOCAL
    sizes = data[name - 4 : name]
    start = name + int.from_bytes(sizes[:2], "little") + int.from_bytes(sizes[2:], "little")
    return data[start : start + member.file_size]


def _unpacked(archive: ZipFile, member: ZipInfo, size: int = -1) -> bytes:
    with archive.open(member) as stream:
        return stream.read(size)


def _check_array(beginning: memoryview, size: int) -> None:
    found = _HEADER.match(beginning)
    if found is not None and found.end() - npy_format.MAGIC_LEN - 2 == int.from_bytes(found[1], "little"):
        header = found.end()
        item = _item_size(found[2])
        count = math.prod(int(side) for side in found[3].split(b",") if side.strip())
    else:
        stream = io.BytesIO(beginning)
        is_first = npy_format.read_magic(stream) == (1, 0)
        if int.from_bytes(stream.read(2 if is_first else 4), "little") > size:
            raise ValueError("the header of an array is longer than its file")
        stream.seek(npy_format.MAGIC_LEN)
        shape, _, dtype = (npy_format.read_array_header_1_0 if is_first else npy_format.read_array_header_2_0)(stream)
        header, item, count = stream.tell(), None if dtype.hasobject else dtype.itemsize, math.prod(shape)
    if item is not None and size - header != count * item:
        raise ValueError("the data of an array are shorter or longer than its header says")


@lru_cache(maxsize=1024)
def _item_size(start: bytes) -> int | None:
    """Give the bytes of one item, as NumPy reads them out of the header up to the shape; ``None`` for objects."""
    header = start + b"), }\n"
    dtype = npy_format.read_array_header_1_0(io.BytesIO(len(header).to_bytes(2, "little") + header))[2]
    return None if dtype.hasobject else int(dtype.itemsize)
