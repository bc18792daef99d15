"""What a call should leave as it was: the value, the packager, the process; and what two values that were unpacked share."""

from __future__ import annotations

import copy
import decimal
import os
import random
import sys
from collections import deque
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from packagers.attributes import attributes_of
from packagers.packager import Packager
from packagers.testing.likeness import alike

_CONTAINERS = (list, dict, set, bytearray, deque)
_SKIPPED = (type, FunctionType, BuiltinFunctionType, ModuleType, type(None), int, float, str, bytes)
_MOST = 10_000
"""Parts of a value that are looked at."""


class Attributes:
    """The attributes of a value, as they were.

    Args:
        value: The value.
        twin: An equal value that nobody touches.
    """

    def __init__(self, value: Any, twin: Any) -> None:
        self._value = value
        self._before = attributes_of(twin)
        self._names = set(attributes_of(value))
        self._steady = [name for name in self._names & self._before.keys() if alike(attributes_of(value)[name], self._before[name])]

    def changes(self) -> list[str]:
        """Say what has been changed, taken away or set since. A cache that was filled is no change: a cached property, a private name."""
        now, cls = attributes_of(self._value), type(self._value)
        gone = sorted(self._names - now.keys())
        changed = [
            name for name in sorted(self._steady) if name in now and not name.startswith("_") and not alike(now[name], self._before[name])
        ]
        new = [name for name in sorted(now.keys() - self._names) if not isinstance(getattr(cls, name, None), cached_property)]
        found = [f"the attribute {name} is gone" for name in gone] + [f"the attribute {name} was changed" for name in changed]
        return found + [f"the attribute {name} was set" for name in new if not name.startswith("_")]


class Memory:
    """What a packager could keep things in between two calls, as it was.

    Args:
        packager: The packager.
    """

    def __init__(self, packager: Packager) -> None:
        self._packager = packager
        self._before = {name: _copied(value) for name, value in self._now().items()}

    def _now(self) -> dict[str, Any]:
        cls = type(self._packager)
        methods = [getattr(cls, method.name) for method in (*cls.packs.values(), *cls.unpacks.values())]
        defaults = {f"a default of {method.__name__}": dict(getattr(method, "__kwdefaults__", None) or {}) for method in methods}
        shared = {f"{cls.__qualname__}.{name}": value for name, value in vars(cls).items() if type(value) in (int, str, *_CONTAINERS)}
        return {**{f"self.{name}": value for name, value in vars(self._packager).items()}, **shared, **defaults}

    def changes(self) -> list[str]:
        """Name what is not what it was."""
        now, before = self._now(), self._before
        return [name for name in sorted({*now, *before}) if name not in now or name not in before or not alike(now[name], before[name])]


class Surroundings:
    """The state of the process that users' code goes by, as it was."""

    def __init__(self) -> None:
        self._before = self._now()

    def _now(self) -> dict[str, Any]:
        numpy = sys.modules.get("numpy.random")
        return {
            "the working folder": os.getcwd(),
            "the environment": dict(os.environ),
            "where modules are found": list(sys.path),
            "the state of random": random.getstate(),
            "the state of numpy.random": repr(numpy.get_state()) if numpy is not None else "",
            "the decimal context": repr(decimal.getcontext()),
        }

    def changes(self) -> list[str]:
        """Name what is not what it was."""
        now = self._now()
        return [name for name, value in self._before.items() if now[name] != value]


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - a lock, for one, has no copy and keeps nothing
        return value


def shared(first: Any, second: Any, original: Any) -> str:
    """Say what two values have in common that could be changed in one of them, and that the value they were made from does not hold too.

    Args:
        first: What came back.
        second: What came back again.
        original: What was packed.
    """
    hashed: Any = type(first).__hash__
    by_identity = hashed is None or hashed is object.__hash__  # others are values, which nobody changes
    if first is second and by_identity and first is not original and copy.deepcopy(first) is not first:
        return "the same object came back twice"
    ours, theirs, known = _parts(first), _parts(second), _parts(original)
    common = [part for key, part in ours.items() if key in theirs and key not in known]
    return f"two values that came back share a {type(common[0]).__qualname__}: {common[0]!r:.100}" if common else ""


def _parts(value: Any) -> dict[int, Any]:
    """Give the containers in a value that can be changed, by their id."""
    found: dict[int, Any] = {}
    seen: dict[int, Any] = {}
    queue = deque([value])
    while queue and len(seen) < _MOST:
        part = queue.popleft()
        if id(part) in seen or isinstance(part, _SKIPPED):
            continue
        seen[id(part)] = part
        if type(part) in _CONTAINERS:
            found[id(part)] = part
        if isinstance(part, dict):
            queue.extend(part.values())
        elif isinstance(part, (list, tuple, set, frozenset, deque)):
            queue.extend(part)
        queue.extend(attributes_of(part).values())
    return found
