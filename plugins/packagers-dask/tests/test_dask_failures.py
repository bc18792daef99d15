"""What dies: workers, schedulers, and the run itself. Nothing else is lost with it, and a cluster of others goes on."""

from __future__ import annotations

import _thread
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packagers_runs import ExecutorError, RunError, Store

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from waiting import is_gone, meanwhile, until


def begun(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "begun").read_text().split()]


def column(run: Any) -> list[Any]:
    return [row[-1] for row in run.status.iterations[1:]]


@pytest.mark.parametrize("width", [2, pytest.param(1, marks=pytest.mark.long)])
def test_a_worker_of_a_runs_own_cluster_fails_its_iteration_alone(store: Store, tmp_path: Path, run: Any, width: int) -> None:
    with pytest.raises(RunError, match="1 of 4 iterations failed; iteration 2: the worker of the iteration died: KilledWorker") as caught:
        run("dies", {"x": [1, 2, 3, 4]}, "dask", width, params={"folder": str(tmp_path)}, selector="v")
    assert column(caught.value.run) == [10, None, 30, 40]
    assert sorted(begun(tmp_path)) == [1, 2, 3, 4]
    assert caught.value.run.status.results == {"v": 40, "best_iteration": 4}


def test_what_a_dead_worker_did_is_done_by_another(store: Store, tmp_path: Path, new_cluster: Callable[[], Any], run: Any) -> None:
    made = new_cluster()
    made.worker()
    made.worker()
    done = run("dies", {"x": [1, 2, 3, 4]}, made.address, 2, params={"folder": str(tmp_path)}, selector="v")
    assert column(done) == [10, 20, 30, 40]
    assert sorted(begun(tmp_path)) == [1, 2, 2, 3, 4]


def test_a_handler_that_kills_every_worker_is_one_iteration_that_failed(
    store: Store, tmp_path: Path, new_cluster: Callable[[], Any], run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    made = new_cluster()
    for _ in range(3):
        made.worker()
    with pytest.raises(RunError, match="1 of 4 iterations failed; iteration 2: the worker of the iteration died: KilledWorker") as caught:
        run("dies", {"x": [1, 2, 3, 4]}, made.address, 1, params={"folder": str(tmp_path), "always": True}, selector="v")
    assert column(caught.value.run) == [10, None, 30, 40]
    assert begun(tmp_path).count(2) == 2


def test_when_the_scheduler_dies_resume_does_what_is_missing(
    store: Store, tmp_path: Path, new_cluster: Callable[[], Any], run: Any
) -> None:
    made = new_cluster()
    made.worker()
    Path("pyproject.toml").write_text(f'[tool.packagers-dask.clusters]\nlab = "{made.address}"\n')
    params = {"folder": str(tmp_path), "at": 4}

    def kill() -> None:
        until(lambda: (tmp_path / "begun").exists() and 4 in begun(tmp_path))
        made.scheduler.kill()

    with meanwhile(kill), pytest.raises(RunError, match=r"the Dask cluster tcp:\S+ is gone") as caught:
        run("stops", {"x": [1, 2, 3, 4, 5, 6]}, "db://lab", 1, ("v", "a"), params=params, selector="v")
    lost = caught.value.run
    assert isinstance(caught.value.__cause__, ExecutorError)
    assert "packagers runs resume" in str(caught.value)
    assert lost.status.state == "error"
    assert column(lost) == [10, 20, 30]
    (tmp_path / "mended").touch()
    other = new_cluster()
    other.worker()
    Path("pyproject.toml").write_text(f'[tool.packagers-dask.clusters]\nlab = "{other.address}"\n')
    mended = store.resume(caught.value.uid)
    assert begun(tmp_path) == [1, 2, 3, 4, 4, 5, 6]
    whole = run("stops", {"x": [1, 2, 3, 4, 5, 6]}, None, None, ("v", "a"), params=params, selector="v")
    assert mended.status.iterations == whole.status.iterations
    assert mended.status.results == whole.status.results
    found = [{(each.iteration, each.key): each.digest for each in store.list_artifacts(uid=each.uid())} for each in (mended, whole)]
    assert found[0] == found[1]


@pytest.mark.parametrize("how", ["abort", "interrupt", pytest.param("limit", marks=pytest.mark.long)])
def test_what_ends_a_run_ends_its_iterations_and_no_cluster(store: Store, tmp_path: Path, cluster: Any, run: Any, how: str) -> None:
    from distributed import Client

    def pids() -> list[int]:
        return [int(pid) for file in tmp_path.glob("pids-*") for pid in file.read_text().split()]

    def end() -> None:
        until(lambda: len(pids()) == 4)
        if how == "abort":
            (document,) = store.documents()
            store.get_run(document["metadata"]["uid"]).abort()
        elif how == "interrupt":
            _thread.interrupt_main(signal.SIGINT)

    threshold = {"state_thresholds": {"executing": "4s"}} if how == "limit" else {}
    with meanwhile(end), pytest.raises((RunError, KeyboardInterrupt)):
        _limited(run, cluster.address, tmp_path, threshold)
    (document,) = store.documents()
    assert document["status"]["state"] == "aborted"
    children = [int(file.read_text().split()[1]) for file in tmp_path.glob("pids-*")]
    until(lambda: len(list(tmp_path.glob("ended-*"))) == 2)
    until(lambda: all(map(is_gone, children)))
    with Client(cluster.address, set_as_default=False) as client:
        until(lambda: not any(client.processing().values()))
        assert len(client.nthreads()) == 2
    assert column(run(lambda x: x, {"x": [1, 2]}, cluster.address)) == [1, 2]


def _limited(run: Any, uri: str, folder: Path, threshold: dict[str, Any]) -> None:
    from packagers_runs import new_function, new_task

    task = new_task("waiting", handler="dask_handlers.py:waits", params={"folder": str(folder)})
    if threshold:
        task.spec.state_thresholds = threshold["state_thresholds"]
    new_function().run(task.with_hyper_params({"x": [1, 2, 3]}, parallel_runs=2, dask_cluster_uri=uri))
