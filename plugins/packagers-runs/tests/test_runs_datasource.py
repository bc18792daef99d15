"""Sources: every kind is read, whole and in parts, and of a window only what is in it."""

from __future__ import annotations

import http.server
import sqlite3
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fsspec
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.data.errors import DataError
from packagers_runs.data.source import DataSource
from packagers_runs.errors import FieldError, UnknownNameError

ROWS = 240
BERLIN = ZoneInfo("Europe/Berlin")


def frame(rows: int = ROWS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "t": pd.date_range("2026-03-28", periods=rows, freq="1h", tz=BERLIN),
            "naive": pd.date_range("2026-03-28", periods=rows, freq="1h"),
            "key": [f"k{number % 5}" for number in range(rows)],
            "x": range(rows),
        }
    )


def stored(kind: str, folder: Path) -> dict[str, Any]:
    """Store the frame by other means than ours; gives the arguments of its source."""
    if kind == "frame":
        return {"path": frame()}
    if kind == "parquet":
        frame().to_parquet(folder / "a.parquet", row_group_size=20)
        return {"path": folder / "a.parquet"}
    if kind == "csv":
        frame().to_csv(folder / "a.csv", index=False)
        return {"path": str(folder / "a.csv")}
    if kind == "folder":
        (folder / "parts").mkdir()
        for number in range(3):
            frame().iloc[number * 80 : (number + 1) * 80].to_parquet(folder / f"parts/{number}.parquet")
        return {"path": str(folder / "parts"), "kind": "parquet"}
    engine = sa.create_engine(f"sqlite:///{folder}/a.db")
    copy = frame()
    copy["t"] = copy["t"].map(lambda moment: moment.isoformat())
    with engine.begin() as connection:
        copy.to_sql("rows", connection, index=False)
    engine.dispose()
    attributes = {"table": "rows"} if kind == "sql" else {"query": "SELECT * FROM rows WHERE x >= 0;"}
    return {"path": f"sqlite:///{folder}/a.db", "attributes": attributes}


