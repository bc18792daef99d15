"""Executors: the ones that are here, one of a stranger whose workers see no files of ours, and what travels to workers and back."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import packagers
from packagers import IntegrityError, MissingPluginError, Registry
from packagers_runs import Executor
from packagers_runs.errors import FieldError, RunError, RunsError
from packagers_runs.executors import absent, executor, remote, travelling
from packagers_runs.executors.choosing import choose_executor
from packagers_runs.executors.local import LocalExecutor
from packagers_runs.executors.loky import LokyExecutor
from packagers_runs.executors.work import Performed, Setup, Staged, Work
from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.arguments import check_arguments
from packagers_runs.running.handlers import find_handler
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


class Elsewhere(Executor):
    """A worker that sees none of our files: it begins in an empty folder, and only bytes come and go."""

    SHARES_FILES = False
    folder = Path()

    def open(self, setup: Setup) -> None:
        self._setup = remote.pack_setup(setup, shares_files=False)
        self._pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=os.chdir, initargs=(str(self.folder),))

    def submit(self, work: Work) -> Future[Performed]:
        done = self._pool.submit(remote.perform_packed, self._setup, remote.pack_work(work, shares_files=False))
        return executor.mapped(done, remote.unpack_performed)

    def close(self, *, kill: bool) -> None:
        self._pool.shutdown(cancel_futures=kill)


CELL = """
from packagers import Packager

class Point:
    def __init__(self, x):
        self.x = x

class PointPackager(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def pack_file(self, obj, folder):
        (folder / "x").write_text(str(obj.x))

def handler(x):
    return x, Point(x)
"""


@pytest.fixture
def cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give a module that no other process finds, like a notebook."""
    module = ModuleType("made_in_a_cell")
    module.__file__ = str(tmp_path / "nowhere.py")
    monkeypatch.setitem(sys.modules, "made_in_a_cell", module)
    exec(CELL, vars(module))
    return module


def test_what_the_options_say_decides() -> None:
    assert type(choose_executor(HyperParamOptions())) is LocalExecutor
    assert type(choose_executor(HyperParamOptions(parallel_runs=1))) is LocalExecutor
    chosen = choose_executor(HyperParamOptions(parallel_runs=3))
    assert (type(chosen), chosen.width) == (LokyExecutor, 3)


def test_a_cluster_without_its_plugin_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packagers_runs.executors.choosing.extension_names", lambda group: ["local", "loky"])
    with pytest.raises(FieldError, match="pip install packagers-dask"):
        choose_executor(HyperParamOptions(dask_cluster_uri="tcp://127.0.0.1:8786"))


def test_a_cluster_of_another_kind_is_that_of_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packagers_runs.executors.choosing.extension_names", lambda group: ["dask", "slurm"])
    asked: list[str] = []
    monkeypatch.setattr("packagers_runs.executors.choosing.load_extension", lambda *given: asked.append(given[2]) or Refuses)
    for uri in ("slurm://queue", "tcp://127.0.0.1:8786", "db://cluster", "dask"):
        choose_executor(HyperParamOptions(dask_cluster_uri=uri))
    assert asked == ["slurm", "dask", "dask", "dask"]


def test_without_loky_there_is_a_line_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "loky", None)
    with pytest.raises(RunsError, match=r"pip install packagers-runs\[parallel\]"):
        choose_executor(HyperParamOptions(parallel_runs=2))


def setup_of(handler: Any, tmp_path: Path, registry: Registry | None = None, **params: Any) -> Setup:
    run = RunObject.from_template(new_task("work", handler="work", returns=["v", "made"]))
    run.metadata.uid = "0" * 32
    arguments = check_arguments(find_handler(handler), {}, {**params, "x": 0})
    found = registry or Registry()
    return Setup(run, arguments, found, remote.plugins_of(found), {}, None, tmp_path / "staging")


