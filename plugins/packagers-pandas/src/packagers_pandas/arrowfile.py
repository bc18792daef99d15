"""Tables as Arrow files: ``arrow`` as it lies in memory, ``feather`` compressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import feather

from packagers import PackError, UnpackError
from packagers_pandas import parquet

MAGIC = b"ARROW1"


def write(table: Any, path: Path, *, compression: str | None = None) -> None:
    """Write a table.

    Args:
        table: Any table.
        path: The file to make.
        compression: ``"lz4"`` or ``"zstd"``; ``None`` for none.

    Raises:
        PackError: For what Arrow cannot write.
    """
    with pa.OSFile(str(path), "wb") as sink:
        _write(table, sink, compression)


def dumps(table: Any) -> bytes:
    """Give the bytes of an Arrow file.

    Raises:
        PackError: For what Arrow cannot write.
    """
    sink = pa.BufferOutputStream()
    _write(table, sink, None)
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


def read(path: Path, *, memory_map: bool = False) -> Any:
    """Read a table: an Arrow file, an Arrow stream or a feather file of either version.

    Args:
        path: The file.
        memory_map: Leave its data on disk until they are looked at; those of a compressed file are read all the same.

    Raises:
        UnpackError: Where it is no such file, or one that only unpickling could read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(len(MAGIC))
        if start == MAGIC:
            table = _read_file(path, memory_map)
        elif start[:4] == b"FEA1":
            table = feather.read_table(path, memory_map=memory_map)
        else:
            with pa.ipc.open_stream(pa.OSFile(str(path), "rb").read()) as reader:
                table = reader.read_all()
    except (pa.ArrowException, ValueError, EOFError) as error:
        raise UnpackError(f"this is no Arrow file that pyarrow can read: {error}", file=path) from error
    parquet.refuse_code(table.schema, path)
    return table


def _write(table: Any, sink: Any, compression: str | None) -> None:
    try:
        options = pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=True)
        with pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table)
    except pa.ArrowException as error:
        raise PackError(f"Arrow cannot write the table: {error}", remedy="Ask for artifact_type 'object'.") from error


def _read_file(path: Path, memory_map: bool) -> Any:
    source = pa.memory_map(str(path)) if memory_map else pa.OSFile(str(path), "rb")
    with pa.ipc.open_file(source) as reader:
        return reader.read_all()
