"""An index inside of JSON: the labels of columns, the categories of a category, and what stands around the levels of a row index."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.tseries.frequencies import to_offset

from packagers import PackError, UnpackError
from packagers_pandas import cells

# Types whose values JSON shows as they are; others are embedded as Arrow data.
_READABLE = {str(kind): kind for kind in (pa.string(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.bool_())}
_CLASSES = frozenset(
    {
        pd.Index,
        pd.RangeIndex,
        pd.MultiIndex,
        pd.DatetimeIndex,
        pd.TimedeltaIndex,
        pd.PeriodIndex,
        pd.IntervalIndex,
        pd.CategoricalIndex,
    }
)

Encode = Callable[[Any, str], tuple[Any, dict[str, Any]]]
Decode = Callable[[Any, dict[str, Any]], Any]


def take_apart(index: Any, encode_column: Encode, where: str) -> tuple[dict[str, Any], list[Any]]:
    """Take an index apart.

    Args:
        index: An index of one of pandas' own classes.
        encode_column: Encodes the values of a level.
        where: The index, as people call it.

    Returns:
        JSON that says what it is, and an Arrow array for each level; a range has none.

    Raises:
        PackError: For an index that would not come back exactly.
    """
    if type(index) not in _CLASSES:
        raise PackError(f"{where} is of class {type(index).__qualname__}", remedy=cells.REMEDY)
    head: dict[str, Any] = {"names": [cells.encode(name) for name in index.names]}
    if isinstance(index, pd.RangeIndex):
        return {**head, "range": [index.start, index.stop, index.step]}, []
    if isinstance(index, pd.MultiIndex):
        # A level whose name is a number would be found by it.
        nameless = index.set_names([None] * index.nlevels)
        levels = [nameless.get_level_values(number).array for number in range(index.nlevels)]
        head["orders"] = _orders(index, encode_column)
    else:
        levels = [index.array]
        if (freq := _freq(index, where)) is not None:
            head["freq"] = freq
    encoded = [encode_column(level, where) for level in levels]
    return {**head, "levels": [spec for _, spec in encoded]}, [data for data, _ in encoded]


def put_together(head: dict[str, Any], levels: list[Any], decode_column: Decode, rows: tuple[int, int] | None = None) -> Any:
    """Put an index together.

    Args:
        head: What :func:`take_apart` gave.
        levels: The chunked array of each level.
        decode_column: Decodes the values of a level.
        rows: The first and the last row but one, if the levels hold only those.
    """
    names = [cells.decode(name) for name in head["names"]]
    if "range" in head:
        start, stop, step = head["range"]
        whole = pd.RangeIndex(start, stop, step, name=names[0])
        return whole if rows is None else whole[slice(*rows)]
    values = [decode_column(level, spec) for level, spec in zip(levels, head["levels"], strict=True)]
    indexes = [pd.Index(value, dtype=value.dtype, tupleize_cols=False) for value in values]
    if "orders" in head:
        return _in_order(pd.MultiIndex.from_arrays(indexes, names=names), head["orders"], decode_column)
    index = indexes[0].rename(names[0])
    if "freq" in head:
        index.freq = head["freq"]
    return index


def encode(index: Any, encode_column: Encode) -> dict[str, Any]:
    """Give an index as JSON alone.

    Raises:
        PackError: For an index that would not come back exactly.
    """
    head, levels = take_apart(index, encode_column, "an index of labels")
    return {**head, "data": [_embed(level) for level in levels]}


def decode(head: Any, decode_column: Decode) -> Any:
    """Give the index of its JSON.

    Raises:
        UnpackError: For JSON that :func:`encode` does not write.
    """
    try:
        return put_together(head, [_extract(level) for level in head["data"]], decode_column)
    except (pa.ArrowException, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise UnpackError(f"this is no index: {str(head)[:200]}") from error


def _orders(index: Any, encode_column: Encode) -> dict[str, Any]:
    """Give, by number, the levels that are not just the sorted values: their order is that in which unstack puts the columns."""
    found = {}
    for number, (level, codes) in enumerate(zip(index.levels, index.codes, strict=True)):
        used = np.bincount(codes[codes >= 0], minlength=len(level))
        if not (used.all() and level.is_monotonic_increasing) or _freq(level, "a level") is not None:
            found[str(number)] = encode(level.rename(None), encode_column)
    return found


def _in_order(index: Any, orders: dict[str, Any], decode_column: Decode) -> Any:
    """Give a multiple index the levels that it had."""
    levels, codes = list(index.levels), list(index.codes)
    for text, order in orders.items():
        number = int(text)
        level = decode(order, decode_column)
        # Intervals that overlap are not looked up as what they are.
        old, new = (each.astype(object) if isinstance(each, pd.IntervalIndex) else each for each in (levels[number], level))
        places = new.get_indexer(old)
        if (places < 0).any():
            raise ValueError("a level holds values that are not among its labels")
        codes[number] = np.where(codes[number] < 0, -1, np.append(places, -1)[codes[number]])
        levels[number] = level
    return pd.MultiIndex(levels=levels, codes=codes, names=index.names, verify_integrity=False)


def _freq(index: Any, where: str) -> str | None:
    """Give the frequency of an index as text, if it has one."""
    freq = getattr(index, "freq", None)
    if freq is None or isinstance(index, pd.PeriodIndex):
        return None
    text = str(freq.freqstr)
    try:
        same = to_offset(text) == freq
    except ValueError:
        same = False
    if same and not _conforms(index, text):
        return None  # pandas leaves such frequencies behind where it slices an index of several levels
    if not same:
        raise PackError(
            f"{where} has the frequency {freq!r}, which no text says", remedy="Set index.freq = None, or ask for artifact_type 'object'."
        )
    return text


def _conforms(index: Any, freq: str) -> bool:
    try:
        type(index)(index.array, freq=freq)
    except ValueError:
        return False
    return True


def _embed(level: Any) -> dict[str, Any]:
    if isinstance(level, pa.ChunkedArray):
        level = level.combine_chunks()
    if str(level.type) in _READABLE:
        return {"type": str(level.type), "items": level.to_pylist()}
    return {"arrow": to_base64(level)}


def _extract(level: Any) -> Any:
    if "items" in level:
        kind = _READABLE[level["type"]]
        return pa.chunked_array([pa.array(level["items"], kind)], kind)
    return pa.chunked_array([from_base64(level["arrow"])])


def to_base64(array: Any) -> str:
    """Give an Arrow array as text."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=[""])
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return base64.b64encode(sink.getvalue()).decode()


def from_base64(text: str) -> Any:
    """Give the Arrow array of a text.

    Raises:
        UnpackError: Where it is none.
    """
    try:
        with pa.ipc.open_stream(base64.b64decode(text, validate=True)) as stream:
            return stream.read_next_batch().column(0)
    except (pa.ArrowException, OSError, ValueError, StopIteration, TypeError) as error:
        raise UnpackError(f"this is no Arrow data: {str(text)[:50]}") from error
