"""Frames as Excel workbooks, by pandas' own ``to_excel`` with openpyxl.

Lossy: a cell is a number, a text, a truth value or a time. A text that looks like a formula is written as the text that it is; formulas of
other programs are not evaluated, their last value is what is read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, TypedDict
from xml.parsers import expat

import pandas as pd

from packagers import Instructions, PackError, UnpackError
from packagers_pandas import flat, proportion
from packagers_pandas.extras import need
from packagers_pandas.selection import Columns, Rows, part

ROWS, COLUMNS, LONGEST = 1 << 20, 1 << 14, 32_767
"""The most rows, columns and characters of a cell."""
_TAKEN_FOR_MORE = "fe"
"""What openpyxl calls formulas and errors."""
_CHUNK = 1 << 16
_REMEDY = "Ask for format 'parquet'."


class Packing(TypedDict, total=False):
    """Options of ``DataFrame.to_excel``."""

    sheet_name: str
    """The name of the sheet."""
    index: bool | None
    """Whether the index is written; ``None`` and unsaid: unless it only counts the rows."""
    na_rep: str
    """What stands for a missing value."""
    float_format: str
    """Such as ``"%.3f"``."""
    inf_rep: str
    """What stands for infinity."""
    freeze_panes: tuple[int, int] | list[int]
    """Rows and columns that stay where they are."""


class Unpacking(TypedDict, total=False):
    """Options of ``pandas.read_excel``."""

    sheet_name: str | int
    """The sheet, by name or position; the first, if unsaid."""
    header: Any
    """The rows that hold the labels; ``None`` for none."""
    names: Sequence[Any]
    """The labels."""
    index_col: Any
    """The columns that are the index."""
    usecols: Any
    """The columns to read, such as ``"A:C"``."""
    dtype: Any
    """Of the columns."""
    skiprows: Any
    """Rows to leave out."""
    skipfooter: int
    """How many rows at the end to leave out."""
    nrows: int
    """How many rows to read."""
    true_values: list[Any]
    """What stands for True."""
    false_values: list[Any]
    """What stands for False."""
    na_values: Any
    """What stands for a missing value."""
    keep_default_na: bool
    """Whether the usual texts do so too."""
    parse_dates: Any
    """The columns that hold times."""
    date_format: Any
    """How they are written."""
    thousands: str
    """What stands between thousands."""
    decimal: str
    """The decimal sign."""
    comment: str
    """What a comment begins with."""


def write(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame as the one sheet of a workbook.

    Args:
        frame: At most 1,048,576 rows and 16,384 columns, labels counted.
        path: The file to make.
        options: As :class:`Packing` says.

    Returns:
        The options of ``pandas.read_excel`` that read it back.

    Raises:
        PackError: For what a sheet cannot hold: times with a zone, long texts, control characters.
    """
    errors = need("openpyxl.utils.exceptions", "excel", PackError)
    asked = options.pop("index", None)
    # Empty rows at the end of a sheet are not there.
    ends_empty = asked is None and len(frame) > 0 and all(series.iloc[-1:].isna().all() for _, series in frame.items())
    index = flat.has_index(frame, asked) or ends_empty
    if not (index or frame.shape[1]):
        raise PackError("xlsx holds no rows without columns", remedy="Ask for format 'parquet', or for index=True.")
    flat.refuse_blank(frame, "xlsx")
    _refuse_large(frame)
    if "freeze_panes" in options:
        options["freeze_panes"] = tuple(options["freeze_panes"])
    data = io.BytesIO()
    try:
        book = pd.ExcelWriter(data, engine="openpyxl")
        frame.to_excel(book, index=index, **options)
        for sheet in book.sheets.values():
            _take_literally(sheet)
        book.close()
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, errors.IllegalCharacterError) as error:
        raise PackError(f"xlsx cannot hold the frame: {error}", remedy=_REMEDY) from error
    path.write_bytes(data.getvalue())
    return {name: options[name] for name in ("sheet_name",) if name in options} | flat.told(frame, index)


def read(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read a sheet of a workbook.

    Args:
        path: The file.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`Unpacking` says.

    Raises:
        UnpackError: Where it is no workbook, or has no such sheet.
    """
    need("openpyxl", "excel", UnpackError)
    try:
        _refuse_sparse(path)
        # Opened by pandas to be read only: values instead of formulas, and no links.
        found = pd.read_excel(path, engine="openpyxl", **options)
    except (ValueError, TypeError, LookupError, AttributeError, SyntaxError, OSError, zipfile.BadZipFile) as error:
        raise UnpackError(f"pandas.read_excel cannot read it: {error}", file=path) from error
    return part(found, columns, rows)


def _refuse_sparse(path: Path) -> None:
    """Refuse cells that lie far apart, for pandas would fill up what is between them.

    Raises:
        UnpackError: Says how many cells there would be.
    """
    with zipfile.ZipFile(path) as book:
        for member in book.infolist():
            with book.open(member) as stream:
                cells, size = _extent(stream)
            proportion.check(cells, size, path, "its cells lie far apart")


def _extent(stream: IO[bytes]) -> tuple[int, int]:
    """Give how many cells a sheet reaches over and the bytes of its XML; of what is no sheet, whatever comes of it."""
    lowest = rightmost = size = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal lowest, rightmost
        place = attributes.get("r", "")
        if name.endswith("row") and place.isdecimal():
            lowest = max(lowest, int(place))
        elif name.endswith("c") and (letters := place.rstrip("0123456789")).isalpha() and letters.isascii() and len(letters) < 4:
            rightmost = max(rightmost, sum((ord(each) - 64) * 26**power for power, each in enumerate(reversed(letters.upper()))))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        try:
            parser.Parse(chunk)
        except expat.ExpatError:
            break
    return lowest * rightmost, size


def _take_literally(sheet: Any) -> None:
    for cells in sheet.iter_rows():
        for cell in cells:
            if cell.data_type in _TAKEN_FOR_MORE:
                cell.data_type = "s"


def _refuse_large(frame: pd.DataFrame) -> None:
    """Refuse what pandas or openpyxl would cut off.

    Raises:
        PackError: Names the column.
    """
    height, width = len(frame) + frame.columns.nlevels, frame.shape[1] + frame.index.nlevels
    if height > ROWS or width > COLUMNS:
        raise PackError(f"a sheet has {ROWS} rows and {COLUMNS} columns at most, and this needs {height} and {width}", remedy=_REMEDY)
    for label, series in frame.items():
        if pd.api.types.is_object_dtype(series.dtype) or pd.api.types.is_string_dtype(series.dtype):
            longest = max((len(value) for value in series if isinstance(value, str)), default=0)
            if longest > LONGEST:
                raise PackError(f"column {label!r} has a text of {longest} characters, and a cell holds {LONGEST}", remedy=_REMEDY)
