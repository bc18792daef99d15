"""One column of pandas as one column of Arrow, and back: for each dtype how it is encoded, as JSON beside the data.

Numbers, times, texts and categories become what any other program reads. What Arrow does not have (mixed objects, periods, intervals,
sparse arrays) is encoded, and the JSON says how. A column of a dtype that does not come back exactly is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from packagers import PackagersError, PackError, UnpackError
from packagers_pandas import cells, embedded, strings, zones

Spec: TypeAlias = dict[str, Any]
Encoded: TypeAlias = tuple[Any, Spec]
"""An Arrow array (or chunked array) and how it is to be decoded."""

NOT_A_TIME = np.iinfo(np.int64).min
_MASKED: dict[str, Any] = {
    str(dtype): dtype
    for dtype in (
        *(pd.Int8Dtype(), pd.Int16Dtype(), pd.Int32Dtype(), pd.Int64Dtype()),
        *(pd.UInt8Dtype(), pd.UInt16Dtype(), pd.UInt32Dtype(), pd.UInt64Dtype()),
        *(pd.Float32Dtype(), pd.Float64Dtype(), pd.BooleanDtype()),
    )
}
_MASKED_TYPES = frozenset(map(type, _MASKED.values()))
_MASKED_ARRAYS = {"i": pd.arrays.IntegerArray, "u": pd.arrays.IntegerArray, "f": pd.arrays.FloatingArray, "b": pd.arrays.BooleanArray}
# Kinds of columns that other programs read as what they are.
ORDINARY = frozenset({"numpy", "time", "masked", "string", "text", "bytes", "arrow", "category"})
# Kinds that hold nothing of the values, and whose Arrow types have no parts.
_SIMPLE = frozenset({"numpy", "time", "masked", "string", "text", "bytes", "cells"})


def encode(values: Any, where: str) -> Encoded:
    """Encode a column.

    Args:
        values: A NumPy array of one dimension or an extension array of pandas.
        where: The column, as people call it.

    Raises:
        PackError: For a dtype or a value that would not come back exactly.
    """
    # Not isinstance: arrays of text are a subclass.
    if type(values) is pd.arrays.NumpyExtensionArray:
        values = values.to_numpy()
    try:
        data, spec = _encode(values)
        back = _coming_back(data.type, tuple(spec.items())) if _is_simple(spec) else _dtype_of(data.type, spec)
    except PackagersError as error:
        raise PackError(f"{where}: {error.args[0]}", remedy=error.remedy) from error
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise PackError(f"{where} of dtype {values.dtype} cannot be stored: {error}", remedy=cells.REMEDY) from error
    if type(back) is not type(values.dtype) or back != values.dtype:
        raise PackError(f"{where} of dtype {values.dtype!r} would come back as {back!r}", remedy=cells.REMEDY)
    return data, spec


@lru_cache(maxsize=1024)
def _coming_back(kind: Any, spec: tuple[tuple[str, Any], ...]) -> Any:
    """Give the dtype of a simple column that was decoded: one follows from the other, so each is decoded once."""
    return _dtype_of(kind, dict(spec))


def _is_simple(spec: Spec) -> bool:
    return spec["kind"] in _SIMPLE and not spec.get("zone")


def _dtype_of(kind: Any, spec: Spec) -> Any:
    """Give the dtype of a column that was decoded."""
    return decode(pa.chunked_array([], kind), spec).dtype


def decode(data: Any, spec: Spec) -> Any:
    """Decode a column.

    Args:
        data: The chunked array.
        spec: What :func:`encode` gave with it.

    Raises:
        UnpackError: Where data and spec do not fit.
    """
    try:
        return _DECODERS[spec["kind"]](data, spec)
    except PackagersError:
        raise
    except (pa.ArrowException, TypeError, ValueError, KeyError, OverflowError, AttributeError, IndexError) as error:
        raise UnpackError(f"a column of Arrow type {data.type} cannot be read as {str(spec)[:200]}: {error}") from error


def _encode(values: Any) -> Encoded:
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype) or (isinstance(dtype, np.dtype) and dtype.kind in "mM"):
        return _encode_time(values)
    if isinstance(values, np.ndarray):
        return strings.encode_objects(values) if dtype.kind == "O" else _encode_numpy(values)
    if type(dtype) in _MASKED_TYPES:
        return pa.array(values), {"kind": "masked", "dtype": str(dtype)}
    if isinstance(dtype, pd.StringDtype):
        return strings.encode(values)
    if isinstance(dtype, pd.ArrowDtype):
        return values.__arrow_array__(), {"kind": "arrow"}
    for kind, encoder in _EXTENSIONS.items():
        if type(dtype) is kind:
            return encoder(values)
    raise PackError(f"the dtype {dtype} of {type(dtype).__module__} is not known here", remedy=cells.REMEDY)


def _encode_numpy(values: Any) -> Encoded:
    if values.dtype.kind not in "biuf" or values.dtype.itemsize > 8:
        raise PackError(f"the dtype {values.dtype} has no counterpart in Arrow", remedy=cells.REMEDY)
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return pa.array(native, from_pandas=False), {"kind": "numpy", "dtype": values.dtype.str}


def _decode_numpy(data: Any, spec: Spec) -> Any:
    dtype = np.dtype(spec["dtype"])
    if dtype.hasobject or data.null_count:
        raise ValueError("missing values in a column of numbers")
    return writeable(data).astype(dtype, copy=False)


def writeable(data: Any) -> Any:
    """Give a NumPy array that does not share the memory of Arrow's, which is read-only."""
    values = data.to_numpy()
    return values if values.flags.writeable else values.copy()


