"""Iterations side by side: the same as one after the other; what dies, and what ends, takes nothing else along."""

from __future__ import annotations

import os
import shutil
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
from packagers import PackagersWarning
from packagers_runs.errors import RunError
from packagers_runs.executors import remote
from packagers_runs.executors.work import Plugin
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from waiting import is_gone, until

GRID = {"p1": [2, 4, 1], "p2": [10, 20]}
PROJECT = """
[tool.packagers.types]
"hyper_handlers.Point" = "hyper_handlers:PointPackager"
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).parent / "programs" / "hyper_handlers.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    with connect() as store:
        yield store
    sys.modules.pop("hyper_handlers", None)
    sys.path[:] = [place for place in sys.path if place != str(tmp_path)]


def run(handler: Any, values: dict[str, Any], parallel: int | None = 2, returns: Any = ("v",), **more: Any) -> RunObject:
    options = {name: more.pop(name) for name in ("selector", "stop_condition", "max_errors", "strategy") if name in more}
    named = f"hyper_handlers.py:{handler}" if isinstance(handler, str) else handler
    task = new_task("parallel", handler=named, returns=list(returns), **more)
    return new_function().run(task.with_hyper_params(values, parallel_runs=parallel, **options))


def what_came_of(store: Store, done: RunObject) -> Any:
    """Give all that may not depend on where iterations are done."""
    uid = str(done.uid())
    children = [store.get_run(uid, number) for number in range(1, len(done.status.iterations))]
    digests = {(each.iteration, each.key): each.digest for each in store.list_artifacts(uid=uid)}
    fingerprints = [child.metadata.annotations["packagers/fingerprint"] for child in children]
    addresses = {key: uri.replace(uid, "") for key, uri in done.status.artifact_uris.items()}
    return done.status.iterations, done.status.results, digests, fingerprints, addresses, [child.metadata.labels for child in children]


RETURNS = ("accuracy", "model : dataset", "frame : dataset", "point")


def test_side_by_side_gives_what_one_after_the_other_gives(store: Store) -> None:
    serial, parallel = (run("multiply", GRID, width, RETURNS, selector="max.accuracy") for width in (None, 2))
    assert parallel.status.results == {"accuracy": 80, "best_iteration": 5}
    assert what_came_of(store, serial) == what_came_of(store, parallel)
    assert packagers.unpack(parallel.outputs["point"], project=".").x == 80
    assert parallel.unpack("frame").to_dict("list") == {"p1": [4], "p2": [20]}
    logs = [store.log(str(done.uid()), 5)[0] for done in (serial, parallel)]
    assert logs == ["multiplying 4 20\n", "multiplying 4 20\nfrom a child\n"]  # a worker's log has what its children print, too


@pytest.mark.long
def test_side_by_side_gives_the_same_with_packagers_of_all_plugins(store: Store) -> None:
    returns = ("score", "array : dataset", "frame : dataset", "tensor", "model", "figure : plot")
    serial, parallel = (run("five", {"x": [3, 4, 5]}, width, returns, selector="score") for width in (None, 2))
    one, other = what_came_of(store, serial), what_came_of(store, parallel)
    assert one[:2] == other[:2]
    assert type(parallel.status.results["score"]) is np.float32
    assert one[2].keys() == other[2].keys()
    different = {key for place, key in one[2] if one[2][place, key] != other[2][place, key]}
    assert different <= {"model", "figure"}  # formats whose bytes depend on more than the value
    assert one[3:] == other[3:]
    for done in (serial, parallel):
        assert done.unpack("model").predict([[1.0, 2.0]]) == pytest.approx([3.0])
        assert done.unpack("tensor").tolist() == [0, 1, 2, 3, 4]


def test_what_no_worker_would_find_travels_by_value(store: Store) -> None:
    class Local:
        def __init__(self, x: int) -> None:
            self.x = x

    factor = 3
    done = run(
        lambda make, times, data: times(make(2).x) * factor + data.sum(),
        {"make": [Local], "times": [lambda x: x * 5]},
        inputs={"data": np.arange(3)},
    )
    assert [row[-1] for row in done.status.iterations[1:]] == [33]


def test_two_run_at_the_same_time(store: Store, tmp_path: Path) -> None:
    done = run("meets", {"x": [1, 2]}, params={"folder": str(tmp_path)})
    assert len({row[-1] for row in done.status.iterations[1:]} - {os.getpid()}) == 2


@pytest.mark.parametrize("how", ["kill", pytest.param("exit", marks=pytest.mark.long)])
def test_a_worker_that_dies_fails_its_iteration_alone_and_retry_mends_it(store: Store, tmp_path: Path, how: str) -> None:
    with pytest.raises(RunError, match="1 of 5 iterations failed; iteration 2: the worker of the iteration died") as caught:
        run("dies", {"x": [1, 2, 3, 4, 5]}, params={"folder": str(tmp_path), "how": how}, selector="v")
    table = caught.value.run.status.iterations
    assert [row[-1] for row in table[1:]] == [10, None, 30, 40, 50]
    assert sorted((tmp_path / "begun").read_text().split()) == ["1", "2", "3", "4", "5"]
    (tmp_path / "mended").touch()
    mended = store.retry(caught.value.uid)
    assert [row[-1] for row in mended.status.iterations[1:]] == [10, 20, 30, 40, 50]
    assert sorted((tmp_path / "begun").read_text().split()) == ["1", "2", "2", "3", "4", "5"]
    assert [store.attempt(caught.value.uid, number) for number in range(6)] == [2, 1, 2, 1, 1, 1]


def test_a_stop_is_where_it_would_be_one_after_the_other(store: Store, tmp_path: Path) -> None:
    def slow_first(x: int, folder: str) -> int:
        from pathlib import Path

        end = time.monotonic() + 60
        while x == 1 and not Path(folder, "later").exists() and time.monotonic() < end:
            time.sleep(0.01)
        if x == 4:
            Path(folder, "later").touch()
        return x

    done = run(slow_first, {"x": [1, 2, 3, 4, 5, 6]}, stop_condition="v >= 2", params={"folder": str(tmp_path)}, selector="v")
    assert [row[-1] for row in done.status.iterations[1:]] == [1, 2]
    assert done.status.results == {"v": 2, "best_iteration": 2}
    assert {document["metadata"].get("iteration", 0) for document in store.documents(uid=done.uid())} == {0, 1, 2}


def test_a_package_that_was_changed_on_its_way_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def tampering(data: bytes) -> Any:
        performed = real(data)
        for staged in performed.packages if performed.number == 2 else ():
            assert staged.folder is not None
            packagers.Session(staged.folder.parent, signer=None).pack(np.zeros(3), "model : dataset")
        return performed

    real = remote.unpack_performed
    monkeypatch.setattr("packagers_runs.executors.loky.unpack_performed", tampering)
    with pytest.raises(RunError, match="1 of 6 iterations failed; iteration 2: IntegrityError: this package is not the one"):
        run("multiply", GRID, 2, ("accuracy", "model : dataset", None, None))
    assert {each.iteration for each in store.list_artifacts(key="model")} == {1, 3, 4, 5, 6}


def test_workers_sign_nothing_and_the_run_signs_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    signatures = []

    def looking(staged: Any, folder: Path) -> Any:
        before = packagers.DataItem(staged.folder).unpack(packagers.Artifact).package.signature
        signed = real(staged, folder)
        signatures.append((before, signed.package.signature is not None))
        return signed

    real = remote.received
    monkeypatch.setattr("packagers_runs.running.iterations.received", looking)
    done = run(lambda x: {"model": slice(x)}, {"x": [1, 2]}, 2, ("m : object",), selector=None)
    assert signatures == [(None, True), (None, True)]
    assert packagers.unpack(f"store://m#2@{done.uid()}", trust="own") == {"model": slice(2)}  # a pickle


def test_plugins_of_workers_are_compared(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = remote.plugins_of

    def others(registry: Any) -> dict[str, Plugin]:
        known = real(registry)
        known["packagers-pandas"] = Plugin("9.9", known["packagers-pandas"].types)
        known["packagers-elsewhere"] = Plugin("1.2", ("hyper_handlers.Point",))
        return known

    monkeypatch.setattr("packagers_runs.running.searching.plugins_of", others)
    (Path.cwd() / "pyproject.toml").unlink()
    with (
        pytest.warns(PackagersWarning, match=r"packagers-pandas is 0.1.0 in a worker, and 9.9 here") as warned,
        pytest.raises(RunError) as caught,
    ):
        run("multiply", GRID, 2, ("accuracy", None, None, "point"), max_errors=0)
    assert sum("9.9 here" in str(each.message) for each in warned) == 1
    error = store.get_run(caught.value.uid, 1).status.error
    assert "pip install packagers-elsewhere==1.2" in str(error)
    assert "Traceback" not in str(error)


PROGRAM = """
    import sys
    from packagers_runs import connect, new_function, new_task
    connect()
    task = new_task("waiting", handler="hyper_handlers.py:waits", params={"folder": "."})
    new_function().run(task.with_hyper_params({"x": [1, 2, 3]}, parallel_runs=int(sys.argv[1])))
