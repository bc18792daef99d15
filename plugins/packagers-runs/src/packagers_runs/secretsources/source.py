"""The base of every source of secrets, and how names are chosen from what it has."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from packagers_runs.errors import FieldError, RunsError
from packagers_runs.nearest import unknown_name


class SecretError(RunsError):
    """Secrets could not be read; no value is in the message."""


class SecretSource(abc.ABC):
    """Reads secrets from one place.

    A subclass is registered as an entry point of the group ``packagers.secrets``, under the name that ``kind`` then takes.

    Args:
        source: What the task says of the place, as its kind takes it.
    """

    def __init__(self, source: Any) -> None:
        self.source = source

    @abc.abstractmethod
    def read(self) -> dict[str, str]:
        """Read the secrets that the task names; all that are accessible where it names none.

        Raises:
            SecretError: They cannot be read.
            UnknownNameError: There is none of a name; says which there are.
        """


def names_of(source: Any, kind: str) -> list[str]:
    """Give the names that a source lists: as text with commas, or a list; an empty one is for all.

    Args:
        source: The text or list.
        kind: The kind of source, for messages.

    Raises:
        FieldError: It is neither.
    """
    names = source.split(",") if isinstance(source, str) else source
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise FieldError(
            f"the names of {kind} secrets must be a list of text",
            model="RunSpec",
            field="secret_sources",
            remedy="Write ['NAME', …], or [].",
        )
    return [name.strip() for name in names if name.strip()]


def settings_of(source: Any, kind: str, known: tuple[str, ...]) -> dict[str, Any]:
    """Give a source as a dict; a list or text is the names alone.

    Args:
        source: The source.
        kind: Its kind, for messages.
        known: The keys that it may have, besides ``secrets``, the names.

    Raises:
        UnknownNameError: It has another key.
    """
    given = dict(source) if isinstance(source, Mapping) else {"secrets": source}
    for name in given:
        if name not in ("secrets", *known):
            raise unknown_name("setting", name, ("secrets", *known), owner=f"a source of {kind} secrets")
    return {**given, "secrets": names_of(given.get("secrets") or [], kind)}


def chosen(found: Mapping[str, str], names: list[str], place: str) -> dict[str, str]:
    """Choose secrets by name.

    Args:
        found: All of a place.
        names: The names; an empty list for all.
        place: What has them, for messages.

    Raises:
        UnknownNameError: There is none of a name.
    """
    for name in names:
        if name not in found:
            raise unknown_name("secret", name, found, owner=place)
    return {name: found[name] for name in names or found}
