"""The operators of conditions: over numbers, text and plain containers, each bounded in what it may cost."""

from __future__ import annotations

import ast
import datetime
import operator
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any

_MOST_BITS = 4096
_PLAIN = (bool, int, float, str, Decimal, datetime.date, datetime.time, datetime.timedelta, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset)


def plain(value: Any) -> Any:
    """Give a value as conditions see it: a number of numpy's is one of Python's.

    Raises:
        TypeError: It is something else than a number, text, a time or a plain container.
    """
    kind = type(value)  # never the value itself, whose class may say anything
    if kind in _PLAIN or kind in _CONTAINERS or kind is datetime.datetime:
        return value
    if issubclass(kind, str):  # an enum's member, or of a subclass with operators of its own
        return str.__str__(value)
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, dict):
        return dict(dict.items(value))
    if kind.__module__.partition(".")[0] == "numpy" and getattr(value, "shape", None) == ():
        item = value.item()
        if type(item) is not kind:
            return plain(item)
        if isinstance(item, Real):  # longdouble, which is its own item
            return float(item)
    raise TypeError(f"{shown(value)} is neither a number nor text")


def shown(value: Any) -> str:
    """Give a value for a message: itself if it is short and plain, else its type."""
    if type(value) in (bool, int, float, str, type(None)) and (not isinstance(value, int) or value.bit_length() < 200):
        return f"{value!a:.60}"
    return f"a {type(value).__name__}"


def _numbers(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compute(left: Any, right: Any) -> Any:
        for value in (left, right):
            if not isinstance(value, int | float | Decimal):
                raise TypeError(f"{shown(value)} is no number")
        return function(left, right)

    return compute


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > _MOST_BITS:
        raise ValueError("the number is too large")
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        raise TypeError("decimal numbers have no powers here")
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * max(right, 1) > _MOST_BITS:
        raise ValueError("the number is too large")
    found = left**right
    if isinstance(found, complex):
        raise ValueError("the root of a negative number")
    return found


def _contains(left: Any, right: Any) -> bool:
    if isinstance(right, str) and not isinstance(left, str):
        raise TypeError(f"{shown(left)} is no text, and in text there is only text")
    if not isinstance(right, str | list | tuple | dict | set | frozenset):
        raise TypeError(f"nothing is in {shown(right)}")
    return left in right


def unary(kind: type[ast.unaryop], value: Any) -> Any:
    """Apply ``not``, ``-`` or ``+``.

    Raises:
        TypeError: The value has no such form.
    """
    if kind is ast.Not:
        if not isinstance(value, bool):
            raise TypeError(f"{shown(value)} is neither true nor false")
        return not value
    if not isinstance(value, int | float | Decimal):
        raise TypeError(f"{shown(value)} is no number")
    return -value if kind is ast.USub else +value


ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _numbers(operator.add),
    ast.Sub: _numbers(operator.sub),
    ast.Mult: _numbers(_multiply),
    ast.Div: _numbers(operator.truediv),
    ast.FloorDiv: _numbers(operator.floordiv),
    ast.Mod: _numbers(operator.mod),
    ast.Pow: _numbers(_power),
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _contains,
    ast.NotIn: lambda left, right: not _contains(left, right),
}
