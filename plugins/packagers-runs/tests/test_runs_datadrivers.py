"""Drivers are found by their names, loaded when they are used, and may be anybody's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from packagers.testing import distributions
from packagers_runs.data.drivers.choosing import GROUP
from packagers_runs.data.source import DataSource
from packagers_runs.data.target import DataTarget
from packagers_runs.data.targetbase import DataTargetBase
from packagers_runs.errors import RunsError, UnknownNameError
from packagers_runs.extensions import extension_names

LINES = """
    from packagers_runs import DataDriver, FileDriver

    class LinesDriver(FileDriver):
        '''Text, one row a line.'''

        ATTRIBUTES = frozenset({"upper"})
        SUFFIXES = (".lines",)

        def read_file(self, file, reading):
            import pandas as pd

            yield pd.DataFrame({"line": file.read().decode().splitlines()})

        def write_file(self, frames, file, writing):
            for frame in frames:
                for line in frame["line"]:
                    file.write((line.upper() if writing.attributes.get("upper") else line).encode() + b"\\n")

    class NumbersDriver(DataDriver):
        '''numbers://n: the first n numbers. It looks neither for windows nor for columns.'''

        def read(self, reading):
            import pandas as pd

            count = int(reading.path.removeprefix("numbers://"))
            yield pd.DataFrame({"t": pd.date_range("2026-01-01", periods=count, freq="1D"), "n": range(count), "more": 0})
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ours = {name: f"their_drivers:{name.title()}Driver" for name in ("lines", "numbers")}
    entries = {**ours, "broken": "their_absence:X", "wrong": "os:path"}
    theirs = {"entry_points": {GROUP: entries}, "files": {"their_drivers.py": LINES}}
    distributions.write_files({"their-drivers": theirs}, tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "their_drivers", raising=False)
    return tmp_path


def test_the_drivers_of_the_house() -> None:
    assert set(extension_names(GROUP)) >= {"csv", "dataframe", "parq", "parquet", "postgresql", "pq", "sql", "sqlite"}


def test_a_strangers_driver_reads_and_writes(stranger: Path) -> None:
    assert "their_drivers" not in sys.modules
    target = DataTarget(path=str(stranger / "a.lines"))
    target.write(pd.DataFrame({"line": ["one", "two"]}))
    assert (stranger / "a.lines").read_text() == "one\ntwo\n"
    assert list(DataSource(path=stranger / "a.lines").to_dataframe()["line"]) == ["one", "two"]
    folder = DataTargetBase("lines", path=str(stranger / "out"), attributes={"upper": True}, partition_cols=["k"], max_events=1)
    folder.write(pd.DataFrame({"line": ["one", "two"], "k": ["x", "y"]}))
    assert (next((stranger / "out/k=y").glob("part-*.lines"))).read_text() == "TWO\n"
    assert sorted(folder.as_df()["line"]) == ["ONE", "TWO"]


def test_a_driver_need_not_look_at_windows_and_columns(stranger: Path) -> None:
    source = DataSource(path="numbers://10", time_field="t", start_time="2026-01-03", end_time="2026-01-06", key_field="n")
    assert source.to_dataframe(columns=[]).index.to_list() == [3, 4, 5]
    assert [list(part.columns) for part in source.chunks(2, columns=["more"])] == [["more"], ["more"]]
    with pytest.raises(RunsError, match="NumbersDriver only reads"):
        DataTarget(path="numbers://10").write(pd.DataFrame({"n": [1]}))


def test_a_driver_that_cannot_be_used_says_why(stranger: Path) -> None:
    with pytest.raises(RunsError, match=r"'broken' \(their_absence:X\) cannot be loaded(?s:.*)their-drivers"):
        DataSource(path="a", kind="broken").to_dataframe()
    with pytest.raises(RunsError, match="no subclass of DataDriver"):
        DataSource(path="a", kind="wrong").to_dataframe()
    with pytest.raises(UnknownNameError, match="Did you mean 'lines'"):
        DataSource(path="a", kind="line").to_dataframe()
    rivals = {"entry_points": {GROUP: {"lines": "rivals:Lines"}}, "files": {"rivals.py": ""}}
    distributions.write_files({"rivals": rivals}, stranger / "site")
    with pytest.raises(RunsError, match=r"two distributions have a data driver 'lines': rivals \(.*\) and their-drivers"):
        DataSource(path="a", kind="lines").to_dataframe()


HEAVY = ("pandas", "pyarrow", "sqlalchemy", "numpy", "fsspec", "cronsim", "aiohttp")


def loaded_after(statements: str) -> list[str]:
    script = f"import sys\n{statements}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.split()


def test_models_load_no_library() -> None:
    assert loaded_after("import packagers_runs") == []
    made = """if True:
        import packagers_runs as r
        r.DataSource(path="a.csv", start_time="2026-01-01")
        r.DataTarget("csv", path="a").to_json()
        r.TargetPathObject("/a")"""
    assert loaded_after(made) == []


def test_a_csv_needs_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    found = loaded_after(f"import packagers_runs as r\nr.DataSource(path={str(tmp_path / 'a.csv')!r}).to_dataframe()")
    assert "pandas" in found
    assert not {"sqlalchemy", "cronsim", "aiohttp"} & set(found)
