"""Arrays and scalars as plain values for results: JSON can hold them, and nothing of them is lost."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from packagers import PackError, UnpackError
from packagers_numpy import dtypes, padding

# Kinds whose items are Python's own bool, int, float, complex, text and bytes, if they have at most 64 bits (128 for complex numbers).
_PLAIN_KINDS = "?bhilqBHILQefdFDSU"
_PLAIN_OBJECTS = frozenset({type(None), bool, int, float, complex, str, bytes})


def from_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Describe an array by its dtype, shape and flat data.

    Raises:
        PackError: For an array of objects that are not plain values.
    """
    value: dict[str, Any] = {"dtype": dtypes.encode(array.dtype), "shape": list(array.shape)}
    order: Literal["C", "F"] = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    if order == "F":
        value["order"] = order
    return {**value, "data": _data(array.ravel(order))}


def to_array(value: Any) -> np.ndarray[Any, Any]:
    """Give the array that :func:`from_array` described, or one made of a plain list or number.

    Raises:
        UnpackError: Where the value makes no array.
    """
    try:
        if not isinstance(value, dict):
            return _of_plain(value)
        flat = _flat(value["data"], dtypes.decode(value["dtype"]), math.prod(value["shape"]))
        return flat.reshape(tuple(value["shape"]), order=value.get("order", "C"))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise UnpackError(f"the recorded value makes no array: {error}") from error


def from_scalar(scalar: np.generic) -> dict[str, Any]:
    """Describe a scalar by its dtype and value.

    Raises:
        PackError: For a structured scalar that holds Python objects.
    """
    # A numpy.str_ keeps the zero characters at its end, an array of one does not.
    if isinstance(scalar, (np.str_, np.bytes_)):
        return {"dtype": "U", "value": "".join(scalar)} if isinstance(scalar, np.str_) else {"dtype": "S", "value": bytes(scalar)}
    data = _data(np.asarray(scalar).ravel())
    return {"dtype": dtypes.encode(scalar.dtype), "value": data[0] if isinstance(data, list) else data}


def to_scalar(value: Any) -> np.generic:
    """Give the scalar that :func:`from_scalar` described.

    Raises:
        UnpackError: Where the value makes no scalar.
    """
    try:
        if value["dtype"] == "U":
            return np.str_(value["value"])
        if value["dtype"] == "S":
            return np.bytes_(value["value"])
        data = value["value"]
        scalar: np.generic = _flat(data if isinstance(data, bytes) else [data], dtypes.decode(value["dtype"]), 1)[0]
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise UnpackError(f"the recorded value makes no scalar: {error}") from error
    return scalar


def _data(flat: np.ndarray[Any, Any]) -> Any:
    """Give the items of a flat array: plain values, counts for times, texts for long numbers; bytes for all else."""
    dtype = flat.dtype
    if dtype.char in _PLAIN_KINDS or dtypes.is_text(dtype):
        return flat.tolist() if not dtypes.is_text(dtype) else _plain(flat.astype(object))
    if dtype.kind in "mM":
        return flat.astype(np.int64).tolist()
    if dtype.char == "g":
        return [np.format_float_scientific(item) for item in flat]
    if dtype.char == "G":
        return [[np.format_float_scientific(item.real), np.format_float_scientific(item.imag)] for item in flat]
    if dtype.char == "O":
        return _plain(flat)
    if dtype.hasobject:
        raise PackError(
            f"a value of dtype {dtype!r} holds Python objects among its fields, and a result holds plain values",
            remedy="Ask for artifact_type 'object'.",
        )
    return padding.cleared(flat).tobytes()


def _plain(flat: np.ndarray[Any, Any]) -> list[Any]:
    items: list[Any] = flat.tolist()
    strange = next((item for item in items if type(item) not in _PLAIN_OBJECTS), None)
    if strange is not None:
        raise PackError(
            f"the array holds a {type(strange).__module__}.{type(strange).__qualname__}, and a result holds plain values",
            remedy="Ask for artifact_type 'file' or 'object'.",
        )
    return items


def _flat(data: Any, dtype: np.dtype[Any], count: int) -> np.ndarray[Any, Any]:
    """Make a flat array of what :func:`_data` gave."""
    if isinstance(data, bytes):
        if dtype.hasobject:
            raise ValueError("bytes are no Python objects")
        return np.ndarray((count,), dtype, bytearray(data))
    if len(data) != count:
        raise ValueError(f"{len(data)} items for {count} places")
    if dtype.kind in "mM":
        return np.array(data, np.int64).view(dtype.newbyteorder("=")).astype(dtype)
    if dtype.char == "g":
        return np.array([np.longdouble(item) for item in data], dtype)
    flat = np.empty(count, dtype)
    if dtype.char == "G":
        flat.real = [np.longdouble(item[0]) for item in data]
        flat.imag = [np.longdouble(item[1]) for item in data]
    else:
        for position, item in enumerate(data):
            flat[position] = item
    return flat


def _of_plain(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, (str, bytes)):
        raise TypeError("a text is one value")
    array = np.array(value)
    if array.dtype.hasobject:
        raise ValueError(f"{type(value).__qualname__} of mixed items")
    return array
