"""A stream of frames as one parquet file: one row group a chunk, never more than one chunk in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as arrow_parquet

from packagers import PackError, UnpackError
from packagers_pandas import layout, parquet
from packagers_pandas.layout import Layout
from packagers_pandas.selection import Columns, Window, within

# pyarrow splits larger groups, and a group is a chunk here.
MAX_ROWS = 64 << 20


def write(frames: Iterable[pd.DataFrame], path: Path, *, compression: str = "snappy") -> None:
    """Write each chunk as it comes.

    Args:
        frames: The chunks, all with the same columns and types.
        path: The file to make.
        compression: As for ``pyarrow.parquet.write_table``.

    Raises:
        PackError: For a chunk that is no frame, has other columns or types than the first, or would not come back exactly.
    """
    entries: list[dict[str, Any]] = []
    known: dict[str, int] = {}
    writer = None
    try:
        for number, frame in enumerate(frames):
            table, entry, text = _take(frame, number)
            if writer is None:
                parquet.check_types(table.schema)
                writer = arrow_parquet.ParquetWriter(path, table.schema, compression=compression)
            parquet.check_times(table)
            writer.write_table(_fitted(table, writer.schema, number), row_group_size=max(len(frame), 1))
            entries.append({**entry, "layout": known.setdefault(text, len(known))})
        if writer is None:
            writer = arrow_parquet.ParquetWriter(path, pa.schema([]))
        note = layout.to_note([json.loads(text) for text in known], chunks=entries)
        writer.add_key_value_metadata({layout.KEY: note})
    except pa.ArrowException as error:
        raise PackError(f"parquet cannot hold the chunks: {error}", remedy=parquet.REMEDY) from error
    finally:
        if writer is not None:
            writer.close()


def frames(file: Any, note: dict[str, Any], columns: Columns, window: Window | None = None) -> Iterator[pd.DataFrame]:
    """Give the chunks of an open file, each read when it is asked for.

    Args:
        file: The file.
        note: What it says of its chunks.
        columns: Which to give.
        window: The rows to give, of all chunks together; chunks without any are left out.

    Raises:
        UnpackError: Where the file does not hold what its note says.
    """
    before = 0
    for number, part in enumerate(_layouts(note)):
        rows = within(window, before, part.rows)
        before += part.rows
        if rows is None:
            continue
        labels, chosen = layout.choose(part, columns)
        if number >= file.num_row_groups:
            raise UnpackError(f"the file has {file.num_row_groups} row groups, and chunk {number} is missing")
        table = parquet.read_groups(file, [number], layout.fields_of(part, chosen))
        yield layout.from_table(table.slice(rows[0], rows[1] - rows[0]), part, labels, chosen, None if window is None else rows)


def _take(frame: Any, number: int) -> tuple[Any, dict[str, Any], str]:
    """Encode one chunk; give its table, what is its own in its layout, and the text of the rest."""
    if type(frame) is not pd.DataFrame:
        raise PackError(f"chunk {number} is a {type(frame).__qualname__} and no pandas.DataFrame")
    if len(frame) > MAX_ROWS:
        raise PackError(f"chunk {number} has {len(frame)} rows, and {MAX_ROWS} are the most", remedy="Make smaller chunks.")
    try:
        table, whole = layout.to_table(frame)
    except PackError as error:
        raise PackError(f"chunk {number}: {error.args[0]}", remedy=error.remedy) from error
    entry = {"rows": whole.rows, "range": whole.row_index.get("range")}
    shared = whole._replace(rows=0, row_index={**whole.row_index, "range": None} if entry["range"] else whole.row_index)
    return _with_wide_codes(table), entry, json.dumps(shared._asdict(), sort_keys=True)


def _layouts(note: dict[str, Any]) -> Iterator[Layout]:
    """Give the layout of each chunk."""
    try:
        for entry in note["chunks"]:
            shared = note["layouts"][entry["layout"]]
            index = {**shared.row_index, "range": entry["range"]} if entry["range"] is not None else shared.row_index
            yield shared._replace(rows=entry["rows"], row_index=index)
    except (TypeError, KeyError, IndexError) as error:
        raise UnpackError(f"the note of the chunks cannot be read: {error}") from error


def _with_wide_codes(table: Any) -> Any:
    """Give all categories codes of one width, so that chunks with more of them have the same type."""
    fields = [
        field.with_type(pa.dictionary(pa.int32(), field.type.value_type, field.type.ordered))
        if pa.types.is_dictionary(field.type)
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


def _fitted(table: Any, first: Any, number: int) -> Any:
    """Give a chunk the schema of the first; a column that holds nothing may have been of any type.

    Raises:
        PackError: Where it does not fit.
    """
    if table.schema.names != first.names:
        found = f"chunk {number} has the columns {table.schema.names[:20]}, and the first had {first.names[:20]}"
        raise PackError(found, remedy="Give all chunks the same columns and the same kind of index; reset_index() helps.")
    arrays = []
    for field, column in zip(first, table.columns, strict=True):
        if column.type != field.type and column.null_count < len(column):
            raise PackError(
                f"column {field.name!r} of chunk {number} is stored as {column.type}, and in the first chunk as {field.type}",
                remedy="Give all chunks the same dtypes.",
            )
        arrays.append(column if column.type == field.type else pa.nulls(len(column), field.type))
    return pa.Table.from_arrays(arrays, schema=first)
