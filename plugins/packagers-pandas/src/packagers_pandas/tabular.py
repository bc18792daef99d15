"""What frames, series and indexes have in common: they are stored as a table, in the same formats with the same options."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from packagers import DefaultPackager, Instructions, PackError, UnpackError
from packagers_pandas import storage, summary
from packagers_pandas.formats import FORMS, Format, Stored, named
from packagers_pandas.options import CHOICES, refuse_costly, refuse_strange, takes
from packagers_pandas.selection import Columns, Rows
from packagers_pandas.sources import room


class TabularPackager(DefaultPackager):
    """Pack what a frame can stand for; subclasses say how."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "dataset"
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "dataset"
    READERS = MappingProxyType({format: form.reader for format, form in FORMS.items()} | {"result": "data"})
    DETERMINISTIC = named("is_deterministic")
    LOSSY = named("is_lossy")
    PARTIAL = named("is_partial")
    CALLER_OPTIONS = CHOICES

    def to_frame(self, obj: Any) -> pd.DataFrame:
        """Give the frame that stands for a value, without copying its data."""
        raise NotImplementedError

    def from_frame(self, frame: pd.DataFrame) -> Any:
        """Give the value that a frame stands for."""
        raise NotImplementedError

    def to_flat(self, obj: Any) -> pd.DataFrame:
        """Give the frame that stands for a value where the format keeps values alone."""
        return self.to_frame(obj)

    def from_flat(self, frame: pd.DataFrame) -> Any:
        """Give the value that a frame of such a format stands for."""
        return self.from_frame(frame)

    @takes(*(form.packing for form in FORMS.values()))
    def pack_dataset(self, obj: Any, folder: Path, *, format: Format = "parquet", **options: Any) -> Instructions:
        """Write ``table.<format>``.

        Args:
            obj: The value; it is left as it is.
            folder: Where to write.
            format: ``parquet``, ``feather`` and ``arrow`` keep everything, the others what the library that writes them keeps.
            options: Those of the format, under the names that its library gives them.

        Raises:
            PackError: For what the format cannot hold, or an option that it does not have. Then there is no file.
        """
        form = FORMS[format]
        if form.write is None:
            raise PackError(f"format {format!r} is only read here", remedy="Pack the array itself.")
        refuse_strange(format, form.packing, options, PackError)
        path = folder / f"table.{format}"
        try:
            return form.write(self.to_flat(obj) if form.is_lossy else self.to_frame(obj), path, options)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    @takes(*(form.unpacking for form in FORMS.values()))
    def unpack_dataset(
        self, folder: Path, *, format: Stored = "parquet", columns: Columns = None, rows: Rows = None, **options: Any
    ) -> Any:
        """Read what :meth:`pack_dataset` wrote, or a plain file.

        Args:
            folder: Holds the one file.
            format: Its format.
            columns: Labels of the columns to give, in this order; ``parquet``, ``feather``, ``arrow`` and ``orc`` do not read the others.
            rows: The first row to give and the one after the last, by position, such as ``(0, 100)``.
            options: Those of the format, under the names that its library gives them.

        Raises:
            UnpackError: Where the file is not of the format, or an option not one that the format has.
        """
        form = FORMS[format]
        refuse_strange(format, form.unpacking, options, UnpackError)
        refuse_costly(options)
        if not form.is_partial:
            frame = form.read(self.only_file(folder), columns, rows, options)
        elif columns is None and rows is None:
            frame = form.read(self.read_file(folder, room=room), None, None, options)
        else:
            with self.open_file(folder) as file:
                frame = form.read(file, columns, rows, options)
        return self.from_flat(frame) if form.is_lossy else self.from_frame(frame)

    pack_file = pack_dataset
    unpack_file = unpack_dataset

    def pack_result(self, obj: Any) -> bytes:
        """Record the value as the bytes of an Arrow file; for small ones."""
        return storage.to_bytes(self.to_frame(obj))

    def unpack_result(self, value: Any) -> Any:
        """Give the value again."""
        if not isinstance(value, bytes):
            raise UnpackError(f"the recorded {type(value).__qualname__} makes no table")
        return self.from_frame(storage.from_bytes(value))

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give shape, dtypes and index."""
        return summary.describe(self.to_frame(obj))

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give the first rows and columns."""
        return summary.preview(self.to_frame(obj))