"""


def begun(tmp_path: Path, parallel: int) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Begin a run in another process; gives that, and the processes that do its iterations, with their children."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(PROGRAM), str(parallel)], stderr=subprocess.PIPE, cwd=tmp_path)
    try:
        until(lambda: len(list(tmp_path.glob("pids-*"))) == parallel)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return process, [int(pid) for file in tmp_path.glob("pids-*") for pid in file.read_text().split()]


@pytest.mark.parametrize("end", ["SIGINT", "abort", "SIGKILL", pytest.param("SIGTERM", marks=pytest.mark.long)])
def test_iterations_end_with_their_run(store: Store, tmp_path: Path, end: str) -> None:
    process, pids = begun(tmp_path, 2)
    (document,) = store.documents()
    uid = document["metadata"]["uid"]
    if end == "abort":
        store.get_run(uid).abort()
    else:
        process.send_signal(getattr(signal, end))
    process.communicate(timeout=60)
    for pid in pids if end != "SIGKILL" else pids[::2]:
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]  # mypy sees no default in a lambda
    found = store.get_run(uid)
    reasons = {"SIGINT": ("aborted", "interrupted"), "SIGTERM": ("aborted", "terminated"), "SIGKILL": ("error", "lost")}
    assert (found.status.state, found.status.reason) == reasons.get(end, ("aborted", "aborted"))
    assert len(store.documents(uid=uid)) == 1
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]


def test_a_limit_ends_all_iterations(store: Store, tmp_path: Path) -> None:
    task = new_task("limited", handler="hyper_handlers.py:waits", params={"folder": str(tmp_path)})
    task.spec.state_thresholds = {"executing": "6s"}
    with pytest.raises(RunError, match="ended as aborted") as caught:
        new_function().run(task.with_hyper_params({"x": [1, 2]}, parallel_runs=2))
    assert "executing took longer than 6 s" in str(caught.value.run.status.reason)
    pids = [int(pid) for file in tmp_path.glob("pids-*") for pid in file.read_text().split()]
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]


def test_a_run_that_is_not_watched_iterates_in_its_own_process(store: Store) -> None:
    task = new_task("apart", handler="hyper_handlers.py:multiply", returns=["accuracy", None, None, None])
    done = new_function().run(task.with_hyper_params(GRID, selector="accuracy", parallel_runs=2), watch=False)
    assert done.wait_for_completion(sleep=0.1, timeout=120, show_logs=False) == "completed"
    assert done.status.results == {"accuracy": 80, "best_iteration": 5}
