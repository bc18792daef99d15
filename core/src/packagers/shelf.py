"""Where registrations stand until a class turns up that they are for.

A registration is found by the path of a class, where it was defined, and by every path under which a loaded module shows it
(``torch.nn.Module`` is defined in ``torch.nn.modules.module``, ``io.BytesIO`` in ``_io``). The names that no loaded module has shown yet
wait, by their top-level package, until one does. What a class was found to match is remembered.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from packagers.registration import Order, Registration
from packagers.typepath import STREAM, is_unfinished, lookup, path_of

_MOST_CLASSES = 10_000
"""How many classes are remembered; programs that make classes all the time must not fill the memory."""


class Level(NamedTuple):
    """The registrations at one distance from a class.

    Attributes:
        distance: The index in the MRO of the class.
        registrations: Sorted by name.
    """

    distance: int
    registrations: tuple[Registration, ...]


class Matches:
    """The registrations that match a class; the same object as long as the answer is the same.

    Attributes:
        levels: By distance, nearest first.
        with_items: Those whose path names item types, so that what the object holds decides too.
    """

    __slots__ = ("levels", "with_items")

    def __init__(self, levels: Iterable[Level]) -> None:
        self.levels = tuple(levels)
        every = (registration for level in self.levels for registration in level.registrations)
        self.with_items = tuple(registration for registration in every if registration.has_items)


class Shelf:
    """All registrations of one registry.

    Args:
        registrations: The first of them.

    Attributes:
        modules: How many modules were loaded when it was last looked at what they show; 0 where that may have changed since.
        edition: Another number whenever a class may match something else than before.
    """

    def __init__(self, registrations: Iterable[Registration] = ()) -> None:
        self._by_name: defaultdict[str, dict[Order, Registration]] = defaultdict(dict)
        self._by_distribution: defaultdict[str, dict[Order, Registration]] = defaultdict(dict)
        self._by_identity: defaultdict[str, dict[Order, Registration]] = defaultdict(dict)
        self._hidden: defaultdict[str, set[str]] = defaultdict(set)
        self._shown: defaultdict[type[Any], set[str]] = defaultdict(set)
        self._matches: dict[type[Any], Matches] = {}
        self.modules = 0
        self.edition = 0
        self._lock = threading.RLock()
        for registration in registrations:
            self.add(registration)

    def add(self, registration: Registration) -> None:
        """Put a registration in; it replaces one that is called the same (a cell of a notebook, run again)."""
        path = registration.path
        with self._lock:
            self._by_distribution[registration.distribution][registration.order] = registration
            self._by_identity[registration.identity][registration.order] = registration
            if path is not None:
                if path.name not in self._by_name and path.name != STREAM:
                    self._hidden[path.package].add(path.name)
                    self.modules = 0
                self._by_name[path.name][registration.order] = registration
            self._forget()

    def __iter__(self) -> Iterator[Registration]:
        with self._lock:
            found = [registration for registrations in self._by_distribution.values() for registration in registrations.values()]
        return iter(_sorted(found))

    def of_distribution(self, name: str) -> tuple[Registration, ...]:
        """Give what one distribution registers, sorted by name."""
        with self._lock:
            return _sorted(self._by_distribution.get(name, {}).values())

    def of_identity(self, identity: str) -> tuple[Registration, ...]:
        """Give the registrations of one packager, sorted by name."""
        with self._lock:
            return _sorted(self._by_identity.get(identity, {}).values())

    def matches(self, cls: type[Any] | None) -> Matches:
        """Give the registrations that match a class; ``None`` gives those for ``Iterator``.

        Streams (objects with ``__next__``) match ``Iterator`` just before they match ``object``.
        """
        if cls is None:
            with self._lock:
                return Matches([Level(0, self._named({STREAM}))])
        found = self._matches.get(cls) if self.modules == len(sys.modules) else None
        if found is None:
            with self._lock:
                self.look_around()
                found = self._matches.get(cls)
                if found is None:
                    if len(self._matches) >= _MOST_CLASSES:
                        self._matches = {}
                    found = self._matches[cls] = Matches(self._levels(cls))
        return found

    def _levels(self, cls: type[Any]) -> Iterator[Level]:
        distance = 0
        for base in cls.__mro__:
            names = [{path_of(base)} | self._shown.get(base, set())]
            if base is object and hasattr(cls, "__next__"):
                names.insert(0, {STREAM})
            for each in names:
                found = self._named(each)
                if found:
                    yield Level(distance, found)
                distance += 1

    def _named(self, names: set[str]) -> tuple[Registration, ...]:
        return _sorted(registration for name in names if name in self._by_name for registration in self._by_name[name].values())

    def look_around(self) -> None:
        """Find the names that a module shows that was loaded in the meantime; one that is being loaded is looked at again."""
        with self._lock:
            modules = len(sys.modules)
            self.modules = modules if self._find_shown() else 0

    def _find_shown(self) -> bool:
        """Look for every name that nothing has shown yet; tell whether all modules that could were loaded to their end."""
        is_over = True
        for package in self._hidden.keys() & set(sys.modules):
            for name in list(self._hidden[package]):
                is_over = is_over and not is_unfinished(name)
                cls = lookup(name)
                if cls is not None:
                    self._hidden[package].discard(name)
                    if name not in self._shown[cls]:
                        self._shown[cls].add(name)
                        self._forget()
            if not self._hidden[package]:
                del self._hidden[package]
        return is_over

    def _forget(self) -> None:
        self._matches = {}
        self.edition += 1


def _sorted(registrations: Iterable[Registration]) -> tuple[Registration, ...]:
    return tuple(sorted(registrations, key=lambda registration: registration.order))
