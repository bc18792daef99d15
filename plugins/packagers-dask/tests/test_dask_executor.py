"""Iterations on Dask: the same as one after the other, by workers that see no file of ours; nothing secret stays there."""

from __future__ import annotations

import importlib
import os
import re
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import packagers
from packagers_dask import executor
from packagers_runs import ExecutorError, RunError, RunObject, Store

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from memory import check_workers, made_key
from waiting import meanwhile, until

GRID = {"p1": [2, 4, 1], "p2": [10, 20]}
RETURNS = ("accuracy", "array : dataset", "frame : dataset", "point", "model", "figure : plot", "pickled : object")
UNEQUAL = {"model", "figure"}  # formats whose bytes depend on more than the value


def what_came_of(store: Store, done: RunObject) -> Any:
    """Give all that may not depend on where iterations are done."""
    uid = str(done.uid())
    children = [store.get_run(uid, number) for number in range(1, len(done.status.iterations))]
    digests = {(each.iteration, each.key): each.digest if each.key not in UNEQUAL else "" for each in store.list_artifacts(uid=uid)}
    fingerprints = [child.metadata.annotations["packagers/fingerprint"] for child in children]
    addresses = {key: uri.replace(uid, "") for key, uri in done.status.artifact_uris.items()}
    return done.status.iterations, done.status.results, digests, fingerprints, addresses, [child.metadata.labels for child in children]


def test_a_cluster_gives_what_one_after_the_other_gives(store: Store, cluster: Any, run: Any) -> None:
    serial, far = (
        run("everything", {"p1": [2, 4], "p2": [20]}, uri, None, RETURNS, selector="max.accuracy") for uri in (None, cluster.address)
    )
    assert serial.status.results == {"accuracy": 80, "best_iteration": 2}
    assert what_came_of(store, far) == what_came_of(store, serial)
    assert packagers.unpack(far.outputs["point"], project=".").x == 80
    assert far.unpack("model").predict([[1.0, 2.0]]) == pytest.approx([3.0])
    assert packagers.unpack(far.outputs["pickled"], trust="own") == {"slice": slice(4)}  # signed here
    assert "multiplying 4 20\n" in store.log(str(far.uid()), 2)[0]  # Dask itself may say there that the machine is busy
    golden = run("little", GRID, cluster.address, None, RETURNS[:4], selector="max.accuracy")
    assert (golden.status.results, len(golden.status.iterations)) == ({"accuracy": 80, "best_iteration": 5}, 7)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["address", "own", "loky"])
def test_packagers_of_all_plugins_give_the_same_wherever_iterations_are_done(store: Store, cluster: Any, run: Any, kind: str) -> None:
    uri = {"address": cluster.address, "own": "dask", "loky": None}[kind]
    returns, values = (*RETURNS, "tensor : file"), {"p1": [2, 4], "p2": [10, 20]}
    serial, other = (run("with_torch", values, *where, returns, selector="max.accuracy") for where in ((None, None), (uri, 2)))
    assert serial.status.results == {"accuracy": 80, "best_iteration": 4}
    assert what_came_of(store, other) == what_came_of(store, serial)
    assert other.unpack("tensor").tolist() == serial.unpack("tensor").tolist()
    assert other.unpack("model").predict([[1.0, 2.0]]) == pytest.approx([3.0])


@pytest.mark.parametrize("kind", ["own", pytest.param("loky", marks=pytest.mark.long)])
def test_processes_of_this_machine_give_it_too(store: Store, run: Any, kind: str) -> None:
    serial, other = (run("little", GRID, uri, width, RETURNS[:4], selector="max.accuracy") for uri, width in _AT[kind])
    assert other.status.results == {"accuracy": 80, "best_iteration": 5}
    assert what_came_of(store, other) == what_came_of(store, serial)


_AT = {"own": ((None, None), ("dask", 2)), "loky": ((None, None), (None, 2))}


def test_workers_see_no_file_of_ours_and_no_key(store: Store, cluster: Any, run: Any) -> None:
    secret = "a-secret-of-this-test"
    done = run("tells", {"x": [2, 3]}, cluster.address, returns=("v",), params={"token": "t"}, secrets={"key": secret})
    uid = str(done.uid())
    for number, x in ((1, 2), (2, 3)):
        child = store.get_run(uid, number)
        told = child.status.results["v"] if "v" in child.status.results else child.unpack("v")
        assert Path(told["cwd"]) == cluster.folder
        assert not told["has_token"]
        assert str(Path.cwd()) not in told["path"]
        log = store.log(uid, number)[0]
        assert secret not in log
        assert f"child of {x}" in log
        assert "token t ***" in log
        assert f"logged {x}" in log
        assert child.status.results["square"] == x * x
        assert child.metadata.labels["parity"] == str(x % 2)
        assert child.status.status_text == "half way"
        assert child.unpack("text") == f"text of {x}"
    assert not [path.name for path in cluster.folder.rglob("*") if path.is_file() and path.suffix not in (".log", ".json", ".lock")]


