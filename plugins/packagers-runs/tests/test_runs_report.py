"""The report of a run: what it shows and links, when it is written, and where it goes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import packagers_runs as runs
from packagers_runs.report.words import duration_text, short_text, size_text, value_text, visible
from packagers_runs.report.writing import write_report
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StoreError

UID = "0123456789abcdef" * 2


class Cards(HTMLParser):
    """The articles of a page: the heading of each, and those of the cards around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.pictures: list[tuple[str, ...]] = []
        self._open: list[str] = []
        self._in_heading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self._open.append("")
        elif tag == "img":
            self.pictures.append(tuple(self._open))
        self._in_heading = tag == "h3"

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self._open[-1] += data
            self.found.append(tuple(self._open))
            self._in_heading = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._open.pop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        yield store


def document(uid: str = UID, state: str = "running", iteration: int = 0, **spec: Any) -> dict[str, Any]:
    metadata = {"uid": uid, "name": "train", "project": "default", "iteration": iteration}
    return {"metadata": metadata, "spec": spec, "status": {"state": state}}


def record(store: Store, started: dict[str, Any], state: str = "completed", **status: Any) -> None:
    """Do a whole run."""
    attempt = store.begin(started)
    store.write(attempt, {**started, "status": {"state": state, **status}})


def page_of(store: Store, uid: str = UID, iteration: int = 0) -> str:
    return write_report(store, uid, iteration).read_text(encoding="utf-8")


def launch(store: Store, handler: Any, **arguments: Any) -> runs.RunObject:
    return runs.new_function("trainer").run(handler=handler, store=store, **arguments)


def test_a_run_has_a_report_beside_the_database(store: Store, tmp_path: Path) -> None:
    def train(depth: int, data: str) -> float:
        print("trained \x1b[32mwell\x1b[0m")
        return 0.1 + 0.2

    task = runs.new_task(handler=train, params={"depth": 3, "data": "iris"}, returns=["accuracy"]).set_label("team", "vision")
    run = runs.new_function("trainer").run(task, store=store)
    path = tmp_path / "reports" / f"{run.uid()}.html"
    assert run.ui_url == path.as_uri()
    html = path.read_text(encoding="utf-8")
    for shown in ("<title>trainer-train · completed</title>", "team: vision", "trained well", "default", ">depth<", ">3<", "iris"):
        assert shown in html
    assert '<span title="0.30000000000000004">0.3</span>' in html
    assert "float" in html


def test_the_report_of_a_failed_run_shows_why(store: Store) -> None:
    def fail() -> None:
        raise ValueError("no <b>data</b>")

    with pytest.raises(runs.RunError) as caught:
        launch(store, fail)
    html = page_of(store, caught.value.uid)
    assert "ValueError: no &lt;b&gt;data&lt;/b&gt;" in html
    assert "Traceback (most recent call last)" in html
    assert '<span class="badge error">error</span>' in html


