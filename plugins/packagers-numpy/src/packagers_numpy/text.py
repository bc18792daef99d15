"""Arrays of numbers as text, by ``numpy.savetxt`` and ``numpy.loadtxt``. Lossy: text holds numbers, and no layout."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from packagers import PackError, UnpackError

DELIMITERS = {"csv": ",", "txt": None, "txt.gz": None}
SMALL, SWOLLEN = 1 << 26, 64
"""Bytes that any text may take as an array of texts, and for each character of it, if that is more."""
OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
# Enough digits for every value of at most 64 bits to be read back as the same number.
FORMATS = {"b": "%d", "i": "%d", "u": "%d", "f": "%.17g"}


class WriteOptions(NamedTuple):
    """Options of ``numpy.savetxt``, by its names; without ``fmt`` a number is written with all its digits."""

    fmt: str | Sequence[str] | None = None
    delimiter: str | None = None
    header: str = ""
    comments: str = "# "


def write(array: np.ndarray[Any, Any], folder: Path, format: str, options: WriteOptions) -> dict[str, Any]:
    """Write ``array.<format>``.

    Args:
        array: One or two dimensions of real numbers, not empty.
        folder: Where to write.
        format: ``csv``, ``txt`` or ``txt.gz``.
        options: How to write.

    Returns:
        The options that read it back as it was.

    Raises:
        PackError: For an array that text cannot hold.
    """
    _check(array, format)
    delimiter = DELIMITERS[format] if options.delimiter is None else options.delimiter
    settings = options._asdict()
    settings["fmt"] = FORMATS[array.dtype.kind] if options.fmt is None else options.fmt
    settings["delimiter"] = " " if delimiter is None else delimiter
    with _open(folder / f"array.{format}") as stream:
        np.savetxt(stream, array, **settings)
    told = _reading_options(array, options)
    return told if delimiter == DELIMITERS[format] else {**told, "delimiter": delimiter}


class ReadOptions(NamedTuple):
    """Options of ``numpy.loadtxt``, by its names."""

    dtype: Any = None
    delimiter: str | None = None
    comments: str | Sequence[str] | None = "#"
    skiprows: int = 0
    usecols: int | Sequence[int] | None = None
    max_rows: int | None = None
    ndmin: int = 0
    encoding: str | None = None


def read(path: Path, format: str, options: ReadOptions) -> np.ndarray[Any, Any]:
    """Read a text file.

    Raises:
        UnpackError: Where the text is no table of numbers.
    """
    settings = options._asdict()
    settings["dtype"] = np.float64 if options.dtype is None else options.dtype
    settings["delimiter"] = DELIMITERS[format] if options.delimiter is None else options.delimiter
    opener: Any = OPENERS.get(path.suffix.lower(), open)  # numpy.loadtxt knows them in small letters alone
    try:
        with opener(path, "rt", encoding="utf-8" if options.encoding is None else options.encoding) as stream:
            _refuse_wide(stream, np.dtype(settings["dtype"]))
            stream.seek(0)
            array: np.ndarray[Any, Any] = np.loadtxt(stream, **settings)
    except (ValueError, TypeError, LookupError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise UnpackError(
            f"the text is no table of numbers: {error}", file=path, remedy="Lines are left out by skiprows=, columns chosen by usecols=."
        ) from error
    return array


def _refuse_wide(stream: IO[str], dtype: np.dtype[Any]) -> None:
    """Refuse texts that would all be as wide as the longest one, or as the dtype says, where that is out of proportion.

    Raises:
        ValueError: Says how many bytes there would be.
    """
    if dtype.kind in "biufcmM":
        return
    lines = longest = size = 0
    for line in stream:
        lines, longest, size = lines + 1, max(longest, len(line)), size + len(line)
    room = lines * (dtype.itemsize + (4 * longest if dtype.itemsize == 0 else 0))
    if room > max(SMALL, SWOLLEN * size):
        raise ValueError(f"dtype {dtype!r} would take {room} bytes for {size} characters")


def _check(array: np.ndarray[Any, Any], format: str) -> None:
    """Refuse what text cannot hold, before a file exists."""
    remedy = "Pack it with format 'npy', or convert it first."
    if array.ndim not in (1, 2):
        raise PackError(f"{format} holds arrays of one or two dimensions, and this has {array.ndim}", remedy=remedy)
    if array.dtype.kind not in FORMATS or array.dtype.itemsize > 8:
        raise PackError(f"{format} holds real numbers of at most 64 bits, and this has dtype {array.dtype!r}", remedy=remedy)
    if array.size == 0:
        raise PackError(f"{format} cannot hold an empty array of shape {array.shape}", remedy=remedy)


@contextmanager
def _open(path: Path) -> Iterator[io.TextIOWrapper]:
    """Open a file for text; a compressed one holds neither time nor name."""
    with path.open("wb") as raw:
        packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if path.suffix == ".gz" else raw
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream:
            yield stream


def _reading_options(array: np.ndarray[Any, Any], options: WriteOptions) -> dict[str, Any]:
    """Give the options of ``numpy.loadtxt`` that read an array back."""
    told: dict[str, Any] = {"ndmin": array.ndim}
    if options.fmt is None or array.dtype.kind == "f":
        told["dtype"] = array.dtype.str
    mark = options.comments.strip()
    if not options.header:
        told["header"] = None  # for readers of tables, who would take the first row for names
    elif not mark:
        told |= {"comments": None, "skiprows": options.header.count("\n") + 1}
    elif mark != "#":
        told["comments"] = mark
    return told
