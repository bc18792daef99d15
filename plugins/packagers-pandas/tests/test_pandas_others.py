"""Series, indexes, scalars and the JSON of single values."""

from __future__ import annotations

import datetime
import json
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packagers import PackError, UnpackError
from packagers_pandas import cells, zones
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.scalars import ScalarPackager
from packagers_pandas.series import IndexPackager, SeriesPackager

FORMATS = ["parquet", "feather", "arrow"]
NAMES = [None, "01", "", 5, ("a", 1), 2.5, float("nan"), pd.Timestamp("2020"), True, "\ud800", "__index_level_0__"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_series_keeps_its_name(trip: Any, name: Any, format: str) -> None:
    series = pd.Series([1, 2], index=["x", "y"], name=name)
    back = trip(SeriesPackager(), series, "file", format=format)
    assert type(back) is pd.Series
    assert type(back.name) is type(name)
    assert repr(back.name) == repr(name)
    pd.testing.assert_series_equal(back.rename(None), series.rename(None))


def test_a_series_of_any_column_comes_back(trip: Any, frame: Any) -> None:
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        back = trip(SeriesPackager(), series, "file")
        pd.testing.assert_series_equal(back, series, check_freq=True, check_flags=True)
        assert type(back.index) is type(series.index)
        assert repr(back.attrs) == repr(series.attrs)


def test_an_unnamed_series_of_text(trip: Any) -> None:
    series = pd.Series(["01", "1e3", "nan", ""])
    pd.testing.assert_series_equal(trip(SeriesPackager(), series, "file"), series)
    pd.testing.assert_series_equal(SeriesPackager().unpack_result(SeriesPackager().pack_result(series)), series)


def test_a_series_of_floats_with_one_odd_label(trip: Any) -> None:
    series = pd.Series([0.5], index=pd.Index([(1, "x")], dtype=object, tupleize_cols=False))
    back = trip(SeriesPackager(), series, "file")
    assert type(back.index) is pd.Index
    assert back.index[0] == (1, "x")


def test_an_index_comes_back(trip: Any, frame: Any) -> None:
    for index in frame.axes:
        for format in FORMATS:
            back = trip(IndexPackager(), index, "file", format=format)
            assert type(back) is type(index)
            pd.testing.assert_index_equal(back, index, exact=True)
            assert getattr(back, "freq", None) == getattr(index, "freq", None)


def test_a_subclass_of_an_index_is_not_held() -> None:
    class Mine(pd.Index):
        pass

    assert not IndexPackager().holds(Mine._simple_new(np.array([1])))
    assert IndexPackager().holds(pd.RangeIndex(3))


def test_one_is_read_as_the_other(trip: Any, tmp_path: Any) -> None:
    SeriesPackager().pack_file(pd.Series([1, 2], name="v"), tmp_path)
    pd.testing.assert_frame_equal(DataFramePackager().unpack_file(tmp_path), pd.DataFrame({"v": [1, 2]}), check_column_type=False)
    pd.testing.assert_index_equal(IndexPackager().unpack_file(tmp_path), pd.Index([1, 2], name="v"))


def test_summaries(frame: Any) -> None:
    for index in frame.axes:
        assert IndexPackager().describe(index)["length"] == len(index)
        assert IndexPackager().preview(index)["table"]["columns"]
    for position in range(frame.shape[1]):
        assert SeriesPackager().describe(frame.iloc[:, position])["columns"] == 1


PARIS = zoneinfo.ZoneInfo("Europe/Paris")
SCALARS = [
    pd.Timestamp("2020-01-01 02:30:00.123456789"),
    pd.Timestamp("2020-10-25 00:30", tz="UTC").tz_convert("Europe/Paris"),
    pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Paris"),
    pd.Timestamp("1000-01-01").as_unit("s"),
    pd.Timestamp("2020-01-01", tz=datetime.timezone(datetime.timedelta(hours=-3), "X")),
    pd.Timestamp("2020-01-01", tz="dateutil/Europe/Paris"),
    pd.Timedelta(5, "ns"),
    pd.Timedelta(5, "s").as_unit("ms"),
    pd.Period("2020", "M"),
    pd.Period("2020-01-01", "3D"),
    pd.Period("2020Q1", "Q-FEB"),
    pd.Interval(1, 2.5, "both"),
    pd.Interval(pd.Timestamp(0), pd.Timestamp(5), "neither"),
    pd.NaT,
    pd.NA,
]


@pytest.mark.parametrize("scalar", SCALARS, ids=repr)
def test_a_scalar_comes_back(scalar: Any) -> None:
    back = ScalarPackager().unpack_result(json.loads(json.dumps(ScalarPackager().pack_result(scalar))))
    assert type(back) is type(scalar)
    assert repr(back) == repr(scalar)
    if isinstance(scalar, (pd.Timestamp, pd.Timedelta)):
        assert back.unit == scalar.unit
    if isinstance(scalar, pd.Timestamp):
        assert back.fold == scalar.fold
        assert back.tz == scalar.tz
        assert type(back.tz) is type(scalar.tz)


VALUES = [
    None, True, 1, 2**100, 1.5, float("nan"), float("-inf"), -0.0, "a", "\ud800", b"x\xff", bytearray(b"y"), 1 + 2j, complex("nan-0j"),
    Decimal("1.10"), Fraction(1, 3), uuid.UUID(int=5), datetime.date(2020, 1, 1), datetime.timedelta(1, 2, 3),
    datetime.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=PARIS), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    datetime.time(1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(hours=2), "X")),
    np.float64(1.5), np.float64("nan"), np.int8(3), np.bool_(True), np.datetime64("2020", "D"), np.datetime64("NaT"), np.str_("x"),
    np.bytes_(b"z"), np.complex64(1j), np.float16(1.5), np.arange(3.0), np.array(["a"]), np.zeros((0, 2), "M8[s]"),
    [1, [2, (3, {4})]], {1: "a", (1, 2): frozenset([None])}, [], (), {}, set(),
]  # fmt: skip


