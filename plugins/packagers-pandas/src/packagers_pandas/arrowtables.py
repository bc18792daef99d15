"""pyarrow's tables and batches as files, with what parquet would change in them put right."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as arrow_parquet

from packagers import PackError, UnpackError
from packagers_pandas import arrowfile, embedded, parquet
from packagers_pandas.text import window_of

ROWS, COLUMNS, LENGTH = 10, 12, 32


def write(table: Any, path: Path, format: str, compression: str | None, row_group_size: int | None) -> dict[str, Any]:
    """Write a table.

    Args:
        table: Any table.
        path: The file to make.
        format: ``parquet`` or ``arrow``.
        compression: The format's default, if ``None``.
        row_group_size: Rows in a group of a parquet file.

    Returns:
        What the file does not say.

    Raises:
        PackError: For a type or a value that the format cannot hold.
    """
    if format == "arrow":
        arrowfile.write(table, path, compression=None if compression == "none" else compression)
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
    path: Path,
    format: str,
    columns: Sequence[str] | None,
    rows: Any,
    memory_map: bool,
    num_rows: int | None,
    dictionaries: dict[str, str],
) -> Any:
    """Read a table, or a part of it.

    Args:
        path: The file, by whomever it was written.
        format: ``parquet``, ``arrow`` or ``feather``.
        columns: Names, in the order they are wanted; all, if ``None``.
        rows: The first row and the one after the last; all, if ``None``.
        memory_map: Leave the data of an Arrow file on disk.
        num_rows: Of a table without columns.
        dictionaries: Of columns, by position.

    Raises:
        UnpackError: Where the file is damaged, or there is no such column.
    """
    if format == "parquet":
        file = parquet.open_file(path)
        _check_columns(file.schema_arrow, columns)
        window = None if rows is None else window_of(rows, file.metadata.num_rows)
        table = parquet.read(file, columns, window)
        stored = parquet.stored_schema(file.metadata)
        table = _restored(table, stored if stored is not None else file.schema_arrow, dictionaries)
    else:
        table = arrowfile.read(path, memory_map=memory_map)
        _check_columns(table.schema, columns)
        table = table if rows is None else table.slice(window_of(rows, table.num_rows)[0], _length(window_of(rows, table.num_rows)))
    if columns is not None:
        table = table.select(list(columns))
    return table if num_rows is None or table.num_columns else _without_columns(num_rows, table.schema.metadata)


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
                    writer.write_batch(batch, row_group_size=max(batch.num_rows, 1))
                else:
                    writer.write_batch(batch)
    except pa.ArrowException as error:
        raise PackError(f"{format} cannot hold the batches: {error}", remedy=parquet.REMEDY) from error


def open_reader(path: Path, format: str, columns: Sequence[str] | None) -> Any:
    """Open a file as a reader of batches, each read when it is asked for.

    Raises:
        UnpackError: Where the file is damaged, or there is no such column.
    """
    if format == "arrow":
        table = arrowfile.read(path, memory_map=True)
        _check_columns(table.schema, columns)
        return (table if columns is None else table.select(list(columns))).to_reader()
    file = parquet.open_file(path)
    stored = parquet.stored_schema(file.metadata)
    whole = file.schema_arrow if stored is None else stored
    _check_columns(whole, columns)
    schema = whole if columns is None else pa.schema([whole.field(name) for name in columns], metadata=whole.metadata)
    return pa.RecordBatchReader.from_batches(schema, _batches(file, whole, columns))


def preview(table: Any) -> dict[str, Any]:
    """Give the first rows and columns as a table."""
    head = table.slice(0, ROWS)
    names = [name[:LENGTH] for name in table.column_names[:COLUMNS]]
    columns = [[_cell(item) for item in head.column(position)] for position in range(len(names))]
    return {"table": {"columns": names, "rows": [list(row) for row in zip(*columns, strict=True)]}}


def _batches(file: Any, schema: Any, columns: Sequence[str] | None) -> Iterator[Any]:
    for number in range(file.num_row_groups):
        table = parquet.read_groups(file, [number], columns)
        yield to_batch(table if columns is None else table.select(list(columns)))


def _check_columns(schema: Any, columns: Sequence[str] | None) -> None:
    missing = next((name for name in columns or () if name not in schema.names), None)
    if missing is not None:
        raise UnpackError(f"there is no column {missing!r}", remedy=f"There are: {', '.join(map(repr, schema.names[:20]))}.")


def _without_columns(rows: int, metadata: Any) -> Any:
    # Replacing the metadata of a table without columns would forget its rows.
    return pa.table({"": pa.nulls(rows)}).replace_schema_metadata(metadata).select([])


def _length(window: tuple[int, int]) -> int:
    return window[1] - window[0]


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
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return f"<{str(kind)[:LENGTH]}>"
    value = item.as_py()
    return value[:LENGTH] if isinstance(value, str) else reprlib.repr(value) if isinstance(value, bytes) else str(value)[:LENGTH]
