"""The rows of a table as dicts, whoever packed it: ``list[dict]`` is only unpacked here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pandas as pd

from packagers import UnpackError
from packagers_pandas import arrowtables, layout
from packagers_pandas.formats import FORMS
from packagers_pandas.options import takes
from packagers_pandas.selection import Columns, Rows
from packagers_pandas.sources import opened
from packagers_pandas.tabular import TabularPackager


class RecordsPackager(TabularPackager):
    """Read the rows of a table, each as a dict of its values by their labels; the index is left out.

    Lists are packed by the core, and files of text are read as lists by it: here a list is only made of what was packed as a table.
    """

    pack_dataset = pack_file = pack_object = pack_result = None  # type: ignore[assignment]  # switched off
    unpack_object = unpack_result = None  # type: ignore[assignment]

    @classmethod
    def is_unpackable(cls, hint: Any, artifact_type: str | None = None) -> bool:
        """Tell whether it is a stored table that is asked for."""
        return artifact_type in cls.unpacks

    @takes(*(form.unpacking for form in FORMS.values()))
    def unpack_dataset(  # type: ignore[override]  # fewer formats
        self,
        folder: Path,
        *,
        format: Literal["parquet", "feather", "arrow", "csv", "orc", "html", "xlsx", "xml", "hdf", "npy", "npz"] = "parquet",
        columns: Columns = None,
        rows: Rows = None,
        **options: Any,
    ) -> list[dict[Any, Any]]:
        """Read what another packager wrote.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Labels of the columns to give, in this order.
            rows: The first row to give and the one after the last, by position, such as ``(0, 100)``.
            options: Those of the format, as for a frame.

        Raises:
            UnpackError: Where the file is not of the format, or two columns have the same label.
        """
        if format in ("parquet", "feather", "arrow") and not options:
            with self.open_file(folder) as file:
                records = _of_table(file, format, columns, rows)
            if records is not None:
                return records
        found: list[dict[Any, Any]] = super().unpack_dataset(folder, format=format, columns=columns, rows=rows, **options)
        return found

    unpack_file = unpack_dataset  # type: ignore[assignment]

    def from_frame(self, frame: pd.DataFrame) -> list[dict[Any, Any]]:
        """Give the rows of a frame."""
        _refuse_same(list(frame.columns))
        return frame.to_dict("records")


def _of_table(file: Any, format: str, columns: Columns, rows: Rows) -> list[dict[Any, Any]] | None:
    """Give the rows of a table as Arrow has them, with no detour through dtypes; ``None`` for a frame, which only pandas can tell."""
    with opened(file, format) as source:
        if layout.read_note(source.metadata) is not None:
            return None
        index = (source.schema.pandas_metadata or {}).get("index_columns", ())
        chosen = [name for name in source.schema.names if name not in index] if columns is None else list(columns)
    file.seek(0)
    _refuse_same(chosen)
    records: list[dict[Any, Any]] = arrowtables.read(file, format, chosen, rows, False, None, {}).to_pylist()
    return records


def _refuse_same(labels: list[Any]) -> None:
    if len(set(labels)) < len(labels):
        raise UnpackError("two columns have the same label, and a dict holds one of them", remedy="Choose one by columns=, or by position.")
