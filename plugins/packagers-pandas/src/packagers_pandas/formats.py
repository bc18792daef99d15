"""The formats of frames: for each who writes and reads it, with which options, and what it promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

from packagers_pandas import arrays, hdf, markup, orcfile, storage, text, workbooks
from packagers_pandas.options import Kind, Nothing

Format: TypeAlias = Literal["parquet", "feather", "arrow", "csv", "json", "jsonl", "orc", "html", "xlsx", "xml", "hdf"]
Stored: TypeAlias = Literal["parquet", "feather", "arrow", "csv", "json", "jsonl", "orc", "html", "xlsx", "xml", "hdf", "npy", "npz"]
"""Those that are read; NumPy's are what other packagers write."""


class Form(NamedTuple):
    """One format.

    Attributes:
        write: Takes a frame, a path and options; gives instructions for reading. ``None``, where it is only read.
        packing: The options that it takes.
        read: Takes a file, columns, rows and options; gives a frame.
        unpacking: The options that it takes.
        reader: Whether reading is ``data`` or ``code``.
        is_lossy: Whether something of a frame may be lost.
        is_deterministic: Whether equal frames make equal bytes.
        is_partial: Whether the reader takes an open file too, and reads no more of it than was asked for.
    """

    write: Callable[..., dict[str, Any]] | None
    packing: Kind
    read: Callable[..., Any]
    unpacking: Kind = Nothing
    reader: str = "data"
    is_lossy: bool = True
    is_deterministic: bool = False
    is_partial: bool = False


def _arrow(format: str, write: Callable[..., dict[str, Any]], packing: Kind, *, is_deterministic: bool = False) -> Form:
    read = partial(storage.read, format=format)
    return Form(write, packing, read, is_lossy=False, is_deterministic=is_deterministic, is_partial=True)


FORMS: dict[str, Form] = {
    "parquet": _arrow("parquet", storage.write_parquet, storage.ParquetPacking, is_deterministic=True),
    "feather": _arrow("feather", partial(storage.write_arrow, default="lz4"), storage.ArrowPacking),
    "arrow": _arrow("arrow", storage.write_arrow, storage.ArrowPacking),
    "csv": Form(text.write_csv, text.CsvPacking, text.read_csv, text.CsvUnpacking, is_deterministic=True),
    "json": Form(text.write_json, text.JsonPacking, text.read_json, text.JsonUnpacking, is_deterministic=True),
    "jsonl": Form(
        partial(text.write_json, lines=True),
        text.LinesPacking,
        partial(text.read_json, lines=True),
        text.LinesUnpacking,
        is_deterministic=True,
    ),
    "orc": Form(orcfile.write, orcfile.Packing, orcfile.read, orcfile.Unpacking, is_partial=True),
    "html": Form(markup.write_html, markup.HtmlPacking, markup.read_html, markup.HtmlUnpacking, is_deterministic=True),
    "xlsx": Form(workbooks.write, workbooks.Packing, workbooks.read, workbooks.Unpacking),
    "xml": Form(markup.write_xml, markup.XmlPacking, markup.read_xml, markup.XmlUnpacking, is_deterministic=True),
    "hdf": Form(hdf.write, hdf.Packing, hdf.read, hdf.Unpacking, reader="code"),
    "npy": Form(None, Nothing, arrays.read_npy),
    "npz": Form(None, Nothing, arrays.read_npz, arrays.NpzUnpacking),
}


def named(quality: str) -> frozenset[str]:
    """Give the formats for which a field of :class:`Form` is true."""
    return frozenset(format for format, form in FORMS.items() if getattr(form, quality))
