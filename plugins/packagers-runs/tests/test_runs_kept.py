"""What no document can say is kept with the run: a lambda, a closure, a live object; another process goes on with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packagers import PackagersWarning, UntrustedPackageError
from packagers_runs.errors import FieldError, HandlerError, RunError, RunsError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.launching import new_function
from packagers_runs.running.preparing import prepare
from packagers_runs.running.workers import start_worker
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.liveness import this_process

LAUNCH = """
import functools, pathlib, sys
import numpy as np
from packagers_runs import connect, new_function
from packagers_runs.errors import RunError

FACTOR = 3

def helper(array, factor):
    if not pathlib.Path("ready").exists():
        raise OSError("not yet")
    return (array * factor).tolist()

class Scaler:
    def __init__(self, factor):
        self.factor = factor
    def __call__(self, array):
        return helper(array, self.factor)

def made(factor):
    def local(array):
        return helper(array, factor)
    return local

HANDLERS = {
    "lambda": lambda array: helper(array, FACTOR),
    "closure": made(3),
    "partial": functools.partial(helper, factor=3),
    "object": Scaler(3),
    "method": Scaler(3).__call__,
}
connect(sys.argv[1])
for name in sys.argv[2:]:
    try:
        new_function().run(handler=HANDLERS[name], inputs={"array": np.arange(3)}, returns=["out"])
    except RunError as error:
        print(error.uid)
