"""Hyper-parameter runs, one iteration after the other: the table, the best, when they stop, and what is refused before."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers
from packagers import InputError
from packagers_runs.errors import ExpressionError, FieldError, IterationsError, RunError, UnknownNameError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import RunTemplate, new_task
from packagers_runs.running.context import RunContext, current_context
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

GRID = {"p1": [2, 4, 1], "p2": [10, 20]}
HEADER = ["state", "iter", "param.p1", "param.p2", "output.accuracy"]
GOLDEN = [
    HEADER,
    ["completed", 1, 2, 10, 20],
    ["completed", 2, 4, 10, 40],
    ["completed", 3, 1, 10, 10],
    ["completed", 4, 2, 20, 40],
    ["completed", 5, 4, 20, 80],
    ["completed", 6, 1, 20, 20],
]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def multiply(p1: int, p2: int) -> Any:
    print("multiplying", p1, p2)
    return p1 * p2, np.full(3, p1 * p2)


def grid(**options: Any) -> RunTemplate:
    task = new_task("grid", handler=multiply, returns=["accuracy", "model : dataset"])
    return task.with_hyper_params(GRID, **{"selector": "max.accuracy", **options})


def run(task: RunTemplate) -> RunObject:
    return new_function().run(task)


def failing(x: int) -> int:
    if x % 2:
        raise ValueError(f"{x} is odd")
    return x


def failed(handler: Any, values: list[Any], **options: Any) -> RunObject:
    task = new_task("some-fail", handler=handler, returns=["v"]).with_hyper_params({"x": values}, **options)
    with pytest.raises(RunError) as caught:
        run(task)
    found: RunObject = caught.value.run
    return found


def test_the_golden_grid(store: Store) -> None:
    done = run(grid())
    assert done.status.iterations == GOLDEN
    assert done.status.results == {"accuracy": 80, "best_iteration": 5}
    assert done.outputs["model"] == f"store://datasets/default/model#5@{done.uid()}"
    assert done.unpack("model").tolist() == [80, 80, 80]
    assert packagers.unpack("store://model").tolist() == [80, 80, 80]  # the artifact of the run itself
    assert RunObject.from_store(store, str(done.uid())) == done
    plot = Path(done.unpack("parallel_coordinates")).read_text()
    assert plot.startswith("<!doctype html>")
    assert plot.count("<polyline") == 6
    with Path(done.unpack("iteration_results")).open(newline="") as file:
        assert list(csv.reader(file)) == [[str(cell) for cell in row] for row in GOLDEN]


def test_each_iteration_is_a_run_of_its_own(store: Store) -> None:
    def handler(x: int, base: int) -> None:
        context = current_context()
        assert context is not None
        context.set_label("x", x)
        context.commit(f"did {x}")
        context.log_results({"seen": context.iteration, "given": context.get_param("base")})
        print("line of", x)

    done = run(new_task("own", handler=handler, params={"base": 7}).with_hyper_params({"x": [3, 4]}))
    for number, x in ((1, 3), (2, 4)):
        found = store.get_run(str(done.uid()), number)
        assert found.status.state == "completed"
        assert found.status.results == {"seen": number, "given": 7}
        assert found.spec.parameters == {"base": 7, "x": x}
        assert found.metadata.labels == {**done.metadata.labels, "x": str(x)}
        assert found.status.status_text == f"did {x}"
        assert store.log(str(done.uid()), number)[0] == f"line of {x}\n"
        assert found.status.start_time is not None
    assert store.log(str(done.uid()))[0] == ""
    assert [each.uid() for each in store.list_runs()] == [done.uid()]
    assert done.metadata.labels.get("x") is None


def test_equal_outputs_of_iterations_are_stored_once_and_read_by_address(store: Store) -> None:
    done = run(grid())
    addresses = {number: f"store://model#{number}@{done.uid()}" for number in range(1, 7)}
    assert [packagers.unpack(address)[0] for address in addresses.values()] == [row[-1] for row in GOLDEN[1:]]
    digests = [store.find(address).digest for address in addresses.values()]
    assert digests[1] == digests[3]
    assert store.find(done.outputs["model"]).digest == digests[4]
    assert len(set(digests)) == 4
    store.gc()
    assert packagers.unpack(addresses[2])[0] == 40


def test_without_a_selector_there_is_no_best(store: Store) -> None:
    done = run(grid(selector=None))
    assert done.status.iterations == GOLDEN
    assert (done.status.results, list(done.outputs)) == ({}, ["iteration_results", "parallel_coordinates"])


@pytest.mark.parametrize(
    ("selector", "best"), [("accuracy", 5), ("max.accuracy", 5), ("min.accuracy", 3), ("max.even", 1), ("min.odd_or_nan", 3)]
)
def test_the_selector_takes_the_first_of_the_best_and_never_nan(store: Store, selector: str, best: int) -> None:
    def handler(p1: int, p2: int) -> dict[str, Any]:
        accuracy = p1 * p2
        current_context().log_results({"accuracy": accuracy, "even": accuracy % 2 == 0, "odd_or_nan": math.nan if p1 != 1 else 0.5})  # type: ignore[union-attr]
        return {}

    done = run(new_task("chosen", handler=handler, outputs=["accuracy"]).with_hyper_params(GRID, selector=selector))
    assert done.status.results["best_iteration"] == best


VALUES = [{"a": [1]}, [1, 2], (1, "x"), Decimal("1.5"), None, True, math.sin, dict, lambda x: x, RunTemplate()]


def test_values_of_any_kind_arrive_as_they_are(store: Store) -> None:
    seen = []

    def handler(x: Any) -> str:
        seen.append(x)
        return type(x).__name__

    done = run(new_task("kinds", handler=handler, returns=["kind"]).with_hyper_params({"x": VALUES}))
    assert [(type(a), a) for a in seen] == [(type(b), b) for b in VALUES]
    assert [row[-1] for row in done.status.iterations[1:]] == [type(value).__name__ for value in VALUES]
    assert [row[2] for row in done.status.iterations[1:]][6:8] == ["math.sin", "builtins.dict"]
    again = RunObject.from_store(store, str(done.uid()), 3)
    assert (again.spec.parameters["x"], type(again.spec.parameters["x"])) == ((1, "x"), tuple)


def test_list_takes_row_by_row_and_keeps_types(store: Store) -> None:
    done = run(
        new_task("rows", handler=lambda a, b: a, returns=["v"]).with_hyper_params({"a": [1, 2.5], "b": ["x", None]}, strategy="list")
    )
    assert [row[2:4] for row in done.status.iterations[1:]] == [[1, "x"], [2.5, None]]


def test_random_is_reproduced_by_the_seed_that_was_recorded(store: Store) -> None:
    task = new_task("draws", handler=lambda a: a, returns=["v"]).with_hyper_params(
        {"a": list(range(100))}, strategy="random", max_iterations=8
    )
    first = run(task)
    seed = first.spec.hyper_param_options.seed
    assert isinstance(seed, int)
    task.spec.hyper_param_options.seed = seed
    assert run(task).status.iterations == first.status.iterations
    task.spec.hyper_param_options.seed = seed + 1
    assert run(task).status.iterations != first.status.iterations
    assert len(first.status.iterations) == 9


def test_a_file_of_values(store: Store, tmp_path: Path) -> None:
    (tmp_path / "values.csv").write_text("p1,p2\n2,10\n4,20\n")
    task = new_task("file", handler=multiply, returns=["accuracy", None]).with_param_file("values.csv", selector="accuracy")
    assert [row[2:] for row in run(task).status.iterations[1:]] == [[2, 10, 20], [4, 20, 80]]


def test_some_iterations_fail_and_the_best_is_found_all_the_same(store: Store) -> None:
    done = failed(failing, [1, 2, 3, 4, 6, 8, 10, 12], selector="v")
    assert done.status.state == "error"
    assert "2 of 8 iterations failed" in done.error
    assert "ValueError: 1 is odd" in done.error
    assert done.status.results == {"v": 12, "best_iteration": 8}
    assert [row[0] for row in done.status.iterations[1:4]] == ["error", "completed", "error"]
    child = store.get_run(str(done.uid()), 3)
    assert (child.status.state, child.status.error_type, child.status.error) == ("error", "ValueError", "ValueError: 3 is odd")
    assert "in failing" in str(child.status.traceback)
    assert "iteration 3 failed: ValueError: 3 is odd" in store.log(str(done.uid()))[0]


@pytest.mark.parametrize(("most", "ended"), [(0, 2), (1, 4), (None, 8), (50, 20)])
def test_so_many_may_fail_before_the_rest_is_left_out(store: Store, most: int | None, ended: int) -> None:
    done = failed(failing, [2, 1, 2, 3, 2, 5, 2, 7, *range(2, 26, 2)], max_errors=most, selector="v")
    assert len(done.status.iterations) == ended + 1
    assert f" of {ended} iterations failed" in done.error
    assert [document["metadata"]["iteration"] for document in store.documents(uid=done.uid())][-1] == 0
    assert len(store.documents(uid=done.uid())) == ended + 1


def test_the_cause_is_an_error_of_iterations(store: Store) -> None:
    with pytest.raises(RunError) as caught:
        run(new_task(handler=failing).with_hyper_params({"x": [1]}))
    assert isinstance(caught.value.__cause__, IterationsError)


def test_a_condition_stops_at_the_first_for_which_it_holds(store: Store) -> None:
    done = run(grid(stop_condition="accuracy >= 40"))
    assert done.status.iterations == GOLDEN[:3]
    assert done.status.results == {"accuracy": 40, "best_iteration": 2}


def test_iterations_are_tried_again(store: Store, tmp_path: Path) -> None:
    def flaky(x: int) -> int:
        path = tmp_path / f"tries-{x}"
        tries = int(path.read_text()) if path.exists() else 0
        path.write_text(str(tries + 1))
        if tries < x:
            raise OSError("not yet")
        return tries

    task = new_task("flaky", handler=flaky, returns=["tries"], retry={"count": 2}).with_hyper_params({"x": [0, 2, 3]})
    with pytest.raises(RunError, match="1 of 3 iterations failed; iteration 3: OSError: not yet") as caught:
        run(task)
    done = caught.value.run
    assert [row[-1] for row in done.status.iterations[1:]] == [0, 2, None]
    assert [store.attempt(str(done.uid()), number) for number in range(4)] == [1, 1, 3, 3]
    assert store.get_run(str(done.uid()), 2).status.retry_count == 2


def test_a_method_of_a_class_and_coroutines_are_iterated(store: Store, tmp_path: Path) -> None:
    source = "class Model:\n    def __init__(self, depth):\n        self.depth = depth\n\n"
    source += "    async def fit(self, x):\n        return self.depth * x\n"
    (tmp_path / "classes_of_hyper.py").write_text(source)
    task = new_task("m", handler="classes_of_hyper.py:Model::fit", params={"_init_args": {"depth": 3}}, returns=["v"])
    assert [row[-1] for row in run(task.with_hyper_params({"x": [1, 2]})).status.iterations[1:]] == [3, 6]
    task = new_task("m", handler="classes_of_hyper.py:Model::fit", params={"x": 5}, returns=["v"])
    done = run(task.with_hyper_params({"_init_args": [{"depth": 1}, {"depth": 2}]}))
    assert [row[-1] for row in done.status.iterations[1:]] == [5, 10]
    sys.modules.pop("classes_of_hyper")


def test_secrets_reach_iterations_and_nothing_that_is_recorded(store: Store, tmp_path: Path) -> None:
    def handler(x: str) -> str:
        print("the token", current_context().get_secret("token"))  # type: ignore[union-attr]
        raise ValueError(f"{x} of {current_context().get_secret('token')}")  # type: ignore[union-attr]

    task = new_task("secret", handler=handler).with_secrets("inline", {"token": "s3cr3t-value"})
    with pytest.raises(RunError):
        run(task.with_hyper_params({"x": ["a", "s3cr3t-value"]}))
    store.close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"s3cr3t-value" not in path.read_bytes(), path


REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({"p1": [1], "p3": [2]}, {}, UnknownNameError, "p2"),
    ({"p1": [1]}, {}, InputError, "'p2'"),
    (GRID, {"selector": "max.acuracy"}, UnknownNameError, "Did you mean 'accuracy'"),
    (GRID, {"selector": "max.acc"}, UnknownNameError, "Did you mean 'accuracy'"),
    (GRID, {"selector": "mx.accuracy"}, UnknownNameError, "Did you mean 'max'"),
    (GRID, {"selector": "model"}, FieldError, "packs as an artifact"),
    (GRID, {"stop_condition": "acuracy > 1"}, UnknownNameError, "Did you mean 'accuracy'"),
    (GRID, {"stop_condition": "results['acuracy'] > 1"}, UnknownNameError, "Did you mean 'accuracy'"),
    (GRID, {"stop_condition": "parameters['p'] > 1"}, UnknownNameError, "no hyper-parameter 'p'"),
    (GRID, {"stop_condition": "accuracy.__class__"}, ExpressionError, "attribute"),
    (GRID, {"stop_condition": "exit()"}, ExpressionError, "part of conditions"),
    (GRID, {"max_erors": 1}, UnknownNameError, "max_errors"),
    (GRID, {"strategy": "gird"}, UnknownNameError, "grid"),
    (GRID, {"strategy": "list"}, FieldError, "p1 has 3, p2 has 2"),
    (GRID, {"dask_cluster_uri": "tcp://127.0.0.1:1", "max_errors": 0}, FieldError, "pip install packagers-dask"),
    ({"p1": 3, "p2": [1]}, {}, FieldError, "must be a list"),
    ({"p1": [], "p2": [1]}, {}, FieldError, r"at least one value(.|\n)*p1=1,2"),
]


@pytest.mark.parametrize(("values", "options", "error", "says"), REFUSED)
def test_what_is_wrong_is_told_before_anything_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch, values: Any, options: Any, error: type[Exception], says: str
) -> None:
    if "dask_cluster_uri" in options:
        monkeypatch.setattr("packagers_runs.executors.choosing.extension_names", lambda group: [])
    with pytest.raises(error, match=says):
        run(new_task("grid", handler=multiply, returns=["accuracy", "model : dataset"]).with_hyper_params(values, **options))
    assert store.documents() == []


def test_a_stream_is_no_input_of_iterations(store: Store) -> None:
    with pytest.raises(InputError, match="stream"):
        run(new_task(handler=lambda x, rows: x, inputs={"rows": iter([1, 2])}).with_hyper_params({"x": [1, 2]}))


def test_a_result_that_no_iteration_has_is_told_at_the_end(store: Store) -> None:
    with pytest.raises(RunError, match="no result 'gain'") as caught:
        run(new_task(handler=failing, returns=["v"]).with_hyper_params({"x": [2, 4]}, selector="gain"))
    assert len(caught.value.run.status.iterations) == 3


def test_outputs_of_iterations_go_to_folders_of_their_own(store: Store, tmp_path: Path) -> None:
    task = new_task("paths", handler=multiply, returns=[None, "model : dataset"], out_path=str(tmp_path / "out"))
    run(task.with_hyper_params({"p1": [1, 2], "p2": [3]}))
    assert [packagers.unpack(tmp_path / "out" / str(number) / "model")[0] for number in (1, 2)] == [3, 6]


def custom(context: RunContext, values: list[int], fails: int | None = None) -> int:
    for value in values:
        with context.get_child_context(depth=value) as child:
            print("child of", value)
            child.log_result("accuracy", child.get_param("depth") * 10)
            child.log_dataset("table", np.arange(value))
            child.set_label("depth", value)
            if value == fails:
                raise ValueError("this one")
    return len(values)


def test_a_handler_drives_its_children(store: Store) -> None:
    task = new_task("own-way", handler=custom, params={"values": [3, 9, 4]}, returns=["count"])
    done = run(task.with_hyper_params({}, strategy="custom", selector="max.accuracy"))
    assert done.status.iterations == [
        ["state", "iter", "param.depth", "output.accuracy"],
        ["completed", 1, 3, 30],
        ["completed", 2, 9, 90],
        ["completed", 3, 4, 40],
    ]
    assert done.status.results == {"accuracy": 90, "best_iteration": 2, "count": 3}
    assert done.outputs["table"] == f"store://datasets/default/table#2@{done.uid()}"
    assert done.unpack("table").tolist() == list(range(9))
    child = store.get_run(str(done.uid()), 3)
    assert (child.spec.parameters["depth"], child.metadata.labels["depth"]) == (4, "4")
    assert store.log(str(done.uid()), 3)[0] == "child of 4\n"


def test_a_child_that_was_marked_beats_the_selector_and_children_need_no_strategy(store: Store) -> None:
    def handler(context: RunContext) -> None:
        for value in (1, 2, 3):
            child = context.get_child_context(depth=value)
            child.log_result("v", value)
            if value == 2:
                child.mark_as_best()
            child.commit(completed=value != 3)  # the last is ended by its run

    done = run(new_task("marked", handler=handler))
    assert done.status.results == {"v": 2, "best_iteration": 2}
    assert [row[:2] for row in done.status.iterations[1:]] == [["completed", 1], ["completed", 2], ["completed", 3]]


def test_a_child_that_fails_is_recorded_as_it_is(store: Store) -> None:
    with pytest.raises(RunError, match="ValueError: this one") as caught:
        run(new_task("failing", handler=custom, params={"values": [1, 2, 3], "fails": 2}))
    states = [row[:2] for row in caught.value.run.status.iterations[1:]]
    assert states == [["completed", 1], ["error", 2]]
    assert store.get_run(caught.value.uid, 2).status.error == "ValueError: this one"


def test_iterations_have_no_children_and_only_children_are_marked(store: Store) -> None:
    def asks(context: RunContext, x: int) -> None:
        context.get_child_context(depth=1)

    def marks(context: RunContext, x: int) -> None:
        context.mark_as_best()

    for handler, says in ((asks, "no children"), (marks, "no child")):
        with pytest.raises(RunError, match=says):
            run(new_task(handler=handler).with_hyper_params({"x": [1]}))


def test_a_value_that_is_reported_goes_to_the_log_of_a_plain_run(store: Store) -> None:
    def handler(context: RunContext) -> None:
        context.report(0.5)
        context.report(np.float32(0.25), step=7)
        with pytest.raises(FieldError, match="no number"):
            context.report("much")  # type: ignore[arg-type]
        with pytest.raises(FieldError, match="step"):
            context.report(1, step=-1)

    done = run(new_task(handler=handler))
    text = store.log(str(done.uid()))[0]
    assert "step 0: 0.5" in text
    assert "step 7: 0.25" in text


def test_a_run_says_how_far_it_has_come(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []

    def handler(x: int) -> int:
        context = current_context()
        assert context is not None
        said.append(store.get_run(context.uid).status.status_text)
        return x * 2

    monkeypatch.setattr("packagers_runs.running.iterations._SAID_S", 0)
    monkeypatch.setattr("packagers_runs.running.iterations.SHARED_S", 0)  # each is recorded before the next begins
    done = run(new_task("says", handler=handler, returns=["v"]).with_hyper_params({"x": [3, 4, 5]}, selector="v"))
    assert said == [None, None, "1 of 3 iterations, best v so far 6, in iteration 1"]  # what is recorded is said with what follows
    assert done.status.status_text is None