def _filled(data: Any, value: Any) -> Any:
    """Give a column with a value in the place of missing ones; Arrow would copy one without any."""
    return data.fill_null(value) if data.null_count else data


def _with_gaps(values: Any, is_missing: Any) -> Any:
    """Give numbers of which some are missing to Arrow, which copies them to leave some out, and shares those that are all there."""
    return pa.array(values, mask=is_missing) if is_missing.any() else pa.array(values)


def _encode_time(values: Any) -> Encoded:
    zone = getattr(values.dtype, "tz", None)
    unit = values.dtype.unit if zone is not None else np.datetime_data(values.dtype)[0]
    kind = "m" if values.dtype.kind == "m" else "M"
    counts = values.view("i8")
    spec = {"kind": "time", "of": kind, "unit": unit, "zone": zones.encode(zone)}
    return _with_gaps(counts, counts == NOT_A_TIME).cast(_time_type(spec)), spec


def _time_type(spec: Spec) -> Any:
    if spec["of"] == "m":
        return pa.duration(spec["unit"])
    zone = spec["zone"]
    # Arrow takes names of zones only; another zone's moments are written as what they are in UTC.
    return pa.timestamp(spec["unit"], None if zone is None else next(iter(zone.values())) if "zoneinfo" in zone else "UTC")


def _decode_time(data: Any, spec: Spec) -> Any:
    # Parquet has no seconds: they were written as milliseconds.
    counts = data.cast(_time_type(spec)).cast(pa.int64())
    moments = writeable(_filled(counts, NOT_A_TIME)).view(f"{spec['of']}8[{spec['unit']}]")
    # Not by an index: its array is read-only.
    series: Any = pd.Series(moments, copy=False)
    if spec["of"] == "m" or spec["zone"] is None:
        return series.array
    return series.dt.tz_localize("UTC").dt.tz_convert(zones.decode(spec["zone"])).array


def _decode_masked(data: Any, spec: Spec) -> Any:
    dtype = _MASKED[spec["dtype"]]
    mask = writeable(data.is_null())
    values = writeable(_filled(data, False if dtype.kind == "b" else 0)).astype(dtype.numpy_dtype, copy=False)
    # Not by from_arrow: in pandas 3 it makes missing values of NaNs.
    return _MASKED_ARRAYS[dtype.kind](values, mask)


def _decode_arrow(data: Any, spec: Spec) -> Any:
    return pd.arrays.ArrowExtensionArray(data)


def _encode_category(values: Any) -> Encoded:
    categories = values.categories
    spec = {"kind": "category", "ordered": bool(values.ordered), "categories": embedded.encode(categories, encode)}
    labels, label_spec = encode(categories.array, "the categories")
    codes = np.asarray(values.codes)
    if label_spec["kind"] not in ("numpy", "string", "text") or not _fits_dictionary(labels):
        return _with_gaps(codes, codes < 0), {**spec, "kind": "codes"}
    return pa.DictionaryArray.from_arrays(_with_gaps(codes, codes < 0), labels, ordered=spec["ordered"]), spec


