"""Tables and frames as ORC files, by pyarrow.

Lossy: ORC keeps no notes, so that the index of a frame is columns like the others, and the values of some types come back as another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict

import pandas as pd
import pyarrow as pa

from packagers import Instructions, PackError, UnpackError
from packagers_pandas import flat
from packagers_pandas.selection import Columns, Rows, refuse_missing, window_of
from packagers_pandas.sources import opened

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


def read(source: Path | BinaryIO | memoryview, columns: Columns, rows: Rows, options: dict[str, Any]) -> pd.DataFrame:
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
    levels = [] if index_col is None else index_col if isinstance(index_col, list) else [index_col]
    with opened(source, "orc") as file:
        names = file.schema.names
        try:
            levels = [names[level] if isinstance(level, int) else level for level in levels]
        except IndexError as error:
            raise UnpackError(f"index_col={index_col!r} names no columns of the file") from error
        refuse_missing(columns or (), names)
        wanted = None if columns is None else [*levels, *(name for name in columns if name not in levels)]
        window = window_of(rows or (None, None), file.rows)
        frame: pd.DataFrame = file.read(wanted, window).to_pandas()
        frame.index = pd.RangeIndex(file.rows)[slice(*window)]
    if levels:
        frame = flat.with_index(frame, levels)
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
