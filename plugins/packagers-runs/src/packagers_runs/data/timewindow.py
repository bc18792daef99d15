"""The part of the data that a source reads: after one moment, up to another. What has no time zone is in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import attrs

from packagers_runs.data.errors import DataError
from packagers_runs.errors import FieldError
from packagers_runs.models.fields import refuse

if TYPE_CHECKING:
    import pandas as pd

_FORM = "Write it in ISO 8601, such as 2026-01-31T12:00:00Z."


def as_moment(value: Any, field: str, owner: str) -> datetime | None:
    """Check a moment that was given as a datetime, a date or text.

    Args:
        value: It, or ``None``.
        field: The field that it is for, for messages.
        owner: The class that has the field.

    Raises:
        FieldError: It is none of these, or finer than a microsecond.
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise FieldError(f"{value!r:.80} is no time: {error}", model=owner, field=field, remedy=_FORM) from error
    if getattr(value, "nanosecond", 0) or value != value:  # a Timestamp of pandas
        refuse(field, owner, "a time of whole microseconds", value, _FORM)
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.timetz())
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else refuse(field, owner, "a time", value, _FORM)  # noqa: DTZ001


@attrs.frozen
class TimeWindow:
    """The moments ``t`` with ``start < t <= end``.

    Attributes:
        start: ``None`` for no lower bound.
        end: ``None`` for no upper bound.
    """

    start: datetime | None = None
    end: datetime | None = None

    def __bool__(self) -> bool:
        return self.start is not None or self.end is not None

    def in_utc(self) -> TimeWindow:
        """Give the same window with both bounds in UTC, with their zone."""
        return TimeWindow(*(bound and as_utc(bound) for bound in (self.start, self.end)))

    def bounds(self, *, zoned: bool) -> tuple[datetime | None, datetime | None]:
        """Give both bounds in UTC, as they compare with times that have a zone, or have none."""
        window = self.in_utc()
        return tuple(bound and (bound if zoned else bound.replace(tzinfo=None)) for bound in (window.start, window.end))  # type: ignore[return-value]  # two

    def check(self) -> None:
        """Check that the bounds are in order.

        Raises:
            FieldError: The start is after the end.
        """
        start, end = self.bounds(zoned=True)
        if start is not None and end is not None and start > end:
            raise FieldError(
                f"the window starts at {start.isoformat()}, after its end at {end.isoformat()}",
                model="DataSource",
                field="start_time",
                remedy="Exchange start_time and end_time.",
            )

    def apply(self, frame: pd.DataFrame, field: str) -> pd.DataFrame:
        """Give the rows whose time is in the window; a row without a time is in none.

        Args:
            frame: The data.
            field: The column with the times.
        """
        if not self:
            return frame
        times = as_times(frame[field])
        start, end = self.bounds(zoned=times.dt.tz is not None)
        kept = times.notna()
        if start is not None:
            kept &= times > start
        if end is not None:
            kept &= times <= end
        return frame if kept.all() else frame[kept]


def as_times(column: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column as times: text is read as ISO 8601, and comes in UTC where it has a zone.

    Raises:
        DataError: It holds no times.
    """
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return column
    if column.dtype.kind in "iufcb" or isinstance(column.dtype, pd.CategoricalDtype | pd.PeriodDtype):
        raise DataError(
            f"column {column.name!r} holds {column.dtype}, not times",
            remedy="Make it a column of datetimes, or of text in ISO 8601, or name another time_field.",
        )
    try:
        try:
            times = pd.to_datetime(column, format="ISO8601")
        except ValueError:  # zones that differ
            return pd.to_datetime(column, format="ISO8601", utc=True)
        # Each part of the data has to come out alike, whichever zones are in it.
        return times if times.dt.tz is None else times.dt.tz_convert("UTC")
    except (ValueError, TypeError) as error:
        raise DataError(f"column {column.name!r} holds something else than times: {error}", remedy=_FORM) from error


def as_utc(moment: datetime) -> datetime:
    """Give a moment in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
