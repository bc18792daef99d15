"""What the tests here share: a way there and back by a packager's methods alone, frames of every kind, and a strict comparison."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers import Packager
from packagers.policy import unpacking

Trip = Callable[..., Any]


@pytest.fixture
def trip(tmp_path: Path) -> Trip:
    """Give ``trip(packager, obj, artifact_type, **packing options)``: packs into a folder of its own and unpacks it as a stranger."""
    count = iter(range(10**9))

    def there_and_back(packager: Packager, obj: Any, artifact_type: str = "dataset", *, unpack: Any = None, **options: Any) -> Any:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        packager.packs[artifact_type].check_options(options)
        instructions = getattr(packager, f"pack_{artifact_type}")(obj, folder, **options)
        told = {**json.loads(json.dumps(instructions or {})), **(unpack or {})}
        if "format" in options:
            told["format"] = options["format"]
        packager.unpacks[artifact_type].check_options(told)
        with unpacking(str(folder), False, "own"):
            return getattr(packager, f"unpack_{artifact_type}")(folder, **told)

    return there_and_back


def ob(values: Any) -> Any:
    return pd.Series(values, dtype=object)


def idx(*args: Any, **options: Any) -> Any:
    return pd.Index(*args, **options)


FRAMES: dict[str, Any] = {
    "plain": pd.DataFrame({"a": [1, 2], "b": [1.5, np.nan], "c": ["x", "y"], "d": [True, False]}),
    "empty": pd.DataFrame(),
    "rows only": pd.DataFrame(index=range(5)),
    "rows only, labelled": pd.DataFrame(index=["a", "b"]),
    "columns only": pd.DataFrame(columns=["a", "b"]),
    "columns only typed": pd.DataFrame(
        {"a": pd.Series([], dtype="i4"), "b": pd.Series([], dtype="category"), "c": pd.Series([], dtype=object)}
    ),
    "int labels": pd.DataFrame([[1, 2]], columns=[7, 3]),
    "range labels": pd.DataFrame([[1, 2]]),
    "duplicate labels": pd.DataFrame([[1, "x"], [2, "y"]], columns=["a", "a"]),
    "mixed labels": pd.DataFrame([[1, 2, 3, 4, 5, 6]], columns=[1, "1", (1, 2), None, 2.5, pd.Timestamp("2020")]),
    "nan label": pd.DataFrame([[1, 2]], columns=[np.nan, "a"]),
    "float labels": pd.DataFrame([[1, 2]], columns=[0.5, np.nan]),
    "datetime labels": pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2, freq="D", name="when")),
    "period labels": pd.DataFrame([[1, 2]], columns=pd.period_range("2020", periods=2, freq="M")),
    "categorical labels": pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["b", "a"], categories=["c", "b", "a"], ordered=True)),
    "interval labels": pd.DataFrame([[1, 2]], columns=pd.interval_range(0, 2)),
    "object labels": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], dtype=object, name="n")),
    "named labels": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name=("x", 1))),
    "odd labels": pd.DataFrame([[1, 2, 3, 4, 5]], columns=["", "a.b", "a", "__index_level_0__", "日本\n"]),
    "surrogate label": pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)),
    "nul label": pd.DataFrame([[1, 2]], columns=["a\0", "a"]),
    "bool labels": pd.DataFrame([[1, 2]], columns=[True, False]),
    "multi labels": pd.DataFrame([[1, 2, 3]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["x", None])),
    "multi both": pd.DataFrame(
        np.eye(4),
        index=pd.MultiIndex.from_product([["b", "a"], pd.date_range("2020", periods=2)], names=["k", "t"]),
        columns=pd.MultiIndex.from_product([[1, 2], ["x", "y"]]),
    ),
    "multi with nan": pd.DataFrame({"a": [1, 2, 3]}, index=pd.MultiIndex.from_arrays([["x", None, "y"], [1.5, np.nan, 2]])),
    "multi duplicates": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", "x"], [1, 1]], names=["n", "n"])),
    "multi named by numbers": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", "y"], [1.5, 2.5]], names=[1, 0])),
    "multi of one": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", "y"]], names=["n"])),
    "multi empty": pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_arrays([["x"], [1]])).iloc[:0],
    "multi categorical": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_arrays([pd.Categorical(["x", "y"], ["z", "y", "x"]), pd.period_range("2020", periods=2)])
    ),
    "index name like a column": pd.DataFrame({"a": [1]}, index=idx(["x"], name="a")),
    "index int name": pd.DataFrame({"a": [1]}, index=idx(["x"], name=5)),
    "range index": pd.DataFrame({"a": [1, 2, 3]}, index=pd.RangeIndex(10, 4, -2, name="r")),
    "int index": pd.DataFrame({"a": [1, 2]}, index=[5, 5]),
    "float index nan": pd.DataFrame({"a": [1, 2]}, index=[np.nan, 1.0]),
    "datetime index freq": pd.DataFrame({"a": range(3)}, index=pd.date_range("2020", periods=3, freq="2h", tz="Europe/Paris", name="t")),
    "datetime index no freq": pd.DataFrame({"a": range(3)}, index=pd.DatetimeIndex(["2020-01-01", "NaT", "2019"])),
    "timedelta index": pd.DataFrame({"a": range(3)}, index=pd.timedelta_range("1h", periods=3, freq="h")),
    "period index": pd.DataFrame({"a": range(2)}, index=pd.PeriodIndex(["2020", "NaT"], freq="Q-FEB")),
    "interval index": pd.DataFrame({"a": range(2)}, index=pd.IntervalIndex.from_tuples([(0, 1), None], closed="both")),
    "categorical index": pd.DataFrame({"a": range(2)}, index=pd.CategoricalIndex([2, 1], categories=[3, 2, 1])),
    "mixed index": pd.DataFrame({"a": range(3)}, index=idx([1, "1", None], dtype=object)),
    "bool index": pd.DataFrame({"a": range(2)}, index=[True, False]),
    "uint8": pd.DataFrame(
        {
            "a": np.array([0, 255], "u1"),
            "b": np.array([0, 2**64 - 1], "u8"),
            "c": np.array([-128, 127], "i1"),
            "d": np.array([1.5, np.inf], "f2"),
            "e": np.array([np.nan, -0.0], "f4"),
        }
    ),
    "big endian": pd.DataFrame({"a": np.array([1, 2], ">i4"), "b": np.array([1.5, np.nan], ">f8")}),
    "times": pd.DataFrame({u: pd.Series(np.array([0, 1, "NaT"], f"M8[{u}]")) for u in ("s", "ms", "us", "ns")}),
    "durations": pd.DataFrame({u: pd.Series(np.array([0, -1, "NaT"], f"m8[{u}]")) for u in ("s", "ms", "us", "ns")}),
    "zones": pd.DataFrame(
        {
            str(i): pd.Series(pd.to_datetime(["2020-10-25 00:30", "2020-10-25 01:30", None])).dt.tz_localize("UTC").dt.tz_convert(z)
            for i, z in enumerate(
                [
                    "UTC",
                    zoneinfo.ZoneInfo("Europe/Paris"),
                    datetime.UTC,
                    datetime.timezone(datetime.timedelta(hours=5, minutes=30)),
                    "America/New_York",
                    "dateutil/Europe/Paris",
                ]
            )
        }
    ),
    "zone seconds": pd.DataFrame({"a": pd.Series(pd.DatetimeIndex(np.array(["1950-01-01"], "M8[s]")).tz_localize("Europe/Paris"))}),
    "categories": pd.DataFrame(
        {
            "s": pd.Categorical(["a", None, "b"], categories=["b", "unused", "a"]),
            "o": pd.Categorical(["a", "b", "a"], ordered=True),
            "i": pd.Categorical([3, 1, None]),
            "f": pd.Categorical([0.5, None, 1.5]),
            "t": pd.Categorical(pd.to_datetime(["2020", None, "2021"])),
            "m": pd.Categorical([1, "a", (1, 2)]),
            "none": pd.Categorical([None, None, None]),
            "b": pd.Categorical([True, False, None]),
            "iv": pd.Categorical(pd.interval_range(0, 3)),
            "p": pd.Categorical(pd.period_range("2020", periods=3)),
        }
    ),
    "categories of object text": pd.DataFrame({"a": pd.Categorical(["x", "y"], categories=pd.Index(["y", "x"], dtype=object))}),
    "categories many": pd.DataFrame({"a": pd.Categorical([f"v{i}" for i in range(5000)])}),
    "categories i2": pd.DataFrame(
        {
            "a": pd.Categorical.from_codes([0, 1], categories=pd.Index([5, 6], dtype="i2")),
            "b": pd.Categorical.from_codes([0, 1], categories=pd.RangeIndex(2)),
        }
    ),
    "categories nullable": pd.DataFrame(
        {"a": pd.Categorical(pd.array([1, 2], dtype="Int64")), "b": pd.Categorical(pd.array(["x", "y"], dtype="string[pyarrow]"))}
    ),
    "periods": pd.DataFrame(
        {f: pd.Series(pd.PeriodIndex(["2020-01-01", None], freq=f)) for f in ["D", "M", "Y", "Q-NOV", "W-TUE", "h", "2D", "s"]}
    ),
    "intervals": pd.DataFrame(
        {
            "i": pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2)]),
            "f": pd.arrays.IntervalArray.from_tuples([(0.5, 1), None], closed="neither"),
            "t": pd.arrays.IntervalArray.from_breaks(pd.date_range("2020", periods=3, tz="Europe/Paris"), closed="left"),
            "d": pd.arrays.IntervalArray.from_breaks(pd.timedelta_range("1D", periods=3)),
        }
    ),
    "sparse": pd.DataFrame(
        {
            "i": pd.arrays.SparseArray([0, 0, 1]),
            "f": pd.arrays.SparseArray([np.nan, 1.5, np.nan]),
            "z": pd.arrays.SparseArray([0.0, 1.5, np.nan], fill_value=0.0),
            "b": pd.arrays.SparseArray([True, False, False]),
        }
    ),
    "sparse more": pd.DataFrame(
        {
            "o": pd.arrays.SparseArray(np.array(["a", None, None], dtype=object), fill_value=None),
            "t": pd.arrays.SparseArray(np.array(["2020", "NaT", "NaT"], "M8[ns]")),
        }
    ),
    "nullable": pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int8"),
            "u": pd.array([2**64 - 1, None], dtype="UInt64"),
            "f": pd.array([1.5, None], dtype="Float32"),
            "b": pd.array([True, None], dtype="boolean"),
        }
    ),
    "nullable nan": pd.DataFrame({"f": pd.arrays.FloatingArray(np.array([1.0, np.nan, 2.0]), np.array([False, False, True]))}),
    "strings": pd.DataFrame(
        {
            "a": pd.array(["x", None, "日本"], dtype=pd.StringDtype("python")),
            "b": pd.array(["x", None, ""], dtype=pd.StringDtype("pyarrow")),
            "c": pd.array(["x", None, ""], dtype="str"),
            "d": pd.array(["x", None, "a\0"], dtype="str"),
        }
    ),
    "strings surrogate": pd.DataFrame({"a": pd.array(["\ud800", None], dtype=pd.StringDtype("python"))}),
    "objects": pd.DataFrame(
        {
            "t": ob(["a", None, "c"]),
            "n": ob([None] * 3),
            "mixed": ob([1, "1", None]),
            "nan": ob([None, np.nan, pd.NA]),
            "nat": ob([pd.NaT, pd.Timestamp("2020", tz="UTC"), datetime.date(2020, 1, 1)]),
            "b": ob([b"x", None, b""]),
            "bool": ob([True, None, False]),
            "int": ob([1, 2**100, -5]),
            "dec": ob([decimal.Decimal("1.10"), decimal.Decimal("NaN"), None]),
            "np": ob([np.float64(1.5), np.int8(3), 1]),
            "nest": pd.Series([[1, [2]], {"a": (1, {2})}, ()]),
            "arr": pd.Series([np.arange(3.0), np.eye(2), None]),
            "u": ob([uuid.UUID(int=5), datetime.timedelta(1), 1 + 2j]),
            "sur": ob(["\ud800", "a", None]),
            "npstr": ob([np.str_("a"), "a", None]),
            "dates": ob([datetime.date(2020, 1, 1)] * 3),
            "dts": ob([datetime.datetime(2020, 1, 1, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))] * 3),
        }
    ),
    "arrow": pd.DataFrame(
        {
            "i": pd.array([1, None], dtype=pd.ArrowDtype(pa.int16())),
            "s": pd.array(["a", None], dtype=pd.ArrowDtype(pa.string())),
            "ls": pd.array(["a", None], dtype=pd.ArrowDtype(pa.large_string())),
            "dec": pd.array([decimal.Decimal("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
            "l": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
            "st": pd.Series([{"a": 1}, None], dtype=pd.ArrowDtype(pa.struct([("a", pa.int8())]))),
            "ts": pd.array([pd.Timestamp("2020"), None], dtype=pd.ArrowDtype(pa.timestamp("s"))),
            "tz": pd.array([pd.Timestamp("2020"), None], dtype=pd.ArrowDtype(pa.timestamp("ns", "Europe/Paris"))),
            "dur": pd.array([pd.Timedelta(1), None], dtype=pd.ArrowDtype(pa.duration("ns"))),
            "d": pd.array([datetime.date(2020, 1, 1), None], dtype=pd.ArrowDtype(pa.date32())),
            "dict": pd.Series(["a", None]).astype(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
            "b": pd.array([b"x", None], dtype=pd.ArrowDtype(pa.binary())),
            "map": pd.Series([[("a", 1)], None], dtype=pd.ArrowDtype(pa.map_(pa.string(), pa.int8()))),
            "null": pd.array([None, None], dtype=pd.ArrowDtype(pa.null())),
            "bool": pd.array([True, None], dtype=pd.ArrowDtype(pa.bool_())),
            "time": pd.array([datetime.time(1), None], dtype=pd.ArrowDtype(pa.time64("us"))),
        }
    ),
}
a = pd.DataFrame({"a": [1]})
a.attrs = {"units": {"a": "m", 1: (2, None)}, "x": [1.5, b"z"], "t": pd.Timestamp("2020")}
FRAMES["attrs"] = a
FRAMES["flags"] = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
FRAMES["view"] = pd.DataFrame(np.arange(20.0).reshape(5, 4), columns=list("abcd")).iloc[::-2, 1:3]
FRAMES["many rows"] = pd.DataFrame({"a": np.arange(100000), "c": pd.Categorical(np.arange(100000) % 7)})


@pytest.fixture(params=FRAMES.keys())
def frame(request: pytest.FixtureRequest) -> Any:
    """Give, one after the other, frames of every kind."""
    return FRAMES[request.param]


@pytest.fixture
def frames() -> dict[str, Any]:
    """Give all of them by name."""
    return FRAMES


def _same_cells(left: Any, right: Any) -> None:
    for a, b in zip(left, right, strict=True):
        assert type(a) is type(b)
        assert repr(a) == repr(b)


def _same_index(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    pd.testing.assert_index_equal(left, right, exact=True)
    _same_cells(left.names, right.names)
    if isinstance(left, pd.MultiIndex):
        for a, b in zip(left.levels, right.levels, strict=True):
            _same_index(a, b)
    elif left.dtype == object:
        _same_cells(left, right)
    if isinstance(left, (pd.DatetimeIndex, pd.TimedeltaIndex)) and left.freq is not None:
        assert left.freq == right.freq


def _same_frame(left: Any, right: Any) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_freq=True, check_flags=True)
    _same_index(left.index, right.index)
    _same_index(left.columns, right.columns)
    for position in range(left.shape[1]):
        a, b = left.iloc[:, position], right.iloc[:, position]
        assert type(a.dtype) is type(b.dtype)
        assert repr(a.dtype) == repr(b.dtype)
        if a.dtype == object:
            _same_cells(a, b)
        elif a.dtype.kind == "f" and isinstance(a.dtype, np.dtype):
            np.testing.assert_array_equal(np.signbit(a), np.signbit(b))
    _same_cells([left.attrs], [right.attrs])


@pytest.fixture
def same() -> Callable[[Any, Any], None]:
    """Give a comparison of frames that overlooks nothing."""
    return _same_frame
