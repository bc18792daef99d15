"""Tables as parquet files: what parquet changes in a schema is put right, and only the asked part of a file is read."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet

from packagers import Packager, PackError, UnpackError
from packagers_pandas import dictionaries
from packagers_pandas.selection import Window, overlapping

BUFFER = 1 << 15
"""Bytes of a file that are handed to Python together; larger pieces go by themselves."""
REMEDY = "Ask for format 'arrow', or for artifact_type 'object'."
# Classes that older releases of pyarrow made by unpickling what the file says.
CODE_EXTENSION = b"arrow.py_extension_type"
# Types, and whether they may be missing, that came back from parquet once: what this release of pyarrow does with them does not change.
_SURVIVORS: set[tuple[Any, bool]] = set()
_MOST_SURVIVORS = 1000


def write(table: Any, path: Path, **options: Any) -> None:
    """Write a table to a file of its own.

    Args:
        table: Its types must all be ones that come back.
        path: The file to make.
        options: As of :func:`write_to`.

    Raises:
        PackError: For a type or a value that parquet cannot hold, mostly before the file exists.
    """
    check(table)
    with Packager.create_file(path.parent, path.name) as file:
        write_to(file, table, **options)


def write_to(file: BinaryIO | IO[bytes], table: Any, *, compression: str = "snappy", row_group_size: int | None = None) -> None:
    """Write a table that was checked to an open file.

    Args:
        file: Open for writing; it is closed.
        table: The table.
        compression: As for ``pyarrow.parquet.write_table``.
        row_group_size: Rows of one group; pyarrow's default, if ``None``.

    Raises:
        PackError: For what parquet cannot hold.
    """
    use = dictionaries.chosen(table, row_group_size)
    try:
        with pa.BufferedOutputStream(pa.PythonFile(file, "w"), BUFFER) as sink:  # Arrow writes many small pieces
            parquet.write_table(table, sink, compression=compression, row_group_size=row_group_size, use_dictionary=use)
    except pa.ArrowException as error:
        raise PackError(f"parquet cannot hold the table: {error}", remedy=REMEDY) from error


def check(table: Any) -> None:
    """Refuse a table that parquet would not give back, before a file exists.

    Raises:
        PackError: For a type or a value that parquet cannot hold.
    """
    check_types(table.schema)
    try:
        check_times(table)
    except pa.ArrowException as error:
        raise PackError(f"parquet cannot hold the table: {error}", remedy=REMEDY) from error


def check_types(schema: Any) -> None:
    """Refuse a schema that parquet would not give back, before a file exists.

    Raises:
        PackError: Names the field.
    """
    unknown = [field for field in schema if (field.type, field.nullable) not in _SURVIVORS or not _is_told_by_type(field)]
    if not unknown:
        return
    if not _survives(pa.schema(unknown)):
        for field in unknown:
            _check_field(field)
    found = {(field.type, field.nullable) for field in unknown if _is_told_by_type(field)}
    if len(_SURVIVORS) + len(found) <= _MOST_SURVIVORS:
        _SURVIVORS.update(found)


def _is_told_by_type(field: Any) -> bool:
    """Tell whether equal types are all that matters of two fields: not of extensions, and names of parts do not count in equality."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    is_extension = isinstance(kind, pa.BaseExtensionType) or any(key.startswith(b"ARROW:extension:") for key in field.metadata or ())
    return not (is_extension or pa.types.is_nested(kind) or pa.types.is_dictionary(kind))


def check_times(table: Any) -> None:
    """Refuse seconds beyond the range of milliseconds, which is what parquet has: releases of pyarrow write others in their place.

    Raises:
        pyarrow.ArrowInvalid: Names the first one.
    """
    for column in table.columns:
        kind = column.type
        if pa.types.is_temporal(kind) and str(kind).startswith(("timestamp[s", "duration[s")):
            column.cast(pa.timestamp("ms", kind.tz) if pa.types.is_timestamp(kind) else pa.duration("ms"))


def open_file(source: Any) -> Any:
    """Open a file and check that reading it runs no code.

    Raises:
        UnpackError: Where it is no parquet file.
    """
    try:
        file = parquet.ParquetFile(source, memory_map=False)
        schema = stored_schema(file.metadata) or file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnpackError(f"this is no parquet file that pyarrow can read: {error}") from error
    refuse_code(schema)
    return file


