"""Some rows of an ``npy`` file, without reading the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any, Literal, TypeAlias

import numpy as np

from packagers import UnpackError
from packagers_numpy import npy
from packagers_numpy.dtypes import Layout

Rows: TypeAlias = Sequence[int | None] | slice | range
"""The first row and the one after the last, as a pair, a slice or a range; negative ones count from the end."""


def window(rows: Rows, shape: tuple[int, ...]) -> slice:
    """Give the first row and the one after the last of an array of this shape.

    Raises:
        UnpackError: For rows that do not stand one after the other, and for an array without rows.
    """
    if not shape:
        raise UnpackError("an array of no dimensions has no rows", remedy="Leave rows out.")
    if isinstance(rows, (slice, range)):
        start, stop, step = rows.start, rows.stop, rows.step
    else:
        start, stop, step = (*rows, None) if len(rows) == 2 else (None, None, 0)
    if step not in (None, 1):
        raise UnpackError(f"rows={rows!r} is not a first row and the one after the last", remedy="Give rows=(0, 100).")
    first, last, _ = slice(start, stop).indices(shape[0])
    return slice(first, max(first, last))


def read_rows(stream: IO[bytes], rows: Rows, layout: Layout | None) -> np.ndarray[Any, Any]:
    """Read some rows of a file. Python objects can only be read one after the other: those are read whole.

    Args:
        stream: Open for reading at its start, and able to jump.
        rows: Which to read.
        layout: What :func:`packagers_numpy.npy.write` returned.

    Raises:
        UnpackError: Where the file is damaged.
        UntrustedPackageError: For objects that the reader's policy does not allow.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    header = npy.read_header(stream, None, size)
    chosen = window(rows, header.shape)
    if header.dtype.hasobject:
        return npy.read_data(stream, header, None, layout)[chosen].copy("K")
    order: Literal["C", "F"] = "F" if header.fortran_order else "C"
    found: np.ndarray[Any, Any] = np.empty((chosen.stop - chosen.start, *header.shape[1:]), header.dtype, order=order)
    start, itemsize = stream.tell(), header.dtype.itemsize
    if header.fortran_order and found.size:
        # The rows are spread over the columns; each column's share of them stands together.
        for column, share in enumerate(found.T.reshape(-1, len(found))):
            stream.seek(start + (column * header.shape[0] + chosen.start) * itemsize)
            npy.fill(stream, share)
    elif found.size:
        stream.seek(start + chosen.start * found[0].size * itemsize)
        npy.fill(stream, found)
    return npy.restore(found, layout)
