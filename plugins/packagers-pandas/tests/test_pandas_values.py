"""Every kind of value of pandas and pyarrow, packed in this process and unpacked in a fresh one by default options."""

from __future__ import annotations

import datetime
import decimal
import uuid
import zoneinfo
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers.testing import cross

PARIS = zoneinfo.ZoneInfo("Europe/Paris")


def _frame(**columns: Any) -> Callable[[], Any]:
    return lambda: pd.DataFrame({name: make() if callable(make) else make for name, make in columns.items()})


def _objects(*values: Any) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def _attrs() -> pd.DataFrame:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"units": {"a": "m", 1: (2, None)}, "x": [1.5, b"z", float("nan")], "t": pd.Timestamp("2020", tz=PARIS)}
    return frame


def _both_axes() -> pd.DataFrame:
    index = pd.MultiIndex.from_product([["b", "a"], pd.date_range("2020", periods=2, tz=PARIS)], names=["k", None])
    return pd.DataFrame(np.eye(4), index=index, columns=pd.MultiIndex.from_product([[1, "1"], [("x", 2), None]], names=["l", 5]))


def _series_attrs() -> pd.Series:
    series = pd.Series([1.5], index=pd.Index([5], name="i"), name=("x", 1))
    series.attrs = {"unit": "m"}
    return series.set_flags(allows_duplicate_labels=False)


def _dictionary() -> Any:
    return pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), pa.array(["b", "a", "unused"]), ordered=True)


