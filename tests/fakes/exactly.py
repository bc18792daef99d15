"""When two values are the same to the last bit: type, value, order, attributes, and which objects are one object."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import reprlib
import stat
import struct
from collections import ChainMap, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from packagers.attributes import attributes_of

_VALUES = (int, str, bytes, bytearray, Fraction, UUID, range, dt.date, dt.timedelta, dt.timezone, BaseException, type(...))
_IMMUTABLE = frozenset(
    (
        *(bool, int, float, complex, str, bytes, range, slice, type(...), Decimal, Fraction, UUID, re.Pattern, ZoneInfo),
        *(dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone),
    )
)
"""Classes of whose values nobody can tell whether they are one object or two."""
_DICTS = (OrderedDict, dict)
_CACHED = frozenset({"_hash", "_attrs_cached_hash"})


def exactly(left: Any, right: Any) -> None:
    """Assert that two values are the same, in all that can be told of them; the message says where they are not."""
    _Comparison().compare(left, right, "value")


class _Difference:
    """What a failed assertion says; it is only written where one fails."""

    def __init__(self, where: str, left: Any, right: Any) -> None:
        self._parts = where, left, right

    def __str__(self) -> str:
        where, left, right = self._parts
        return f"{where}: {reprlib.repr(left)} and {reprlib.repr(right)}"


class _Comparison:
    """Two graphs of objects, walked side by side."""

    def __init__(self) -> None:
        self._pairs: dict[int, int] = {}
        self._kept: dict[int, Any] = {}

    def compare(self, left: Any, right: Any, where: str) -> None:
        assert type(left) is type(right), f"{where}: a {type(left)} and a {type(right)}"
        if isinstance(left, Enum) or left is None or isinstance(left, type):
            assert left is right, f"{where}: {left!r} and {right!r}"
            return
        is_empty = type(left) in (tuple, frozenset) and not left
        if type(left) not in _IMMUTABLE and not is_empty:
            known = self._pairs.setdefault(id(left), id(right))
            assert known == id(right), f"{where}: what is one object there are two here, or the other way round"
            if id(left) in self._kept:
                return
            self._kept[id(left)] = left, right
        self._compare_value(left, right, where)
        if not isinstance(left, (PurePath, Iterator, MappingProxyType)):
            mine, theirs = _state(left), _state(right)
            assert list(mine) == list(theirs), f"{where}: the attributes {list(mine)} and {list(theirs)}"
            for name in mine:
                self.compare(mine[name], theirs[name], f"{where}.{name}")

    def _compare_value(self, left: Any, right: Any, where: str) -> None:
        shown = _Difference(where, left, right)
        if isinstance(left, float):
            assert struct.pack("d", left) == struct.pack("d", right), shown
        elif isinstance(left, complex):
            assert struct.pack("dd", left.real, left.imag) == struct.pack("dd", right.real, right.imag), shown
        elif isinstance(left, Decimal):
            assert left.as_tuple() == right.as_tuple(), shown
        elif isinstance(left, (dt.datetime, dt.time)):
            assert left.replace(tzinfo=None) == right.replace(tzinfo=None), shown
            assert left.fold == right.fold, shown
            self.compare(left.tzinfo, right.tzinfo, f"{where}.tzinfo")
        elif isinstance(left, memoryview):
            assert (left.format, left.shape, left.readonly) == (right.format, right.shape, right.readonly), shown
            assert left.tobytes() == right.tobytes(), shown
        elif isinstance(left, re.Pattern):
            assert (left.pattern, left.flags) == (right.pattern, right.flags), shown
        elif isinstance(left, random.Random):
            assert left.getstate() == right.getstate(), shown
        elif isinstance(left, slice):
            self._compare_items((left.start, left.stop, left.step), (right.start, right.stop, right.step), where)
        elif isinstance(left, (*_DICTS, MappingProxyType)):
            self._compare_dicts(left, right, where)
        elif isinstance(left, (list, tuple, deque)):
            base = next(base for base in (list, tuple, deque) if isinstance(left, base))
            assert getattr(left, "maxlen", None) == getattr(right, "maxlen", None), shown
            self._compare_items(list(base.__iter__(left)), list(base.__iter__(right)), where)
        elif isinstance(left, (set, frozenset)):
            self._compare_sets(left, right, where)
        elif isinstance(left, Path):
            assert left.name == right.name, shown
            assert tree_of(left) == tree_of(right), f"{where}: {tree_of(left)} and {tree_of(right)}"
        elif isinstance(left, Iterator):
            self._compare_items(list(left), list(right), where)
        elif isinstance(left, _VALUES):
            assert left.args == right.args if isinstance(left, BaseException) else left == right, shown
        elif not _state(left) and not isinstance(left, (ChainMap, UserDict, UserList)):
            assert left == right, shown

    def _compare_items(self, left: Any, right: Any, where: str) -> None:
        assert len(left) == len(right), f"{where}: {len(left)} and {len(right)} items"
        for index, (mine, theirs) in enumerate(zip(left, right, strict=True)):
            self.compare(mine, theirs, f"{where}[{index}]")

    def _compare_dicts(self, left: Any, right: Any, where: str) -> None:
        base = next((base for base in _DICTS if isinstance(left, base)), MappingProxyType)
        if isinstance(left, defaultdict):
            assert left.default_factory is right.default_factory, where
        mine, theirs = list(base.items(left)), list(base.items(right))
        assert len(mine) == len(theirs), f"{where}: {len(mine)} and {len(theirs)} items"
        for (key, value), (other_key, other) in zip(mine, theirs, strict=True):
            self.compare(key, other_key, f"{where} key")
            self.compare(value, other, f"{where}[{reprlib.repr(key)}]")

    def _compare_sets(self, left: Any, right: Any, where: str) -> None:
        base = set if isinstance(left, set) else frozenset
        mine, theirs = list(base.__iter__(left)), list(base.__iter__(right))
        assert len(mine) == len(theirs), f"{where}: {len(mine)} and {len(theirs)} items"
        if all(type(item) in (int, str) for item in (*mine, *theirs)):
            assert left == right, where
            return
        for item in mine:
            for place, other in enumerate(theirs):
                before = dict(self._pairs), dict(self._kept)
                try:
                    self.compare(item, other, f"{where} item")
                except AssertionError:
                    self._pairs, self._kept = before
                else:
                    del theirs[place]
                    break
            else:
                raise AssertionError(f"{where}: no item there is {reprlib.repr(item)}")


def _state(obj: Any) -> dict[str, Any]:
    """Give the attributes, but for those that are computed when they are asked for."""
    return {name: value for name, value in attributes_of(obj).items() if name not in _CACHED}


def tree_of(path: Path) -> dict[str, Any]:
    """Give what a path leads to: kinds, permissions and contents by relative name."""
    if not path.exists():
        return {"": str(path)}
    found: dict[str, Any] = {}
    for item in [path, *sorted(path.rglob("*"))]:
        mode = item.lstat().st_mode
        content = os.readlink(item) if stat.S_ISLNK(mode) else item.read_bytes() if stat.S_ISREG(mode) else None
        found[item.relative_to(path).as_posix()] = (mode, content)
    return found
