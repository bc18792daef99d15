"""Where data goes: a file, a folder that is divided by keys, columns and time, a database or a live frame; always all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from packagers_runs.data.buffer import Clock, RowBuffer, SystemClock, rebatched
from packagers_runs.data.columntypes import joined
from packagers_runs.data.drivers.choosing import choose_driver
from packagers_runs.data.drivers.driver import DataDriver, Reading, Writing, Written
from packagers_runs.data.drivers.files import FileDriver
from packagers_runs.data.drivers.partitions import UNITS, Partitions
from packagers_runs.data.source import DataSource, check_attributes, data_path, read_through
from packagers_runs.data.stream import TargetStream
from packagers_runs.data.targetpath import TargetPathObject
from packagers_runs.data.timewindow import TimeWindow, as_moment
from packagers_runs.data.writtenframes import Newest, as_frame
from packagers_runs.errors import FieldError
from packagers_runs.models.fields import anything, choice, flag, integer, mapping, model, sequence, text
from packagers_runs.models.modelobj import ModelObj

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = ("key_field", "time_field")
"""The keys of ``attributes`` that every target knows."""


@model
class DataTargetBase(ModelObj):
    """A description of where data is written, and how.

    Args:
        kind: The name of the driver; ``None`` takes the one that the path names.
        name: Its name.
        path: A file, a folder, a database or any URL; with ``{run_id}`` for the folder of one run.
        attributes: What the driver needs beyond that, such as ``{"table": "sales"}``; ``key_field`` and ``time_field`` name the columns
            of the key and of the time.
        after_step: Must not be set: nothing here has steps.
        partitioned: Whether to divide the rows among folders: by hour, where nothing else is said.
        key_bucketing_number: How many buckets the keys are divided among; 0 gives each key a folder.
        partition_cols: Columns whose values become folders.
        time_partitioning_granularity: The narrowest unit of time that has folders: ``year``, ``month``, ``day``, ``hour`` …
        max_events: How many rows wait at most before they are written.
        flush_after_seconds: How long a row waits at most before it is written.
        storage_options: For the file system, or the connection.
        schema: The types of all columns, by Arrow's names.
        credentials_prefix: Must not be set: credentials are in ``storage_options``, or where the file system's library looks for them.

    Raises:
        FieldError: A field has a value that it cannot have.
    """

    kind: str | None = text()
    name: str = text("")
    path: Any = anything(check=data_path)
    attributes: dict[str, Any] = mapping()
    after_step: Any = anything()
    partitioned: bool = flag(False)
    key_bucketing_number: int | None = integer(least=0)
    partition_cols: list[str] = sequence()
    time_partitioning_granularity: str | None = choice("unit of time", UNITS)
    max_events: int | None = integer(least=1)
    flush_after_seconds: int | None = integer(least=1)
    storage_options: dict[str, Any] = mapping()
    schema: dict[str, Any] = mapping()
    credentials_prefix: Any = anything()

    def get_path(self, run_id: str | None = None) -> Any:
        """Give the path to write to.

        Args:
            run_id: The run whose folder it is; ``None`` for none.

        Raises:
            FieldError: The path has a place for a run and none is given, or the other way round for what is no path.
        """
        return self._place(choose_driver(self.kind, self.path), run_id)

    def write(self, data: pd.DataFrame | DataSource | Iterable[pd.DataFrame], *, append: bool = False, run_id: str | None = None) -> Self:
        """Write data, all or nothing: it takes the place of what is there, or of nothing if it fails.

        Args:
            data: A frame, several, or a source; the names of an index become columns, an index without a name is left out.
            append: Whether what is there stays, beside what is written.
            run_id: The run whose folder is written.

        Returns:
            This target.

        Raises:
            DataError: It cannot be written; what was there before is still there.
            FieldError: A field means nothing for such a target.
        """
        driver = self._driver()
        writing = self._writing(driver, append=append, run_id=run_id)
        newest = Newest(self.attributes.get("time_field"))
        buffer = RowBuffer(self.max_events, self.flush_after_seconds, SystemClock())
        frames = newest.watched(_frames(data))
        written = driver.write(writing, rebatched(frames, buffer) if self._is_buffered else frames)
        self.wrote(written, newest.time, run_id)
        return self

    def stream(self, *, run_id: str | None = None, clock: Clock | None = None) -> TargetStream:
        """Open the target for rows that come one by one; see ``TargetStream``.

        Args:
            run_id: The run whose folder is written.
            clock: What tells the time; ``None`` for that of this machine.
        """
        driver = self._driver()
        writing = self._writing(driver, append=True, run_id=run_id)
        if writing.partitions is None and driver.single(writing.path):
            raise self._nothing(
                "path", "rows cannot be added to one file at one stroke", "Give the path of a folder, to which each write adds a file."
            )
        return TargetStream(self, driver, writing, clock or SystemClock(), run_id)

    def as_df(
        self,
        columns: Collection[str] | None = None,
        start_time: datetime | str | None = None,
        end_time: datetime | str | None = None,
        *,
        run_id: str | None = None,
    ) -> pd.DataFrame:
        """Read what was written.

        Args:
            columns: The columns to read; ``None`` for all.
            start_time: Only rows after this moment are read; ``attributes["time_field"]`` has their times.
            end_time: Only rows up to this moment are read.
            run_id: The run whose folder is read.

        Raises:
            DataError: It cannot be read.
        """
        driver = self._driver()
        time = self.attributes.get("time_field")
        window = TimeWindow(as_moment(start_time, "start_time", "as_df"), as_moment(end_time, "end_time", "as_df"))
        window.check()
        if window and time is None:
            raise self._nothing("attributes", "a window needs the column with the times", "Set attributes={'time_field': …}.")
        partitions = self._partitions()
        reading = Reading(
            path=self._place(driver, run_id if run_id is not None else self._last_run()),
            attributes=self._own_attributes(),
            storage_options=self.storage_options,
            schema=self.schema,
            time_field=time,
            window=window,
            partitioned_by_time=partitions is not None and partitions.unit is not None,
        )
        return joined(read_through(driver, reading, None, columns), ignore_index=True)

    def wrote(self, written: Written, newest: datetime | None, run_id: str | None) -> None:
        """Take note of what stands there now.

        Args:
            written: What the driver says of it.
            newest: The newest time in what was written, if a ``time_field`` is known.
            run_id: The run whose folder it is.
        """
        if written.path is not None:
            self.path = written.path

    @property
    def _is_buffered(self) -> bool:
        return self.max_events is not None or self.flush_after_seconds is not None

    def _driver(self) -> DataDriver:
        """Choose the driver, and refuse what means nothing for it."""
        driver = choose_driver(self.kind, self.path)
        if self.after_step is not None:
            raise self._nothing("after_step", "after_step means nothing here: no steps lead to a target", "Leave it out.")
        if self.credentials_prefix is not None:
            raise self._nothing(
                "credentials_prefix",
                "credentials_prefix means nothing here: no credentials are looked up by a prefix",
                "Leave it out, and give them in storage_options, or where the library of the file system looks for them.",
            )
        if self._partitions() and not driver.PARTITIONED:
            raise self._nothing(
                "partitioned", f"a target of kind {self._kind(driver)} has no folders to divide rows among", "Leave it out."
            )
        check_attributes(type(self).__name__, self.attributes, (*_FIELDS, *sorted(driver.ATTRIBUTES)))
        return driver

    def _place(self, driver: DataDriver, run_id: str | None) -> Any:
        if not (isinstance(self.path, str) or isinstance(driver, FileDriver)):
            return self._without_run(driver, run_id)
        scheme = str(self.path).partition("://")[0] if "://" in str(self.path) else ""
        if scheme and not isinstance(driver, FileDriver):
            return self._without_run(driver, run_id)  # the URL of a database
        return TargetPathObject(self.path, run_id, driver.single(self.path) and not self._partitions()).get_absolute_path()

    def _without_run(self, driver: DataDriver, run_id: str | None) -> Any:
        if run_id is not None:
            raise self._nothing("path", f"a target of kind {self._kind(driver)} has no folder for a run", "Leave run_id out.")
        return self.path

    def _kind(self, driver: DataDriver) -> str:
        return repr(self.kind) if self.kind else type(driver).__name__

    def _writing(self, driver: DataDriver, *, append: bool, run_id: str | None) -> Writing:
        return Writing(
            path=self._place(driver, run_id),
            attributes=self._own_attributes(),
            storage_options=self.storage_options,
            schema=self.schema,
            partitions=self._partitions(),
            append=append,
        )

    def _own_attributes(self) -> dict[str, Any]:
        return {name: value for name, value in self.attributes.items() if name not in _FIELDS}

    def _partitions(self) -> Partitions | None:
        said = self.key_bucketing_number is not None or self.partition_cols or self.time_partitioning_granularity
        if not (said or self.partitioned):
            return None
        return Partitions(
            key_field=self.attributes.get("key_field"),
            buckets=self.key_bucketing_number,
            columns=tuple(self.partition_cols),
            time_field=self.attributes.get("time_field"),
            unit=self.time_partitioning_granularity if said else "hour",
        )

    def _nothing(self, field: str, message: str, remedy: str) -> FieldError:
        return FieldError(message, model=type(self).__name__, field=field, remedy=remedy)

    def _last_run(self) -> str | None:
        return None


def _frames(data: Any) -> Iterator[pd.DataFrame]:
    if isinstance(data, DataSource):
        data = data.chunks()
    elif not isinstance(data, Iterator | list | tuple):
        data = [data]
    return map(as_frame, data)
