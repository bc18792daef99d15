"""Many frames in one file: a zip of parquet files that are not compressed twice, each as a single frame is written.

Frames are written and read one at a time. The bytes depend on the frames alone.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from packagers import Packager, PackError, UnpackError
from packagers_pandas import layout, parquet, storage

SUFFIX = ".parquet"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can say."""
# What zipfile raises for files that are damaged, encrypted or of a newer kind.
_DAMAGE = (zipfile.BadZipFile, struct.error, EOFError, LookupError, ValueError, RuntimeError, NotImplementedError)


def write(frames: Iterable[pd.DataFrame], path: Path, *, compression: str = "snappy") -> None:
    """Write frames in their order; no more than one is encoded at a time.

    Args:
        frames: Any frames.
        path: The file to make.
        compression: Of each, as for ``pyarrow.parquet.write_table``.

    Raises:
        PackError: For a frame that would not come back exactly.
    """
    with Packager.create_file(path.parent, path.name) as file, zipfile.ZipFile(file, "w") as archive:
        for number, frame in enumerate(frames):
            member = zipfile.ZipInfo(f"{number}{SUFFIX}", EPOCH)
            member.create_system = 3  # the same on every system
            try:
                table = layout.with_note(*layout.to_table(frame))
                parquet.check(table)
                with archive.open(member, "w", force_zip64=True) as stream:
                    parquet.write_to(stream, table, compression=compression)
            except PackError as error:
                raise PackError(f"frame {number}: {error.args[0]}", remedy=error.remedy) from error


def read(source: BinaryIO, numbers: Sequence[int] | None = None) -> Iterator[pd.DataFrame]:
    """Read frames, each when it is asked for; the others are left alone.

    Args:
        source: The file.
        numbers: Which, by their positions; all in their order, if ``None``.

    Raises:
        UnpackError: Where the file is damaged, or there is no such frame.
    """
    try:
        archive = zipfile.ZipFile(source)
    except _DAMAGE as error:
        raise UnpackError(f"this is no file of frames: {error}") from error
    with archive:
        names = set(archive.namelist())
        for number in range(len(names)) if numbers is None else numbers:
            name = f"{number}{SUFFIX}"
            if name not in names:
                raise UnpackError(f"there is no frame {number}", remedy=f"There are {len(names)}, counted from 0.")
            yield storage.read(io.BytesIO(_member(archive, name)), None, None, {}, format="parquet")


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except _DAMAGE as error:
        raise UnpackError(f"the frame {name!r} cannot be read: {error}") from error


def places(items: Sequence[Any]) -> list[int]:
    """Give for each item the position of its frame in the file: one that stands several times is written once."""
    found: dict[int, int] = {}
    return [found.setdefault(id(item), len(found)) for item in items]
