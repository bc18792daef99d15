"""Which cluster is meant, whether it answers, and what becomes of it afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from packagers_dask import clusters, executor
from packagers_dask.clusters import address_of
from packagers_runs import ExecutorError, FieldError, RunError, Store, UnknownNameError

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from waiting import is_gone, until

SETTINGS = """
[tool.packagers-dask.clusters]
lab = "{address}"
broken = "lab:8786"
"""


def settle(text: str) -> None:
    Path("pyproject.toml").write_text(text)


def test_an_address_is_that_of_the_settings(store: Store) -> None:
    settle(SETTINGS.format(address="tcp://lab:8786"))
    assert address_of("db://lab") == "tcp://lab:8786"
    assert address_of("tls://host:8786") == "tls://host:8786"
    assert address_of("dask") is None


def test_a_misspelt_name_gets_the_nearest_before_anything_runs(store: Store, run: Any) -> None:
    settle(SETTINGS.format(address="tcp://lab:8786"))
    with pytest.raises(UnknownNameError, match="lab") as caught:
        run(lambda x: x, {"x": [1]}, "db://lap")
    assert "lap" in str(caught.value)
    assert not store.documents()


@pytest.mark.parametrize(
    ("uri", "settings", "said"),
    [
        ("host:8786", "", "is no address of a Dask cluster"),
        ("daks", "", "is no address of a Dask cluster"),
        ("db://broken", SETTINGS, "has the address 'lab:8786'"),
        ("db://lab", "[tool", "cannot be read"),
        ("db://lab", "[tool.packagers-dask]\nclusters = 3", "clusters in .* is no table"),
    ],
)
def test_what_means_no_cluster_is_refused_before_anything_runs(store: Store, run: Any, uri: str, settings: str, said: str) -> None:
    task = (lambda x: x, {"x": [1]}, uri)
    settle(settings)
    if settings == "[tool":  # nothing of a project can be read then
        with pytest.raises(FieldError, match=said):
            address_of(uri)
        return
    with pytest.raises(FieldError, match=said):
        run(*task)
    assert not store.documents()


def test_a_named_cluster_does_iterations(store: Store, cluster: Any, run: Any) -> None:
    settle(SETTINGS.format(address=cluster.address))
    done = run(lambda x: x * 2, {"x": [1, 2]}, "db://lab")
    assert [row[-1] for row in done.status.iterations[1:]] == [2, 4]


def test_nobody_answers(store: Store, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "CONNECTING_S", 0.5)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(RunError, match=f"no Dask scheduler answers at {address}") as caught:
            run(lambda x: x, {"x": [1]}, address)
    assert isinstance(caught.value.__cause__, ExecutorError)
    assert "dask scheduler" in str(caught.value)
    assert caught.value.run.status.state == "error"


@pytest.mark.parametrize("teardown", [False, True])
def test_a_cluster_ends_only_when_that_is_asked_for(store: Store, new_cluster: Callable[[], Any], run: Any, teardown: bool) -> None:
    made = new_cluster()
    worker = made.worker()
    run(lambda x: x, {"x": [1]}, made.address, teardown_dask=teardown)
    if teardown:
        made.scheduler.wait(60)
        worker.wait(60)
    else:
        assert made.scheduler.poll() is None
        run(lambda x: x, {"x": [1]}, made.address)


PROGRAM = """
import os
from packagers_runs import connect, new_function, new_task
with connect():  # no `if __name__ == "__main__"`, as in a notebook
    task = new_task("waiting", handler="dask_handlers.py:waits", params={"folder": "."})
    new_function().run(task.with_hyper_params({"x": [1, 2]}, parallel_runs=2, dask_cluster_uri="dask"))
"""


def test_a_cluster_of_a_run_ends_with_its_process_however_that_ends(store: Store) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: len(list(Path.cwd().glob("pids-*"))) == 2)
            below = psutil.Process(process.pid).children(recursive=True)
        finally:
            process.kill()
    assert len(below) >= 5  # who looks after workers, two of these, and their children
    workers = [each for each in below if each.pid in {int(file.read_text().split()[0]) for file in Path.cwd().glob("pids-*")}]
    assert len(workers) == 2
    until(lambda: all(is_gone(each.pid) for each in workers))


def test_as_wide_as_this_machine() -> None:
    assert clusters.default_width() >= 1
