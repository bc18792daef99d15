"""One order for the items of a set, the same in every process: by what they are made of, never by hash or address.

Objects that show nothing of what they hold are equal here, and stay in the order in which they came.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from packagers.attributes import attributes_of

_DEEPEST = 100
_BINARY = (bytes, bytearray, memoryview)
_BASES = (dict, list, tuple, set, frozenset, str, int, float, complex, bytes)
_BY_REPR = frozenset(
    (
        *("builtins.NoneType", "builtins.float", "builtins.complex", "builtins.ellipsis"),
        *("datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone", "zoneinfo.ZoneInfo"),
        *("decimal.Decimal", "uuid.UUID"),
    )
)
"""Classes whose ``repr`` says all of a value."""
_NAMED = (type, FunctionType, BuiltinFunctionType, ModuleType)


def in_order(items: Iterable[Any]) -> list[Any]:
    """Give the items of a set in their order.

    >>> in_order({"b", "a", 10, 9, (2,), frozenset({1})})
    [frozenset({1}), 9, 10, 'a', 'b', (2,)]
    """
    return sorted(items, key=lambda item: _rank(item, ()))


def _rank(obj: Any, above: tuple[int, ...]) -> tuple[Any, ...]:
    """Give what an object is compared by: the name of its class, and what it is made of, in types that compare within one class.

    Args:
        obj: The object.
        above: The ids of what it stands in; where they repeat, it contains itself.
    """
    cls = type(obj)
    name = f"{cls.__module__}.{cls.__qualname__}"
    if cls in (bool, int, str):
        return name, obj if not above else hex(obj) if cls is int else repr(obj)  # Python refuses to write very long ints in decimals
    if name in _BY_REPR:
        return name, repr(obj)
    if cls in _BINARY:
        return name, hashlib.blake2b(obj.tobytes() if cls is memoryview else obj).digest()
    if isinstance(obj, Enum):
        return name, str(obj._name_)
    if isinstance(obj, _NAMED):
        return name, str(getattr(obj, "__module__", "")), str(getattr(obj, "__qualname__", obj.__name__))
    if isinstance(obj, PurePath):
        return name, str(obj)
    if id(obj) in above or len(above) > _DEEPEST:
        return (name,)
    return name, *_parts(obj, (*above, id(obj)))


def _parts(obj: Any, above: tuple[int, ...]) -> Iterable[Any]:
    """Give what an object is made of, as texts that compare."""
    if isinstance(obj, re.Pattern):
        return [repr(obj.pattern), repr(obj.flags)]
    if isinstance(obj, (range, slice)):
        return [_digest(_rank(part, above)) for part in (obj.start, obj.stop, obj.step)]
    base = next((base for base in _BASES if isinstance(obj, base)), None)
    held: list[str] = []
    if base is dict:
        held = [_digest((_rank(key, above), _rank(value, above))) for key, value in dict.items(obj)]
    elif base in (set, frozenset):
        held = sorted(_digest(_rank(item, above)) for item in base.__iter__(obj))
    elif base in (list, tuple):
        held = [_digest(_rank(item, above)) for item in base.__iter__(obj)]
    elif base is not None:
        held = [int.__format__(obj, "x") if base is int else base.__repr__(obj)]
    return [*held, *(_digest((name, _rank(value, above))) for name, value in attributes_of(obj).items())]


def _digest(ranks: tuple[Any, ...]) -> str:
    """Give a short text in place of ranks: a text of texts of texts would double with each level."""
    return hashlib.blake2b(repr(ranks).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
