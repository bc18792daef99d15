"""Frames as text, by pandas' own ``to_csv`` and ``to_json``. Lossy: text holds values, and only some of their types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

import pandas as pd
from pandas.io.common import get_handle  # type: ignore[import-not-found]  # the stubs leave it out

from packagers import Instructions, PackError, UnpackError
from packagers_pandas import flat, proportion
from packagers_pandas.selection import Columns, Rows, part

Orient: TypeAlias = Literal["columns", "index", "records", "split", "table", "values"]

_SYNTAX = ("sep", "delimiter", "quotechar", "quoting", "comment", "encoding", "skipinitialspace", "skiprows")
_PIECE = 1 << 20
_SMALL = 1 << 14
"""Characters of JSON in which there is no room for many cells."""
_KEYS: dict[Any, tuple[int, ...]] = {"columns": (0, 1), "index": (0, 1), "records": (1,), "split": (), "table": (), "values": ()}
"""The axes whose labels are keys, for each layout."""


class CsvPacking(TypedDict, total=False):
    """Options of ``DataFrame.to_csv``."""

    index: bool | None
    """Whether the index is written; ``None`` and unsaid: unless it only counts the rows."""
    sep: str
    """What stands between values."""
    na_rep: str
    """What stands for a missing value."""
    float_format: str
    """Such as ``"%.3f"``."""
    date_format: str
    """Such as ``"%Y"``."""
    decimal: str
    """The decimal sign."""
    quotechar: str
    """What quotes a text."""
    quoting: int
    """One of the constants of the module csv."""
    encoding: str
    """Of the text."""


class CsvUnpacking(TypedDict, total=False):
    """Options of ``pandas.read_csv``."""

    sep: str | None
    """What stands between values; ``None`` to find out."""
    delimiter: str | None
    """The same."""
    header: Any
    """The lines that hold the labels; ``None`` for none."""
    names: Sequence[Any]
    """The labels."""
    index_col: Any
    """The columns that are the index."""
    dtype: Any
    """Of the columns."""
    skiprows: Any
    """Lines to leave out."""
    skipfooter: int
    """How many lines at the end to leave out."""
    na_values: Any
    """What stands for a missing value."""
    keep_default_na: bool
    """Whether the usual texts do so too."""
    true_values: list[str]
    """What stands for True."""
    false_values: list[str]
    """What stands for False."""
    parse_dates: Any
    """The columns that hold times."""
    date_format: Any
    """How they are written."""
    dayfirst: bool
    """Whether the day stands before the month."""
    thousands: str
    """What stands between thousands."""
    decimal: str
    """The decimal sign."""
    quotechar: str
    """What quotes a text."""
    quoting: int
    """One of the constants of the module csv."""
    comment: str
    """What a comment begins with."""
    encoding: str
    """Of the text."""
    on_bad_lines: Literal["error", "warn", "skip"]
    """What to do with lines that have too many values."""
    skipinitialspace: bool
    """Whether blanks after the separator are left out."""
    engine: Literal["c", "python", "pyarrow"]
    """The parser."""


class LinesPacking(TypedDict, total=False):
    """Options of ``DataFrame.to_json`` for lines of JSON."""

    date_format: Literal["iso", "epoch"]
    """``"iso"``, if unsaid."""
    double_precision: int
    """Decimal places; 15, if unsaid."""
    date_unit: Literal["s", "ms", "us", "ns"]
    """Of times."""
    force_ascii: bool
    """Whether other characters are escaped."""


class JsonPacking(LinesPacking, total=False):
    """Options of ``DataFrame.to_json``."""

    orient: Orient
    """How it is laid out."""
    indent: int
    """Blanks before each line."""


class LinesUnpacking(TypedDict, total=False):
    """Options of ``pandas.read_json`` for lines of JSON."""

    dtype: Any
    """Of the columns."""
    convert_dates: Any
    """The columns that hold times, or whether to look for them."""
    convert_axes: bool
    """Whether labels become numbers or times where they can."""
    encoding: str
    """Of the text."""


class JsonUnpacking(LinesUnpacking, total=False):
    """Options of ``pandas.read_json``."""

    orient: Orient
    """How it is laid out."""


def write_csv(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame as csv.

    Args:
        frame: Any frame.
        path: The file to make.
        options: As :class:`CsvPacking` says.

    Returns:
        The options of ``pandas.read_csv`` that read it back.

    Raises:
        PackError: For a value that the encoding does not have, and rows without columns.
    """
    index = flat.has_index(frame, options.pop("index", None))
    if not (index or frame.shape[1]):
        raise PackError("csv holds no rows without columns", remedy="Ask for format 'parquet', or for index=True.")
    try:
        frame.to_csv(path, index=index, **{"lineterminator": "\n", **options})
    except (ValueError, TypeError, UnicodeError) as error:
        raise PackError(f"csv cannot hold the frame: {error}", remedy="Ask for format 'parquet'.") from error
    told = {name: options[name] for name in ("sep", "encoding", "decimal", "quotechar") if name in options}
    return told | flat.told(frame, index)


