"""The types of columns in databases: which SQL type an Arrow type becomes, and how a window is said in SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from packagers_runs.data.errors import DataError
from packagers_runs.data.timewindow import TimeWindow


class ZonedText(UserDefinedType[datetime]):
    """A moment with its zone in SQLite, which has no such type: text in ISO 8601 and UTC, so that its order is that of time."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Give the name under which it stands in the table's definition."""
        return "TIMESTAMP"

    def bind_processor(self, dialect: Any) -> Any:
        """Give what makes the text."""
        return lambda value: value and value.astimezone(UTC).isoformat(" ", "microseconds")


_SIMPLE = (
    (pa.types.is_boolean, sa.Boolean),
    (pa.types.is_integer, sa.BigInteger),
    (pa.types.is_floating, sa.Double),
    (pa.types.is_string, sa.Text),
    (pa.types.is_large_string, sa.Text),
    (pa.types.is_date, sa.Date),
    (pa.types.is_time, sa.Time),
    (pa.types.is_binary, sa.LargeBinary),
    (pa.types.is_large_binary, sa.LargeBinary),
    (pa.types.is_null, sa.Text),
)


def sql_type(name: str, kind: Any, dialect: str) -> Any:
    """Give the SQL type of a column.

    Args:
        name: The column, for messages.
        kind: Its Arrow type.
        dialect: The database's name.

    Raises:
        DataError: There is none.
    """
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return sa.DateTime()
        return ZonedText() if dialect == "sqlite" else sa.DateTime(timezone=True)
    if pa.types.is_decimal(kind):
        # SQLite keeps numbers with a fraction in binary, which would change them.
        return sa.Text() if dialect == "sqlite" else sa.Numeric(kind.precision, kind.scale)
    for fits, found in _SIMPLE:
        if fits(kind):
            return found()
    raise DataError(f"column {name!r} is {kind}, for which databases have no type", remedy="Convert it to numbers, text, times or bytes.")


def sql_rows(table: Any, dialect: str) -> list[dict[str, Any]]:
    """Give the rows of an Arrow table as a database takes them.

    Raises:
        DataError: A time is finer than a microsecond, which is the finest that databases have.
    """
    for place, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
            target = pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.time64("us")
            try:
                table = table.set_column(place, field.name, table.column(place).cast(target))
            except pa.ArrowInvalid as error:
                raise DataError(f"column {field.name!r} has times finer than a microsecond: {error}", remedy="Round them.") from error
        elif pa.types.is_decimal(kind) and dialect == "sqlite":
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return list(table.to_pylist())


def condition(column: Any, window: TimeWindow, dialect: str) -> Any:
    """Say a window in SQL.

    SQLite has no times, only text in one of many forms; there the condition lets a day more through on each side, and looks at the dates
    alone, which all forms begin with.

    Args:
        column: The column with the times.
        window: The window.
        dialect: The database's name.

    Returns:
        The condition; ``None`` for a window without bounds.
    """
    parts: list[Any] = []
    if dialect == "sqlite":
        days = window.in_utc()
        column = sa.type_coerce(column, sa.String)
        if days.start is not None:
            parts.append(column >= _day(days.start, -1))
        if days.end is not None:
            parts.append(column < _day(days.end, 2))
    else:
        zoned = dialect == "postgresql"  # whose sessions are set to UTC, so that times without a zone compare too
        lower, upper = window.bounds(zoned=zoned)
        kind = sa.DateTime(timezone=zoned)
        if lower is not None:
            parts.append(column > sa.bindparam(None, lower, kind))
        if upper is not None:
            parts.append(column <= sa.bindparam(None, upper, kind))
    return sa.and_(*parts) if parts else None


def _day(moment: datetime, days: int) -> str:
    try:
        return (moment + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return moment.date().isoformat() if days < 0 else "9999-12-32"
