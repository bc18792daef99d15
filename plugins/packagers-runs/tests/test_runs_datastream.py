"""Rows that come one by one: they are added when enough wait or wait long enough, and what cannot be added is not forgotten."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.data.buffer import RowBuffer, SystemClock, rebatched
from packagers_runs.data.drivers.files import FileDriver
from packagers_runs.data.errors import DataError
from packagers_runs.data.target import DataTarget
from packagers_runs.data.targetbase import DataTargetBase
from packagers_runs.errors import FieldError


class HandClock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.time

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        entry = (self.time + seconds, action)
        self.due.append(entry)
        return lambda: self.due.remove(entry)

    def advance(self, seconds: float) -> None:
        self.time += seconds
        for entry in sorted(self.due, key=lambda entry: entry[0]):
            if entry[0] <= self.time and entry in self.due:
                self.due.remove(entry)
                entry[1]()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def target(path: Path, **fields: Any) -> DataTargetBase:
    return DataTargetBase("csv", path=str(path / "out"), **fields)


def stored(of: DataTargetBase) -> list[int]:
    try:
        return sorted(of.as_df()["x"])
    except DataError:
        return []


def test_rows_are_added_when_enough_wait(tmp_path: Path, clock: HandClock) -> None:
    out = target(tmp_path, max_events=3)
    with out.stream(clock=clock) as stream:
        stream.write({"x": 0})
        stream.write([{"x": 1}])
        assert stored(out) == []
        stream.write({"x": 2})
        assert stored(out) == [0, 1, 2]
        stream.write(pd.DataFrame({"x": range(3, 11)}))
        assert stored(out) == list(range(9))
        clock.advance(1e9)
        assert stored(out) == list(range(9))
        stream.flush()
        assert stored(out) == list(range(11))
        stream.write({"x": 11})
    assert stored(out) == list(range(12))
    sizes = sorted(len(pd.read_csv(path)) for path in (tmp_path / "out").glob("part-*"))
    assert sizes == [1, 2, 3, 3, 3]
    assert clock.due == []


def test_rows_are_added_when_they_have_waited_long_enough(tmp_path: Path, clock: HandClock) -> None:
    out = target(tmp_path, flush_after_seconds=60)
    stream = out.stream(clock=clock)
    stream.write({"x": 0})
    clock.advance(59)
    stream.write({"x": 1})
    assert stored(out) == []
    clock.advance(1)  # the first has waited for a minute, and nobody calls
    assert stored(out) == [0, 1]
    clock.advance(600)
    stream.write({"x": 2})
    clock.advance(59)
    assert stored(out) == [0, 1]
    stream.close()
    assert stored(out) == [0, 1, 2]
    assert clock.due == []
    stream.close()
    with pytest.raises(DataError, match="the stream is closed"):
        stream.write({"x": 3})


def test_what_came_before_an_error_is_written(tmp_path: Path, clock: HandClock) -> None:
    out = target(tmp_path)
    with contextlib.suppress(RuntimeError), out.stream(clock=clock) as stream:
        stream.write({"x": 0})
        raise RuntimeError("the loop broke")
    assert stored(out) == [0]


def test_rows_that_could_not_be_added_wait_for_the_next_time(tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    out = target(tmp_path, max_events=2, flush_after_seconds=5)
    original = FileDriver.write

    def full(*_: object) -> None:
        raise DataError("the disk is full")

    stream = out.stream(clock=clock)
    monkeypatch.setattr(FileDriver, "write", full)
    stream.write({"x": 0})
    with pytest.raises(DataError, match="the disk is full"):
        stream.write({"x": 1})
    clock.advance(5)
    with pytest.raises(DataError, match="the disk is full"):  # what failed while nobody called is told now
        stream.write({"x": 2})
    with pytest.raises(DataError, match="the disk is full"):
        stream.close()
    monkeypatch.setattr(FileDriver, "write", original)
    stream.write({"x": 3})
    stream.close()
    assert stored(out) == [0, 1, 3]  # 2 was refused with the error


def test_the_state_of_the_target_follows(tmp_path: Path, clock: HandClock) -> None:
    out = DataTarget("parquet", path=str(tmp_path / "out"))
    out.attributes = {"time_field": "t"}
    with out.stream(run_id="R1", clock=clock) as stream:
        stream.write({"t": pd.Timestamp("2026-01-02", tz="UTC"), "x": 1})
        assert out.status == ""
        stream.flush()
        assert (out.status, out.run_id, out.last_written) == ("ready", "R1", "2026-01-02T00:00:00+00:00")
        stream.write({"t": pd.Timestamp("2026-01-01", tz="UTC"), "x": 2})
    assert out.last_written == "2026-01-02T00:00:00+00:00"
    assert list(out.as_df(columns=["x"])["x"]) in ([1, 2], [2, 1])


def test_partitioned_tables_and_live_targets_too(tmp_path: Path, clock: HandClock) -> None:
    targets = [
        DataTargetBase("parquet", path=str(tmp_path / "a"), partition_cols=["k"], max_events=4),
        DataTargetBase(path=f"sqlite:///{tmp_path}/a.db", attributes={"table": "t"}, max_events=4),
        DataTargetBase("dataframe", max_events=4),
    ]
    for out in targets:
        with out.stream(clock=clock) as stream:
            for x in range(10):
                stream.write({"x": x, "k": "ab"[x % 2]})
        assert sorted(out.as_df()["x"]) == list(range(10))


def test_one_file_takes_no_stream(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="rows cannot be added to one file"):
        DataTarget(path=str(tmp_path / "a.csv")).stream()
    with pytest.raises(DataError, match="a row is no dict, but int"):
        target(tmp_path).stream().write([1])  # type: ignore[list-item]


def test_threads_lose_no_row(tmp_path: Path) -> None:
    out = target(tmp_path, max_events=7)
    with out.stream() as stream:

        def add(base: int) -> None:
            for x in range(base, base + 25):
                stream.write({"x": x})

        threads = [threading.Thread(target=add, args=(base,)) for base in (0, 25, 50, 75)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stored(out) == list(range(100))


def test_the_clock_of_the_machine_calls_back() -> None:
    clock = SystemClock()
    called = threading.Event()
    before = clock.now()
    clock.call_later(0.001, called.set)
    assert called.wait(60)
    assert clock.now() > before
    clock.call_later(3600, called.clear)()


def test_writing_a_source_holds_no_more_rows_than_may_wait(tmp_path: Path) -> None:
    out = target(tmp_path, max_events=10)
    out.write(pd.DataFrame({"x": range(start, start + 7)}) for start in range(0, 35, 7))
    sizes = [len(pd.read_csv(path)) for path in (tmp_path / "out").glob("part-*")]
    assert sorted(sizes) == [5, 10, 10, 10]
    assert stored(out) == list(range(35))


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 8), st.lists(st.integers(0, 3), max_size=8))
def test_parts_keep_every_row_in_order(sizes: list[int], most: int, pauses: list[int]) -> None:
    clock = HandClock()

    def frames() -> Any:
        start = 0
        for place, size in enumerate(sizes):
            clock.advance(pauses[place] if place < len(pauses) else 0)
            yield pd.DataFrame({"x": range(start, start + size)})
            start += size

    parts = list(rebatched(frames(), RowBuffer(most, 2, clock)))
    assert [x for part in parts for x in part["x"]] == list(range(sum(sizes)))
    assert all(len(part) <= most for part in parts)
    assert len(parts) >= bool(sizes)
