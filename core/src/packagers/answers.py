"""What a registry has answered, for as long as it holds: until a registration, a loaded module or a setting may change the choice."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from packagers.choice import Preferences
from packagers.itemtypes import first_classes, may_fit
from packagers.shelf import Matches, Shelf
from packagers.subject import NO_CHUNK, fit_in
from packagers.typepath import TypePath

T = TypeVar("T")
Key = tuple[Any, ...]
MOST = 10_000
"""How many answers of one kind are kept; then all are forgotten."""


class Answers(Generic[T]):
    """Answers that rest on one edition of the registrations and on one state of the settings.

    What they rest on is known before a question is answered, so that an answer that is late is entered where nobody looks any more.

    Args:
        shelf: The registrations.
        preferences: What the settings say.

    Attributes:
        preferences: What the settings say.
        are_current: Tells whether the settings are what they were when they were last looked at.
        edition: That of the registrations.
        found: What was found for the values of a class, where no artifact type was asked for.
        found_as: The same by artifact type and class; ``None`` for what nobody takes.
        fitting: The same of containers, by how well their items fit the paths that name some; by the first where it fits none.
        for_class: What reads as a class, by artifact type and class.
    """

    def __init__(self, shelf: Shelf, preferences: Preferences) -> None:
        self.preferences = preferences
        self.are_current: Callable[[], bool] = bool
        self.edition = shelf.edition
        self.found: dict[type[Any], T] = {}
        self.found_as: defaultdict[str | None, dict[type[Any], T | None]] = defaultdict(dict)
        self.fitting: dict[Key, T | None] = {}
        self.for_class: dict[Key, T] = {}
        self._shelf = shelf
        self._possible: dict[Key, list[tuple[int, TypePath]]] = {}

    def begun(self, obj: Any, artifact_type: str | None, chunk: Any) -> Key | None:
        """Give the key of a container by its first item; ``None`` for anything else."""
        classes = first_classes(obj) if chunk is NO_CHUNK else None
        # Another module may show an item's class under another name.
        return None if classes is None else (artifact_type, len(sys.modules), type(obj), *classes)

    def key_of(self, obj: Any, artifact_type: str | None, chunk: Any) -> Key | None:
        """Give the key of a value whose items count; ``None`` where its class alone does."""
        matches = self._shelf.matches(type(obj))
        if not matches.with_items:
            return None
        possible = self._possible_for(matches, first_classes(obj) if chunk is NO_CHUNK else None)
        if not possible:
            return self.begun(obj, artifact_type, chunk)
        fits = [(number, fit_in(path, obj, chunk)) for number, path in possible]
        return artifact_type, matches, *[fit for fit in fits if fit[1] is not None]

    def _possible_for(self, matches: Matches, classes: tuple[type[Any], ...] | None) -> list[tuple[int, TypePath]]:
        """Give the paths that the first item of a container leaves possible, each with its number."""
        key = len(sys.modules), matches, classes
        possible = self._possible.get(key)
        if possible is None:
            paths = [(number, each.path) for number, each in enumerate(matches.with_items) if each.path]
            possible = [(number, path) for number, path in paths if classes is None or may_fit(path, classes)]
            if key[0] == self._shelf.modules:  # and none is being loaded
                kept(self._possible)[key] = possible
        return possible

    def enter(self, key: Key | None, obj: Any, artifact_type: str | None, found: T | None) -> None:
        """Enter what was found for a value.

        Args:
            key: What :meth:`key_of` gave.
            obj: The value.
            artifact_type: As what a packager was looked for.
            found: The answer; ``None`` where nobody takes it.
        """
        if key is not None:
            kept(self.fitting)[key] = found
            return
        kept(kept(self.found_as)[artifact_type])[type(obj)] = found
        if artifact_type is None and found is not None:
            kept(self.found)[type(obj)] = found


def kept(answers: Any, most: int = MOST) -> Any:
    """Give a collection of answers, emptied where it has become too large."""
    if len(answers) >= most:
        answers.clear()
    return answers