FRAMES: dict[str, Callable[[], Any]] = {
    "plain": _frame(a=[1, 2], b=[1.5, np.nan], c=["x", None], d=[True, False]),
    "empty": pd.DataFrame,
    "rows alone": lambda: pd.DataFrame(index=pd.Index(["a", "b"], name="n")),
    "columns alone": lambda: pd.DataFrame({"a": pd.Series([], dtype="i2"), "b": pd.Series([], dtype="category"), "c": _objects()}),
    "large": lambda: pd.DataFrame(
        {"n": np.arange(1_500_000), "x": np.linspace(0, 1, 1_500_000), "c": pd.Categorical(np.arange(1_500_000) % 7)}
    ),
    "wide": lambda: pd.DataFrame(np.arange(6000).reshape(2, 3000)),
    "int labels": lambda: pd.DataFrame([[1, 2, 3]], columns=[7, 3, -1]),
    "duplicate labels": lambda: pd.DataFrame([[1, "x", None], [2, "y", 2.5]], columns=["a", "a", "b"]),
    "duplicate int labels": lambda: pd.DataFrame([[1, 2]], columns=[0, 0]),
    "duplicate index": lambda: pd.DataFrame({"a": [1, 2]}, index=["x", "x"]),
    "mixed labels": lambda: pd.DataFrame(
        [range(6)], columns=pd.Index([1, "1", (1, 2), None, 2.5, pd.Timestamp("2020")], tupleize_cols=False)
    ),
    "float labels": lambda: pd.DataFrame([[1, 2, 3]], columns=[0.5, np.nan, -0.0]),
    "odd labels": lambda: pd.DataFrame([range(5)], columns=["", "a.b", "__index_level_0__", "日本\n", "a\0"]),
    "surrogate label": lambda: pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)),
    "range labels": lambda: pd.DataFrame([[1, 2]], columns=pd.RangeIndex(4, 0, -2, name="r")),
    "times as labels": lambda: pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2, freq="D", name="when")),
    "periods as labels": lambda: pd.DataFrame([[1, 2]], columns=pd.period_range("2020", periods=2, freq="M")),
    "intervals as labels": lambda: pd.DataFrame([[1, 2]], columns=pd.interval_range(0, 2, closed="left")),
    "categories as labels": lambda: pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["b", "a"], ["c", "b", "a"], ordered=True)),
    "levels on both axes": _both_axes,
    "levels with missing labels": lambda: pd.DataFrame(
        {"a": range(3)}, index=pd.MultiIndex.from_arrays([["x", None, "y"], [1.5, np.nan, 2]])
    ),
    "levels with the same names": lambda: pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_arrays([["x"], [1]], names=["n", "n"])),
    "levels named by numbers": lambda: pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_arrays([["x"], [2.5]], names=[1, 0])),
    "levels that are not used": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_product([["b", "a"], [1]])).iloc[:1],
    "index named like a column": lambda: pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="a")),
    "numbers": lambda: pd.DataFrame({kind: np.array([0, 1, 100], kind) for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}),
    "the largest numbers": _frame(i=np.array([-(2**63), 2**63 - 1]), u=np.array([0, 2**64 - 1], "u8")),
    "floats": lambda: pd.DataFrame({kind: np.array([np.nan, -0.0, np.inf, -np.inf, 0.1], kind) for kind in ("f2", "f4", "f8")}),
    "other byte orders": _frame(a=np.array([1, 2], ">i4"), b=np.array([1.5, np.nan], ">f8")),
    "times": lambda: pd.DataFrame({unit: np.array([0, -1, "NaT"], f"M8[{unit}]") for unit in ("s", "ms", "us", "ns")}),
    "durations": lambda: pd.DataFrame({unit: np.array([0, -1, "NaT"], f"m8[{unit}]") for unit in ("s", "ms", "us", "ns")}),
    "time zones": lambda: pd.DataFrame(
        {
            str(number): pd.to_datetime(["2020-10-25 00:30", "2020-10-25 01:30", None]).tz_localize("UTC").tz_convert(zone)
            for number, zone in enumerate(
                ["UTC", PARIS, datetime.UTC, datetime.timezone(datetime.timedelta(hours=5.5)), "dateutil/Europe/Paris"]
            )
        }
    ),
    "categories": _frame(
        text=pd.Categorical(["a", None, "b"], ["b", "unused", "a"]),
        ordered=pd.Categorical(["a", "b", "a"], ordered=True),
        ints=pd.Categorical([3, 1, None]),
        times=pd.Categorical(pd.to_datetime(["2020", None, "2021"])),
        mixed=pd.Categorical([1, "a", (1, 2)]),
        none=pd.Categorical([None, None, None]),
        intervals=lambda: pd.Categorical(pd.interval_range(0, 3)),
        periods=lambda: pd.Categorical(pd.period_range("2020", periods=3, freq="D")),
    ),
    "periods": lambda: pd.DataFrame(
        {freq: pd.PeriodIndex(["2020-01-01", None], freq=freq) for freq in ["D", "M", "Y", "Q-NOV", "W-TUE", "h", "2D"]}
    ),
    "intervals": _frame(
        i=pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2)], closed="both"),
        f=pd.arrays.IntervalArray.from_tuples([(0.5, 1), None], closed="neither"),
        t=lambda: pd.arrays.IntervalArray.from_breaks(pd.date_range("2020", periods=3, tz=PARIS), closed="left"),
        d=lambda: pd.arrays.IntervalArray.from_breaks(pd.timedelta_range("1D", periods=3)),
    ),
    "sparse": _frame(
        i=pd.arrays.SparseArray([0, 0, 1]),
        f=pd.arrays.SparseArray([np.nan, 1.5, np.nan]),
        z=pd.arrays.SparseArray([0.0, 1.5, np.nan], fill_value=0.0),
        b=pd.arrays.SparseArray([True, False, False]),
    ),
    "nullable": _frame(
        i=pd.array([1, None], dtype="Int8"),
        u=pd.array([2**64 - 1, None], dtype="UInt64"),
        f=pd.array([1.5, None], dtype="Float32"),
        b=pd.array([True, None], dtype="boolean"),
    ),
    "nullable with NaN": lambda: pd.DataFrame({"f": pd.arrays.FloatingArray(np.array([1.0, np.nan, 2.0]), np.array([False, False, True]))}),
    "texts": _frame(
        p=pd.array(["x", None, "日本"], dtype=pd.StringDtype("python")),
        a=pd.array(["x", None, ""], dtype=pd.StringDtype("pyarrow")),
        s=pd.array(["x", None, "01"], dtype="str"),
        surrogate=pd.array(["\ud800", None, "a\0"], dtype=pd.StringDtype("python")),
    ),
    "arrow": _frame(
        i=pd.array([1, None], dtype=pd.ArrowDtype(pa.int16())),
        s=pd.array(["a", None], dtype=pd.ArrowDtype(pa.large_string())),
        dec=pd.array([decimal.Decimal("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
        l=lambda: pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
        st=lambda: pd.Series([{"a": 1}, None], dtype=pd.ArrowDtype(pa.struct([("a", pa.int8())]))),
        ts=pd.array([pd.Timestamp("2020"), None], dtype=pd.ArrowDtype(pa.timestamp("s", "Europe/Paris"))),
        d=pd.array([datetime.date(2020, 1, 1), None], dtype=pd.ArrowDtype(pa.date32())),
        c=lambda: pd.Series(["a", None]).astype(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
        m=lambda: pd.Series([[("a", 1)], None], dtype=pd.ArrowDtype(pa.map_(pa.string(), pa.int8()))),
        b=pd.array([b"x", None], dtype=pd.ArrowDtype(pa.binary())),
        n=pd.array([None, None], dtype=pd.ArrowDtype(pa.null())),
        t=pd.array([datetime.time(1), None], dtype=pd.ArrowDtype(pa.time64("us"))),
    ),
    "objects": _frame(
        text=_objects("a", None, "c"),
        none=_objects(None, None, None),
        mixed=_objects(1, "1", None),
        missing=_objects(None, np.nan, pd.NA),
        times=_objects(pd.NaT, pd.Timestamp("2020", tz="UTC"), datetime.date(2020, 1, 1)),
        data=_objects(b"x", None, b""),
        truth=_objects(True, None, 1),
        ints=_objects(1, 2**100, -5),
        decimals=_objects(decimal.Decimal("1.10"), decimal.Decimal("NaN"), Fraction(1, 3)),
        scalars=_objects(np.float64(1.5), np.int8(3), 1 + 2j),
        nested=_objects([1, [2]], {"a": (1, {2}), 5: None}, ()),
        arrays=_objects(np.arange(3.0), np.eye(2), np.array(["x"])),
        others=_objects(uuid.UUID(int=5), datetime.timedelta(1), datetime.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=PARIS)),
        surrogates=_objects("\ud800", "a", np.str_("b")),
        pandas=_objects(pd.Interval(0, 1), pd.Period("2020", "M"), pd.Timedelta(5, "s").as_unit("ms")),
    ),
    "attrs": _attrs,
    "flags": lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    "view": lambda: pd.DataFrame(np.arange(20.0).reshape(5, 4), columns=list("abcd")).iloc[::-2, 1:3],
}
INDEXES: dict[str, Callable[[], Any]] = {
    "text": lambda: pd.Index(["b", "a", "b"], name="n"),
    "objects": lambda: pd.Index([1, "1", None, (1, 2)], dtype=object, tupleize_cols=False),
    "nothing": lambda: pd.Index([], dtype=object),
    "range": lambda: pd.RangeIndex(3, 9, 2, name=5),
    "range of nothing": lambda: pd.RangeIndex(0),
    "small numbers": lambda: pd.Index(np.array([1, 255], "u1")),
    "floats": lambda: pd.Index([1.5, np.nan, -0.0]),
    "truth": lambda: pd.Index([True, False]),
    "times with a frequency": lambda: pd.date_range("2020-10-25", periods=4, freq="2h", tz=PARIS, name="t"),
    "times without": lambda: pd.DatetimeIndex(["2020-01-01", "NaT", "2019"]),
    "times in seconds": lambda: pd.DatetimeIndex(np.array(["1000-01-01"], "M8[s]")),
    "durations": lambda: pd.timedelta_range("1h", periods=3, freq="h"),
    "periods": lambda: pd.PeriodIndex(["2020", "NaT"], freq="Q-FEB", name=("a", 1)),
    "intervals": lambda: pd.IntervalIndex.from_tuples([(0, 2), (1, 3)], closed="both"),
    "categories": lambda: pd.CategoricalIndex([2, 1, None], categories=[3, 2, 1], ordered=True),
    "nullable": lambda: pd.Index(pd.array([1, None], dtype="Int16")),
    "arrow": lambda: pd.Index(pd.array([1, None], dtype=pd.ArrowDtype(pa.int8()))),
    "levels": lambda: pd.MultiIndex.from_product([["b", "a"], [1, 2]], names=["x", None]),
    "levels of nothing": lambda: pd.MultiIndex.from_arrays([[], []], names=["x", "y"]),
    "one level": lambda: pd.MultiIndex.from_arrays([["x", "y"]]),
}
SERIES: dict[str, Callable[[], Any]] = {
    "unnamed text": lambda: pd.Series(["01", "1e3", "nan", ""]),
    "unnamed 01": lambda: pd.Series(["01"]),
    "nothing": lambda: pd.Series([], dtype=object),
    "nothing of times": lambda: pd.Series([], dtype="M8[s]", name=""),
    "attrs and flags": _series_attrs,
    "levels": lambda: pd.Series([1.5, -0.0], index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]), name="v"),
    "one odd label": lambda: pd.Series([0.5], index=pd.Index([(1, "x")], tupleize_cols=False), name=float("nan")),
    "large": lambda: pd.Series(np.arange(2_000_000, dtype="f4"), name="x"),
}
TABLES: dict[str, Callable[[], Any]] = {
    "plain": lambda: pa.table({"a": [1, None], "b": ["x", "y"]}),
    "empty": lambda: pa.table({}),
    "rows alone": lambda: pa.table({"a": [1, 2]}).select([]),
    "columns alone": lambda: pa.schema([("a", pa.int8()), ("b", pa.string())]).empty_table(),
    "metadata": lambda: pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
    "fields": lambda: pa.Table.from_arrays([pa.array([1])], schema=pa.schema([pa.field("a", pa.int64(), False, {"x": "y"})])),
    "duplicate names": lambda: pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]),
    "seconds": lambda: pa.table({"s": pa.array([1, None], pa.timestamp("s", "Europe/Paris")), "d": pa.array([1, 2], pa.duration("s"))}),
    "nested": lambda: pa.table({"s": [{"a": 1, "b": [2]}, None], "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8()))}),
    "dictionary": lambda: pa.table({"s": _dictionary()}),
    "decimals": lambda: pa.table({"d": [decimal.Decimal("1.10")], "e": pa.array([decimal.Decimal("1.123")], pa.decimal256(50, 3))}),
    "large": lambda: pa.table({"n": np.arange(2_000_000), "s": pa.array(["x", None] * 1_000_000)}),
}
SCALARS: dict[str, Callable[[], Any]] = {
    "time": lambda: pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Paris"),
    "time in seconds": lambda: pd.Timestamp("1000-01-01").as_unit("s"),
    "duration": lambda: pd.Timedelta(days=-1).as_unit("ms"),
    "period": lambda: pd.Period("2020Q1", "Q-FEB"),
    "interval": lambda: pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"), "neither"),
    "no time": lambda: pd.NaT,
    "missing": lambda: pd.NA,
}


def _stream(name: str) -> Callable[[], Any]:
    def make() -> Any:
        frame = FRAMES[name]()
        return (chunk for chunk in [frame, frame.iloc[:0], frame.iloc[:1]])

    return make


def _batches() -> Any:
    batches = [pa.record_batch({"a": [1, 2]}), pa.record_batch({"a": pa.array([], pa.int64())}), pa.record_batch({"a": [3]})]
    return pa.RecordBatchReader.from_batches(batches[0].schema, batches)


STREAMS = ("plain", "columns alone", "duplicate labels", "times", "categories", "periods", "intervals", "nullable", "texts", "objects")
VALUES: dict[str, Callable[[], Any]] = {
    **{f"frame: {name}": make for name, make in FRAMES.items()},
    **{f"index: {name}": make for name, make in INDEXES.items()},
    **{f"series: {name}": make for name, make in SERIES.items()},
    **{
        f"series of {name}": lambda make=make: make().iloc[:, -1]
        for name, make in FRAMES.items()
        if name not in ("empty", "rows alone", "large")
    },
    **{f"table: {name}": make for name, make in TABLES.items()},
    **{f"batch: {name}": lambda make=make: _batch(make()) for name, make in TABLES.items()},
    **{f"scalar: {name}": make for name, make in SCALARS.items()},
    **{f"stream: {name}": _stream(name) for name in STREAMS},
    "stream: one chunk": lambda: (frame for frame in [pd.DataFrame({"a": [1]})][:1]),
    "reader": _batches,
    "list of frames": lambda: [make() for name, make in FRAMES.items() if name != "large"],
    "list of one frame": lambda: [pd.DataFrame({"a": [1]})],
    "list of frames, one of them twice": lambda: [FRAMES["plain"]()] * 2 + [pd.DataFrame()],
    "list of series": lambda: [make() for make in SERIES.values()],
    "frames in containers": lambda: {"a": [FRAMES["plain"](), (FRAMES["objects"](), 1)], "b": {"c": FRAMES["times"]()}},
}


def _batch(table: Any) -> Any:
    if not table.num_columns:
        return pa.RecordBatch.from_arrays([], names=[]) if not table.num_rows else pa.record_batch({"a": [1, 2]}).select([])
    return table.combine_chunks().to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=table.schema)


