"""The packagers of pyarrow's own tables, record batches and readers of record batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from packagers import Instructions, Packager, PackError, UnpackError

Format: TypeAlias = Literal["parquet", "arrow"]
Compression: TypeAlias = Literal["snappy", "zstd", "gzip", "brotli", "lz4", "none"]


class TablePackager(Packager):
    """Pack a table with its schema and all metadata."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "dataset"
    READERS = MappingProxyType({"parquet": "data", "arrow": "data"})
    DETERMINISTIC = frozenset({"parquet"})

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
            format: ``arrow`` holds every type, ``parquet`` all but a few.
            compression: snappy in ``parquet`` and none in ``arrow``, if unsaid.
            row_group_size: Rows in a group of a ``parquet`` file.

        Raises:
            PackError: For a type that the format cannot hold.
        """
        from packagers_pandas import arrowtables

        table = self.to_table(obj)
        if format == "arrow" and row_group_size is not None:
            raise PackError("format 'arrow' has no option 'row_group_size'", remedy="Ask for format 'parquet'.")
        return arrowtables.write(table, folder / f"table.{format}", format, compression, row_group_size)

    def unpack_dataset(
        self,
        folder: Path,
        *,
        format: Format | Literal["feather"] = "parquet",
        columns: Sequence[str] | None = None,
        rows: Sequence[int | None] | slice | range | None = None,
        memory_map: bool = False,
        num_rows: int | None = None,
        dictionaries: dict[str, str] | None = None,
    ) -> Any:
        """Read what :meth:`pack_dataset` wrote, or a plain file.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Names of the columns to read, in this order; of a ``parquet`` file the others are not read.
            rows: The first row and the one after the last, such as ``(0, 100)``.
            memory_map: Leave the data of an ``arrow`` file on disk until they are looked at.
            num_rows: How many rows a table without columns has; recorded.
            dictionaries: The dictionaries of columns that parquet keeps in another order or not at all; recorded.

        Raises:
            UnpackError: Where the file is not of the format.
        """
        from packagers_pandas import arrowtables

        if memory_map and format == "parquet":
            raise UnpackError("a parquet file is decoded when it is read, and cannot be mapped", remedy="Leave memory_map out.")
        path = self.only_file(folder)
        return self.from_table(arrowtables.read(path, format, columns, rows, memory_map, num_rows, dictionaries or {}))

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
        schema = {field.name[:60]: str(field.type)[:200] for field in list(obj.schema)[:100]}
        return {"rows": obj.num_rows, "columns": obj.num_columns, "schema": schema}

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give the first rows and columns."""
        from packagers_pandas import arrowtables

        return arrowtables.preview(obj)


class RecordBatchPackager(TablePackager):
    """Pack a record batch."""

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

    def pack_dataset(self, obj: Any, folder: Path, *, format: Format = "parquet", compression: Compression | None = None) -> Instructions:
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

        arrowtables.write_batches(obj, folder / f"table.{format}", format, compression)
        return {}

    def unpack_dataset(self, folder: Path, *, format: Format = "parquet", columns: Sequence[str] | None = None) -> Any:
        """Read what :meth:`pack_dataset` wrote, or a plain file, batch by batch.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Names of the columns to read, in this order.

        Raises:
            UnpackError: Where the file is not of the format.
        """
        from packagers_pandas import arrowtables

        return arrowtables.open_reader(self.only_file(folder), format, columns)

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give the types of the first columns."""
        return {"schema": {field.name[:60]: str(field.type)[:200] for field in list(obj.schema)[:100]}}
