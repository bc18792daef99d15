"""The rule of choice, as a pure function.

*Nearest type wins; among equals the more specific item types, then the lower priority (1 to 10, 5 if unsaid, project registrations 3), then
project before plugin before core, then the preferred distributions, then the distribution's name.*
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packagers.discovery import LoadFailure, Registration
from packagers.packager import Packager

_ORIGINS = {"project": 0, "plugin": 1, "core": 2}
_RULES = ("farther type", "less specific item types", "higher PRIORITY", "origin", "not preferred", "later by name")


@dataclass(frozen=True)
class Candidate:
    """A packager whose type path matched, and how near it is.

    Attributes:
        registration: Where it comes from.
        distance: The index in the MRO that its path names.
        item_distance: The distance of its item types.
        fault: Why it is out of the question; empty where it is not.
        failure: The error where it cannot be loaded.
        off: Whether it was not even loaded, since it is switched off or its item types do not match.
    """

    registration: Registration
    distance: int
    item_distance: int
    fault: str = ""
    failure: LoadFailure | None = None
    off: bool = False

    @property
    def packager(self) -> type[Packager]:
        """The class; loaded already."""
        return self.registration.load()

    @property
    def priority(self) -> int | None:
        """The priority that counts; ``None`` where the class cannot be loaded."""
        if self.failure is not None or self.off:
            return None
        said = self.packager.PRIORITY
        return said if said is not None else 3 if self.registration.origin == "project" else 5

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
            "type": str(registration.path),
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


def ambiguous(first: Candidate, second: Candidate, prefer: Sequence[str]) -> bool:
    """Tell whether only the name decides between two candidates of two distributions."""
    return (
        first.rank(prefer)[:5] == second.rank(prefer)[:5] and first.registration.distribution != second.registration.distribution
    )


def verdicts(ordered: Sequence[Candidate], prefer: Sequence[str]) -> list[str]:
    """Say of each candidate why it was chosen or why it lost.

    Args:
        ordered: As :func:`order` gave them.
        prefer: The preferred distributions.
    """
    found = []
    for candidate in ordered:
        winner = ordered[0]
        if candidate.fault:
            found.append(f"lost: {candidate.fault}")
        elif candidate is winner:
            found.append("chosen")
        else:
            ours, theirs = candidate.rank(prefer), winner.rank(prefer)
            clause = next(i for i in range(len(ours)) if ours[i] != theirs[i])
            detail = f" ({ours[clause]} against {theirs[clause]})" if clause in (0, 2) else ""
            found.append(f"lost: {_RULES[clause]}{detail}")
    return found


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
            + [f"  {c['type']}  {c['distribution']} {c['version']}  {c['packager']}  {c['verdict']}" for c in self.candidates]
        )
