"""The packagers of pyarrow's own tables, record batches and readers of record batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias

from packagers import Instructions, Packager, PackError, UnpackError
from packagers_pandas.formats import FORMS, Stored
from packagers_pandas.options import CHOICES, refuse_costly, refuse_strange, takes
from packagers_pandas.selection import Rows
from packagers_pandas.sources import room

Format: TypeAlias = Literal["parquet", "arrow", "feather", "orc"]
Compression: TypeAlias = Literal["snappy", "zstd", "gzip", "brotli", "lz4", "zlib", "uncompressed", "none"]
BatchFormat: TypeAlias = Literal["parquet", "arrow"]
COMPRESSIONS = {
    "parquet": ("snappy", "zstd", "gzip", "brotli", "lz4", "none"),
    "arrow": ("lz4", "zstd", "none"),
    "feather": ("lz4", "zstd", "none"),
    "orc": ("uncompressed", "zlib", "snappy", "lz4", "zstd"),
}
BATCH_SIZE = 1 << 17
"""Rows of an Arrow batch, which is read at once."""


def refuse_compression(format: str, compression: str | None) -> None:
    """Refuse a compression that a format does not have.

    Raises:
        PackError: Lists what it has.
    """
    if compression is not None and compression not in COMPRESSIONS[format]:
        has = ", ".join(map(repr, COMPRESSIONS[format]))
        raise PackError(f"format {format!r} has no compression {compression!r}", remedy=f"It has: {has}.")


class TablePackager(Packager):
    """Pack a table with its schema and all metadata."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "dataset"
    READERS = MappingProxyType({format: form.reader for format, form in FORMS.items()})
    DETERMINISTIC = frozenset({"parquet"})
    LOSSY = frozenset({"orc"})
    PARTIAL = frozenset(COMPRESSIONS)
    CALLER_OPTIONS = CHOICES
    BATCH_SIZE: ClassVar[int | None] = BATCH_SIZE

    def pack_dataset(
        self,
        obj: Any,
        folder: Path,
        *,
        format: Format = "parquet",
        compression: Compression | None = None,
        row_group_size: int | None = None,
    ) -> Instructions:
        """Write ``table.<format>``.

        Args:
            obj: The table.
            folder: Where to write.
            format: ``arrow`` and ``feather`` hold every type, ``parquet`` all but a few, ``orc`` the usual ones and no metadata.
            compression: snappy in ``parquet``, lz4 in ``feather`` and none in the others, if unsaid.
            row_group_size: Rows in a group of a ``parquet`` file.

        Raises:
            PackError: For a type that the format cannot hold.
        """
        from packagers_pandas import arrowtables

        if format != "parquet" and row_group_size is not None:
            raise PackError(f"format {format!r} has no option 'row_group_size'", remedy="Ask for format 'parquet'.")
        refuse_compression(format, compression)
        path = folder / f"table.{format}"
        return arrowtables.write(self.to_table(obj), path, format, compression, row_group_size, self.BATCH_SIZE)

    @takes(*(form.unpacking for form in FORMS.values()))
    def unpack_dataset(
        self,
        folder: Path,
        *,
        format: Stored = "parquet",
        columns: Sequence[str] | None = None,
        rows: Rows = None,
        memory_map: bool | None = None,
        num_rows: int | None = None,
        dictionaries: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """Read what :meth:`pack_dataset` wrote, or a plain file.

        Args:
            folder: Holds the one file.
            format: Its format; what :meth:`pack_dataset` does not write is read as a frame, and the table is what that is stored as.
            columns: Names of the columns to read, in this order; the others are not read.
            rows: The first row and the one after the last, such as ``(0, 100)``.
            memory_map: Leave the data of an ``arrow`` or ``feather`` file on disk until they are looked at. If unsaid, so it is for an
                ``arrow`` file that is read whole.
            num_rows: How many rows a table without columns has; recorded.
            dictionaries: The dictionaries of columns that parquet keeps in another order or not at all; recorded.
            options: Those of the format, as for a frame.

        Raises:
            UnpackError: Where the file is not of the format, or an option not one that the format has.
        """
        from packagers_pandas import arrowtables

        if memory_map and format not in ("arrow", "feather"):
            raise UnpackError(f"{format} is decoded when it is read, and cannot be mapped", remedy="Leave memory_map out.")
        refuse_strange(format, FORMS[format].unpacking, options, UnpackError)
        refuse_costly(options)
        if format not in COMPRESSIONS or options:
            return self.from_table(arrowtables.of_frame(FORMS[format].read(self.only_file(folder), columns, None, options), rows))
        read = partial(arrowtables.read, num_rows=num_rows, dictionaries=dictionaries or {})
        if memory_map or (columns is None and rows is None):
            is_mapped = format == "arrow" if memory_map is None else memory_map
            whole = self.only_file(folder) if is_mapped else self.read_file(folder, room=room)
            return self.from_table(read(whole, format, columns, rows, is_mapped))
        with self.open_file(folder) as file:
            return self.from_table(read(file, format, columns, rows, False))

    pack_file = pack_dataset
    unpack_file = unpack_dataset

    def to_table(self, obj: Any) -> Any:
        """Give the table that stands for a value."""
        return obj

    def from_table(self, table: Any) -> Any:
        """Give the value that a table stands for."""
        return table

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give the shape and the types of the first columns."""
        from packagers_pandas import arrowtables

        return {"rows": obj.num_rows, "columns": obj.num_columns, "schema": arrowtables.describe(obj.schema)}

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give the first rows and columns."""
        from packagers_pandas import arrowtables

        return arrowtables.preview(obj)


class RecordBatchPackager(TablePackager):
    """Pack a record batch."""

    BATCH_SIZE = None  # it comes back as one

    def to_table(self, obj: Any) -> Any:
        """Give a table of this batch."""
        from packagers_pandas import arrowtables

        return arrowtables.of_batch(obj)

    def from_table(self, table: Any) -> Any:
        """Give the table as one batch."""
        from packagers_pandas import arrowtables

        return arrowtables.to_batch(table)


class RecordBatchReaderPackager(Packager):
    """Pack a reader batch by batch; it comes back as a reader of the same batches."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "dataset"
    READERS = MappingProxyType({"parquet": "data", "arrow": "data"})
    DETERMINISTIC = frozenset({"parquet"})
    PARTIAL = frozenset({"parquet", "arrow"})
    CALLER_OPTIONS = CHOICES

    def pack_dataset(
        self, obj: Any, folder: Path, *, format: BatchFormat = "parquet", compression: Compression | None = None
    ) -> Instructions:
        """Write ``table.<format>`` with one row group, or one Arrow batch, for each batch.

        Args:
            obj: The reader; it is used up.
            folder: Where to write.
            format: ``arrow`` holds every type, ``parquet`` all but a few.
            compression: snappy in ``parquet`` and none in ``arrow``, if unsaid.

        Raises:
            PackError: For a type that the format cannot hold.
        """
        from packagers_pandas import arrowtables

        refuse_compression(format, compression)
        arrowtables.write_batches(obj, folder / f"table.{format}", format, compression)
        return {}

    def unpack_dataset(
        self, folder: Path, *, format: BatchFormat = "parquet", columns: Sequence[str] | None = None, rows: Rows = None
    ) -> Any:
        """Read what :meth:`pack_dataset` wrote, or a plain file, batch by batch.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Names of the columns to read, in this order; the others are not read.
            rows: The first row and the one after the last, of all batches together, such as ``(0, 100)``.

        Raises:
            UnpackError: Where the file is not of the format.
        """
        from packagers_pandas import arrowtables

        is_mapped = format == "arrow" and columns is None and rows is None
        return arrowtables.batches(self.only_file(folder) if is_mapped else self.open_file(folder), format, columns, rows)

    unpack_file = unpack_dataset

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give the types of the first columns."""
        from packagers_pandas import arrowtables

        return {"schema": arrowtables.describe(obj.schema)}