KINDS = ["frame", "parquet", "csv", "folder", "sql", "query"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["t", "naive"])
def test_a_window_is_read_from_every_kind(kind: str, field: str, tmp_path: Path) -> None:
    start, end = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 30, 0, tzinfo=UTC)
    source = DataSource("s", time_field=field, start_time=start.isoformat(), end_time=end, **stored(kind, tmp_path))
    found = source.to_dataframe()
    times = frame()[field] if field == "t" else frame()[field].dt.tz_localize("UTC")
    wanted = frame()[(times > start) & (times <= end)]
    assert list(found["x"]) == list(wanted["x"])
    assert found[field].dtype.kind == "M"
    assert (found[field].dt.tz is None) == (field == "naive")
    assert list(pd.to_datetime(found[field], utc=True)) == list(pd.to_datetime(wanted[field], utc=True))
    assert list(source.to_dataframe(columns=["x"]).columns) == ["x"]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_are_the_whole(kind: str, tmp_path: Path) -> None:
    source = DataSource(time_field="t", **stored(kind, tmp_path))
    whole = source.to_dataframe()
    parts = list(source.chunks(rows=50))
    assert len(whole) == ROWS
    assert all(len(part) <= 50 for part in parts)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole.reset_index(drop=True))
    assert whole["t"].dtype.kind == "M"
    assert whole["t"].dt.tz is not None
    if kind in ("frame", "parquet", "folder"):
        assert whole["t"].dt.tz == BERLIN


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_of_nothing_has_columns_and_no_rows(kind: str, tmp_path: Path) -> None:
    source = DataSource(time_field="naive", start_time="2030-01-01", **stored(kind, tmp_path))
    assert source.to_dataframe().shape == (0, 4)
    assert [part.shape for part in source.chunks()] == [(0, 4)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_is_the_index(kind: str, tmp_path: Path) -> None:
    source = DataSource(key_field="key", **stored(kind, tmp_path))
    assert list(source.to_dataframe(columns=["x"]).index[:3]) == ["k0", "k1", "k2"]
    assert source.to_dataframe().index.name == "key"
    assert "key" not in source.to_dataframe().columns


BOUNDS = st.none() | st.integers(-3, 30)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(st.lists(st.none() | st.integers(0, 24), max_size=12), BOUNDS, BOUNDS, st.booleans(), st.booleans())
def test_the_window_is_open_below_and_closed_above(
    hours: list[int | None], low: int | None, high: int | None, zoned: bool, zone: bool
) -> None:
    base = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [None if hour is None else base + timedelta(hours=hour) for hour in hours]
    times = pd.Series(pd.to_datetime(moments, utc=True))
    data = pd.DataFrame({"t": times if zoned else times.dt.tz_localize(None), "place": range(len(hours))})
    bounds = [None if hour is None else base + timedelta(hours=hour) for hour in (low, high)]
    if not zone:
        bounds = [bound and bound.replace(tzinfo=None) for bound in bounds]
    source = DataSource(path=data, time_field="t", start_time=bounds[0], end_time=bounds[1])
    if low is not None and high is not None and low > high:
        with pytest.raises(FieldError, match="after its end"):
            source.to_dataframe()
        return
    wanted = [
        place
        for place, hour in enumerate(hours)
        if (low is None and high is None) or (hour is not None and (low is None or hour > low) and (high is None or hour <= high))
    ]
    assert list(source.to_dataframe()["place"]) == wanted


class Counting(LocalFileSystem):
    """Files of this machine, whose bytes are counted as they are read."""

    protocol = "counting"
    read = 0

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        file = super()._open(path, mode, **options)

        class Counted:
            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def read(self, size: int = -1) -> bytes:
                data: bytes = file.read(size)
                Counting.read += len(data)
                return data

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

        return Counted()


@pytest.fixture
def counting() -> Iterator[type[Counting]]:
    fsspec.register_implementation("counting", Counting, clobber=True)
    Counting.read = 0
    yield Counting
    sys.modules["fsspec.registry"]._registry.pop("counting", None)  # type: ignore[attr-defined]


def test_of_a_parquet_file_only_the_window_and_the_columns_are_fetched(tmp_path: Path, counting: type[Counting]) -> None:
    rows = 40_000
    numbers = np.random.default_rng(0).random(rows)
    data = pd.DataFrame({"t": pd.date_range("2026-01-01", periods=rows, freq="1min", tz="UTC"), "a": numbers, "b": numbers[::-1]})
    data.to_parquet(tmp_path / "a.parquet", row_group_size=500, compression=None)
    size = (tmp_path / "a.parquet").stat().st_size

    def fetched(columns: list[str] | None = None, **window: Any) -> int:
        counting.read = 0
        source = DataSource(path=f"counting://{tmp_path}/a.parquet", time_field="t", **window)
        assert len(source.to_dataframe(columns=columns)) == (rows if not window else 1000)
        return counting.read

    whole = fetched()
    window = fetched(start_time="2026-01-07T00:00:00Z", end_time="2026-01-07T16:40:00Z")
    column = fetched(columns=["a"], start_time="2026-01-07T00:00:00Z", end_time="2026-01-07T16:40:00Z")
    footer = size - rows * 24
    assert whole > rows * 24
    assert window - 2 * footer < rows * 24 / 25, (whole, window, footer)
    assert column < window


@pytest.mark.parametrize("attributes", [{"table": "rows"}, {"query": "SELECT * FROM rows"}], ids=["table", "query"])
def test_of_a_table_only_the_window_is_fetched(attributes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored("sql", tmp_path)["path"]
    given: list[int] = []
    from packagers_runs.data.drivers import sqltables

    original = sqltables._frame

    def counted(rows: Any, names: Any, reading: Any) -> Any:
        given.append(len(rows))
        return original(rows, names, reading)

    monkeypatch.setattr(sqltables, "_frame", counted)
    source = DataSource(path=path, attributes=attributes, time_field="naive", start_time="2026-03-31T12:00", end_time="2026-04-01")
    assert len(source.to_dataframe()) == 12
    assert sum(given) < 5 * 24 < ROWS  # SQLite compares days, and lets one more through on each side


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S+14:00"])
def test_text_in_sqlite_is_a_time_in_every_form(form: str, tmp_path: Path) -> None:
    hours = [datetime(2026, 1, 1) + timedelta(hours=3 * number) for number in range(40)]  # noqa: DTZ001
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE rows (t, x)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", [(hour.strftime(form), x) for x, hour in enumerate(hours)])
    connection.close()
    shift = timedelta(hours=14 if form.endswith("+14:00") else 0)
    start, end = (hours[number] - shift for number in (5, 9))
    source = DataSource(path=f"sqlite:///{tmp_path}/a.db", attributes={"table": "rows"}, time_field="t", start_time=start, end_time=end)
    assert list(source.to_dataframe()["x"]) == [6, 7, 8, 9]


def test_numbers_are_no_times(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE rows (t, x)")
        connection.execute("INSERT INTO rows VALUES (1767225600, 1)")
    connection.close()
    for attributes in ({"table": "rows"}, {"query": "select t, x from rows"}):
        source = DataSource(path=f"sqlite:///{tmp_path}/a.db", attributes=attributes, time_field="t", start_time="2026-01-01")
        with pytest.raises(DataError, match="holds numbers, not times"):
            source.to_dataframe()
    with pytest.raises(DataError, match="holds int64, not times"):
        DataSource(path=pd.DataFrame({"t": [1, 2]}), time_field="t", end_time="2026-01-01").to_dataframe()
    with pytest.raises(DataError, match="something else than times"):
        DataSource(path=pd.DataFrame({"t": ["soon", "2026-01-01"]}), time_field="t").to_dataframe()


def test_csv_keeps_empty_text_and_missing_apart_and_takes_types(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('code\ttext\n007\t""\n008\t\n')
    attributes = {"delimiter": "\t", "schema": {"code": "string"}}
    found = DataSource(path=tmp_path / "a.tsv", kind="csv", attributes=attributes).to_dataframe()
    assert list(found["code"]) == ["007", "008"]
    assert found["text"][0] == ""
    assert pd.isna(found["text"][1])
    (tmp_path / "latin.csv").write_bytes("name\nJürgen\n".encode("latin-1"))
    assert list(DataSource(path=tmp_path / "latin.csv", attributes={"encoding": "latin-1"}).to_dataframe()["name"]) == ["Jürgen"]
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="without even a line of names"):
        DataSource(path=tmp_path / "empty.csv").to_dataframe()


def test_a_fraction_that_comes_late_is_an_error_and_no_other_number(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "1\n" * 600_000 + "1.5\n")
    with pytest.raises(DataError, match="Say the types"):
        DataSource(path=tmp_path / "a.csv").to_dataframe()
    assert DataSource(path=tmp_path / "a.csv", attributes={"schema": {"x": "double"}}).to_dataframe()["x"].iloc[-1] == 1.5


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_http_is_read(served: str, tmp_path: Path) -> None:
    stored("parquet", tmp_path)
    stored("csv", tmp_path)
    for name in ("a.csv", "a.parquet", "a.csv?signature=secret"):
        assert len(DataSource(path=f"{served}/{name}", time_field="t").to_dataframe()) == ROWS
    with pytest.raises(DataError) as caught:
        DataSource(path=f"{served}/none.csv?signature=secret").to_dataframe()
    assert "none.csv" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_any_file_system_is_read() -> None:
    with fsspec.open("memory://sources/a.csv", "w") as file:
        frame().to_csv(file, index=False)
    assert len(DataSource(path="memory://sources/a.csv").to_dataframe()) == ROWS
    assert len(DataSource(path="memory://sources", kind="csv").to_dataframe()) == ROWS


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"path": 7}, "Parameter path must be a string"),
        ({"attributes": []}, "Parameter attributes must be a dict"),
        ({"key_field": 1}, "Parameter key_field must be a string"),
        ({"start_time": "yesterday"}, "'yesterday' is no time"),
        ({"end_time": 12}, "Parameter end_time must be a time"),
        ({"schedule": "every day"}, "is no cron expression"),
        ({"schedule": "0 0 31 2 *"}, "is no cron expression"),
        ({"schedule": "0 0 * *"}, "is no cron expression: Wrong number of fields"),
        ({"schedule": ["0 0 * * *"]}, "Parameter schedule must be a string"),
    ],
    ids=str,
)
def test_wrong_fields_are_refused_when_they_are_set(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FieldError, match="→") as caught:
        DataSource(**arguments)
    assert complaint in str(caught.value)
    source = DataSource()
    with pytest.raises(FieldError):
        setattr(source, next(iter(arguments)), next(iter(arguments.values())))


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    data = frame()
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({}, DataError, "there is no path"),
        ({"path": "a.unknown"}, DataError, "does not tell what kind"),
        ({"path": "a", "kind": "parqet"}, UnknownNameError, "Did you mean 'parquet'"),
        ({"path": data, "attributes": {"tabel": "x"}}, UnknownNameError, "tabel"),
        ({"path": data, "start_time": "2026-01-01"}, FieldError, "does not say which column has the times"),
        ({"path": data, "time_field": "T"}, UnknownNameError, "Did you mean 't'"),
        ({"path": data, "key_field": "kei"}, UnknownNameError, "Did you mean 'key'"),
        ({"path": str(tmp_path / "none.csv")}, DataError, "none.csv"),
        ({"path": str(tmp_path / "none.parquet")}, DataError, "none.parquet"),
        ({"path": str(tmp_path), "kind": "csv"}, DataError, "the folder holds no data"),
        ({"path": "sqlite:///none.db", "attributes": {"table": "t"}}, DataError, "there is no such database"),
        ({"path": "a.csv", "attributes": {"storage_options": {"key": 1}}}, DataError, "takes no storage_options"),
        ({"path": "unheardof://a.csv"}, DataError, "unheardof"),
        ({"path": data, "attributes": {"schema": 1}}, FieldError, "attributes.schema must be a dict"),
    ]
    for arguments, kind, complaint in cases:
        with pytest.raises(kind) as caught:
            DataSource(**arguments).to_dataframe()
        assert complaint in str(caught.value), arguments
    path = stored("sql", tmp_path)["path"]
    with pytest.raises(DataError, match=r"(?s)there is no table 'row'.*There are: rows"):
        DataSource(path=path, attributes={"table": "row"}).to_dataframe()
    with pytest.raises(DataError, match="it is not said which table"):
        DataSource(path=path).to_dataframe()
    with pytest.raises(DataError, match="both a table and a query"):
        DataSource(path=path, attributes={"table": "rows", "query": "select 1"}).to_dataframe()
    with pytest.raises(UnknownNameError, match="Did you mean 'naive'"):
        DataSource(path=path, attributes={"table": "rows"}).to_dataframe(columns=["naiv"])
    with pytest.raises(FieldError, match="Parameter columns must be a list"):
        DataSource(path=path, attributes={"table": "rows"}).to_dataframe(columns="naive")