def test_a_report_is_written_when_the_run_has_changed_and_only_then(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    path = write_report(store, UID)
    first = path.read_bytes()
    path.touch()
    node = path.stat().st_ino
    assert write_report(store, UID).stat().st_ino == node
    store.change(UID, {"status.status_text": "half of it"})
    assert "half of it" in page_of(store)
    store.write(attempt, {**started, "status": {"state": "completed", "results": {"accuracy": 0.5}}})
    assert "accuracy" in page_of(store)
    store.take(UID)
    assert "<dt>Attempt</dt><dd>2</dd>" in page_of(store)
    path.write_bytes(first)
    assert page_of(store).encode() != first


def test_what_was_printed_since_is_in_the_report(store: Store) -> None:
    from packagers_runs.store.journal import Journal

    attempt = store.begin(document())
    assert "It has printed nothing." in page_of(store)
    with Journal(store.database, attempt) as journal:
        journal.write("one step\n")
    assert "one step" in page_of(store)


def test_the_same_run_gives_the_same_bytes_in_every_process(store: Store, tmp_path: Path) -> None:
    record(store, document(parameters={"names": {"a", "b", "c", "d"}}), results={"seen": {"x", "y", "z"}, "n": float("nan")})
    path = write_report(store, UID)
    first = path.read_bytes()
    code = f"""
from packagers_runs.report.writing import write_report
from packagers_runs.runstore import connect
write_report(connect("sqlite:///{tmp_path}/runs.db"), {UID!r})
"""
    for seed in ("1", "2"):
        path.unlink()
        subprocess.run([sys.executable, "-W", "error", "-c", code], env={"PYTHONHASHSEED": seed}, check=True, timeout=120)
        assert path.read_bytes() == first


def test_reports_go_with_their_runs(store: Store) -> None:
    other = "f" * 32
    for uid in (UID, other):
        record(store, document(uid))
        record(store, document(uid, iteration=2))
    kept = [write_report(store, other), write_report(store, other, 2)]
    gone = [write_report(store, UID), write_report(store, UID, 2)]
    store.remove(UID)
    assert [path.exists() for path in kept + gone] == [True, True, False, False]
    store.prune(0, keep_tagged=False)
    assert list(store.reports.folder.iterdir()) == []


def test_no_uid_leads_out_of_the_folder(store: Store) -> None:
    for uid in ("../../x", "/etc/passwd", "index", "a" * 64, "NUL", "\ud800"):
        assert store.reports.path(uid).parent == store.reports.folder
        assert len(store.reports.path(uid, 3).stem) == 66
    record(store, document("../x"))
    assert write_report(store, "../x").parent == store.reports.folder


def test_a_report_that_cannot_be_written_says_where(store: Store) -> None:
    record(store, document())
    store.reports.folder.write_text("a file stands where the folder should be")
    with pytest.raises(StoreError, match="report cannot be written") as caught:
        write_report(store, UID)
    assert caught.value.remedy
    assert store.document(UID)["status"]["state"] == "completed"


def test_a_run_that_does_not_exist_has_no_report(store: Store) -> None:
    with pytest.raises(runs.RunNotFoundError):
        write_report(store, UID)
    with pytest.raises(runs.RunsError, match="in no store"):
        _ = runs.RunObject().ui_url


@pytest.mark.parametrize("kind", ["memory", "postgresql"])
def test_stores_without_a_folder_of_their_own_have_reports(
    kind: str, new_database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with connect(new_database(kind)) as store:
        record(store, document())
        path = write_report(store, UID)
        assert path.is_file()
        assert (path.parent == tmp_path / ".packagers/reports") == (kind == "postgresql")


def test_inputs_lead_to_the_runs_that_made_them(store: Store) -> None:
    def make() -> list[int]:
        return [1, 2, 3]

    def use(data: list[int]) -> int:
        return sum(data)

    first = launch(store, make, returns=["data : file"])
    second = launch(store, use, inputs={"data": first.outputs["data"]}, returns=["total"])
    html = page_of(store, str(second.uid()))
    assert f'<a href="{first.uid()}.html">the run that made it</a>' in html
    assert store.reports.path(str(first.uid())).is_file()
    assert str(first.outputs["data"]) in html


def test_a_run_and_its_best_iteration_lead_to_each_other(store: Store) -> None:
    record(store, document(), results={"best_iteration": 2})
    record(store, document(iteration=2))
    html = page_of(store, UID, 2)
    assert f'<a href="{UID}.html">the whole run</a>' in html
    assert f'<a href="{UID}-2.html">' not in page_of(store)  # there is no table of iterations
    assert sorted(path.name for path in store.reports.folder.iterdir()) == [f"{UID}-2.html", f"{UID}.html"]


def test_the_card_of_a_model_holds_its_metrics_figures_and_data_and_they_stand_nowhere_else(store: Store) -> None:
    def train() -> tuple[Any, ...]:
        import pandas as pd
        from matplotlib.figure import Figure
        from sklearn.linear_model import LinearRegression

        return LinearRegression(), 0.97, Figure((1, 1)), pd.DataFrame({"x": [1, 2]}), Figure((1, 1))

    linked = {"metrics": {"accuracy": ...}, "extra_data": {"curve": ..., "rows": ..., "note": "by hand"}}
    returns = [{"key": "net", "artifact_type": "model", **linked}, "accuracy", "curve : plot", "rows : dataset", "other : plot"]
    run = launch(store, train, returns=returns)
    html = page_of(store, str(run.uid()))
    cards = Cards(html)
    assert sorted(cards.found) == [("net",), ("net", "curve"), ("net", "rows"), ("other",)]
    assert cards.pictures == [("net", "curve"), ("other",)]
    model = html[html.index('id="artifacts"') :].partition("Linked to this model")[0]
    assert "<span>accuracy</span><b>0.97</b>" in model
    assert "fit_intercept" in model
    assert "by hand" in html
    assert "<dt>class</dt><dd>sklearn.linear_model._base.LinearRegression</dd>" in html


def test_the_end_of_a_long_log_is_shown_and_the_rest_told(store: Store) -> None:
    from packagers_runs.store.journal import Journal

    attempt = store.begin(document())
    with Journal(store.database, attempt) as journal:
        for number in range(40_000):
            journal.write(f"line {number} of a log that is long, and grows and grows\n")
    html = page_of(store)
    assert "line 39999 of" in html
    assert "line 100 of" not in html
    assert len(html) < 300_000
    assert f"of {size_text(store.log_size(UID))}; `packagers runs logs` prints all" in html
    first = html[html.index('aria-label="Log">') :].partition(">")[2].partition("\n")[0]
    assert first.startswith("line ")


def test_an_int_that_has_no_text_is_told_by_its_type() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(4300)  # a library may have lifted the limit of this process
    try:
        assert value_text(10**5000) == "<int>"
    finally:
        sys.set_int_max_str_digits(limit)


def test_words() -> None:
    assert visible("a\u202eb\x00\u200d\n") == "a\\u202eb\\x00\u200d\n"
    assert value_text("x" * 9000).endswith("x…")
    assert short_text(float("nan")) == "nan"
    assert (duration_text("2026-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00"), duration_text("x", None)) == ("", "")

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Broken" in value_text(Broken())


def test_a_search_that_has_not_ended_shows_the_iterations_so_far(store: Store) -> None:
    store.begin(document(parameters={"data": "iris"}, hyperparams={"depth": [1, 2, 3]}, selector="max.accuracy"))
    assert "Table of iterations" not in page_of(store)
    for number in (1, 2):
        record(store, document(iteration=number, parameters={"data": "iris", "depth": number}), results={"accuracy": number / 10})
        html = page_of(store)
        assert f'data-v="{number / 10}"' in html
    assert html.count('<td class="whole" data-v="completed">') == 2
    assert "param.depth" in html
    assert "param.data" not in html
