"""What other distributions bring: the entry points of a group, each loaded when it is used."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from packagers_runs.errors import RunsError
from packagers_runs.nearest import unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_Class = TypeVar("_Class")


def extension_names(group: str) -> list[str]:
    """List the names of the entry points of a group; nothing is imported."""
    return sorted({entry.name for entry in _entries(group)})


def load_extension(group: str, what: str, name: str, base: type[_Class]) -> type[_Class]:
    """Import the class of an entry point.

    Args:
        group: The group.
        what: What its entries are, for messages, such as ``"data driver"``.
        name: The name of the entry point.
        base: What its class has to be a subclass of.

    Raises:
        UnknownNameError: There is none of this name; says which there are.
        RunsError: Two distributions have one, it cannot be imported, or it is no such class.
    """
    found = {entry.value: entry for entry in _entries(group) if entry.name == name}
    if not found:
        raise unknown_name(what, name, extension_names(group))
    if len(found) > 1:
        owners = " and ".join(sorted(f"{_owner(entry)} ({entry.value})" for entry in found.values()))
        raise RunsError(f"two distributions have a {what} {name!r}: {owners}", remedy="Uninstall one of them.")
    (entry,) = found.values()
    cls = _loaded(entry, what)
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise RunsError(
            f"the {what} {name!r} is {entry.value}, which is no subclass of {base.__name__}",
            distribution=_owner(entry),
            remedy=f"Derive it from packagers_runs.{base.__name__}.",
        )
    return cls


def _entries(group: str) -> list[EntryPoint]:
    return list(_found(group, tuple(map(_version, sys.path))))


@functools.lru_cache(64)
def _found(group: str, places: tuple[tuple[str, int], ...]) -> tuple[EntryPoint, ...]:
    """Give the entry points of a group, as long as nothing is installed or removed in the places where they are looked for."""
    from importlib.metadata import entry_points  # 40 ms, and most programs ask for no extension

    return tuple(entry_points(group=group))


def _version(place: str) -> tuple[str, int]:
    try:
        return place, os.stat(place or os.curdir).st_mtime_ns
    except OSError:
        return place, 0


def _loaded(entry: EntryPoint, what: str) -> Any:
    try:
        return entry.load()
    except Exception as error:  # a stranger's module may raise anything
        raise RunsError(
            f"the {what} {entry.name!r} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}",
            distribution=_owner(entry),
            remedy="Install what it needs, or uninstall the distribution.",
        ) from error


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "unknown"
