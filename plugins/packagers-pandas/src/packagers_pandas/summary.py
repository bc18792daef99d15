"""What a frame looks like: a few of its facts and its first rows, whatever its size."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd

# So much that the whole stays below 64 KiB of ASCII, whatever the characters are.
ROWS, COLUMNS, SCHEMA, LENGTH = 10, 12, 50, 32
_PLAIN = (bool, int, float, complex, np.number, np.bool_, np.datetime64, np.timedelta64, type(None), pd.Timestamp, pd.Timedelta, pd.Period)


def describe(frame: pd.DataFrame) -> dict[str, Any]:
    """Give the shape, the dtypes of the first columns and the kind of index."""
    first = frame.iloc[:0, :SCHEMA].dtypes
    schema = {_short(str(label)): _short(str(dtype)) for label, dtype in zip(first.index, first, strict=True)}
    return {"rows": len(frame), "columns": frame.shape[1], "schema": schema, "index": describe_index(frame.index)}


def describe_index(index: Any) -> dict[str, Any]:
    """Give the class, dtype and names of an index."""
    return {
        "class": type(index).__name__,
        "dtype": [_short(str(dtype)) for dtype in index.dtypes[:COLUMNS]] if isinstance(index, pd.MultiIndex) else _short(str(index.dtype)),
        "names": [None if name is None else _short(str(name)) for name in index.names[:COLUMNS]],
    }


def preview(frame: pd.DataFrame) -> dict[str, Any]:
    """Give the first rows and columns as a table; the index stands first."""
    levels = min(frame.index.nlevels, COLUMNS)
    head = frame.iloc[:ROWS, : COLUMNS - levels]
    names = ["" if name is None else _cell(name) for name in head.index.names[:levels]]
    rows = []
    for number, label in enumerate(head.index):
        labels = label[:levels] if isinstance(head.index, pd.MultiIndex) else (label,)
        rows.append([_cell(each) for each in labels] + [_cell(head.iat[number, place]) for place in range(head.shape[1])])
    columns = names + [_cell(each) for each in head.columns]
    return {"table": {"columns": columns, "rows": rows, "shape": [len(frame), levels + frame.shape[1]]}}


def _cell(value: Any) -> str:
    """Write one value; one that is neither number nor text by its class alone, since its text may be costly."""
    if isinstance(value, str):
        return _short(value[: LENGTH + 1])
    if isinstance(value, _PLAIN) or value is pd.NA or value is pd.NaT:
        return _short(str(value))
    if isinstance(value, (bytes, list, tuple, dict, set, frozenset, pd.Interval)):
        return _short(reprlib.repr(value))
    return f"<{type(value).__qualname__}>"


def _short(text: str) -> str:
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
