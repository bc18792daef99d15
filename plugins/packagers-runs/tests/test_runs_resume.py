"""A run goes on where it stopped: what would do the same again is not run again, and nothing is run twice."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import packagers_runs.running.resuming as resuming
from packagers_runs.cli.group import runs as commands
from packagers_runs.errors import RunError, RunNotFoundError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StateConflictError

FILE = """
import os, pathlib, signal, time

def count(data: pathlib.Path, x=1):
    with open("counted", "a") as file:
        file.write(".")
    if pathlib.Path("broken").exists():
        raise OSError("broken")
    if pathlib.Path("deadly").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    while pathlib.Path("slow").exists():
        time.sleep(0.01)
    return int(data.read_text()) * x
"""
LAUNCH = """
import sys
from packagers_runs import connect, new_function
connect(sys.argv[1])
run = new_function(file="subject_of_resume.py").run(handler="count", inputs={"data": "data.txt"}, returns=["out"])
"""
RESUME = """
import sys
from packagers_runs import connect
from packagers_runs.store.errors import StateConflictError
try:
    print(connect(sys.argv[1]).resume(sys.argv[2]).outputs)
except StateConflictError as conflict:
    print(conflict)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subject_of_resume.py").write_text(FILE)
    (tmp_path / "data.txt").write_text("3")
    yield tmp_path
    forget(tmp_path)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with connect() as store:
        yield store


def forget(folder: Path) -> None:
    sys.modules.pop("subject_of_resume", None)
    sys.path[:] = [place for place in sys.path if place != str(folder)]


def launched(**arguments: Any) -> RunObject:
    given: dict[str, Any] = {"handler": "count", "inputs": {"data": "data.txt"}, "returns": ["out"], **arguments}
    return new_function(file="subject_of_resume.py").run(new_task(**given))


def counted() -> int:
    return len(Path("counted").read_text())


def uid_of(store: Store) -> str:
    return str(store.documents()[0]["metadata"]["uid"])


def test_what_has_completed_and_would_do_the_same_is_given_back(store: Store) -> None:
    run = launched()
    again = store.resume(str(run.uid()))
    assert again.to_dict() == run.to_dict()
    assert (counted(), store.attempt(str(run.uid()))) == (1, 1)


def change_of_data(folder: Path) -> None:
    (folder / "data.txt").write_text("4")


def change_of_source(folder: Path) -> None:
    (folder / "subject_of_resume.py").write_text(FILE.replace("* x", "+ x"))
    forget(folder)


@pytest.mark.parametrize("change", [change_of_data, change_of_source])
def test_what_would_do_something_else_by_now_runs_again(change: Callable[[Path], None], store: Store, folder: Path) -> None:
    uid = str(launched().uid())
    change(folder)
    again = store.resume(uid)
    assert (again.outputs, counted(), store.attempt(uid)) == ({"out": 4}, 2, 2)
    assert store.resume(uid).outputs == {"out": 4}
    assert counted() == 2