def test_a_password_is_in_no_message() -> None:
    for url in ("postgresql+psycopg://ada:s3cret@127.0.0.1:1/none", "s3cr://ada:s3cret@host/a.csv"):
        with pytest.raises(DataError) as caught:
            DataSource(path=url, attributes={"table": "t"} if "psycopg" in url else {}).to_dataframe()
        assert "s3cret" not in str(caught.value)
        assert "ada:***@" in str(caught.value)
        assert caught.value.__cause__ is None


@settings(derandomize=True, max_examples=60)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(max_size=4),
            "path": st.just("a.csv"),
            "attributes": st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
            "key_field": st.text(max_size=3),
            "time_field": st.text(max_size=3),
            "schedule": st.just("*/5 * * * *"),
            "start_time": st.datetimes(timezones=st.none() | st.just(UTC)),
            "end_time": st.datetimes().map(lambda moment: moment.isoformat()),
            "kind": st.just("csv"),
        },
    )
)
def test_a_document_is_the_source(fields: dict[str, Any]) -> None:
    source = DataSource(**fields)
    assert DataSource.from_dict(source.to_dict(), strict=True) == source == source.copy()
    assert DataSource.from_dict({**source.to_dict(), "online": True}).to_dict()["online"] is True
    source.to_json()
    source.to_yaml()


def test_the_schedule_tells_when() -> None:
    source = DataSource(schedule=" 30 2 * * * ")
    assert source.schedule == "30 2 * * *"
    assert source.to_dict() == {"schedule": "30 2 * * *"}
    (first,) = source.next_fires(after=datetime(2026, 1, 1))  # noqa: DTZ001
    assert first == datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    spring = source.next_fires(3, after=datetime(2026, 3, 28, tzinfo=BERLIN))
    assert [moment.strftime("%d %H:%M%z") for moment in spring] == ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]
    autumn = source.next_fires(3, after=datetime(2026, 10, 24, tzinfo=BERLIN))
    assert [moment.strftime("%d %H:%M%z") for moment in autumn] == ["24 02:30+0200", "25 02:30+0200", "26 02:30+0100"]
    assert source.next_fires(0) == []
    assert all(moment > datetime.now(UTC) for moment in source.next_fires(2))
    with pytest.raises(FieldError, match="the source has no schedule"):
        DataSource().next_fires()
