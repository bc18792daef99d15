"""What a frame looks like: a few of its facts and its first rows, whatever its size."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd

ROWS, COLUMNS, SCHEMA, LENGTH = 10, 20, 100, 60
_PLAIN = (bool, int, float, complex, np.number, np.bool_, np.datetime64, np.timedelta64, type(None), pd.Timestamp, pd.Timedelta, pd.Period)


def describe(frame: pd.DataFrame) -> dict[str, Any]:
    """Give the shape, the dtypes of the first columns and the kind of index."""
    schema = {
        _short(str(label)): _short(str(dtype)) for label, dtype in zip(frame.columns[:SCHEMA], frame.dtypes.iloc[:SCHEMA], strict=True)
    }
    return {"rows": len(frame), "columns": frame.shape[1], "schema": schema, "index": describe_index(frame.index)}


def describe_index(index: Any) -> dict[str, Any]:
    """Give the class, dtype and names of an index."""
    return {
        "class": type(index).__name__,
        "dtype": [_short(str(dtype)) for dtype in index.dtypes] if isinstance(index, pd.MultiIndex) else _short(str(index.dtype)),
        "names": [None if name is None else _short(str(name)) for name in index.names[:COLUMNS]],
    }


def preview(frame: pd.DataFrame) -> dict[str, Any]:
    """Give the first rows and columns as a table; the index stands first."""
    head = frame.iloc[:ROWS, :COLUMNS]
    index = head.index
    names = ["" if name is None else _cell(name) for name in index.names]
    rows = []
    for number in range(len(head)):
        labels = index[number] if isinstance(index, pd.MultiIndex) else (index[number],)
        rows.append([_cell(label) for label in labels] + [_cell(head.iat[number, place]) for place in range(head.shape[1])])
    return {"table": {"columns": names + [_cell(label) for label in head.columns], "rows": rows}}


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
