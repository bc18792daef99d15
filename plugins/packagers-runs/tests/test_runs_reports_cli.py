"""``packagers runs report`` and ``compare --html``: an index and runs side by side, with the reports that they lead to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from packagers_runs.cli.group import runs
from packagers_runs.models.runobject import RunObject
from packagers_runs.report.folders import write_comparison, write_index
from packagers_runs.report.indexpage import MOST, index_page
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StoreError


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def launched(number: int, data: Any = None, **arguments: Any) -> RunObject:
    def work(number: int, data: Any = None) -> tuple[float, str, list[int]]:
        return number / 4, "<b>bold</b>", [number]

    task = {"handler": work, "params": {"number": number}, "returns": ["quarter", "text", "made : file"], "name": f"run-{number}"}
    return new_function().run(**{**task, **({} if data is None else {"inputs": {"data": data}}), **arguments})


def command(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(runs, arguments)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def written(*arguments: str) -> Path:
    return Path(command("report", *arguments).stdout.strip())


class Page(HTMLParser):
    """The text, the rows and the links of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.rows: list[str] = []
        self._silent = 0
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words.append(data)
        if self.rows:
            self.rows[-1] = " ".join(f"{self.rows[-1]} {data}".split())


def leads_somewhere(path: Path, seen: set[Path] | None = None) -> set[Path]:
    """Follow all links of a page; give every page that was reached."""
    seen = seen if seen is not None else {path}
    for link in Page(path).links:
        if link.startswith("#"):
            continue
        target = path.parent / unquote(link)
        assert target.is_file(), f"{path.name} leads to {link}"
        if target not in seen:
            seen.add(target)
            leads_somewhere(target, seen)
    return seen


# The index.


def test_the_index_names_all_runs_and_leads_to_their_reports(store: Store) -> None:
    first = launched(0)
    launched(1, first.outputs["made"], project="other")
    with pytest.raises(Exception, match="boom"):
        launched(2, handler=lambda number: _raise(), returns=[])
    path = written()
    assert path == store.reports.folder / "index.html"
    page = Page(path)
    assert "3 runs, the newest first" in page.text
    assert "2 completed" in page.text
    assert "1 error" in page.text
    assert [re.match(r"(\w+) (run-\d) [0-9a-f]{8} (\w+) 20", row).groups() for row in page.rows[1:]] == [  # type: ignore[union-attr]
        ("error", "run-2", "default"),
        ("completed", "run-1", "other"),
        ("completed", "run-0", "default"),
    ]
    assert "ValueError: boom" in page.rows[1]
    assert "quarter 0.25 text <b>bold</b>" in page.rows[2]
    assert len(leads_somewhere(path)) == 4


def _raise() -> None:
    raise ValueError("boom")


def test_the_index_says_how_many_iterations_a_run_has(store: Store) -> None:
    launched(0, params={}, hyper_params={"number": [1, 2, 3]}, selector="quarter")
    path = written()
    assert "3 iterations" in Page(path).rows[1]
    assert "iterations" not in index_page([launched_document()], ["x.html"])
    assert len(leads_somewhere(path)) >= 2


def test_reports_are_written_where_they_are_missing_or_old(store: Store) -> None:
    uid = str(launched(0).uid())
    written()
    report = store.reports.path(uid)
    before = report.stat().st_mtime_ns
    written()
    assert report.stat().st_mtime_ns == before
    report.unlink()
    written()
    assert "run-0" in report.read_text()


def test_the_index_of_some_runs(store: Store) -> None:
    for number in range(4):
        launched(number, project="p" if number % 2 else None)
    assert len(Page(written("-n", "run-2")).rows) == 2
    assert "run-3" in Page(written("--run-project", "p")).text
    page = Page(written("--limit", "3"))
    assert len(page.rows) == 4
    assert "The newest 3 runs" in page.text
    assert "There are more" in page.text
    assert "There are more" not in Page(written("--limit", "4")).text


def test_an_index_of_nothing(store: Store) -> None:
    page = Page(written())
    assert "There are none." in page.text
    assert page.rows == []


