"""Tables and frames as ORC files, by pyarrow.

Lossy: ORC keeps no notes, so that the index of a frame is columns like the others, and the values of some types come back as another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict

import pandas as pd
import pyarrow as pa

from packagers import Instructions, PackError, UnpackError
from packagers_pandas import flat
from packagers_pandas.selection import Columns, Rows, refuse_missing, window_of

_REMEDY = "Ask for format 'parquet'."


class Packing(TypedDict, total=False):
    """Options of ``pyarrow.orc.write_table``, and ``index`` as of ``DataFrame.to_orc``."""

    index: bool | None
    """Whether the index is written; ``None`` and unsaid: unless it only counts the rows."""
    compression: Literal["uncompressed", "zlib", "snappy", "lz4", "zstd"]
    """How it is compressed."""
    stripe_size: int
    """Bytes of a stripe, which is read at once."""


class Unpacking(TypedDict, total=False):
    """``index_col`` as of pandas' other readers."""

    index_col: int | str | list[int | str]
    """The columns that are the index."""


def write(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> Instructions:
    """Write a frame.

    Args:
        frame: Its labels are different texts.
        path: The file to make.
        options: As :class:`Packing` says.

    Returns:
        Which columns are the index.

    Raises:
        PackError: For labels that are no texts, and columns that ORC has no type for.
    """
    index = flat.has_index(frame, options.pop("index", None))
    if frame.columns.nlevels > 1:
        raise PackError("the labels of an orc file are texts, and these have several levels", remedy=_REMEDY)
    columns = flat.spread(frame, flat.UNNAMED) if index else frame.reset_index(drop=True)
    columns.attrs = {}
    if not columns.shape[1]:
        raise PackError("orc holds no rows without columns", remedy="Ask for format 'parquet', or for index=True.")
    labels: list[Any] = list(columns.columns)
    strange = next((label for label in labels if not isinstance(label, str)), None)
    if strange is not None or not columns.columns.is_unique:
        what = f"{strange!r} is none" if strange is not None else "some are the same"
        raise PackError(f"the labels of an orc file are different texts, and {what}", remedy=_REMEDY)
    try:
        table = pa.Table.from_pandas(columns, preserve_index=False).replace_schema_metadata()
        write_table(table, path, **options)
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError) as error:
        raise PackError(f"orc cannot hold the frame: {error}", remedy=_REMEDY) from error
    return {"index_col": list(range(frame.index.nlevels))} if index else {}


def read(source: Path | BinaryIO, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
    """Read a frame, or a part of it; only that part is read.

    Args:
        source: The file.
        columns: Which to give.
        rows: Which to give.
        options: As :class:`Unpacking` says.

    Raises:
        UnpackError: Where it is no ORC file, or has no such column.
    """
    index_col = options.get("index_col")
    file = open_file(source)
    names = file.schema.names
    levels = [] if index_col is None else index_col if isinstance(index_col, list) else [index_col]
    try:
        levels = [names[level] if isinstance(level, int) else level for level in levels]
    except IndexError as error:
        raise UnpackError(f"index_col={index_col!r} names no columns of the file") from error
    refuse_missing(columns or (), names)
    wanted = None if columns is None else [*levels, *(name for name in columns if name not in levels)]
    frame: pd.DataFrame = read_table(file, wanted, rows).to_pandas()
    if levels:
        frame = flat.with_index(frame, levels)
    else:
        frame.index = pd.RangeIndex(file.nrows)[slice(*window_of(rows or (None, None), file.nrows))]
    return frame if columns is None else frame[list(columns)]


def write_table(table: Any, path: Path, **options: Any) -> None:
    """Write a table.

    Args:
        table: Its types must all be ones that ORC has.
        path: The file to make.
        options: Of ``pyarrow.orc.write_table``.

    Raises:
        pyarrow.ArrowException: For a type that ORC does not have, before the file exists.
    """
    from pyarrow import orc

    # A small one first: what is written of a file until it fails would stay.
    orc.write_table(table.schema.empty_table(), pa.BufferOutputStream())
    orc.write_table(table, path, **options)


def open_file(source: Path | BinaryIO) -> Any:
    """Open a file.

    Raises:
        UnpackError: Where it is no ORC file.
    """
    from pyarrow import orc

    try:
        return orc.ORCFile(str(source) if isinstance(source, Path) else pa.PythonFile(source, mode="r"))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnpackError(f"this is no ORC file that pyarrow can read: {error}") from error


def read_table(file: Any, columns: Sequence[str] | None, rows: Rows) -> Any:
    """Read a part of an open file; of the stripes after the last row, and of other columns, nothing is read.

    Raises:
        UnpackError: Where it is damaged.
    """
    first, last = (0, file.nrows) if rows is None else window_of(rows, file.nrows)
    schema = file.schema if columns is None else pa.schema([file.schema.field(name) for name in columns])
    batches, before = [], 0
    try:
        for number in range(file.nstripes):
            if before >= last or (columns is not None and not columns):
                break
            batch = file.read_stripe(number, None if columns is None else list(columns))
            if before + batch.num_rows > first:
                batches.append(batch.slice(max(first - before, 0), last - max(before, first)))
            before += batch.num_rows
        return pa.Table.from_batches(batches, schema=batches[0].schema if batches else schema).select(schema.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnpackError(f"the ORC file cannot be read: {error}") from error
