"""Rows that wait until they are enough, or have waited long enough."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

MOST = 10_000
"""How many rows wait at most, where nothing else is said."""


class Clock(Protocol):
    """What tells the time and calls back; tests have one that they set."""

    def now(self) -> float:
        """Give the seconds since some moment."""
        ...

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Arrange a call; gives what calls it off."""
        ...


class SystemClock:
    """The clock of this machine; it calls back from a thread."""

    def now(self) -> float:
        """Give the seconds since some moment."""
        return time.monotonic()

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Arrange a call; gives what calls it off."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        timer.start()
        return timer.cancel


class RowBuffer:
    """Rows in the order in which they came.

    Args:
        most: How many wait at most.
        seconds: How long the first of them waits at most; ``None`` for as long as it takes.
        clock: What tells the time.
    """

    def __init__(self, most: int | None, seconds: float | None, clock: Clock) -> None:
        self._most = most or MOST
        self._seconds = seconds
        self._clock = clock
        self._waiting: list[pd.DataFrame | Mapping[str, Any]] = []
        self._count = 0
        self._since: float | None = None
        self._taken: pd.DataFrame | None = None

    @property
    def remaining(self) -> float | None:
        """How many seconds the first row may still wait; ``None`` where that does not matter."""
        if self._since is None or self._seconds is None:
            return None
        return max(0.0, self._since + self._seconds - self._clock.now())

    @property
    def is_due(self) -> bool:
        """Whether the rows that wait are enough, or the first has waited long enough."""
        return self._count >= self._most or self.remaining == 0

    def add(self, frame: pd.DataFrame) -> None:
        """Let rows wait."""
        self._add(frame, len(frame))

    def add_row(self, row: Mapping[str, Any]) -> None:
        """Let a row wait."""
        self._add(dict(row), 1)

    def take(self) -> pd.DataFrame | None:
        """Give the rows that waited longest, as many as may wait; ``None`` where none wait. They wait until ``done`` is called."""
        import pandas as pd

        if not self._count:
            return None
        parts: list[pd.DataFrame] = []
        rows: list[Mapping[str, Any]] = []
        for part in self._waiting:
            if isinstance(part, pd.DataFrame):
                parts += [pd.DataFrame.from_records(rows), part] if rows else [part]
                rows = []
            else:
                rows.append(part)
        parts += [pd.DataFrame.from_records(rows)] if rows else []
        whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        self._waiting, self._taken = [whole], whole
        return whole.iloc[: self._most]

    def done(self) -> None:
        """Let go of what was taken."""
        whole = self._taken
        self._waiting, self._count, self._since, self._taken = [], 0, None, None
        if whole is not None:
            self.add(whole.iloc[self._most :])

    def _add(self, part: pd.DataFrame | Mapping[str, Any], count: int) -> None:
        if count:
            self._waiting.append(part)
            self._count += count
            if self._since is None:
                self._since = self._clock.now()


def rebatched(frames: Iterable[pd.DataFrame], buffer: RowBuffer) -> Iterator[pd.DataFrame]:
    """Give frames anew, in parts as the buffer wants them; where there are no rows, the first frame, for its columns."""
    first: pd.DataFrame | None = None
    given = False
    for frame in frames:
        first = frame if first is None else first
        buffer.add(frame)
        while buffer.is_due and (part := buffer.take()) is not None:
            given = True
            yield part
            buffer.done()
    rest = buffer.take()
    if rest is not None:
        yield rest
    elif not given and first is not None:
        yield first
