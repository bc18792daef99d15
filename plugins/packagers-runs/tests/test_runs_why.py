"""Where something comes from: the chain of runs, by addresses and by digests, whoever handed things over."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import packagers_runs.running.provenance as provenance
from packagers_runs.cli.group import runs as commands
from packagers_runs.errors import RunNotFoundError, UnknownNameError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.launching import new_function
from packagers_runs.running.provenance import Origin
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import ArtifactNotFoundError

FILE = """
import pathlib
import numpy as np

def load(n=3):
    return np.arange(float(n))

def scale(data: np.ndarray, by=2):
    return data * by, float(data.sum())

def join(parts: list[np.ndarray]):
    return np.concatenate(parts)

def write(text):
    pathlib.Path("written.csv").write_text(text)
    return pathlib.Path("written.csv")

def read(file: pathlib.Path):
    return len(file.read_text())
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subject_of_why.py").write_text(FILE)
    with connect() as store:
        yield store
    sys.modules.pop("subject_of_why", None)
    sys.path[:] = [place for place in sys.path if place != str(tmp_path)]


def run(handler: str, inputs: Any = None, params: Any = None, returns: Any = ("out",), store: Store | None = None) -> RunObject:
    task = new_task(handler=handler, inputs=inputs, params=params, returns=list(returns))
    return new_function(file="subject_of_why.py").run(task, store=store)


def only(found: Origin) -> Origin:
    """Give what made the only input of the run that made something."""
    (given,) = found.inputs
    assert given.origin is not None, given
    return given.origin


def test_the_chain_through_three_runs(database_url: str, store: Store, tmp_path: Path) -> None:
    with connect(database_url, tmp_path / "artifacts") as place:
        first = run("load", params={"n": 4}, store=place)
        second = run("scale", {"data": first.outputs["out"]}, returns=["scaled", "sum"], store=place)
        third = run("scale", {"data": "store://scaled"}, {"by": 5}, returns=["again", "sum"], store=place)
        run("scale", {"data": first.outputs["out"]}, {"by": 7}, returns=["scaled", "sum"], store=place)
        for what in (f"{third.uid()}:again", third.outputs["again"], "store://again"):
            found = place.why(what)
            made = [found, only(found), only(only(found))]
            assert [each.uid for each in made] == [third.uid(), second.uid(), first.uid()]
            assert [each.key for each in made] == ["again", "scaled", "out"]
            assert [dict(each.parameters) for each in made] == [{"by": 5}, {}, {"n": 4}]
            assert made[2].inputs == ()
            assert found.inputs[0].source == second.outputs["scaled"]
            assert found.inputs[0].digest == made[1].digest == place.find(second.outputs["scaled"]).digest


def test_what_was_unpacked_and_passed_on_is_found_by_its_digest(store: Store) -> None:
    first = run("load", params={"n": 5})
    second = run("scale", {"data": first.unpack("out")}, returns=["scaled", "sum"])
    found = store.why(f"{second.uid()}:scaled")
    assert (only(found).uid, only(found).note) == (first.uid(), "found by its digest")
    assert found.inputs[0].source == "live://numpy.ndarray"
    unknown = run("scale", {"data": np.arange(77.0)}, returns=["scaled", "sum"])
    assert store.why(f"{unknown.uid()}:scaled").inputs[0].origin is None


def test_a_file_that_a_run_made_is_found_wherever_it_lies_and_whatever_became_of_it(store: Store, tmp_path: Path) -> None:
    first = run("write", params={"text": "a,b\n1,2\n"})
    shutil.copy("written.csv", tmp_path / "copied.csv")
    second = run("read", {"file": "copied.csv"})
    (tmp_path / "copied.csv").write_text("changed since")
    found = store.why(f"{second.uid()}:out")
    assert (only(found).uid, only(found).key) == (first.uid(), "out")
    (tmp_path / "another.csv").write_text("1,2\na,b\n")  # of the same size
    third = run("read", {"file": "another.csv"})
    (given,) = store.why(f"{third.uid()}:out").inputs
    assert (given.source, given.origin) == ("another.csv", None)
    assert given.digest.startswith("blake3:")


def test_what_was_made_later_made_nothing_earlier(store: Store) -> None:
    second = run("scale", {"data": np.arange(3.0)}, returns=["scaled", "sum"])
    run("load")
    assert store.why(f"{second.uid()}:scaled").inputs[0].origin is None


