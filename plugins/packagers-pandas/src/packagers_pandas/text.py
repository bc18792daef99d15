"""Frames as text, by pandas' own ``to_csv`` and ``to_json``. Lossy: text holds values, and only some of their types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from packagers import PackError, UnpackError


def write_csv(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write a frame as csv; its index too, unless it only counts the rows.

    Args:
        frame: Any frame.
        path: The file to make.
        options: Options of ``DataFrame.to_csv``.

    Returns:
        The options of ``pandas.read_csv`` that read it back.

    Raises:
        PackError: For a value that the encoding does not have, and rows without columns.
    """
    index = options.pop("index", None)
    if index is None:
        index = frame.columns.nlevels > 1 or not _only_counts(frame.index)
    if not (index or frame.shape[1]):
        raise PackError("csv holds no rows without columns", remedy="Ask for format 'parquet', or for index=True.")
    try:
        frame.to_csv(path, index=index, **{"lineterminator": "\n", **options})
    except (ValueError, TypeError, UnicodeError) as error:
        raise PackError(f"csv cannot hold the frame: {error}", remedy="Ask for format 'parquet'.") from error
    told: dict[str, Any] = {name: options[name] for name in ("sep", "encoding", "decimal", "quotechar") if name in options}
    if index:
        told["index_col"] = list(range(frame.index.nlevels))
    if frame.columns.nlevels > 1:
        told["header"] = list(range(frame.columns.nlevels))
    return told


def read_csv(path: Path, options: dict[str, Any]) -> pd.DataFrame:
    """Read csv.

    Args:
        path: The file; a compressed one is known by its suffix.
        options: Options of ``pandas.read_csv``.

    Raises:
        UnpackError: Where it is no csv, or the options do not fit it.
    """
    try:
        frame: pd.DataFrame = pd.read_csv(path, **options)
    except (ValueError, TypeError, KeyError, IndexError, LookupError) as error:
        raise UnpackError(f"pandas.read_csv cannot read it: {error}", file=path) from error
    return frame


def write_json(frame: pd.DataFrame, path: Path, options: dict[str, Any], *, lines: bool) -> dict[str, Any]:
    """Write a frame as JSON, or as lines of it.

    Args:
        frame: With unique labels.
        path: The file to make.
        options: Options of ``DataFrame.to_json``.
        lines: One object a line; ``orient`` is then ``"records"``.

    Returns:
        The options of ``pandas.read_json`` that read it back.

    Raises:
        PackError: For labels that JSON cannot hold side by side, text that has no form in UTF-8, and columns without rows.
    """
    settings = {"double_precision": 15, "date_format": "iso", **options}
    if lines:
        settings["orient"] = "records"
    if not len(frame) and frame.shape[1] and settings.get("orient") in ("records", "index", "values"):
        raise PackError(f"JSON laid out as {settings['orient']} holds no columns without rows", remedy="Ask for format 'parquet'.")
    try:
        _refuse_surrogates(frame)
        frame.to_json(path, lines=lines, **settings)
    except (ValueError, TypeError, OverflowError, UnicodeError) as error:
        raise PackError(f"JSON cannot hold the frame: {error}", remedy="Ask for format 'parquet', or for orient='split'.") from error
    return {"orient": options["orient"]} if "orient" in options and not lines else {}


def read_json(path: Path, options: dict[str, Any], *, lines: bool) -> pd.DataFrame:
    """Read JSON, or lines of it.

    Args:
        path: The file.
        options: Options of ``pandas.read_json``.
        lines: Whether each line is an object.

    Raises:
        UnpackError: Where it is no such JSON.
    """
    try:
        found = pd.read_json(path, lines=lines, **{"precise_float": True, **options})
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise UnpackError(f"pandas.read_json cannot read it: {error}", file=path, remedy="Say how it is laid out by orient=.") from error
    if not isinstance(found, pd.DataFrame):
        raise UnpackError("the JSON makes no frame", file=path)
    return found


def part(frame: pd.DataFrame, columns: Sequence[Any] | None, rows: Sequence[int | None] | slice | range | None) -> pd.DataFrame:
    """Choose columns by label and rows by position.

    Raises:
        UnpackError: For a label that is not there.
    """
    if columns is not None:
        asked = [tuple(label) if isinstance(label, list) else label for label in columns]
        missing = next((label for label in asked if label not in frame.columns), None)
        if missing is not None:
            raise UnpackError(f"there is no column {missing!r}", remedy=f"There are: {', '.join(map(repr, frame.columns[:20]))}.")
        frame = frame[asked]
    return frame if rows is None else frame.iloc[slice(*window_of(rows, len(frame)))]


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


def _refuse_surrogates(frame: pd.DataFrame) -> None:
    """Raise for text that UTF-8 cannot hold; releases of pandas before 3 end the process over it."""
    texts: list[Any] = [series for _, series in frame.items()]
    labels = [frame.index.get_level_values(number) for number in range(frame.index.nlevels)]
    for values in [frame.columns, *labels, *texts]:
        for value in values if values.dtype.kind == "O" else ():
            if isinstance(value, str) and not value.isascii():
                value.encode()


def _only_counts(index: Any) -> bool:
    return isinstance(index, pd.RangeIndex) and (index.start, index.step, index.name) == (0, 1, None)


def refuse(format: str, given: dict[str, Any], known: frozenset[str], error: type[PackError] | type[UnpackError]) -> None:
    """Refuse options that a format does not have.

    Raises:
        PackError: Or what else ``error`` says; lists what the format has.
    """
    strange = next((name for name in given if name not in known), None)
    if strange is not None:
        raise error(f"format {format!r} has no option {strange!r}", remedy=f"It has: {', '.join(sorted(known)) or 'none'}.")