@pytest.mark.parametrize("value", [*VALUES, *SCALARS], ids=lambda value: repr(value)[:40])
def test_a_value_comes_back(value: Any) -> None:
    text = cells.dumps(value)
    assert text.isascii()
    back = cells.loads(text)
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_a_value_of_another_type_is_refused() -> None:
    class Text(str):
        __slots__ = ()

    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    for value in (object(), Text("x"), np.longdouble(1), np.array([None]), deep, [print], datetime.datetime(2020, 1, 1, tzinfo=_Zone())):
        with pytest.raises(PackError):
            cells.dumps(value)


class _Zone(datetime.tzinfo):
    pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        '{"a": 1}',
        '{"float": "x"}',
        '{"numpy": ["O", 1]}',
        '{"ndarray": ["O", [1], "AAAAAAAAAAA="]}',
        '{"ndarray": ["f8", [5], ""]}',
        '{"set": [{"list": []}]}',
        '{"Timestamp": [1]}',
        "{" * 5000,
        '{"Interval": [2, 1, "both"]}',
        '{"datetime": ["2020-01-01", {"os": "system"}, 0]}',
        '{"Decimal": "x"}',
    ],
)
def test_a_forged_value_is_an_unpack_error(text: str) -> None:
    with pytest.raises(UnpackError):
        cells.loads(text)


@pytest.mark.parametrize(
    "zone",
    [None, datetime.UTC, PARIS, datetime.timezone(datetime.timedelta(hours=1)), datetime.timezone(datetime.timedelta(0), "Z")],
    ids=repr,
)
def test_a_zone_comes_back(zone: Any) -> None:
    back = zones.decode(json.loads(json.dumps(zones.encode(zone))))
    assert type(back) is type(zone)
    assert back == zone
    assert repr(back) == repr(zone)


@pytest.mark.parametrize(
    "value", [{"zoneinfo": "No/Where"}, {"zoneinfo": "../../etc/passwd"}, {"os": "x"}, 5, {}, {"datetime": [1]}, {"zoneinfo": 5}]
)
def test_a_forged_zone_is_an_unpack_error(value: Any) -> None:
    with pytest.raises(UnpackError):
        zones.decode(value)