def test_an_index_in_a_folder_of_its_own_is_whole(store: Store, tmp_path: Path) -> None:
    first = launched(0)
    second = launched(1, first.outputs["made"])
    out = tmp_path / "some where" / "else"
    path = written("--out", str(out), "-n", "run-1")
    assert path == out / "index.html"
    reached = leads_somewhere(path)
    assert {each.name for each in reached} == {"index.html", f"{second.uid()}.html", f"{first.uid()}.html"}
    assert all(each.parent == out for each in reached)


def test_ten_thousand_runs_make_a_page_of_a_thousand() -> None:
    document = launched_document()
    page = index_page([document] * MOST, ["x.html"] * MOST, are_all=False)
    assert page.count("<tr>") == MOST + 1
    assert len(page) < MOST * 1500


def test_the_limit_is_a_thousand_at_most(store: Store) -> None:
    assert "1<=x<=1000" in command("report", "--limit", "1001", code=2).output
    launched(0)
    asked: list[int] = []
    documents = store.documents

    def watched(**filters: Any) -> list[dict[str, Any]]:
        asked.append(filters["limit"])
        return documents(**filters)

    store.documents = watched  # type: ignore[method-assign]
    write_index(store, limit=10**9)
    assert asked == [MOST + 1]


def launched_document() -> dict[str, Any]:
    return {"metadata": {"uid": "a" * 32, "name": "n"}, "status": {"state": "completed", "results": {f"r{n}": n for n in range(100)}}}


# One run, and runs side by side.


def test_one_run(store: Store, tmp_path: Path) -> None:
    run = launched(0)
    assert written("last") == store.reports.path(str(run.uid()))
    copied = written(str(run.uid())[:8], "-o", str(tmp_path / "out"))
    assert copied.parent == tmp_path / "out"
    assert copied.read_text() == store.reports.path(str(run.uid())).read_text()


def test_runs_side_by_side(store: Store, tmp_path: Path) -> None:
    uids = [str(launched(number).uid()) for number in range(3)]
    path = written(*uids)
    page = Page(path)
    assert "3 runs side by side" in page.text
    titles = [row for row in page.rows if row.startswith("≠ ")]
    assert titles[0] == "≠ number 0 1 2"
    assert titles[1] == "≠ quarter 0.0 0.25 (+0.25) 0.5 (+0.5)"
    assert any(row.startswith("= state completed completed") for row in page.rows)
    assert "Artifacts that differ" in page.text
    assert {each.name for each in leads_somewhere(path)} == {path.name, *(f"{uid}.html" for uid in uids)}
    assert written(*uids) == path
    assert written(*uids[:2]) != path
    same = Page(written(uids[0], uids[0]))
    assert "Nothing: they did the same and gave the same." in same.text


def test_compare_writes_a_page_where_it_is_told(store: Store, tmp_path: Path) -> None:
    uids = [str(launched(number).uid()) for number in range(2)]
    file = tmp_path / "pages" / "both.html"
    assert command("compare", *uids, "--html", str(file)).stdout.splitlines()[-1] == str(file)
    assert leads_somewhere(file) == {file, *(file.parent / f"{uid}.html" for uid in uids)}
    assert json.loads(command("compare", *uids, "--html", str(file), "--json").stdout)["html"] == str(file)
    assert json.loads(command("report", *uids, "-o", str(tmp_path / "pages"), "--json").stdout)["path"].startswith(str(tmp_path / "pages"))


def test_a_page_that_cannot_be_written_is_told(store: Store, tmp_path: Path) -> None:
    run = launched(0)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_index(store, tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be written"):
        write_comparison(store, [run.to_dict()] * 2, tmp_path / "file" / "page.html")


def test_mistakes_are_told(store: Store) -> None:
    uid = str(launched(0).uid())
    assert "leave them out" in command("report", uid, "--name", "x", code=2).output
    assert "there is no run 'zz'" in str(command("report", "zz", code=1).exception)


def test_the_page_is_opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    path = written("--open")
    assert opened == [path.as_uri()]


def test_in_a_shell(store: Store, tmp_path: Path) -> None:
    launched(0)
    program = [str(Path(sys.executable).with_name("packagers")), "runs", "report"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_file()
    assert done.stderr == ""
