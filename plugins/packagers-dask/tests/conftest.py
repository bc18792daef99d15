"""What tests of Dask need: schedulers and workers as processes of their own, which begin in a folder that has no file of ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from packagers_runs import RunObject, Store, connect, new_function, new_task

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from waiting import until

PROJECT = """
[tool.packagers.types]
"dask_handlers.Point" = "dask_handlers:PointPackager"
"""
HIDING = """
import importlib.metadata, os, sys
real = importlib.metadata.Distribution.discover

def discover(cls, **given):
    return (each for each in real(**given) if each.metadata["Name"] != os.environ["HIDDEN"])

class Finder:
    def find_spec(self, name, *rest):
        if name == os.environ["HIDDEN"].replace("-", "_"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

importlib.metadata.Distribution.discover = classmethod(discover)
sys.meta_path.insert(0, Finder())
"""


class Cluster:
    """A scheduler, and workers, as processes.

    Args:
        folder: They begin in it.
        environment: More variables of the scheduler.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        options = ("--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file))
        self.scheduler = self._start("dask_scheduler", *options, **environment)

        def said() -> Any:
            with contextlib.suppress(OSError, ValueError):
                return json.loads(file.read_text())["address"]

        self.address: str = until(said)

    def worker(self, threads: int = 1, name: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker, and wait until the scheduler knows it.

        Args:
            threads: How many iterations it does at once.
            name: Its name.
            environment: More variables.
        """
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            known = len(client.nthreads())
            options = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--memory-limit", "0")
            process = self._start("dask_worker", self.address, *options, *(("--name", name) if name else ()), **environment)
            client.wait_for_workers(known + 1, timeout=60)
        return process

    def _start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{module}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Kill them all."""
        for process in self._processes:
            if process.poll() is None:
                for each in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()
                process.kill()
            process.wait()


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Give what makes a cluster that has no worker yet."""
    with contextlib.ExitStack() as made:

        def new(**environment: str) -> Cluster:
            folder = tmp_path / f"cluster-{time.monotonic_ns()}"
            folder.mkdir()
            cluster = Cluster(folder, **environment)
            made.callback(cluster.close)
            return cluster

        yield new


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster of two workers, which a module's tests share."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.worker()
        made.worker()
        yield made
    finally:
        made.close()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Give a store in a project's folder, which is the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shutil.copy(Path(__file__).parent / "programs" / "dask_handlers.py", folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    with connect() as store:
        yield store
    sys.modules.pop("dask_handlers", None)
    sys.path[:] = [place for place in sys.path if place != str(folder)]


@pytest.fixture
def without(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Give what makes the environment of a worker in which a distribution is not installed."""

    def hide(name: str) -> dict[str, str]:
        folder = tmp_path / f"without-{name}"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(HIDING)
        return {"PYTHONPATH": str(folder), "HIDDEN": name}

    return hide


class Run:
    """Runs handlers of ``dask_handlers`` and others."""

    OPTIONS = ("selector", "stop_condition", "max_errors", "teardown_dask")

    def __call__(
        self, handler: Any, values: dict[str, Any], uri: str | None, width: int | None = 2, returns: Any = ("v",), **more: Any
    ) -> RunObject:
        """Run a handler.

        Args:
            handler: It, or the name of one of ``dask_handlers``.
            values: By parameter.
            uri: Of the cluster.
            width: How many iterations are done at once.
            returns: What it gives.
            more: Options of the run, and arguments of ``new_task``.
        """
        options = {name: more.pop(name) for name in self.OPTIONS if name in more}
        named = f"dask_handlers.py:{handler}" if isinstance(handler, str) else handler
        secrets = more.pop("secrets", {})
        task = new_task("far", handler=named, returns=list(returns), **more)
        if secrets:
            task.with_secrets("inline", secrets)
        return new_function().run(task.with_hyper_params(values, dask_cluster_uri=uri, parallel_runs=width, **options))


@pytest.fixture
def run() -> Run:
    """Give what runs handlers."""
    return Run()
