"""The packagers of ``pandas.Series`` and ``pandas.Index``."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd

from packagers import UnpackError
from packagers_pandas import summary
from packagers_pandas.tabular import TabularPackager


class SeriesPackager(TabularPackager):
    """Pack a series with its name and index."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "file"

    def to_frame(self, obj: pd.Series) -> pd.DataFrame:
        """Give a frame with the series as its column."""
        frame = pd.DataFrame({0: obj}, copy=False)
        frame.columns = pd.Index([obj.name], dtype=object, tupleize_cols=False)
        frame.attrs = dict(obj.attrs)
        return frame.set_flags(allows_duplicate_labels=obj.flags.allows_duplicate_labels)

    def to_flat(self, obj: pd.Series) -> pd.DataFrame:
        """Give the same frame; the column of a series without a name is called ``0``."""
        return self.to_frame(obj if obj.name is not None else obj.rename("0"))

    def from_flat(self, frame: pd.DataFrame) -> pd.Series:
        """Give the only column of a frame; where columns are only counted, their number is no name."""
        series, labels = self.from_frame(frame), cast(object, frame.columns)
        return series.rename(None) if isinstance(labels, pd.RangeIndex) else series

    def from_frame(self, frame: pd.DataFrame) -> pd.Series:
        """Give the only column of a frame.

        Raises:
            UnpackError: Where there is not one column.
        """
        if frame.shape[1] != 1:
            raise UnpackError(f"the table has {frame.shape[1]} columns, and a series has one", remedy="Choose it by columns=['name'].")
        series = frame.iloc[:, 0]
        series.attrs = frame.attrs
        return series


class IndexPackager(TabularPackager):
    """Pack an index of any of pandas' own classes."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = True

    def holds(self, obj: pd.Index) -> bool:
        """Tell whether the class is one of pandas' own."""
        return type(obj).__module__.partition(".")[0] == "pandas"

    def to_frame(self, obj: pd.Index) -> pd.DataFrame:
        """Give a frame with the index and no columns."""
        return pd.DataFrame(index=obj)

    def from_frame(self, frame: pd.DataFrame) -> pd.Index:
        """Give the index of a frame, or the only column of one with an index that only counts.

        Raises:
            UnpackError: Where it is not clear which column is meant.
        """
        if frame.shape[1] > 1:
            raise UnpackError(f"the table has {frame.shape[1]} columns beside its index", remedy="Choose one by columns=['name'].")
        return frame.index if frame.shape[1] == 0 else pd.Index(frame.iloc[:, 0])

    def to_flat(self, obj: pd.Index) -> pd.DataFrame:
        """Give a frame with the levels as columns; those without a name are numbered."""
        names = [str(number) if name is None else name for number, name in enumerate(obj.names)]
        if isinstance(obj, pd.MultiIndex):
            return obj.to_frame(index=False, name=names, allow_duplicates=True)
        return obj.to_frame(index=False, name=names[0])

    def from_flat(self, frame: pd.DataFrame) -> pd.Index:
        """Give the columns of a frame as an index of as many levels, or its index where it has none."""
        return pd.MultiIndex.from_frame(frame) if frame.shape[1] > 1 else self.from_frame(frame)

    def describe(self, obj: pd.Index) -> dict[str, Any]:
        """Give length, class, dtype and names."""
        return {"length": len(obj), **summary.describe_index(obj)}
