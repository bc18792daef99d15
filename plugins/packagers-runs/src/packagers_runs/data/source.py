"""Where data comes from: a file, a folder, a database, a URL or a live frame, and which part of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import attrs

from packagers_runs.data.columntypes import joined
from packagers_runs.data.drivers.choosing import choose_driver
from packagers_runs.data.drivers.driver import DataDriver, Reading
from packagers_runs.data.errors import DataError
from packagers_runs.data.schedule import check_schedule, fires_after
from packagers_runs.data.timewindow import TimeWindow, as_moment, as_times
from packagers_runs.errors import FieldError
from packagers_runs.models.fields import anything, mapping, model, refuse, text
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.nearest import unknown_name

if TYPE_CHECKING:
    import pandas as pd

COMMON = ("schema", "storage_options")
"""The keys of ``attributes`` that every source knows."""
_ROWS = 100_000


def data_path(value: Any, field: str, owner: str) -> Any:
    """Check a path: text, a path object, or live data, which stays what it is."""
    if isinstance(value, PathLike):
        value = fspath(value)
    if isinstance(value, bytes | bool | int | float | Mapping | list | tuple):
        refuse(field, owner, "a string", value, "Give a path, a URL or a DataFrame.")
    return value


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@model
class DataSource(ModelObj):
    """A description of data to read, and of which part of it.

    Args:
        name: Its name.
        path: A file, a folder, a database or any URL, or a DataFrame.
        attributes: What the driver needs beyond that, such as ``{"table": "sales"}``; ``schema`` gives types by column, ``storage_options``
            is for the file system.
        key_field: The column that becomes the index of what is read.
        time_field: The column with the times; text in it becomes datetimes.
        schedule: When it shall be read again, as a cron expression.
        start_time: Only rows after this moment are read.
        end_time: Only rows up to this moment are read; what has no zone is in UTC.
        kind: The name of the driver; ``None`` takes the one that the path names.

    Raises:
        FieldError: A field has a value that it cannot have.
    """

    name: str | None = text()
    path: Any = anything(check=data_path)
    attributes: dict[str, Any] = mapping()
    key_field: str | None = text()
    time_field: str | None = text()
    schedule: str | None = anything(check=check_schedule)
    start_time: Any = anything(check=as_moment, document=_moment_text)
    end_time: Any = anything(check=as_moment, document=_moment_text)
    kind: str | None = text()

    def to_dataframe(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Read all of it.

        Args:
            columns: The columns to read; ``None`` for all.

        Raises:
            DataError: It cannot be read.
            UnknownNameError: There is no such driver, attribute or column; says which there are.
        """
        return joined(self._read(columns, None), ignore_index=self.key_field is None)

    def chunks(self, rows: int = _ROWS, columns: Collection[str] | None = None) -> Iterator[pd.DataFrame]:
        """Read part by part, at least one part (which may have no rows).

        Args:
            rows: How many rows a part has at most.
            columns: The columns to read; ``None`` for all.
        """
        if rows < 1:
            refuse("rows", "chunks", "an integer of at least 1", rows)
        first: pd.DataFrame | None = None
        empty = True
        for part in self._read(columns, rows):
            first = part if first is None else first
            for start in range(0, len(part), rows):
                empty = False
                yield part.iloc[start : start + rows]
        if empty and first is not None:
            yield first

    def next_fires(self, n: int = 1, after: datetime | None = None) -> list[datetime]:
        """List the next times of the schedule.

        Args:
            n: How many.
            after: The moment after which they are, now if ``None``; the times are in its zone, or in UTC if it has none.

        Raises:
            FieldError: There is no schedule.
        """
        if self.schedule is None:
            raise FieldError("the source has no schedule", model="DataSource", field="schedule", remedy="Set one, such as '30 2 * * 1-5'.")
        if n < 0:
            refuse("n", "next_fires", "an integer of at least 0", n)
        moment = after or datetime.now(UTC)
        return fires_after(self.schedule, moment if moment.tzinfo else moment.replace(tzinfo=UTC), n)

    def _read(self, columns: Collection[str] | None, rows: int | None) -> Iterator[pd.DataFrame]:
        driver = choose_driver(self.kind, self.path)
        yield from read_through(driver, self._reading(driver, rows), self.key_field, columns)

    def _reading(self, driver: DataDriver, rows: int | None) -> Reading:
        check_attributes("DataSource", self.attributes, (*COMMON, *sorted(driver.ATTRIBUTES)))
        window = TimeWindow(self.start_time, self.end_time)
        window.check()
        if window and self.time_field is None:
            raise FieldError(
                "the source has a window, and does not say which column has the times",
                model="DataSource",
                field="time_field",
                remedy="Set time_field.",
            )
        own = {name: value for name, value in self.attributes.items() if name not in COMMON}
        schema, options = (self.attributes.get(name) or {} for name in COMMON)
        for name, value in zip(COMMON, (schema, options), strict=True):
            if not isinstance(value, Mapping):
                refuse(f"attributes.{name}", "DataSource", "a dict", value)
        return Reading(
            path=self.path, attributes=own, schema=schema, storage_options=options, time_field=self.time_field, window=window, rows=rows
        )


def check_attributes(owner: str, attributes: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse an attribute that the driver does not know.

    Raises:
        UnknownNameError: There is one; says which was probably meant.
    """
    for name in attributes:
        if name not in known:
            raise unknown_name("attribute", name, known, owner=owner)


def read_through(driver: DataDriver, reading: Reading, key: str | None, columns: Collection[str] | None) -> Iterator[pd.DataFrame]:
    """Read through a driver, and keep what it need not look at: the window, the columns, the times and the key.

    Args:
        driver: The driver.
        reading: What to read; its columns are set here.
        key: The column that becomes the index.
        columns: The columns to give, besides the key; ``None`` for all.

    Raises:
        UnknownNameError: There is no such column.
    """
    if isinstance(columns, str):
        refuse("columns", "to_dataframe", "a list", columns, f"Write [{columns!r}].")
    wanted = None if columns is None else list(dict.fromkeys([*columns, *([key] if key else [])]))
    time = reading.time_field if wanted is None or reading.window or reading.time_field in wanted else None
    needed = None if wanted is None else tuple(dict.fromkeys([*wanted, *([time] if time else [])]))
    for frame in driver.read(attrs.evolve(reading, columns=needed)):
        for name in (*(wanted or ()), *(field for field in (time, key) if field)):
            if name not in frame.columns:
                raise unknown_name("column", name, [str(column) for column in frame.columns], owner="the data")
        if time is not None:
            frame = _with_times(frame, time)
            frame = reading.window.apply(frame, time)
        if wanted is not None:
            frame = frame[wanted]
        yield frame.set_index(key) if key else frame


def _with_times(frame: pd.DataFrame, field: str) -> pd.DataFrame:
    column = frame[field]
    if column.dtype.kind == "O" and not column.map(lambda value: isinstance(value, str)).any() and column.notna().any():
        return frame  # dates stay dates
    if column.dtype.kind == "O" or not hasattr(column, "dt"):
        try:
            return frame.assign(**{field: as_times(column)})
        except DataError as error:
            error.remedy = error.remedy or "Name another time_field."
            raise
    return frame
