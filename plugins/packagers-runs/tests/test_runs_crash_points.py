"""A kill at any point of a whole run, or of an import: nothing that was recorded is lost, nothing is half there, and the run goes on."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers_runs import Store, connect
from packagers_runs.checkup.examining import examine

PROGRAM = Path(__file__).parent / "programs" / "crashing_runs.py"
STEPS = 2
KINDS = ("sqlite", "postgresql")


class Killed:
    """Kills a program at one point after another; each time it works on an empty store."""

    def __init__(self, what: str, kind: str, new_database: Callable[[str], str], folder: Path) -> None:
        self._kind = kind
        self._new = new_database
        self._folder = folder
        self._shared = new_database(kind) if kind == "postgresql" else ""
        self._count = 0
        self.kills = 0
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        )

    def at(self, point: int) -> tuple[str, str, dict[str, Any]]:
        """Kill it at a point, 0 for none; give the store, and what it had told before."""
        self._count += 1
        artifacts = str(self._folder / f"objects-{self._count}")
        url = self._empty()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{point} {url} {artifacts}\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        # How many points a run has differs by a few: threads decide who of them makes a folder first.
        is_past = told["status"] == 0 and told["points"] < point
        assert told["status"] == (-signal.SIGKILL if point else 0) or is_past, f"point {point}: {told}"
        self.kills += told["status"] == -signal.SIGKILL
        return url, artifacts, told

    def _empty(self) -> str:
        if not self._shared:
            return self._new(self._kind)
        import psycopg

        with psycopg.connect(self._shared.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return self._shared


@contextlib.contextmanager
def killed(what: str, kind: str, new_database: Callable[[str], str], folder: Path) -> Iterator[Killed]:
    program = Killed(what, kind, new_database, folder)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.communicate()


def chosen(count: int, wanted: int | None) -> list[int]:
    return (
        random.sample(range(1, count + 1), count) if wanted is None else list(range(1 + count // (2 * wanted), count + 1, count // wanted))
    )


def text_of(key: str, attempt: int) -> str:
    return "the same in every attempt" if key.startswith("same") else f"{key} of attempt {attempt}"


def check_well(store: Store) -> None:
    done = examine(store, deep=True)
    assert done.is_well, done.findings


def check_clean(store: Store) -> None:
    """Look whether ``gc`` leaves what is recorded and nothing else."""
    store.gc()
    assert set(store.objects.digests()) == {each.digest for each in store.list_artifacts()}
    assert not store.objects.staging.exists() or not list(store.objects.staging.iterdir())
    assert examine(store, deep=True).findings == []


def check_whole(store: Store, uid: str) -> None:
    """Look at a run that has completed."""
    run = store.get_run(uid)
    attempt = store.attempt(uid)
    assert run.status.state == "completed"
    assert run.status.results == {**{f"r{step}": (attempt, step) for step in range(STEPS)}, "last": {"attempt": attempt}}
    made = {each.key: each for each in store.list_artifacts(uid=uid)}
    assert made.keys() == set(run.status.artifact_uris) == {f"{name}{step}" for name in ("a", "same") for step in range(STEPS)}
    for key, each in made.items():
        assert (each.attempt, run.unpack(key)) == (attempt, text_of(key, attempt))
    assert f"step {STEPS - 1} of attempt {attempt}\n" in store.log(uid)[0]


def check_run(url: str, artifacts: str, done: list[str]) -> str:
    """Look at what a kill has left of a run, and go on with it; give the state that it was found in."""
    with connect(url, artifacts) as store:
        documents = store.documents()
        committed = [(int(attempt), int(step)) for word in done if word.startswith("committed") for _, attempt, step in [word.split("-")]]
        if not documents:
            assert not done
            check_well(store)
            check_clean(store)
            return "nothing"
        (document,) = documents
        uid, status = document["metadata"]["uid"], document["status"]
        attempt = store.attempt(uid)
        for each in store.list_artifacts(uid=uid):
            assert packagers.unpack(str(each.address)) == text_of(each.key, each.attempt)
        made = {each.key for each in store.list_artifacts(uid=uid)}
        assert {f"a{step}" for _, step in committed} <= made
        results = status.get("results", {})
        assert {f"r{step}": (attempt, step) for number, step in committed if number == attempt}.items() <= results.items()
        assert set(status.get("artifact_uris", {})) <= made
        if "ended" in done or status["state"] == "completed":
            check_whole(store, uid)
            assert store.log(uid)[0].count("step") == 2 * STEPS
        else:
            assert status["state"] == "pendingRetry" or (status["state"], status["reason"]) == ("error", "lost")
        check_well(store)
        if status["state"] != "completed":
            store.change(uid, {"spec.parameters": {"fails": 0}})
            assert store.retry(uid).status.state == "completed"
            assert store.attempt(uid) == attempt + 1
            check_whole(store, uid)
        check_clean(store)
        check_whole(store, uid)
        return str(status["state"])


def crash_runs(kind: str, new_database: Callable[[str], str], folder: Path, wanted: int | None) -> int:
    with killed("run", kind, new_database, folder) as program:
        url, artifacts, whole = program.at(0)
        assert whole["done"] == [f"committed-{attempt}-{step}" for attempt in (1, 2) for step in range(STEPS)] + ["ended", "collected"]
        assert check_run(url, artifacts, whole["done"]) == "completed"
        points = chosen(whole["points"], wanted)
        states = {}
        for point in points:
            url, artifacts, told = program.at(point)
            try:
                states[point] = check_run(url, artifacts, told["done"])
            except BaseException as error:
                raise AssertionError(f"killed at point {point} of {whole['points']}, after {told['done']}") from error
        assert set(states.values()) >= {"error", "completed"}
        assert program.kills > 0.9 * len(points)
    return program.kills


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_some_points_of_a_run(new_database: Callable[[str], str], tmp_path: Path, figure: Any, kind: str) -> None:
    done = crash_runs(kind, new_database, tmp_path, 6)
    figure("crash points of a run", f"kill -9 at a point of a whole run ({kind})", points=done, violations=0)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_any_point_of_a_run(new_database: Callable[[str], str], tmp_path: Path, figure: Any, kind: str) -> None:
    done = crash_runs(kind, new_database, tmp_path, None)
    figure("crash points of a run", f"kill -9 at a point of a whole run ({kind})", points=done, violations=0)


# Imports.


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an export of two runs that have an object in common."""
    file = tmp_path / "runs.zip"
    with connect("memory://") as store:
        for number in (1, 2):
            document = {"metadata": {"uid": f"{number:032x}"}, "status": {"state": "running"}}
            attempt = store.begin(document)
            with packagers.Session(store.staging(attempt), record=False) as session:
                session.pack("shared", "same : file")
                session.pack(f"text {number}", "own : file")
            store.write(attempt, {**document, "status": {"state": "completed", "results": {"n": (number,)}}}, session.artifacts)
        store.export(None, file)
    monkeypatch.setenv("EXPORT", str(file))
    return file


