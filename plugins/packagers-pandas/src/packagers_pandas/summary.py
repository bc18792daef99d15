"""What a frame looks like: a few of its facts and its first rows, whatever its size."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from packagers_pandas.contents import arrays_of, values_of

# So much that the whole stays below 64 KiB of ASCII, whatever the characters are.
ROWS, COLUMNS, SCHEMA, LENGTH = 10, 12, 50, 32
_PLAIN = (bool, int, float, complex, type(None), pd.Timestamp, pd.Timedelta, pd.Period)
_SHORT = 10 ** (LENGTH - 1)
_BITS = 256
"""Larger numbers are not written out."""


def describe(frame: pd.DataFrame) -> dict[str, Any]:
    """Give the shape, the dtypes of the first columns and the kind of index."""
    first = frame if frame.shape[1] <= SCHEMA else frame.iloc[:0].iloc[:, :SCHEMA]
    labels, dtypes = values_of(first.columns), (array.dtype for array in arrays_of(first))
    schema = {cell(label): _called(dtype) for label, dtype in zip(labels, dtypes, strict=True)}
    return {"rows": len(frame), "columns": frame.shape[1], "schema": schema, "index": describe_index(frame.index)}


def describe_index(index: Any) -> dict[str, Any]:
    """Give the class, dtype and names of an index."""
    return {
        "class": type(index).__name__,
        "dtype": [short(str(dtype)) for dtype in index.dtypes[:COLUMNS]] if isinstance(index, pd.MultiIndex) else _called(index.dtype),
        "names": [None if name is None else cell(name) for name in index.names[:COLUMNS]],
    }


def preview(frame: pd.DataFrame) -> dict[str, Any]:
    """Give the first rows and columns as a table; the index stands first."""
    levels = min(frame.index.nlevels, COLUMNS)
    head = frame if len(frame) <= ROWS else frame.iloc[:ROWS]
    if head.shape[1] > COLUMNS - levels:
        head = head.iloc[:, : COLUMNS - levels]  # rows first: pandas 2 copies the columns that it chooses
    names = ["" if name is None else cell(name) for name in head.index.names[:levels]]
    labels = values_of(head.index)
    index = [[label[level] for label in labels] for level in range(levels)] if isinstance(head.index, pd.MultiIndex) else [labels]
    rows = zip(*(map(cell, level) for level in index), *map(_cells, arrays_of(head)), strict=True)
    columns = [*names, *map(cell, values_of(head.columns))]
    return {"table": {"columns": columns, "rows": list(map(list, rows)), "shape": [len(frame), levels + frame.shape[1]]}}


def _cells(array: Any) -> Iterable[str]:
    """Write the values of a short column: NumPy's that Python writes in the same way as what they are in Python, all at once."""
    if isinstance(array, np.ndarray) and array.dtype.char in "?bhilqBHILQd":
        return map(str, array.tolist())
    return map(cell, values_of(array))


def cell(value: Any) -> str:
    """Write one value, whatever it is: of a long one the beginning alone is looked at, and no method of a strange class is called."""
    cls = type(value)
    if cls is float or cls is bool or (cls is int and -_SHORT < value < _SHORT):
        return str(value)
    if cls is str and len(value) <= LENGTH:
        return value  # type: ignore[no-any-return]
    if isinstance(value, str):
        return short(str.__getitem__(value, slice(LENGTH + 1)))
    if isinstance(value, bytes):
        return short(repr(bytes.__getitem__(value, slice(LENGTH))))
    if cls in (list, tuple, dict, set, frozenset):
        return f"<{cls.__name__} of {len(value)}>"
    if cls is int and value.bit_length() > _BITS:
        return f"<int of {value.bit_length()} bits>"
    if cls in _PLAIN or isinstance(value, np.generic) or value is pd.NA or value is pd.NaT:
        return short(str(value))
    if cls is pd.Interval:
        brackets = {"left": "[)", "right": "(]", "both": "[]", "neither": "()"}[value.closed]
        return short(f"{brackets[0]}{cell(value.left)}, {cell(value.right)}{brackets[1]}")
    return short(f"<{cls.__qualname__}>")


def _called(dtype: Any) -> str:
    return _called_by_numpy(dtype) if isinstance(dtype, np.dtype) else short(str(dtype))


@lru_cache(maxsize=256)
def _called_by_numpy(dtype: np.dtype[Any]) -> str:
    """Give the name of one of NumPy's dtypes, which NumPy puts together anew each time."""
    return short(str(dtype))


def short(text: str) -> str:
    """Give the beginning of a text."""
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
