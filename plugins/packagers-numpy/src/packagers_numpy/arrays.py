"""The packager of ``numpy.ndarray``, and of ``numpy.memmap``, which is one that is still on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from packagers import DefaultPackager, Instructions, PackError, UnpackError
from packagers_numpy import columns, npy, npz, summary, text, values
from packagers_numpy.dtypes import Layout

Array = np.ndarray[Any, Any]


class ArrayPackager(summary.Summarised, DefaultPackager):
    """Pack an array of any shape, order and dtype; one that holds Python objects is read back as code."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType(dict.fromkeys(("npy", "npz", "csv", "txt", "txt.gz", "parquet", "result"), "data"))
    DETERMINISTIC = frozenset(READERS)
    LOSSY = frozenset({"csv", "txt", "txt.gz"})

    def pack_file(
        self,
        obj: Array,
        folder: Path,
        *,
        format: Literal["npy", "npz", "csv", "txt", "txt.gz"] = "npy",
        compressed: bool = False,
        fmt: str | Sequence[str] | None = None,
        delimiter: str | None = None,
        header: str = "",
        comments: str = "# ",
    ) -> Instructions:
        """Write ``array.<format>``.

        Args:
            obj: The array; it is not copied where it is contiguous.
            folder: Where to write.
            format: ``npy`` and ``npz`` keep everything, text keeps the numbers of one or two dimensions.
            compressed: Deflate the ``npz``.
            fmt: How text shows a number, as for ``numpy.savetxt``; by default with all its digits.
            delimiter: What stands between two numbers of a text; by default a comma in ``csv``, else a blank.
            header: A first line of a text.
            comments: What that line begins with.

        Raises:
            PackError: For an array that the format cannot hold, or options that it does not have.
        """
        options = text.WriteOptions(fmt, delimiter, header, comments)
        if format in ("npy", "npz"):
            _refuse_text_options(format, options)
        if compressed and format != "npz":
            raise PackError(f"{format} has no option 'compressed'", remedy="Ask for format 'npz'.")
        if format == "npy":
            with (folder / "array.npy").open("wb") as stream:
                layout = npy.write(stream, obj)
            return {} if layout is None else {"layout": layout}
        if format == "npz":
            layouts = npz.write(folder / "array.npz", {"arr_0": obj}, compressed=compressed)
            return {"layout": layouts["arr_0"]} if layouts else {}
        return text.write(obj, folder, format, options)

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["npy", "npz", "csv", "txt", "txt.gz"] = "npy",
        mmap_mode: Literal["r", "c"] | None = None,
        layout: Layout | None = None,
        dtype: Any = None,
        delimiter: str | None = None,
        comments: str | Sequence[str] | None = "#",
        skiprows: int = 0,
        usecols: int | Sequence[int] | None = None,
        max_rows: int | None = None,
        ndmin: int = 0,
        encoding: str | None = None,
    ) -> Array:
        """Read what :meth:`pack_file` wrote, or a plain file.

        Args:
            folder: Holds the one file.
            format: Its format.
            mmap_mode: Map an ``npy`` file instead of reading it: ``"r"`` read-only, ``"c"`` copying what is written to.
            layout: The dtype where an ``npy`` header cannot say all of it; recorded.
            dtype: The dtype of a text's numbers; float64 if unsaid. This and all that follow are options of ``numpy.loadtxt``.
            delimiter: What stands between two numbers; by default a comma in ``csv``, else any white space.
            comments: What a comment begins with.
            skiprows: How many lines to leave out.
            usecols: Which columns to read, from 0.
            max_rows: How many rows to read.
            ndmin: The fewest dimensions of the array.
            encoding: Of the text; UTF-8 if unsaid.

        Raises:
            UnpackError: Where the file is not of the format, or an option not one that the format has.
        """
        path = self.only_file(folder)
        options = text.ReadOptions(dtype, delimiter, comments, skiprows, usecols, max_rows, ndmin, encoding)
        if mmap_mode is not None and format != "npy":
            raise UnpackError(f"{format} cannot be mapped", file=path, remedy="Leave mmap_mode out, or pack the array with format 'npy'.")
        if format not in ("npy", "npz"):
            return text.read(path, format, options)
        if options != text.ReadOptions():
            raise UnpackError(f"{format} has no options for text", file=path, remedy="Leave the options of numpy.loadtxt out.")
        return npy.read(path, mmap_mode, layout) if format == "npy" else _only_array(path, layout)

    def pack_dataset(
        self,
        obj: Array,
        folder: Path,
        *,
        format: Literal["parquet", "csv"] = "parquet",
        fmt: str | Sequence[str] | None = None,
        delimiter: str | None = None,
        header: str = "",
        comments: str = "# ",
    ) -> Instructions:
        """Write ``array.<format>``, a table that other programs read.

        Args:
            obj: An array of one or two dimensions.
            folder: Where to write.
            format: ``parquet`` keeps everything and needs pyarrow, ``csv`` keeps the numbers.
            fmt: How text shows a number; this and the others as for :meth:`pack_file`.
            delimiter: What stands between two numbers.
            header: A first line.
            comments: What that line begins with.

        Raises:
            PackError: For an array that a table cannot hold.
        """
        options = text.WriteOptions(fmt, delimiter, header, comments)
        if format == "csv":
            return text.write(obj, folder, format, options)
        _refuse_text_options(format, options)
        return columns.write(obj, folder / "array.parquet")

    def unpack_dataset(
        self,
        folder: Path,
        *,
        format: Literal["parquet", "csv"] = "parquet",
        layout: Layout | None = None,
        shape: Sequence[int] | None = None,
        order: Literal["C", "F"] = "C",
        dtype: Any = None,
        delimiter: str | None = None,
        comments: str | Sequence[str] | None = "#",
        skiprows: int = 0,
        usecols: int | Sequence[int] | None = None,
        max_rows: int | None = None,
        ndmin: int = 0,
        encoding: str | None = None,
    ) -> Array:
        """Read what :meth:`pack_dataset` wrote, or a plain table of numbers.

        Args:
            folder: Holds the one file.
            format: Its format.
            layout: The dtype of the array; recorded with a ``parquet``.
            shape: Its shape; recorded with a ``parquet``.
            order: Its order; recorded with a ``parquet``.
            dtype: The dtype of a text's numbers; this and the others as for :meth:`unpack_file`.
            delimiter: What stands between two numbers.
            comments: What a comment begins with.
            skiprows: How many lines to leave out.
            usecols: Which columns to read, from 0.
            max_rows: How many rows to read.
            ndmin: The fewest dimensions of the array.
            encoding: Of the text.

        Raises:
            UnpackError: Where the file makes no array, or an option is not one that the format has.
        """
        path = self.only_file(folder)
        options = text.ReadOptions(dtype, delimiter, comments, skiprows, usecols, max_rows, ndmin, encoding)
        if format == "csv":
            return text.read(path, format, options)
        if options != text.ReadOptions():
            raise UnpackError("parquet has no options for text", file=path, remedy="Leave the options of numpy.loadtxt out.")
        return columns.read(path, layout, shape, order)

    def pack_result(self, obj: Array) -> dict[str, Any]:
        """Record dtype, shape and items; for small arrays."""
        return values.from_array(obj)

    def unpack_result(self, value: Any) -> Array:
        """Give the array again, or make one of a recorded list or number."""
        return values.to_array(value)