"""
RETRY = """
import sys
from packagers_runs import connect
store = connect(sys.argv[1])
for uid in sys.argv[2:]:
    print(store.retry(uid).outputs["out"])
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def fresh(program: str, *arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh process, from a file, so that it has a ``__main__`` of its own."""
    (folder / "program.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "program.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_whatever_is_run_goes_on_in_another_process(tmp_path: Path) -> None:
    url, kinds = f"sqlite:///{tmp_path}/runs.db", ["lambda", "closure", "partial", "object", "method"]
    begun = fresh(LAUNCH, url, *kinds, folder=tmp_path)
    assert len(begun.stdout.split()) == len(kinds), begun.stderr
    (tmp_path / "ready").touch()
    done = fresh(RETRY, url, *begun.stdout.split(), folder=tmp_path)
    assert done.stdout.splitlines() == ["[0, 3, 6]"] * len(kinds), done.stderr


def test_a_handler_that_somebody_else_has_packed_is_refused_with_the_reason(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    begun = fresh(LAUNCH, url, "lambda", folder=tmp_path, PACKAGERS_SIGNING_KEY="11" * 32)
    assert begun.returncode == 0, begun.stderr
    uid = begun.stdout.strip()
    with connect(url) as store, pytest.raises(UntrustedPackageError, match="sign") as caught:
        store.retry(uid)
    assert any("kept as store://" in note for note in caught.value.__notes__)
    with connect(url) as store:
        assert store.document(uid)["status"]["state"] == "error"


def test_what_was_given_is_kept_as_long_as_the_run_and_is_none_of_its_artifacts(database_url: str, tmp_path: Path) -> None:
    array = np.arange(1000)
    with connect(database_url, tmp_path / "objects") as store:
        run = new_function().run(handler=lambda x: x, inputs={"x": array}, returns=["out"], store=store)
        uid = str(run.uid())
        assert [each.key for each in store.list_artifacts()] == ["out"]
        kept = {each.key: each for each in store.list_artifacts(uid=uid, given=True)}
        assert sorted(kept) == [".handler", ".inputs.x"]
        assert kept[".inputs.x"].digest == store.find(run.outputs["out"]).digest, "equal data is there once"
        assert run.spec.inputs == {"x": "live://numpy.ndarray"}
        store.gc()
        assert store.item(kept[".inputs.x"].address).unpack().tolist() == array.tolist()
        store.remove(uid)
        assert store.gc().objects == 2
        assert list(store.objects.digests()) == []


def test_it_stays_when_a_later_attempt_replaces_what_was_made(store: Store) -> None:
    tries = Path("tries")

    def flaky(x: Any) -> Any:
        tries.write_text(tries.read_text() + "." if tries.exists() else ".")
        if len(tries.read_text()) < 3:
            raise OSError("not yet")
        return x

    with pytest.raises(RunError, match="not yet"):
        new_function().run(new_task(handler=flaky, inputs={"x": np.arange(3)}, returns=["out"], retry={"count": 1}))
    (document,) = store.documents()
    run = store.retry(document["metadata"]["uid"])
    assert (run.status.retry_count, run.unpack("out").tolist()) == (2, [0, 1, 2])
    assert {each.key for each in store.list_artifacts(uid=run.uid(), given=True)} == {".inputs.x", ".handler"}


def test_what_cannot_be_packed_runs_all_the_same_and_is_said_at_launch(store: Store) -> None:
    lock = threading.Lock()
    with pytest.warns(PackagersWarning, match=r"its handler cannot be kept.*lock"):
        run = new_function().run(handler=lambda: lock.locked(), returns=["is_locked"])
    assert run.outputs == {"is_locked": False}
    with pytest.raises(HandlerError, match=r"was not kept.*lock"):
        store.resume(str(run.uid()))
    with pytest.warns(PackagersWarning, match="its input 'x' cannot be kept"):
        run = new_function().run(handler=takes, inputs={"x": [lock]}, returns=["kind"])
    with pytest.raises(RunsError, match=r"the input 'x' was an object .* was not kept.*lock"):
        store.verify(str(run.uid()))


def takes(x: Any) -> str:
    return type(x).__name__


def test_a_stream_is_not_used_up_by_keeping_it(store: Store) -> None:
    with pytest.warns(PackagersWarning, match="a stream, which can be read once"):
        run = new_function().run(handler=sum_of, inputs={"numbers": iter([1, 2, 3])}, returns=["sum"])
    assert run.outputs == {"sum": 6}


def sum_of(numbers: Any) -> int:
    return sum(numbers)


def test_what_holds_a_secret_is_not_kept(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t-0f-the-closure")
    token = os.environ["TOKEN"]
    task = new_task(handler=lambda x: len(token) + len(x), inputs={"x": (token,)}, returns=["length"])
    with pytest.warns(PackagersWarning, match="holds the value of a secret"):
        run = new_function().run(task.with_secrets("env", "TOKEN"))
    assert run.outputs == {"length": len(token) + 1}
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    task = new_task(handler=takes, params={"x": token})
    run = new_function().run(task.with_secrets("env", "TOKEN"))
    with pytest.raises(FieldError, match="'x' held the value of a secret"):
        store.verify(str(run.uid()))


def test_what_cannot_be_handed_to_another_process_fails_there_and_then(store: Store) -> None:
    lock = threading.Lock()
    with pytest.raises(RunsError, match="its handler cannot be handed to the process of the run"):
        new_function().run(handler=lambda: lock.locked(), watch=False)
    (document,) = store.documents()
    assert document["status"]["state"] == "error"


def test_a_run_whose_process_never_came_is_lost_with_who_began_it(tmp_path: Path) -> None:
    program = """
        import os, signal
        import packagers_runs.running.workers as workers
        from packagers_runs import connect, new_function
        store = connect("sqlite:///runs.db")
        def start(job, attempt, *_):
            print(attempt.uid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        workers.start_worker = start
        new_function().run(handler="json:dumps", params={"obj": 1}, watch=False)
    """
    done = fresh(program, folder=tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        status = store.document(done.stdout.strip())["status"]
        assert (status["state"], status["reason"]) == ("error", "lost")
        assert store.resume(done.stdout.strip()).status.state == "completed"


def test_a_waiting_run_is_taken_by_whom_its_owner_gives_it_to_alone(new_database: Callable[[str], str], tmp_path: Path) -> None:
    for number, kind in enumerate(("sqlite", "postgresql")):
        with connect(new_database(kind), tmp_path / str(number)) as store:
            attempt = store.begin({"metadata": {"uid": "0" * 32}})
            with pytest.raises(StateConflictError, match="has it in hand"):
                store.take(attempt.uid)
            with pytest.raises(StateConflictError, match="has it in hand"):
                store.take(attempt.uid, from_owner=str(this_process()).replace('"pid": ', '"pid": 1'))
            assert store.take(attempt.uid, from_owner=str(this_process())) == attempt
            with pytest.raises(StateConflictError):
                store.take(attempt.uid, from_owner=str(this_process()))


def test_a_process_that_comes_too_late_leaves_the_run_to_who_has_it(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        job = prepare(RunObject.from_template(new_task(handler="json:dumps", params={"obj": 1})), store)
        attempt = store.begin(job.document())
        store.take(attempt.uid, from_owner=str(this_process()))
        with pytest.raises(RunsError, match="would have to be created"):
            start_worker(job, attempt)
        assert store.document(attempt.uid)["status"]["state"] == "running"


def test_an_attempt_is_taken_only_where_it_is_the_one_that_was_seen(database_url: str, tmp_path: Path) -> None:
    with connect(database_url, tmp_path / "objects") as store:
        uid = "0" * 32
        store.begin({"metadata": {"uid": uid}, "status": {"state": "error"}}, owned=False)
        assert store.take(uid, seen=1).number == 2
        store.change(uid, {"status.state": "error"})
        with pytest.raises(StateConflictError, match="its attempt 2 has begun meanwhile"):
            store.take(uid, seen=1)


def test_live_inputs_keep_their_types(store: Store) -> None:
    given = {"x": (1, {"a": {2}}), "y": np.float32(1.5)}
    run = new_function().run(handler=lambda x, y: (repr(x), repr(y)), inputs=given, returns=["x", "y"])
    assert run.outputs == {"x": "(1, {'a': {2}})", "y": "np.float32(1.5)"}
    found = store.verify(str(run.uid()))
    assert found.is_same, found
