"""pyarrow's tables and batches as files, with what parquet would change in them put right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as arrow_parquet

from packagers import PackError, UnpackError
from packagers_pandas import arrowfile, embedded, layout, orcfile, parquet
from packagers_pandas.selection import Rows, Window, part, refuse_missing, window_of
from packagers_pandas.sources import ParquetSource, Source, lazily, opened
from packagers_pandas.summary import COLUMNS, LENGTH, ROWS, SCHEMA, short


def write(
    table: Any, path: Path, format: str, compression: str | None, row_group_size: int | None, batch_size: int | None
) -> dict[str, Any]:
    """Write a table.

    Args:
        table: Any table.
        path: The file to make.
        format: ``parquet``, ``arrow``, ``feather`` or ``orc``.
        compression: The format's default, if ``None``.
        row_group_size: Rows in a group of a parquet file.
        batch_size: The most rows of a batch of an Arrow file; ``None`` for batches as they are in the table.

    Returns:
        What the file does not say.

    Raises:
        PackError: For a type or a value that the format cannot hold.
    """
    if format == "orc":
        try:
            orcfile.write_table(table, path, **({} if compression is None else {"compression": compression}))
        except (pa.ArrowException, ValueError) as error:
            raise PackError(f"orc cannot hold the table: {error}", remedy="Ask for format 'arrow', which holds every type.") from error
        return {}
    if format != "parquet":
        default = "lz4" if format == "feather" else "none"
        arrowfile.write(table, path, compression=compression or default, batch_size=batch_size)
        return {}
    told: dict[str, Any] = {}
    if table.num_columns == 0 and table.num_rows:
        told["num_rows"] = table.num_rows
    dictionaries = _dictionaries(table)
    if dictionaries:
        told["dictionaries"] = dictionaries
    parquet.write(table, path, compression=compression or "snappy", row_group_size=row_group_size)
    return told


def read(
    file: Path | BinaryIO | memoryview,
    format: str,
    columns: Sequence[str] | None,
    rows: Rows,
    memory_map: bool,
    num_rows: int | None,
    dictionaries: dict[str, str],
) -> Any:
    """Read a table, or a part of it; only that part is read.

    Args:
        file: By whomever it was written.
        format: ``parquet``, ``arrow``, ``feather`` or ``orc``.
        columns: Names, in the order they are wanted; all, if ``None``.
        rows: The first row and the one after the last; all, if ``None``.
        memory_map: Leave the data of an Arrow file on disk.
        num_rows: Of a table without columns.
        dictionaries: Of columns, by position.

    Raises:
        UnpackError: Where the file is damaged, or there is no such column.
    """
    with opened(file, format, memory_map=memory_map) as source:
        refuse_missing(columns or (), source.schema.names)
        window = None if rows is None else window_of(rows, source.rows if num_rows is None else num_rows)
        table = source.read(columns, window)
        table = _restored(table, schema_of(source), dictionaries)
    if columns is not None:
        table = table.select(list(columns))
    if table.num_columns:
        return table
    count = num_rows if num_rows is not None else source.rows
    return _without_columns(count if window is None else window[1] - window[0], table.schema.metadata)


def of_frame(frame: pd.DataFrame, rows: Rows) -> Any:
    """Give the table as which a frame is stored, with no column for an index that only counts the rows.

    Args:
        frame: The frame.
        rows: The first row to give and the one after the last; all, if ``None``.

    Raises:
        UnpackError: For a frame that Arrow cannot hold.
    """
    count = pd.RangeIndex(len(frame))
    if frame.index.dtype.kind in "iu" and frame.index.name is None and frame.index.equals(count):
        frame = frame.set_axis(count, axis=0)
    try:
        return layout.with_note(*layout.to_table(part(frame, None, rows)))
    except PackError as error:
        raise UnpackError(f"the frame makes no table: {error.args[0]}", remedy="Ask for pandas.DataFrame.") from error


def of_batch(batch: Any) -> Any:
    """Give a table of one batch."""
    return pa.Table.from_batches([batch]) if batch.num_columns else _without_columns(batch.num_rows, batch.schema.metadata)


def to_batch(table: Any) -> Any:
    """Give a table as one batch."""
    if not table.num_columns:
        return pa.record_batch({"": pa.nulls(table.num_rows)}).replace_schema_metadata(table.schema.metadata).select([])
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_arrays([pa.array([], field.type) for field in table.schema], schema=table.schema)


def write_batches(reader: Any, path: Path, format: str, compression: str | None) -> None:
    """Write each batch as it comes.

    Raises:
        PackError: For a type or a value that the format cannot hold.
    """
    schema = reader.schema
    if format == "parquet":
        parquet.check_types(schema)
        if not schema.names:
            raise PackError("parquet does not keep the rows of batches without columns", remedy="Ask for format 'arrow'.")
        writer = arrow_parquet.ParquetWriter(path, schema, compression=compression or "snappy")
    else:
        options = pa.ipc.IpcWriteOptions(compression=None if compression == "none" else compression, unify_dictionaries=False)
        writer = pa.ipc.new_file(str(path), schema, options=options)
    try:
        with writer:
            for batch in reader:
                if format == "parquet":
                    parquet.check_times(batch)
                    writer.write_batch(batch, row_group_size=max(batch.num_rows, 1))
                else:
                    writer.write_batch(batch)
    except pa.ArrowException as error:
        raise PackError(f"{format} cannot hold the batches: {error}", remedy=parquet.REMEDY) from error


def batches(file: Path | BinaryIO, format: str, columns: Sequence[str] | None, rows: Rows) -> Any:
    """Open a file as a reader of batches, each read when it is asked for.

    Args:
        file: By whomever it was written.
        format: ``parquet`` or ``arrow``.
        columns: Names, in the order they are wanted; all, if ``None``.
        rows: The first row and the one after the last; batches without any are not read.

    Raises:
        UnpackError: Where the file is damaged, or there is no such column.
    """
    schema = None

    def make(source: Source) -> Iterator[Any]:
        nonlocal schema
        schema = schema_of(source)
        refuse_missing(columns or (), schema.names)
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns], metadata=schema.metadata)
        return _batches(source, columns, None if rows is None else window_of(rows, source.rows))

    pieces = lazily(file, format, make)
    return pa.RecordBatchReader.from_batches(schema, pieces)


def schema_of(source: Source) -> Any:
    """Give the schema of the table as it was written."""
    stored = parquet.stored_schema(source.file.metadata) if isinstance(source, ParquetSource) else None
    return source.schema if stored is None else stored


def describe(schema: Any) -> dict[str, str]:
    """Give the types of the first columns by their names."""
    fields = [schema.field(position) for position in range(min(len(schema), SCHEMA))]
    return {short(field.name): short(str(field.type)) for field in fields}


def preview(table: Any) -> dict[str, Any]:
    """Give the first rows and columns as a table."""
    shape = [table.num_rows, table.num_columns]
    head = table.select(list(range(min(table.num_columns, COLUMNS)))).slice(0, ROWS)
    columns = [[_cell(item) for item in column] for column in head.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return {"table": {"columns": [short(name) for name in head.schema.names], "rows": rows, "shape": shape}}


def _batches(source: Source, columns: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
    for table in source.pieces(columns, window):
        yield to_batch(table if columns is None else table.select(list(columns)))


def _without_columns(rows: int, metadata: Any) -> Any:
    # Replacing the metadata of a table without columns would forget its rows.
    return pa.table({"": pa.nulls(rows)}).replace_schema_metadata(metadata).select([])


def _dictionaries(table: Any) -> dict[str, str]:
    """Give the dictionaries of columns, by position: parquet keeps the values, and not always the codes."""
    found: dict[str, str] = {}
    for position, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type) and column.num_chunks:
            found[str(position)] = embedded.to_base64(column.unify_dictionaries().chunk(0).dictionary)
    return found


def _restored(table: Any, schema: Any, dictionaries: dict[str, str]) -> Any:
    """Give columns the dictionaries that they had."""
    for position, text in dictionaries.items():
        name = schema.field(int(position)).name
        place = table.schema.get_field_index(name) if len(table.schema) != len(schema) else int(position)
        if place >= 0:
            column = _with_dictionary(table.column(place), embedded.from_base64(text))
            table = table.set_column(place, table.schema.field(place), column)
    return table


def _with_dictionary(column: Any, dictionary: Any) -> Any:
    kind = column.type
    chunks = []
    for chunk in column.chunks:
        places = pa.compute.index_in(chunk.dictionary, dictionary)
        codes = pa.compute.take(places, chunk.indices).cast(kind.index_type)
        chunks.append(pa.DictionaryArray.from_arrays(codes, dictionary, ordered=kind.ordered))
    return pa.chunked_array(chunks, kind)


def _cell(item: Any) -> str:
    """Write one value; of a long one only its beginning is looked at."""
    if not item.is_valid:
        return ""
    kind = item.type
    if pa.types.is_dictionary(kind):
        return _cell(item.value)
    if isinstance(item, (pa.StringScalar, pa.LargeStringScalar, pa.StringViewScalar)):
        return short(item.as_buffer().slice(0, min(item.as_buffer().size, 4 * LENGTH + 4)).to_pybytes().decode(errors="ignore"))
    if pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        try:
            return short(str(item.as_py()))
        except (OverflowError, ValueError):
            pass  # Arrow has times that Python has not
    return short(f"<{kind}>")
