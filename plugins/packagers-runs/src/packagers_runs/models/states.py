"""The states of a run, which may follow which, and times as runs record them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from packagers_runs.errors import FieldError


class RunStates(StrEnum):
    """The states of a run."""

    created = "created"
    pending = "pending"
    running = "running"
    completed = "completed"
    error = "error"
    aborting = "aborting"
    aborted = "aborted"
    skipped = "skipped"
    pending_retry = "pendingRetry"
    unknown = "unknown"

    @property
    def is_terminal(self) -> bool:
        """Whether a run stays in this state until ``resume`` or ``retry`` opens another attempt."""
        return self in TERMINAL_STATES


_S = RunStates
STATES = tuple(state.value for state in RunStates)
TERMINAL_STATES = frozenset({_S.completed, _S.error, _S.aborted, _S.skipped})
ABORTION_STATES = frozenset({_S.aborting, _S.aborted})
ERROR_STATES = frozenset({_S.error, _S.aborted, _S.pending_retry})
LIVE_STATES = tuple(state for state in STATES if state not in TERMINAL_STATES)

_FOLLOWERS: dict[str, frozenset[str]] = {
    _S.created: frozenset({_S.pending, _S.running, _S.skipped, _S.error, _S.aborting, _S.aborted}),
    _S.pending: frozenset({_S.running, _S.skipped, _S.error, _S.aborting, _S.aborted}),
    _S.running: frozenset({_S.completed, _S.error, _S.skipped, _S.aborting, _S.aborted, _S.pending_retry}),
    _S.aborting: frozenset({_S.aborted, _S.completed, _S.error}),  # it may have ended before it was told
    _S.pending_retry: frozenset({_S.pending, _S.running, _S.error, _S.aborting, _S.aborted}),
    _S.unknown: frozenset(RunStates) - {_S.unknown, _S.created},
}
_REOPENED: frozenset[str] = frozenset({_S.pending, _S.running, _S.pending_retry})


def may_follow(old: str, new: str, *, reopens: bool = False) -> bool:
    """Tell whether a run in one state may go over into another.

    Args:
        old: The state that it is in.
        new: The state that it is to be in.
        reopens: Whether ``resume`` or ``retry`` opens another attempt, as nothing else leaves a terminal state.

    >>> may_follow("running", "completed"), may_follow("completed", "running"), may_follow("completed", "running", reopens=True)
    (True, False, True)
    """
    if old in TERMINAL_STATES:
        return reopens and new in _REOPENED
    return new in _FOLLOWERS.get(old, frozenset())


def utc_text(time: datetime | None = None) -> str:
    """Give a time as runs record it: ISO 8601, in UTC, with microseconds.

    Args:
        time: A time with a zone; now if ``None``.

    Raises:
        FieldError: It has no zone.

    >>> utc_text(datetime(2026, 11, 22, 5, 30, tzinfo=UTC))
    '2026-11-22T05:30:00.000000+00:00'
    """
    if time is None:
        return datetime.now(UTC).isoformat(timespec="microseconds")
    if time.tzinfo is None:
        raise FieldError(f"{time.isoformat()} has no time zone", model="RunStatus", field="time", remedy="Use datetime.now(UTC).")
    return time.astimezone(UTC).isoformat(timespec="microseconds")
