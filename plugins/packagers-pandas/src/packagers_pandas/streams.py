"""The packager of streams of frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd

from packagers import Instructions, Packager
from packagers_pandas.options import CHOICES
from packagers_pandas.selection import Columns, Rows


class FrameStreamPackager(Packager):
    """Pack an iterator of frames chunk by chunk; it comes back as an iterator of the same chunks, each read when it is asked for."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "dataset"
    PACK_SUBCLASSES = True  # of Iterator: generators and all others
    READERS = MappingProxyType({"parquet": "data"})
    DETERMINISTIC = frozenset({"parquet"})
    PARTIAL = frozenset({"parquet"})
    CALLER_OPTIONS = CHOICES

    def pack_dataset(
        self,
        obj: Iterator[pd.DataFrame],
        folder: Path,
        *,
        format: Literal["parquet"] = "parquet",
        compression: Literal["snappy", "zstd", "gzip", "brotli", "lz4", "none"] = "snappy",
    ) -> Instructions:
        """Write ``table.parquet`` with one row group for each chunk.

        Args:
            obj: Chunks with the same columns and dtypes; each is taken once.
            folder: Where to write.
            format: The format.
            compression: As for ``pyarrow.parquet.write_table``.

        Raises:
            PackError: For a chunk with other columns than the first.
        """
        from packagers_pandas import chunks

        chunks.write(obj, folder / "table.parquet", compression=compression)
        return {}

    def unpack_dataset(
        self, folder: Path, *, format: Literal["parquet"] = "parquet", columns: Columns = None, rows: Rows = None
    ) -> Iterator[pd.DataFrame]:
        """Read what :meth:`pack_dataset` wrote, or any parquet file one row group after the other.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Labels of the columns to read, in this order; the others are not read.
            rows: The first row to give and the one after the last, of all chunks together; chunks without any are not read.
        """
        from packagers_pandas import storage

        return storage.pieces(self.open_file(folder), columns, rows)

    unpack_file = unpack_dataset
