"""Tables as Arrow files: ``arrow`` as it lies in memory, ``feather`` compressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from packagers import Packager, PackError, UnpackError
from packagers_pandas import parquet

BATCH_SIZE = 1 << 17
"""Rows."""


def write(table: Any, path: Path, *, compression: str = "none", batch_size: int | None = BATCH_SIZE) -> None:
    """Write a table.

    Args:
        table: Any table.
        path: The file to make.
        compression: ``"lz4"``, ``"zstd"`` or ``"none"``.
        batch_size: The most rows of a batch, which is read at once; ``None`` for batches as they are in the table.

    Raises:
        PackError: For what Arrow cannot write.
    """
    with Packager.create_file(path.parent, path.name) as file:
        _write(table, file, compression, batch_size)


def dumps(table: Any) -> bytes:
    """Give the bytes of an Arrow file.

    Raises:
        PackError: For what Arrow cannot write.
    """
    sink = pa.BufferOutputStream()
    _write(table, sink, "none", None)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def loads(data: bytes) -> Any:
    """Give the table of the bytes of an Arrow file.

    Raises:
        UnpackError: Where they are none, or such as only unpickling could read.
    """
    try:
        with pa.ipc.open_file(data) as reader:
            table = reader.read_all()
    except (pa.ArrowException, ValueError, OSError) as error:
        raise UnpackError(f"the recorded bytes are no Arrow file: {error}") from error
    parquet.refuse_code(table.schema)
    return table


def _write(table: Any, sink: Any, compression: str, batch_size: int | None) -> None:
    try:
        options = pa.ipc.IpcWriteOptions(compression=None if compression == "none" else compression, unify_dictionaries=True)
        with pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=batch_size)
    except pa.ArrowException as error:
        raise PackError(f"Arrow cannot write the table: {error}", remedy="Ask for artifact_type 'object'.") from error
