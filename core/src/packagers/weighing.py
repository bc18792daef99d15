"""Registrations whose type matches become candidates: each is loaded, and asked whether it takes what a packager is looked for."""

from __future__ import annotations

from collections.abc import Callable

from packagers.choice import SWITCHED_OFF, Candidate, Preferences
from packagers.itemtypes import OPEN
from packagers.loading import LoadFailure, guarded
from packagers.packager import Packager
from packagers.registration import Registration
from packagers.subject import Subject
from packagers.typepath import STREAM

_IS_PACKABLE, _IS_UNPACKABLE = (getattr(method, "__func__", None) for method in (Packager.is_packable, Packager.is_unpackable))


class Scales:
    """Weighs registrations for one subject.

    Args:
        asked: What a packager is looked for.
        artifact_type: As what, or from what; ``None`` for anything.
        preferences: Which distributions are switched off.
        instance: Gives the packager of a registration.
    """

    def __init__(
        self, asked: Subject, artifact_type: str | None, preferences: Preferences, instance: Callable[[Registration], Packager]
    ) -> None:
        self._asked = asked
        self._artifact_type = artifact_type
        self._preferences = preferences
        self._instance = instance

    def weigh(self, registration: Registration, distance: int) -> Candidate:
        """Weigh one registration; it is loaded only where its item types match.

        Args:
            registration: Its type matches.
            distance: How near it is.
        """
        path, has_items = registration.path, registration.has_items
        fit = OPEN if path is None or not has_items else self._asked.items(path)
        if registration.distribution in self._preferences.disable:
            return Candidate(registration, distance, (fit or OPEN).distance, fault=SWITCHED_OFF)
        if fit is None:
            return Candidate(registration, distance, OPEN.distance, fault="its item types do not match")
        try:
            packager = self._instance(registration)
        except LoadFailure as failure:
            why = str(failure.args[0])
            return Candidate(registration, distance, fit.distance, None, why, failure, str(failure))
        # Every iterator is a stream: only the class of its chunks counts.
        is_class = distance == 0 or self._asked.cls is None or (path is not None and path.name == STREAM)
        fault, complaint = self._fault(registration, packager, exact=fit.exact and is_class)
        inside = _looks_inside(type(packager)) if self._asked.direction == "pack" else _looks_at_hints(type(packager))
        return Candidate(registration, distance, fit.distance, registration.priority, fault, None, complaint, inside)

    def _fault(self, registration: Registration, packager: Packager, *, exact: bool) -> tuple[str, str]:
        """Say why a packager whose type matched is out of the question, and what is to be reported of it; nothing where it is not."""
        try:
            with guarded("it failed when it was asked", registration.distribution):
                return self._refusal(packager, exact=exact), ""
        except LoadFailure as failure:
            why = str(failure.args[0])
            return why, f"{registration.identity} is left out for a {self._asked.name}: {why}"

    def _refusal(self, packager: Packager, *, exact: bool) -> str:
        """Ask a packager itself."""
        direction, artifact_type = self._asked.direction, self._artifact_type
        if not exact and not packager.PACK_SUBCLASSES:
            return "it takes its exact type alone (PACK_SUBCLASSES is not set)"
        known = packager.artifact_types(direction)
        if not known:
            return f"it does not {direction}"
        if artifact_type is not None and artifact_type not in known:
            return f"it has no {direction}_{artifact_type}"
        return "" if self._asked.holds(packager, artifact_type) else "it says that this is none of its values"


def _looks_inside(cls: type[Packager]) -> bool:
    """Tell whether a packager has a method of its own that looks at values, not at their class alone."""
    return cls.holds is not Packager.holds or getattr(cls.is_packable, "__func__", None) is not _IS_PACKABLE


def _looks_at_hints(cls: type[Packager]) -> bool:
    """Tell whether a packager has a method of its own that looks at hints, not at the class that they name alone."""
    return getattr(cls.is_unpackable, "__func__", None) is not _IS_UNPACKABLE
