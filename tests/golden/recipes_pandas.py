"""Golden values of packagers-pandas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from recipe import Recipe, forms


def _frame() -> pd.DataFrame:
    columns = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 0), ("c", 1), ("d", 0)], names=["letter", None])
    rows = pd.MultiIndex.from_arrays([[1, 1, 2], ["x", "y", "x"]], names=["number", "text"])
    data: dict[Any, Any] = {
        0: pd.Categorical(["u", None, "v"], categories=["v", "u", "w"], ordered=True),
        1: pd.period_range("2026-01", periods=3, freq="M"),
        2: pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3], closed="left"),
        3: pd.array([1, None, 3], dtype="Int8"),
        4: pd.arrays.SparseArray([0.0, 0.0, 1.5]),
        5: pd.to_datetime(["2026-01-01", None, "2026-03-01"]).tz_localize("Europe/Zurich"),
        6: pd.array([True, None, False], dtype="boolean"),
    }
    made = pd.DataFrame(data)
    made.index, made.columns = rows, columns
    made.attrs["unit"] = "m"
    return made


def _mixed() -> pd.DataFrame:
    made = pd.DataFrame({0: [1, "a", None], 1: [1.5, np.nan, -0.0]}, index=[3, 1, 3])
    made[0] = made[0].astype(object)
    made.columns = pd.Index(["same", "same"])
    return made


def _plain() -> pd.DataFrame:
    return pd.DataFrame({"number": [1, 2], "part": [0.5, -1.25], "text": ["one", "zwei ö"]})


def _series() -> pd.Series:
    return pd.Series(["01", None, "2"], index=[5, 5, 7], dtype=object)


def _numbers() -> pd.Series:
    return pd.Series([1, 2], name="number")


def _table() -> pa.Table:
    return pa.table({"a": pa.array([1, None], pa.int8()), "b": pa.array([["x"], []]), "c": pa.array(["u", "u"]).dictionary_encode()})


def _plain_table() -> pa.Table:
    return pa.table({"a": pa.array([1, 2], pa.int64()), "b": pa.array(["x", "y"])})


def _batch() -> pa.RecordBatch:
    return _plain_table().to_batches()[0]


def _reader() -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(_plain_table().schema, [_batch(), _batch()])


def _stream() -> Iterator[pd.DataFrame]:
    return iter([_plain(), _plain()[:1]])


def _same_frame(left: Any, right: Any) -> None:
    pd.testing.assert_frame_equal(left, right, check_freq=False)
    assert left.attrs == right.attrs


def _same_series(left: Any, right: Any) -> None:
    pd.testing.assert_series_equal(left, right)


def _same_index(left: Any, right: Any) -> None:
    pd.testing.assert_index_equal(left, right, exact=True)


def _same_table(left: Any, right: Any) -> bool:
    return bool(left.equals(right, check_metadata=True))


def _same_reader(left: Any, right: Any) -> bool:
    return bool(left.read_all().equals(right.read_all()))


def _same_stream(left: Any, right: Any) -> None:
    for one, other in zip(left, right, strict=True):
        _same_frame(one, other)


def _frames() -> list[pd.DataFrame]:
    shared = _plain()
    return [shared, _mixed(), shared]


def _same_list(left: Any, right: Any) -> None:
    for one, other in zip(left, right, strict=True):
        (_same_series if isinstance(one, pd.Series) else _same_frame)(one, other)


_PLAIN = Recipe("pandas.DataFrame", _plain, same=_same_frame)
_NUMBERS = Recipe("pandas.Series", _numbers, same=_same_series)
_INDEX = Recipe("pandas.Index", lambda: pd.Index(["a", "b"], name="n"), same=_same_index)
_TABLE = Recipe("pyarrow.Table", _plain_table, same=_same_table)
_BATCH = Recipe("pyarrow.RecordBatch", _batch, same=_same_table)
_READER = Recipe("pyarrow.RecordBatchReader", _reader, same=_same_reader, hint=pa.RecordBatchReader)
_TEXTS = ("csv", "json", "jsonl", "html", "xml")
_BINARIES = ("feather", "arrow", "orc", "xlsx")

RECIPES: dict[str, Recipe] = {
    "frame": Recipe("pandas.DataFrame", _frame, same=_same_frame),
    "frame-mixed": Recipe("pandas.DataFrame", _mixed, same=_same_frame),
    "frame-empty": Recipe("pandas.DataFrame", pd.DataFrame, same=_same_frame),
    **forms("frame", _PLAIN, [f"dataset:{format}" for format in (*_TEXTS, *_BINARIES)]),
    **forms("frame", _PLAIN, [f"file:{format}" for format in ("parquet", *_TEXTS, *_BINARIES)]),
    **forms("frame", _PLAIN, ["result"]),
    "frame-hdf": Recipe("pandas.DataFrame", _plain, "file[format='hdf']", same=_same_frame, trust="all"),
    "frame-object": Recipe("pandas.DataFrame", _plain, "object", same=_same_frame, trust="all"),
    "series": Recipe("pandas.Series", _series, same=_same_series),
    **forms("series", _NUMBERS, [f"file:{format}" for format in (*_TEXTS, *_BINARIES)]),
    **forms("series", _NUMBERS, [*(f"dataset:{format}" for format in ("parquet", *_TEXTS, *_BINARIES)), "result"]),
    "series-file-hdf": Recipe("pandas.Series", _numbers, "file[format='hdf']", same=_same_series, trust="all"),
    "index": Recipe("pandas.Index", lambda: pd.Index([3, 1, 3], name=("a", 1)), same=_same_index),
    "index-levels": Recipe("pandas.Index", lambda: pd.MultiIndex.from_product([[1, 2], ["a"]], names=[None, "x"]), same=_same_index),
    "index-range": Recipe("pandas.Index", lambda: pd.RangeIndex(5, 0, -2), same=_same_index),
    "index-dates": Recipe("pandas.Index", lambda: pd.date_range("2026-01-01", periods=3, freq="D", tz="UTC"), same=_same_index),
    **forms("index", _INDEX, [f"file:{format}" for format in (*_TEXTS, *_BINARIES)]),
    **forms("index", _INDEX, [*(f"dataset:{format}" for format in ("parquet", *_TEXTS, *_BINARIES)), "result"]),
    "stream": Recipe("Iterator[pandas.DataFrame]", _stream, same=_same_stream, hint=Iterator[pd.DataFrame]),
    "frame-list": Recipe("list[pandas.DataFrame]", _frames, same=_same_list, hint=list[pd.DataFrame]),
    "series-list": Recipe("list[pandas.Series]", lambda: [_series(), _numbers()], same=_same_list, hint=list[pd.Series]),
    "table": Recipe("pyarrow.Table", _table, same=_same_table),
    **forms("table", _TABLE, ["dataset:arrow", "dataset:feather", "dataset:orc", "file:parquet", "file:arrow", "file:feather", "file:orc"]),
    "batch": _BATCH,
    **forms("batch", _BATCH, ["dataset:arrow", "dataset:feather", "dataset:orc", "file:parquet", "file:arrow", "file:feather", "file:orc"]),
    "reader": _READER,
    **forms("reader", _READER, ["dataset:arrow"]),
    "timestamp": Recipe("pandas.Timestamp", lambda: pd.Timestamp("2026-07-25 02:30", tz="Europe/Zurich")),
    "timestamp-nanosecond": Recipe("pandas.Timestamp", lambda: pd.Timestamp(1, unit="ns")),
    "timedelta": Recipe("pandas.Timedelta", lambda: pd.Timedelta(-7, "ms")),
    "period": Recipe("pandas.Period", lambda: pd.Period("2026Q1", freq="Q-NOV")),
    "interval": Recipe("pandas.Interval", lambda: pd.Interval(0, 1.5, closed="neither")),
    "na": Recipe("pandas.api.typing.NAType", lambda: pd.NA, same=lambda left, right: right is pd.NA),
    "nat": Recipe("pandas.api.typing.NaTType", lambda: pd.NaT, same=lambda left, right: right is pd.NaT),
}
