"""What frames, series and indexes have in common: they are stored as a table, in the same formats with the same options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import pandas as pd

from packagers import DefaultPackager, Instructions, PackError, UnpackError
from packagers_pandas import summary, text

Format: TypeAlias = Literal["parquet", "csv", "feather", "arrow", "json", "jsonl"]
BINARY = ("parquet", "feather", "arrow")
_COMPRESSED = frozenset({"compression"})
PACKING = {
    "parquet": _COMPRESSED | {"row_group_size"},
    "feather": _COMPRESSED,
    "arrow": _COMPRESSED,
    "csv": frozenset({"sep", "na_rep", "float_format", "index", "encoding", "date_format", "decimal", "quotechar", "quoting"}),
    "json": frozenset({"orient", "date_format", "double_precision", "date_unit", "indent", "force_ascii"}),
    "jsonl": frozenset({"date_format", "double_precision", "date_unit", "force_ascii"}),
}
"""The options of each format, beside those of all."""
_JSON = frozenset({"dtype", "convert_dates", "convert_axes", "encoding"})
UNPACKING = {
    "parquet": frozenset[str](),
    "feather": frozenset[str](),
    "arrow": frozenset[str](),
    "csv": frozenset(
        {
            *("sep", "header", "names", "index_col", "dtype", "skiprows", "skipfooter", "na_values", "keep_default_na", "true_values"),
            *("false_values", "parse_dates", "date_format", "dayfirst", "thousands", "decimal", "quotechar", "quoting", "comment"),
            *("encoding", "on_bad_lines", "skipinitialspace", "engine"),
        }
    ),
    "json": _JSON | {"orient"},
    "jsonl": _JSON,
}


class TabularPackager(DefaultPackager):
    """Pack what a frame can stand for; subclasses say how."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "dataset"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "dataset"
    READERS = MappingProxyType(dict.fromkeys((*BINARY, "csv", "json", "jsonl", "result"), "data"))
    DETERMINISTIC = frozenset({"parquet", "csv", "json", "jsonl"})
    LOSSY = frozenset({"csv", "json", "jsonl"})

    def to_frame(self, obj: Any) -> pd.DataFrame:
        """Give the frame that stands for a value, without copying its data."""
        raise NotImplementedError

    def from_frame(self, frame: pd.DataFrame) -> Any:
        """Give the value that a frame stands for."""
        raise NotImplementedError

    def pack_dataset(
        self,
        obj: Any,
        folder: Path,
        *,
        format: Format = "parquet",
        compression: Literal["snappy", "zstd", "gzip", "brotli", "lz4", "none"] | None = None,
        row_group_size: int | None = None,
        index: bool | None = None,
        sep: str | None = None,
        na_rep: str | None = None,
        float_format: str | None = None,
        decimal: str | None = None,
        quotechar: str | None = None,
        quoting: int | None = None,
        encoding: str | None = None,
        date_format: str | None = None,
        orient: Literal["columns", "index", "records", "split", "table", "values"] | None = None,
        double_precision: int | None = None,
        date_unit: Literal["s", "ms", "us", "ns"] | None = None,
        indent: int | None = None,
        force_ascii: bool | None = None,
    ) -> Instructions:
        """Write ``table.<format>``.

        Args:
            obj: The value; it is left as it is.
            folder: Where to write.
            format: ``parquet``, ``feather`` and ``arrow`` keep everything, text keeps the values.
            compression: Of the three; pyarrow's default for the format, if unsaid.
            row_group_size: Rows in a group of a ``parquet`` file.
            index: Whether ``csv`` holds the index; if unsaid, unless it only counts the rows.
            sep: An option of ``to_csv``, as are those that follow.
            na_rep: What stands for a missing value.
            float_format: Such as ``"%.3f"``.
            decimal: The decimal sign.
            quotechar: What quotes a text.
            quoting: One of the constants of the module csv.
            encoding: Of the text.
            date_format: Such as ``"%Y"`` in ``csv``; ``"iso"``, if unsaid, or ``"epoch"`` in ``json``.
            orient: An option of ``to_json``, as are those that follow.
            double_precision: Decimal places; 15, if unsaid.
            date_unit: Of times.
            indent: Blanks before each line.
            force_ascii: Whether other characters are escaped.

        Raises:
            PackError: For what the format cannot hold, or an option that it does not have.
        """
        given = _given(locals(), PACKING)
        text.refuse(format, given, PACKING[format], PackError)
        frame = self.to_frame(obj)
        path = folder / f"table.{format}"
        if format == "csv":
            return text.write_csv(frame, path, given)
        if format in ("json", "jsonl"):
            return text.write_json(frame, path, given, lines=format == "jsonl")
        from packagers_pandas import storage

        storage.write(frame, path, format, **given)
        return {}

    def unpack_dataset(
        self,
        folder: Path,
        *,
        format: Format = "parquet",
        columns: Sequence[Any] | None = None,
        rows: Sequence[int | None] | slice | range | None = None,
        sep: str | None = None,
        header: Any = "infer",
        names: Sequence[Any] | None = None,
        index_col: Any = None,
        dtype: Any = None,
        skiprows: Any = None,
        skipfooter: int | None = None,
        na_values: Any = None,
        keep_default_na: bool | None = None,
        true_values: list[str] | None = None,
        false_values: list[str] | None = None,
        parse_dates: Any = None,
        date_format: Any = None,
        dayfirst: bool | None = None,
        thousands: str | None = None,
        decimal: str | None = None,
        quotechar: str | None = None,
        quoting: int | None = None,
        comment: str | None = None,
        encoding: str | None = None,
        on_bad_lines: Literal["error", "warn", "skip"] | None = None,
        skipinitialspace: bool | None = None,
        engine: Literal["c", "python", "pyarrow"] | None = None,
        orient: Literal["columns", "index", "records", "split", "table", "values"] | None = None,
        convert_dates: Any = None,
        convert_axes: bool | None = None,
    ) -> Any:
        """Read what :meth:`pack_dataset` wrote, or a plain file.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Labels of the columns to read, in this order; of a ``parquet`` file the others are not read.
            rows: The first row and the one after the last, by position, such as ``(0, 100)``.
            sep: An option of ``pandas.read_csv``, as are those that follow.
            header: The lines that hold the labels; ``None`` for none.
            names: The labels.
            index_col: The columns that are the index.
            dtype: Of the columns; for ``json`` too.
            skiprows: Lines to leave out.
            skipfooter: Lines at the end to leave out.
            na_values: What stands for a missing value.
            keep_default_na: Whether the usual texts do so too.
            true_values: What stands for True.
            false_values: What stands for False.
            parse_dates: The columns that hold times.
            date_format: How they are written.
            dayfirst: Whether the day stands before the month.
            thousands: What stands between thousands.
            decimal: The decimal sign.
            quotechar: What quotes a text.
            quoting: One of the constants of the module csv.
            comment: What a comment begins with.
            encoding: Of the text; for ``json`` too.
            on_bad_lines: What to do with lines that have too many values.
            skipinitialspace: Whether blanks after the separator are left out.
            engine: The parser.
            orient: An option of ``pandas.read_json``, as are those that follow.
            convert_dates: The columns that hold times, or whether to look for them.
            convert_axes: Whether labels become numbers or times where they can.

        Raises:
            UnpackError: Where the file is not of the format, or an option not one that the format has.
        """
        given = _given(locals(), UNPACKING)
        text.refuse(format, given, UNPACKING[format], UnpackError)
        path = self.only_file(folder)
        if format in BINARY:
            from packagers_pandas import storage

            return self.from_frame(storage.read(path, format, columns, rows))
        frame = text.read_csv(path, given) if format == "csv" else text.read_json(path, given, lines=format == "jsonl")
        return self.from_frame(text.part(frame, columns, rows))

    pack_file = pack_dataset
    unpack_file = unpack_dataset

    def pack_result(self, obj: Any) -> bytes:
        """Record the value as the bytes of an Arrow file; for small ones."""
        from packagers_pandas import storage

        return storage.to_bytes(self.to_frame(obj))

    def unpack_result(self, value: Any) -> Any:
        """Give the value again."""
        from packagers_pandas import storage

        if not isinstance(value, bytes):
            raise UnpackError(f"the recorded {type(value).__qualname__} makes no table")
        return self.from_frame(storage.from_bytes(value))

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give shape, dtypes and index."""
        return summary.describe(self.to_frame(obj))

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give the first rows and columns."""
        return summary.preview(self.to_frame(obj))


def _given(values: dict[str, Any], known: dict[str, frozenset[str]]) -> dict[str, Any]:
    """Give the options of formats that were said."""
    options = frozenset[str]().union(*known.values())
    unsaid: dict[str, Any] = {"header": "infer"}
    return {name: value for name, value in values.items() if name in options and not _is(value, unsaid.get(name))}


def _is(value: Any, unsaid: str | None) -> bool:
    return value is None if unsaid is None else isinstance(value, str) and value == unsaid
