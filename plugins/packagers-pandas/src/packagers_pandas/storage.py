"""Frames as parquet, feather and Arrow files: with the note of :mod:`layout` all of a frame comes back, without it what Arrow gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from packagers import UnpackError
from packagers_pandas import arrowfile, chunks, layout, parquet
from packagers_pandas.layout import Layout
from packagers_pandas.text import window_of

Rows = Sequence[int | None] | slice | range
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


def write(frame: pd.DataFrame, path: Path, format: str, *, compression: str | None = None, row_group_size: int | None = None) -> None:
    """Write a frame.

    Args:
        frame: Any frame.
        path: The file to make.
        format: ``parquet``, ``feather`` or ``arrow``.
        compression: As pyarrow names it; its default for the format, if ``None``.
        row_group_size: Rows in a group of a parquet file.

    Raises:
        PackError: For a frame that would not come back exactly.
    """
    table = layout.with_note(*layout.to_table(frame))
    if format == "parquet":
        parquet.write(table, path, compression=compression or "snappy", row_group_size=row_group_size)
    else:
        default = "lz4" if format == "feather" else None
        arrowfile.write(table, path, compression=None if compression == "none" else compression or default)


def read(path: Path, format: str, columns: Sequence[Any] | None = None, rows: Rows | None = None) -> pd.DataFrame:
    """Read a frame, or a part of it; of a parquet file only that part is read.

    Args:
        path: The file, by whomever it was written.
        format: ``parquet``, ``feather`` or ``arrow``.
        columns: Labels, in the order they are wanted; all, if ``None``.
        rows: The first row and the one after the last, by position; all, if ``None``.

    Raises:
        UnpackError: Where the file is damaged, or there is no such column.
    """
    if format != "parquet":
        return _read(_Arrow(arrowfile.read(path)), columns, rows)
    with parquet.open_file(path) as file:
        return _read(_Parquet(file), columns, rows)


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
    return _read(_Arrow(arrowfile.loads(data)), None, None)


def _read(source: Any, columns: Sequence[Any] | None, rows: Rows | None) -> pd.DataFrame:
    try:
        return _decode(source, columns, rows)
    except MISFITS as error:
        raise UnpackError(f"the table makes no frame: {type(error).__name__}: {error}") from error


def _decode(source: Any, columns: Sequence[Any] | None, rows: Rows | None) -> pd.DataFrame:
    note = layout.read_note(source.metadata)
    if note is not None and "chunks" in note:
        return _of_chunks(source, note, columns, rows)
    if note is None:
        return _read_plain(source, columns, None if rows is None else window_of(rows, source.rows))
    whole: Layout = note["layouts"][0]
    window = None if rows is None else window_of(rows, whole.rows)
    labels, chosen = layout.choose(whole, columns)
    table = source.read(layout.fields_of(whole, chosen), window)
    return layout.from_table(table, whole, labels, chosen, window)


def pieces(path: Path, columns: Sequence[Any] | None = None) -> Iterator[pd.DataFrame]:
    """Open a parquet file and give its chunks, or its row groups if it is no stream; each is read when it is asked for.

    Args:
        path: The file.
        columns: Labels of the columns to read, in this order; all, if ``None``.

    Raises:
        UnpackError: Where it is no parquet file.
    """
    file = parquet.open_file(path)
    note = layout.read_note(file.metadata.metadata)
    if note is not None and "chunks" in note:
        return _closing(file, chunks.frames(file, note, columns))
    return _closing(file, _groups(_Parquet(file), columns))


def _closing(file: Any, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    with file:
        yield from frames


def _groups(source: _Parquet, columns: Sequence[Any] | None) -> Iterator[pd.DataFrame]:
    first = 0
    for count in source.group_sizes():
        yield _read(source, columns, (first, first + count))
        first += count


class _Parquet:
    """A parquet file that is read in parts."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.schema = self.file.schema_arrow
        self.metadata = self.file.metadata.metadata
        self.rows: int = self.file.metadata.num_rows

    def read(self, fields: Sequence[str] | None, window: tuple[int, int] | None) -> Any:
        return parquet.read(self.file, fields, window)

    def group_sizes(self) -> list[int]:
        metadata = self.file.metadata
        return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


class _Arrow:
    """A table that was read whole."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.schema = table.schema
        self.metadata = table.schema.metadata
        self.rows: int = table.num_rows

    def read(self, fields: Sequence[str] | None, window: tuple[int, int] | None) -> Any:
        chosen = set(self.schema.names if fields is None else fields)
        table = self._table.select([position for position, name in enumerate(self.schema.names) if name in chosen])
        return table if window is None else table.slice(window[0], window[1] - window[0])


def _of_chunks(source: Any, note: dict[str, Any], columns: Sequence[Any] | None, rows: Rows | None) -> pd.DataFrame:
    """Put together the chunks of a stream."""
    parts = list(chunks.frames(source.file, note, columns))
    frame = pd.concat(parts) if parts else pd.DataFrame()
    return frame if rows is None else frame.iloc[slice(*window_of(rows, len(frame)))]


def _read_plain(source: Any, columns: Sequence[Any] | None, window: tuple[int, int] | None) -> pd.DataFrame:
    """Read a file that another program wrote: pandas' own note says what index and dtypes are."""
    note = source.schema.pandas_metadata or {}
    index_columns = note.get("index_columns", [])
    fields = None
    if columns is not None:
        known = [name for name in source.schema.names if name not in index_columns]
        # pandas writes numbers as texts, and its note says that they were none.
        names = [label if isinstance(label, str) else str(label) for label in columns]
        missing = next((label for label, name in zip(columns, names, strict=True) if name not in known), None)
        if missing is not None:
            raise UnpackError(f"there is no column {missing!r}", remedy=f"There are: {', '.join(map(repr, known[:20]))}.")
        fields = [*names, *(name for name in index_columns if isinstance(name, str))]
    frame: pd.DataFrame = source.read(fields, window).to_pandas()
    if window is not None and isinstance(frame.index, pd.RangeIndex):
        ranges = [entry for entry in index_columns if isinstance(entry, dict)]
        whole = pd.RangeIndex(ranges[0]["start"], ranges[0]["stop"], ranges[0]["step"]) if ranges else pd.RangeIndex(source.rows)
        frame.index = whole[slice(*window)].rename(ranges[0].get("name") if ranges else None)
    return frame if columns is None else frame[list(columns)]
