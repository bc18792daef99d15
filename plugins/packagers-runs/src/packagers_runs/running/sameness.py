"""Whether two values are the same, whatever their type, and where they differ.

Two values are the same if they have one type and their parts are the same: arrays element by element, tables by labels, types and cells,
files by their bytes, and any other object by what pickle would take of it. ``nan`` is the same as ``nan``; no number is nearly another.
"""

from __future__ import annotations

import filecmp
import itertools
from collections.abc import Callable, Mapping, Set
from pathlib import Path, PurePath
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from packagers_runs.running.digests import value_digest

MOST = 10
"""Differences that are looked for."""
_LONGEST = 200
_PLAIN = (type(None), bool, int, str, bytes, bytearray, PurePath)
_NUMBERS = (float, complex)
_NAMED = (type, BuiltinFunctionType, ModuleType)
_NOTHING = object()


class Difference(NamedTuple):
    """A place at which two values differ.

    Attributes:
        where: The path to it, such as ``.layers[3].weight[0,1]``; empty for the whole.
        before: What the first one has there, as text of bounded length.
        after: What the second one has there.
    """

    where: str
    before: str
    after: str


def differences(one: Any, other: Any, most: int = MOST) -> list[Difference]:
    """List the places at which two values differ; none where they are the same.

    Args:
        one: A value.
        other: Another one.
        most: The most places to give.

    >>> differences({"a": [1, 2.5]}, {"a": [1, 2.0]})
    [Difference(where="['a'][1]", before='2.5', after='2.0')]
    >>> differences([1, float("nan")], [1, float("nan")]), bool(differences(1, True))
    ([], True)
    """
    comparing = _Comparing(most)
    comparing.compare(one, other, "")
    return comparing.found


