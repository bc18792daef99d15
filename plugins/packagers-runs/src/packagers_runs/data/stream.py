"""A target that is open for rows that come one by one: each time that enough wait, or wait long enough, they are added at one stroke."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import attrs

from packagers_runs.data.buffer import Clock, RowBuffer
from packagers_runs.data.drivers.driver import DataDriver, Writing
from packagers_runs.data.errors import DataError
from packagers_runs.data.writtenframes import Newest, as_frame

if TYPE_CHECKING:
    import pandas as pd

    from packagers_runs.data.targetbase import DataTargetBase


class TargetStream:
    """A target that is open for rows; ``DataTargetBase.stream`` makes one. It may be used by several threads.

    Each commit adds the rows that wait: when ``max_events`` do (10,000 where nothing is said), when the first has waited for
    ``flush_after_seconds``, at ``flush`` and at the end. A commit that fails leaves its rows waiting, so the next one tries them again.

    Args:
        target: The target.
        driver: What writes it.
        writing: Where to, and how.
        clock: What tells the time.
        run_id: The run whose folder is written.
    """

    def __init__(self, target: DataTargetBase, driver: DataDriver, writing: Writing, clock: Clock, run_id: str | None) -> None:
        self._target = target
        self._driver = driver
        self._writing = writing
        self._clock = clock
        self._run_id = run_id
        self._buffer = RowBuffer(target.max_events, target.flush_after_seconds, clock)
        self._newest = Newest(target.attributes.get("time_field"))
        self._lock = threading.RLock()
        self._call_off: Callable[[], None] | None = None
        self._failure: Exception | None = None
        self._closed = False

    def write(self, rows: pd.DataFrame | Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> None:
        """Add rows.

        Args:
            rows: A frame, one row as a dict, or several.

        Raises:
            DataError: The stream is closed, or a commit failed since the last call; the rows that are given were not taken then.
        """
        with self._lock:
            self._check()
            if isinstance(rows, Mapping):
                self._buffer.add_row(rows)
            elif isinstance(rows, list | tuple):
                for row in rows:
                    self._buffer.add_row(_row(row))
            else:
                self._buffer.add(as_frame(rows))
            while self._buffer.is_due:
                self._commit()
            self._wait()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            DataError: It cannot be written; it still waits.
        """
        with self._lock:
            self._check()
            self._commit_all()

    def close(self) -> None:
        """Write what waits, and take no more.

        Raises:
            DataError: It cannot be written; the stream stays open, and the rows wait.
        """
        with self._lock:
            if not self._closed:
                self._failure = None  # what failed is tried once more
                self._commit_all()
                self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _check(self) -> None:
        if self._closed:
            raise DataError("the stream is closed", remedy="Open another one.")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _commit_all(self) -> None:
        while self._buffer.take() is not None:
            self._commit()
        self._wait()

    def _commit(self) -> None:
        rows = self._buffer.take()
        if rows is not None:
            written = self._driver.write(self._writing, self._newest.watched([rows]))
            self._buffer.done()
            if written.path is not None:
                self._writing = attrs.evolve(self._writing, path=written.path)
            self._target.wrote(written, self._newest.time, self._run_id)

    def _wait(self) -> None:
        """Arrange to be called when the first row has waited long enough."""
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
        remaining = self._buffer.remaining
        if remaining is not None:
            self._call_off = self._clock.call_later(remaining, self._on_time)

    def _on_time(self) -> None:
        with self._lock:
            self._call_off = None
            if self._closed or self._failure is not None:
                return
            try:
                if self._buffer.is_due:
                    self._commit()
                self._wait()
            except Exception as error:  # noqa: BLE001 - it is raised where somebody listens: by the next call
                self._failure = error


def _row(row: Any) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise DataError(f"a row is no dict, but {type(row).__name__}", remedy="Give each row as a dict of columns and values.")
    return row
