"""Arrays of one or two dimensions as tables: an ordinary parquet file with one column for each of the array's, by pyarrow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Literal

import numpy as np

from packagers import PackError, UnpackError
from packagers_numpy import dtypes
from packagers_numpy.dtypes import Layout

# Times in other units and items of other kinds have no type in parquet.
_UNITS = ("s", "ms", "us", "ns")
REMEDY = "Ask for artifact_type 'file', which keeps everything."
MARK = b"packagers"
"""The key with which packagers-pandas marks fields of an index, and encodings of what parquet does not have."""


def write(array: np.ndarray[Any, Any], path: Path) -> dict[str, Any]:
    """Write a table with the columns ``0``, ``1``, ….

    Args:
        array: One or two dimensions of numbers, truth values, texts, bytes or times.
        path: The file to make.

    Returns:
        The dtype, shape and order that the columns do not say.

    Raises:
        PackError: For an array that columns cannot hold.
    """
    _check(array)
    pa, parquet = _pyarrow(PackError)
    table = array.reshape(-1, 1) if array.ndim == 1 else array
    native = table.astype(table.dtype.newbyteorder("="), copy=False)
    try:
        columns = {str(position): pa.array(native[:, position]) for position in range(native.shape[1])}
        parquet.write_table(pa.table(columns), path)
    except (pa.ArrowException, UnicodeError) as error:
        raise PackError(f"parquet cannot hold the array: {error}", remedy=REMEDY) from error
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return {"layout": dtypes.encode(array.dtype), "shape": list(array.shape), "order": order}


def read(path: Path, layout: Layout | None, shape: Sequence[int] | None, order: Literal["C", "F"]) -> np.ndarray[Any, Any]:
    """Read what :func:`write` wrote, or the columns of another table, its index left out.

    Raises:
        UnpackError: Where the table's columns make no array.
    """
    columns = list(read_columns(path).values())
    if shape is None or layout is None:
        return _stacked(columns)
    if math.prod(shape) != sum(map(len, columns)):
        raise UnpackError(f"the table does not hold an array of shape {tuple(shape)}", file=path)
    array = np.empty((shape[0], math.prod(shape[1:])), dtypes.decode(layout), order=order)
    for position, column in enumerate(columns):
        array[:, position] = column
    return array.reshape(tuple(shape), order=order)


def _stacked(columns: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Put columns of a table of any origin beside one another, in a dtype that has room for all."""
    if not columns:
        raise UnpackError("the table has no columns beside its index", remedy="Ask for pandas.DataFrame, or pandas.Index.")
    try:
        return np.column_stack(columns)
    except TypeError as error:
        kinds = ", ".join(dict.fromkeys(str(column.dtype) for column in columns))
        raise UnpackError(f"columns of {kinds} make no array together", remedy="Ask for dict[str, numpy.ndarray].") from error


def read_columns(source: Path | IO[bytes], names: Sequence[str] | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Read the columns of a table, its index left out.

    Args:
        source: A parquet file, or its path.
        names: Which to read; all, if ``None``.

    Raises:
        UnpackError: Where the columns are no arrays, or there is no such column.
    """
    pa, parquet = _pyarrow(UnpackError)
    try:
        with parquet.ParquetFile(source) as file:
            known = [field.name for field in file.schema_arrow if not _is_index(field, file.schema_arrow)]
            missing = next((name for name in names or () if name not in known), None)
            if missing is not None:
                raise UnpackError(f"there is no column {missing!r}", remedy=f"There are: {', '.join(map(repr, known[:20]))}.")
            chosen = known if names is None else list(names)
            table = file.read(columns=chosen)
        return {name: _items(table.schema.field(name), table.column(name)) for name in chosen}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise UnpackError(f"this is not a parquet file that makes an array: {error}") from error


def _check(array: np.ndarray[Any, Any]) -> None:
    dtype = array.dtype
    if array.ndim not in (1, 2):
        raise PackError(f"a table holds arrays of one or two dimensions, and this has {array.ndim}", remedy=REMEDY)
    known = dtype.char in "?bhilqBHILQefdUS" or (dtype.kind in "mM" and np.datetime_data(dtype) in [(unit, 1) for unit in _UNITS])
    if not known:
        raise PackError(f"a table has no columns of dtype {dtype!r}", remedy=REMEDY)


def _is_index(field: Any, schema: Any) -> bool:
    return (field.metadata or {}).get(MARK) == b"index" or field.name in (schema.pandas_metadata or {}).get("index_columns", ())


def _items(field: Any, column: Any) -> np.ndarray[Any, Any]:
    if MARK in (field.metadata or {}):
        raise ValueError(f"column {field.name!r} holds values that only the packager that wrote them understands")
    items: np.ndarray[Any, Any] = column.to_numpy()
    if items.dtype == object and column.null_count:
        raise ValueError(f"column {field.name!r} has missing values")
    return items


def _pyarrow(error: type[PackError] | type[UnpackError]) -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as cause:
        raise error(f"a table needs pyarrow, which cannot be imported: {cause}", remedy="pip install pyarrow") from cause
    return pyarrow, parquet