class _Comparing:
    """Compares two values.

    Args:
        most: The most differences that are looked for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}
        self.found: list[Difference] = []

    def compare(self, one: Any, other: Any, where: str) -> None:
        """Note where two values differ that are at one place."""
        if one is other or len(self.found) >= self._most:
            return
        if type(one) is not type(other):
            self._note(where, _typed(one), _typed(other))
        elif isinstance(one, Path):
            self._files(one, other, where)
        elif isinstance(one, _PLAIN):
            self._unless(one == other, where, one, other)
        elif isinstance(one, _NUMBERS):
            self._unless(one == other or (one != one and other != other), where, one, other)
        elif isinstance(one, _NAMED):
            self._unless(_name(one) == _name(other), where, one, other)
        elif isinstance(one, FunctionType | CodeType):
            self._unless(value_digest(one) == value_digest(other), where, one, other)
        elif (id(one), id(other)) not in self._seen:
            self._seen[id(one), id(other)] = one, other
            self._parts(one, other, where)

    def _parts(self, one: Any, other: Any, where: str) -> None:
        if type(one) is dict:
            self._mappings(one, other, where)
        elif type(one) is list or isinstance(one, tuple):
            self._lists(one, other, where)
        elif isinstance(one, Set):
            for item in sorted(map(_shown, one ^ other)):
                self._note(where, item if item in set(map(_shown, one)) else "—", item if item in set(map(_shown, other)) else "—")
        elif all(hasattr(type(one), name) for name in ("columns", "index", "iloc")):
            self._or_state(self._tables, one, other, where)
        elif all(hasattr(type(one), name) for name in ("dtype", "index", "iloc")):
            self._or_state(self._series, one, other, where)
        elif all(hasattr(type(one), name) for name in ("dtype", "shape", "nonzero")):
            self._or_state(self._arrays, one, other, where)
        else:
            self._objects(one, other, where)

    def _mappings(self, one: Mapping[Any, Any], other: Mapping[Any, Any], where: str) -> None:
        for key in [*one, *(key for key in other if key not in one)]:
            place = f"{where}[{_shown(key)}]"
            if key not in one or key not in other:
                self._note(place, _shown(one[key]) if key in one else "—", _shown(other[key]) if key in other else "—")
            else:
                self.compare(one[key], other[key], place)

    def _lists(self, one: Any, other: Any, where: str) -> None:
        if len(one) != len(other):
            self._note(where, f"{len(one)} items", f"{len(other)} items")
        for place, (left, right) in enumerate(zip(one, other, strict=False)):
            self.compare(left, right, f"{where}[{place}]")

    def _or_state(self, rule: Callable[[Any, Any, str], None], one: Any, other: Any, where: str) -> None:
        """Compare by a rule; where a library does not keep to it, by state."""
        known = len(self.found)
        try:
            rule(one, other, where)
        except Exception:  # noqa: BLE001 - what looks like an array or a table may do anything
            del self.found[known:]
            self._objects(one, other, where)

    def _arrays(self, one: Any, other: Any, where: str) -> None:
        if one.dtype != other.dtype or tuple(one.shape) != tuple(other.shape):
            self._note(where, f"{one.dtype} {tuple(one.shape)}", f"{other.dtype} {tuple(other.shape)}")
            return
        names = getattr(one.dtype, "names", None)
        for name in names or ():
            self.compare(one[name], other[name], f"{where}[{name!r}]")
        if names:
            return
        if getattr(one.dtype, "hasobject", False):
            self._lists(one.tolist(), other.tolist(), where) if one.shape else self.compare(one.item(), other.item(), where)
            return
        differ = ~((one == other) | ((one != one) & (other != other)))
        if not tuple(one.shape):
            self._unless(not bool(differ), where, one, other)
            return
        places = differ.nonzero()
        # numpy gives an array for each axis, torch a row for each place
        rows = zip(*places, strict=True) if isinstance(places, tuple) else places
        for row in itertools.islice(rows, self._most):
            place = tuple(map(int, row))
            self._note(f"{where}[{','.join(map(str, place))}]", _shown(one[place].item()), _shown(other[place].item()))

    def _tables(self, one: Any, other: Any, where: str) -> None:
        known = len(self.found)
        self._labels(one.columns, other.columns, f"{where}.columns")
        self._labels(one.index, other.index, f"{where}.index")
        if len(self.found) > known:
            return
        for place, column in enumerate(one.columns):
            self._cells(one.iloc[:, place], other.iloc[:, place], f"{where}[{_shown(column)}]")

    def _series(self, one: Any, other: Any, where: str) -> None:
        self.compare(one.name, other.name, f"{where}.name")
        self._labels(one.index, other.index, f"{where}.index")
        self._cells(one, other, where)

    def _labels(self, one: Any, other: Any, where: str) -> None:
        same = type(one) is type(other) and one.dtype == other.dtype and list(one.names) == list(other.names) and one.equals(other)
        self._unless(same, where, one, other)

    def _cells(self, one: Any, other: Any, where: str) -> None:
        if one.dtype != other.dtype:
            self._note(f"{where}.dtype", str(one.dtype), str(other.dtype))
            return
        if len(one) == len(other) and one.equals(other):
            return
        self._lists(one.tolist(), other.tolist(), where)

    def _files(self, one: Path, other: Path, where: str) -> None:
        if not (one.exists() and other.exists()):
            self._unless(one == other, where, one, other)
        elif one.is_dir() and other.is_dir():
            left, right = _files_in(one), _files_in(other)
            for name in sorted({*left, *right}):
                if name not in left or name not in right:
                    self._note(f"{where}/{name}", "a file" if name in left else "—", "a file" if name in right else "—")
                else:
                    self._files(left[name], right[name], f"{where}/{name}")
        elif one.is_dir() or other.is_dir() or not filecmp.cmp(one, other, shallow=False):
            sizes = [("a folder" if path.is_dir() else f"{path.stat().st_size} bytes") for path in (one, other)]
            self._note(where, sizes[0], sizes[1] if sizes[0] != sizes[1] else f"{sizes[1]}, other ones")

    def _objects(self, one: Any, other: Any, where: str) -> None:
        """Compare by what pickle would take; where that differs, an ``==`` of the type's own may say that it does not matter."""
        known = len(self.found)
        if hasattr(type(one), "equals") and _answers(lambda: one.equals(other)):
            return
        try:
            left, right = _reduced(one), _reduced(other)
        except Exception:  # noqa: BLE001 - any type may refuse to be pickled, in its own way
            self._note(where, _shown(one), _shown(other))
        else:
            if any(part is not None for part in (*left[2:], *right[2:])):
                self._states(left, right, where)
            else:  # a value that is one thing, such as a date
                self._unless(not differences(left[:2], right[:2], 1), where, one, other)
        if len(self.found) > known and _has_eq(type(one)) and _answers(lambda: one == other):
            del self.found[known:]

    def _states(self, one: tuple[Any, ...], other: tuple[Any, ...], where: str) -> None:
        """Compare what is told of two objects: how they are made, their attributes, their items."""
        self.compare(one[:2], other[:2], where)
        self.compare(one[3], other[3], where)
        self.compare(one[4], other[4], where)
        for left, right in ((one[2], other[2]), (one[5], other[5])):
            for state, against in zip(_parts_of(left), _parts_of(right), strict=False):
                if isinstance(state, dict) and isinstance(against, dict) and all(isinstance(name, str) for name in (*state, *against)):
                    for name in dict.fromkeys([*state, *against]):
                        self._attributes(state.get(name, _NOTHING), against.get(name, _NOTHING), f"{where}.{name}")
                else:
                    self.compare(state, against, where)

    def _attributes(self, one: Any, other: Any, where: str) -> None:
        if one is _NOTHING or other is _NOTHING:
            self._note(where, "—" if one is _NOTHING else _shown(one), "—" if other is _NOTHING else _shown(other))
        else:
            self.compare(one, other, where)

    def _unless(self, same: bool, where: str, one: Any, other: Any) -> None:
        if not same:
            self._note(where, _shown(one), _shown(other))

    def _note(self, where: str, before: str, after: str) -> None:
        if len(self.found) < self._most:
            self.found.append(Difference(where, before, after))


def _files_in(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _reduced(value: Any) -> tuple[Any, ...]:
    """Give what ``__reduce_ex__`` gives as a tuple of six, with the items of a list as a list and those of a dict as a dict."""
    found = value.__reduce_ex__(4)
    if isinstance(found, str):
        return (found, (), None, None, None, None)
    whole: list[Any] = [*found, None, None, None]
    made, arguments, state, items, pairs, setter = whole[:6]
    return made, arguments, state, items and list(items), pairs and dict(pairs), setter


def _parts_of(state: Any) -> tuple[Any, ...]:
    """Give the dicts of a state that has two, for attributes and for slots."""
    if isinstance(state, tuple) and len(state) == 2 and any(isinstance(part, dict) for part in state):
        return state
    return (state,)


def _has_eq(cls: type) -> bool:
    """Tell whether a class says itself when two values are equal; a list, say, does not know of attributes that a class has added."""
    return any("__eq__" in vars(base) for base in cls.__mro__ if base.__module__ != "builtins")


def _answers(ask: Callable[[], Any]) -> bool:
    try:
        return bool(ask())
    except Exception:  # noqa: BLE001 - it may answer with an array, or not at all
        return False


def _name(named: Any) -> tuple[str, str]:
    return getattr(named, "__module__", "") or "", getattr(named, "__qualname__", "") or named.__name__


def _typed(value: Any) -> str:
    return f"{type(value).__qualname__} {_shown(value)}"


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr may do anything
        text = object.__repr__(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
