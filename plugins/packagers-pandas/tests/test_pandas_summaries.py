"""Descriptions and previews are small and cheap, whatever is in a table: a few cells are looked at, and no strange method is called."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers_pandas.frames import DataFramePackager
from packagers_pandas.scalars import ScalarPackager
from packagers_pandas.series import IndexPackager, SeriesPackager
from packagers_pandas.summary import COLUMNS, ROWS
from packagers_pandas.tables import RecordBatchPackager, RecordBatchReaderPackager, TablePackager

LIMIT = 64 << 10
LONG = "\U0001f600" * 1_000_000


class Hostile:
    """Whoever asks it for a text has looked at more than its class."""

    def __repr__(self) -> str:
        raise KeyboardInterrupt

    __str__ = __len__ = __bool__ = __hash__ = __eq__ = __iter__ = __repr__  # type: ignore[assignment]


class Text(str):
    """A text whose methods are somebody's own."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> str:
        raise KeyboardInterrupt

    __len__ = __str__ = __repr__ = __format__ = __getitem__  # type: ignore[assignment]


def _ob(*values: Any) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return pd.Series(array, dtype=object)


WORST: dict[str, Any] = {
    "hostile cells": lambda: pd.DataFrame({"a": _ob(Hostile(), [Hostile()], {1: Hostile()}, Text("x"), (Hostile(),))}),
    "long cells": lambda: pd.DataFrame({str(number): _ob(*[LONG] * 20) for number in range(30)}),
    "long data": lambda: pd.DataFrame({"b": _ob(b"\xff" * 50_000_000), "i": _ob(1 << 1_000_000), "l": _ob([0] * 1_000_000)}),
    "ten thousand columns": lambda: pd.DataFrame(np.zeros((20, 10_000)), columns=[f"{LONG[:100]}{number}" for number in range(10_000)]),
    "long labels": lambda: pd.DataFrame([[1, 2]], columns=[LONG, LONG + "x"], index=pd.Index([LONG], name=LONG)),
    "many levels": lambda: pd.DataFrame(np.zeros((20, 20)), index=_levels(), columns=_levels()),
    "odd labels": lambda: pd.DataFrame([[1, 2, 3]], columns=pd.Index([1 << 1_000_000, (LONG,), b"x" * 10**7], dtype=object)),
    "a type of many fields": lambda: pd.DataFrame({"s": pd.array([None], dtype=pd.ArrowDtype(_wide_type()))}),
    "many categories": lambda: pd.DataFrame({"c": pd.Categorical(np.arange(1_000_000))}),
}


def _levels() -> Any:
    return pd.MultiIndex.from_arrays([[f"{LONG[:500]}{number}" for number in range(20)]] * 30, names=[LONG[:900]] * 30)


def _wide_type() -> Any:
    return pa.struct([(f"{LONG[:50]}{number}", pa.int8()) for number in range(2000)])


def _check(packager: Any, value: Any) -> None:
    for summary in (packager.describe, packager.preview):
        assert len(json.dumps(summary(value), allow_nan=False)) <= LIMIT


@pytest.mark.parametrize("name", WORST)
def test_the_worst_frames(name: str) -> None:
    frame = WORST[name]()
    _check(DataFramePackager(), frame)
    _check(SeriesPackager(), frame.iloc[:, 0])
    _check(IndexPackager(), frame.index)
    _check(IndexPackager(), frame.columns)


def test_the_worst_tables() -> None:
    names = [f"{LONG[:100]}{number}" for number in range(10_000)]
    columns: dict[str, Any] = {
        "long": pa.array([LONG, None]),
        "code": pa.array([LONG, "x"]).dictionary_encode(),
        "data": [b"x" * 10_000_000, b""],
        "list": [[0] * 1_000_000, []],
        "wide": pa.nulls(2, _wide_type()),
        "view": pa.array(["x", LONG[:9]], pa.string_view()),
        "time": pa.array([2**63 - 1, -(2**62)], pa.timestamp("s")),
        "length": pa.array([2**63 - 1, 0], pa.duration("s")),
    }
    for table in (pa.table(columns), pa.Table.from_arrays([pa.array([1])] * 10_000, names=names)):
        _check(TablePackager(), table)
        _check(RecordBatchPackager(), table.combine_chunks().to_batches()[0])
        assert len(json.dumps(RecordBatchReaderPackager().describe(table.to_reader()))) <= LIMIT


class Watched(pd.api.extensions.ExtensionArray):
    """Ten million numbers that are counted when they are looked at."""

    touched = 0

    def __init__(self, places: range) -> None:
        self._places = places

    dtype = property(lambda self: pd.Float64Dtype())  # type: ignore[assignment]
    nbytes = property(lambda self: 0)  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, slice):
            return Watched(self._places[item])
        Watched.touched += 1
        return float(self._places[item])

    def copy(self) -> Any:
        Watched.touched += len(self)
        return self

    def isna(self) -> Any:
        Watched.touched += len(self)
        return np.zeros(len(self), bool)

    def take(self, indices: Any, **_: Any) -> Any:
        Watched.touched += len(indices)
        return Watched(range(len(indices)))


def test_ten_million_rows_are_not_looked_at() -> None:
    count = 10_000_000
    frame = pd.DataFrame({f"c{number}": pd.Series(Watched(range(count)), copy=False) for number in range(20)})
    for packager, value in ((DataFramePackager(), frame), (SeriesPackager(), frame["c3"])):
        Watched.touched = 0
        assert packager.describe(value)["rows"] == count
        rows = packager.preview(value)["table"]["rows"]
        assert len(rows) == ROWS
        assert rows[3][-1] == "3.0"
        assert 0 < Watched.touched <= 4 * ROWS * COLUMNS


SCALARS = {
    "Timestamp": (pd.Timestamp("2020-10-25 02:30", tz="UTC"), "2020-10-25 02:30:00+00:00"),
    "Timedelta": (pd.Timedelta(days=1), "1 days 00:00:00"),
    "Period": (pd.Period("2020Q1", "Q-DEC"), "2020Q1"),
    "Interval": (pd.Interval(0, 1.5, "left"), "[0, 1.5)"),
    "NaT": (pd.NaT, "NaT"),
    "NA": (pd.NA, "<NA>"),
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalars_are_described_as_text(name: str) -> None:
    value, text = SCALARS[name]
    assert ScalarPackager().describe(value) == {"value": text}
    assert ScalarPackager().preview(value) == {"text": text}


def test_tables_say_how_much_is_not_shown() -> None:
    table = pa.Table.from_arrays([pa.array(range(1000))] * 50, names=[f"c{number}" for number in range(50)])
    for packager, value in ((TablePackager(), table), (RecordBatchPackager(), table.to_batches()[0])):
        preview = packager.preview(value)["table"]
        assert preview["shape"] == [1000, 50]
        assert (len(preview["rows"]), len(preview["columns"])) == (ROWS, COLUMNS)
