"""The packager of ``pandas.DataFrame``."""

from __future__ import annotations

import pandas as pd

from packagers_pandas.tabular import TabularPackager


class DataFramePackager(TabularPackager):
    """Pack a data frame: labels, dtypes, index, ``attrs`` and flags come back as they were."""

    def to_frame(self, obj: pd.DataFrame) -> pd.DataFrame:
        """Give the frame itself."""
        return obj

    def from_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the frame itself."""
        return frame
