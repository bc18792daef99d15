"""Hyper-parameter runs: iterations of a handler that does next to nothing, next to the bare loop with a commit each; and two processes.

What is recorded of an iteration is a row with its document, its labels and its fingerprint, so the yardstick is a row of such a document.
That many cost as much each as a tenth of them, in time and in memory, is a case whose raw side is the tenth.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.paired import Aim, Case
from packagers_runs import Store, connect, new_function, new_task

PARTS = 10
"""How many times as long the long run is."""
LABELS = {"kind": "local", "owner": "somebody", "host": "here"}


def double(x: int) -> int:
    """Do next to nothing."""
    return 2 * x


def sleep(x: int) -> int:
    """Take half a second."""
    import time  # it travels by value

    time.sleep(0.5)
    return x


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Do runs in one store."""
    count, repetitions = (20, 1) if quick else (1000, 11)
    with connect(f"sqlite:///{folder}/store/runs.db") as store:
        loop = bare(folder / "raw.db", count)
        yield Case(
            path=f"{count:,} iterations, recorded",
            limit="the loop, a row and a commit each",
            ours=searched(store, count),
            raw=loop,
            aim=Aim(0.0005, "seconds"),
            batch=count,
            repetitions=repetitions,
        )
        yield Case(
            path=f"{count * PARTS:,} iterations, recorded",
            limit=f"{PARTS} runs of {count:,}",
            ours=searched(store, count * PARTS),
            raw=repeated(searched(store, count), PARTS),
            aim=Aim(1.1),
            batch=count * PARTS,
            has_memory=not quick,
            repetitions=1 if quick else 5,
        )
        if not quick:
            yield Case(
                path="8 iterations of 0.5 s in two processes, with their start",
                limit="in two threads",
                ours=lambda number: new_function().run(
                    new_task("sleeping", handler=sleep, returns=["v"]).with_hyper_params({"x": range(8)}, parallel_runs=2), store=store
                ),
                raw=side_by_side,
                aim=Aim(3.5, "seconds"),
                repetitions=5,
            )
        yield Case(path="control: the loop", limit="itself", ours=loop, raw=loop, aim=None, batch=count, repetitions=repetitions)


def searched(store: Store, count: int) -> Callable[[int], object]:
    """Give what does a run with so many iterations."""
    task = new_task("trivial", handler=double, returns=["v"]).with_hyper_params({"x": range(count)}, selector="max.v")

    def run(number: int) -> None:
        done = new_function().run(task, store=store)
        if done.status.results != {"v": 2 * (count - 1), "best_iteration": count}:
            raise ValueError(f"run {number} gave {done.status.results}")

    return run


def bare(file: Path, count: int) -> Callable[[int], object]:
    """Give the loop around the handler that writes a row of each result, with a commit each."""
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "CREATE TABLE rows (uid, number, document)"):
        connection.execute(statement)

    def run(number: int) -> None:
        for iteration in range(1, count + 1):
            result = double(iteration - 1)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (f"{number:032x}", iteration, json.dumps(document(iteration, result))))
            connection.execute("COMMIT")

    return run


def document(iteration: int, result: int) -> dict[str, Any]:
    """Give what is recorded of an iteration."""
    return {
        "metadata": {"uid": "0" * 32, "name": "trivial", "project": "default", "labels": LABELS, "iteration": iteration},
        "spec": {"handler": "iterations:double", "outputs": ["v"], "returns": [{"key": "v"}], "parameters": {"x": iteration - 1}},
        "status": {"state": "completed", "host": "here", "results": {"v": result}, "start_time": "2026-11-22T05:30:00.000000+00:00"},
    }


def repeated(work: Callable[[int], object], times: int) -> Callable[[int], object]:
    """Give what does something so many times."""

    def run(number: int) -> None:
        for _ in range(times):
            work(number)

    return run


def side_by_side(number: int) -> None:
    """Sleep eight times half a second, in two threads."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: time.sleep(0.5), range(8)))
