"""Use a store, and be killed at one point of it.

For each line ``POINT URL ARTIFACTS`` of input a child is forked that does what :func:`work` does and kills itself with SIGKILL when it
comes to that point: before each statement, before and after each commit, and before each change of the file system that the store makes.
Then a line of output tells what the child had been told was done, as JSON: ``{"done": […], "status": …, "points": …}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy
from sqlalchemy.engine.default import DefaultDialect

import packagers
from packagers_runs.runstore import Store, connect
from packagers_runs.store.objects import RemoteObjects
from packagers_runs.store.runrows import Attempt


class Points:
    """Counts the points that a process comes to, and kills it at one of them."""

    def __init__(self) -> None:
        self.last = 0
        self.count = 0
        self.is_counting = False
        self.threads = {"MainThread"}  # what others do comes at any time

    def __call__(self) -> None:
        if self.is_counting and threading.current_thread().name in self.threads:
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        self.is_counting = True
        yield
        self.is_counting = False


points = Points()


def at_points(function: Callable[..., Any], *, after: bool = False) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        points()
        result = function(*args, **kwargs)
        if after:
            points()
        return result

    return wrapped


def prepare() -> None:
    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", lambda *_: points())
    DefaultDialect.do_commit = at_points(DefaultDialect.do_commit, after=True)
    for name in ("rename", "replace", "link", "unlink", "rmdir", "mkdir"):
        setattr(os, name, at_points(getattr(os, name)))
    RemoteObjects._put_file = at_points(RemoteObjects._put_file)


def metadata(number: int) -> dict[str, Any]:
    return {"uid": f"{number:032x}", "name": "crash", "labels": {"number": str(number)}}


def pack(store: Store, attempt: Attempt, **values: str) -> dict[str, packagers.Artifact]:
    with packagers.Session(store.staging(attempt), record=False) as session:
        for key, value in values.items():
            session.pack(value, f"{key} : file")
    return session.artifacts


def work(url: str, artifacts: str, tell: Callable[[str], None]) -> None:
    with points.counting():
        store = connect(url, artifacts)
    first = {"metadata": metadata(1), "status": {"state": "running"}}
    with points.counting():
        attempt = store.begin(first)
    tell("begun")
    made = pack(store, attempt, a="text a", b="text b")
    with points.counting():
        store.write(attempt, first, {"a": made["a"]})
    tell("logged")
    with points.counting():
        store.write(attempt, {**first, "status": {"state": "completed", "results": {"x": (1, 2)}}}, {"b": made["b"]})
    tell("ended")
    second = {"metadata": metadata(2), "status": {"state": "running"}}
    with points.counting():
        attempt = store.begin(second)
    made = pack(store, attempt, a="text a", c="text c")
    with points.counting():
        store.write(attempt, {**second, "status": {"state": "error", "error": "broke"}}, made)
    tell("failed")
    with points.counting():
        attempt = store.take(second["metadata"]["uid"])
    tell("taken")
    made = pack(store, attempt, a="text a", d="text d")
    with points.counting():
        store.write(attempt, {**second, "status": {"state": "completed"}}, made)
    tell("retried")
    with points.counting():
        store.remove(first["metadata"]["uid"])
    tell("removed")
    with points.counting():
        store.gc()
    tell("collected")


Work = Callable[[str, str, Callable[[str], None]], None]


def child(line: str, output: int, work: Work) -> None:
    point, url, artifacts = line.split()
    points.last, points.count = int(point), 0
    work(url, artifacts, lambda word: os.write(output, f"{word}\n".encode()) and None)
    os.write(output, f"points {points.count}\n".encode())


def main(work: Work) -> None:
    prepare()
    for line in sys.stdin:
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            os.close(reading)
            try:
                child(line, writing, work)
            finally:
                sys.stdout.flush()
                os._exit(int(sys.exc_info()[0] is not None and not print(sys.exc_info(), file=sys.stderr)))
        os.close(writing)
        with os.fdopen(reading) as told:
            words = told.read().split("\n")[:-1]
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        count = next((int(word.split()[1]) for word in words if word.startswith("points ")), 0)
        print(json.dumps({"done": [word for word in words if " " not in word], "status": status, "points": count}), flush=True)


if __name__ == "__main__":
    main(work)
