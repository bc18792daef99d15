"""Single values as JSON: what stands in a cell of a mixed column, in a label, in ``attrs``.

``None``, ``bool``, ``int``, finite ``float`` and ``str`` stand as themselves; anything else is an object with one key, the name of its
type. Only exact types are taken: an ``int`` never becomes a ``float``, nor a ``numpy.float64`` a ``float``.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import fractions
import json
import math
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from packagers import PackError, UnpackError
from packagers_pandas import zones

MAX_DEPTH = 100
REMEDY = "Convert it to plain values, or ask for artifact_type 'object'."


def dumps(value: Any) -> str:
    """Give the text of a value, in ASCII.

    Raises:
        PackError: For a value of a type that is not known here.
    """
    return json.dumps(encode(value), separators=(",", ":"), allow_nan=False)


def loads(text: str) -> Any:
    """Give the value of a text.

    Raises:
        UnpackError: For text that :func:`dumps` does not write.
    """
    try:
        return decode(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise UnpackError(f"this is no value: {text[:100]!r}") from error


def encode(value: Any, depth: int = 0) -> Any:
    """Give the JSON form of a value.

    Raises:
        PackError: For a value of a type that is not known here, or nested too deeply.
    """
    cls = type(value)
    if value is None or cls is str or cls is int or cls is bool or (cls is float and math.isfinite(value)):
        return value
    if depth > MAX_DEPTH:
        raise PackError(f"a value is nested deeper than {MAX_DEPTH} levels", remedy=REMEDY)
    if cls in (list, tuple, set, frozenset):
        return {cls.__name__: _encode_items(value, depth)}
    if cls is dict:
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
    encoder = _ENCODERS.get(cls)
    if encoder is not None:
        return {_NAMES[cls]: encoder(value)}
    if isinstance(value, np.generic):
        return {"numpy": _encode_numpy(value)}
    raise PackError(f"a {cls.__module__}.{cls.__qualname__} cannot be recorded as a value", remedy=REMEDY)


def decode(value: Any) -> Any:
    """Give the value of its JSON form.

    Raises:
        UnpackError: For JSON that :func:`encode` does not write.
    """
    if type(value) is not dict:
        if type(value) is list:
            raise UnpackError("a list without the name of its type is no value")
        return value
    try:
        ((name, parts),) = value.items()
        return _DECODERS[name](parts)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, ArithmeticError, RecursionError) as error:
        raise UnpackError(f"this is no value: {str(value)[:100]}") from error


def _encode_items(items: Any, depth: int) -> list[Any]:
    encoded = [encode(item, depth + 1) for item in items]
    # The order of a set differs from process to process.
    return sorted(encoded, key=lambda item: json.dumps(item, sort_keys=True)) if isinstance(items, (set, frozenset)) else encoded


def _encode_datetime(value: datetime.datetime | datetime.time) -> list[Any]:
    if value.tzinfo is not None and not zones.is_exact(value.tzinfo):
        raise PackError(
            f"the time zone of {value!r} cannot be recorded", remedy="Use zoneinfo.ZoneInfo, or ask for artifact_type 'object'."
        )
    return [value.replace(tzinfo=None, fold=0).isoformat(), zones.encode(value.tzinfo), value.fold]


def _decode_datetime(parts: Any) -> datetime.datetime:
    text, zone, fold = parts
    return datetime.datetime.fromisoformat(text).replace(tzinfo=zones.decode(zone), fold=fold)


def _decode_time(parts: Any) -> datetime.time:
    text, zone, fold = parts
    return datetime.time.fromisoformat(text).replace(tzinfo=zones.decode(zone), fold=fold)


def _encode_timestamp(value: pd.Timestamp) -> list[Any]:
    return [int(value.asm8.view("i8")), value.unit, zones.encode(value.tz)]


def _decode_timestamp(parts: Any) -> Any:
    count, unit, zone = parts
    moment = pd.Timestamp(np.datetime64(count, unit)).as_unit(unit)
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zones.decode(zone))


def _decode_timedelta(parts: Any) -> Any:
    count, unit = parts
    return pd.Timedelta(np.timedelta64(count, unit)).as_unit(unit)


def _encode_numpy(value: np.generic) -> list[Any]:
    dtype = value.dtype
    if isinstance(value, (np.str_, np.bytes_)):
        return ["U", "".join(value)] if isinstance(value, np.str_) else ["S", _to_base64(bytes(value))]
    if dtype.kind not in "biufcmM" or dtype.char in "gG" or type(value) is not np.dtype(dtype.str).type:
        raise PackError(f"a numpy.{type(value).__name__} cannot be recorded as a value", remedy=REMEDY)
    return [dtype.str, int(value.view("i8")) if dtype.kind in "mM" else encode(value.item())]


def _decode_numpy(parts: Any) -> Any:
    kind, item = parts
    if kind in ("U", "S"):
        return np.str_(item) if kind == "U" else np.bytes_(_from_base64(item))
    dtype = np.dtype(kind)
    if dtype.hasobject:
        raise ValueError(kind)
    return np.int64(item).view(dtype) if dtype.kind in "mM" else dtype.type(decode(item))


def _encode_array(value: Any) -> list[Any]:
    dtype = value.dtype
    if dtype.kind not in "biufcmMUS" or dtype.char in "gG" or np.dtype(dtype.str).char != dtype.char:
        raise PackError(f"an array of dtype {dtype!r} cannot be recorded as a value", remedy=REMEDY)
    return [dtype.str, list(value.shape), _to_base64(value.tobytes())]


def _decode_array(parts: Any) -> Any:
    kind, shape, data = parts
    dtype = np.dtype(kind)
    if dtype.hasobject:
        raise ValueError(kind)
    return np.ndarray(tuple(shape), dtype, bytearray(_from_base64(data)))


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# For each type its name in the JSON, how it is taken apart, and how it is put together.
_TYPES: list[tuple[Any, str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    (float, "float", repr, float),
    (complex, "complex", lambda c: [encode(c.real), encode(c.imag)], lambda p: complex(decode(p[0]), decode(p[1]))),
    (bytes, "bytes", _to_base64, _from_base64),
    (bytearray, "bytearray", _to_base64, lambda p: bytearray(_from_base64(p))),
    (decimal.Decimal, "Decimal", str, decimal.Decimal),
    (fractions.Fraction, "Fraction", str, fractions.Fraction),
    (uuid.UUID, "UUID", str, uuid.UUID),
    (datetime.datetime, "datetime", _encode_datetime, _decode_datetime),
    (datetime.time, "time", _encode_datetime, _decode_time),
    (datetime.date, "date", datetime.date.isoformat, datetime.date.fromisoformat),
    (datetime.timedelta, "timedelta", lambda d: [d.days, d.seconds, d.microseconds], lambda p: datetime.timedelta(*p)),
    (pd.Timestamp, "Timestamp", _encode_timestamp, _decode_timestamp),
    (pd.Timedelta, "Timedelta", lambda d: [int(d.asm8.view("i8")), d.unit], _decode_timedelta),
    (pd.Period, "Period", lambda p: [p.ordinal, p.freqstr], lambda p: pd.Period(ordinal=p[0], freq=p[1])),
    (
        pd.Interval,
        "Interval",
        lambda i: [encode(i.left), encode(i.right), i.closed],
        lambda p: pd.Interval(decode(p[0]), decode(p[1]), p[2]),
    ),
    (type(pd.NaT), "NaT", lambda v: True, lambda p: pd.NaT),
    (type(pd.NA), "NA", lambda v: True, lambda p: pd.NA),
    (np.ndarray, "ndarray", _encode_array, _decode_array),
]
_NAMES = {cls: name for cls, name, _, _ in _TYPES}
_ENCODERS = {cls: take for cls, _, take, _ in _TYPES}
_DECODERS: dict[str, Callable[[Any], Any]] = {name: make for _, name, _, make in _TYPES} | {
    "numpy": _decode_numpy,
    "list": lambda p: [decode(item) for item in p],
    "tuple": lambda p: tuple(decode(item) for item in p),
    "set": lambda p: {decode(item) for item in p},
    "frozenset": lambda p: frozenset(decode(item) for item in p),
    "dict": lambda p: {decode(key): decode(item) for key, item in p},
}
