"""The logs of runs: written piece by piece as they come, and read from any byte on."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Connection, func, insert, select

from packagers_runs.store.engine import Database
from packagers_runs.store.errors import StoreError
from packagers_runs.store.runrows import Attempt
from packagers_runs.store.schema import logs

PERIOD_S = 0.25
"""How long text waits at most before others can read it."""
PIECE = 1 << 16
"""Bytes that do not wait."""

_logger = logging.getLogger("packagers.runs")


class Journal:
    """The log of one attempt of a run, which goes on where the attempt before ended; threads may share it.

    A context manager: all of it is written at the end of the block. A database that does not take it is told to Python's log, once, and
    does not disturb the run.

    Args:
        database: Where it is.
        attempt: Whose it is.
    """

    def __init__(self, database: Database, attempt: Attempt) -> None:
        self._database = database
        self._attempt = attempt
        self._waiting: list[bytes] = []
        self._size = 0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._length: int | None = None
        self._is_broken = False

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def write(self, text: str) -> None:
        """Write text; others can read it after a moment."""
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            self._waiting.append(data)
            self._size += len(data)
            is_full = self._size >= PIECE
            if not is_full and self._timer is None:
                self._timer = threading.Timer(PERIOD_S, self.flush)
                self._timer.daemon = True
                self._timer.start()
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if data and not self._is_broken:
                self._append(data)

    def _append(self, data: bytes) -> None:
        uid, iteration, _ = self._attempt
        try:
            with self._database.writing() as connection:
                start = log_length(connection, uid, iteration) if self._length is None else self._length
                connection.execute(insert(logs).values(uid=uid, iteration=iteration, start=start, text=data))
        except StoreError as error:
            self._is_broken = True
            _logger.warning("the log of the run %s cannot be written any more: %s", uid, error)
        else:
            self._length = start + len(data)


def log_length(connection: Connection, uid: str, iteration: int) -> int:
    """Give the bytes of a run's log."""
    mine = (logs.c.uid == uid, logs.c.iteration == iteration)
    query = select(logs.c.start + func.length(logs.c.text)).where(*mine).order_by(logs.c.start.desc()).limit(1)
    return int(connection.execute(query).scalar_one_or_none() or 0)


def read_log(database: Database, uid: str, iteration: int = 0, offset: int = 0) -> tuple[str, int]:
    """Read a run's log.

    Args:
        database: Where it is.
        uid: Of the run.
        iteration: Of the run.
        offset: The byte to begin at, one that an earlier reading gave, or 0.

    Returns:
        All text from there on, and the offset at its end.
    """
    mine = (logs.c.uid == uid, logs.c.iteration == iteration)
    with database.reading() as connection:
        query = select(logs.c.start).where(*mine, logs.c.start <= offset).order_by(logs.c.start.desc()).limit(1)
        first = connection.execute(query).scalar_one_or_none()
        if first is None:
            return "", offset
        rows = connection.execute(select(logs.c.start, logs.c.text).where(*mine, logs.c.start >= first).order_by(logs.c.start))
        data = b"".join(row.text[max(0, offset - row.start) :] for row in rows)
    return data.decode("utf-8", "replace"), offset + len(data)
