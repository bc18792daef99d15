"""What the report of a run costs: the first of a process, which imports the templates' library, others, one that is there, and large ones.

::

    python benchmarks/run_reports.py
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packagers_runs import Store, connect
from packagers_runs.report.writing import write_report
from packagers_runs.store.journal import Journal

RUNS = 200
ITERATIONS = 10_000
LOG_MIB = 100


def record(store: Store, number: int, log: str = "one line\n", **status: Any) -> str:
    """Do a run; give its uid."""
    uid = f"{number:032x}"
    document = {
        "metadata": {"uid": uid, "name": "train", "project": "default", "iteration": 0},
        "spec": {"parameters": {"depth": 3}, "handler": "train:train", "selector": "max.accuracy"},
        "status": {"state": "running"},
    }
    attempt = store.begin(document)
    with Journal(store.database, attempt) as journal:
        for _ in range(0, len(log), 1 << 16):
            journal.write(log[: 1 << 16])
    store.write(attempt, {**document, "status": {"state": "completed", "results": {"accuracy": 0.9}, **status}})
    return uid


def table() -> list[list[Any]]:
    """Give a table of iterations."""
    draw = random.Random(0)
    header = ["state", "iter", "param.depth", "param.rate", "param.kind", "output.accuracy", "output.loss"]
    rows = ([draw.randint(1, 9), 10 ** draw.uniform(-5, -1), draw.choice("abc"), draw.random(), draw.random()] for _ in range(ITERATIONS))
    return [header, *(["completed", number, *row] for number, row in enumerate(rows, 1))]


def took(action: Callable[[], Any]) -> float:
    """Give the milliseconds that it takes."""
    begun = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - begun)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder, connect(f"sqlite:///{folder}/runs.db") as store:
        uids = [record(store, number) for number in range(1, RUNS + 1)]
        print(f"the first of a process, ms      {took(lambda: write_report(store, uids[0])):10.1f}")
        print(f"another, ms                     {took(lambda: [write_report(store, uid) for uid in uids[1:]]) / (RUNS - 1):10.1f}")
        print(f"one that is there, ms           {took(lambda: [write_report(store, uid) for uid in uids]) / RUNS:10.1f}")
        search = record(store, RUNS + 1, iterations=table(), results={"accuracy": 1.0, "best_iteration": 5})
        chatty = record(store, RUNS + 2, log="a line that somebody has printed\n" * ((LOG_MIB << 20) // 33))
        for what, uid in ((f"{ITERATIONS:,} iterations", search), (f"a log of {LOG_MIB} MiB", chatty)):
            print(f"{what + ', ms':32}{took(lambda uid=uid: write_report(store, uid)):10.1f}")  # type: ignore[misc]
            print(f"{what + ', KiB':32}{Path(write_report(store, uid)).stat().st_size / 1024:10.1f}")


if __name__ == "__main__":
    main()
