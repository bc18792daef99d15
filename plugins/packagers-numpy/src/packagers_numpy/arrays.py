"""The packager of ``numpy.ndarray``, and of ``numpy.memmap``, which is one that is still on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from packagers import DefaultPackager, Instructions, PackError, UnpackError
from packagers_numpy import columns, npy, npz, parts, summary, text, values
from packagers_numpy.dtypes import Layout
from packagers_numpy.parts import Rows

Array = np.ndarray[Any, Any]

# The formats that an option for reading is for, where that is not text.
_READ_WITH = {"mmap_mode": ("npy",), "rows": ("npy",), "concatenate": ("npz",), "ndmin": (*text.DELIMITERS, "parquet")}


class ArrayPackager(summary.Summarised, DefaultPackager):
    """Pack an array of any shape, order and dtype; one that holds Python objects is read back as code."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType(dict.fromkeys(("npy", "npz", "csv", "txt", "txt.gz", "parquet", "result"), "data"))
    DETERMINISTIC = frozenset(READERS)
    CALLER_OPTIONS = frozenset({"mmap_mode", "rows", "usecols", "max_rows"})
    LOSSY = frozenset({"csv", "txt", "txt.gz"})
    PARTIAL = frozenset({"npy", "npz", "parquet"})

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
            with self.create_file(folder, "array.npy") as stream:
                layout = npy.write(stream, obj)
            return {} if layout is None else {"layout": layout}
        if format == "npz":
            with self.create_file(folder, "array.npz") as stream:
                layouts = npz.write(stream, [("arr_0", obj)], compressed=compressed)
            return {"layout": layouts["arr_0"]} if layouts else {}
        return text.write(obj, folder, format, options)

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["npy", "npz", "csv", "txt", "txt.gz", "parquet"] = "npy",
        mmap_mode: Literal["r", "c"] | None = None,
        rows: Rows | None = None,
        concatenate: bool = False,
        layout: Layout | None = None,
        layouts: dict[str, Layout] | None = None,
        members: Sequence[int] | None = None,
        header: None = None,
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
            format: Its format; the columns of a ``parquet`` become the columns of the array, and a single one the array itself.
            mmap_mode: Map an ``npy`` file instead of reading it: ``"r"`` read-only, ``"c"`` copying what is written to.
            rows: The first row and the one after the last, from 0; the rest of an ``npy`` file is not read.
            concatenate: Join all arrays of an ``npz`` along their first axis; recorded with a stream.
            layout: The dtype where an ``npy`` header cannot say all of it; recorded.
            layouts: The same for the arrays of an ``npz``, by their names; recorded with several.
            members: Which array of the file is which, where one is shared; recorded with several.
            header: Recorded of a text without a line of names, for those who read it as a table; makes no difference here.
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
        options = text.ReadOptions(dtype, delimiter, comments, skiprows, usecols, max_rows, ndmin, encoding)
        _refuse_foreign(format, mmap_mode=mmap_mode, rows=rows, concatenate=concatenate, **_given(options))
        if format == "npy" and mmap_mode is not None:
            array = npy.mapped(self.only_file(folder), mmap_mode, layout)
            return array if rows is None else array[parts.window(rows, array.shape)]
        if format == "npy" and rows is None:
            return npy.in_memory(self.read_file(folder, room=npy.room), layout)
        if format == "npy" and rows is not None:
            with self.open_file(folder) as stream:
                return parts.read_rows(stream, rows, layout)
        path = self.only_file(folder)
        if format == "npz":
            with npz.Archive(path) as archive:
                if concatenate and members is not None and len(set(members)) < len(members):
                    raise UnpackError("the pieces of one array are named twice", file=path, remedy="Ask for list[numpy.ndarray].")
                if not concatenate:
                    _check_alone(archive.names if members is None else [archive.names[place] for place in members])
                pieces = archive.read(members, dict.fromkeys(archive.names, layout) if layouts is None and layout else layouts)
                return _concatenated(pieces) if concatenate else pieces[0]
        if format == "parquet":
            table = columns.read(path, None, None, "C")
            return table[:, 0] if table.shape[1] == 1 and ndmin < 2 else table
        return text.read(path, format, options)

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
        header: None = None,
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
            header: Recorded of a text without a line of names, for those who read it as a table; makes no difference here.
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
        options = text.ReadOptions(dtype, delimiter, comments, skiprows, usecols, max_rows, ndmin, encoding)
        _refuse_foreign(format, **_given(options))
        path = self.only_file(folder)
        if format == "csv":
            return text.read(path, format, options)
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
    PARTIAL = frozenset({"npy"})
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
        self,
        folder: Path,
        *,
        format: Literal["npy"] = "npy",
        mmap_mode: Literal["r", "c"] = "c",
        rows: Rows | None = None,
        layout: Layout | None = None,
    ) -> Array:
        """Map what :meth:`pack_file` wrote.

        Args:
            folder: Holds the one file.
            format: The format.
            mmap_mode: ``"r"`` read-only, ``"c"`` copying what is written to.
            rows: The first row and the one after the last, from 0.
            layout: The dtype where the header cannot say all of it; recorded.
        """
        return super().unpack_file(folder, mmap_mode=mmap_mode, rows=rows, layout=layout)


def _check_alone(names: list[str]) -> None:
    if len(names) != 1:
        raise UnpackError(
            f"the npz file holds {len(names)} arrays: {', '.join(names[:5])}",
            remedy="Ask for dict[str, numpy.ndarray]; concatenate=True joins pieces of one.",
        )


def _concatenated(pieces: list[Array]) -> Array:
    """Join pieces along their first axis, where that gives each item as it was."""
    dtypes = dict.fromkeys(str(piece.dtype) for piece in pieces)
    if len(dtypes) != 1:
        raise UnpackError(
            f"the npz file holds arrays of dtypes {', '.join(list(dtypes)[:5]) or '(it is empty)'}, which make no array together",
            remedy="Ask for list[numpy.ndarray].",
        )
    try:
        return np.concatenate(pieces)
    except ValueError as error:
        raise UnpackError(f"the arrays of the npz file cannot be joined: {error}", remedy="Ask for list[numpy.ndarray].") from error


def _refuse_text_options(format: str, options: text.WriteOptions) -> None:
    given = _given(options)
    if given:
        raise PackError(f"{format} has no option {next(iter(given))!r}: it is for text", remedy="Ask for format 'csv' or 'txt'.")


def _given(options: text.WriteOptions | text.ReadOptions) -> dict[str, Any]:
    """Give the options for text that are not what they are by default."""
    defaults = options._field_defaults
    return {
        name: value for name, value in zip(options._fields, options, strict=True) if value is not defaults[name] and value != defaults[name]
    }


def _refuse_foreign(format: str, **options: Any) -> None:
    """Refuse an option for reading that is for other formats."""
    for name, value in options.items():
        if value is None or value is False:
            continue
        formats = _READ_WITH.get(name, tuple(text.DELIMITERS))
        if format not in formats:
            raise UnpackError(f"{format} is not read with the option {name!r}", remedy=f"Leave it out; it is for {', '.join(formats)}.")