def test_workers_that_see_no_files_send_packages_as_bytes(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Elsewhere.folder = tmp_path / "elsewhere"
    Elsewhere.folder.mkdir()
    monkeypatch.setattr("packagers_runs.running.plans.choose_executor", Elsewhere)
    made = new_function().run(
        new_task("far", handler=lambda x: (x, np.arange(x)), returns=["v", "arr"]).with_hyper_params({"x": [3, 5]}, selector="v")
    )
    assert made.status.results == {"v": 5, "best_iteration": 2}
    assert made.unpack("arr").tolist() == [0, 1, 2, 3, 4]
    assert list(Elsewhere.folder.iterdir()) == []


def test_pruning_that_does_not_reach_workers_is_told_once(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(x: int, context: Any) -> int:
        context.report(x, 0)
        return x

    Elsewhere.folder = tmp_path
    monkeypatch.setattr("packagers_runs.running.plans.choose_executor", Elsewhere)
    task = new_task("study", handler=handler, returns=["v"])
    with pytest.warns(packagers.PackagersWarning, match="none of them is pruned") as warned:
        done = new_function().run(task.with_hyper_params({"x": range(9)}, "v", "optuna:random", max_iterations=8, seed=1))
    assert len(warned) == 1
    assert {row[0] for row in done.status.iterations[1:]} == {"completed"}


def test_classes_that_were_registered_travel_by_value(tmp_path: Path, cell: ModuleType) -> None:
    registry = Registry()
    registry.add("made_in_a_cell.Point", cell.PointPackager)
    setup = setup_of(cell.handler, tmp_path, registry)
    data = remote.pack_setup(setup, shares_files=True)
    (tmp_path / "setup").write_bytes(pickle.dumps([data, remote.pack_work(Work(1, {"x": 4}), shares_files=True)]))
    program = f"""
        import pickle, sys
        from packagers_runs.executors import remote
        setup, work = pickle.load(open({str(tmp_path / "setup")!r}, "rb"))
        open({str(tmp_path / "done")!r}, "wb").write(remote.perform_packed(setup, work))
        assert not {{"sqlalchemy", "jinja2", "loky"}} & sys.modules.keys(), "of the store nothing is needed"
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, cwd="/")
    performed = remote.unpack_performed((tmp_path / "done").read_bytes())
    assert (performed.state, performed.results) == ("completed", {"v": 4}), performed.traceback
    (staged,) = performed.packages
    assert staged.folder is not None
    found = packagers.DataItem(staged.folder).unpack(packagers.Artifact)
    assert found.package.signature is None
    assert found.manifest.written.packager.startswith("project:")
    assert remote.received(staged, tmp_path).package.signature is not None


def test_a_seal_that_is_another_one_is_refused(tmp_path: Path) -> None:
    artifact = packagers.Session(tmp_path, signer=None).pack(np.arange(3), "a : dataset")
    staged = Staged("a", artifact.package.seal, folder=artifact.path)
    packagers.Session(tmp_path, signer=None).pack(np.arange(4), "a : dataset")
    with pytest.raises(IntegrityError, match="not the one that the worker made"):
        remote.received(staged, tmp_path)
    assert packagers.DataItem(tmp_path / "a").unpack(packagers.Artifact).package.signature is None


class Unpicklable(str):
    """A result that is text, and that nobody can pickle."""

    def __reduce__(self) -> Any:
        raise TypeError("not me")


def test_a_result_that_cannot_travel_fails_its_iteration(tmp_path: Path) -> None:
    setup = remote.pack_setup(setup_of(lambda x: x, tmp_path), shares_files=True)
    work = remote.pack_work(Work(1, {"x": 1}), shares_files=True)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patched:
        patched.setattr(remote, "perform", lambda *_: Performed(1, "completed", "", "", "", results={"v": Unpicklable("x")}))
        performed = remote.unpack_performed(remote.perform_packed(setup, work, is_alone=False))
    assert (performed.state, performed.error) == ("error", "TypeError: not me")


def test_what_stands_for_a_missing_plugin_says_what_to_install() -> None:
    reference = absent.reference_for("packagers-some.thing", "1.2")
    module, _, name = reference.partition(":")
    with pytest.raises(MissingPluginError, match=r"pip install packagers-some.thing==1.2"):
        getattr(sys.modules[module], name)
    with pytest.raises(AttributeError):
        _ = absent.nothing


def test_modules_travel_where_no_worker_would_find_them(tmp_path: Path, cell: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "found_by_name.py").write_text("def f(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = find_handler("found_by_name:f").function.__module__

    def names(*roots: Path, shares_files: bool) -> set[str]:
        return {each.__name__ for each in travelling.travellers(roots, shares_files=shares_files)}

    assert cell.__name__ in names(shares_files=True)
    assert module not in names(tmp_path, shares_files=True)
    assert module not in names(shares_files=False)
    assert module in names(tmp_path, shares_files=False)
    assert not {name for name in names(tmp_path, shares_files=False) if name.partition(".")[0] in ("packagers", "packagers_runs", "numpy")}
    monkeypatch.delitem(sys.modules, module)


def test_workers_find_what_a_store_has(store: Store) -> None:
    new_function().run(handler=lambda: np.arange(4), returns=["numbers"])

    def handler(x: int, numbers: np.ndarray) -> int:  # type: ignore[type-arg]
        import packagers

        return int(numbers.sum() + packagers.unpack("store://numbers").max() + x)

    task = new_task(handler=handler, inputs={"numbers": "store://numbers"}, returns=["v"])
    done = new_function().run(task.with_hyper_params({"x": [1, 2]}, parallel_runs=2))
    assert [row[-1] for row in done.status.iterations[1:]] == [10, 11]


def test_a_store_in_memory_has_iterations_in_other_processes() -> None:
    with connect("memory://") as store:
        task = new_task(handler=lambda x: (x, np.arange(x)), returns=["v", "arr"])
        done = new_function().run(task.with_hyper_params({"x": [1, 2]}, selector="v", parallel_runs=2), store=store)
        assert done.unpack("arr").tolist() == [0, 1]


class Refuses(Executor):
    """Cannot begin anything."""

    def open(self, setup: Setup) -> None:
        pass

    def submit(self, work: Work) -> Future[Performed]:
        raise OSError("no room")

    def close(self, *, kill: bool) -> None:
        pass


def test_an_executor_that_cannot_begin_fails_iterations_and_not_the_program(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packagers_runs.running.plans.choose_executor", Refuses)
    with pytest.raises(RunError, match=r"1 of 1 iteration failed; iteration 1: .*OSError: no room"):
        new_function().run(new_task(handler=lambda x: x).with_hyper_params({"x": [1, 2]}, max_errors=0))
