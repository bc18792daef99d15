"""Files of tables that are read in parts: parquet, Arrow and ORC, each told by what it is and read by field and row."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import pyarrow as pa
from pyarrow import feather

from packagers import PackagersError, UnpackError
from packagers_pandas import parquet
from packagers_pandas.selection import Window, overlapping, within

MAGIC = b"ARROW1"
_FEATHER_V1 = b"FEA1"


def room(size: int) -> memoryview:
    """Make memory for a file: Arrow's own, which it keeps for what is decoded next."""
    return memoryview(pa.allocate_buffer(size))


class Source(Protocol):
    """A file of one table, or a table that was read already.

    Attributes:
        schema: Of the whole table.
        metadata: The notes that stand beside it, by key.
    """

    schema: Any
    metadata: Any

    @property
    def rows(self) -> int:
        """How many rows there are."""

    def read(self, fields: Sequence[str] | None, window: Window | None) -> Any:
        """Read a part, its fields in the order of the file.

        Args:
            fields: Names of fields; all that have one of them are read. All, if ``None``.
            window: All rows, if ``None``.

        Raises:
            UnpackError: Where the file is damaged.
        """

    def pieces(self, fields: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
        """Read row group by row group, or batch by batch, each when it is asked for; those without rows of the window are left out."""


class TableSource:
    """A table that was read whole."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.schema = table.schema
        self.metadata = table.schema.metadata

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._table.num_rows)

    def read(self, fields: Sequence[str] | None, window: Window | None) -> Any:
        """Give a part."""
        table = self._table if fields is None else self._table.select(_places(self.schema, fields))
        return table if window is None else table.slice(window[0], window[1] - window[0])

    def pieces(self, fields: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
        """Give the batches."""
        for batch in self.read(fields, window).to_batches():
            yield pa.Table.from_batches([batch])


class ParquetSource:
    """A parquet file: row groups and columns are read by themselves."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.schema = file.schema_arrow
        self.metadata = file.metadata.metadata
        self.rows: int = file.metadata.num_rows

    def read(self, fields: Sequence[str] | None, window: Window | None) -> Any:
        """Read a part, as the table that was written."""
        return parquet.read(self.file, fields, window)

    def pieces(self, fields: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
        """Read row group by row group."""
        before = 0
        for number, size in enumerate(parquet.group_sizes(self.file)):
            inner = within(window, before, size)
            before += size
            if inner is not None:
                yield parquet.read_groups(self.file, [number], fields).slice(inner[0], inner[1] - inner[0])


class ArrowSource:
    """An Arrow file: batches and columns are read by themselves."""

    def __init__(self, file: Any) -> None:
        self._file = file
        with pa.ipc.open_file(file) as reader:
            self.schema = reader.schema
            self.metadata = reader.schema.metadata
            self._batches: int = reader.num_record_batches
        self._sizes: list[int] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self._batch_sizes())

    def read(self, fields: Sequence[str] | None, window: Window | None) -> Any:
        """Read a part."""
        places = _places(self.schema, self.schema.names if fields is None else fields)
        if not places and fields is not None:
            return self.schema.empty_table().select([])
        chosen, skip = (list(range(self._batches)), 0) if window is None else overlapping(self._batch_sizes(), window)
        try:
            with self._open(places if fields is not None else []) as reader:
                table = pa.Table.from_batches([reader.get_batch(number) for number in chosen], schema=reader.schema)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UnpackError(f"the Arrow file cannot be read: {error}") from error
        return table if window is None else table.slice(skip, window[1] - window[0])

    def pieces(self, fields: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
        """Read batch by batch."""
        before = 0
        with self._open([] if fields is None else _places(self.schema, fields)) as reader:
            for number in range(self._batches):
                table = pa.Table.from_batches([reader.get_batch(number)])
                inner = within(window, before, table.num_rows)
                before += table.num_rows
                if inner is not None:
                    yield table.slice(inner[0], inner[1] - inner[0])

    def _open(self, places: list[int]) -> Any:
        return pa.ipc.open_file(self._file, options=pa.ipc.IpcReadOptions(included_fields=places))

    def _batch_sizes(self) -> list[int]:
        """Count the rows of each batch, by its narrowest column: nothing else says it."""
        if self._sizes is None:
            with self._open([min(range(len(self.schema)), key=self._width, default=0)] if len(self.schema) else []) as reader:
                self._sizes = [reader.get_batch(number).num_rows for number in range(self._batches)]
        return self._sizes

    def _width(self, place: int) -> int:
        kind = self.schema.field(place).type
        return int(kind.bit_width) if pa.types.is_primitive(kind) else 1 << 10


class OrcSource:
    """An ORC file: columns are read by themselves, and no stripe after the last row."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.schema = file.schema
        self.metadata = file.schema.metadata
        self.rows: int = file.nrows

    def read(self, fields: Sequence[str] | None, window: Window | None) -> Any:
        """Read a part."""
        chosen = None if fields is None else [name for name in self.schema.names if name in set(fields)]
        first, last = window or (0, self.rows)
        if chosen == []:
            return pa.table({"": pa.nulls(last - first)}).select([])
        batches, before = [], 0
        try:
            for number in range(self._file.nstripes):
                batch = self._file.read_stripe(number, chosen)
                inner = within((first, last), before, batch.num_rows)
                before += batch.num_rows
                if inner is not None:
                    batches.append(batch.slice(inner[0], inner[1] - inner[0]))
                if before >= last:
                    break
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UnpackError(f"the ORC file cannot be read: {error}") from error
        schema = self.schema if chosen is None else pa.schema([self.schema.field(name) for name in chosen])
        return pa.Table.from_batches(batches, schema=batches[0].schema if batches else schema)

    def pieces(self, fields: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
        """Give all at once: ORC does not say where its stripes end."""
        yield self.read(fields, window)


class _Witness:
    """A file that remembers what went wrong while it was read: of an error in Python, Arrow may keep the text alone."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.fault: PackagersError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        try:
            return self._file.read(size)
        except PackagersError as error:
            self.fault = error
            raise

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise what went wrong instead of what was made of it."""
        try:
            yield
        except Exception as error:
            if self.fault is not None and error is not self.fault:
                raise self.fault from error
            raise


@contextmanager
def opened(file: Path | BinaryIO | memoryview, format: str, *, memory_map: bool = False) -> Iterator[Source]:
    """Open a file.

    Args:
        file: By whomever it was written; where it is, an open one, or all of its bytes.
        format: ``parquet``, ``arrow``, ``feather`` or ``orc``. For ``arrow`` and ``feather`` an Arrow file, an Arrow stream and a feather
            file of either version are the same.
        memory_map: Leave the data of an Arrow file on disk until they are looked at; those of a compressed file are read all the same.

    Raises:
        UnpackError: Where it is no such file, or one that only unpickling could read.
    """
    if isinstance(file, Path):
        yield _open(file, format, memory_map)
    elif isinstance(file, memoryview):
        yield _open(pa.BufferReader(buffer_of(file)), format, False)
    else:
        witness = _Witness(file)
        with witness.heard():
            yield _open(witness, format, memory_map)


def buffer_of(memory: memoryview) -> Any:
    """Give memory as a buffer; what :func:`room` made as Arrow's own.

    A buffer of Python's memory needs Python when it is let go, and a thread of Arrow's may do that when the interpreter is ending.
    """
    return memory.obj.slice(0, memory.nbytes) if isinstance(memory.obj, pa.Buffer) else pa.py_buffer(memory)


Piece = TypeVar("Piece")


def lazily(file: Path | BinaryIO, format: str, make: Callable[[Source], Iterator[Piece]]) -> Iterator[Piece]:
    """Give an iterator that reads a file; the file is closed when the iterator is gone, used up or not, or cannot be made.

    Args:
        file: The file.
        format: As for :func:`opened`; an Arrow file that is given by its path is mapped.
        make: Makes the iterator.

    Raises:
        UnpackError: As for :func:`opened`.
    """
    if isinstance(file, Path):
        return _explained(make(_open(file, format, True)), format)
    witness = _Witness(file)
    try:
        with witness.heard():
            pieces = _explained(_heard(witness, make(_open(witness, format, False))), format)
    except BaseException:
        file.close()
        raise
    weakref.finalize(pieces, file.close)
    return pieces


def _explained(pieces: Iterator[Piece], format: str) -> Iterator[Piece]:
    try:
        yield from pieces
    except PackagersError:
        raise
    except Exception as error:
        raise UnpackError(f"the {format} file cannot be read on: {error}", remedy="Get the file again from where it came from.") from error


def _heard(witness: _Witness, pieces: Iterator[Piece]) -> Iterator[Piece]:
    with witness.heard():
        yield from pieces


def _open(file: Any, format: str, memory_map: bool) -> Source:
    if format == "parquet":
        return ParquetSource(parquet.open_file(file))
    try:
        if format == "orc":
            from pyarrow import orc

            return OrcSource(orc.ORCFile(str(file) if isinstance(file, Path) else _native(file)))
        found = _arrow(file, memory_map)
    except (pa.ArrowException, OSError, ValueError, EOFError) as error:
        raise UnpackError(f"this is no {format} file that pyarrow can read: {error}") from error
    parquet.refuse_code(found.schema)
    return found


def _arrow(source: Any, memory_map: bool) -> Source:
    open_path = pa.memory_map if memory_map else pa.OSFile
    file: Any = open_path(str(source)) if isinstance(source, Path) else _native(source)
    start = file.read(len(MAGIC))
    file.seek(0)
    if start == MAGIC:
        return ArrowSource(file)
    if start[:4] == _FEATHER_V1:
        return TableSource(feather.read_table(file))
    with pa.ipc.open_stream(file.read()) as reader:
        return TableSource(reader.read_all())


def _native(file: Any) -> Any:
    return file if isinstance(file, pa.NativeFile) else pa.PythonFile(file, mode="r")


def _places(schema: Any, fields: Sequence[str]) -> list[int]:
    wanted = set(fields)
    return [place for place, name in enumerate(schema.names) if name in wanted]