class MemmapPackager(ArrayPackager):
    """Pack a mapped array; it comes back mapped, and what is written to it stays in memory."""

    READERS = MappingProxyType({"npy": "data"})
    DETERMINISTIC = frozenset({"npy"})
    LOSSY = frozenset()
    pack_dataset = None  # type: ignore[assignment]  # how a packager says that it has no such artifact type
    unpack_dataset = None  # type: ignore[assignment]
    pack_result = None  # type: ignore[assignment]
    unpack_result = None  # type: ignore[assignment]
    pack_object = None  # type: ignore[assignment]
    unpack_object = None  # type: ignore[assignment]

    def pack_file(self, obj: Array, folder: Path, *, format: Literal["npy"] = "npy") -> Instructions:  # type: ignore[override]
        """Write ``array.npy``.

        Args:
            obj: The mapped array.
            folder: Where to write.
            format: The format.
        """
        return super().pack_file(obj, folder)

    def unpack_file(  # type: ignore[override]
        self, folder: Path, *, format: Literal["npy"] = "npy", mmap_mode: Literal["r", "c"] = "c", layout: Layout | None = None
    ) -> Array:
        """Map what :meth:`pack_file` wrote.

        Args:
            folder: Holds the one file.
            format: The format.
            mmap_mode: ``"r"`` read-only, ``"c"`` copying what is written to.
            layout: The dtype where the header cannot say all of it; recorded.
        """
        return super().unpack_file(folder, mmap_mode=mmap_mode, layout=layout)


def _only_array(path: Path, layout: Layout | None) -> Array:
    names = npz.names(path)
    if len(names) != 1:
        raise UnpackError(
            f"the npz file holds {len(names)} arrays: {', '.join(names[:5])}", file=path, remedy="Ask for dict[str, numpy.ndarray]."
        )
    return npz.read(path, {} if layout is None else {names[0]: layout})[0]


def _refuse_text_options(format: str, options: text.WriteOptions) -> None:
    given = [name for name, value in options._asdict().items() if value != text.WriteOptions._field_defaults[name]]
    if given:
        raise PackError(f"{format} has no option {given[0]!r}: it is for text", remedy="Ask for format 'csv' or 'txt'.")
