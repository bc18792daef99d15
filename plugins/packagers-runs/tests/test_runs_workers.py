"""Runs in processes of their own: they outlive who began them, end in time with their children, and are tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers
from packagers_runs.errors import FieldError, RunError, RunTimeoutError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StateConflictError, StoreError

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from waiting import is_gone, until

FILE = """
import os, pathlib, subprocess, sys, time
from packagers_runs import current_context

def double(x, array=None):
    print("doubling", x)
    os.system("echo from a child")
    print("an error", file=sys.stderr)
    current_context().logger.info("logged")
    return 2 * x, os.getpid()

def fails(x):
    raise ValueError(f"{x} is wrong")

def waits(marker, child=False, stubborn=False):
    here = pathlib.Path(marker)
    pids = [os.getpid()]
    if child:
        pids.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
    (here.parent / "new").write_text(" ".join(map(str, pids)))
    (here.parent / "new").rename(here)
    while True:
        try:
            time.sleep(600)
        except BaseException:
            if not stubborn:
                raise

def flaky(counter):
    path = pathlib.Path(counter)
    tries = int(path.read_text()) if path.exists() else 0
    path.write_text(str(tries + 1))
    current_context().log_result("tries", tries)
    if tries < 2:
        raise OSError("not yet")
    return tries
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handlers_of_workers.py").write_text(FILE)
    with connect() as store:
        yield store
    for name in ("handlers_of_workers",):
        sys.modules.pop(name, None)
    sys.path[:] = [place for place in sys.path if place != str(tmp_path)]


def run(handler: str, **arguments: Any) -> RunObject:
    watch = arguments.pop("watch", False)
    return new_function(file="handlers_of_workers.py").run(handler=handler, watch=watch, **arguments)


def test_a_run_that_is_not_watched_goes_on_by_itself_and_its_log_is_followed(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    begun = run("double", params={"x": 4}, returns=["out", "pid"])
    assert begun.status.state in ("running", "completed")
    assert begun.wait_for_completion(sleep=0.1, timeout=60, show_logs=False) == "completed"
    assert begun.status.results["out"] == 8
    assert begun.status.results["pid"] != os.getpid()
    state, offset = begun.logs()
    text = capsys.readouterr().out
    assert state == "completed"
    assert offset == len(text.encode())
    for line in ("doubling 4", "from a child", "an error"):
        assert line in text.splitlines()
    assert "INFO packagers.runs.double: logged" in text


def test_a_run_outlives_the_process_that_began_it(store: Store, tmp_path: Path) -> None:
    program = """
        import os, signal
        from packagers_runs import connect, new_function
        connect()
        run = new_function(file="handlers_of_workers.py").run(handler="double", params={"x": 2}, returns=["out", None], watch=False)
        print(run.uid(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    found = RunObject.from_store(store, done.stdout.strip())
    assert found.wait_for_completion(sleep=0.1, timeout=60, show_logs=False) == "completed"
    assert found.status.results == {"out": 4}


def test_what_has_no_name_and_live_inputs_are_handed_over(store: Store) -> None:
    factor = 3
    begun = new_function().run(
        handler=lambda array, x: array * factor + x, inputs={"array": np.arange(3)}, params={"x": 1}, returns=["out"], watch=False
    )
    begun.wait_for_completion(sleep=0.1, timeout=60, show_logs=False)
    assert begun.unpack("out").tolist() == [1, 4, 7]
    assert list(store.objects.staging.iterdir()) == []


def test_a_failure_in_another_process_is_told_here(store: Store) -> None:
    begun = run("fails", params={"x": 5})
    with pytest.raises(RunError, match="ValueError: 5 is wrong") as caught:
        begun.wait_for_completion(sleep=0.1, timeout=60, show_logs=False)
    assert caught.value.error_type == "ValueError"
    assert "in fails" in caught.value.traceback


def test_a_worker_that_cannot_begin_is_told_with_what_it_said(store: Store, tmp_path: Path) -> None:
    (tmp_path / "handlers_of_workers.py").write_text(FILE + "\nimport os\nif os.environ.get('BROKEN'): raise RuntimeError('broken file')\n")
    begun = run("double", params={"x": 1}, returns=["out", None])
    begun.wait_for_completion(sleep=0.1, timeout=60, show_logs=False)
    os.environ["BROKEN"] = "1"
    try:
        with pytest.raises(Exception, match="broken file"):
            run("double", params={"x": 1}, returns=["out", None])
    finally:
        del os.environ["BROKEN"]
    assert [document["status"]["state"] for document in store.documents()] == ["error", "completed"]


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_handler_that_takes_too_long_is_ended_and_its_children_too(store: Store, tmp_path: Path, stubborn: bool) -> None:
    task = new_task(handler="waits", params={"marker": str(tmp_path / "pids"), "child": True, "stubborn": stubborn})
    task.spec.state_thresholds = {"executing": "3s"}
    with pytest.raises(RunError, match=r"ended as aborted: .*executing took longer than 3 s") as caught:
        new_function(file="handlers_of_workers.py").run(task)
    assert caught.value.run.status.reason == "executing took longer than 3 s"
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]  # mypy sees no default in a lambda


def test_a_limit_holds_for_a_run_that_is_not_watched_too(store: Store, tmp_path: Path) -> None:
    task = new_task(handler="waits", params={"marker": str(tmp_path / "pids")})
    task.spec.state_thresholds = {"executing": "2s"}
    begun = new_function(file="handlers_of_workers.py").run(task, watch=False)
    assert begun.wait_for_completion(sleep=0.1, timeout=60, raise_on_failure=False, show_logs=False) == "aborted"
    until(lambda: is_gone(int((tmp_path / "pids").read_text())))


def test_a_limit_that_is_kept_changes_nothing(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    task = new_task(handler="double", params={"x": 4}, returns=["out", None])
    task.spec.state_thresholds = {"executing": "10m"}
    done = new_function(file="handlers_of_workers.py").run(task)
    assert (done.status.state, done.status.results) == ("completed", {"out": 8})
    assert "doubling 4" in capsys.readouterr().out


def test_a_run_is_aborted_from_another_process(store: Store, tmp_path: Path) -> None:
    begun = run("waits", params={"marker": str(tmp_path / "pids"), "child": True})
    pids = [int(pid) for pid in until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text()).split()]
    assert RunObject.from_store(store, str(begun.uid())).abort() in ("aborting", "aborted")
    assert begun.wait_for_completion(sleep=0.1, timeout=60, raise_on_failure=False, show_logs=False) == "aborted"
    assert begun.status.reason == "aborted"
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]
    with pytest.raises(StateConflictError):
        begun.abort()


def test_a_killed_worker_is_lost_at_once(store: Store, tmp_path: Path) -> None:
    begun = run("waits", params={"marker": str(tmp_path / "pids")})
    pid = int(until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text()))
    os.kill(pid, signal.SIGKILL)
    until(lambda: is_gone(pid))
    assert (begun.state(), begun.status.reason) == ("error", "lost")


@pytest.mark.parametrize(("number", "reason"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_signals_abort_a_run_in_the_foreground(store: Store, tmp_path: Path, number: int, reason: str) -> None:
    program = """
        from packagers_runs import connect, new_function
        connect()
        new_function(file="handlers_of_workers.py").run(handler="waits", params={"marker": "pids"})
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stderr=subprocess.PIPE, cwd=tmp_path)
    until(lambda: (tmp_path / "pids").exists())
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0, said
    (document,) = store.documents()
    assert (document["status"]["state"], document["status"]["reason"]) == ("aborted", reason)


