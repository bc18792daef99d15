"""One store and several processes: started together, killed, forked."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import packagers
from packagers_runs.runstore import Store, connect
from packagers_runs.store import liveness
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.schema import runs

PROGRAMS = Path(__file__).parent / "programs"
UID = "0123456789abcdef" * 2
TEXTS = {"a": "text a", "b": "text b", "c": "text c", "d": "text d"}


@contextlib.contextmanager
def program(name: str, *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(PROGRAMS / name), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def together(url: str, artifacts: Path, runs: int) -> None:
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(program("many_runs.py", url, str(artifacts), str(number), str(runs))) for number in range(1, 9)]
        assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * 8
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait(timeout=500) for process in processes] == [0] * 8


def check_all_runs(url: str, artifacts: Path, runs: int) -> None:
    with connect(url, artifacts) as store:
        found = store.documents(state="completed")
        assert sorted(int(run["metadata"]["uid"], 16) for run in found) == [n * 1000 + i for n in range(1, 9) for i in range(runs)]
        assert all(run["status"]["results"] == {"index": int(run["metadata"]["uid"], 16) % 1000} for run in found)
        made = store.list_artifacts()
        assert len(made) == 8 * -(-runs // 10)
        assert len(list(store.objects.digests())) == len({artifact.digest for artifact in made}) == min(5, -(-runs // 10))
        for artifact in made[:20]:
            assert packagers.unpack(str(artifact.address)) == f"text {int(artifact.uid, 16) % 1000 % 50}"
        assert store.gc() == (0, 0)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("runs", [12, pytest.param(250, marks=pytest.mark.long)])
def test_eight_processes_start_together_on_an_empty_store(new_database: Callable[[str], str], tmp_path: Path, kind: str, runs: int) -> None:
    url = new_database(kind)
    together(url, tmp_path / "objects", runs)
    check_all_runs(url, tmp_path / "objects", runs)
    if kind == "sqlite":
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_run_is_lost_at_the_first_look(new_database: Callable[[str], str], tmp_path: Path, kind: str) -> None:
    url = new_database(kind)
    with connect(url, tmp_path / "objects") as store, program("owning.py", url, str(tmp_path / "objects"), UID) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "ready\n"
        assert store.document(UID)["status"]["state"] == "running"
        assert store.gc() == (0, 0)
        owner.kill()
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its number is taken until somebody takes note
        assert [run["status"]["state"] for run in store.documents()] == ["error"]
        status = store.document(UID)["status"]
        assert (status["state"], status["reason"]) == ("error", "lost")
        assert f"process {owner.pid}" in status["error"]
        assert status["end_time"]
        assert store.gc() == (0, 1)
        assert store.take(UID).number == 2


def test_a_run_that_was_to_be_aborted_when_its_process_died_is_aborted(new_database: Callable[[str], str], tmp_path: Path) -> None:
    url = new_database("sqlite")
    with connect(url, tmp_path / "objects") as store, program("owning.py", url, str(tmp_path / "objects"), UID) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "ready\n"
        store.change(UID, {"status.state": "aborting"})
        owner.kill()
        owner.wait()
        status = store.document(UID)["status"]
    assert (status["state"], status["reason"]) == ("aborted", "lost")


def test_elsewhere_the_lease_decides_and_is_renewed(
    new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packagers_runs.store.heartbeat.RENEWAL_S", 0.01)
    with connect(new_database("sqlite"), tmp_path / "objects") as store:
        attempt = store.begin({"metadata": {"uid": UID}, "status": {"state": "running"}})
        renewed = threading.Event()
        renew = store._runs.renew
        monkeypatch.setattr(store._runs, "renew", lambda owner: (renew(owner), renewed.set())[0])
        assert renewed.wait(timeout=60)
        store._heart.stop()  # type: ignore[union-attr]
        store._heart._thread.join()  # type: ignore[union-attr]
        here = liveness.this_process()
        monkeypatch.setattr(liveness, "_place", lambda: "another machine")
        assert store.document(UID)["status"]["state"] == "running"
        now = store.database.now
        monkeypatch.setattr(store.database, "now", lambda connection: now(connection) + liveness.LEASE_S + 1)
        assert store.document(UID)["status"]["reason"] == "lost"
        with pytest.raises(StateConflictError):  # whoever was only slow to say that it lives writes nothing any more
            store.write(attempt, {"metadata": {"uid": UID}, "status": {"state": "completed"}})
        assert str(here.pid) in store.document(UID)["status"]["error"]


def test_who_was_taken_up_again_meanwhile_is_not_lost(new_database: Callable[[str], str], tmp_path: Path) -> None:
    url = new_database("sqlite")
    with connect(url, tmp_path / "objects") as store, program("owning.py", url, str(tmp_path / "objects"), UID) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "ready\n"
        with store.database.reading() as connection:
            seen = connection.execute(select(runs)).one()  # what a reader saw who then took its time
        owner.kill()
        owner.wait()
        assert store.document(UID)["status"]["reason"] == "lost"
        assert store.take(UID).number == 2
        store._runs._lose(seen, liveness.Owner.parse(seen.owner))
        assert store.document(UID)["status"]["state"] == "running"


def test_a_process_of_the_same_number_is_another_one() -> None:
    here = liveness.this_process()
    assert not here.is_gone(None, 0)
    assert liveness.Owner(here.host, here.place, here.pid, "1").is_gone(None, 0)
    assert liveness.Owner.parse(str(here)) == here


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_forked_processes_go_on_with_an_open_store(new_database: Callable[[str], str], tmp_path: Path, kind: str) -> None:
    with program("forking.py", new_database(kind), str(tmp_path / "objects")) as process:
        assert process.wait(timeout=120) == 0


def test_of_threads_that_take_one_run_one_gets_it(new_database: Callable[[str], str], tmp_path: Path) -> None:
    for kind in ("sqlite", "memory", "postgresql"):
        with connect(new_database(kind), tmp_path / kind) as store:
            store.begin({"metadata": {"uid": UID}, "status": {"state": "pending"}}, owned=False)
            won: list[int] = []

            def take(store: Store = store, won: list[int] = won) -> None:
                with contextlib.suppress(StateConflictError):
                    won.append(store.take(UID).number)

            threads = [threading.Thread(target=take) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert won == [1]


# Crash points.


def crash(new_url: Callable[[], tuple[str, str]], chosen: Callable[[int], list[int]]) -> int:
    """Kill at chosen points, of as many as there are, and look at what is left; give how many times."""
    with program("crashing.py") as process:

        def at(point: int, url: str, artifacts: str) -> dict[str, Any]:
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"{point} {url} {artifacts}\n")
            process.stdin.flush()
            told: dict[str, Any] = json.loads(process.stdout.readline())
            return told

        whole = at(0, *new_url())
        assert whole["status"] == 0
        assert whole["done"] == ["begun", "logged", "ended", "failed", "taken", "retried", "removed", "collected"]
        points = chosen(whole["points"])
        for point in points:
            url, artifacts = new_url()
            told = at(point, url, artifacts)
            assert told["status"] == -signal.SIGKILL, f"point {point}: {told}"
            try:
                check_what_is_left(url, artifacts, told["done"])
            except Exception as error:
                raise AssertionError(f"killed at point {point} of {whole['points']}, after {told['done']}") from error
    return len(points)


def check_what_is_left(url: str, artifacts: str, done: list[str]) -> None:
    with connect(url, artifacts) as store:
        runs = {int(run["metadata"]["uid"], 16): run for run in store.documents()}
        made = {number: {each.key for each in store.list_artifacts(uid=f"{number:032x}")} for number in (1, 2)}
        for number, keys in made.items():
            for key in keys:
                assert packagers.unpack(f"store://{key}@{number:032x}") == TEXTS[key]
            assert number in runs or not keys
        assert (1 in runs) or "begun" not in done or "retried" in done
        assert (2 in runs) or "failed" not in done
        if 1 in runs:
            status = runs[1]["status"]
            if status["state"] == "completed":
                assert (made[1], status["results"]) == ({"a", "b"}, {"x": (1, 2)})
            else:
                assert "ended" not in done
                assert (status["state"], status["reason"], status.get("results")) == ("error", "lost", None)
                assert made[1] == {"a"} or (made[1] == set() and "logged" not in done)
        assert "removed" not in done or 1 not in runs
        if 2 in runs:
            status = runs[2]["status"]
            if status["state"] == "completed":
                assert made[2] == {"a", "d"}
            elif status.get("reason") == "lost":
                assert "retried" not in done
                assert made[2] == ({"a", "c"} if store.attempt(f"{2:032x}") == 2 else set())
            else:
                assert (status["error"], made[2]) == ("broke", {"a", "c"})
        store.gc()
        assert set(store.objects.digests()) == {each.digest for each in store.list_artifacts()}
        assert not store.objects.staging.exists() or not list(store.objects.staging.iterdir())
        for number, keys in made.items():
            for key in keys:
                assert packagers.unpack(f"store://{key}@{number:032x}") == TEXTS[key]
        started = {"metadata": {"uid": UID}, "status": {"state": "running"}}
        attempt = store.begin(started)
        with packagers.Session(store.staging(attempt), record=False) as session:
            for key, text in TEXTS.items():
                session.pack(text, f"{key} : file")
        store.write(attempt, {**started, "status": {"state": "completed"}}, session.artifacts)
        assert {key: packagers.unpack(f"store://{key}") for key in TEXTS} == TEXTS


PLACES = [("sqlite", "{}"), ("postgresql", "{}"), ("sqlite", "local://{}")]


def urls(new_database: Callable[[str], str], tmp_path: Path, kind: str, place: str) -> Callable[[], tuple[str, str]]:
    numbers = iter(range(10**6))
    empty = new_database(kind) if kind == "postgresql" else ""

    def new() -> tuple[str, str]:
        artifacts = place.format(tmp_path / f"objects-{next(numbers)}")
        if not empty:
            return new_database(kind), artifacts
        import psycopg

        with psycopg.connect(empty.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return empty, artifacts

    return new


@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_a_kill_at_some_points_loses_nothing_and_leaves_nothing_half_done(
    new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Any, kind: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = crash(urls(new_database, tmp_path, kind, place), lambda points: list(range(points // 12, points + 1, points // 6)))
    figure("crash points of a run", f"kill -9 at a commit point ({kind})", points=done, violations=0)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_a_kill_at_any_point_loses_nothing_and_leaves_nothing_half_done(
    new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Any, kind: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = crash(urls(new_database, tmp_path, kind, place), lambda points: random.sample(range(1, points + 1), points))
    figure("crash points of a run", f"kill -9 at a commit point ({kind})", points=done, violations=0)
