"""What differs between runs: values with their types, artifacts and inputs by digest, and what nobody can tell."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import json
import math
import platform
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from packagers_runs.cli.group import runs
from packagers_runs.errors import RunError, RunsError
from packagers_runs.lists import RunList
from packagers_runs.models.runobject import RunObject
from packagers_runs.report.comparison import MISSING, Comparison, compare
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect
from packagers_runs.store.freezing import Unreadable


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def train(data: Any = None, depth: int = 2, **_: Any) -> tuple[float, list[int], bytes]:
    return 0.5 + depth / 100, list(range(depth)), b"always the same"


RETURNS = ["accuracy", "made : file", "constant : file"]


def trained(**arguments: Any) -> RunObject:
    return new_function("t").run(**{"handler": train, "returns": RETURNS, **arguments})


def document(**parts: Any) -> dict[str, Any]:
    return {"metadata": {"uid": "a" * 32, "iteration": 0}, "spec": {}, "status": {"state": "completed"}} | parts


def of_results(*values: Any) -> Comparison:
    return compare([document(status={"results": {} if value is MISSING else {"r": value}}) for value in values])


def line(comparison: Comparison, title: str) -> Any:
    (found,) = [line for line in comparison.lines if line.title == title]
    return found


def test_what_differs_and_what_does_not(store: Store) -> None:
    first, second = trained(params={"depth": 2}), trained(params={"depth": 3, "extra": None}, name="other")
    found = RunList([first, second]).compare()
    titles = [each.title for each in found.differences]
    assert titles == ["parameter depth", "parameter extra", "result accuracy", "artifact made", "task name"]
    assert line(found, "parameter extra").values == (MISSING, None)
    assert line(found, "result accuracy").texts() == ["0.52", "0.53"]
    assert line(found, "result accuracy").changes() == ["", "(+0.01)"]
    assert line(found, "artifact constant").values[0].digest == first.status.artifacts[1]["metadata"]["hash"]
    assert [line(found, title).differs for title in ("outcome state", "task handler", "version python", "label kind")] == [False] * 4
    assert [run["uid"] for run in found.runs] == [first.uid(), second.uid()]
    assert [run["name"] for run in found.runs] == ["t-train", "other"]


def test_versions_are_those_that_the_artifacts_were_written_with(store: Store) -> None:
    found = RunList([trained(), trained()]).compare()
    assert line(found, "version packagers").values == (importlib.metadata.version("packagers"),) * 2
    assert line(found, "version python").values == (platform.python_version(),) * 2
    without = compare([run.to_dict() for run in store.list_runs()])
    assert [each for each in without.lines if each.section == "versions"] == []


def test_inputs_are_the_same_if_their_data_is(store: Store, tmp_path: Path) -> None:
    made = trained()
    again = trained()
    (tmp_path / "a.json").write_text("[1]")
    by_address = [trained(inputs={"data": run.outputs["made"]}) for run in (made, again)]
    same = line(RunList(by_address).compare(), "input data")
    assert same.differs is False
    assert same.values[0].what != same.values[1].what
    by_path = [trained(inputs={"data : list": "a.json"})]
    (tmp_path / "a.json").write_text("[2]")  # the same path, other data
    by_path.append(trained(inputs={"data : list": "a.json"}))
    other = line(RunList(by_path).compare(), "input data")
    assert other.differs is True
    assert len(set(other.texts())) == 2
    live = [trained(inputs={"data": value}) for value in ([1], [1], [2])]
    assert line(RunList(live[:2]).compare(), "input data").differs is False
    assert line(RunList(live[1:]).compare(), "input data").differs is True


def test_of_live_inputs_without_a_digest_nobody_can_tell() -> None:
    def of_inputs(*sources: Any) -> Any:
        return line(compare([document(spec={"inputs": {"data": source}}) for source in sources]), "input data").differs

    assert of_inputs("live://builtins.list", "live://builtins.list") is None
    assert of_inputs(["a", "live://x"], ["a", "live://x"]) is None
    assert of_inputs(["a", "live://x"], ["b", "live://x"]) is True
    assert of_inputs({"a": "x"}, {"a": "x"}) is False
    assert of_inputs({"a": "x"}, {"b": "x"}) is True
    assert of_inputs("a.csv", "a.csv", "b.csv") is True


def test_values_are_compared_with_their_types() -> None:
    cases: list[tuple[Any, Any, bool | None]] = [
        (1, 1.0, True),
        (1, True, True),
        ("1", 1, True),
        ((1,), [1], True),
        (math.nan, math.nan, False),
        ([1, {"a": math.nan}], [1, {"a": math.nan}], False),
        ([1, {"a": 1}], [1, {"a": 2}], True),
        ({"a": 1}, {"b": 1}, True),
        (Decimal("1.0"), Decimal("1.0"), False),
        (None, MISSING, True),
        (Unreadable("no plugin"), Unreadable("no plugin"), None),
        (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), True),
    ]
    for one, other, differs in cases:
        found = line(of_results(one, other), "result r")
        assert found.differs is differs, (one, other)
        assert found.mark == {True: "≠", False: "=", None: "?"}[differs]
        if differs:
            assert len(set(found.texts())) == 2, found.texts()


def test_long_values_that_differ_late_are_told_apart_or_named() -> None:
    late = line(of_results("x" * 500 + "a", "x" * 500 + "b"), "result r")
    assert len(set(late.texts())) == 2
    never = line(of_results("x" * 5000 + "a", "x" * 5000 + "b"), "result r")
    assert never.differs is True
    assert all(len(text) < 300 for text in never.texts())


def test_changes_are_of_numbers_alone() -> None:
    assert line(of_results(2, 5, 2, 1.5, "x", MISSING), "result r").changes() == ["", "(+3)", "", "(-0.5)", "", ""]
    assert line(of_results("x", 1), "result r").changes() == ["", ""]
    assert line(of_results(True, 2), "result r").changes() == ["", ""]
    assert line(of_results(1, math.inf), "result r").changes() == ["", ""]


@given(st.lists(st.sampled_from([1, 1.0, "1", None, math.nan, (1,)]), min_size=2, max_size=4))
def test_all_are_the_same_or_one_is_not(values: list[Any]) -> None:
    found = line(of_results(*values), "result r")
    assert found.differs is (len({(type(value).__name__, repr(value)) for value in values}) > 1)


def test_fewer_than_two_are_not_compared() -> None:
    for documents in ([], [document()]):
        with pytest.raises(RunsError, match="not to be compared"):
            compare(documents)
    with pytest.raises(RunsError, match="not to be compared"):
        RunList().compare()


# The command.


def command(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(runs, ["compare", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_the_command_shows_what_differs(store: Store) -> None:
    first, second = (str(trained(params={"depth": depth}).uid()) for depth in (2, 3))
    titles = ["parameter depth", "result accuracy", "artifact made"]
    lines = command(first[:10], "last").output.splitlines()
    assert lines[0].split("\t") == ["", "what", f"t-train {first[:8]}", f"t-train {second[:8]}"]
    assert [each.split("\t")[:2] for each in lines[1:-1]] == [["≠", title] for title in titles]
    assert lines[2].split("\t")[2:] == ["0.52", "0.53 (+0.01)"]
    assert lines[-1].startswith("3 differ, ")
    assert lines[-1].endswith("; --all shows them")
    everything = command(first, second, "--all").output.splitlines()
    assert "=\toutcome state\tcompleted\tcompleted" in everything
    assert "--all" not in everything[-1]
    assert command(first, first).output.startswith("0 differ, ")


def test_the_command_gives_json(store: Store) -> None:
    with contextlib.suppress(RunError):
        trained(params={"depth": "x"})
    uids = [str(trained(params={"depth": 2}).uid()), str(store.list_runs()[-1].uid())]
    found = json.loads(command(*uids, "--json").stdout)
    assert [run["uid"] for run in found["runs"]] == uids
    told = {(each["section"], each["name"]): each for each in found["lines"]}
    assert told["parameters", "depth"] == {
        "section": "parameters",
        "name": "depth",
        "differs": True,
        "values": [2, "x"],
        "present": [True, True],
    }
    assert told["results", "accuracy"]["present"] == [True, False]
    assert told["artifacts", "made"]["values"][0]["digest"].startswith("blake3:")
    assert told["outcome", "error"]["values"][0] is None


def test_iterations_of_a_run_are_compared(store: Store) -> None:
    uid = str(trained(hyper_params={"depth": [2, 3]}, selector="accuracy").uid())
    found = json.loads(command(f"{uid}#1", f"{uid[:9]}#2", "--json").stdout)
    assert [(run["uid"], run["iteration"]) for run in found["runs"]] == [(uid, 1), (uid, 2)]
    (depth,) = [each for each in found["lines"] if each["name"] == "depth"]
    assert depth["values"] == [2, 3]
    assert "by no number" in command(uid, f"{uid}#x", code=2).output
    assert "whole runs" in CliRunner().invoke(runs, ["abort", f"{uid}#1"]).output
    assert "has no iteration 7" in str(command(uid, f"{uid}#7", code=1).exception)


def test_odd_values_have_a_form_in_json() -> None:
    found = of_results({1, 2}, Unreadable("no plugin"), math.nan, object)
    assert json.dumps(found.to_dict())


def test_mistakes_are_told(store: Store) -> None:
    uid = str(trained().uid())
    assert "two runs to name" in command(uid, code=2).output
    assert "there is no run 'zz'" in str(command(uid, "zz", code=1).exception)


def test_no_text_of_a_run_has_an_effect_on_the_terminal(store: Store) -> None:
    for text in ("a\x1b[31m\u202eb", "c"):
        trained(params={"note": text})
    output = command(*(str(run.uid()) for run in store.list_runs())).output
    assert "\\x1b[31m\\u202e" in output
    assert "\x1b" not in output
