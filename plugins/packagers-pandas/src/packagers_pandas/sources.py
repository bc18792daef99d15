"""Files of tables that are read in parts: parquet, Arrow and ORC, each told by what it is and read by field and row."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import pyarrow as pa
from pyarrow import feather

from packagers import UnpackError
from packagers_pandas import orcfile, parquet
from packagers_pandas.selection import Window, overlapping, within

MAGIC = b"ARROW1"
_FEATHER_V1 = b"FEA1"


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
        return orcfile.read_table(self._file, chosen, window)

    def pieces(self, fields: Sequence[str] | None, window: Window | None) -> Iterator[Any]:
        """Give all at once: ORC does not say where its stripes end."""
        yield self.read(fields, window)


Piece = TypeVar("Piece")


def lazily(file: Path | BinaryIO, open_pieces: Callable[[], Iterator[Piece]]) -> Iterator[Piece]:
    """Give an iterator that reads a file; the file is closed when the iterator is gone, used up or not, or cannot be made.

    Args:
        file: The file.
        open_pieces: Makes the iterator.
    """
    try:
        pieces = open_pieces()
    except BaseException:
        if not isinstance(file, Path):
            file.close()
        raise
    if not isinstance(file, Path):
        weakref.finalize(pieces, file.close)
    return pieces


@contextmanager
def opened(source: Path | BinaryIO, format: str, *, memory_map: bool = False) -> Iterator[Source]:
    """Open a file.

    Args:
        source: The file, by whomever it was written.
        format: ``parquet``, ``arrow``, ``feather`` or ``orc``. For ``arrow`` and ``feather`` an Arrow file, an Arrow stream and a feather
            file of either version are the same.
        memory_map: Leave the data of an Arrow file on disk until they are looked at; those of a compressed file are read all the same.

    Raises:
        UnpackError: Where it is no such file, or one that only unpickling could read.
    """
    if format == "parquet":
        with parquet.open_file(source) as file:
            yield ParquetSource(file)
    elif format == "orc":
        yield OrcSource(orcfile.open_file(source))
    else:
        yield open_arrow(source, memory_map=memory_map)


def open_arrow(source: Path | BinaryIO, *, memory_map: bool) -> Source:
    """Open an Arrow file, an Arrow stream or a feather file of either version.

    Raises:
        UnpackError: Where it is no such file, or one that only unpickling could read.
    """
    try:
        found = _arrow(source, memory_map)
    except (pa.ArrowException, ValueError, EOFError) as error:
        raise UnpackError(f"this is no Arrow file that pyarrow can read: {error}") from error
    parquet.refuse_code(found.schema)
    return found


def _arrow(source: Path | BinaryIO, memory_map: bool) -> Source:
    file: Any
    if not isinstance(source, Path):
        file = pa.PythonFile(source, mode="r")
    else:
        file = pa.memory_map(str(source)) if memory_map else pa.OSFile(str(source), "rb")
    start = file.read(len(MAGIC))
    file.seek(0)
    if start == MAGIC:
        return ArrowSource(file)
    if start[:4] == _FEATHER_V1:
        return TableSource(feather.read_table(file))
    with pa.ipc.open_stream(file.read()) as reader:
        return TableSource(reader.read_all())


def _places(schema: Any, fields: Sequence[str]) -> list[int]:
    wanted = set(fields)
    return [place for place, name in enumerate(schema.names) if name in wanted]
