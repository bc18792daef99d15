"""Frames on their way into a target: each is checked, and the newest of their times is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from packagers_runs.data.errors import DataError
from packagers_runs.data.timewindow import as_times, as_utc
from packagers_runs.nearest import unknown_name

if TYPE_CHECKING:
    import pandas as pd


class Newest:
    """The newest of the times that passed by.

    Args:
        field: The column that they are in; ``None`` where that is not known.
    """

    def __init__(self, field: str | None) -> None:
        self._field = field
        self.time: datetime | None = None

    def watched(self, frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Give frames as they are, and look at their times.

        Raises:
            UnknownNameError: There is no such column.
        """
        for frame in frames:
            if self._field is not None:
                if self._field not in frame.columns:
                    raise unknown_name("column", self._field, [str(name) for name in frame.columns], owner="the data")
                newest = as_times(frame[self._field]).max()
                if newest == newest:  # NaT is not
                    moment = as_utc(newest.to_pydatetime(warn=False))
                    self.time = moment if self.time is None else max(self.time, moment)
            yield frame


def as_frame(value: Any) -> pd.DataFrame:
    """Check a frame, and make columns of the names of its index.

    Raises:
        DataError: It is none.
    """
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise DataError(f"what should be written is no DataFrame, but {type(value).__name__}", remedy="Give frames, or a DataSource.")
    if any(name is not None for name in value.index.names):
        return value.reset_index()
    return value
