"""How far a run has come: its states, which may follow which, and what it gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from packagers_runs.errors import FieldError
from packagers_runs.models.fields import anything, choice, integer, mapping, model, refuse, sequence, text
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.models.notification import Notification, hide_values


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


def _check_time(value: Any, field: str, owner: str) -> str | None:
    if isinstance(value, datetime):
        return utc_text(value)
    return value if value is None or isinstance(value, str) else refuse(field, owner, "an ISO 8601 time", value)


def _check_dicts(value: list[Any], field: str, owner: str) -> list[Any]:
    for place, item in enumerate(value):
        if not isinstance(item, Mapping):
            refuse(f"{field}[{place}]", owner, "a dict", item)
    return value


def _check_rows(value: list[Any], field: str, owner: str) -> list[Any]:
    for place, item in enumerate(value):
        if not isinstance(item, list | tuple):
            refuse(f"{field}[{place}]", owner, "a list", item, "Each row of the table of iterations is one.")
    return [list(item) for item in value]


def _check_notifications(value: dict[str, Any], field: str, owner: str) -> dict[str, Any]:
    for name, item in value.items():
        if not isinstance(item, Mapping | Notification):
            refuse(f"{field}[{name!r}]", owner, "a dict or a Notification", item)
    return value


def _hide_all(value: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**item, "secret_params": hide_values(item["secret_params"])}
        if isinstance(item, Mapping) and item.get("secret_params")
        else item
        for name, item in value.items()
    }


def _check_uris(value: dict[str, Any], field: str, owner: str) -> dict[str, str]:
    for key, uri in value.items():
        if not isinstance(uri, str):
            refuse(f"{field}[{key!r}]", owner, "a string", uri)
    return value


@model
class RunStatus(ModelObj):
    """How far a run has come, and what it gave.

    Args:
        state: One of :class:`RunStates`; ``created`` if ``None``.
        error: What went wrong, in one text.
        host: The machine that it ran on.
        commit: The commit of the source that it ran from, where that is known.
        status_text: What it says of itself.
        results: Its results by key, each of its own type.
        artifacts: The documents of its artifacts.
        start_time: When it began, ISO 8601 in UTC; a ``datetime`` becomes that.
        last_update: When anything of it changed.
        iterations: The table of its iterations, the header first.
        ui_url: Where its report is.
        reason: Why it is in this state, such as ``lost``.
        notifications: How each notification went, by name.
        end_time: When it ended.
        artifact_uris: The ``store://`` addresses of its artifacts, by key.
        retry_count: How many attempts came before this one.
        error_type: The class of the exception that ended it.
        traceback: The traceback of that exception.
    """

    STRIPPED: ClassVar[tuple[str, ...]] = ("artifacts",)

    state: str = choice("state", STATES, RunStates.created.value)
    error: str | None = text()
    host: str | None = text()
    commit: str | None = text()
    status_text: str | None = text()
    results: dict[str, Any] = mapping()
    artifacts: list[Any] = sequence(check=_check_dicts)
    start_time: str | None = anything(check=_check_time)
    last_update: str | None = anything(check=_check_time)
    iterations: list[list[Any]] = sequence(check=_check_rows)
    ui_url: str | None = text()
    reason: str | None = text()
    notifications: dict[str, Any] = mapping(check=_check_notifications, document=_hide_all)
    end_time: str | None = anything(check=_check_time)
    artifact_uris: dict[str, str] = mapping(check=_check_uris)
    retry_count: int | None = integer(least=0)
    error_type: str | None = text()
    traceback: str | None = text()

    def is_failed(self) -> bool:
        """Tell whether the run ended with an error."""
        return self.state == RunStates.error
