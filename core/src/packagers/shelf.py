"""Where registrations stand until they are looked for: in buckets by the top-level package of their type path.

Only the buckets of the packages in a class's MRO are looked at, and what a class was found to match is remembered.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from packagers.discovery import Registration
from packagers.typepath import STREAM, lookup, path_of

Level = tuple[int, tuple[Registration, ...]]


class Bucket:
    """The registrations of one top-level package, by name, and by class once a loaded module shows the class."""

    def __init__(self) -> None:
        self.by_name: defaultdict[str, list[Registration]] = defaultdict(list)
        self._names_of: dict[type[Any], set[str]] = {}
        self._unresolved: set[str] = set()
        self._modules = 0

    def add(self, name: str, registration: Registration) -> None:
        """Put a registration in."""
        if name not in self.by_name:
            self._unresolved.add(name)
            self._modules = 0
        self.by_name[name].append(registration)

    def of(self, cls: type[Any]) -> list[Registration]:
        """Give the registrations whose path names exactly this class."""
        if self._unresolved and self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            for name in list(self._unresolved):
                found = lookup(name)
                if found is not None:
                    self._names_of.setdefault(found, set()).add(name)
                    self._unresolved.discard(name)
        names = self._names_of.get(cls, set()) | {path_of(cls)}
        return [registration for name in names for registration in self.by_name.get(name, ())]

    @property
    def is_settled(self) -> bool:
        """Whether every name has been found among the loaded modules."""
        return not self._unresolved


class Shelf:
    """All registrations of one registry."""

    def __init__(self) -> None:
        self._buckets: defaultdict[str, Bucket] = defaultdict(Bucket)
        self._all: list[Registration] = []
        self._by_distribution: defaultdict[str, list[Registration]] = defaultdict(list)
        self._levels: dict[type[Any], tuple[int, tuple[Level, ...]]] = {}
        self._lock = threading.RLock()

    def add(self, registration: Registration) -> None:
        """Put a registration in."""
        with self._lock:
            self._all.append(registration)
            self._by_distribution[registration.distribution].append(registration)
            if registration.path is not None:
                self._buckets[registration.path.package].add(registration.path.name, registration)
            self._levels.clear()

    def __iter__(self) -> Iterator[Registration]:
        return iter(sorted(self._all, key=lambda registration: registration.order))

    def of_distribution(self, name: str) -> list[Registration]:
        """Give what one distribution registers, sorted by name."""
        return sorted(self._by_distribution.get(name, ()), key=lambda registration: registration.order)

    def levels(self, cls: type[Any]) -> tuple[Level, ...]:
        """Give the registrations that match a class, nearest first.

        Streams (objects with ``__next__``) match ``Iterator`` just before they match ``object``.

        Returns:
            Pairs of the distance and the registrations at that distance, without empty ones.
        """
        modules, found = self._levels.get(cls, (0, ()))
        if modules == -1 or modules == len(sys.modules):
            return found
        with self._lock:
            levels: list[Level] = []
            settled = True
            for index, base in enumerate(cls.__mro__):
                if base is object and hasattr(cls, "__next__"):
                    self._append(levels, index, self._buckets["builtins"].by_name.get(STREAM, []))
                    index += 1
                bucket = self._buckets.get("builtins" if base.__module__ == "builtins" else str(base.__module__).partition(".")[0])
                if bucket is not None:
                    self._append(levels, index, bucket.of(base))
                    settled = settled and bucket.is_settled
            found = tuple(levels)
            self._levels[cls] = (-1 if settled else len(sys.modules), found)
        return found

    def streams(self) -> tuple[Level, ...]:
        """Give the registrations for ``Iterator``."""
        return ((0, tuple(self._buckets["builtins"].by_name.get(STREAM, []))),)

    @staticmethod
    def _append(levels: list[Level], distance: int, registrations: list[Registration]) -> None:
        if registrations:
            levels.append((distance, tuple(sorted(registrations, key=lambda registration: registration.order))))
