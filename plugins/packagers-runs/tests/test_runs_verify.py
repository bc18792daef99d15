"""A run is run again from what was recorded, and every output is identical, equal, or different, and it is said where."""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import packagers
from packagers_runs.cli.group import runs as commands
from packagers_runs.errors import FieldError, RunError, RunNotFoundError
from packagers_runs.models.template import new_task
from packagers_runs.running.context import current_context
from packagers_runs.running.launching import new_function
from packagers_runs.running.verifying import Verification
from packagers_runs.runstore import Store, connect, current_store
from packagers_runs.store.errors import StateConflictError

FILE = """
import pathlib, random
import numpy as np

def made(data: pathlib.Path, seed=None):
    generator = random.Random(seed)
    text = data.read_text()
    return np.arange(5) * len(text), {"n": [1, generator.random()]}, generator.random(), float("nan")
"""
RETURNS = ["array", "model : object", "score", "missing"]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subject_of_verify.py").write_text(FILE)
    (tmp_path / "data.txt").write_text("some text")
    with connect() as store:
        yield store
    forget(tmp_path)


def forget(folder: Path) -> None:
    sys.modules.pop("subject_of_verify", None)
    sys.path[:] = [place for place in sys.path if place != str(folder)]


def launched(**params: Any) -> str:
    arguments: dict[str, Any] = {"handler": "made", "inputs": {"data": "data.txt"}, "params": params, "returns": RETURNS}
    return str(new_function(file="subject_of_verify.py").run(**arguments).uid())


def verdicts(found: Verification) -> dict[str, str]:
    return {each.key: each.verdict for each in found.outputs}


def test_what_is_made_the_same_way_every_time_is_identical(store: Store) -> None:
    found = store.verify(launched(seed=1))
    assert verdicts(found) == dict.fromkeys(("array", "model", "score", "missing"), "identical")
    assert (found.is_same, found.changed, found.error) == (True, (), "")


def test_what_is_made_by_chance_is_different_and_it_is_said_where(store: Store) -> None:
    uid = launched()
    found = store.verify(uid)
    assert verdicts(found) == {"array": "identical", "model": "different", "score": "different", "missing": "identical"}
    assert not found.is_same
    outputs = {each.key: each for each in found.outputs}
    (difference,) = outputs["model"].differences
    assert difference.where == "['n'][1]"
    assert difference.before == repr(store.get_run(uid).unpack("model")["n"][1])
    assert outputs["score"].differences[0].before == repr(store.get_run(uid).outputs["score"])


def test_the_command_ends_with_1_where_something_is_different(store: Store) -> None:
    same, other = launched(seed=1), launched()
    done = CliRunner().invoke(commands, ["verify", same[:8], "--json"])
    assert (done.exit_code, json.loads(done.stdout)["is_same"]) == (0, True)
    done = CliRunner().invoke(commands, ["verify", other])
    assert done.exit_code == 1
    assert any(line.startswith("model\tartifact\tdifferent\t['n'][1]\t") for line in done.stdout.splitlines()), done.stdout
    done = CliRunner().invoke(commands, ["verify", other, "--json"])
    assert done.exit_code == 1
    model = next(each for each in json.loads(done.stdout)["outputs"] if each["key"] == "model")
    assert model["differences"][0]["where"] == "['n'][1]"


class Stamped(packagers.Packager):
    """Writes the time beside the value, so that equal values have other bytes."""

    def pack_object(self, obj: Any, folder: Path) -> packagers.Instructions:
        """Write both."""
        (folder / "value.json").write_text(json.dumps([obj.value, time.time_ns(), random.SystemRandom().random()]))
        return {}

    def unpack_object(self, folder: Path) -> Any:
        """Read the value."""
        return Value(json.loads((folder / "value.json").read_text())[0])


class Value:
    def __init__(self, value: Any) -> None:
        self.value = value


def test_other_bytes_that_unpack_to_the_same_are_equal(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = tmp_path / "stamped.py"
    source = Path(__file__).read_text()
    begin, end = source.index("class Stamped"), source.index("def test_other_bytes")
    head = "import json, random, time\nfrom pathlib import Path\nfrom typing import Any\nimport packagers\n"
    values.write_text(head + source[begin:end] + "def make(x):\n    return Value(x)\n")
    (tmp_path / "pyproject.toml").write_text('[tool.packagers.types]\n"stamped.Value" = "stamped:Stamped"\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    run = new_function().run(handler="stamped.py:make", params={"x": 3}, returns=["value : object"])
    found = store.verify(str(run.uid()))
    assert verdicts(found) == {"value": "equal"}
    assert found.is_same
    values.write_text(values.read_text().replace("Value(x)", "Value(x + 1)"))
    sys.modules.pop("stamped")
    (difference,) = store.verify(str(run.uid())).outputs[0].differences
    assert difference == (".value", "3", "4")
    sys.modules.pop("stamped")


def test_what_has_changed_since_is_said(store: Store, tmp_path: Path) -> None:
    uid = launched(seed=1)
    (tmp_path / "data.txt").write_text("longer than it was")
    found = store.verify(uid)
    assert found.changed == ("the input 'data' (data.txt) has changed since",)
    assert verdicts(found)["array"] == "different"
    (tmp_path / "data.txt").write_text("some text")
    (tmp_path / "subject_of_verify.py").write_text(FILE.replace("* len", "- len"))
    forget(tmp_path)
    found = store.verify(uid)
    assert found.changed == (f"the handler {tmp_path}/subject_of_verify.py:made is not what it was",)
    (tmp_path / "data.txt").unlink()
    with pytest.raises(packagers.PackagersError, match=r"data\.txt|'data'"):
        store.verify(uid)


def test_nothing_of_it_is_recorded(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = tmp_path / "seen"

    def handler(context: Any, x: Any) -> Any:
        assert current_store().database.url == context._run._store.database.url
        context.log_artifact("part", np.arange(3))
        context.log_result("five", 5)
        context.commit("half")
        seen.write_text(f"{context.uid} {context.name} {current_context() is context}")
        return x.sum(), x

    returns = ["sum", {"key": "array", "artifact_path": str(tmp_path / "other")}]
    task = new_task(handler=handler, inputs={"x": np.arange(4)}, returns=returns, out_path=str(tmp_path / "out"))
    uid = str(new_function().run(task).uid())
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"part"}
    assert {path.name for path in (tmp_path / "other").iterdir()} == {"array"}
    said = seen.read_text()
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / "other")
    before = (store.documents(iterations=True), store.list_artifacts(), list(store.objects.digests()), store.log(uid))
    found = store.verify(uid)
    assert (found.is_same, set(verdicts(found))) == (True, {"part", "five", "sum", "array"}), found
    assert seen.read_text() == said
    assert (store.documents(iterations=True), store.list_artifacts(), list(store.objects.digests()), store.log(uid)) == before
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "other").exists()
    assert current_store() is store