def test_what_has_failed_goes_on_in_the_next_attempt(store: Store, folder: Path) -> None:
    (folder / "broken").touch()
    with pytest.raises(RunError, match="broken"):
        launched()
    with pytest.raises(RunError, match="broken"):
        store.resume(uid_of(store))
    (folder / "broken").unlink()
    again = store.resume(uid_of(store))
    assert (again.outputs, again.status.retry_count, again.error, counted()) == ({"out": 3}, 2, "", 3)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_run_that_was_killed_goes_on_in_another_process(kind: str, new_database: Callable[[str], str], folder: Path) -> None:
    url = new_database(kind)
    (folder / "deadly").touch()
    done = subprocess.run([sys.executable, "-c", LAUNCH, url], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (folder / "deadly").unlink()
    with connect(url) as store:
        uid = uid_of(store)
        assert store.document(uid)["status"]["reason"] == "lost"
        assert store.resume(uid).outputs == {"out": 3}
    assert counted() == 2


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_that_resume_one_run_at_once_run_it_once(kind: str, new_database: Callable[[str], str], folder: Path) -> None:
    url = new_database(kind)
    (folder / "broken").touch()
    with connect(url) as store, pytest.raises(RunError):
        launched()
    (folder / "broken").unlink()
    (folder / "slow").touch()
    with connect(url) as store:
        uid = uid_of(store)
        command = [sys.executable, "-c", RESUME, url, uid]
        processes = [subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(4)]
        end = time.monotonic() + 60
        while sum(process.poll() is not None for process in processes) < 3:  # all but one have found that another one has it
            assert time.monotonic() < end, "the others wait"
            time.sleep(0.02)
        (folder / "slow").unlink()
        said = [process.communicate()[0].strip() for process in processes]
        assert sum(text == "{'out': 3}" for text in said) == 1, said
        assert sum("is running" in text for text in said) == 3, said
        assert (counted(), store.attempt(uid)) == (2, 2)
        assert store.resume(uid).outputs == {"out": 3}
    assert counted() == 2


@pytest.mark.parametrize("state", ["error", "completed", "pending"])
def test_whoever_was_slower_gets_what_the_faster_one_did(state: str, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at a run and its taking another one does all of it."""
    if state == "error":
        (folder / "broken").touch()
    with contextlib.suppress(RunError):
        launched()
    (folder / "broken").unlink(missing_ok=True)
    uid = uid_of(store)
    if state == "completed":
        change_of_data(folder)
    if state == "pending":
        document = store.document(uid)
        document["metadata"]["uid"] = uid = "0" * 32
        document["status"] = {"state": "pending"}
        store.begin(document, owned=False)
    before = counted()
    look = resuming.mark

    def slow(job: Any) -> None:
        look(job)
        monkeypatch.setattr(resuming, "mark", look)
        store.resume(uid)

    monkeypatch.setattr(resuming, "mark", slow)
    again = store.resume(uid)
    assert (again.status.state, counted()) == ("completed", before + 1)


def test_a_run_that_another_process_has_in_hand_is_left_to_it(store: Store) -> None:
    run = launched()
    document = run.to_dict()
    document["metadata"]["uid"] = "0" * 32
    document["status"] = {"state": "running"}
    store.begin(document)
    for go_on in (store.resume, store.retry):
        with pytest.raises(StateConflictError, match="is running"):
            go_on("0" * 32)
    with pytest.raises(RunNotFoundError):
        store.resume("1" * 32)
    assert counted() == 1


def test_retry_says_what_to_do_with_a_run_that_has_completed(store: Store) -> None:
    uid = str(launched().uid())
    with pytest.raises(StateConflictError, match="only one that has failed") as caught:
        store.retry(uid)
    assert "resume()" in str(caught.value.remedy)
    assert "verify()" in str(caught.value.remedy)
    assert store.attempt(uid) == 1


def test_latest_goes_on_to_mean_what_it_meant_when_the_run_began(store: Store, folder: Path) -> None:
    first = new_function().run(handler=lambda: [1, 2], returns=["data : object"])
    (folder / "broken").touch()
    (folder / "reading.py").write_text(
        "import pathlib\ndef read(data: list):\n    if pathlib.Path('broken').exists(): raise OSError\n    return sum(data)\n"
    )
    with pytest.raises(RunError):
        new_function().run(handler="reading.py:read", inputs={"data": "store://data"}, returns=["sum"])
    uid = uid_of(store)
    assert store.document(uid)["spec"]["inputs"] == {"data": first.outputs["data"]}
    new_function().run(handler=lambda: [10, 20], returns=["data : object"])
    (folder / "broken").unlink()
    assert store.resume(uid).outputs == {"sum": 3}
    sys.modules.pop("reading")


def test_relative_paths_mean_those_of_the_launch_wherever_it_goes_on(
    store: Store, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = launched()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert store.resume(str(run.uid())).status.retry_count is None
    assert store.verify(str(run.uid())).changed == ()
    change_of_data(folder)
    assert store.resume(str(run.uid())).outputs == {"out": 4}
    assert store.get_run(str(run.uid())).spec.inputs == {"data": "data.txt"}


def test_a_name_that_was_kept_nowhere_else_is_found_by_the_command(store: Store, folder: Path) -> None:
    (folder / "broken").touch()
    with pytest.raises(RunError):
        launched()
    uid = uid_of(store)
    told = CliRunner().invoke(commands, ["resume", uid[:8], "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["status"]["state"] == "error"
    (folder / "broken").unlink()
    told = CliRunner().invoke(commands, ["resume", "last", "--json"])
    assert (told.exit_code, json.loads(told.stdout)["status"]["results"]) == (0, {"out": 3})
    assert CliRunner().invoke(commands, ["resume", "last"]).exit_code == 0
    assert counted() == 3


def test_modules_of_the_working_directory_are_found_by_the_commands(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": ""}

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = "from packagers_runs.cli.group import runs; runs()"
        return subprocess.run(
            [sys.executable, "-P", "-c", program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    (folder / "broken").touch()
    assert command("run", "subject_of_resume:count", "-i", "data=data.txt", "-r", "out").returncode == 1
    (folder / "broken").unlink()
    for arguments in (("retry", "last"), ("resume", "last"), ("verify", "last")):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