def refuse_code(schema: Any) -> None:
    """Refuse extension types that only unpickling could rebuild.

    Raises:
        UnpackError: Names the column.
    """
    for field in schema:
        if _is_code(field):
            raise UnpackError(f"column {field.name!r} is of a type that only a pickle could rebuild")


def read(file: Any, fields: Sequence[str] | None, rows: Window | None = None) -> Any:
    """Read a part of an open file, as the table that was written.

    Args:
        file: From :func:`open_file`.
        fields: Names of the fields to read; all, if ``None``.
        rows: The first row, and the one after the last; all, if ``None``.

    Raises:
        UnpackError: Where the file is damaged.
    """
    sizes = group_sizes(file)
    if rows is None:
        return read_groups(file, range(len(sizes)), fields)
    groups, skip = overlapping(sizes, rows)
    return read_groups(file, groups, fields).slice(skip, rows[1] - rows[0])


def group_sizes(file: Any) -> list[int]:
    """Give the number of rows of each row group of an open file."""
    return [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]


def read_groups(file: Any, groups: Sequence[int], fields: Sequence[str] | None) -> Any:
    """Read row groups of an open file, as the table that was written.

    Raises:
        UnpackError: Where the file is damaged.
    """
    try:
        table = file.read_row_groups(groups, columns=None if fields is None else list(dict.fromkeys(fields)))
        if fields is not None and table.num_columns != len(set(fields)):
            # A name with a dot is a path into a structure for parquet too.
            table = table.select([position for position, name in enumerate(table.column_names) if name in set(fields)])
        return as_written(table, stored_schema(file.metadata))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnpackError(f"the parquet file cannot be read: {error}") from error


def as_written(table: Any, schema: Any) -> Any:
    """Give each column the type that it had before parquet, which has no seconds, no large dictionaries and its own names for items.

    Args:
        table: As read.
        schema: Of the whole table as written; ``None`` where the writer was not pyarrow.
    """
    if schema is None:
        return table
    fields = []
    arrays = []
    for position, now in enumerate(table.schema):
        places = schema.get_all_field_indices(now.name)
        then = schema.field(places[0] if len(places) == 1 else position)
        fields.append(then)
        arrays.append(_cast(table.column(position), then.type))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=table.schema.metadata))


def _cast(column: Any, kind: Any) -> Any:
    # Without the metadata, names of list items would not count.
    if column.type.equals(kind, check_metadata=True):
        return column
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(column.type):
        return column.cast(kind.value_type).dictionary_encode().cast(kind)
    return column.cast(kind)


def stored_schema(metadata: Any) -> Any:
    """Give the schema that pyarrow had when it wrote; ``None`` for other writers."""
    stored = (metadata.metadata or {}).get(b"ARROW:schema")
    return None if stored is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(stored)))


def _through(schema: Any) -> Any:
    """Give the schema of an empty table after it was written and read."""
    sink = io.BytesIO()
    parquet.write_table(schema.empty_table(), sink)
    file = parquet.ParquetFile(sink)
    return as_written(file.read(), stored_schema(file.metadata)).schema


def _survives(schema: Any) -> bool:
    try:
        return bool(_through(schema).equals(schema.remove_metadata(), check_metadata=False))
    except (pa.ArrowException, UnpackError):
        return False


def _check_field(field: Any) -> None:
    try:
        back = _through(pa.schema([field])).field(0)
    except (pa.ArrowException, UnpackError) as error:
        raise PackError(f"parquet cannot hold column {field.name!r} of type {field.type}: {error}", remedy=REMEDY) from error
    if not back.equals(field):
        raise PackError(f"parquet would give column {field.name!r} of type {field.type} back as {back.type}", remedy=REMEDY)


def _is_code(field: Any) -> bool:
    if (field.metadata or {}).get(b"ARROW:extension:name") == CODE_EXTENSION:
        return True
    kind = field.type
    if getattr(kind, "extension_name", "").encode() == CODE_EXTENSION:
        return True
    return any(_is_code(kind.field(number)) for number in range(kind.num_fields)) if pa.types.is_nested(kind) else False
