"""The law, for frames of any columns and any index: what comes back is what was packed, whole and in part."""

from __future__ import annotations

import datetime
import zoneinfo
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packagers_pandas.frames import DataFramePackager
from packagers_pandas.series import IndexPackager, SeriesPackager
from packagers_pandas.streams import FrameStreamPackager

PACKAGER = DataFramePackager()
BINARY = ("parquet", "feather", "arrow")
ZONES = (None, "UTC", zoneinfo.ZoneInfo("Europe/Paris"), datetime.timezone(datetime.timedelta(hours=-3)))
INTS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i4")
FLOATS = ("f2", "f4", "f8", ">f8")


def _ints(dtype: str) -> st.SearchStrategy[int]:
    info = np.iinfo(np.dtype(dtype))
    return st.integers(int(info.min), int(info.max))


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _lists(values: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=size, max_size=size)


@st.composite
def arrays(draw: Any, size: int) -> Any:
    """Give a column of one of pandas' dtypes."""
    kind = draw(st.sampled_from(sorted(_COLUMNS)))
    return _COLUMNS[kind](draw, size)


def _int(draw: Any, size: int) -> Any:
    dtype = draw(st.sampled_from(INTS))
    return np.array(draw(_lists(_ints(dtype), size)), dtype)


def _float(draw: Any, size: int) -> Any:
    return np.array(draw(_lists(st.floats(width=16), size)), draw(st.sampled_from(FLOATS)))


def _time(draw: Any, size: int) -> Any:
    kind, unit = draw(st.sampled_from("mM")), draw(st.sampled_from(["s", "ms", "us", "ns"]))
    values = np.array(draw(_lists(st.integers(-(2**40), 2**40) | st.just(np.iinfo("i8").min), size)), "i8").view(f"{kind}8[{unit}]")
    zone = draw(st.sampled_from(ZONES)) if kind == "M" else None
    return values if zone is None else pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(zone).array


def _nullable(draw: Any, size: int) -> Any:
    dtype = draw(st.sampled_from(["Int8", "UInt16", "Int64", "Float32", "boolean"]))
    values = {"b": st.booleans(), "F": st.floats(width=16, allow_nan=False)}.get(dtype[0], st.integers(0, 100))
    return pd.array(draw(_lists(_maybe(values), size)), dtype=dtype)


def _text(draw: Any, size: int) -> Any:
    dtype = draw(st.sampled_from([pd.StringDtype("python"), pd.StringDtype("pyarrow"), object, "category"]))
    return pd.array(draw(_lists(_maybe(st.text(st.characters(exclude_categories=["Cs"]), max_size=3)), size)), dtype=dtype)


def _category(draw: Any, size: int) -> Any:
    categories = draw(
        st.lists(st.integers(), min_size=1, max_size=4, unique=True) | st.lists(st.text("ab", max_size=3), min_size=1, unique=True)
    )
    codes = draw(_lists(st.integers(-1, len(categories) - 1), size))
    return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype=object), ordered=draw(st.booleans()))


def _period(draw: Any, size: int) -> Any:
    freq = draw(st.sampled_from(["D", "M", "Q-FEB", "W-TUE", "h", "2D"]))
    return pd.array(
        [pd.NaT if o is None else pd.Period(ordinal=o, freq=freq) for o in draw(_lists(_maybe(st.integers(0, 9999)), size))],
        dtype=f"period[{freq}]",
    )


def _interval(draw: Any, size: int) -> Any:
    left = np.array(draw(_lists(st.integers(-99, 99), size)), draw(st.sampled_from(["i8", "f8"])))
    return pd.arrays.IntervalArray.from_arrays(
        left, left + draw(st.integers(0, 3)), closed=draw(st.sampled_from(["left", "right", "both", "neither"]))
    )


def _sparse(draw: Any, size: int) -> Any:
    return pd.arrays.SparseArray(
        np.array(draw(_lists(st.sampled_from([0.0, 1.5, np.nan]), size)), "f8"), fill_value=draw(st.sampled_from([0.0, np.nan]))
    )


def _arrow(draw: Any, size: int) -> Any:
    kind, values = draw(
        st.sampled_from([(pa.int16(), st.integers(-9, 9)), (pa.list_(pa.int8()), st.lists(st.integers(0, 9))), (pa.date32(), st.dates())])
    )
    return pd.arrays.ArrowExtensionArray(pa.array(draw(_lists(_maybe(values), size)), kind))


def _objects(draw: Any, size: int) -> Any:
    cells = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.binary(max_size=3)
        | st.tuples(st.integers(), st.text(max_size=2))
        | st.dates()
        | st.just(pd.NA)
    )
    values = np.empty(size, dtype=object)
    values[:] = draw(_lists(cells, size))
    return values