def read_csv(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read csv.

    Args:
        path: The file; a compressed one is known by its suffix.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`CsvUnpacking` says.

    Raises:
        UnpackError: Where it is no csv, or the options do not fit it.
    """
    try:
        _refuse_ragged(path, options)
        frame: pd.DataFrame = pd.read_csv(path, **options)
    except (ValueError, TypeError, KeyError, IndexError, LookupError) as error:
        raise UnpackError(f"pandas.read_csv cannot read it: {error}", file=path) from error
    return part(frame, columns, rows)


def _refuse_ragged(path: Path, options: dict[str, Any]) -> None:
    """Refuse a few wide lines, or names, with many short lines below them, which pandas would fill up.

    Raises:
        UnpackError: Says how many cells there would be.
    """
    if options.get("header", 0) in (0, None):  # labels of one name cost pandas their square: the line is read as values
        first = {**{name: options[name] for name in _SYNTAX if name in options}, "header": None}
    else:
        first = {name: value for name, value in options.items() if name not in ("skipfooter", "engine")}
    head = pd.read_csv(path, nrows=1, engine="python" if options.get("engine") == "python" else None, **first)
    width = max(head.shape[1], len(options.get("names") or ()))
    if width <= proportion.EACH:
        return
    lines = size = 0
    with get_handle(path, "rb", compression="infer", is_text=False) as handles:
        while chunk := handles.handle.read(_PIECE):
            lines, size = lines + chunk.count(b"\n") + chunk.count(b"\r"), size + len(chunk)
    proportion.check(width * lines, size, path, "most of its lines are shorter than the first")


def _refuse_holes(path: Path, encoding: str, lines: bool) -> None:
    """Refuse objects of different keys, which pandas would fill up to one table of all keys.

    Raises:
        UnpackError: Says how many cells there would be.
        ValueError: For what is no JSON.
    """
    with get_handle(path, "r", encoding=encoding, compression="infer") as handles:
        text = handles.handle.read()
    if len(text) < _SMALL:
        return
    document = [json.loads(line) for line in text.split("\n") if line.strip()] if lines else json.loads(text)
    proportion.check(_cells(document), len(text), path, "its objects have few keys in common")


def _cells(document: Any) -> int:
    """Count the cells of a table, however it is laid out."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    rows = list(document.values()) if isinstance(document, dict) else document if isinstance(document, list) else []
    keys = {key for row in rows if isinstance(row, dict) for key in row}
    return len(rows) * max([len(keys), *(len(row) for row in rows if isinstance(row, list))])


def write_json(frame: pd.DataFrame, path: Path, options: dict[str, Any], *, lines: bool = False) -> Instructions:
    """Write a frame as JSON, or as lines of it.

    Args:
        frame: With unique labels.
        path: The file to make.
        options: As :class:`JsonPacking` or :class:`LinesPacking` says.
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
    if not frame.shape[1] and len(frame):
        raise PackError("JSON holds no rows without columns", remedy="Ask for format 'parquet'.")
    try:
        _refuse_surrogates(frame)
        for axis in _KEYS[settings.get("orient", "columns")]:
            _refuse_one_key_for_two(frame.axes[axis])
        _in_utc(frame).to_json(path, lines=lines, **settings)
    except (ValueError, TypeError, OverflowError, UnicodeError) as error:
        raise PackError(f"JSON cannot hold the frame: {error}", remedy="Ask for format 'parquet', or for orient='split'.") from error
    return {"orient": options["orient"]} if "orient" in options else {}


def read_json(path: Path, columns: Columns, rows: Rows, options: dict[str, Any], *, lines: bool = False) -> pd.DataFrame:
    """Read JSON, or lines of it.

    Args:
        path: The file.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`JsonUnpacking` or :class:`LinesUnpacking` says.
        lines: Whether each line is an object.

    Raises:
        UnpackError: Where it is no such JSON.
    """
    try:
        _refuse_holes(path, options.get("encoding") or "utf-8", lines)
        found = pd.read_json(path, lines=lines, **{"precise_float": True, **options})
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise UnpackError(f"pandas.read_json cannot read it: {error}", file=path, remedy="Say how it is laid out by orient=.") from error
    if not isinstance(found, pd.DataFrame):
        raise UnpackError("the JSON makes no frame", file=path)
    return part(found, columns, rows)


def _in_utc(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame with all times in UTC, as JSON has them: releases of pandas before 3 end the process over zones of dateutil."""
    shown = frame.copy(deep=False)
    for position, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.DatetimeTZDtype):
            shown.isetitem(position, frame.iloc[:, position].dt.tz_convert("UTC"))
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is not None:
        shown.index = frame.index.tz_convert("UTC")
    return shown


def _refuse_one_key_for_two(labels: Any) -> None:
    """Raise for labels that pandas would write as the same key, of which JSON keeps one."""
    keys = {str(label).partition("\0")[0] for label in labels}
    if len(keys) < len(labels):
        raise ValueError("two labels are the same text")


def _refuse_surrogates(frame: pd.DataFrame) -> None:
    """Raise for text that UTF-8 cannot hold; releases of pandas before 3 end the process over it."""
    texts: list[Any] = [series for _, series in frame.items()]
    nameless = frame.index.set_names([None] * frame.index.nlevels)
    labels = [nameless.get_level_values(number) for number in range(frame.index.nlevels)]
    for values in [frame.columns, *labels, *texts]:
        for value in values if values.dtype.kind == "O" else ():
            if isinstance(value, str) and not value.isascii():
                value.encode()