def check_import(url: str, artifacts: str, export: Path, done: list[str]) -> None:
    with connect(url, artifacts) as store:
        here = {int(run["metadata"]["uid"], 16): run for run in store.documents()}
        assert len(here) == 2 or "imported" not in done
        for again in (False, True):
            for number in (1, 2) if again else here:
                uid = f"{number:032x}"
                assert store.document(uid)["status"]["results"] == {"n": (number,)}
                texts = {each.key: packagers.unpack(str(each.address)) for each in store.list_artifacts(uid=uid)}
                assert texts == {"same": "shared", "own": f"text {number}"}
            check_well(store)
            check_clean(store)
            if not again:
                assert len(store.import_(export).added) == 2 - len(here)


def crash_imports(kind: str, new_database: Callable[[str], str], folder: Path, export: Path, wanted: int | None) -> int:
    with killed("import", kind, new_database, folder) as program:
        url, artifacts, whole = program.at(0)
        assert whole["done"] == ["imported", "collected"]
        check_import(url, artifacts, export, whole["done"])
        points = chosen(whole["points"], wanted)
        for point in points:
            url, artifacts, told = program.at(point)
            try:
                check_import(url, artifacts, export, told["done"])
            except BaseException as error:
                raise AssertionError(f"killed at point {point} of {whole['points']}, after {told['done']}") from error
        assert program.kills > 0.9 * len(points)
    return program.kills


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_some_points_of_an_import(
    new_database: Callable[[str], str], tmp_path: Path, export: Path, figure: Any, kind: str
) -> None:
    done = crash_imports(kind, new_database, tmp_path, export, 4)
    figure("crash points of a run", f"kill -9 at a point of an import ({kind})", points=done, violations=0)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_any_point_of_an_import(new_database: Callable[[str], str], tmp_path: Path, export: Path, figure: Any, kind: str) -> None:
    done = crash_imports(kind, new_database, tmp_path, export, None)
    figure("crash points of a run", f"kill -9 at a point of an import ({kind})", points=done, violations=0)
