"""The suite that every packager passes, for the types of pandas and pyarrow."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from packagers.testing import PackagerSuite


def same_frame(left: Any, right: Any) -> None:
    """Compare two frames, with the flags and attributes that pandas leaves out."""
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_freq=True, check_flags=True)
    assert repr(left.attrs) == repr(right.attrs)
    assert [type(label) for label in left.columns] == [type(label) for label in right.columns]


def same_table(left: Any, right: Any) -> None:
    """Compare two tables or batches, metadata included."""
    assert left.schema.equals(right.schema, check_metadata=True)
    assert left.equals(right)


def _frames() -> dict[str, Any]:
    times = pd.date_range("2020", periods=2, tz="Europe/Paris")
    both = pd.MultiIndex.from_product([["b", "a"], [1, 2]], names=["k", None])
    odd = pd.DataFrame([[1, "x", None], [2, "y", 2.5]], columns=["a", "a", 7])
    odd.attrs = {"unit": ("m", 1)}
    return {
        "plain": pd.DataFrame({"n": [1, 2], "x": [0.1, np.nan], "s": ["x", None], "b": [True, False]}),
        "typed": pd.DataFrame({"c": pd.Categorical(["b", "a"], ["c", "b", "a"]), "i": pd.array([1, None], dtype="Int8"), "t": times}),
        "objects": pd.DataFrame({"mixed": [1, "1"], "dec": [decimal.Decimal("1.10"), None], "d": [datetime.date(2020, 1, 1), (1, {2})]}),
        "labels": pd.DataFrame(np.eye(4), index=both, columns=both),
        "odd": odd,
        "empty": pd.DataFrame(),
    }


class TestFrames(PackagerSuite):
    type_path = "pandas.DataFrame"
    same = staticmethod(same_frame)  # type: ignore[assignment]

    def samples(self) -> dict[str, Any]:
        return _frames()


class TestSeries(PackagerSuite):
    type_path = "pandas.Series"

    def samples(self) -> list[Any]:
        return [pd.Series([1, 2], index=["a", "b"], name=("x", 1)), pd.Series(pd.Categorical(["a", None])), pd.Series([], dtype="M8[s]")]

    def same(self, left: Any, right: Any) -> None:
        pd.testing.assert_series_equal(left, right, check_exact=True, check_freq=True, check_flags=True)


class TestIndexes(PackagerSuite):
    type_path = "pandas.Index"

    def samples(self) -> list[Any]:
        return [
            pd.Index(["a", "b"], name="n"),
            pd.RangeIndex(3, 9, 2),
            pd.date_range("2020", periods=3, freq="2h", tz="UTC"),
            pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", None]),
            pd.CategoricalIndex([2, 1], [3, 2, 1]),
        ]

    def same(self, left: Any, right: Any) -> None:
        pd.testing.assert_index_equal(left, right, exact=True)
        assert getattr(left, "freq", None) == getattr(right, "freq", None)


class TestFrameStreams(PackagerSuite):
    type_path = "Iterator[pandas.DataFrame]"

    def samples(self) -> list[Any]:
        frames = [pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["x", "y"])}) for _ in range(3)]
        return [iter(frames), (frame for frame in frames[:1])]

    def same(self, left: Any, right: Any) -> None:
        for ours, theirs in zip(left, right, strict=True):
            same_frame(ours, theirs)


class TestFrameLists(PackagerSuite):
    type_path = "list[pandas.DataFrame]"

    def samples(self) -> list[Any]:
        frames = list(_frames().values())
        return [frames, [frames[0]], [frames[0], frames[1], frames[0]]]

    def same(self, left: Any, right: Any) -> None:
        for ours, theirs in zip(left, right, strict=True):
            same_frame(ours, theirs)


class TestSeriesLists(PackagerSuite):
    type_path = "list[pandas.Series]"

    def samples(self) -> list[Any]:
        return [
            [pd.Series([1, 2], index=["a", "b"], name=("x", 1)), pd.Series(pd.Categorical(["a", None]))],
            [pd.Series([], dtype="M8[s]")],
        ]

    def same(self, left: Any, right: Any) -> None:
        for ours, theirs in zip(left, right, strict=True):
            pd.testing.assert_series_equal(ours, theirs, check_exact=True, check_freq=True, check_flags=True)


class TestTables(PackagerSuite):
    type_path = "pyarrow.Table"
    same = staticmethod(same_table)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        nested = pa.table({"l": [[1], None], "s": [{"a": 1}, None]}).replace_schema_metadata({"k": "v"})
        return [pa.table({"a": [1, None], "b": ["x", "y"]}), nested, pa.table({})]


class TestRecordBatches(PackagerSuite):
    type_path = "pyarrow.RecordBatch"
    same = staticmethod(same_table)  # type: ignore[assignment]

    def samples(self) -> list[Any]:
        return [pa.record_batch({"a": [1, None], "b": ["x", "y"]})]


class TestRecordBatchReaders(PackagerSuite):
    type_path = "pyarrow.RecordBatchReader"

    def samples(self) -> list[Any]:
        return [pa.table({"a": pa.chunked_array([[1, 2], [3]])}).to_reader()]

    def same(self, left: Any, right: Any) -> None:
        same_table(left.read_all(), right.read_all())


class TestTimestamps(PackagerSuite):
    type_path = "pandas.Timestamp"

    def samples(self) -> list[Any]:
        return [
            pd.Timestamp("2020-01-01 00:00:00.000000001"),
            pd.Timestamp(2020, 10, 25, 2, 30, fold=1, tz="Europe/Paris"),
            pd.Timestamp(0, unit="s"),
        ]

    def same(self, left: Any, right: Any) -> bool:
        return bool(left == right and left.unit == right.unit and str(left.tz) == str(right.tz) and left.fold == right.fold)


class TestTimedeltas(PackagerSuite):
    type_path = "pandas.Timedelta"

    def samples(self) -> list[Any]:
        return [pd.Timedelta(1), pd.Timedelta(days=-1).as_unit("s")]

    def same(self, left: Any, right: Any) -> bool:
        return bool(left == right and left.unit == right.unit)


class TestPeriods(PackagerSuite):
    type_path = "pandas.Period"

    def samples(self) -> list[Any]:
        return [pd.Period("2020", "Q-FEB"), pd.Period("2020-01-01", "2D")]


class TestIntervals(PackagerSuite):
    type_path = "pandas.Interval"

    def samples(self) -> list[Any]:
        return [pd.Interval(0, 1.5, closed="both"), pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"))]


class TestMissing(PackagerSuite):
    type_path = "pandas.api.typing.NAType"

    def samples(self) -> list[Any]:
        return [pd.NA]

    def same(self, left: Any, right: Any) -> bool:
        return left is right


class TestMissingTimes(PackagerSuite):
    type_path = "pandas.api.typing.NaTType"

    def samples(self) -> list[Any]:
        return [pd.NaT]

    def same(self, left: Any, right: Any) -> bool:
        return left is right
