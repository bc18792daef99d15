"""Runs with iterations go on: exactly those are done that are missing or would do something else, whatever ended the run."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers_runs.errors import RunError
from packagers_runs.models.template import new_task
from packagers_runs.running.context import RunContext
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROGRAMS / "hyper_handlers.py", tmp_path)
    with connect() as store:
        yield store
    for name in ("hyper_handlers", "changing_handlers"):
        sys.modules.pop(name, None)
    sys.path[:] = [place for place in sys.path if place != str(tmp_path)]


def what_came_of(store: Store, uid: str) -> Any:
    """Give all that may not depend on how often a run was begun."""
    done = store.get_run(uid)
    digests = {(each.iteration, each.key): each.digest for each in store.list_artifacts(uid=uid)}
    children = {document["metadata"].get("iteration", 0): document["status"]["results"] for document in store.documents(uid=uid)}
    addresses = {key: uri.replace(uid, "") for key, uri in done.status.artifact_uris.items()}
    return done.status.state, done.status.iterations, done.status.results, digests, children, addresses


def begun(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "begun").read_text().split()]


PROGRAM = """
    import os, sys
    from pathlib import Path
    from packagers_runs import connect, new_function, new_task
    connect()
    Path("main").write_text(str(os.getpid()))
    width, slow = int(sys.argv[1]), float(sys.argv[2])
    params = {"folder": os.getcwd(), "killed": 8, "slow": slow}
    task = new_task("killed", handler="hyper_handlers.py:learns", params=params, returns=["v", "arr"])
    new_function().run(task.with_hyper_params({"x": list(range(1, 21))}, selector="max.v", parallel_runs=width))
"""


@pytest.mark.parametrize(("width", "slow"), [(1, 0.06), (1, 0), (2, 0.06)])
def test_after_a_kill_in_the_eighth_only_what_is_missing_is_done(store: Store, tmp_path: Path, width: int, slow: float) -> None:
    arguments = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(width), str(slow)]
    assert subprocess.run(arguments, cwd=tmp_path, stderr=subprocess.PIPE, check=False).returncode == -signal.SIGKILL
    (lost,) = store.list_runs()
    assert (lost.status.state, lost.status.reason) == ("error", "lost")
    recorded = {document["metadata"].get("iteration", 0) for document in store.documents(uid=lost.uid())} - {0}
    if slow:  # each was recorded before there was another one in its place
        assert recorded <= set(range(1, 8))
        assert len(recorded) >= 7 - (width - 1)
    (tmp_path / "mended").touch()
    before = begun(tmp_path)
    done = store.resume(str(lost.uid()))
    assert begun(tmp_path)[len(before) :] == [number for number in range(1, 21) if number not in recorded] or width > 1
    assert sorted(begun(tmp_path)[len(before) :]) == [number for number in range(1, 21) if number not in recorded]
    assert store.attempt(str(done.uid())) == 2
    assert [store.attempt(str(done.uid()), number) for number in range(1, 21)] == [1] * 20
    task = new_task("killed", handler="hyper_handlers.py:learns", params=done.spec.parameters, returns=["v", "arr"])
    whole = new_function().run(task.with_hyper_params({"x": list(range(1, 21))}, selector="max.v"))
    assert what_came_of(store, str(whole.uid())) == what_came_of(store, str(done.uid()))
    count = len(begun(tmp_path))
    assert store.resume(str(done.uid())) == done
    assert len(begun(tmp_path)) == count


CHANGING = """
from hyper_handlers import count

def handler(x, folder):
    count(folder, x)
    return x * FACTOR