def same(left: Any, right: Any) -> None:
    """Assert that two values of one type are the same in all that can be seen of them."""
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right, check_exact=True, check_freq=True, check_flags=True)
        same(left.index, right.index)
        same(left.columns, right.columns)
        for position in range(left.shape[1]):
            _same_cells(left.iloc[:, position].array, right.iloc[:, position].array)
        _same_cells([left.attrs], [right.attrs])
    elif isinstance(left, pd.Series):
        pd.testing.assert_series_equal(left, right, check_exact=True, check_freq=True, check_flags=True)
        same(left.index, right.index)
        _same_cells([left.name, left.attrs], [right.name, right.attrs])
        _same_cells(left.array, right.array)
    elif isinstance(left, pd.Index):
        pd.testing.assert_index_equal(left, right, exact=True)
        _same_cells(left.names, right.names)
        assert getattr(left, "freq", None) == getattr(right, "freq", None) or isinstance(left, pd.MultiIndex)
        for ours, theirs in zip(left.levels, right.levels, strict=True) if isinstance(left, pd.MultiIndex) else ():
            same(ours, theirs)
        if not isinstance(left, pd.MultiIndex):
            _same_cells(left.array, right.array)
    elif isinstance(left, (pa.Table, pa.RecordBatch)):
        assert left.schema.equals(right.schema, check_metadata=True)
        assert left.num_rows == right.num_rows
        assert left.equals(right)
    elif isinstance(left, dict):
        assert list(left) == list(right)
        same(list(left.values()), list(right.values()))
    elif hasattr(left, "__next__") or isinstance(left, (list, tuple)):
        assert type(left) is type(right) or hasattr(left, "__next__")
        for ours, theirs in zip(left, right, strict=True):
            same(ours, theirs)
    else:
        _same_cells([left], [right])
        for attribute in ("unit", "fold", "tz", "freqstr", "closed"):
            assert getattr(left, attribute, None) == getattr(right, attribute, None)


def _same_cells(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    assert repr(getattr(left, "dtype", None)) == repr(getattr(right, "dtype", None))
    if len(left) > 10_000:
        return  # pandas has compared them
    for ours, theirs in zip(left, right, strict=True):
        assert type(ours) is type(theirs)
        assert repr(ours) == repr(theirs)


@pytest.fixture(scope="module")
def problems() -> dict[str, str]:
    return cross(__name__, "VALUES", "same")


@pytest.mark.parametrize("name", VALUES)
def test_it_comes_back(name: str, problems: dict[str, str]) -> None:
    assert problems.get(name) is None
