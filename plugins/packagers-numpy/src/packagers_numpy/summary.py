"""What an array looks like: a few of its facts and its first items, whatever its size."""

from __future__ import annotations

from typing import Any

import numpy as np

from packagers_numpy import dtypes

# So much that the whole stays below 64 KiB of ASCII, whatever the characters are.
ROWS, COLUMNS, ITEM_LENGTH = 10, 10, 40
LARGEST_BITS, LONGEST_RECORD = 200, 1000
_PLAIN = (bool, int, float, complex, type(None), np.record, np.ma.core.mvoid)


class Summarised:
    """The part of a packager that summarises arrays."""

    def describe(self, obj: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Give dtype, shape and size."""
        return describe(obj)

    def preview(self, obj: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Give the first rows and columns."""
        return preview(obj)


def describe(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Give dtype, shape and size, and whether reading the array runs code."""
    is_code = array.dtype.hasobject
    name = "StringDType" if dtypes.is_text(array.dtype) else _short(str(array.dtype), 500)
    found: dict[str, Any] = {"dtype": name, "shape": list(array.shape), "bytes": int(array.nbytes)}
    return {**found, "read_as": "code"} if is_code else found


def preview(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Give the first rows as a table; of more than two dimensions the first table."""
    if array.dtype.names is not None and array.ndim == 1:
        fields = array.dtype.names[:COLUMNS]
        return _table(list(fields), [[row[field] for field in fields] for row in array[:ROWS]], (len(array), len(array.dtype.names)))
    if array.size == 0 or array.ndim == 0:
        return {"text": _item(array[()]) if array.size else f"empty, shape {array.shape}"}
    while array.ndim > 2:
        array = array[0]
    if array.ndim == 1:
        return _table(["0"], [[item] for item in array[:ROWS]], (len(array), 1))
    columns = [str(position) for position in range(min(array.shape[1], COLUMNS))]
    return _table(columns, [list(row[:COLUMNS]) for row in array[:ROWS]], array.shape)


def _table(columns: list[str], rows: list[list[Any]], shape: tuple[int, ...]) -> dict[str, Any]:
    """Write a table; ``shape`` says how much the whole has, so that what is not shown can be counted."""
    names, cells = [_short(name, ITEM_LENGTH) for name in columns], [[_item(item) for item in row] for row in rows]
    return {"table": {"columns": names, "rows": cells, "shape": list(shape)}}


def _item(item: Any) -> str:
    """Write one item; one that is no plain number or text by its class alone, since its repr may do anything."""
    cls = type(item)
    if cls in (str, bytes, np.str_, np.bytes_):
        return _short(str(item[:ITEM_LENGTH]), ITEM_LENGTH)
    if cls is int and item.bit_length() > LARGEST_BITS:
        return f"an int of {item.bit_length()} bits"
    if issubclass(cls, np.void) and (item.dtype.hasobject or item.nbytes > LONGEST_RECORD):
        return f"{item.nbytes} bytes"
    if cls in _PLAIN or (issubclass(cls, np.generic) and cls.__module__ == "numpy"):
        return _short(str(item), ITEM_LENGTH)
    if cls in (list, tuple, dict, set):
        return f"<{cls.__name__} of {len(item)}>"
    return "--" if item is np.ma.masked else _short(f"<{cls.__qualname__}>", ITEM_LENGTH)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