"""


def changing(folder: Path, factor: int) -> None:
    (folder / "changing_handlers.py").write_text(CHANGING.replace("FACTOR", str(factor)))
    sys.modules.pop("changing_handlers", None)


def test_what_would_do_something_else_by_now_is_done_again(store: Store, tmp_path: Path) -> None:
    (tmp_path / "values.csv").write_text("x\n1\n2\n")
    changing(tmp_path, 2)
    task = new_task("changes", handler="changing_handlers.py:handler", params={"folder": str(tmp_path)}, returns=["v"])
    uid = str(new_function().run(task.with_param_file("values.csv", selector="v")).uid())
    assert begun(tmp_path) == [1, 2]
    (tmp_path / "values.csv").write_text("x\n1\n5\n3\n")
    done = store.resume(uid)
    assert begun(tmp_path) == [1, 2, 5, 3]
    assert [row[-1] for row in done.status.iterations[1:]] == [2, 10, 6]
    assert [store.attempt(uid, number) for number in range(4)] == [2, 1, 2, 1]
    changing(tmp_path, 3)
    assert [row[-1] for row in store.resume(uid).status.iterations[1:]] == [3, 15, 9]
    assert begun(tmp_path) == [1, 2, 5, 3, 1, 5, 3]
    (tmp_path / "values.csv").write_text("x\n1\n")
    assert len(store.resume(uid).status.iterations) == 2
    assert len(store.documents(uid=uid)) == 2


def test_values_that_no_document_holds_are_kept(store: Store) -> None:
    functions = [lambda x: x + 1, lambda x: x * 5]
    task = new_task(handler=lambda f, x: f(x), params={"x": 3}, returns=["v"]).with_hyper_params({"f": functions}, selector="v")
    done = new_function().run(task)
    store.change(str(done.uid()), {"metadata.annotations": {}})  # as if it were another one by now
    assert store.resume(str(done.uid())).status.results == {"v": 15, "best_iteration": 2}
    assert store.attempt(str(done.uid())) == 2


def test_resume_leaves_what_failed_and_retry_does_it_again(store: Store, tmp_path: Path) -> None:
    task = new_task("fails", handler=fails, params={"folder": str(tmp_path)}, returns=["v"]).with_hyper_params({"x": [1, 2, 3]})
    with pytest.raises(RunError) as caught:
        new_function().run(task)
    uid = caught.value.uid
    with pytest.raises(RunError, match="1 of 3 iterations failed; iteration 2: ValueError: not yet"):
        store.resume(uid)
    assert begun(tmp_path) == [1, 2, 3]
    (tmp_path / "mended").touch()
    assert [row[-1] for row in store.retry(uid).status.iterations[1:]] == [1, 2, 3]
    assert begun(tmp_path) == [1, 2, 3, 2]


def fails(x: int, folder: str) -> int:
    with Path(folder, "begun").open("a") as file:
        file.write(f"{x}\n")
    if x == 2 and not Path(folder, "mended").exists():
        raise ValueError("not yet")
    return x


RESUMING = """
    import sys
    from packagers_runs import connect
    from packagers_runs.store.errors import StateConflictError
    store = connect()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print(store.resume(sys.argv[1]).status.state)
    except StateConflictError as error:
        print("conflict")
