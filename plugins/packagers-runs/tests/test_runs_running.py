"""A run from the task to what came out of it, in this process and as another one sees it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest

import packagers
from packagers import DataItem, InputError, LogHint
from packagers_runs.errors import FieldError, HandlerError, RunError, UnknownNameError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.context import RunContext, current_context
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import AddressError


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def train(data: pd.DataFrame, depth: int = 2) -> Any:
    print("training", depth)
    return 0.9, data * depth, {"depth": depth}


def frame(folder: Path) -> Path:
    path = folder / "data.csv"
    pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_csv(path, index=False)
    return path


RETURNS = ["accuracy", LogHint("table", artifact_type="dataset", extra_data={"config": ...}), "config"]


def test_a_run_is_what_another_process_sees(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = new_task("grid", handler=train, inputs={"data": str(frame(tmp_path))}, params={"depth": 3}, returns=RETURNS)
    before = task.to_dict()
    run = new_function("trainer").run(task)
    assert task.to_dict() == before
    assert capsys.readouterr().out == "training 3\n"
    assert run.status.state == "completed"
    assert run.outputs == {
        "accuracy": 0.9,
        "config": {"depth": 3},
        "table": f"store://datasets/default/table@{run.uid()}",
    }
    program = f"""
import json, packagers_runs.runstore as s, packagers
from packagers_runs.models.runobject import RunObject
store = s.connect()
run = RunObject.from_store(store, {run.uid()!r})
table = run.unpack("table", "pandas.DataFrame")
state, offset = run.logs(watch=False)
print(json.dumps([run.outputs, table.to_dict("list"), run.status.state, packagers.unpack(run.outputs["table"]).equals(table)]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    log, _, answer = done.stdout.rstrip("\n").rpartition("\n")
    assert log == "training 3"
    assert json.loads(answer) == [run.outputs, {"a": [3, 6], "b": [9, 12]}, "completed", True]


def test_equal_data_is_stored_once_and_a_second_run_leaves_the_first_alone(store: Store, tmp_path: Path) -> None:
    data = str(frame(tmp_path))
    runs = [new_function().run(handler=train, inputs={"data": data}, params={"depth": d}, returns=RETURNS) for d in (3, 3, 4)]
    assert len({run.metadata.name for run in runs}) == 1
    assert len(list(store.objects.digests())) == 2
    assert [run.unpack("table")["a"].tolist() for run in runs] == [[3, 6], [3, 6], [4, 8]]
    assert packagers.unpack("store://table")["a"].tolist() == [4, 8]


RESULTS = {
    "numpy_bool": np.bool_(True),
    "tuple": (1, "a"),
    "nan": math.nan,
    "decimal": Decimal("1.10"),
    "date": date(2026, 11, 22),
    "bytes": b"\x00\xff",
    "none": None,
    "zero": 0,
    "empty": "",
    "false": False,
    "float32": np.float32(0.5),
}


@pytest.mark.parametrize("key", RESULTS)
def test_results_keep_their_types_and_falsy_ones_are_recorded(store: Store, key: str) -> None:
    value = RESULTS[key]
    run = new_function().run(handler=lambda: (value,), returns=[f"{key} : result"])
    found = RunObject.from_store(store, str(run.uid())).status.results[key]
    assert type(found) is type(value)
    assert found == value or (isinstance(value, float) and math.isnan(found))


def test_a_frame_without_a_hint_breaks_nothing(store: Store) -> None:
    run = new_function().run(handler=lambda: pd.DataFrame({"a": [1]}))
    assert (run.status.state, run.outputs) == ("completed", {})


class Model:
    def __init__(self, depth: int = 1) -> None:
        self.depth = depth

    def fit(self, rate: float = 0.5) -> float:
        return self.depth * rate

    def __call__(self, rate: float = 2) -> float:
        return self.depth * rate


async def waits(x: int = 3) -> int:
    await asyncio.sleep(0)
    return x


FILE = (
    "class Model:\n    def __init__(self, depth): self.depth = depth\n    def fit(self): return self.depth\n\ndef double(x): return 2 * x\n"
)


@pytest.mark.parametrize(
    ("handler", "params", "value", "name"),
    [
        (lambda x: x + 1, {"x": 1}, 2, "lambda"),
        (functools.partial(lambda x, y: x + y, 1), {"y": 2}, 3, "lambda"),
        (Model(4), {}, 8, "model"),
        (Model(4).fit, {"rate": 0.25}, 1.0, "fit"),
        (waits, {}, 3, "waits"),
        ("os.path.basename", {"p": "a/b"}, "b", "basename"),
        ("os.path:basename", {"p": "a/b"}, "b", "basename"),
    ],
    ids=["lambda", "partial", "object", "method", "async", "dotted", "colon"],
)
def test_handlers_of_every_kind_run(store: Store, handler: Any, params: Any, value: Any, name: str) -> None:
    run = new_function().run(handler=handler, params=params, returns=["out"])
    assert (run.status.results["out"], run.metadata.name) == (value, name)


def test_files_and_methods_run(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "handlers_of_running.py"
    path.write_text(FILE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, path.stem, None)
    del sys.modules[path.stem]
    try:
        run = new_function(file=path).run(handler="Model::fit", params={"_init_args": {"depth": 3}}, returns=["out"])
        assert (run.status.results, run.metadata.name, run.spec.handler) == ({"out": 3}, "model-fit", f"{path}:Model::fit")
        assert new_function("f").run(handler=f"{path}:double", params={"x": 2}, returns=["out"]).status.results == {"out": 4}
        assert new_function().run(handler="handlers_of_running.double", params={"x": 3}, returns=["out"]).status.results == {"out": 6}
    finally:
        sys.modules.pop(path.stem, None)


def fails(x: int) -> None:
    context = current_context()
    assert context is not None
    context.log_result("before", x)
    context.log_artifact("kept", np.arange(3))
    raise KeyError(x)


def test_a_handler_that_raises_ends_in_an_error_that_carries_all_of_it(store: Store) -> None:
    with pytest.raises(RunError, match="ended as error: KeyError: 7") as caught:
        new_function().run(handler=fails, params={"x": 7})
    error = caught.value
    assert isinstance(error.__cause__, KeyError)
    assert (error.error_type, error.iteration, error.run.status.state) == ("KeyError", 0, "error")
    assert "raise KeyError(x)" in error.traceback
    run = RunObject.from_store(store, error.uid)
    assert run.status.results == {"before": 7}
    assert run.unpack("kept").tolist() == [0, 1, 2]
    assert run.error == "KeyError: 7"


def test_an_output_that_cannot_be_packed_fails_the_run_and_the_others_are_kept(store: Store) -> None:
    with pytest.raises(RunError, match="'lock'"):
        new_function().run(handler=lambda: (1, threading.Lock()), returns=["one", "lock"])
    (document,) = store.documents()
    assert document["status"]["state"] == "error"
    assert document["status"]["results"] == {"one": 1}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_programs_ends_the_run_first(store: Store, kind: type[BaseException]) -> None:
    def stops() -> None:
        raise kind

    expected = KeyboardInterrupt if kind is KeyboardInterrupt else RunError
    with pytest.raises(expected):
        new_function().run(handler=stops)
    (document,) = store.documents()
    assert document["status"]["state"] == ("aborted" if kind is KeyboardInterrupt else "error")
    assert current_context() is None


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"handler": train, "params": {"dpeth": 1}, "inputs": {"data": "x"}}, UnknownNameError, "depth"),
        ({"handler": train}, InputError, "'data'"),
        ({"handler": train, "input": {}}, UnknownNameError, "inputs"),
        ({"handler": "math.sqtr"}, UnknownNameError, "sqrt"),
        ({"handler": 3}, FieldError, "handler"),
        ({}, FieldError, "handler"),
        ({"handler": "no_such_module:fn"}, HandlerError, "no_such_module"),
        ({"handler": train, "inputs": []}, FieldError, "inputs must be a dict"),
        ({"handler": train, "inputs": {"data": None}}, FieldError, "input_path"),
        ({"handler": train, "hyper_params": {"dpeth": [1]}, "inputs": {"data": "x"}}, UnknownNameError, "depth"),
        ({"handler": lambda: 0, "returns": ["a : b : c"]}, packagers.HintSyntaxError, "a : b : c"),
        ({"handler": lambda: 0, "name": "ä" * 70}, FieldError, "name"),
        ({"handler": lambda: 0, "project": "a/b"}, AddressError, "project 'a/b'"),
        ({"handler": lambda: 0, "project": ".."}, AddressError, "project"),
        ({"handler": lambda: (0, 1), "returns": ["a", "a : file"]}, FieldError, "two outputs have the key 'a'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(store: Store, arguments: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        new_function().run(**arguments)
    assert store.documents() == []


def test_the_context_reads_and_logs(store: Store, tmp_path: Path) -> None:
    file = frame(tmp_path)

    def handler(data: DataItem, context: RunContext) -> None:
        assert current_context() is context
        assert context.get_param("depth", 5) == 5
        assert context.get_input("data").url == data.url == str(file)
        assert (context.project, context.iteration, context.name) == ("default", 0, "handler")
        with pytest.raises(UnknownNameError, match="data"):
            context.get_input("dta")
        with pytest.raises(UnknownNameError, match="secret"):
            context.get_secret("token")
        assert context.get_secret("token", None) is None
        context.log_results({"a": 1, "b": 2.5})
        context.log_dataset("table", data.as_df(), format="parquet", labels={"x": "y"}, tag="t1")
        context.log_artifact("copy", local_path=file)
        context.set_label("colour", 3)
        context.logger.warning("a warning")
        context.commit("half way")
        found = RunObject.from_store(store, context.uid)
        assert (found.status.state, found.status.status_text) == ("running", "half way")
        assert found.unpack("table")["a"].tolist() == [1, 2]
        context.log_result("late", True)

    run = new_function().run(handler=handler, inputs={"data": file})
    assert run.status.results == {"a": 1, "b": 2.5, "late": True}
    assert set(run.status.artifact_uris) == {"table", "copy"}
    assert packagers.unpack("store://table:t1", pd.DataFrame)["b"].tolist() == [3, 4]
    assert run.unpack("copy", Path).read_bytes() == file.read_bytes()
    assert run.metadata.labels["colour"] == "3"
    assert {"kind", "owner", "host"} < run.metadata.labels.keys()
    text, _ = store.log(str(run.uid()))
    assert "a warning" in text
    assert [artifact.tag for artifact in store.list_artifacts(key="table")] == ["t1"]


def test_a_run_that_says_that_it_is_complete_is(store: Store) -> None:
    def handler(context: RunContext) -> None:
        context.log_result("a", 1)
        context.commit("done", completed=True)
        raise ValueError("too late")

    run = new_function().run(handler=handler)
    assert (run.status.state, run.status.results, run.status.status_text) == ("completed", {"a": 1}, "done")


def inner() -> str:
    context = current_context()
    assert context is not None
    return context.name


def test_runs_nest_and_the_current_one_is_the_innermost(store: Store) -> None:
    def outer(context: RunContext) -> tuple[str, str]:
        child = new_function().run(name="inner", handler=inner, returns=["name"])
        assert current_context() is context
        return child.status.results["name"], context.name

    run = new_function().run(name="outer", handler=outer, returns=["inside", "around"])
    assert run.status.results == {"inside": "inner", "around": "outer"}
    assert current_context() is None


def logs_its_number(number: int) -> Any:
    context = current_context()
    assert context is not None
    for _ in range(3):
        print(f"I am {number}")
    context.log_result("mine", number)
    return number, np.full(4, number)


def same_everywhere(store: Store, runs: list[RunObject]) -> None:
    for number, run in enumerate(runs):
        found = RunObject.from_store(store, str(run.uid()))
        assert found.status.results == {"mine": number, "number": number}
        assert found.unpack("array").tolist() == [number] * 4
        assert store.log(str(run.uid()))[0] == f"I am {number}\n" * 3
    assert current_context() is None


def run_number(number: int) -> RunObject:
    task = new_task(handler=logs_its_number, params={"number": number}, returns=["number", "array"])
    return new_function().run(task)


def test_runs_of_threads_never_mix(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        same_everywhere(store, list(pool.map(run_number, range(32))))


def test_runs_of_asyncio_never_mix(store: Store) -> None:
    async def all_of_them() -> list[RunObject]:
        return await asyncio.gather(*(asyncio.to_thread(run_number, number) for number in range(32)))

    same_everywhere(store, asyncio.run(all_of_them()))


def test_a_thread_that_copies_its_context_belongs_to_the_run(store: Store) -> None:
    def handler() -> list[bool]:
        seen: list[bool] = []
        for target in (contextvars.copy_context().run, lambda function: function()):
            thread = threading.Thread(target=target, args=(lambda: seen.append(current_context() is not None),))
            thread.start()
            thread.join()
        return seen

    assert new_function().run(handler=handler, returns=["seen"]).status.results == {"seen": [True, False]}


def test_inputs_are_joined_and_looked_up(store: Store, tmp_path: Path) -> None:
    data = frame(tmp_path).read_bytes()
    for path in ("data", "y", "shop/t.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    fsspec.filesystem("memory").pipe("/x", data)
    urls = lambda **inputs: {name: item.url for name, item in inputs.items()}  # noqa: E731 - takes whatever it is given
    whole, shop = str(tmp_path / "y"), f"file://{tmp_path}/shop"
    inputs = {"a": "data.csv", "data": None, "b": whole, "c": "memory://x"}
    task = new_task(handler=urls, in_path=str(tmp_path), inputs=inputs, returns=["urls"])
    task.spec.data_stores = [{"name": "shop", "url": f"{shop}/"}]
    task.with_input("d", "shop/t.csv")
    run = new_function().run(task)
    expected = {"a": f"{tmp_path}/data.csv", "data": f"{tmp_path}/data", "b": whole, "c": "memory://x", "d": f"{shop}/t.csv"}
    assert run.status.results["urls"] == expected == run.spec.inputs


def test_a_type_in_an_inputs_key_beats_the_annotation(store: Store, tmp_path: Path) -> None:
    run = new_function().run(
        handler=lambda data: type(data).__name__, inputs={"data : pandas.DataFrame": str(frame(tmp_path))}, returns=["type"]
    )
    assert run.status.results == {"type": "DataFrame"}
    assert run.spec.inputs == {"data": str(tmp_path / "data.csv")}
    assert run.spec.inputs_type_hints == {"data": "pandas.DataFrame"}


def test_outputs_of_one_run_are_inputs_of_the_next_and_live_objects_are_told(store: Store, tmp_path: Path) -> None:
    first = new_function().run(handler=train, inputs={"data": pd.DataFrame({"a": [1]})}, returns=RETURNS)
    assert first.spec.inputs["data"].startswith("live://pandas.")
    second = new_function().run(handler=train, inputs={"data": first.outputs["table"]}, returns=RETURNS)
    assert second.unpack("table")["a"].tolist() == [4]
    third = new_function().run(handler=train, inputs={"data": first.artifact("table")}, returns=RETURNS)
    assert third.spec.inputs == second.spec.inputs


def test_a_type_of_another_kind_is_unpacked_as_that(store: Store) -> None:
    run = new_function().run(handler=lambda: (np.arange(3.0), 3), returns=["array : dataset", "n"])
    assert run.unpack("array", pd.DataFrame).shape[0] == 3
    assert run.unpack("n", int) == 3
    with pytest.raises(UnknownNameError, match="array"):
        run.unpack("arry")
    with pytest.raises(UnknownNameError, match="array"):
        run.artifact("n")