def test_classes_given_to_the_registry_travel_by_value(store: Store, cluster: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pair:
        def __init__(self, x: int) -> None:
            self.x = x

    class PairPackager(packagers.Packager):
        DEFAULT_PACKING_ARTIFACT_TYPE = "file"
        READERS = {"file": "data"}

        def pack_file(self, obj: Any, folder: Path) -> None:
            (folder / "x").write_text(str(obj.x))

    module = types.ModuleType("made_in_a_cell")
    for each in (Pair, PairPackager):
        each.__module__, each.__qualname__ = module.__name__, each.__name__
        setattr(module, each.__name__, each)
    module.__file__ = str(Path("nowhere.py").absolute())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registry = packagers.Registry()
    registry.add("made_in_a_cell.Pair", PairPackager)
    monkeypatch.setattr("packagers_runs.running.preparing.registry_here", lambda: registry)
    done = run(lambda x: Pair(x), {"x": [3]}, cluster.address, returns=("pair",))
    (artifact,) = store.list_artifacts(key="pair", uid=done.uid())
    assert store.get_run(str(done.uid()), 1).artifact("pair").unpack(packagers.Artifact).manifest.written.packager.startswith("project:")
    assert artifact.iteration == 1


@pytest.mark.parametrize("kind", ["file", "variable"])
@pytest.mark.parametrize("uri", ["dask", pytest.param(None, marks=pytest.mark.long)])
def test_no_worker_has_the_key_while_it_works(
    store: Store, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str | None, kind: str
) -> None:
    secret = made_key(kind, tmp_path, monkeypatch)
    check_workers(store, tmp_path, secret, dask_cluster_uri=uri or cluster.address)


def test_workers_sign_nothing(store: Store, cluster: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def looking(data: bytes) -> Any:
        performed = real(data)
        seen.extend((staged.seal != "", staged.folder, b"signature" in (staged.data or b"")) for staged in performed.packages)
        return performed

    real = executor.unpack_performed
    monkeypatch.setattr(executor, "unpack_performed", looking)
    run(lambda x: slice(x), {"x": [1, 2]}, cluster.address, returns=("m : object",))
    assert seen == [(True, None, False)] * 2


def test_a_package_that_was_changed_on_its_way_is_refused(store: Store, cluster: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def tampering(data: bytes) -> Any:
        performed = real(data)
        if performed.number == 1:
            first.extend(performed.packages)
        if performed.number == 2:
            (staged,) = performed.packages
            object.__setattr__(staged, "data", first[0].data)
        return performed

    first: list[Any] = []
    real = executor.unpack_performed
    monkeypatch.setattr(executor, "unpack_performed", tampering)
    with pytest.raises(RunError, match="1 of 3 iterations failed; iteration 2: IntegrityError: this package is not the one"):
        run(lambda x: np.arange(x), {"x": [1, 2, 3]}, cluster.address, 1, ("a : dataset",))
    assert {each.iteration for each in store.list_artifacts(key="a")} == {1, 3}


def test_what_all_iterations_have_in_common_is_sent_once(store: Store, cluster: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given, sent = [], []
    give, pack = executor.DaskExecutor._give, executor.pack_work
    monkeypatch.setattr(executor.DaskExecutor, "_give", lambda self: (given.append(len(self._setup)), give(self)))
    monkeypatch.setattr(executor, "pack_work", lambda *work, **how: sent.append(pack(*work, **how)) or sent[-1])
    big = np.ones(20_000_000 // 8)
    done = run(lambda x, big: float(big.sum()) + x, {"x": list(range(8))}, cluster.address, inputs={"big": big})
    assert [row[-1] for row in done.status.iterations[1:]] == [big.size + x for x in range(8)]
    assert len(given) == 1
    assert given[0] > big.nbytes
    assert max(map(len, sent)) < 1000
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        assert set(client.run(lambda: len(importlib.import_module("packagers_dask.worker")._setups)).values()) == {
            0
        }  # forgotten at the end
        assert not client.who_has()


def test_a_stop_and_errors_are_where_they_are_one_after_the_other(store: Store, cluster: Any, run: Any) -> None:
    done = run(lambda x: x, {"x": [1, 2, 3, 4, 5]}, cluster.address, stop_condition="v >= 2", selector="v")
    assert [row[-1] for row in done.status.iterations[1:]] == [1, 2]

    def fails(x: int) -> int:
        raise ValueError(f"not {x}")

    with pytest.raises(RunError, match="1 of 1 iteration failed; iteration 1: ValueError: not 1"):
        run(fails, {"x": [1, 2, 3]}, cluster.address, max_errors=0)


def test_two_threads_of_a_worker_keep_their_prints_apart(store: Store, tmp_path: Path, new_cluster: Callable[..., Any], run: Any) -> None:
    made = new_cluster()
    made.worker(threads=2)
    done = run("meets", {"x": [1, 2]}, made.address, None, params={"folder": str(tmp_path)})
    assert len({row[-1] for row in done.status.iterations[1:]} - {os.getpid()}) == 1
    for x in (1, 2):
        assert store.log(str(done.uid()), x)[0] == f"{x} at 0\n{x} at 1\n{x} at 2\n"


def test_a_worker_without_a_plugin_and_with_another_version(
    store: Store, tmp_path: Path, new_cluster: Callable[..., Any], run: Any, without: Callable[[str], dict[str, str]]
) -> None:
    environment = without("packagers-numpy")
    other = Path(environment["PYTHONPATH"]) / "packagers_pandas-0.0.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: packagers-pandas\nVersion: 0.0.9\n")
    (other / "entry_points.txt").write_text('[packagers.types]\n"pandas.Series" = packagers_pandas:SeriesPackager\n')
    made = new_cluster()
    made.worker(**environment)
    with (
        pytest.warns(packagers.PackagersWarning, match=r"packagers-pandas is 0\.0\.9 in a worker, and \S+ here") as warned,
        pytest.raises(RunError, match=r"(?s)2 of 3 iterations failed; iteration 2: .*pip install packagers-numpy==") as caught,
    ):
        run(lambda x: np.arange(x) if x > 1 else {"a": [x]}, {"x": [1, 2, 3]}, made.address, returns=("a",))
    assert sum("0.0.9" in str(each.message) for each in warned) == 1
    assert "ImportError" not in str(store.get_run(caught.value.uid, 2).status.error)


def test_a_worker_without_packagers_dask(
    store: Store, new_cluster: Callable[..., Any], run: Any, without: Callable[[str], dict[str, str]]
) -> None:
    lacking = without("packagers-dask")
    made = new_cluster(**lacking)  # a scheduler needs nothing of ours
    with pytest.raises(RunError) as none:
        run(lambda x: x, {"x": [1]}, made.address)
    assert isinstance(none.value.__cause__, ExecutorError)
    assert "has no worker" in str(none.value)
    made.worker()
    assert [row[-1] for row in run(lambda x: x, {"x": [1]}, made.address).status.iterations[1:]] == [1]
    made.worker(**lacking)
    with pytest.raises(RunError, match=r"the Dask process tcp://\S+ lacks packagers-dask") as worker:
        run(lambda x: x, {"x": [1]}, made.address)
    assert "pip install packagers-dask==" in str(worker.value)


@pytest.mark.parametrize("name", ["packagers-dask", pytest.param("packagers-runs", marks=pytest.mark.long)])
def test_what_a_worker_that_comes_later_lacks_is_said_and_done_by_others(
    store: Store, tmp_path: Path, new_cluster: Any, run: Any, without: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    made = new_cluster()
    made.worker()
    said = re.compile(rf"a worker \(tcp://\S+\) has no module '{name.replace('-', '_')}'.*\n.*pip install {name}==.*; others do")

    def come() -> None:
        try:
            until((tmp_path / "begun").exists)
            made.worker(**without(name))
            until(lambda: said.search(caplog.text))
        finally:
            (tmp_path / "mended").touch()

    with meanwhile(come):
        done = run("stops", {"x": [1, 2, 3, 4]}, made.address, 4, ("v", None), params={"folder": str(tmp_path), "at": 1})
    assert [row[-1] for row in done.status.iterations[1:]] == [10, 20, 30, 40]
    assert len(said.findall(caplog.text)) == 1


def test_a_module_that_no_worker_has_fails_iterations_with_what_to_install(
    store: Store, new_cluster: Callable[..., Any], run: Any, without: Callable[[str], dict[str, str]]
) -> None:
    made = new_cluster()
    made.worker(**without("psycopg"))
    import psycopg

    with pytest.raises(RunError, match=r"1 of 1 iteration failed; iteration 1: RunsError: a worker.* has no module 'psycopg'") as caught:
        run(lambda x: psycopg.__version__, {"x": [1]}, made.address, max_errors=0)
    assert f"pip install psycopg=={psycopg.__version__}" in str(caught.value)
    assert store.get_run(caught.value.uid, 1).status.traceback is None


def test_a_worker_that_comes_later_does_iterations_too(store: Store, tmp_path: Path, new_cluster: Callable[..., Any], run: Any) -> None:
    made = new_cluster()
    first = made.worker()
    helper = threading.Thread(target=lambda: (until((tmp_path / "1-0").exists), made.worker()))
    helper.start()
    done = run("meets", {"x": [1, 2]}, made.address, 2, params={"folder": str(tmp_path)})
    helper.join()
    pids = {row[-1] for row in done.status.iterations[1:]}
    assert len(pids) == 2
    assert first.pid in pids
    assert psutil.pid_exists(first.pid)
