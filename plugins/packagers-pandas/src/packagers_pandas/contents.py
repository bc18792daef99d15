"""What a frame holds, as it lies there: without a series made of each column, nor an Arrow scalar of each text."""

from __future__ import annotations

from typing import Any

import pandas as pd


def arrays_of(frame: pd.DataFrame) -> list[Any]:
    """Give the array of each column, to be read alone: a NumPy array or an extension array of pandas.

    Args:
        frame: The frame. pandas has no public way to its arrays but by series, which takes ten times as long; it is gone where the other is.
    """
    shortcut = getattr(frame, "_iter_column_arrays", None)
    return [series.array for _, series in frame.items()] if shortcut is None else list(shortcut())


def values_of(array: Any) -> list[Any]:
    """Give the values of a short array or index one by one: of texts that Arrow keeps, all at once."""
    return list(array.to_numpy(object) if isinstance(array.dtype, pd.StringDtype) else array)
