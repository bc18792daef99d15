"""The registry: finds the packager of a value or of a hint, and says why it is that one. It is stateless but for caches."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packagers import choice, subject
from packagers.advice import missing_plugin, no_packager
from packagers.answers import Answers, kept
from packagers.choice import Candidate, Explanation, Preferences
from packagers.config import Project, read_project, settings, warn_in_log, watch
from packagers.discovery import Installed, canonical_name, scan
from packagers.errors import (
    AmbiguousPackagerWarning,
    NoPackagerError,
    PackagerDefinitionError,
    PackagersError,
    PluginLoadWarning,
    SettingError,
)
from packagers.hooks import Hooks
from packagers.loading import LoadFailure, guarded, load_reference, one_at_a_time, with_colon
from packagers.loghint import LogHint
from packagers.packager import Packager
from packagers.registration import PROJECT, Order, Registration, is_packager, of_code, of_entry_point, of_project
from packagers.shelf import Shelf
from packagers.subject import NO_CHUNK, Direction, Subject
from packagers.typehint import Alternative, alternatives, path_of_hint
from packagers.typepath import lookup, parse
from packagers.weighing import Scales


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """The packager that was chosen for the values of a class.

    Attributes:
        registration: Where it comes from.
        packager: An instance.
        distance: The index in the MRO that its path names: 0 for the very class.
        forms: As what it packs those values, by the artifact type that is asked for; whoever packs enters that.
    """

    registration: Registration
    packager: Packager
    distance: int
    forms: dict[str | None, Any] = field(default_factory=dict, repr=False)


class Registry:
    """Finds packagers.

    Args:
        discover: Whether to read the installed distributions; without, only the core's own packagers and what is added are known.
    """

    def __init__(self, discover: bool = True) -> None:
        self._set_up(discover, None)

    @classmethod
    def for_project(cls, path: str | Path) -> Registry:
        """Make the registry of a project: what is installed, and what the ``pyproject.toml`` in that folder registers.

        Args:
            path: The project's folder.

        Raises:
            SettingError: Where there is no such folder, or its table is wrong.
            PackagerDefinitionError: For a malformed type path.
        """
        registry = cls.__new__(cls)
        project = read_project(path)
        check_defaults(project)
        registry._set_up(True, project)
        return registry

    def _set_up(self, discover: bool, project: Project | None) -> None:
        self._discover = discover
        self._added: dict[Order, Registration] = {}
        self._by_preferences: dict[Preferences, Answers[Found]] = {}
        self._instances: dict[type[Packager], Packager] = {}
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        self.project = project
        installed = scan() if discover else Installed()
        self._shelf = Shelf(_declared(installed, project))
        self._answers = Answers[Found](self._shelf, self._preferences())
        self.hooks = Hooks(installed.hooks, self._preferences().disable)
        for registration in self.hooks.registrations():
            self._shelf.add(registration)

    def __reduce__(self) -> tuple[Any, ...]:
        folder = self.project.folder if self.project else None
        added = tuple(self._added.values())  # at one stroke: another thread may be adding
        return _rebuild, (self._discover, folder, [(each.type_path, each.given or each.reference) for each in added])

    def __iter__(self) -> Iterator[Registration]:
        """Give every registration, sorted by name."""
        return iter(self._shelf)

    def add(self, type_path: str, packager: type[Packager] | str) -> None:
        """Register a packager from running code. One that is registered again under the same name replaces the earlier one.

        Args:
            type_path: The type, such as ``"pkg.Type"`` or ``"dict[str, pkg.Type]"``.
            packager: The class, or a reference ``"module:Class"`` that is loaded when it is needed.

        Raises:
            PackagerDefinitionError: For a malformed type path, or a class that is no packager.
        """
        registration = of_code(type_path, packager)
        self._added[registration.order] = registration
        self._shelf.add(registration)

    def add_custom_packager(self, packager: type[Packager] | str, is_mandatory: bool = False) -> None:
        """Register a packager that names its own type in ``PACKABLE_OBJECT_TYPE``.

        Args:
            packager: The class, or where to import it from, such as ``"pkg.mod.Class"``.
            is_mandatory: Whether a failure to import it is an error; otherwise it is a warning and the packager is left out.

        Raises:
            PackagerDefinitionError: Where it is mandatory and cannot be imported, or names no type.
        """
        found: Any = packager
        try:
            if isinstance(packager, str):
                with guarded(f"the custom packager {packager} cannot be imported", PROJECT, "Make it importable, or make it optional."):
                    found = load_reference(with_colon(packager), self.project.folder if self.project else None)
        except LoadFailure as failure:
            if is_mandatory:
                raise PackagerDefinitionError(str(failure.args[0]), remedy=failure.remedy) from failure
            warnings.warn(str(failure.args[0]), PluginLoadWarning, stacklevel=2)
            return
        if not is_packager(found) or found.PACKABLE_OBJECT_TYPE is None:
            raise PackagerDefinitionError(f"{packager} is no Packager that names its PACKABLE_OBJECT_TYPE", remedy="Set it to the type.")
        named = found.PACKABLE_OBJECT_TYPE
        for type_path in (named,) if isinstance(named, str) else map(path_of_hint, alternatives(named)):
            self.add(type_path, found)

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
        answers, shelf = self._answers, self._shelf
        if answers.edition != shelf.edition or len(sys.modules) != shelf.modules or not answers.are_current():
            answers = self._renewed()
        found = answers.found.get(type(obj)) if artifact_type is None else answers.found_as.get(artifact_type, _NOTHING).get(type(obj))
        return self._find(obj, artifact_type, chunk, answers) if found is None else found

    def _find(self, obj: Any, artifact_type: str | None, chunk: Any, answers: Answers[Found]) -> Found:
        """Find the packager of a value of a class that is not known, or whose items count too."""
        key = answers.begun(obj, artifact_type, chunk)
        found = None if key is None else answers.fitting.get(key)
        if found is None:
            key = answers.key_of(obj, artifact_type, chunk)
            found = None if key is None else answers.fitting.get(key)
        if found is None:
            found, is_general = self._choose(subject.of_value(obj, chunk), artifact_type, answers.preferences)
            if is_general:
                answers.enter(key, obj, artifact_type, found)
        return found

    def _renewed(self) -> Answers[Found]:
        """Look what the answers rest on now; give those that hold from now on."""
        shelf = self._shelf
        if len(sys.modules) != shelf.modules:
            shelf.look_around()
        are_current, preferences = watch(), self._preferences()
        answers = self._by_preferences.get(preferences)
        if answers is None or answers.edition != shelf.edition:
            answers = kept(self._by_preferences, _MOST_SETTINGS)[preferences] = Answers(shelf, preferences)
        answers.are_current, self._answers = are_current, answers
        return answers

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
        answers, shelf, cls = self._answers, self._shelf, alternative.type
        if answers.edition != shelf.edition or len(sys.modules) != shelf.modules or not answers.are_current():
            answers = self._renewed()
        if cls is None or alternative.hint is not cls:  # its items count, or what it says besides
            return self._choose(subject.of_hint(alternative), artifact_type, answers.preferences)[0]
        found = answers.for_class.get((artifact_type, cls))
        if found is None:
            found, is_general = self._choose(subject.of_hint(alternative), artifact_type, answers.preferences)
            if is_general:
                kept(answers.for_class)[artifact_type, cls] = found
        return found

    def candidates(self, obj_or_hint: Any, artifact_type: str | None = None) -> list[Candidate]:
        """List the packagers that could take a value or a hint, best first; loads all whose type matches."""
        preferences = self._preferences()
        return [
            candidate
            for asked in subject.of_either(obj_or_hint)
            for candidate in self._weigh_all(asked, artifact_type, preferences)
            if not candidate.fault
        ]

    def explain(self, obj_or_hint: Any, artifact_type: str | None = None, *, direction: Direction | None = None) -> Explanation:
        """Say which packager is chosen for a value or a hint, and why each other candidate lost.

        Args:
            obj_or_hint: A value; or a class or another hint.
            artifact_type: As what, or from what; ``None`` for anything.
            direction: For a class, whether values of it are packed or it is unpacked as (the default).
        """
        preferences = self._preferences()
        subjects = subject.of_either(obj_or_hint, direction)
        lines: list[dict[str, Any]] = []
        for asked in subjects:
            ordered = self._weigh_all(asked, artifact_type, preferences)
            decided = any(line["verdict"] == "chosen" for line in lines)
            for candidate, verdict in zip(ordered, choice.verdicts(ordered, preferences.prefer), strict=True):
                lines.append(candidate.to_dict("lost: an earlier alternative" if decided and verdict == "chosen" else verdict))
        name = " | ".join(asked.name for asked in subjects)
        return Explanation(name, subjects[0].direction, artifact_type, tuple(lines))

    def is_packable(self, obj: Any, artifact_type: str | None = None) -> bool:
        """Tell whether a packager is found for a value, as ``artifact_type`` or at all."""
        answers, shelf = self._answers, self._shelf
        if answers.edition != shelf.edition or len(sys.modules) != shelf.modules or not answers.are_current():
            answers = self._renewed()
        known = answers.found_as.get(artifact_type, _NOTHING).get(type(obj), _UNKNOWN)
        return self._is_packable(obj, artifact_type, answers) if known is _UNKNOWN else known is not None

    def _is_packable(self, obj: Any, artifact_type: str | None, answers: Answers[Found]) -> bool:
        """Tell the same of a value of a class that is not known, or whose items count too."""
        key = answers.key_of(obj, artifact_type, NO_CHUNK)
        known = _UNKNOWN if key is None else answers.fitting.get(key, _UNKNOWN)
        if known is not _UNKNOWN:
            return known is not None
        decisive, weighed = self._decide(subject.of_value(obj), artifact_type, answers.preferences)
        if decisive is None and not any(each.looks_inside or each.failure or each.complaint for each in weighed):
            answers.enter(key, obj, artifact_type, None)
        return decisive is not None and decisive.failure is None

    def is_unpackable(self, hint: Any, artifact_type: str | None = None) -> bool:
        """Tell whether a packager is found for a hint, from ``artifact_type`` or at all."""
        return any(self._is_found(subject.of_hint(alternative), artifact_type) for alternative in alternatives(hint))

    def recorded(self, identity: str, object_type: str) -> list[Registration]:
        """Find the registrations of a recorded packager, that of the recorded type path first.

        Where its class is gone, what the same distribution registers for the type now is given.

        Args:
            identity: ``distribution:module.Class``.
            object_type: The recorded type path.
        """
        found = self._shelf.of_identity(identity) or self._successors(identity.partition(":")[0], object_type)
        return sorted(found, key=lambda registration: str(registration.path) != object_type)

    def _successors(self, distribution: str, object_type: str) -> list[Registration]:
        """Find what a distribution registers now for a recorded type, or else for the nearest parent of its class."""
        same = [each for each in self._shelf.of_distribution(distribution) if str(each.path) == object_type]
        cls = lookup(object_type.partition("[")[0])
        if same or cls is None:
            return same
        every = (registration for level in self._shelf.matches(cls).levels for registration in level.registrations)
        return [each for each in every if each.distribution == distribution and not each.is_fallback and not each.has_items][:1]

    def by_identity(self, identity: str, object_type: str) -> Registration | None:
        """Find the registration of a recorded packager; ``None`` where there is none. See :meth:`recorded`."""
        return next(iter(self.recorded(identity, object_type)), None)

    def instance(self, registration: Registration) -> Packager:
        """Give the packager of a registration, made once for each class.

        Raises:
            LoadFailure: Where it cannot be loaded, or not be made without arguments.
        """
        cls = registration.load()
        found = self._instances.get(cls)
        if found is None:
            with one_at_a_time():
                found = self._instances.get(cls)
                found = self._instances.setdefault(cls, registration.make()) if found is None else found
        return found

    def setting(self, name: str) -> Any:
        """Give the value of a setting, those of the project counted."""
        return settings.get(name, self.project)

    def is_disabled(self, distribution: str) -> bool:
        """Tell whether a distribution is switched off."""
        return canonical_name(distribution) in self._preferences().disable

    def _preferences(self) -> Preferences:
        return choice.preferences(self.setting("prefer"), self.setting("disable"))

    def _weigh_all(self, asked: Subject, artifact_type: str | None, preferences: Preferences) -> list[Candidate]:
        """Give the candidates at all distances, best first."""
        scales = Scales(asked, artifact_type, preferences, self.instance)
        levels = self._shelf.matches(asked.cls).levels
        found = (scales.weigh(registration, distance) for distance, registrations in levels for registration in registrations)
        return choice.order(found, preferences.prefer)

    def _decide(self, asked: Subject, artifact_type: str | None, preferences: Preferences) -> tuple[Candidate | None, list[Candidate]]:
        """Weigh what is nearest, then what is farther until something is found; give what decides, and what was weighed."""
        scales = Scales(asked, artifact_type, preferences, self.instance)
        weighed: list[Candidate] = []
        decisive: Candidate | None = None
        for distance, registrations in self._shelf.matches(asked.cls).levels:
            weighed = choice.order([*weighed, *(scales.weigh(each, distance) for each in registrations)], preferences.prefer)
            decisive = choice.decide(weighed)
            if decisive is not None and decisive.failure is None:
                break
        for candidate in weighed:
            if candidate.complaint and not (candidate is decisive and candidate.registration.mandatory):
                self._warn(candidate.complaint, PluginLoadWarning)
        return decisive, weighed

    def _is_found(self, asked: Subject, artifact_type: str | None) -> bool:
        decisive, _ = self._decide(asked, artifact_type, self._preferences())
        return decisive is not None and decisive.failure is None

    def _choose(self, asked: Subject, artifact_type: str | None, preferences: Preferences) -> tuple[Found, bool]:
        """Choose a packager; tell whether it is the same for all values of that class whose items fit the same."""
        decisive, weighed = self._decide(asked, artifact_type, preferences)
        if decisive is None:
            raise no_packager(asked, artifact_type, self._weigh_all(asked, None, preferences), self._shelf)
        if decisive.failure is not None:
            failure = decisive.failure
            message = f"no packager can {asked.direction} {asked.name}: {failure.args[0]}"
            raise NoPackagerError(message, distribution=failure.distribution, remedy=failure.remedy) from failure
        rival = choice.rival(weighed, decisive, preferences.prefer)
        if rival is not None:
            self._warn_ambiguous(asked, decisive, rival)
        registration = decisive.registration
        if registration.is_fallback:
            self._suggest(asked)
        found = Found(registration, self.instance(registration), decisive.distance)
        return found, not any(candidate.looks_inside for candidate in weighed)

    def _suggest(self, asked: Subject) -> None:
        """Say once in the log which plugin of ours would do better than the fallback."""
        plugin = missing_plugin(asked, self._shelf)
        if plugin is not None and self._is_news(f"{asked.name} has no packager of its own"):
            warn_in_log("%s has no packager of its own here and is pickled; pip install %s", asked.name, plugin)

    def _warn_ambiguous(self, asked: Subject, best: Candidate, second: Candidate) -> None:
        first, other = best.registration.distribution, second.registration.distribution
        self._warn(
            f"{first} and {other} both {asked.direction} {asked.name} and are equal in all but the name; {first} is taken. "
            f'Settle it with [tool.packagers] prefer = ["{other}"], or prefer = ["{first}"].',
            AmbiguousPackagerWarning,
        )

    def _warn(self, message: str, category: type[Warning]) -> None:
        """Warn once of each thing."""
        if self._is_news(message):
            warnings.warn(message, category, stacklevel=6)

    def _is_news(self, message: str) -> bool:
        with self._lock:
            news = message not in self._reported
            self._reported.add(message)
        return news


def declared(project: Project | None = None) -> list[Registration]:
    """Give what is registered without any code running: by the core, by entry points and by a project; sorted by name.

    Args:
        project: The project that counts, if any.
    """
    return list(Shelf([*Hooks().registrations(), *_declared(scan(), project)]))


def _declared(installed: Installed, project: Project | None) -> Iterator[Registration]:
    yield from map(of_entry_point, installed.types)
    if project is not None:
        yield from of_project(project.folder, project.types)


def default_registry() -> Registry:
    """Give the registry of what is installed; another one for another ``sys.path`` and for another setting ``disable``."""
    key = (*sys.path, settings.get("disable"))
    found = _DEFAULT.get(key)
    if found is None:
        with one_at_a_time():
            found = _DEFAULT.get(key)
            if found is None:
                made = Registry()
                if len(_DEFAULT) >= _MOST_DEFAULTS:
                    _DEFAULT.clear()
                found = _DEFAULT.setdefault(key, made)
    return found


_DEFAULT: dict[tuple[Any, ...], Registry] = {}
_MOST_DEFAULTS = 8
"""How many registries of what is installed are kept: threads may have different settings."""
_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_UNKNOWN: Any = object()
_MOST_SETTINGS = 16
"""For how many states of the settings a registry remembers its answers."""


def _rebuild(discover: bool, folder: Path | None, added: list[tuple[str, Any]]) -> Registry:
    registry = Registry.for_project(folder) if folder is not None else Registry(discover)
    for type_path, packager in added:
        registry.add(type_path, packager)
    return registry


def check_defaults(project: Project) -> None:
    """Check a project's standard forms before anything is packed by them.

    Raises:
        SettingError: For one that cannot be read.
    """
    for type_path, text in project.defaults.items():
        try:
            parse(type_path)
            LogHint.parse(f"key : {text}")
        except PackagersError as error:
            raise SettingError(
                f"[tool.packagers.defaults] says {text!r} of {type_path!r}, and that cannot be read: {error.args[0]}",
                setting="defaults",
                file=project.folder / "pyproject.toml",
                remedy=error.remedy or "Write the second half of a log hint, such as 'dataset[format=\"parquet\"]'.",
            ) from error
