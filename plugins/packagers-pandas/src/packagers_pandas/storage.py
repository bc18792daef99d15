"""Frames as parquet, feather and Arrow files: with the note of :mod:`layout` all of a frame comes back, without it what Arrow gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict

import pandas as pd
import pyarrow as pa

from packagers import Instructions, UnpackError
from packagers_pandas import arrowfile, chunks, layout, parquet
from packagers_pandas.layout import Layout
from packagers_pandas.selection import Columns, Rows, Window, refuse_missing, window_of, within
from packagers_pandas.sources import ParquetSource, Source, TableSource, lazily, opened

# What pandas and Arrow raise for a note and a table that do not belong together.
MISFITS = (
    pa.ArrowException,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    OSError,
)


class ParquetPacking(TypedDict, total=False):
    """Options of ``pyarrow.parquet.write_table``."""

    compression: Literal["snappy", "zstd", "gzip", "brotli", "lz4", "none"]
    """snappy, if unsaid."""
    row_group_size: int
    """Rows of a group."""


class ArrowPacking(TypedDict, total=False):
    """Options of Arrow files."""

    compression: Literal["lz4", "zstd", "none"]
    """lz4 in ``feather``, none in ``arrow``, if unsaid."""


def write_parquet(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame as a parquet file.

    Args:
        frame: Any frame.
        path: The file to make.
        options: As :class:`ParquetPacking` says.

    Raises:
        PackError: For a frame that would not come back exactly.
    """
    parquet.write(layout.with_note(*layout.to_table(frame)), path, **options)
    return {}


def write_arrow(frame: pd.DataFrame, path: Path, options: dict[str, Any], *, default: str = "none") -> Instructions:
    """Write a frame as an Arrow file.

    Args:
        frame: Any frame.
        path: The file to make.
        options: As :class:`ArrowPacking` says.
        default: The compression where none was asked for.

    Raises:
        PackError: For a frame that would not come back exactly.
    """
    arrowfile.write(layout.with_note(*layout.to_table(frame)), path, **{"compression": default, **options})
    return {}


def read(file: Path | BinaryIO | memoryview, columns: Columns, rows: Rows, options: dict[str, Any], *, format: str) -> pd.DataFrame:
    """Read a frame, or a part of it; only that part is read.

    Args:
        file: By whomever it was written.
        columns: Which to give.
        rows: Which to give.
        options: There are none.
        format: ``parquet``, ``feather`` or ``arrow``.

    Raises:
        UnpackError: Where the file is damaged, or there is no such column.
    """
    with opened(file, format, **options) as source:
        return _read(source, columns, rows)


def to_bytes(frame: pd.DataFrame) -> bytes:
    """Give the bytes of an Arrow file.

    Raises:
        PackError: For a frame that would not come back exactly.
    """
    return arrowfile.dumps(layout.with_note(*layout.to_table(frame)))


def from_bytes(data: bytes) -> pd.DataFrame:
    """Give the frame of the bytes of an Arrow file.

    Raises:
        UnpackError: Where they are none.
    """
    return _read(TableSource(arrowfile.loads(data)), None, None)


def pieces(file: Path | BinaryIO, columns: Columns = None, rows: Rows = None) -> Iterator[pd.DataFrame]:
    """Open a parquet file and give its chunks, or its row groups if it is no stream; each is read when it is asked for.

    Args:
        file: The file; it is closed when the iterator is gone.
        columns: Which to give.
        rows: Which to give, of all chunks together; those of other chunks are not read.

    Raises:
        UnpackError: Where it is no parquet file.
    """

    def make(source: Any) -> Iterator[pd.DataFrame]:
        note = layout.read_note(source.metadata)
        window = None if rows is None else window_of(rows, source.rows)
        if note is not None and "chunks" in note:
            return chunks.frames(source.file, note, columns, window)
        return _groups(source, columns, window)

    return lazily(file, "parquet", make)


def _groups(source: ParquetSource, columns: Columns, window: Window | None) -> Iterator[pd.DataFrame]:
    before = 0
    for size in parquet.group_sizes(source.file):
        rows = within(window, before, size)
        if rows is not None:
            yield _read(source, columns, (before + rows[0], before + rows[1]))
        before += size


def _read(source: Source, columns: Columns, rows: Rows) -> pd.DataFrame:
    try:
        return _decode(source, columns, rows)
    except MISFITS as error:
        raise UnpackError(f"the table makes no frame: {type(error).__name__}: {error}") from error


def _decode(source: Source, columns: Columns, rows: Rows) -> pd.DataFrame:
    note = layout.read_note(source.metadata)
    if note is not None and "chunks" in note:
        return _of_chunks(source, note, columns, rows)
    if note is None:
        return _read_plain(source, columns, None if rows is None else window_of(rows, source.rows))
    whole: Layout = note["layouts"][0]
    window = None if rows is None else window_of(rows, whole.rows)
    labels, chosen = layout.choose(whole, columns)
    table = source.read(None if columns is None else layout.fields_of(whole, chosen), window)
    return layout.from_table(table, whole, labels, chosen, window)


def _of_chunks(source: Any, note: dict[str, Any], columns: Columns, rows: Rows) -> pd.DataFrame:
    """Put together the chunks of a stream."""
    window = None if rows is None else window_of(rows, source.rows)
    parts = list(chunks.frames(source.file, note, columns, window))
    if parts:
        return pd.concat(parts)
    first = next(chunks.frames(source.file, note, columns), None)
    return pd.DataFrame() if first is None else first.iloc[:0]


def _read_plain(source: Source, columns: Columns, window: Window | None) -> pd.DataFrame:
    """Read a file that another program wrote: pandas' own note says what index and dtypes are."""
    note = source.schema.pandas_metadata or {}
    index_columns = note.get("index_columns", [])
    fields = None
    if columns is not None:
        # pandas writes numbers as texts, and its note says that they were none.
        names = [label if isinstance(label, str) else str(label) for label in columns]
        refuse_missing(names, [name for name in source.schema.names if name not in index_columns])
        fields = [*names, *(name for name in index_columns if isinstance(name, str))]
    frame: pd.DataFrame = source.read(fields, window).to_pandas()
    if isinstance(frame.index, pd.RangeIndex) and (window is not None or not frame.shape[1]):
        ranges = [entry for entry in index_columns if isinstance(entry, dict)]
        whole = pd.RangeIndex(ranges[0]["start"], ranges[0]["stop"], ranges[0]["step"]) if ranges else pd.RangeIndex(source.rows)
        frame.index = whole[slice(*window or (None, None))].rename(ranges[0].get("name") if ranges else None)
    return frame if columns is None else frame[list(columns)]
