"""Targets: what is written is read again, by others too; what cannot be meant is refused; what is there is replaced whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from packagers_runs.data.drivers import commits
from packagers_runs.data.drivers.partitions import bucket_of
from packagers_runs.data.errors import DataError
from packagers_runs.data.source import DataSource
from packagers_runs.data.target import DataTarget, FeatureSetProducer
from packagers_runs.data.targetbase import DataTargetBase
from packagers_runs.errors import FieldError, UnknownNameError

BERLIN = ZoneInfo("Europe/Berlin")
TIMES = {"time_field": "t", "key_field": "key"}


def frame(rows: int = 30, start: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "t": pd.date_range("2025-12-31T20:00", periods=rows, freq="25min", tz=BERLIN) + pd.Timedelta(days=start),
            "key": pd.Series([f"k{number % 4}" for number in range(rows)], dtype="str"),
            "code": pd.Series((["007", "a/b=c d", None][number % 3] for number in range(rows)), dtype="str"),
            "x": range(start, start + rows),
            "y": [None if number % 2 else 1.5 for number in range(rows)],
            "yes": [number % 2 == 0 for number in range(rows)],
            "day_": [dt.date(2026, 1, 1 + number % 3) for number in range(rows)],
        }
    )


def ordered(found: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    return found.sort_values("x").reset_index(drop=True)[list(like.columns)]


@pytest.mark.parametrize(
    "path", ["a.csv", "a.csv.gz", "a.csv.bz2", "a.parquet", "a.pq", "sub/folder/a.parquet", "memory://targets/a.parquet"]
)
def test_one_file_is_replaced(path: str, tmp_path: Path) -> None:
    target = DataTarget(path=path if "://" in path else str(tmp_path / path))
    assert target.write(frame(60)) is target
    target.write([frame(30), frame(30, 30)])
    found = target.as_df()
    assert list(found["x"]) == [*range(30), *range(30, 60)]
    assert list(found["t"]) == [*frame(30)["t"], *frame(30, 30)["t"]]
    assert list(found["day_"]) == [*frame(30)["day_"], *frame(30, 30)["day_"]]
    assert found["yes"].dtype == bool
    if "parquet" in path:
        assert found["t"].dt.tz == BERLIN
    with pytest.raises(DataError, match="rows cannot be added to one file"):
        target.write(frame(), append=True)


LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "by hour": {"partitioned": True},
    "by day": {"time_partitioning_granularity": "day"},
    "by second": {"time_partitioning_granularity": "second"},
    "by columns": {"partition_cols": ["code", "yes"]},
    "by date": {"partition_cols": ["day_"]},
    "by number": {"partition_cols": ["x"]},
    "by fraction": {"partition_cols": ["y"]},
    "by time": {"partition_cols": ["t"]},
    "by key": {"key_bucketing_number": 0},
    "by bucket": {"key_bucketing_number": 3},
    "by all": {"key_bucketing_number": 2, "partition_cols": ["code"], "time_partitioning_granularity": "month"},
}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_is_divided_and_read_again(kind: str, layout: str, tmp_path: Path) -> None:
    target = DataTargetBase(kind, "n", str(tmp_path / "out"), TIMES, **LAYOUTS[layout])
    target.write(frame(9, 100))
    target.write(frame(12))
    pd.testing.assert_frame_equal(ordered(target.as_df(), frame(12)), frame(12))
    text = {name: pa.string() for name in ("key", "code")}  # their reader of CSV looks at the first file alone
    theirs = ds.dataset(
        str(tmp_path / "out"),
        format=kind if kind == "parquet" else ds.CsvFileFormat(convert_options=csv.ConvertOptions(column_types=text)),
        partitioning="hive",
    )
    assert theirs.count_rows() == 12
    if "x" in theirs.schema.names:
        assert sorted(theirs.to_table(columns=["x"])["x"].to_pylist()) == list(range(12))
    target.write(frame(9, 12), append=True)
    whole = pd.concat([frame(12), frame(9, 12)], ignore_index=True)
    pd.testing.assert_frame_equal(ordered(target.as_df(), whole), whole)
    assert ds.dataset(str(tmp_path / "out"), format=kind, partitioning="hive").count_rows() == 21
    assert os.listdir(tmp_path) == ["out"]


def test_the_folders_are_those_of_hive(tmp_path: Path) -> None:
    target = DataTargetBase(
        "parquet", path=str(tmp_path), attributes=TIMES, partitioned=True, partition_cols=["code"], key_bucketing_number=2,
        time_partitioning_granularity="hour",
    )  # fmt: skip
    target.path = str(tmp_path / "out")
    target.write(frame(3))
    folders = sorted(path.parent.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("part-*"))
    assert folders == sorted(
        f"hash2_key={bucket_of(key, 2)}/code={code}/year=2025/month=12/day=31/hour={hour}"
        for key, code, hour in [("k0", "007", 19), ("k1", "a%2Fb%3Dc%20d", 19), ("k2", "__HIVE_DEFAULT_PARTITION__", 19)]
    )
    target.write(frame(30))
    table = ds.dataset(str(tmp_path / "out"), partitioning="hive").to_table().to_pandas()
    utc = table["t"].dt.tz_convert("UTC")
    for unit in ("year", "month", "day", "hour"):
        assert list(table[unit]) == list(getattr(utc.dt, unit))
    assert list(table["hash2_key"]) == [bucket_of(key, 2) for key in table["key"]]
    assert bucket_of("ada", 8) == 0  # in every process and release: buckets on disk depend on it


def test_of_a_window_only_its_folders_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = DataTargetBase("csv", path=str(tmp_path / "out"), attributes=TIMES, partitioned=True)
    target.write(frame(60))
    opened: list[str] = []
    from packagers_runs.data.drivers.stores import Store

    original = Store.open
    monkeypatch.setattr(Store, "open", lambda self, path: opened.append(path) or original(self, path))  # type: ignore[func-returns-value]
    start, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, 2, tzinfo=dt.UTC)
    found = target.as_df(start_time=start, end_time=end.isoformat())
    assert list(found["x"]) == list(frame(60)[(frame(60)["t"] > start) & (frame(60)["t"] <= end)]["x"])
    hours = [path.rpartition("hour=")[2][:2] for path in opened if "hour=" in path]
    assert hours == ["00", "01", "02"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_write_that_fails_leaves_what_was_there(kind: str, tmp_path: Path) -> None:
    def broken() -> Iterator[pd.DataFrame]:
        yield frame(3, 50)
        raise RuntimeError("the source broke")

    for name, layout in (("out", {}), ("divided", {"partition_cols": ["code"]}), (f"out.{kind}", {})):
        target = DataTarget.from_dict({"kind": kind, "path": str(tmp_path / name), **layout})
        target.write(frame(6))
        before = target.to_dict()
        for data in (broken(), [frame(3), frame(3).drop(columns="x")], [frame(3), frame(3).assign(x="text")], [], iter([])):
            with pytest.raises(DataError):
                target.write(data)
        assert target.to_dict() == before
        assert sorted(target.as_df()["x"]) == list(range(6))
    assert sorted(os.listdir(tmp_path)) == ["divided", "out", f"out.{kind}"]


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    (tmp_path / "a.parquet").mkdir()
    (tmp_path / "a.parquet/x").write_text("")
    cases = [
        ("home", False, "'thesis.txt', which is no data of this kind"),
        ("home", True, "'thesis.txt', which is no data of this kind"),
        ("file", False, "there is a file of this name"),
        ("file", True, "there is a file of this name"),
        ("a.parquet", False, "there is a folder of this name"),
        ("a.parquet", True, "rows cannot be added to one file"),
    ]
    for name, append, complaint in cases:
        with pytest.raises(DataError, match=complaint):
            DataTarget("parquet", path=str(tmp_path / name)).write(frame(), append=append)
    assert (tmp_path / "home/thesis.txt").read_text() == "years of work"


def test_without_an_exchange_of_folders_one_steps_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "_exchange", lambda one, other: False)
    target = DataTarget("parquet", path=str(tmp_path / "out"))
    for start in (0, 10):
        target.write(frame(6, start))
        assert list(target.as_df()["x"]) == list(range(start, start + 6))
        assert os.listdir(tmp_path) == ["out"]
    os.rename(tmp_path / "out", tmp_path / ".out.0123abcd.old")  # where a writer died
    assert list(target.as_df()["x"]) == list(range(10, 16))
    assert os.listdir(tmp_path) == ["out"]


def test_no_file_system_with_hard_links_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "no links here")

    target = DataTarget("csv", path=str(tmp_path / "out"))
    target.write(frame(6))
    monkeypatch.setattr(os, "link", refused)
    target.write(frame(6, 6), append=True)
    assert sorted(target.as_df()["x"]) == list(range(12))


def test_columns_and_types_are_those_of_the_schema(tmp_path: Path) -> None:
    schema = {"a": "int16", "t": "timestamp[us, tz=Europe/Berlin]", "n": "decimal(6, 2)", "s": "string"}
    data = pd.DataFrame({"s": [None], "n": [Decimal("1.5")], "t": [pd.Timestamp("2026-01-01T00:00Z")], "a": [7]})
    target = DataTargetBase("parquet", path=str(tmp_path / "out"), schema=schema)
    target.write(data)
    found = ds.dataset(str(tmp_path / "out")).schema
    assert [str(found.field(name).type) for name in schema] == ["int16", "timestamp[us, tz=Europe/Berlin]", "decimal128(6, 2)", "string"]
    assert found.names == list(schema)
    with pytest.raises(DataError, match="lacks 's'"):
        target.write(data.drop(columns="s"))
    with pytest.raises(DataError, match="has in addition 'z'"):
        target.write(data.assign(z=1))
    with pytest.raises(DataError, match="does not fit"):
        target.write(data.assign(a=70_000))
    with pytest.raises(FieldError, match="the type of column 'a' is 'integer'"):
        DataTargetBase("parquet", path=str(tmp_path / "other"), schema={"a": "integer"}).write(data)
    target.schema = {"a": "int64"}
    with pytest.raises(DataError, match="not that of what is there"):
        target.write(data, append=True)


def test_a_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    cases = [
        ("parquet", "out", "out/R1"),
        ("csv", "a.csv", "R1/a.csv"),
        ("csv", "x/{run_id}/a.csv", "x/R1/a.csv"),
        ("parquet", "y/{run_id}", "y/R1"),
    ]
    for kind, path, place in cases:
        target = DataTarget(kind, path=str(tmp_path / path))
        target.write(frame(6), run_id="R1")
        assert (tmp_path / place).exists()
        assert target.get_path("R1").rstrip("/") == str(tmp_path / place)
        assert target.run_id == "R1"
        assert len(target.as_df()) == 6
        assert len(DataTarget.from_dict(target.to_dict()).as_df()) == 6
    with pytest.raises(FieldError, match="none was given"):
        DataTarget("csv", path="x/{run_id}/a.csv").write(frame())
    for target in (DataTarget("dataframe"), DataTarget("sql", path="sqlite:///a.db")):
        with pytest.raises(FieldError, match="has no folder for a run"):
            target.write(frame(), run_id="R1")


def test_a_remote_folder_is_filled_once(tmp_path: Path) -> None:
    del tmp_path
    system = fsspec.filesystem("memory")
    target = DataTargetBase("parquet", path="memory://lake/sales", attributes=TIMES, partitioned=True)
    target.write(frame(12), run_id="R1")
    assert sorted(target.as_df(run_id="R1")["x"]) == list(range(12))
    assert ds.dataset("/lake/sales/R1", filesystem=system, partitioning="hive").count_rows() == 12
    for append in (False, True):
        with pytest.raises(DataError, match="at one stroke"):
            target.write(frame(12), run_id="R1", append=append)
    target.write(frame(6), run_id="R2")
    plain = DataTargetBase("csv", path="memory://lake/plain")
    plain.write(frame(6))
    plain.write(frame(6, 6), append=True)  # one object comes into being whole
    assert sorted(plain.as_df()["x"]) == list(range(12))
    system.pipe_file("/lake/sales/R2/_UNFINISHED", b"")
    with pytest.raises(DataError, match="has not come to its end"):
        target.as_df(run_id="R2")
    target.write(frame(9), run_id="R2")
    assert len(target.as_df(run_id="R2")) == 9


def test_a_table_is_written_in_one_transaction(tmp_path: Path) -> None:
    target = DataTarget.from_dict({"path": f"sqlite:///{tmp_path}/a.db", "attributes": {"table": "Sales 2026", **TIMES}})
    target.write(frame(12))
    with sa.create_engine(target.path).begin() as connection:
        connection.execute(sa.text('CREATE INDEX fast ON "Sales 2026" (x)'))
    target.write(frame(12))
    target.write([frame(6, 12), frame(6, 18)], append=True)
    found = target.as_df()
    whole = pd.concat([frame(12), frame(6, 12), frame(6, 18)], ignore_index=True)
    assert list(found["t"]) == list(whole["t"])
    assert found["t"].dtype == "datetime64[us, UTC]"
    pd.testing.assert_frame_equal(found.drop(columns="t"), whole.drop(columns="t"))
    assert list(target.as_df(["x"], start_time=frame()["t"][2], end_time=frame()["t"][5].isoformat())["x"]) == [3, 4, 5]
    assert target.size is None
    engine = sa.create_engine(target.path)
    assert [index["name"] for index in sa.inspect(engine).get_indexes("Sales 2026")] == ["fast"]
    engine.dispose()

    def broken() -> Iterator[pd.DataFrame]:
        yield frame(3).drop(columns="y")
        raise RuntimeError("the source broke")

    for data in (broken(), [frame(3), frame(3).drop(columns="x")], []):
        with pytest.raises(DataError):
            target.write(data)
    assert len(target.as_df()) == 24
    with pytest.raises(DataError, match="has the columns"):
        target.write(frame(3).drop(columns="y"), append=True)
    target.write(frame(3).drop(columns="y"))
    assert target.as_df().shape == (3, 6)


def test_databases_take_exact_values_or_none(tmp_path: Path) -> None:
    target = DataTargetBase("sql", path=f"sqlite:///{tmp_path}/a.db", attributes={"table": "t"})
    with pytest.raises(DataError, match="finer than a microsecond"):
        target.write(pd.DataFrame({"t": [pd.Timestamp(1, unit="ns")]}))
    with pytest.raises(DataError, match="for which databases have no type"):
        target.write(pd.DataFrame({"t": [[1, 2]]}))
    target.write(pd.DataFrame({"n": [Decimal("0.10")], "c": pd.Categorical(["a"]), "b": [b"\0"], "at": [dt.time(1, 2)]}))
    found = target.as_df()
    assert found.iloc[0].to_list() == ["0.10", "a", b"\0", dt.time(1, 2)]


def test_live_frames() -> None:
    target = DataTarget("dataframe")
    target.write([frame(3), frame(3, 3)])
    target.write(frame(3, 6), append=True)
    assert list(target.as_df()["x"]) == list(range(9))
    source = DataSource(path=target.path, key_field="key")
    pd.testing.assert_frame_equal(DataTarget("dataframe").write(source).as_df()[list(frame())], target.as_df())
    with pytest.raises(FieldError, match="is a DataFrame"):
        source.to_yaml()
    assert "DataFrame" not in DataTarget("dataframe").to_json()


def test_an_index_with_a_name_is_a_column(tmp_path: Path) -> None:
    data = frame(6).set_index(["key", "x"])
    target = DataTarget(path=str(tmp_path / "a.parquet"))
    assert list(target.write(data).as_df().columns) == ["key", "x", "t", "code", "y", "yes", "day_"]
    assert list(target.write(frame(6)[frame(6)["x"] > 2]).as_df().columns) == list(frame().columns)


def test_what_cannot_be_written_says_why(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    cases: list[tuple[dict[str, Any], Any, type[Exception], str]] = [
        ({"kind": "parquet", "path": out, "after_step": "clean"}, frame(), FieldError, "after_step means nothing here"),
        ({"kind": "parquet", "path": out, "credentials_prefix": "P"}, frame(), FieldError, "credentials_prefix means nothing here"),
        ({"kind": "parquet", "path": out, "online": True}, frame(), FieldError, "online means nothing here"),
        ({"kind": "sql", "path": "sqlite:///a", "partitioned": True}, frame(), FieldError, "has no folders"),
        ({"kind": "dataframe", "partition_cols": ["x"]}, frame(), FieldError, "has no folders"),
        ({"kind": "parquet"}, frame(), FieldError, "there is no path"),
        ({"path": out}, frame(), DataError, "does not tell what kind"),
        ({"kind": "parquet", "path": out, "attributes": {"compresion": 1}}, frame(), UnknownNameError, "Did you mean 'compression'"),
        ({"kind": "parquet", "path": out, "partitioned": True}, frame(), DataError, "does not say which column is its time_field"),
        ({"kind": "parquet", "path": out, "key_bucketing_number": 2}, frame(), DataError, "does not say which column is its key_field"),
        ({"kind": "parquet", "path": out, "partition_cols": ["z"]}, frame(), DataError, "has no such column"),
        ({"kind": "parquet", "path": out, "partition_cols": ["e"]}, frame(3).assign(e=""), DataError, "cannot name a folder"),
        ({"kind": "parquet", "path": out, "partition_cols": list(frame())}, frame(), DataError, "all columns became folders"),
        ({"kind": "parquet", "path": out, "attributes": {"time_field": "z"}}, frame(), UnknownNameError, "the data has no column 'z'"),
        ({"kind": "parquet", "path": out}, {"x": 1}, DataError, "is no DataFrame, but dict"),
        ({"kind": "parquet", "path": out}, [1], DataError, "is no DataFrame, but int"),
        ({"kind": "parquet", "path": out}, pd.DataFrame({1: [1]}), DataError, "a column is named 1"),
        ({"kind": "csv", "path": out}, pd.DataFrame({"a": [[1]]}), DataError, "cannot be written"),
        ({"kind": "csv", "path": out, "attributes": {"encoding": "latin-1"}}, frame(), DataError, "UTF-8 alone"),
        ({"kind": "parquet", "path": out, "storage_options": {"key": "k"}}, frame(), DataError, "takes no storage_options"),
    ]
    for fields, data, kind, complaint in cases:
        with pytest.raises(kind) as caught:
            DataTarget.from_dict(fields).write(data)
        assert complaint in str(caught.value), fields
    year = DataTargetBase("parquet", path=out, attributes=TIMES, time_partitioning_granularity="year")
    with pytest.raises(DataError, match="has the name of a folder that the target makes"):
        year.write(frame().assign(year=1))
    with pytest.raises(DataError, match="a row has no time"):
        year.write(frame().assign(t=pd.NaT))
    with pytest.raises(FieldError, match="a window needs the column"):
        DataTarget("parquet", path=out).as_df(start_time="2026-01-01")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"max_events": 0}, "an integer of at least 1"),
        ({"flush_after_seconds": -1}, "an integer of at least 1"),
        ({"key_bucketing_number": -1}, "an integer of at least 0"),
        ({"partition_cols": "a"}, "must be a list"),
        ({"partitioned": 1}, "must be a boolean"),
        ({"time_partitioning_granularity": "hours"}, "Did you mean 'hour'"),
        ({"storage_options": "x"}, "must be a dict"),
        ({"schema": ["a"]}, "must be a dict"),
    ],
    ids=str,
)
def test_wrong_fields_are_refused_when_they_are_set(fields: dict[str, Any], complaint: str) -> None:
    for cls in (DataTargetBase, DataTarget):
        with pytest.raises((FieldError, UnknownNameError)) as caught:
            cls.from_dict(fields)
        assert complaint in str(caught.value)


def test_the_signatures_are_those_of_the_seed() -> None:
    target = DataTarget("parquet", "n", "/a", False)
    assert target.to_dict() == {"kind": "parquet", "name": "n", "path": "/a", "partitioned": False, "online": False, "status": ""}
    assert DataTargetBase().to_dict() == {"name": "", "partitioned": False}
    base = DataTargetBase("k", "n", "/a", {}, None, True, 3, ["c"], "day", 10, 5, {"o": 1}, {"a": "int64"}, None)
    assert (base.partitioned, base.max_events, base.schema) == (True, 10, {"a": "int64"})
    assert FeatureSetProducer("run", "n", "u", "o", {"s": "v"}).to_dict() == {
        "kind": "run", "name": "n", "uri": "u", "owner": "o", "sources": {"s": "v"},
    }  # fmt: skip
    with pytest.raises(TypeError):
        DataTarget("parquet", "n", "/a", None, "x")  # type: ignore[call-arg, misc]


def test_what_is_known_of_a_target_is_kept(tmp_path: Path) -> None:
    target = DataTarget("parquet", "n", str(tmp_path / "out"))
    target.attributes = TIMES
    target.producer = {"kind": "run", "name": "nightly", "uri": "p@1#0"}  # type: ignore[assignment]
    before = dt.datetime.now(dt.UTC).isoformat()
    target.write(frame(12))
    assert target.status == "ready"
    assert target.updated is not None
    assert before <= target.updated <= dt.datetime.now(dt.UTC).isoformat()
    assert target.last_written == frame(12)["t"].max().tz_convert("UTC").isoformat()
    assert target.size == sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    again = DataTarget.from_dict(target.to_dict(), strict=True)
    assert again == target
    assert again.producer.name == "nightly"
    assert isinstance(again.producer, FeatureSetProducer)


OPTIONAL = {
    "kind": st.just("parquet"),
    "name": st.text(max_size=3),
    "path": st.just("a"),
    "partitioned": st.booleans(),
    "key_bucketing_number": st.none() | st.integers(0, 9),
    "partition_cols": st.lists(st.text(max_size=3), max_size=2),
    "time_partitioning_granularity": st.none() | st.just("day"),
    "max_events": st.none() | st.integers(1, 9),
    "storage_options": st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    "schema": st.dictionaries(st.text(max_size=3), st.just("int64"), max_size=2),
}


@settings(derandomize=True, max_examples=60)
@given(st.fixed_dictionaries({}, optional=OPTIONAL), st.sampled_from([DataTarget, DataTargetBase]))
def test_a_document_is_the_target(fields: dict[str, Any], cls: type[DataTargetBase]) -> None:
    target = cls.from_dict(fields)
    assert cls.from_dict(target.to_dict(), strict=True) == target == target.copy()
    assert cls.from_dict({**fields, "theirs": 1}).to_dict()["theirs"] == 1


TEXTS = st.sampled_from(["a", "A", "é", "/", "=", "%2F", "1", "01", "null", "true"])


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXTS | st.none(), st.integers(0, 5) | st.none()), min_size=1), st.none() | st.integers(0, 3))
def test_no_row_is_lost_or_changed_by_dividing(rows: list[tuple[str | None, int | None]], buckets: int | None) -> None:
    table = pa.table({"a": pa.array([row[0] for row in rows], pa.string()), "b": pa.array([row[1] for row in rows], pa.int64())})
    data = table.to_pandas().assign(x=range(len(rows)))
    target = DataTargetBase(
        "parquet", path="memory://dividing/{run_id}", attributes={"key_field": "a"}, partition_cols=["b"], key_bucketing_number=buckets
    )
    system = fsspec.filesystem("memory")
    if system.exists("/dividing"):
        system.rm("/dividing", recursive=True)
    target.write(data, run_id="R")
    found = target.as_df(run_id="R")
    pd.testing.assert_frame_equal(ordered(found, data), data)


def test_postgresql_keeps_types_and_moments(new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    target = DataTargetBase(path=url, attributes={"table": "sales", **TIMES})
    data = frame(12).assign(n=[Decimal(number) / 100 for number in range(12)], naive=frame(12)["t"].dt.tz_localize(None))
    target.write(data)
    target.write([data.iloc[:5], data.iloc[5:]])
    target.write(data.assign(x=data["x"] + 12), append=True)
    found = target.as_df()
    assert len(found) == 24
    assert list(found["t"][:12]) == list(data["t"])
    assert found["t"].dt.tz is not None
    assert list(found["naive"][:12]) == list(data["naive"])
    assert found["naive"].dt.tz is None
    pd.testing.assert_frame_equal(found.iloc[:12].drop(columns=["t", "naive"]), data.drop(columns=["t", "naive"]))
    start, end = data["t"][2], data["t"][5]
    for attributes in ({"table": "sales"}, {"query": "SELECT * FROM sales WHERE x < 12"}):
        for field, low, high in (
            ("t", start, end),
            ("naive", start.tz_localize(None), end.tz_localize(None)),
            ("day_", "2026-01-01", "2026-01-03"),
        ):
            source = DataSource(path=url, attributes=attributes, time_field=field, start_time=low, end_time=high)
            wanted = data[(data[field] > low) & (data[field] <= high)] if field != "day_" else data[data["day_"] > dt.date(2026, 1, 1)]
            assert list(source.to_dataframe()["x"][: len(wanted)]) == list(wanted["x"])
            assert sum(len(part) for part in source.chunks(2)) == len(wanted) * (2 if "table" in attributes else 1)
    with pytest.raises(DataError, match="two columns of the query have one name"):
        DataSource(path=url, attributes={"query": "SELECT x, x FROM sales"}).to_dataframe()

    def broken() -> Iterator[pd.DataFrame]:
        yield frame(3)
        raise RuntimeError("the source broke")

    with pytest.raises(DataError):
        target.write(broken())
    assert len(target.as_df()) == 24
