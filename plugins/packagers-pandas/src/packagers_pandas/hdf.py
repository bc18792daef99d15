"""Frames as HDF5 files, by pandas' own ``to_hdf`` in its table format: what it would pickle is refused.

Reading runs code all the same: PyTables unpickles attributes of a file as soon as it looks at them. So the format counts as code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypedDict

import pandas as pd

from packagers import Instructions, PackError, UnpackError
from packagers_pandas.extras import need
from packagers_pandas.selection import Columns, Rows, part

KEY = "frame"
"""The group in which the frame is kept, where no other is asked for."""


class Packing(TypedDict, total=False):
    """Options of ``DataFrame.to_hdf``."""

    key: str
    """The group in the file."""
    complevel: int
    """From 0 to 9."""
    complib: Literal["zlib", "lzo", "bzip2", "blosc"]
    """How it is compressed."""
    data_columns: bool | list[str]
    """Columns by which other programs can search."""
    min_itemsize: int | dict[str, int]
    """Bytes for each text."""
    nan_rep: str
    """What stands for missing text."""


class Unpacking(TypedDict, total=False):
    """Options of ``pandas.read_hdf``."""

    key: str
    """The group in the file; the only one, if unsaid."""


def write(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame as a table of an HDF5 file.

    Args:
        frame: With rows and columns.
        path: The file to make.
        options: As :class:`Packing` says.

    Returns:
        The key, if it was said.

    Raises:
        PackError: For columns that PyTables has no type for, and a frame without rows or columns.
    """
    tables = need("tables", "hdf", PackError)
    if not frame.size:
        raise PackError("hdf holds neither rows without columns nor columns without rows", remedy="Ask for format 'parquet'.")
    if frame.columns.nlevels == 1 and any(isinstance(label, tuple) for label in frame.columns):
        raise PackError("hdf would take labels that are tuples for labels of several levels", remedy="Ask for format 'parquet'.")
    try:
        frame.to_hdf(path, **{"key": KEY, **options}, format="table", mode="w")
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, OverflowError, tables.HDF5ExtError) as error:
        raise PackError(f"hdf cannot hold the frame: {error}", remedy="Ask for format 'parquet'.") from error
    return {"key": options["key"]} if "key" in options else {}


def read(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read a frame, or a series as a frame of one column.

    Args:
        path: The file.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`Unpacking` says.

    Raises:
        UnpackError: Where it is no such file, or the key is not clear.
    """
    tables = need("tables", "hdf", UnpackError)
    try:
        found = pd.read_hdf(path, mode="r", **options)
    except (ValueError, TypeError, LookupError, AttributeError, OSError, NotImplementedError, tables.HDF5ExtError) as error:
        raise UnpackError(f"pandas.read_hdf cannot read it: {error}", file=path, remedy="Name the group by key=.") from error
    frame = found.to_frame() if isinstance(found, pd.Series) else found
    if not isinstance(frame, pd.DataFrame):
        raise UnpackError(f"the group holds a {type(frame).__qualname__} and no frame", file=path)
    return part(frame, columns, rows)
