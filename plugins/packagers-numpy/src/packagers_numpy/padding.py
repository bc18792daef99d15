"""Bytes of an array that belong to no value: gaps between fields, and the unused part of an x87 long double.

They hold whatever was in memory before. Written as they are, equal arrays would make different files, and files would carry away
what they were never meant to hold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np


def cleared(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the array with zeros for all bytes that belong to no value; itself, where there are none."""
    dtype = array.dtype
    if dtype.hasobject or dtype.kind not in "Vfc" or array.size == 0:
        return array
    used = _used_of(dtype)
    if used is None:
        return array
    order: Literal["C", "F"] = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    raw = np.frombuffer(bytearray(array.tobytes(order)), np.uint8).reshape(-1, dtype.itemsize)
    raw[:, ~used] = 0
    clean: np.ndarray[Any, Any] = raw.reshape(-1).view(dtype).reshape(array.shape, order=order)
    return clean


@lru_cache(maxsize=256)
def _used_of(dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Tell which bytes of an item belong to a value; ``None`` where all do. Equal dtypes have the same."""
    used = _used(dtype)
    return None if used.all() else used


def _used(dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell for each byte of an item whether it belongs to a value."""
    used = np.zeros(dtype.itemsize, np.bool_)
    if dtype.fields is not None:
        for field, offset, *_ in dtype.fields.values():
            used[offset : offset + field.itemsize] |= _used(field)
    elif dtype.subdtype is not None:
        base = _used(dtype.subdtype[0])
        used[:] = np.tile(base, dtype.itemsize // base.size) if base.size else True
    elif dtype.char in "gG" and np.finfo(np.longdouble).nmant == 63:
        # Sign, exponent and mantissa have 80 bits; big-endian ones stand at the end.
        number = np.arange(dtype.itemsize // (2 if dtype.char == "G" else 1)) < 10
        used[:] = np.tile(number if dtype.isnative else number[::-1], 2 if dtype.char == "G" else 1)
    else:
        used[:] = True
    return used
