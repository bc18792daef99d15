"""The registry: finds the packager of a value or of a hint, and says why it is that one. It is stateless but for caches."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packagers import choice, subject
from packagers.catalogue import plugin_for
from packagers.choice import Candidate, Explanation
from packagers.config import logger, read_project, settings
from packagers.discovery import Extension, Installed, LoadFailure, Registration, installed_version, load_reference, project_types, scan
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
from packagers.subject import NO_CHUNK, Direction, Subject
from packagers.typehint import Alternative, alternatives, path_of_hint
from packagers.typepath import parse, path_of


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


class Registry:
    """Finds packagers.

    Args:
        discover: Whether to read the installed distributions; without, only the core's own packagers and what is added are known.
    """

    def __init__(self, discover: bool = True) -> None:
        self._discover = discover
        self._start(None)

    @classmethod
    def for_project(cls, path: str | Path) -> Registry:
        """Make the registry of a project: what is installed, and what the ``pyproject.toml`` in that folder registers.

        Args:
            path: The project's folder.
        """
        registry = cls.__new__(cls)
        registry._discover = True
        registry._start(Path(path).resolve())
        return registry

    def _start(self, folder: Path | None) -> None:
        self._shelf = Shelf()
        self._added: list[Registration] = []
        self._found: dict[tuple[Any, ...], Found] = {}
        self._instances: dict[type[Packager], Packager] = {}
        self._warned: set[Any] = set()
        self.project = read_project(folder) if folder is not None else None
        installed = scan() if self._discover else Installed()
        for registration in installed.types:
            self._shelf.add(registration)
        for registration in project_types(self.project.folder, self.project.types) if self.project else ():
            self._shelf.add(registration)
        self.hooks = Hooks(installed.hooks, self.setting("disable"))
        self.hooks.register_all(lambda extension: Registrar(self._shelf, extension))

    def __reduce__(self) -> tuple[Any, ...]:
        folder = self.project.folder if self.project else None
        return _rebuild, (self._discover, folder, [(r.type_path, r.given or r.reference) for r in self._added])

    def __iter__(self) -> Iterator[Registration]:
        """Give every registration, sorted by name."""
        return iter(self._shelf)

    def add(self, type_path: str, packager: type[Packager] | str) -> None:
        """Register a packager from running code.

        Args:
            type_path: The type, such as ``"pkg.Type"`` or ``"dict[str, pkg.Type]"``.
            packager: The class, or a reference ``"module:Class"`` that is loaded when it is needed.

        Raises:
            PackagerDefinitionError: For a malformed type path, or a class that is no packager.
        """
        registration = make_registration(type_path, packager, None)
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
            found = load_reference(packager, self.project.folder if self.project else None) if isinstance(packager, str) else packager
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
        prefer, disable = self.setting("prefer"), self.setting("disable")
        key = (type(obj), artifact_type, prefer, disable)
        found = self._found.get(key)
        if found is None:
            found, by_class = self._choose(subject.of_value(obj, chunk), artifact_type)
            if by_class:
                self._found[key] = found
        return found

    def find_for_hint(self, hint: Any, artifact_type: str | None = None) -> Found:
        """Find the packager that unpacks as one alternative of a hint.

        Args:
            hint: An alternative, or a hint whose first alternative counts.
            artifact_type: From what; ``None`` for anything.

        Raises:
            NoPackagerError: As for :meth:`find`.
            UnknownArtifactTypeError: As for :meth:`find`.
        """
        alternative = hint if isinstance(hint, Alternative) else alternatives(hint)[0]
        return self._choose(subject.of_hint(alternative), artifact_type)[0]

    def candidates(self, obj_or_hint: Any, artifact_type: str | None = None) -> list[Candidate]:
        """List the packagers that could take a value or a hint, best first; loads all whose type matches."""
        return [c for c in self._ordered(subject.of_either(obj_or_hint), artifact_type) if not c.fault]

    def explain(self, obj_or_hint: Any, artifact_type: str | None = None, *, direction: Direction | None = None) -> Explanation:
        """Say which packager is chosen for a value or a hint, and why each other candidate lost.

        Args:
            obj_or_hint: A value; or a class or another hint.
            artifact_type: As what, or from what; ``None`` for anything.
            direction: For a class, whether values of it are packed or it is unpacked as (the default).
        """
        asked = subject.of_either(obj_or_hint, direction)
        ordered = self._ordered(asked, artifact_type)
        lines = zip(ordered, choice.verdicts(ordered, self.setting("prefer")), strict=True)
        return Explanation(asked.name, asked.direction, artifact_type, tuple(c.to_dict(verdict) for c, verdict in lines))

    def is_packable(self, obj: Any, artifact_type: str | None = None) -> bool:
        """Tell whether a value can be packed, as ``artifact_type`` or at all."""
        return any(not candidate.fault for candidate in self._ordered(subject.of_value(obj), artifact_type))

    def is_unpackable(self, hint: Any, artifact_type: str | None = None) -> bool:
        """Tell whether something can be unpacked as a hint, from ``artifact_type`` or at all."""
        return any(not c.fault for a in alternatives(hint) for c in self._ordered(subject.of_hint(a), artifact_type))

    def recorded(self, identity: str, object_type: str) -> list[Registration]:
        """Find the registrations of a recorded packager, that of the recorded type path first.

        Where its class is gone, what the same distribution registers for the type path now is given.

        Args:
            identity: ``distribution:module.Class``.
            object_type: The recorded type path.
        """
        distribution = identity.partition(":")[0]
        same = self._shelf.of_distribution(distribution)
        found = [r for r in same if r.identity == identity] or [r for r in same if str(r.path) == object_type]
        return sorted(found, key=lambda registration: str(registration.path) != object_type)

    def by_identity(self, identity: str, object_type: str) -> Registration | None:
        """Find the registration of a recorded packager; ``None`` where there is none. See :meth:`recorded`."""
        return next(iter(self.recorded(identity, object_type)), None)

    def instance(self, registration: Registration) -> Packager:
        """Give the packager of a registration, made once.

        Raises:
            LoadFailure: Where it cannot be loaded.
        """
        cls = registration.load()
        found = self._instances.get(cls)
        return found if found is not None else self._instances.setdefault(cls, cls())

    def setting(self, name: str) -> Any:
        """Give the value of a setting, those of the project counted."""
        return settings.get(name, self.project)

    def _levels(self, asked: Subject) -> Sequence[Level]:
        return self._shelf.levels(asked.cls) if asked.cls is not None else self._shelf.streams()

    def _ordered(self, asked: Subject, artifact_type: str | None) -> list[Candidate]:
        """Give all candidates at all distances, best first."""
        found = [c for distance, level in self._levels(asked) for c in self._weigh(asked, artifact_type, distance, level)]
        return choice.order(found, self.setting("prefer"))

    def _choose(self, asked: Subject, artifact_type: str | None) -> tuple[Found, bool]:
        """Choose among the candidates of the nearest type that has any; tell whether the class alone decided."""
        prefer = self.setting("prefer")
        failure: LoadFailure | None = None
        by_class = True
        for distance, level in self._levels(asked):
            weighed = choice.order(self._weigh(asked, artifact_type, distance, level), prefer)
            for candidate in weighed:
                if candidate.failure is not None:
                    if candidate.registration.mandatory:
                        raise candidate.failure
                    self._warn(candidate.failure, PluginLoadWarning)
                    if not _is_for_all(candidate.registration):
                        failure = failure or candidate.failure
                by_class = by_class and _by_class(candidate)
            viable = [candidate for candidate in weighed if not candidate.fault]
            if viable:
                best = viable[0]
                if failure is not None and _is_for_all(best.registration):
                    break
                if len(viable) > 1 and choice.ambiguous(best, viable[1], prefer):
                    self._warn_ambiguous(asked, best, viable[1])
                if _is_for_all(best.registration):
                    self._suggest(asked)
                return Found(best.registration, self.instance(best.registration), distance), by_class
        if failure is not None:
            raise NoPackagerError(
                f"no packager can {asked.direction} {asked.name}: {failure.args[0]}", distribution=failure.distribution, remedy=failure.remedy
            ) from failure
        raise self._none(asked, artifact_type)

    def _weigh(self, asked: Subject, artifact_type: str | None, distance: int, level: Iterable[Registration]) -> Iterator[Candidate]:
        """Turn the registrations of one distance into candidates; only those whose item types match are loaded."""
        disable = self.setting("disable")
        for registration in level:
            path = registration.path
            assert path is not None
            loose = asked.items(path, True)
            if registration.distribution in disable:
                yield Candidate(registration, distance, loose or 0, "switched off by the setting 'disable'", off=True)
            elif loose is None:
                yield Candidate(registration, distance, 0, "its item types do not match", off=True)
            else:
                try:
                    packager = self.instance(registration)
                except LoadFailure as failure:
                    yield Candidate(registration, distance, loose, str(failure.args[0]), failure)
                    continue
                yield Candidate(registration, distance, loose, self._fault(asked, artifact_type, packager, registration, distance))

    def _fault(self, asked: Subject, artifact_type: str | None, packager: Packager, registration: Registration, distance: int) -> str:
        """Say why a packager whose type matched is out of the question; nothing where it is not."""
        cls = type(packager)
        assert registration.path is not None
        if not cls.PACK_SUBCLASSES and ((distance and asked.cls is not None) or asked.items(registration.path, False) is None):
            return "it takes its exact type alone (PACK_SUBCLASSES is not set)"
        known = cls.artifact_types(asked.direction)
        if not known:
            return f"it does not {asked.direction}"
        if artifact_type is not None and artifact_type not in known:
            return f"it has no {asked.direction}_{artifact_type}"
        try:
            return "" if asked.holds(packager, artifact_type) else "it says that this is none of its values"
        except Exception as error:
            self._warn(f"{registration.identity} failed when it was asked whether it holds: {error!r}", PluginLoadWarning)
            return f"it failed when it was asked: {type(error).__name__}: {error}"

    def _none(self, asked: Subject, artifact_type: str | None) -> NoPackagerError | UnknownArtifactTypeError:
        """Make the error for a subject that nobody takes."""
        known: set[str] = set()
        for candidate in self._ordered(asked, None):
            if not candidate.fault:
                known.update(candidate.packager.artifact_types(asked.direction))
        verb = asked.direction
        if artifact_type is not None and known:
            return UnknownArtifactTypeError(
                f"no packager can {verb} {asked.name} as artifact type {artifact_type!r}",
                known=sorted(known),
                remedy=f"It can be {verb}ed as: {', '.join(sorted(known))}.",
            )
        plugin = plugin_for(asked.name.partition(".")[0])
        remedy = f"pip install {plugin}" if plugin else "Write a packager for it and register it in [tool.packagers.types]."
        return NoPackagerError(f"no packager can {verb} {asked.name}", remedy=remedy)

    def _suggest(self, asked: Subject) -> None:
        """Say once in the log which plugin of ours would do better than the fallback."""
        plugin = plugin_for(asked.name.partition(".")[0])
        if plugin and (plugin, asked.name) not in self._warned and not any(r.distribution == plugin for r in self):
            self._warned.add((plugin, asked.name))
            logger.warning("%s has no packager of its own here and is pickled; pip install %s", asked.name, plugin)

    def _warn_ambiguous(self, asked: Subject, best: Candidate, second: Candidate) -> None:
        first, other = best.registration.distribution, second.registration.distribution
        self._warn(
            f"{first} and {other} both {asked.direction} {asked.name} and are equal in all but the name; {first} is taken. "
            f'Settle it with [tool.packagers] prefer = ["{other}"], or prefer = ["{first}"].',
            AmbiguousPackagerWarning,
        )

    def _warn(self, message: str | LoadFailure, category: type[Warning]) -> None:
        """Warn once of each thing."""
        text = str(message)
        if text not in self._warned:
            self._warned.add(text)
            warnings.warn(text, category, stacklevel=6)


class Registrar:
    """What ``packagers_register`` gets: registers under the name of the distribution whose hook is called.

    Args:
        shelf: Where registrations go.
        extension: The entry point that is called; ``None`` for the core.
    """

    def __init__(self, shelf: Shelf, extension: Extension | None) -> None:
        self._shelf = shelf
        self._extension = extension

    def add(self, type_path: str, packager: type[Packager] | str) -> None:
        """Register a packager: a class, or a reference ``"module:Class"`` that is loaded when it is needed."""
        self._shelf.add(make_registration(type_path, packager, self._extension, core=self._extension is None))


def make_registration(type_path: str, packager: type[Packager] | str, extension: Extension | None, *, core: bool = False) -> Registration:
    """Make the registration of a packager that code registers.

    Raises:
        PackagerDefinitionError: For a malformed type path, or a class that is no packager.
    """
    parse(type_path)
    if isinstance(packager, str):
        reference, given = packager, None
    elif isinstance(packager, type) and issubclass(packager, Packager):
        reference, given = f"{packager.__module__}:{packager.__qualname__}", packager
    else:
        raise PackagerDefinitionError(f"{packager!r} is no subclass of Packager", remedy="Give the class itself, or 'module:Class'.")
    if core:
        return Registration(type_path, reference, "packagers", installed_version("packagers"), "core", given=given)
    if extension is None:
        return Registration(type_path, reference, "project", "", "project", given=given)
    return Registration(type_path, reference, extension.distribution, extension.version, "plugin", given=given)


def default_registry() -> Registry:
    """Give the registry of what is installed; made again when ``sys.path`` has changed."""
    key = tuple(sys.path)
    if key not in _DEFAULT:
        _DEFAULT.clear()
        _DEFAULT[key] = Registry()
    return _DEFAULT[key]


_DEFAULT: dict[tuple[str, ...], Registry] = {}


def _rebuild(discover: bool, folder: Path | None, added: list[tuple[str, Any]]) -> Registry:
    registry = Registry.for_project(folder) if folder is not None else Registry(discover)
    for type_path, packager in added:
        registry.add(type_path, packager)
    return registry


def _is_for_all(registration: Registration) -> bool:
    """Tell whether a registration is for ``object``: the fallbacks."""
    return registration.path is not None and registration.path.name == "object"


def _by_class(candidate: Candidate) -> bool:
    """Tell whether only the class of a value decides on a candidate."""
    path = candidate.registration.path
    if candidate.off or candidate.failure is not None:
        return not (path and path.items)
    cls = candidate.packager
    return not (path and path.items) and cls.holds is Packager.holds and cls.is_packable.__func__ is Packager.is_packable.__func__
