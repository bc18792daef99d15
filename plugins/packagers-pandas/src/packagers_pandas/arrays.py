"""NumPy's own files as frames: the columns of an ``npy``, and the arrays of an ``npz`` side by side. Nothing is unpickled."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypedDict

import numpy as np
import pandas as pd
from numpy.lib import format as npy_format

from packagers import UnpackError
from packagers_pandas.selection import Columns, Rows, part, refuse_missing

Array = np.ndarray[Any, Any]
FIRST = "arr_0"
"""What ``numpy.savez`` calls an array without a name."""
_MASKED = {"data", "mask", "fill_value"}
"""What packagers-numpy calls the arrays of a masked one."""
REMEDY = "Ask for numpy.ndarray, or for dict[str, numpy.ndarray]."
# What NumPy and zipfile raise for files that are damaged or encrypted, that hold objects, or say more than there is room for.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, LookupError, TypeError, SyntaxError, RuntimeError, MemoryError)
_RATIO = 1032
"""How much larger than stored a member can be: what deflate reaches at most."""


class NpzUnpacking(TypedDict, total=False):
    """What packagers-numpy records with an ``npz`` file."""

    names: Sequence[Any]
    """The labels of all arrays, where the file cannot say them."""
    members: Sequence[int]
    """For each label the position of its array in the file, where one is shared."""
    concatenate: bool
    """Whether the arrays are the chunks of one."""


def read_npy(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read an array of one or two dimensions; one with fields has them as columns.

    Args:
        path: The file.
        columns: Which to give.
        rows: Which to give.
        options: There are none.

    Raises:
        UnpackError: Where the file is damaged, holds Python objects, or an array that makes no table.
    """
    with _understood("npy", path), path.open("rb") as stream:
        array = _array(stream, path.stat().st_size)
    return part(_frame(array, path), columns, rows)


def read_npz(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read arrays of one dimension as columns under their names, or the one array of a file as :func:`read_npy` does.

    Args:
        path: The file.
        columns: Which to give; the others are not read.
        rows: Which to give.
        options: As :class:`NpzUnpacking` says.

    Raises:
        UnpackError: Where the file is damaged, holds Python objects, or arrays that make no table.
    """
    with _understood("npz", path), _Archive(path) as archive:
        files = archive.files
        if len(set(files)) < len(files):
            raise ValueError("it holds one name twice")
        places = _places(files, options)
        if options.get("concatenate"):
            if len(set(places.values())) < len(places):
                raise ValueError("the pieces of one array are named twice")
            return part(_frame(np.concatenate([archive[place] for place in places.values()]), path), columns, rows)
        if len(places) == 1:
            ((label, place),) = places.items()
            array = archive[place]
            if label == FIRST or array.dtype.names is not None or array.ndim == 2:
                return part(_frame(array, path), columns, rows)
        if "data" in places and "mask" in places and set(places) <= _MASKED and archive[places["mask"]].dtype == bool:
            # What is masked would pass for values.
            raise UnpackError("a masked array and its mask are no columns", file=path, remedy=f"Ask for numpy.ma.MaskedArray. {REMEDY}")
        chosen = list(places) if columns is None else list(columns)
        refuse_missing(chosen, places)
        found = {label: archive[places[label]] for label in chosen}
    return part(_side_by_side(found, path), None, rows)


class _Archive(zipfile.ZipFile):
    """A zip file of arrays, each known by its place."""

    @property
    def files(self) -> list[str]:
        """Their names."""
        return [name.removesuffix(".npy") for name in self.namelist()]

    def __getitem__(self, place: int) -> Array:
        member = self.infolist()[place]
        if member.file_size > min(member.compress_size, Path(self.filename or "").stat().st_size) * _RATIO:
            raise ValueError("it says sizes that it cannot have")
        with self.open(member) as stream:
            return _array(stream, member.file_size)


def _array(stream: IO[bytes], size: int) -> Array:
    """Read an array whose header says as much as there is: NumPy makes room for what it says before it reads."""
    is_first = npy_format.read_magic(stream) == (1, 0)
    if int.from_bytes(stream.read(2 if is_first else 4), "little") > size:
        raise ValueError("its header is longer than the file")
    stream.seek(npy_format.MAGIC_LEN)
    shape, _, dtype = (npy_format.read_array_header_1_0 if is_first else npy_format.read_array_header_2_0)(stream)
    if not dtype.hasobject and size - stream.tell() != math.prod(shape) * dtype.itemsize:
        raise ValueError("its data is shorter or longer than its header says")
    stream.seek(0)
    array: Array = npy_format.read_array(stream, allow_pickle=False)
    return array


def _places(files: list[str], options: dict[str, Any]) -> dict[Any, int]:
    """Give the position in the file of each label's array."""
    members = options.get("members")
    stored = files if members is None else [f"arr_{number}" for number in range(len(members))]
    return dict(zip(options.get("names") or stored, range(len(files)) if members is None else members, strict=True))


def _frame(array: Array, path: Path) -> pd.DataFrame:
    if array.dtype.names is not None and array.ndim == 1:
        return _side_by_side({name: array[name] for name in array.dtype.names}, path)
    if array.ndim not in (1, 2):
        raise UnpackError(f"an array of {array.ndim} dimensions makes no table", file=path, remedy=REMEDY)
    return _made(_plain(array, "the array", path), path)


def _side_by_side(arrays: dict[Any, Array], path: Path) -> pd.DataFrame:
    for label, array in arrays.items():
        if array.ndim != 1:
            raise UnpackError(f"the array {label!r} has {array.ndim} dimensions, and a column has one", file=path, remedy=REMEDY)
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) > 1:
        raise UnpackError(f"arrays of the lengths {sorted(lengths)[:5]} are no columns of one table", file=path, remedy=REMEDY)
    frame = _made({number: _plain(array, repr(label), path) for number, (label, array) in enumerate(arrays.items())}, path)
    frame.columns = pd.Index(list(arrays), dtype=object if not arrays else None)
    return frame


def _plain(array: Array, what: str, path: Path) -> Array:
    """Give an array in the byte order of this machine, which is the only one that pandas takes."""
    if array.dtype.kind == "V":
        raise UnpackError(f"{what} is of dtype {array.dtype!r}, which makes no column", file=path, remedy=REMEDY)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _made(data: Any, path: Path) -> pd.DataFrame:
    try:
        return pd.DataFrame(data)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnpackError(f"pandas makes no frame of it: {error}", file=path, remedy=REMEDY) from error


@contextmanager
def _understood(format: str, path: Path) -> Iterator[None]:
    """Say what is wrong with a file."""
    try:
        yield
    except _DAMAGE as error:
        raise UnpackError(f"the {format} file cannot be read as data: {error}", file=path, remedy=REMEDY) from error
