"""The registry: finds the packager of a value or of a hint, and says why it is that one. It is stateless but for caches."""

from __future__ import annotations

import sys
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from packagers import choice
from packagers.catalogue import plugin_for
from packagers.choice import Candidate
from packagers.config import Project, logger, read_project, settings
from packagers.discovery import Extension, LoadFailure, Origin, Registration, load_reference, project_types, scan
from packagers.errors import (
    AmbiguousPackagerWarning,
    NoPackagerError,
    PackagerDefinitionError,
    PluginLoadWarning,
    UnknownArtifactTypeError,
)
from packagers.hooks import Hooks
from packagers.packager import Packager
from packagers.shelf import Level, Shelf
from packagers.typehint import Alternative, alternatives, path_of_hint
from packagers.typepath import STREAM, TypePath, hint_distance, item_distance, parse, path_of, value_distance

Direction = Literal["pack", "unpack"]
NO_CHUNK: Any = object()


@dataclass(frozen=True)
class Found:
    """The packager that was chosen.

    Attributes:
        registration: Where it comes from.
        packager: An instance.
        distance: The index in the MRO that its path names: 0 for the very class.
    """

    registration: Registration
    packager: Packager
    distance: int


@dataclass(frozen=True)
class Explanation:
    """All candidates for a value or a hint, in order, and why each was chosen or lost."""

    subject: str
    direction: Direction
    artifact_type: str | None
    candidates: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form: the same bytes in every process that has the same things installed."""
        return {
            "subject": self.subject,
            "direction": self.direction,
            "artifact_type": self.artifact_type,
            "candidates": [dict(line) for line in self.candidates],
        }

    def __str__(self) -> str:
        asked = f" as {self.artifact_type}" if self.artifact_type else ""
        return "\n".join(
            [f"{self.direction} {self.subject}{asked}"]
            + [f"  {c['type']}  {c['distribution']} {c['version']}  {c['packager']}  {c['verdict']}" for c in self.candidates]
        )


@dataclass(frozen=True)
class Subject:
    """What a packager is looked for: a value, or one alternative of a hint.

    Attributes:
        direction: Values are packed, hints are unpacked.
        name: For messages.
        cls: The class whose MRO counts; ``None`` for the streams of a hint.
        items: Gives the distance of the item types of a path.
        holds: Asks a packager whether it is really the one.
    """

    direction: Direction
    name: str
    cls: type[Any] | None
    items: Callable[[TypePath, bool], int | None]
    holds: Callable[[Packager, str | None], bool]


def value_subject(obj: Any, chunk: Any = NO_CHUNK) -> Subject:
    """Describe a value.

    Args:
        obj: The value.
        chunk: The first chunk of a stream.
    """

    def items(path: TypePath, subclasses: bool) -> int | None:
        if path.name != STREAM or not path.items:
            return item_distance(path, obj, subclasses)
        return None if chunk is NO_CHUNK else value_distance(path.items[0], chunk, subclasses)

    return Subject("pack", path_of(type(obj)), type(obj), items, lambda packager, asked: packager.holds(obj) and packager.is_packable(obj, asked))


def hint_subject(alternative: Alternative) -> Subject:
    """Describe one alternative of a hint."""
    path = parse(path_of_hint(alternative))
    return Subject(
        "unpack",
        str(path),
        None if path.name == STREAM else alternative.type or object,
        lambda registered, subclasses: hint_distance(registered, path, subclasses),
        lambda packager, asked: packager.is_unpackable(alternative.hint, asked),
    )


class Registry:
    """Finds packagers.

    Args:
        discover: Whether to read the installed distributions; without, only the core's own packagers and what is added are known.
    """

    def __init__(self, discover: bool = True) -> None:
        self._discover = discover
        self._shelf = Shelf()
        self._added: list[Registration] = []
        self._found: dict[tuple[Any, ...], Found] = {}
        self._instances: dict[type[Packager], Packager] = {}
        self._warned: set[tuple[str, ...]] = set()
        self.project = Project()
        installed = scan() if discover else None
        for registration in installed.types if installed else ():
            self._shelf.add(registration)
        self.hooks = Hooks(installed.hooks if installed else (), self._register)

    @classmethod
    def for_project(cls, path: str | Path) -> Registry:
        """Make the registry of a project: what is installed, and what the ``pyproject.toml`` in that folder registers.

        Args:
            path: The project's folder.
        """
        registry = cls()
        registry.project = read_project(Path(path).resolve())
        for registration in project_types(Path(path).resolve(), registry.project.types):
            registry._shelf.add(registration)
        return registry

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._discover, self.project.folder, tuple(self._added))

    def __iter__(self) -> Iterator[Registration]:
        """Give every registration, sorted by name."""
        return iter(self._shelf)

    def _register(self, plugin: Callable[[Any], None], distribution: str, version: str, origin: Origin) -> None:
        """Let a hook module register packagers under the name of its distribution."""
        plugin(Registrar(self._shelf, distribution, version, origin))

    def add(self, type_path: str, packager: type[Packager] | str) -> None:
        """Register a packager from running code.

        Args:
            type_path: The type, such as ``"pkg.Type"`` or ``"dict[str, pkg.Type]"``.
            packager: The class, or a reference ``"module:Class"`` that is loaded when it is needed.

        Raises:
            PackagerDefinitionError: For a malformed type path, or a class that is no packager.
        """
        registration = make_registration(type_path, packager, "project", "", "project")
        self._shelf.add(registration)
        self._added.append(registration)
        self._found.clear()

    def add_custom_packager(self, packager: type[Packager] | str, is_mandatory: bool = False) -> None:
        """Register a packager that names its own type in ``PACKABLE_OBJECT_TYPE``.

        Args:
            packager: The class, or where to import it from, such as ``"pkg.mod.Class"``.
            is_mandatory: Whether a failure to import it is an error; otherwise it is a warning and the packager is left out.

        Raises:
            PackagerDefinitionError: Where it is mandatory and cannot be imported, or names no type.
        """
        try:
            found = load_reference(packager, self.project.folder) if isinstance(packager, str) else packager
        except (Exception, SystemExit) as error:
            message = f"the custom packager {packager} cannot be imported: {type(error).__name__}: {error}"
            if is_mandatory:
                raise PackagerDefinitionError(message, remedy="Make it importable, or register it as optional.") from error
            warnings.warn(message, PluginLoadWarning, stacklevel=2)
            return
        if not (isinstance(found, type) and issubclass(found, Packager)) or found.PACKABLE_OBJECT_TYPE is None:
            raise PackagerDefinitionError(f"{packager} is no Packager that names its PACKABLE_OBJECT_TYPE", remedy="Set it to the type.")
        named = found.PACKABLE_OBJECT_TYPE
        self.add(named if isinstance(named, str) else path_of_hint(alternatives(named)[0]), found)

    def find(self, obj: Any, artifact_type: str | None = None, *, chunk: Any = NO_CHUNK) -> Found:
        """Find the packager that packs a value.

        Args:
            obj: The value.
            artifact_type: As what; ``None`` for the packager's own default.
            chunk: The first chunk, where the value is a stream.

        Raises:
            NoPackagerError: Where there is none, or the one that there is cannot be loaded.
            UnknownArtifactTypeError: Where the type is known but not with this artifact type.
        """
        cls = type(obj)
        key = (cls, artifact_type, settings.prefer, settings.disable)
        found = self._found.get(key)
        if found is None:
            found, by_class = self._choose(value_subject(obj, chunk), artifact_type)
            if by_class:
                self._found[key] = found
        return found

    def find_for_hint(self, hint: Any, artifact_type: str | None = None) -> Found:
        """Find the packager that unpacks as one alternative of a hint (an ``Alternative``, or a hint whose first one counts).

        Raises:
            NoPackagerError: As for :meth:`find`.
            UnknownArtifactTypeError: As for :meth:`find`.
        """
        alternative = hint if isinstance(hint, Alternative) else alternatives(hint)[0]
        return self._choose(hint_subject(alternative), artifact_type)[0]

    def candidates(self, obj_or_hint: Any, artifact_type: str | None = None) -> list[Candidate]:
        """List the packagers that could take a value or a hint, best first; loads all whose type matches."""
        prefer = self._setting("prefer")
        return [c for c in choice.order(self._all(subject_of(obj_or_hint), artifact_type), prefer) if not c.fault]

    def explain(self, obj_or_hint: Any, artifact_type: str | None = None) -> Explanation:
        """Say which packager is chosen for a value or a hint, and why each other candidate lost."""
        subject = subject_of(obj_or_hint)
        prefer = self._setting("prefer")
        ordered = choice.order(self._all(subject, artifact_type), prefer)
        lines = tuple(c.to_dict(verdict) for c, verdict in zip(ordered, choice.verdicts(ordered, prefer), strict=True))
        return Explanation(subject.name, subject.direction, artifact_type, lines)

    def is_packable(self, obj: Any, artifact_type: str | None = None) -> bool:
        """Tell whether a value can be packed, as ``artifact_type`` or at all."""
        return bool(self.candidates(_as_value(obj), artifact_type))

    def is_unpackable(self, hint: Any, artifact_type: str | None = None) -> bool:
        """Tell whether something can be unpacked as a hint, from ``artifact_type`` or at all."""
        return any(
            not candidate.fault for alternative in alternatives(hint) for candidate in self._all(hint_subject(alternative), artifact_type)
        )

    def by_identity(self, identity: str, object_type: str) -> Registration | None:
        """Find the registration of a recorded packager; where its class is gone, what its distribution registers for the type path now."""
        distribution = identity.partition(":")[0]
        same = [registration for registration in self._shelf if registration.distribution == distribution]
        exact = [registration for registration in same if registration.identity == identity]
        wanted = parse(object_type)
        return next(iter(exact or [r for r in same if r.path is not None and (r.path.name, r.path.items) == (wanted.name, wanted.items)]), None)

    def instance(self, registration: Registration) -> Packager:
        """Give the packager of a registration, made once."""
        cls = registration.load()
        found = self._instances.get(cls)
        return found if found is not None else self._instances.setdefault(cls, cls())

    def _setting(self, name: str) -> Any:
        return settings.get(name, self.project)
