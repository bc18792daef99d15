"""Choosing a part of a frame that was read whole: columns by label, rows by position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from packagers import UnpackError

Columns: TypeAlias = Sequence[Any] | None
"""Labels, in the order they are wanted, those of several levels as tuples or lists; ``None`` for all."""
Rows: TypeAlias = Sequence[int | None] | slice | range | None
"""The first row and the one after the last, by position; ``None`` for all."""

Window: TypeAlias = tuple[int, int]
"""The first row, and the one after the last, both counted from the beginning."""


def part(frame: pd.DataFrame, columns: Columns, rows: Rows) -> pd.DataFrame:
    """Choose columns by label and rows by position.

    Raises:
        UnpackError: For a label that is not there.
    """
    if columns is not None:
        asked = [tuple(label) if isinstance(label, list) else label for label in columns]
        refuse_missing(asked, frame.columns)
        frame = frame[asked]
    return frame if rows is None else frame.iloc[slice(*window_of(rows, len(frame)))]


def refuse_missing(asked: Iterable[Any], known: Any) -> None:
    """Refuse labels that are not there.

    Raises:
        UnpackError: Names the first one, and some that are there.
    """
    missing = next((label for label in asked if label not in known), None)
    if missing is not None:
        raise UnpackError(f"there is no column {missing!r}", remedy=f"There are: {', '.join(map(repr, list(known)[:20]))}.")


def window_of(rows: Sequence[int | None] | slice | range, count: int) -> tuple[int, int]:
    """Give the first row and the one after the last among so many.

    Raises:
        UnpackError: For rows that are not one after the other.
    """
    if isinstance(rows, (slice, range)):
        start, stop, step = rows.start, rows.stop, rows.step
    else:
        start, stop, step = (*rows, None) if len(rows) == 2 else (None, None, 0)
    if step not in (None, 1):
        raise UnpackError(f"rows={rows!r} is not a first row and the one after the last", remedy="Give rows=(0, 100).")
    first, last, _ = slice(start, stop).indices(count)
    return first, max(first, last)


def overlapping(sizes: Sequence[int], window: Window) -> tuple[list[int], int]:
    """Choose the pieces of a table that hold some rows.

    Args:
        sizes: The number of rows of each piece.
        window: The rows.

    Returns:
        The numbers of the pieces, and how many of their first rows to leave out.
    """
    chosen: list[int] = []
    first = before = 0
    for number, size in enumerate(sizes):
        after = before + size
        if before < window[1] and after > window[0]:
            first = first if chosen else before
            chosen.append(number)
        before = after
    return chosen, window[0] - first if chosen else 0


def within(window: Window | None, before: int, size: int) -> Window | None:
    """Give the rows of one piece of a table that a window has.

    Args:
        window: Of the table; all rows, if ``None``.
        before: The rows before the piece.
        size: The rows of the piece.

    Returns:
        The rows, counted from the beginning of the piece; ``None``, where the window has none of them.
    """
    if window is None:
        return 0, size
    first, last = max(window[0] - before, 0), min(window[1] - before, size)
    return (first, last) if first < last else None
