"""Frames as HTML and XML, by pandas' own ``to_html`` and ``to_xml``.

Lossy: cells are text. Nothing is fetched and no entity of a file's own is expanded: XML with a document type is refused before pandas sees
it, and HTML knows no such entities.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, TypedDict
from xml.parsers import expat

import pandas as pd

from packagers import Instructions, PackError, UnpackError
from packagers_pandas import flat, proportion, spans
from packagers_pandas.extras import need
from packagers_pandas.selection import Columns, Rows, part

_CHUNK = 1 << 16


class HtmlPacking(TypedDict, total=False):
    """Options of ``DataFrame.to_html``."""

    index: bool | None
    """Whether the index is written; ``None`` and unsaid: unless it only counts the rows."""
    na_rep: str
    """What stands for a missing value."""
    float_format: str
    """Such as ``"%.3f"``; all digits, if unsaid."""
    decimal: str
    """The decimal sign."""
    bold_rows: bool
    """Whether labels of rows are bold."""
    classes: str | list[str]
    """CSS classes of the table."""
    escape: bool
    """Whether ``<``, ``>`` and ``&`` are escaped; so they are, if unsaid."""
    border: int
    """Width of the border, in pixels."""
    table_id: str
    """The id of the table."""
    render_links: bool
    """Whether URLs become links."""
    justify: str
    """How labels are justified."""
    encoding: str
    """Of the text."""


class HtmlUnpacking(TypedDict, total=False):
    """Options of ``pandas.read_html``."""

    match: str
    """A regular expression; only a table with text that it matches is read."""
    attrs: dict[str, str]
    """Attributes of the table that is read, such as ``{"id": "prices"}``."""
    header: Any
    """The rows that hold the labels."""
    index_col: Any
    """The columns that are the index."""
    skiprows: Any
    """Rows to leave out."""
    parse_dates: Any
    """The columns that hold times."""
    thousands: str
    """What stands between thousands."""
    decimal: str
    """The decimal sign."""
    na_values: Any
    """What stands for a missing value."""
    keep_default_na: bool
    """Whether the usual texts do so too."""
    displayed_only: bool
    """Whether hidden tables are left out."""
    encoding: str
    """Of the text."""


class XmlPacking(TypedDict, total=False):
    """Options of ``DataFrame.to_xml``."""

    index: bool | None
    """Whether the index is written; ``None`` and unsaid: unless it only counts the rows."""
    root_name: str
    """The name of the outermost element."""
    row_name: str
    """The name of the element of each row."""
    na_rep: str
    """What stands for a missing value."""
    attr_cols: list[str]
    """Columns that are written as attributes."""
    elem_cols: list[str]
    """Columns that are written as elements."""
    namespaces: dict[str, str]
    """Namespaces by prefix."""
    prefix: str
    """The prefix of all names."""
    encoding: str
    """Of the text."""
    xml_declaration: bool
    """Whether the first line says what it is."""
    pretty_print: bool
    """Whether it is indented."""


class XmlUnpacking(TypedDict, total=False):
    """Options of ``pandas.read_xml``, and ``index_col`` as of its other readers."""

    xpath: str
    """The elements that are rows."""
    namespaces: dict[str, str]
    """Namespaces by prefix, for ``xpath``."""
    elems_only: bool
    """Whether attributes are left out."""
    attrs_only: bool
    """Whether elements are left out."""
    names: Sequence[str]
    """The labels."""
    index_col: int | str | list[int | str]
    """The columns that are the index."""
    dtype: Any
    """Of the columns."""
    parse_dates: Any
    """The columns that hold times."""
    encoding: str
    """Of the text."""
    parser: Literal["etree", "lxml"]
    """``"etree"``, if unsaid; ``"lxml"`` knows all of XPath."""


def write_html(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame as an HTML table.

    Args:
        frame: Any frame.
        path: The file to make.
        options: As :class:`HtmlPacking` says.

    Returns:
        The options of ``pandas.read_html`` that read it back.

    Raises:
        PackError: For text that the encoding does not have, and a frame without columns.
    """
    if not frame.shape[1]:
        raise PackError("html holds no rows without columns", remedy="Ask for format 'parquet'.")
    flat.refuse_blank(frame, "html")
    index = flat.has_index(frame, options.pop("index", None))
    encoding = options.pop("encoding", "utf-8")
    pattern = options.pop("float_format", None)
    if frame.columns.nlevels == 1:
        # pandas writes names of indexes in cells of their own, which it reads as labels and values.
        shown, is_shown = flat.spread(frame) if index else frame.rename_axis(columns=None), False
    else:
        shown, is_shown = frame, index
    try:
        text = shown.to_html(index=is_shown, float_format=pattern.__mod__ if pattern else str, **options)
        path.write_text(text, encoding=encoding, newline="\n")
    except (ValueError, TypeError, LookupError) as error:
        raise PackError(f"html cannot hold the frame: {error}", remedy="Ask for format 'parquet'.") from error
    return {"encoding": encoding, "header": [0], **{name: options[name] for name in ("decimal",) if name in options}} | flat.told(
        frame, index
    )


