"""The example with which the run model begins, on a real file with a real model, without its search over depths."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

import packagers
import packagers_runs as runs

TRAIN = """
import pandas as pd
from sklearn.tree import DecisionTreeClassifier


def train(data: pd.DataFrame, depth: int = 2):
    model = DecisionTreeClassifier(max_depth=depth, random_state=0)
    model.fit(data.drop(columns="target"), data["target"])
    return model.score(data.drop(columns="target"), data["target"]), model


def frame(data: pd.DataFrame):
    return data
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[runs.Store]:
    monkeypatch.chdir(tmp_path)
    Path("train_iris.py").write_text(TRAIN, encoding="utf-8")
    load_iris(as_frame=True).frame.to_csv("iris.csv", index=False)
    with runs.connect() as store:
        yield store
    sys.modules.pop("train_iris", None)


def train(depth: int) -> runs.RunObject:
    task = runs.new_task("grid", handler="train_iris.py:train", inputs={"data": "iris.csv"}, returns=["accuracy", "model : model"])
    return runs.new_function("trainer").run(task.with_params(depth=depth))


def test_the_example(store: runs.Store, tmp_path: Path) -> None:
    run = train(2)
    assert run.status.state == "completed"
    assert run.outputs == {"accuracy": pytest.approx(0.96), "model": f"store://models/default/model@{run.uid()}"}
    assert run.artifact("model").artifact_type == "model"
    model = run.unpack("model")
    assert isinstance(model, DecisionTreeClassifier)
    assert model.get_depth() == 2

    program = f"""
import json, packagers, packagers_runs as runs
run = runs.connect().get_run({run.uid()!r})
model = run.unpack("model")
print(json.dumps([run.outputs, run.status.state, model.get_depth(), packagers.unpack("store://models/model").get_depth()]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout) == [run.outputs, "completed", 2, 2]


def test_a_second_run_of_that_name_leaves_the_artifacts_of_the_first(store: runs.Store) -> None:
    first, second = train(2), train(4)
    assert first.metadata.name == second.metadata.name == "grid"
    assert [run.unpack("model").get_depth() for run in (first, second)] == [2, 4]
    assert [store.get_run(str(run.uid())).unpack("model").get_depth() for run in (first, second)] == [2, 4]
    assert packagers.unpack("store://models/default/model").get_depth() == 4
    assert first.unpack("accuracy") < second.unpack("accuracy")


def test_equal_data_is_stored_once(store: runs.Store) -> None:
    for _ in range(3):
        runs.new_function().run(handler="train_iris.py:frame", inputs={"data": "iris.csv"}, returns=["frame : dataset"])
    assert len(store.list_artifacts(key="frame")) == 3
    assert len(list(store.objects.digests())) == 1


def test_the_same_from_the_shell(store: runs.Store, tmp_path: Path) -> None:
    handler, inputs, returns = "train_iris.py:train", ["-i", "data=iris.csv", "-p", "depth=3"], ["-r", "accuracy", "-r", "model : model"]
    arguments = ["run", handler, *inputs, *returns, "--in-path", str(tmp_path), "--out-path", "out/{{project}}"]
    done = subprocess.run(
        [sys.executable, "-m", "packagers", "runs", *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = store.list_runs()
    assert run.unpack("model").get_depth() == 3
    assert run.spec.parameters == {"depth": 3}
    assert run.spec.inputs == {"data": str(tmp_path / "iris.csv")}
    assert packagers.unpack("out/default/model").get_depth() == 3
