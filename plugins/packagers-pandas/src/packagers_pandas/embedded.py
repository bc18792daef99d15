"""An index inside of JSON: the labels of columns, the categories of a category, and what stands around the levels of a row index."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

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
        levels = [index.get_level_values(number).array for number in range(index.nlevels)]
        head["multiple"] = True
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
    indexes = [pd.Index(value, dtype=value.dtype) for value in values]
    if head.get("multiple"):
        return pd.MultiIndex.from_arrays(indexes, names=names)
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
    if not same:
        raise PackError(
            f"{where} has the frequency {freq!r}, which no text says", remedy="Set index.freq = None, or ask for artifact_type 'object'."
        )
    return text


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
    except (pa.ArrowException, ValueError, StopIteration, TypeError) as error:
        raise UnpackError(f"this is no Arrow data: {str(text)[:50]}") from error
