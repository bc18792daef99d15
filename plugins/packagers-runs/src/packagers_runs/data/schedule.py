"""When a source is read again: a cron expression, checked when it is set.

The five fields are those of crontab (a sixth in front of them counts seconds). Where clocks are put forward or back the rule is that of
Debian's cron: a time of day that is left out fires as soon as the gap is over, one that comes twice fires once, and ``*`` follows the
clock.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from packagers_runs.errors import FieldError
from packagers_runs.models.fields import refuse

_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
_REMEDY = 'Give minute, hour, day of the month, month and day of the week, such as "30 2 * * 1-5".'


def check_schedule(expression: Any, field: str, owner: str) -> str | None:
    """Check a cron expression.

    Args:
        expression: It, or ``None``.
        field: The field that it is for, for messages.
        owner: The class that has the field.

    Returns:
        It, without white space around it.

    Raises:
        FieldError: It is no cron expression, or never fires.
    """
    if expression is None:
        return None
    if not isinstance(expression, str):
        refuse(field, owner, "a string", expression, _REMEDY)
    fires_after(expression, _BEFORE_ALL, 1)
    return expression.strip()


def fires_after(expression: str, after: datetime, count: int) -> list[datetime]:
    """List the next times of a cron expression.

    Args:
        expression: It.
        after: The moment after which they are, with a zone; the times are in that zone.
        count: How many.

    Raises:
        FieldError: It is no cron expression, or does not fire that often.
    """
    from cronsim import CronSim, CronSimError

    try:
        times = list(itertools.islice(CronSim(expression.strip(), after), count))
    except CronSimError as error:
        raise _refused(f"the schedule {expression!r:.80} is no cron expression: {error}") from error
    if len(times) < count:
        raise _refused(f"the schedule {expression!r:.80} has no {count} times within fifty years after {after.isoformat()}")
    return times


def _refused(message: str) -> FieldError:
    return FieldError(message, model="DataSource", field="schedule", remedy=_REMEDY)