"""


def test_two_that_resume_at_once_do_no_iteration_twice(store: Store, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", textwrap.dedent(PROGRAM), "1", "0"]
    assert subprocess.run(arguments, cwd=tmp_path, stderr=subprocess.PIPE, check=False).returncode == -signal.SIGKILL
    (lost,) = store.list_runs()
    recorded = {document["metadata"].get("iteration", 0) for document in store.documents(uid=lost.uid())} - {0}
    (tmp_path / "mended").touch()
    (tmp_path / "begun").unlink()
    program = [sys.executable, "-c", textwrap.dedent(RESUMING), str(lost.uid())]
    both = [subprocess.Popen(program, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=120)[0] for process in both)
    assert "completed\n" in said
    assert set(said) <= {"completed\n", "conflict\n"}
    assert begun(tmp_path) == [number for number in range(1, 21) if number not in recorded]
    assert store.get_run(str(lost.uid())).status.state == "completed"


def drives(context: RunContext, folder: str, asks: bool) -> int:
    total = 0
    for x in (1, 2, 3, 4):
        with context.get_child_context(x=x) as child:
            if not (asks and child.is_recorded):
                count(folder, x)
                if x == 3 and not Path(folder, "mended").exists():
                    raise ValueError("not yet")
                child.log_result("v", x * 10)
                child.log_artifact("text", f"text of {x}", artifact_type="file")
            total += child.results["v"]
            assert packagers.unpack(child.artifacts["text"]) == f"text of {x}"
    return total


def count(folder: str, x: int) -> None:
    with Path(folder, "begun").open("a") as file:
        file.write(f"{x}\n")


@pytest.mark.parametrize("asks", [True, False])
def test_a_handler_is_given_back_the_children_that_were_completed(store: Store, tmp_path: Path, asks: bool) -> None:
    task = new_task("own", handler=drives, params={"folder": str(tmp_path), "asks": asks}, returns=["total"])
    task.with_hyper_params({}, strategy="custom", selector="v")
    with pytest.raises(RunError, match="not yet") as caught:
        new_function().run(task)
    uid = caught.value.uid
    (tmp_path / "mended").touch()
    done = store.resume(uid)
    assert begun(tmp_path) == ([1, 2, 3, 3, 4] if asks else [1, 2, 3, 1, 2, 3, 4])
    assert [store.attempt(uid, number) for number in range(5)] == ([2, 1, 1, 2, 1] if asks else [2, 2, 2, 2, 1])
    whole = new_function().run(task)
    assert what_came_of(store, uid) == what_came_of(store, str(whole.uid()))
    assert done.status.results == {"total": 100, "v": 40, "best_iteration": 4}


def test_children_with_other_parameters_are_no_recorded_ones(store: Store, tmp_path: Path) -> None:
    def handler(context: RunContext) -> None:
        values = [int(word) for word in Path("values").read_text().split()]
        for x in values:
            with context.get_child_context(x=x) as child:
                if not child.is_recorded:
                    count(".", x)
                    child.log_result("v", x)
        if len(values) > 3:
            raise ValueError("too many")

    Path("values").write_text("1 2 3 4")
    with pytest.raises(RunError) as caught:
        new_function().run(new_task("own", handler=handler))
    Path("values").write_text("1 5 3")
    assert [row[-1] for row in store.resume(caught.value.uid).status.iterations[1:]] == [1, 5, 3]
    assert begun(tmp_path) == [1, 2, 3, 4, 5]


def crash(kind: str, new_database: Callable[[str], str], folder: Path, width: int, wanted: int | None) -> int:
    """Kill at points of a run, and go on with each; gives how many kills there were."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAMS / "crashing_hyper.py"), str(width)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    kills = 0

    def at(point: int) -> tuple[str, str, dict[str, Any]]:
        url, artifacts = new_database(kind), str(folder / f"objects-{point}")
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{point} {url} {artifacts}\n")
        process.stdin.flush()
        return url, artifacts, json.loads(process.stdout.readline())

    def gone_on(url: str, artifacts: str) -> Any:
        with connect(url, artifacts) as store:
            runs = store.list_runs()
            if not runs:
                return None
            uid = str(runs[0].uid())
            recorded = {document["metadata"].get("iteration", 0) for document in store.documents(uid=uid)} - {0}
            (folder / "begun").write_text("")
            if runs[0].status.state != "completed":
                assert store.resume(uid).status.state == "completed"
            missing = [number for number in range(1, 6) if number not in recorded]
            # A worker whose run was killed in the moment before may still begin what it was given.
            assert sorted(begun(folder)) == missing if width == 1 else set(begun(folder)) - recorded == set(missing)
            store.gc()
            assert set(store.objects.digests()) == {each.digest for each in store.list_artifacts()}
            assert not store.objects.staging.exists() or not list(store.objects.staging.iterdir())
            return what_came_of(store, uid)

    try:
        url, artifacts, told = at(0)
        assert told["done"] == ["ended"], told
        whole, count = gone_on(url, artifacts), told["points"]
        few = range(1 + count // (2 * (wanted or 1)), count + 1, count // (wanted or 1))
        points = random.sample(range(1, count + 1), count) if wanted is None else list(few)
        for point in points:
            url, artifacts, told = at(point)
            kills += told["status"] == -signal.SIGKILL
            found = gone_on(url, artifacts)
            assert found is None or found == whole, f"killed at point {point} of {count}"
    finally:
        process.kill()
        process.communicate()
    return kills


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_kill_at_some_points_changes_nothing_in_the_end(
    new_database: Callable[[str], str], tmp_path: Path, figure: Any, kind: str
) -> None:
    kills = crash(kind, new_database, tmp_path, 1, 6)
    figure("crash points of a run", f"kill -9 at a point of a run with iterations ({kind})", points=kills, violations=0)
    assert kills >= 3


@pytest.mark.long
@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_kill_at_any_point_changes_nothing_in_the_end(
    new_database: Callable[[str], str], tmp_path: Path, figure: Any, kind: str, width: int
) -> None:
    kills = crash(kind, new_database, tmp_path, width, None)
    where = kind if width == 1 else f"{kind}, {width} processes"
    figure("crash points of a run", f"kill -9 at a point of a run with iterations ({where})", points=kills, violations=0)
    assert kills >= 50
