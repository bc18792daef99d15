"""Whether the arrays in a skops file have room in it: NumPy makes room for what a header says before it reads."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import IO

from numpy.lib import format as npy_format

RATIO = 1032
"""How much larger than stored a member of a zip can be: what deflate reaches at most."""


def check(source: Path | IO[bytes], *, is_nested: bool = False) -> None:
    """Compare what headers say with what is there, in a zip and in zips within it, as which sparse matrices are kept.

    Args:
        source: The file.
        is_nested: Whether it is such a zip within a zip; one in it is left alone.

    Raises:
        ValueError: For a size that cannot be.
        BadZipFile: For what is no zip.
    """
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        if sum(member.compress_size for member in members) > archive.start_dir:
            raise ValueError("it says sizes that it cannot have")
        for member in members:
            if member.file_size > member.compress_size * RATIO:
                raise ValueError("it says sizes that it cannot have")
            with archive.open(member) as stream:
                beginning = stream.read(len(npy_format.MAGIC_PREFIX))
                stream.seek(0)
                if beginning == npy_format.MAGIC_PREFIX:
                    _check_array(stream, member.file_size)
                elif beginning.startswith(b"PK\3\4") and not is_nested:
                    check(io.BytesIO(stream.read()), is_nested=True)


def _check_array(stream: IO[bytes], size: int) -> None:
    is_first = npy_format.read_magic(stream) == (1, 0)
    if int.from_bytes(stream.read(2 if is_first else 4), "little") > size:
        raise ValueError("the header of an array is longer than its file")
    stream.seek(npy_format.MAGIC_LEN)
    shape, _, dtype = (npy_format.read_array_header_1_0 if is_first else npy_format.read_array_header_2_0)(stream)
    if not dtype.hasobject and size - stream.tell() != math.prod(shape) * dtype.itemsize:
        raise ValueError("the data of an array are shorter or longer than its header says")