def test_of_several_sources_each_is_followed_and_each_run_told_of_once(store: Store) -> None:
    first = run("load")
    second = run("scale", {"data": first.outputs["out"]}, returns=["scaled", "sum"])
    joined = run("join", {"parts": [first.outputs["out"], second.outputs["scaled"], first.outputs["out"]]})
    found = store.why(f"{joined.uid()}:out")
    assert [each.name for each in found.inputs] == ["parts[0]", "parts[1]", "parts[2]"]
    origins = [each.origin for each in found.inputs]
    assert [origin and origin.uid for origin in origins] == [first.uid(), second.uid(), first.uid()]
    notes = [origin.note for origin in (origins[0], only(origins[1]), origins[2]) if origin]  # type: ignore[arg-type]
    assert notes == ["", "told of above", "told of above"]


def test_a_result_comes_from_its_run_and_from_the_iteration_that_was_best(store: Store) -> None:
    first = run("load")
    second = run("scale", {"data": first.outputs["out"]}, returns=["scaled", "sum"])
    found = store.why(f"{second.uid()}:sum")
    assert (found.address, found.object_type, only(found).uid) == ("", "float", first.uid())
    task = new_task(handler="scale", inputs={"data": first.outputs["out"]}, returns=["scaled", "sum"])
    task.with_hyper_params({"by": [2, 9, 4]}, selector="min.sum", strategy="list")
    grid = new_function(file="subject_of_why.py").run(task)
    best = grid.outputs["best_iteration"]
    for what, number in ((f"{grid.uid()}:scaled", best), (f"{grid.uid()}#3:scaled", 3), (f"{grid.uid()}:sum", best)):
        found = store.why(what)
        assert (found.iteration, dict(found.parameters), only(found).uid) == (number, {"by": [2, 9, 4][number - 1]}, first.uid())
    assert store.why(f"{grid.uid()}:iteration_results").iteration == 0


def test_a_run_that_is_gone_or_was_replaced_is_said_to_be(store: Store, tmp_path: Path) -> None:
    first = run("load")
    second = run("scale", {"data": first.outputs["out"]}, returns=["scaled", "sum"])
    (tmp_path / "subject_of_why.py").write_text(FILE.replace("np.arange(float(n))", "np.arange(float(n)) + 1"))
    sys.modules.pop("subject_of_why")
    assert store.resume(str(first.uid())).status.retry_count == 1
    assert only(store.why(f"{second.uid()}:scaled")).note == "it was another version then, which a later attempt has replaced"
    store.remove(str(first.uid()))
    (given,) = store.why(f"{second.uid()}:scaled").inputs
    assert (given.source, given.origin) == (first.outputs["out"], None)


@pytest.mark.parametrize(
    ("what", "error", "says"),
    [
        (lambda run: f"{run.uid()}:nothing", UnknownNameError, "no output 'nothing'"),
        (lambda run: f"{run.uid()}:outt", UnknownNameError, "'out'"),
        (lambda run: f"{'0' * 32}:out", RunNotFoundError, "no run"),
        (lambda run: "out", RunNotFoundError, "names nothing"),
        (lambda run: f"{run.uid()}#x:out", RunNotFoundError, "names nothing"),
        (lambda run: "store://nothing", ArtifactNotFoundError, "no artifact"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(what: Callable[[RunObject], str], error: type[Exception], says: str, store: Store) -> None:
    made = run("load")
    with pytest.raises(error, match=says):
        store.why(what(made))


def test_an_answer_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "MOST_RUNS", 2)
    last = run("load")
    for _ in range(3):
        last = run("scale", {"data": last.output("out")}, returns=["out", "sum"])
    found = store.why(f"{last.uid()}:out")
    assert (only(only(found)).note, only(only(found)).inputs) == ("what leads to it is left out", ())


def test_the_command_draws_the_tree_and_prints_it_as_json(store: Store) -> None:
    first = run("load", params={"n": 4})
    second = run("scale", {"data": first.outputs["out"]}, {"by": 3}, returns=["scaled", "sum"])
    done = CliRunner().invoke(commands, ["why", "last:scaled"])
    lines = done.stdout.splitlines()
    assert done.exit_code == 0, done.output
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4, 6, 8]
    assert lines[0].startswith("scaled (numpy.ndarray, blake3:")
    assert f"run {str(second.uid())[:8]} scale" in lines[1]
    assert lines[1].endswith("scale(by=3)")
    assert first.outputs["out"] in lines[2]
    assert lines[4].endswith("load(n=4)")
    done = CliRunner().invoke(commands, ["why", f"{str(second.uid())[:10]}:scaled", "--json"])
    told = json.loads(done.stdout)
    assert told["run"]["uid"] == second.uid()
    assert told["inputs"][0]["origin"]["run"]["parameters"] == {"n": 4}
    assert told == json.loads(json.dumps(store.why(f"{second.uid()}:scaled").to_dict()))
    assert CliRunner().invoke(commands, ["why", "nothing"]).exit_code == 2
