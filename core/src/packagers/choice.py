"""The rule of choice, as pure functions.

*Nearest type wins; among equals the more specific item types, then the lower priority (1 to 10, 5 if unsaid, project registrations 3), then
project before plugin before core, then the preferred distributions, then the distribution's name.*

A candidate that cannot be loaded loses, but the fallback for ``object`` never stands in for it, and one that a project calls mandatory is
always the error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from packagers.discovery import canonical_name
from packagers.loading import LoadFailure
from packagers.packager import Packager
from packagers.registration import Registration

_ORIGINS = {"project": 0, "plugin": 1, "core": 2}
_CLAUSES = ("farther type", "less specific item types", "higher PRIORITY", "origin", "not preferred", "later by name")
_NAME = 5
SWITCHED_OFF = "switched off by the setting 'disable'"


class Preferences(NamedTuple):
    """What the settings say about distributions, in their normal form.

    Attributes:
        prefer: Those that win where all but the name is equal, the first most of all.
        disable: Those that are switched off.
    """

    prefer: tuple[str, ...]
    disable: frozenset[str]


@lru_cache(maxsize=64)
def preferences(prefer: tuple[str, ...], disable: tuple[str, ...]) -> Preferences:
    """Give the preferences of the settings ``prefer`` and ``disable``."""
    return Preferences(tuple(map(canonical_name, prefer)), frozenset(map(canonical_name, disable)))


@dataclass(frozen=True)
class Candidate:
    """A packager whose type path matched, and how near it is.

    Attributes:
        registration: Where it comes from.
        distance: The index in the MRO that its path names.
        item_distance: The distance of its item types.
        priority: The priority that counts; ``None`` where it was not loaded.
        fault: Why it is out of the question; empty where it is not.
        failure: The error where it cannot be loaded.
        complaint: What is to be reported of it, whoever is chosen.
        looks_inside: Whether a method of the packager looked at the value or the hint itself, not at its class and its item types alone.
    """

    registration: Registration
    distance: int
    item_distance: int
    priority: int | None = None
    fault: str = ""
    failure: LoadFailure | None = None
    complaint: str = ""
    looks_inside: bool = False

    @property
    def is_off(self) -> bool:
        """Whether it is switched off."""
        return self.fault == SWITCHED_OFF

    @property
    def packager(self) -> type[Packager]:
        """The class."""
        return self.registration.load()

    def rank(self, prefer: Sequence[str]) -> tuple[Any, ...]:
        """Give the sort key of the rule: one entry for each clause, then the whole name."""
        registration = self.registration
        preferred = prefer.index(registration.distribution) if registration.distribution in prefer else len(prefer)
        return (
            self.distance,
            self.item_distance,
            self.priority or 0,
            _ORIGINS[registration.origin],
            preferred,
            registration.order,
        )

    def to_dict(self, verdict: str) -> dict[str, Any]:
        """Give the JSON form of a line of ``explain``."""
        registration = self.registration
        return {
            "type": registration.type_path if registration.path is None else str(registration.path),
            "label": registration.path.label if registration.path else "",
            "distribution": registration.distribution,
            "version": registration.version,
            "packager": registration.reference,
            "origin": registration.origin,
            "distance": self.distance,
            "priority": self.priority,
            "verdict": verdict,
        }


def order(candidates: Iterable[Candidate], prefer: Sequence[str]) -> list[Candidate]:
    """Sort candidates: those that can be chosen first, best first."""
    return sorted(candidates, key=lambda candidate: (bool(candidate.fault), candidate.rank(prefer)))


def decide(ordered: Sequence[Candidate]) -> Candidate | None:
    """Apply the rule.

    Args:
        ordered: All candidates up to some distance, as :func:`order` gave them.

    Returns:
        The candidate that decides: the chosen one, or one that cannot be loaded and is the error; ``None`` where none is left.
    """
    best = ordered[0] if ordered and not ordered[0].fault else None
    broken = [each for each in ordered if each.failure and (best is None or each.distance <= best.distance)]
    mandatory = next((each for each in broken if each.registration.mandatory), None)
    if mandatory is not None:
        return mandatory
    if best is None or best.registration.is_fallback:
        return next((each for each in broken if not each.registration.is_fallback), best)
    return best


def rival(ordered: Sequence[Candidate], chosen: Candidate, prefer: Sequence[str]) -> Candidate | None:
    """Give the candidate of another distribution that only its name keeps from being chosen."""
    others = (other for other in ordered if other.registration.distribution != chosen.registration.distribution)
    return next((other for other in others if not other.fault and other.rank(prefer)[:_NAME] == chosen.rank(prefer)[:_NAME]), None)


def verdicts(ordered: Sequence[Candidate], prefer: Sequence[str]) -> list[str]:
    """Say of each candidate why it was chosen or why it lost.

    Args:
        ordered: All candidates, as :func:`order` gave them.
        prefer: The preferred distributions.
    """
    winner = decide(ordered)
    return [_verdict(candidate, winner, prefer) for candidate in ordered]


def _verdict(candidate: Candidate, winner: Candidate | None, prefer: Sequence[str]) -> str:
    if candidate is winner:
        return f"error: {candidate.fault}" if candidate.failure else "chosen"
    if candidate.fault or winner is None:
        return f"lost: {candidate.fault}"
    if winner.failure is not None:
        why = "is mandatory" if winner.registration.mandatory else "is nearer, and the fallback never stands in for it"
        return f"lost: {winner.registration.reference} {why}"
    ours, theirs = candidate.rank(prefer), winner.rank(prefer)
    clause = next(i for i in range(len(ours)) if ours[i] != theirs[i])
    detail = f" ({ours[clause]} against {theirs[clause]})" if clause in (0, 2) else ""
    return f"lost: {_CLAUSES[clause]}{detail}"


@dataclass(frozen=True)
class Explanation:
    """All candidates for a value or a hint, in order, and why each was chosen or lost."""

    subject: str
    direction: str
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
            + [f"  {_typed(c)}  {c['distribution']} {c['version']}  {c['packager']}  {c['verdict']}" for c in self.candidates]
        )


def _typed(line: Mapping[str, Any]) -> str:
    return f"{line['type']}#{line['label']}" if line["label"] else str(line["type"])
