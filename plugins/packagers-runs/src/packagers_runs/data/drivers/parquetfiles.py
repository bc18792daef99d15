"""Parquet: of what is read, only the columns and row groups that are needed are fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from packagers_runs.data.columntypes import arrow_schema, as_tables
from packagers_runs.data.drivers.driver import Reading, Writing
from packagers_runs.data.drivers.files import FileDriver
from packagers_runs.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 1 << 17


class ParquetDriver(FileDriver):
    """Reads and writes Parquet; each part becomes a row group or more.

    In ``attributes``: ``compression`` of what is written (``zstd``).
    """

    ATTRIBUTES = frozenset({"compression"})
    SUFFIXES = (".parquet", ".pq", ".parq")

    def read_file(self, file: BinaryIO, reading: Reading) -> Iterator[pd.DataFrame]:
        """Read a file; the statistics of its row groups tell which of them the window excludes."""
        import pyarrow as pa
        import pyarrow.dataset as ds
        import pyarrow.parquet as pq

        try:
            fragment = ds.ParquetFileFormat().make_fragment(file)
            schema = pq.read_schema(file)
        except pa.ArrowInvalid as error:
            raise DataError(f"the file is no Parquet: {error}") from error
        columns = None
        if reading.columns is not None:
            columns = [name for name in reading.columns if name in schema.names]
        scanner = fragment.scanner(
            schema=schema, columns=columns, filter=_filter(reading, schema), batch_size=reading.rows or _ROWS, use_threads=False
        )
        yield scanner.projected_schema.empty_table().to_pandas()
        for batch in scanner.to_batches():
            if batch.num_rows:
                yield pa.Table.from_batches([batch]).to_pandas()

    def write_file(self, frames: Iterator[pd.DataFrame], file: BinaryIO, writing: Writing) -> None:
        """Write a file."""
        import pyarrow.parquet as pq

        compression = writing.attributes.get("compression", "zstd")
        writer = None
        try:
            for table in as_tables(frames, arrow_schema(writing.schema) if writing.schema else None):
                writer = writer or pq.ParquetWriter(file, table.schema, compression=compression)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()


def _filter(reading: Reading, schema: Any) -> Any:
    """Give the window as a filter of Arrow; ``None`` where the column holds no times, which others look at."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    if not reading.window or reading.time_field not in schema.names:
        return None
    kind = schema.field(reading.time_field).type
    if not pa.types.is_timestamp(kind):
        return None
    moment = pa.timestamp("us", tz=kind.tz)
    start, end = (bound and pa.scalar(bound, moment) for bound in reading.window.bounds(zoned=kind.tz is not None))
    field = ds.field(reading.time_field)
    if start is None:
        return field <= end
    return field > start if end is None else (field > start) & (field <= end)
