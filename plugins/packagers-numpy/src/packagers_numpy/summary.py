"""What an array looks like: a few of its facts and its first items, whatever its size."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

# So much that the whole stays below 64 KiB of ASCII, whatever the characters are.
ROWS, COLUMNS, ITEM_LENGTH = 10, 10, 40


class Summarised:
    """The part of a packager that summarises arrays."""

    def describe(self, obj: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Give dtype, shape and size."""
        return describe(obj)

    def preview(self, obj: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Give the first rows and columns."""
        return preview(obj)


def describe(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Give dtype, shape and size."""
    return {"dtype": _short(str(array.dtype), 500), "shape": list(array.shape), "bytes": int(array.nbytes)}


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
    """Write one item; one that is no number or text by its class alone, since its repr may be costly."""
    if isinstance(item, (str, bytes, np.str_, np.bytes_)):
        return _short(str(item[:ITEM_LENGTH]), ITEM_LENGTH)
    if isinstance(item, (np.generic, bool, int, float, complex, type(None))) and not isinstance(item, np.void):
        return _short(str(item), ITEM_LENGTH)
    if isinstance(item, np.void) and not item.dtype.hasobject:
        return _short(str(item), ITEM_LENGTH) if item.nbytes <= 1000 else f"{item.nbytes} bytes"
    if isinstance(item, (list, tuple, dict, set)):
        return _short(reprlib.repr(item), ITEM_LENGTH)
    return f"<{type(item).__qualname__}>"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