def test_nobody_is_told_of_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    task = new_task(handler=np.sum, params={"a": [1, 2]}, returns=["sum"])
    task.spec.notifications = [{"kind": "console", "name": "n", "when": ["completed"], "message": "it has been told"}]
    run = new_function().run(task)
    assert "it has been told" in capsys.readouterr().out
    assert store.verify(str(run.uid())).is_same
    assert "it has been told" not in capsys.readouterr().out


def test_a_run_that_fails_this_time_is_not_the_same(store: Store, tmp_path: Path) -> None:
    flag = tmp_path / "flag"

    def handler() -> int:
        if flag.exists():
            raise OSError("not again")
        return 1

    run = new_function().run(new_task(handler=handler, returns=["one"], retry={"count": 3}))
    flag.touch()
    found = store.verify(str(run.uid()))
    assert (found.is_same, found.error) == (False, "OSError: not again")
    assert found.outputs[0].differences == (("", "there", "—"),)
    done = CliRunner().invoke(commands, ["verify", str(run.uid())])
    assert (done.exit_code, "it failed this time: OSError: not again" in done.stdout) == (1, True)


def test_only_what_has_completed_can_come_out_again(store: Store) -> None:
    with pytest.raises(RunError):
        new_function().run(handler=lambda: 1 / 0)
    with pytest.raises(StateConflictError, match="is error, and only what has completed"):
        store.verify(str(store.documents()[0]["metadata"]["uid"]))
    with pytest.raises(RunNotFoundError):
        store.verify("0" * 32)


def test_secrets_come_from_their_sources_and_not_from_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(context: Any) -> Any:
        return len(context.get_secret("TOKEN")), {"token": context.get_secret("TOKEN"), "n": [1]}

    monkeypatch.setenv("TOKEN", "s3cr3t-value")
    task = new_task(handler=handler, returns=["length", "told : object"])
    run = new_function().run(new_task(base=task).with_secrets("env", "TOKEN"))
    assert store.verify(str(run.uid())).is_same
    monkeypatch.setenv("TOKEN", "other-value!")
    found = store.verify(str(run.uid()))
    assert verdicts(found) == {"length": "identical", "told": "different"}
    assert "other-value!" not in json.dumps(found.to_dict())
    run = new_function().run(task.with_secrets("inline", {"TOKEN": "s3cr3t-value"}))
    with pytest.raises(FieldError, match="inline secrets"):
        store.verify(str(run.uid()))


def test_tables_and_artifacts_of_other_runs_come_again(store: Store) -> None:
    new_function().run(handler=lambda: pd.DataFrame({"a": [1.0, None]}), returns=["table"])
    run = new_function().run(handler=doubled, inputs={"table": "store://table"}, returns=["table"])
    new_function().run(handler=lambda: pd.DataFrame({"b": ["newer"]}), returns=["table"])
    found = store.verify(str(run.uid()))
    assert verdicts(found) == {"table": "identical"}
    assert found.changed == ()


def doubled(table: pd.DataFrame) -> pd.DataFrame:
    return table * 2


def test_the_children_of_a_handler_go_nowhere_either(store: Store, tmp_path: Path) -> None:
    def handler(context: Any) -> None:
        for depth in (1, 2):
            with context.get_child_context(depth=depth) as child:
                child.log_artifact("part", np.arange(depth))
                child.log_result("score", depth)

    task = new_task(handler=handler, out_path=str(tmp_path / "out"))
    task.with_hyper_params({}, selector="max.score", strategy="custom")
    run = new_function().run(task)
    assert {"1", "2"} <= {path.name for path in (tmp_path / "out").iterdir()}
    shutil.rmtree(tmp_path / "out")
    before = store.documents(iterations=True)
    found = store.verify(str(run.uid()))
    assert found.is_same, found
    assert not (tmp_path / "out").exists()
    assert store.documents(iterations=True) == before