_COLUMNS = {
    "int": _int,
    "float": _float,
    "bool": lambda draw, size: np.array(draw(_lists(st.booleans(), size)), bool),
    "time": _time,
    "nullable": _nullable,
    "text": _text,
    "category": _category,
    "period": _period,
    "interval": _interval,
    "sparse": _sparse,
    "arrow": _arrow,
    "objects": _objects,
}
NAMES = st.none() | st.text("ab1", max_size=2) | st.integers(0, 5) | st.tuples(st.text("a"), st.integers(0, 2))


@st.composite
def indexes(draw: Any, size: int) -> Any:
    """Give an index of one of pandas' classes."""
    kind = draw(st.sampled_from(["range", "values", "levels"]))
    if kind == "range":
        start, step = draw(st.integers(-5, 5)), draw(st.sampled_from([-2, 1, 3]))
        return pd.RangeIndex(start, start + step * size, step, name=draw(NAMES))
    levels = [_as_index(draw(arrays(size))) for _ in range(1 if kind == "values" else draw(st.integers(1, 3)))]
    if kind == "values":
        return levels[0].rename(draw(NAMES))
    return pd.MultiIndex.from_arrays(levels, names=[draw(NAMES) for _ in levels])


def _as_index(values: Any) -> Any:
    """Give an index of a dtype that pandas can have in one: it knows no short floats there, and looks nothing up among lists."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        values = values.astype("f8" if values.dtype.kind == "f" else values.dtype.newbyteorder("="))
    if (isinstance(values, np.ndarray) and values.dtype.kind == "O") or isinstance(values.dtype, (pd.ArrowDtype, pd.SparseDtype)):
        return pd.Index([repr(label) for label in values], dtype=object)
    return pd.Index(values, tupleize_cols=False)


@st.composite
def frames(draw: Any) -> Any:
    """Give a frame of any size up to six by five."""
    height, width = draw(st.integers(0, 6)), draw(st.integers(0, 5))
    index = draw(indexes(height))
    frame = pd.DataFrame({number: pd.Series(draw(arrays(height)), index=index, copy=False) for number in range(width)}, index=index)
    labels = (
        st.text("ab", max_size=2)
        | st.integers(0, 3)
        | st.tuples(st.text("a", max_size=1), st.none())
        | st.none()
        | st.just(pd.Timestamp("2020"))
    )
    frame.columns = pd.Index(draw(_lists(labels, width)), dtype=object, tupleize_cols=False, name=draw(NAMES))
    frame.attrs = draw(st.dictionaries(st.text("ab", max_size=2), st.integers() | st.tuples(st.text("x"), st.none()), max_size=2))
    return frame


LAW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30, deadline=None)


@given(frame=frames(), format=st.sampled_from(BINARY))
@LAW
def test_any_frame_comes_back(trip: Any, same: Any, frame: Any, format: str) -> None:
    same(trip(PACKAGER, frame, format=format), frame)


@given(frame=frames(), rows=st.tuples(st.none() | st.integers(-7, 7), st.none() | st.integers(-7, 7)), format=st.sampled_from(BINARY))
@LAW
def test_any_rows_are_those_of_iloc(trip: Any, frame: Any, rows: Any, format: str) -> None:
    options = {"row_group_size": 2} if format == "parquet" else {}
    back = trip(PACKAGER, frame, format=format, unpack={"rows": rows}, **options)
    expected = frame.iloc[slice(*rows)]
    for part in (back, expected):
        if isinstance(part.index, pd.MultiIndex):
            part.index = part.index.remove_unused_levels()
    pd.testing.assert_frame_equal(back, expected, check_freq=False)


@given(index=st.integers(0, 6).flatmap(indexes))
@LAW
def test_any_index_comes_back(trip: Any, index: Any) -> None:
    back = trip(IndexPackager(), index, "file")
    assert type(back) is type(index)
    pd.testing.assert_index_equal(back, index, exact=True)


@given(values=st.integers(0, 6).flatmap(arrays), name=NAMES)
@LAW
def test_any_series_comes_back(trip: Any, values: Any, name: Any) -> None:
    series = pd.Series(values, name=name, copy=False)
    back = trip(SeriesPackager(), series, "file")
    pd.testing.assert_series_equal(back, series, check_exact=True)
    assert type(back.name) is type(name)


@given(frame=frames(), cuts=st.lists(st.integers(0, 6), max_size=3))
@LAW
def test_any_chunks_come_back(trip: Any, frame: Any, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(frame)) for cut in cuts), len(frame)]
    chunks = [frame.iloc[first:last] for first, last in pairwise(edges)]
    for back, chunk in zip(trip(FrameStreamPackager(), iter(chunks)), chunks, strict=True):
        pd.testing.assert_frame_equal(back, chunk, check_freq=False)
