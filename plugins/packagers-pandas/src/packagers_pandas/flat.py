"""A frame laid flat, for formats that know columns only: its index stands in the first ones, unless it only counts the rows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from packagers import PackError, UnpackError

UNNAMED = "__index_level_{}__"
"""What pandas and pyarrow call a level without a name among columns."""


def has_index(frame: pd.DataFrame, asked: bool | None) -> bool:
    """Tell whether the index is to be written.

    Args:
        frame: The frame.
        asked: What the caller wants; ``None``, where the index decides: one that says more than the number of a row is written.
    """
    index = frame.index
    counts = isinstance(index, pd.RangeIndex) and (index.start, index.step, index.name) == (0, 1, None)
    return asked if asked is not None else frame.columns.nlevels > 1 or not counts


def told(frame: pd.DataFrame, index: bool) -> dict[str, Any]:
    """Give the options of pandas' readers with which index and labels are found again.

    Args:
        frame: As it was written.
        index: Whether the index was written too.
    """
    found: dict[str, Any] = {}
    if index:
        found["index_col"] = list(range(frame.index.nlevels))
    if frame.columns.nlevels > 1:
        found["header"] = list(range(frame.columns.nlevels))
    return found


def refuse_blank(frame: pd.DataFrame, format: str) -> None:
    """Refuse labels that are all empty: pandas leaves out such a row when it reads.

    Raises:
        PackError: Says so.
    """
    if frame.shape[1] and not any(str(label) for label in frame.columns):
        raise PackError(f"{format} holds no labels that are all empty", remedy="Name the columns, or ask for format 'parquet'.")


def spread(frame: pd.DataFrame, unnamed: str = "") -> pd.DataFrame:
    """Give a frame whose first columns are the index of another, and that has nothing but columns.

    Args:
        frame: Its labels have one level; it is left as it is.
        unnamed: The label of a level without a name, in which ``{}`` stands for its number.
    """
    names = [unnamed.format(number) if name is None else name for number, name in enumerate(frame.index.names)]
    flat = frame.set_flags(allows_duplicate_labels=True).reset_index(names=names, allow_duplicates=True)
    flat.columns = flat.columns.rename(None)
    flat.attrs = {}
    return flat


def with_index(frame: pd.DataFrame, columns: int | str | list[int | str] | None) -> pd.DataFrame:
    """Make columns the index, for readers of pandas' that have no ``index_col``.

    Args:
        frame: As read.
        columns: Positions or labels; ``None`` for none.

    Raises:
        UnpackError: For columns that are not there.
    """
    if columns is None:
        return frame
    asked = columns if isinstance(columns, list) else [columns]
    try:
        labels = [frame.columns[each] if isinstance(each, int) else each for each in asked]
        indexed = frame.set_index(labels)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UnpackError(f"index_col={columns!r} names no columns of the table: {error}") from error
    indexed.index.names = [None if str(name).startswith(UNNAMED.partition("{")[0]) else name for name in indexed.index.names]
    return indexed
