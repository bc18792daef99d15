"""CSV: text tables. Types are inferred from the first block, and hold for all of it; what does not fit them is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from packagers_runs.data.columntypes import arrow_schema, arrow_type, as_tables
from packagers_runs.data.drivers.driver import Reading, Writing
from packagers_runs.data.drivers.files import FileDriver
from packagers_runs.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2"}


class CsvDriver(FileDriver):
    """Reads and writes CSV with a line of names; an empty field is missing, and ``""`` is empty text.

    Attributes in ``attributes``: ``delimiter`` (a comma) and ``encoding`` (UTF-8).
    """

    ATTRIBUTES = frozenset({"delimiter", "encoding"})
    SUFFIXES = (".csv", *(f".csv{ending}" for ending in _COMPRESSIONS))

    def read_file(self, file: BinaryIO, reading: Reading) -> Iterator[pd.DataFrame]:
        """Read a file, compressed by gzip or bzip2 too."""
        import pyarrow as pa
        from pyarrow import csv

        magic = file.read(3)
        file.seek(0)
        packed = {b"\x1f\x8b\x08": "gzip", b"BZh": "bz2"}.get(magic)
        stream = pa.CompressedInputStream(file, packed) if packed else file
        kinds = {name: arrow_type(kind, name) for name, kind in reading.schema.items()}
        categories = {name for name, kind in kinds.items() if pa.types.is_dictionary(kind)}
        convert = csv.ConvertOptions(
            column_types={name: kind.value_type if name in categories else kind for name, kind in kinds.items()},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        try:
            reader = csv.open_csv(
                stream,
                read_options=csv.ReadOptions(encoding=_text(reading.attributes, "encoding", "utf8")),
                parse_options=csv.ParseOptions(delimiter=_text(reading.attributes, "delimiter", ","), newlines_in_values=True),
                convert_options=convert,
            )
            yield reader.schema.empty_table().to_pandas(categories=categories & set(reader.schema.names))
            for batch in reader:
                yield batch.to_pandas(categories=categories & set(reader.schema.names))
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                raise DataError("the file is empty, without even a line of names") from error
            raise DataError(
                f"the text is no table: {error}", remedy="Say the types of the columns in the schema, such as {'code': 'string'}."
            ) from error

    def write_file(self, frames: Iterator[pd.DataFrame], file: BinaryIO, writing: Writing) -> None:
        """Write a file."""
        import pyarrow as pa
        from pyarrow import csv

        if _text(writing.attributes, "encoding", "utf8").lower().replace("-", "") != "utf8":
            raise DataError("CSV is written in UTF-8 alone", remedy="Leave the encoding out.")
        options = csv.WriteOptions(delimiter=_text(writing.attributes, "delimiter", ","))
        ending = _COMPRESSIONS.get(f".{str(writing.path).rpartition('.')[2]}")
        with pa.CompressedOutputStream(file, ending) if ending else pa.PythonFile(file, "w") as stream:
            writer = None
            for table in as_tables(frames, arrow_schema(writing.schema) if writing.schema else None):
                writer = writer or csv.CSVWriter(stream, table.schema, write_options=options)
                writer.write_table(table)
            if writer is not None:
                writer.close()


def _text(attributes: Any, name: str, default: str) -> str:
    value = attributes.get(name, default)
    if not isinstance(value, str) or not value:
        raise DataError(f"the attribute {name!r} must be text, and is {value!r:.80}")
    return value
