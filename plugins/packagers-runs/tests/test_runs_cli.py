"""``packagers runs``: from the shell, in fresh processes and as one reads it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from packagers import PackagersWarning
from packagers_runs.cli.group import runs
from packagers_runs.errors import RunError
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

FILE = """
import os, pathlib

def train(data: "list", depth: int = 2):
    print("training", depth)
    return len(data) * depth, data

def fails():
    if os.environ.get("FIXED"):
        return 1
    raise ValueError("not fixed")

def told(text):
    return text

def refuses(text):
    raise ValueError(text)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "handlers_of_cli.py").write_text(FILE)
    (tmp_path / "data.json").write_text("[1, 2, 3]")
    yield tmp_path
    sys.modules.pop("handlers_of_cli", None)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with connect() as store:
        yield store


def command(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(runs, arguments)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def json_of(*arguments: str, code: int = 0) -> Any:
    return json.loads(command(*arguments, "--json", code=code).stdout)


TRAIN = ("run", "handlers_of_cli.py:train", "-i", "data=data.json", "-p", "depth=3", "-r", "size", "-r", "copy : file")


def test_in_a_shell(folder: Path) -> None:
    program = [str(Path(sys.executable).with_name("packagers")), "runs"]
    done = subprocess.run([*program, *TRAIN, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["status"]["results"] == {"size": 9}
    assert "training 3" in done.stderr
    listed = subprocess.run([*program, "ls"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split("\t")[1:4] for line in listed] == [["name", "project", "state"], ["train", "default", "completed"]]
    failed = subprocess.run([*program, "run", "handlers_of_cli.py:fails"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "ValueError: not fixed" in failed.stderr
    assert "Traceback" not in failed.stderr
    near = subprocess.run([*program, "lss"], capture_output=True, text=True, check=False)
    assert near.returncode == 2
    assert "Did you mean 'ls'?" in near.stderr


def test_a_run_is_shown_by_the_beginning_of_its_uid(folder: Path) -> None:
    text = command(*TRAIN, "-n", "first", "-l", "colour=red", "--run-project", "shop").output
    assert "training 3" in text
    for cells in (["state", "completed"], ["size", "9"], ["depth", "3"], ["label colour", "red"], ["project", "shop"]):
        assert "\t".join(cells) in text
    uid = json_of("ls")[0]["metadata"]["uid"]
    for name in (uid, uid[:6], "last"):
        assert json_of("show", name)["metadata"]["uid"] == uid
    assert f"store://shop/copy@{uid}" in command("show", "last").output
    assert f"uid: {uid}" in command("show", "last", "--yaml").output
    assert command("logs", "last").output == "training 3\n"
    assert command("logs", "last", "--offset", "9").output == "3\n"
    assert command("logs", "last", "-f").output == "training 3\n"
    assert json_of("logs", "last", "-f", "--offset", "9") == {"uid": uid, "state": "completed", "log": "3\n", "offset": 11}


def test_what_is_listed_can_be_narrowed(store: Store) -> None:
    for number in range(3):
        task = {"handler": lambda: (0.1 + 0.2, "x" * 50), "returns": ["a", "text"]}
        new_function().run(**task, name=f"run-{number}", project="p" if number else None)
    assert [document["metadata"]["name"] for document in json_of("ls")] == ["run-2", "run-1", "run-0"]
    assert [document["metadata"]["name"] for document in json_of("ls", "--run-project", "p", "--limit", "1")] == ["run-2"]
    assert len(json_of("ls", "-n", "run-1", "-s", "completed", "-l", "kind=local")) == 1
    assert json_of("ls", "-s", "error") == []
    assert "completed" in command("ls", "-s", "compleetd", code=1).exception.remedy  # type: ignore[union-attr]
    assert "a=0.3 " in command("ls").output


def test_a_failed_run_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json_of("run", "handlers_of_cli.py:fails", "-r", "out", "--retries", "1", code=1)
    assert (document["status"]["state"], document["status"]["retry_count"]) == ("error", 1)
    assert command("retry", "last", code=1).exception.error_type == "ValueError"  # type: ignore[union-attr]
    monkeypatch.setenv("FIXED", "1")
    again = json_of("retry", "last")
    assert again["metadata"]["uid"] == document["metadata"]["uid"]
    assert (again["status"]["state"], again["status"]["results"]) == ("completed", {"out": 1})
    assert "only one that has failed" in str(command("retry", "last", code=1).exception)


def test_what_cannot_be_found_again_is_not_tried_again(store: Store) -> None:
    lock = threading.Lock()

    def broken(data: Any = None) -> None:
        raise ValueError(lock)

    for arguments, says in (
        ({"handler": broken}, "no name"),
        ({"handler": "handlers_of_cli.py:refuses", "inputs": {"text": [lock]}}, "object"),
    ):
        with pytest.raises(RunError), pytest.warns(PackagersWarning, match="cannot be kept"):
            new_function().run(**arguments)
        assert says in str(command("retry", "last", code=1).exception)


def test_a_detached_run_is_followed_and_aborted(folder: Path) -> None:
    (folder / "handlers_of_cli.py").write_text("import time\ndef waits():\n    print('here', flush=True)\n    time.sleep(600)\n")
    document = json_of("run", "handlers_of_cli.py:waits", "-d", "--limit", "10m")
    assert document["status"]["state"] == "running"
    uid = document["metadata"]["uid"]
    assert command("abort", uid[:8]).output in (f"{uid} is aborting\n", f"{uid} is aborted\n")
    command("logs", uid, "-f")
    assert json_of("show", uid)["status"]["state"] == "aborted"
    command("abort", uid, code=1)


def test_making_room(store: Store) -> None:
    for _ in range(3):
        new_function().run(handler=lambda: b"x", returns=["data : file"])
    uid = store.documents()[0]["metadata"]["uid"]
    assert command("rm", "last").output == f"{uid} is removed\n"
    assert command("gc").output == "0 objects and 0 remains of crashes are removed\n"
    assert json_of("gc") == {"objects": 0, "remains": 0}
    assert command("prune", "--older-than", "1h").output == "0 runs are removed\n"
    assert command("prune", "--older-than", "0s").output == "2 runs are removed\n"
    assert list(store.objects.digests()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("ls",), 2, "There is no store at"),
        (("run", "handlers_of_cli.py:train", "-i", "data"), 2, "NAME=VALUE"),
        (("run", "handlers_of_cli.py:train", "-p", "a=1", "-p", "a=2"), 2, "given twice"),
        (("run", "handlers_of_cli.py:train", "-p", "dpeth=1"), 1, "dpeth"),
        (("run", "handlers_of_cli.py:train", "--limit", "soon"), 1, "executing"),
        (("show", "0000"), 2, "There is no store at"),
        (("ls", "--store", "sqlite:///elsewhere/runs.db"), 2, "elsewhere/runs.db"),
    ],
)
def test_mistakes_are_told(folder: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    result = command(*arguments, code=code)
    assert says in result.output + str(result.exception)
    assert not (folder / "elsewhere").exists()


def test_a_uid_that_is_none_or_several_is_told(store: Store) -> None:
    for _ in range(2):
        new_function().run(handler=lambda: None)
    assert "there is no run 'zz'" in str(command("show", "zz", code=1).exception)
    assert "2 runs begin with ''" in str(command("show", "", code=1).exception)


def test_no_text_of_a_run_has_an_effect_on_the_terminal(store: Store) -> None:
    new_function().run(handler=lambda: "a\x1b[31m\u202eb", returns=["text"], params={}, name="n")
    new_function().run(handler="handlers_of_cli.py:told", params={"text": "a\x1b]0;title\x07"}, returns=["text"])
    for arguments in (("ls",), ("show", "last")):
        output = command(*arguments).output
        assert "\x1b" not in output
        assert "\u202e" not in output
    assert "\\x1b" in command("show", "last").output


def test_hyper_parameters_from_the_shell(folder: Path) -> None:
    tuned = (*TRAIN[:4], "-r", "size", "-r", "None", "--hyper", "depth=2,4,3", "--selector", "max.size")
    done = json_of("run", *tuned[1:])
    assert done["status"]["iterations"][1:] == [["completed", number, depth, 3 * depth] for number, depth in ((1, 2), (2, 4), (3, 3))]
    assert done["status"]["results"] == {"size": 12, "best_iteration": 2}
    assert json_of("show", "last#3")["spec"]["parameters"] == {"depth": 3}
    assert "training 4" in command("logs", "last#2").output
    (folder / "values.csv").write_text("depth\n7\n")
    filed = json_of("run", *TRAIN[1:4], "-r", "size", "-r", "None", "--param-file", "values.csv")
    assert filed["status"]["iterations"][1] == ["completed", 1, 7, 21]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--hyper", "dpeth=1,2"), "Did you mean 'depth'"),
        (("--hyper", "depth=1,2", "--selector", "max.sise"), "Did you mean 'size'"),
        (("--hyper", "depth=1,2", "--stop", "size > "), "condition"),
        (("--hyper", "depth=1,2", "--strategy", "gird"), "Did you mean 'grid'"),
        (("--hyper", "depth=1,2", "--max-iterations", "3"), "max_iterations has no meaning"),
        (("--hyper", "depth=1", "--param-file", "x.csv"), "both give values"),
        (("--parallel", "2"), "--parallel has no meaning without --hyper"),
        (("--hyper", "depth"), "NAME=VALUE"),
    ],
)
def test_options_of_hyper_parameters_that_mean_nothing(folder: Path, options: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(runs, [*TRAIN[:4], "-r", "size", "-r", "None", *options])
    assert done.exit_code != 0
    assert says in f"{done.output} {done.exception}"
    with connect() as store:
        assert store.documents() == []
