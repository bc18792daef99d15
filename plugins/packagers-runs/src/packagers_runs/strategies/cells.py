"""Values as cells of a csv file, and back: what was a number, text, true, false or nothing comes back as that.

A cell that starts with an apostrophe is the text after it, as in spreadsheets. It stands before text that would be read as something else
(``7``, ``true``, nothing at all, spaces at its ends), and before text that a spreadsheet would run as a formula (``=1+1``, ``@SUM(A1)``).
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import islice
from math import prod
from pathlib import PurePath
from typing import Any
from uuid import UUID

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|nan|NaN|[+-]?inf")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_TEXT = "'"
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_LONGEST, _MOST_BITS = 4000, 12_000
_ITEMS, _DEPTH, _CHARACTERS = 50, 6, 400
_TOLD = (Decimal, Fraction, datetime.date, datetime.time, datetime.timedelta, UUID, PurePath, complex)
"""Classes whose instances their own ``str`` tells exactly, the same in every process."""


def read_cell(cell: str) -> Any:
    """Give the value of a cell: a whole number, a number, true or false, ``None`` where it is empty, else text.

    >>> [read_cell(cell) for cell in ("7", "0.5", "1e-3", "true", "", "sqrt", "007", "'7")]
    [7, 0.5, 0.001, True, None, 'sqrt', '007', '7']
    """
    text = cell.lstrip()
    if text.startswith(_TEXT):
        return text[1:]
    text = text.rstrip()
    if not text:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return text
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def write_cell(value: Any) -> str:
    """Give the cell of a value that :func:`scalar` gave.

    >>> [write_cell(value) for value in (7, 0.5, True, None, "sqrt", "7", "=1+1", "")]
    ['7', '0.5', 'True', '', 'sqrt', "'7", "'=1+1", "'"]
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    is_plain = not value.startswith(_FORMULA) and read_cell(value) == value
    return value if is_plain else _TEXT + value


def scalar(value: Any) -> Any:
    """Give a value as tables have it: what is a number, text, true, false or nothing stays that, all else is told in text.

    The text has no addresses, and sets are in order, so that it is the same in every process.

    >>> scalar(0.5), scalar([1, "a"]), scalar(len), scalar(Decimal("0.1"))
    (0.5, "[1, 'a']", 'builtins.len', '0.1')
    """
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return value
    if isinstance(value, str):  # of a subclass, such as an enum's member
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value) if value.bit_length() < _MOST_BITS else hex(value)[:_CHARACTERS]
    if isinstance(value, float):
        return float.__float__(value)
    try:
        if kind.__module__ == "numpy" and value.shape == () and type(item := value.item()) is not kind:
            return scalar(item)
        return _cut(str(value) if isinstance(value, _TOLD) else _told(value, _DEPTH))
    except Exception:  # noqa: BLE001 - the value's own code
        return _class_of(value)


def _told(value: Any, depth: int) -> str:
    """Tell a value inside of another in text."""
    kind = type(value)
    if isinstance(value, str | bytes):
        return repr(value[:_CHARACTERS])
    if isinstance(value, int | float):
        return repr(scalar(value))
    if not depth:
        return "…"
    if isinstance(value, Mapping):
        return "{" + _items((f"{_told(key, depth - 1)}: {_told(item, depth - 1)}" for key, item in value.items()), len(value)) + "}"
    if isinstance(value, Set):
        return "{" + _items(sorted(_told(item, depth - 1) for item in value), len(value)) + "}"
    if kind is list:
        return f"[{_items((_told(item, depth - 1) for item in value), len(value))}]"
    if kind is tuple:
        return f"({_items((_told(item, depth - 1) for item in value), len(value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, functools.partial):
        return f"partial({_told(value.func, depth - 1)}, {_told(value.args, depth - 1)}, {_told(value.keywords, depth - 1)})"
    if isinstance(value, Enum):
        return f"{kind.__name__}.{value.name}"
    if hasattr(value, "__qualname__"):  # a class or function
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(getattr(value, "shape", None), tuple):
        if not value.shape:
            return str(value)
        is_short = hasattr(value, "tolist") and prod(value.shape) <= _ITEMS
        return f"{kind.__name__}({_told(value.tolist(), depth - 1)})" if is_short else f"{kind.__name__}{tuple(value.shape)}"
    text = repr(value)
    return _class_of(value) if _ADDRESS.search(text) else text


def _class_of(value: Any) -> str:
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _items(items: Iterable[str], count: int) -> str:
    return ", ".join([*islice(items, _ITEMS), *(["…"] if count > _ITEMS else [])])


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