@pytest.mark.parametrize("watch", [True, False])
def test_a_run_is_tried_again_and_each_attempt_begins_anew(store: Store, tmp_path: Path, watch: bool) -> None:
    done = run("flaky", params={"counter": str(tmp_path / "n")}, returns=["out"], retry={"count": 2}, watch=watch)
    done.wait_for_completion(sleep=0.1, timeout=60, show_logs=False)
    assert done.status.results == {"tries": 2, "out": 2}
    assert (done.status.retry_count, done.status.error) == (2, None)
    assert store.attempt(str(done.uid())) == 3


def test_the_last_attempt_decides(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not yet") as caught:
        run("flaky", params={"counter": str(tmp_path / "n")}, retry={"count": 1}, watch=True)
    assert (caught.value.run.status.state, caught.value.run.status.retry_count) == ("error", 1)
    assert isinstance(caught.value.__cause__, OSError)
    assert (tmp_path / "n").read_text() == "2"


def test_waiting_ends_in_time(store: Store, tmp_path: Path) -> None:
    begun = run("waits", params={"marker": str(tmp_path / "pids")})
    start = time.monotonic()
    with pytest.raises(RunTimeoutError, match="still running after 2 s"):
        begun.wait_for_completion(timeout=2, sleep=0.5, show_logs=False)
    assert time.monotonic() - start < 2.6  # the deadline that the call itself promises
    begun.abort()
    begun.wait_for_completion(sleep=0.1, timeout=60, raise_on_failure=False, show_logs=False)


def test_a_store_in_memory_has_no_workers() -> None:
    with connect("memory://") as store, pytest.raises(StoreError, match="memory"):
        new_function().run(handler=print, watch=False, store=store)


def test_a_limit_on_what_does_not_happen_here_is_told(store: Store) -> None:
    task = new_task(handler="double", params={"x": 1}, returns=["out", None])
    task.spec.state_thresholds = {"pending_scheduled": "1h", "executing": "-1"}
    with pytest.warns(packagers.PackagersWarning, match="pending_scheduled"):
        new_function(file="handlers_of_workers.py").run(task)


def test_a_threshold_that_does_not_exist_is_refused(store: Store) -> None:
    task = new_task(handler="double")
    with pytest.raises((FieldError, ValueError), match="executing"):
        task.spec.state_thresholds = {"exectuing": "1h"}