def _fits_dictionary(labels: Any) -> bool:
    """Tell whether parquet gives a dictionary of such labels back; others are codes."""
    return isinstance(labels, pa.Array) and not pa.types.is_float16(labels.type) and not pa.types.is_boolean(labels.type)


def _decode_category(data: Any, spec: Spec) -> Any:
    categories = embedded.decode(spec["categories"], decode)
    dtype = pd.CategoricalDtype(categories, spec["ordered"])
    if spec["kind"] == "codes":
        return pd.Categorical.from_codes(writeable(_filled(data, -1)), dtype=dtype)
    data = (data if pa.types.is_dictionary(data.type) else data.dictionary_encode()).unify_dictionaries()
    width = np.min_scalar_type(-max(len(categories), 1))
    codes = pa.chunked_array([_codes_of(chunk, categories, width) for chunk in data.chunks], pa.from_numpy_dtype(width))
    return pd.Categorical.from_codes(writeable(_filled(codes, -1)), dtype=dtype)


def _codes_of(chunk: Any, categories: Any, width: Any) -> Any:
    """Give the codes of one chunk, as integers of a width: what its dictionary holds is looked up among the categories."""
    if not isinstance(categories.dtype, (np.dtype, pd.StringDtype)):
        raise ValueError(f"categories of dtype {categories.dtype} are stored as codes")
    places = categories.get_indexer(pd.Index(chunk.dictionary.to_numpy(zero_copy_only=False), dtype=categories.dtype))
    if (places < 0).any():
        raise ValueError("the column holds values that are not among its categories")
    return pa.array(places.astype(width)).take(chunk.indices)


def _encode_period(values: Any) -> Encoded:
    ordinals = values.view("i8")
    return _with_gaps(ordinals, ordinals == NOT_A_TIME), {"kind": "period", "freq": values.dtype.name.removeprefix("period[")[:-1]}


def _decode_period(data: Any, spec: Spec) -> Any:
    return pd.arrays.PeriodArray(writeable(_filled(data, NOT_A_TIME)), dtype=pd.PeriodDtype(spec["freq"]))


def _encode_interval(values: Any) -> Encoded:
    (left, left_spec), (right, right_spec) = (encode(side.array, "an interval") for side in (values.left, values.right))
    spec = {"kind": "interval", "closed": values.closed, "left": left_spec, "right": right_spec}
    return pa.StructArray.from_arrays([left, right], ["left", "right"]), spec


def _decode_interval(data: Any, spec: Spec) -> Any:
    sides = [pa.chunked_array([chunk.field(side) for chunk in data.chunks], data.type.field(side).type) for side in ("left", "right")]
    left, right = (decode(side, spec[name]) for side, name in zip(sides, ("left", "right"), strict=True))
    return pd.arrays.IntervalArray.from_arrays(left, right, spec["closed"])


def _encode_sparse(values: Any) -> Encoded:
    dense, dense_spec = encode(values.to_dense(), "the dense form")
    return dense, {"kind": "sparse", "fill": cells.encode(values.dtype.fill_value), "dense": dense_spec}


def _decode_sparse(data: Any, spec: Spec) -> Any:
    dense = decode(data, spec["dense"])
    values = np.asarray(dense)
    return pd.arrays.SparseArray(values, dtype=pd.SparseDtype(values.dtype, cells.decode(spec["fill"])))


_EXTENSIONS: dict[type[Any], Callable[[Any], Encoded]] = {
    pd.CategoricalDtype: _encode_category,
    pd.PeriodDtype: _encode_period,
    pd.IntervalDtype: _encode_interval,
    pd.SparseDtype: _encode_sparse,
}
_DECODERS: dict[str, Callable[[Any, Spec], Any]] = {
    "numpy": _decode_numpy,
    "time": _decode_time,
    "masked": _decode_masked,
    "arrow": _decode_arrow,
    "category": _decode_category,
    "codes": _decode_category,
    "period": _decode_period,
    "interval": _decode_interval,
    "sparse": _decode_sparse,
    "string": strings.decode,
    "text": strings.decode_objects,
    "bytes": strings.decode_objects,
    "cells": strings.decode_objects,
}
