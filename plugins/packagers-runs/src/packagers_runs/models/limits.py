"""How long a run may take, and how often it is tried."""

from __future__ import annotations

from typing import Any

from packagers_runs.errors import FieldError
from packagers_runs.models.durations import seconds_of
from packagers_runs.models.fields import anything, integer, model, nested
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.nearest import unknown_name

THRESHOLDS = ("executing", "pending_scheduled", "pending_not_scheduled", "image_pull_backoff")
"""The states that a run may be in for a limited time; which of them occur is the executor's affair."""


def check_thresholds(value: dict[str, Any], field: str, owner: str) -> dict[str, Any]:
    """Check time limits by state; they stay as they were written.

    Raises:
        UnknownNameError: There is no such state.
        FieldError: A limit is no length of time, or zero.
    """
    for name, limit in value.items():
        if name not in THRESHOLDS:
            raise unknown_name("state threshold", name, THRESHOLDS)
        if seconds_of(limit, f"{field}[{name!r}]", owner) == 0:
            raise FieldError(
                f"Parameter {field}[{name!r}] must be longer than nothing", model=owner, field=field, remedy="-1 is no limit at all."
            )
    return value


def _check_delay(value: Any, field: str, owner: str) -> Any:
    if value is not None and seconds_of(value, field, owner) is None:
        raise FieldError(f"Parameter {field} must be a length of time", model=owner, field=field, remedy="A delay ends; write '30s'.")
    return value


@model
class RetryBackoff(ModelObj):
    """How long to wait before another attempt.

    Args:
        base_delay: The time before the first, such as ``"30s"``; it doubles from attempt to attempt.
    """

    base_delay: Any = anything(check=_check_delay)


@model
class Retry(ModelObj):
    """How often a run is tried.

    Args:
        count: How many attempts may follow the first.
        backoff: How long to wait before each, a :class:`RetryBackoff` or a dict of its fields.
    """

    count: int | None = integer(least=0)
    backoff: RetryBackoff = nested(RetryBackoff)
