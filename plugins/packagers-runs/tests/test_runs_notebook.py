"""Runs, lists and comparisons as one sees them: tables in a terminal, HTML in a notebook, DataFrames; nothing of data is markup."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from packagers_runs.cli.group import runs
from packagers_runs.errors import RunsError
from packagers_runs.lists import ArtifactList, RunList
from packagers_runs.models.runobject import RunObject
from packagers_runs.report.comparison import compare
from packagers_runs.report.notebook import ROWS, artifacts_html, runs_html
from packagers_runs.report.tables import table_of_runs, tables_of_run
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

EVIL = "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e{{7*7}}"
TAGS = {"div", "table", "thead", "tbody", "tr", "th", "td", "p", "details", "summary"}
ATTRIBUTES = {"class", "lang", "style", "scope"}


class Inspector(HTMLParser):
    """Refuses every tag and attribute that our templates do not write; gathers the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES
        assert all("url" not in (value or "") for _, value in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def text_of(html: str) -> str:
    return " ".join(" ".join(Inspector(html).text).split())


def document_of(text: str) -> dict[str, Any]:
    artifact = {"kind": text, "metadata": {"key": text, "uri": text, "hash": text}, "spec": {"object_type": text, "size": 3}}
    return {
        "metadata": {"uid": text, "name": text, "project": text, "labels": {text: text}, "iteration": 0},
        "spec": {"handler": text, "parameters": {text: text}, "inputs": {text: [text]}},
        "status": {
            "state": "error",
            "reason": text,
            "error": text,
            "status_text": text,
            "results": {text: text, "n": 1},
            "artifacts": [artifact],
        },
    }


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def launched(store: Store, count: int = 3) -> RunList:
    for number in range(count):
        new_function("f").run(
            handler=lambda number=number: (number / 2, [number]),
            returns=["half", "list : file"],
            name=f"run-{number}",
            store=store,
        )
    return store.list_runs()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Be in a notebook; gives what is displayed."""
    displayed: list[Any] = []
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()), display=SimpleNamespace(display=displayed.append))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    return displayed


# HTML.


def test_a_run_in_a_notebook(store: Store) -> None:
    (run,) = launched(store, 1)
    text = text_of(run._repr_html_())
    for part in (str(run.uid()), "state completed", "result value half 0.0", f"list file list 0 B {run.outputs['list']}"):
        assert part in text
    assert text_of(RunObject()._repr_html_()) == "run state created"


def test_lists_in_a_notebook_are_bounded(store: Store) -> None:
    found = launched(store)
    text = text_of(found._repr_html_())
    assert text.index("run-2") < text.index("run-1") < text.index("run-0")
    assert "half=0.5" in text
    assert text_of(store.list_artifacts()._repr_html_()).count("store://default/list@") == 3
    many = text_of(runs_html([found[0].to_dict()] * 5000, 5000))
    assert many.count("run-2") == ROWS
    assert f"… {5000 - ROWS:,} more" in many
    assert f"… {5000 - ROWS:,} more" in text_of(artifacts_html(list(store.list_artifacts()[:1]) * 5000))
    assert "more" not in text


def test_of_a_failed_run_the_list_says_why() -> None:
    failed = RunObject.from_dict({"status": {"state": "error", "error": "ValueError: " + "no " * 100}})
    (row,) = table_of_runs([failed.to_dict()]).rows
    assert str(row[-1]).startswith("ValueError: no no")
    assert len(str(row[-1])) == 60


def test_iterations_are_a_table_of_the_first_ones() -> None:
    run = RunObject()
    run.status.iterations = [["state", "iter", "output.a"], *(["completed", n, n / 3 if n % 2 else None] for n in range(1, 201))]
    (_, table) = tables_of_run(run.to_dict())
    assert table.columns == ("state", "iter", "output.a")
    assert table.rows[:2] == [("completed", "1", "0.333333"), ("completed", "2", "")]
    assert table.rows[-1] == ("… 150 more", "", "")
    assert "… 150 more" in text_of(run._repr_html_())


def test_who_was_told_is_a_table() -> None:
    run = RunObject(metadata={"uid": "0" * 32})
    run.status.notifications = {"team": {"status": "error", "state": "completed", "reason": "no server"}}
    (_, table) = tables_of_run(run.to_dict())
    assert table.rows == [("team", "error", "completed", "", "no server")]


def test_a_comparison_in_a_notebook_folds_what_is_the_same(store: Store) -> None:
    html = launched(store).compare()._repr_html_()
    text_of(html)
    above, below = html.split("<summary>")
    assert "result half" in above
    assert "outcome state" not in above
    assert "outcome state" in below


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=40) | st.just(EVIL))
def test_nothing_of_data_is_markup(text: str) -> None:
    run = RunObject.from_dict(document_of(text))
    other = RunObject.from_dict(document_of(f"{text}x"))
    for html in (run._repr_html_(), RunList([run, other])._repr_html_(), compare([run.to_dict(), other.to_dict()])._repr_html_()):
        assert all(each.isprintable() or each in "\n\t\u00a0\u200c\u200d\u202f\u3000" for each in html)
        Inspector(html)


def test_many_values_are_cut_short() -> None:
    many = [RunObject.from_dict({"status": {"results": {f"r{n}": n + shift for n in range(5000)}}}) for shift in (0, 1)]
    for html in (many[0]._repr_html_(), compare([run.to_dict() for run in many])._repr_html_()):
        assert f"… {5000 - ROWS:,} more" in text_of(html)
        assert len(html) < 60_000


def test_long_texts_are_cut() -> None:
    run = RunObject.from_dict(document_of("x" * 100_000))
    assert len(run._repr_html_()) < 10_000
    assert len(RunList([run])._repr_html_()) < 3_000


# show().


def test_show_in_a_terminal_is_what_the_command_prints(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    found = launched(store)
    capsys.readouterr()
    found[0].show()
    assert capsys.readouterr().out == CliRunner().invoke(runs, ["show", "last"]).output
    found.show()
    assert capsys.readouterr().out == CliRunner().invoke(runs, ["ls"]).output
    store.list_artifacts(key="list", limit=1).show()
    assert capsys.readouterr().out.splitlines()[1].startswith("list\tfile\tlist\t0 B\t\t")
    found.compare().show()
    assert "≠\tresult half" in capsys.readouterr().out
    found.compare().show(everything=True)
    assert "=\toutcome state" in capsys.readouterr().out


def test_show_in_a_real_terminal_is_a_table(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = launched(store)
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stdout", screen)
    found.show()
    assert "┃" in screen.getvalue()
    assert "\x1b[32mcompleted" in screen.getvalue()


def test_show_looks_again(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = launched(store, 1)
    old = RunObject.from_dict({**run.to_dict(), "status": {"state": "running"}})
    old.tie(store)
    capsys.readouterr()
    old.show()
    assert "state\tcompleted" in capsys.readouterr().out
    RunObject().show()  # of no store
    assert "state\tcreated" in capsys.readouterr().out


def test_show_in_a_notebook_displays_the_object(store: Store, notebook: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    found = launched(store)
    capsys.readouterr()
    shown = [found[0], found, store.list_artifacts(), found.compare()]
    for each in shown:
        each.show()  # type: ignore[attr-defined]
    assert notebook == shown
    assert capsys.readouterr().out == ""


def test_ipython_in_a_terminal_is_a_terminal(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    launched(store, 1).show()
    assert "completed" in capsys.readouterr().out


def test_nothing_is_imported_to_find_out() -> None:
    code = "import packagers_runs, sys; packagers_runs.RunObject().show(); print(sorted({'IPython', 'jinja2', 'pandas'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# Lists.


def test_a_part_of_a_list_is_one_too(store: Store) -> None:
    found = launched(store)
    assert type(found) is RunList
    assert type(found[:2]) is RunList
    assert found[0] == found[:1][0] == next(iter(found))
    assert found[:2].compare().runs[0]["name"] == "run-2"
    assert type(store.list_artifacts()[1:]) is ArtifactList
    with pytest.raises(RunsError, match="in no store"):
        RunList([RunObject(), RunObject()]).compare()


def test_lists_have_a_short_text(store: Store) -> None:
    found = launched(store)
    assert repr(found[1:2]) == f"<RunList of 1: run-1 {str(found[1].uid())[:8]} completed>"
    assert repr(RunList()) == "<RunList of 0>"
    assert repr(RunList([found[0]] * 5000)).endswith("completed, …>")
    assert len(repr(RunList([found[0]] * 5000))) < 300
    assert repr(store.list_artifacts(key="list", limit=1)) == f"<ArtifactList of 1: {found[0].outputs['list']}>"


def test_runs_as_a_frame(store: Store) -> None:
    frame = launched(store).to_df()
    assert list(frame["name"]) == ["run-2", "run-1", "run-0"]
    assert [results["half"] for results in frame["results"]] == [1.0, 0.5, 0.0]
    assert (frame["end"] >= frame["start"]).all()
    assert str(frame["start"].dt.tz) == "UTC"
    flat = store.list_runs().to_df(flat=True)
    assert list(flat["output.half"]) == [1.0, 0.5, 0.0]
    assert flat["output.half"].dtype == "float64"
    assert flat["artifact.list"].str.startswith("store://").all()
    empty = RunList().to_df()
    assert list(empty.columns) == list(frame.columns)
    assert len(RunList().to_df(flat=True)) == len(empty) == 0
    waiting = RunList([RunObject()]).to_df()
    assert waiting["start"].isna().all()


def test_artifacts_as_a_frame(store: Store) -> None:
    launched(store)
    frame = store.list_artifacts().to_df()
    assert list(frame["key"]) == ["list"] * 3
    assert frame["digest"].is_unique
    assert frame["address"].str.startswith("store://default/list@").all()
    assert frame["made"].max() <= pd.Timestamp.now("UTC")
    assert list(ArtifactList().to_df().columns) == list(frame.columns)