def read_html(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read the one table of an HTML page, or the one that the options choose.

    Args:
        path: The file.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`HtmlUnpacking` says.

    Raises:
        UnpackError: Where there is no such table, or several, or one that is out of proportion.
    """
    try:
        spans.check(path, options.get("encoding"))
        with path.open("rb") as page:
            tables: list[pd.DataFrame] = pd.read_html(page, flavor="lxml", **options)  # type: ignore[arg-type]  # bytes do
    except (ValueError, TypeError, LookupError, AttributeError, SyntaxError) as error:
        raise UnpackError(f"pandas.read_html cannot read it: {error}", file=path) from error
    if len(tables) != 1:
        raise UnpackError(f"the page has {len(tables)} tables", file=path, remedy="Choose one by match= or attrs={'id': …}.")
    return part(tables[0], columns, rows)


def write_xml(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame as XML, one element a row.

    Args:
        frame: Its labels are names that XML allows.
        path: The file to make.
        options: As :class:`XmlPacking` says.

    Returns:
        The options that read it back.

    Raises:
        PackError: For labels and characters that XML does not have, and a frame without rows or columns.
    """
    if not frame.size:
        raise PackError("xml holds neither rows without columns nor columns without rows", remedy="Ask for format 'parquet'.")
    index = flat.has_index(frame, options.pop("index", None))
    shown = flat.spread(frame, flat.UNNAMED) if index and frame.columns.nlevels == 1 else frame
    if shown.columns.nlevels > 1 or not shown.columns.is_unique:
        raise PackError("the elements of xml are different names, and these labels are not", remedy="Ask for format 'parquet'.")
    encoding = options.get("encoding", "utf-8")
    try:
        text = shown.to_xml(index=False, parser="etree", **options)
        data = text.encode(encoding)
        # The writer takes labels and characters as they are.
        expat.ParserCreate(encoding).Parse(data, True)
    except (ValueError, TypeError, LookupError, AttributeError, expat.ExpatError) as error:
        remedy = "Give the columns names that XML allows, or ask for format 'parquet'."
        raise PackError(f"xml cannot hold the frame: {error}", remedy=remedy) from error
    path.write_bytes(data)
    return {"encoding": encoding} | flat.told(frame, index)


def read_xml(path: Path, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read XML, one row an element.

    Args:
        path: The file.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`XmlUnpacking` says.

    Raises:
        UnpackError: Where it is no such XML, or has a document type.
    """
    if options.get("parser") == "lxml":
        need("lxml", "xml", UnpackError)
    index_col = options.pop("index_col", None)
    _check_xml(path, options.get("encoding"))
    try:
        frame = pd.read_xml(path, **{"parser": "etree", **options})
    except (ValueError, TypeError, LookupError, SyntaxError, AttributeError) as error:
        raise UnpackError(f"pandas.read_xml cannot read it: {error}", file=path, remedy="Name the rows by xpath=.") from error
    return part(flat.with_index(frame, index_col), columns, rows)


def _check_xml(path: Path, encoding: str | None) -> None:
    """Refuse XML that declares anything, entities that grow without end or name files and addresses; and rows that have little in common.

    Raises:
        UnpackError: For a document type, for what is no XML, and for a table that pandas would have to fill up.
    """
    depth = rows = 0
    names: set[str] = set()

    def refuse(*_: object) -> NoReturn:
        raise UnpackError("the XML has a document type, which may declare entities", file=path, remedy="Write it without <!DOCTYPE …>.")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, rows
        if depth == 1:
            rows += 1
            names.update(attributes)
        elif depth == 2:
            names.add(name)
        depth += 1

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(encoding)
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk)
            parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnpackError(f"this is no XML: {error}", file=path) from error
    proportion.check(rows * len(names), path.stat().st_size, path, "its elements have little in common")
