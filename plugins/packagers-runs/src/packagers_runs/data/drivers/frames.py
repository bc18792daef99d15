"""Live frames of pandas, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from packagers_runs.data.columntypes import arrow_schema, as_table
from packagers_runs.data.drivers.driver import DataDriver, Reading, Writing, Written
from packagers_runs.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


class FrameDriver(DataDriver):
    """Reads a DataFrame that is the path of a source, and writes one that becomes the path of a target."""

    def read(self, reading: Reading) -> Iterator[pd.DataFrame]:
        """Give the frame, with the names of its index as columns."""
        frame = _frame(reading.path)
        named = [name for name in frame.index.names if name is not None]
        yield frame.reset_index() if named else frame

    def write(self, writing: Writing, frames: Iterable[pd.DataFrame]) -> Written:
        """Put the parts together into one frame."""
        import pandas as pd

        parts = [_frame(writing.path)] if writing.append and writing.path is not None else []
        parts += frames
        if not parts:
            raise DataError("there is no data, not even columns", remedy="Give at least one frame; it may have no rows.")
        whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0].copy()
        if writing.schema:
            whole = as_table(whole, arrow_schema(writing.schema)).to_pandas()
        return Written(path=whole)


def _frame(path: Any) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(path, pd.DataFrame):
        raise DataError(f"the path is no DataFrame, but {type(path).__name__}", remedy="Give the frame itself, or another kind.")
    return path
