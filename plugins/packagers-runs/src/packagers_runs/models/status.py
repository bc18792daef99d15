"""How far a run has come, and what it gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from packagers_runs.models.fields import anything, choice, integer, mapping, model, refuse, sequence, text
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.models.notification import Notification, hide_values
from packagers_runs.models.states import ABORTION_STATES as ABORTION_STATES
from packagers_runs.models.states import ERROR_STATES as ERROR_STATES
from packagers_runs.models.states import STATES as STATES
from packagers_runs.models.states import TERMINAL_STATES as TERMINAL_STATES
from packagers_runs.models.states import RunStates as RunStates
from packagers_runs.models.states import may_follow as may_follow
from packagers_runs.models.states import utc_text as utc_text


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
