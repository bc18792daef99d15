"""What runs cost to record, list, open, export, prune and collect, in a store of a thousand and in one of ten thousand.

Each run is begun, written once while it runs, and ended with results, labels, a log and an artifact; every other artifact is one that
another run has too. The yardsticks are raw SQLite on the same disk: one row of the same document a transaction, three a run, in WAL mode
with the same pragmas; and raw rows with ``json.loads``. A figure should not grow with the store, but where it is of all of it.

::

    python benchmarks/run_store.py [runs ...]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import update

import packagers
from packagers_runs import Store, connect, new_function
from packagers_runs.checkup.examining import examine
from packagers_runs.store.journal import Journal
from packagers_runs.store.schema import runs

BATCHES = 10
REPEATS = 5


def document(number: int, state: str, **status: Any) -> dict[str, Any]:
    """Give a document of ordinary size."""
    return {
        "metadata": {
            "uid": f"{number:032x}",
            "name": f"train-{number % 20}",
            "project": "default",
            "iteration": 0,
            "labels": {"kind": "local", "owner": "somebody", "host": "here", "group": str(number % 100)},
        },
        "spec": {"parameters": {"depth": number % 7, "rate": 0.1}, "handler": "train:train", "inputs": {"data": "iris.csv"}},
        "status": {"state": state, "start_time": "2026-11-22T05:30:00.000000+00:00", **status},
    }


def run(store: Store, number: int) -> None:
    """Do one run; one in ten fails."""
    attempt = store.begin(document(number, "running"))
    with packagers.Session(store.staging(attempt), record=False) as session:
        session.pack(f"text {number // 2}", "note : file")
    with Journal(store.database, attempt) as journal:
        journal.write(f"this is run {number}\n")
    store.write(attempt, document(number, "running", results={"accuracy": 0.5}))
    state = "error" if number % 10 == 0 else "completed"
    store.write(attempt, document(number, state, results={"accuracy": 0.97, "rows": number}), session.artifacts)


def raw(connection: sqlite3.Connection, number: int) -> None:
    """Put one row in one transaction."""
    text = json.dumps(document(number, "completed", results={"accuracy": 0.97, "rows": number}))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (f"{number:032x}", "completed", text))
    connection.execute("COMMIT")


def handler(x: int) -> int:
    """Do what costs nothing."""
    return x


def took(action: Callable[[], Any], expected: Any = None) -> float:
    """Give the wall time of an action, in seconds; its answer, or the length of it, is what was expected."""
    start = time.perf_counter()
    found = action()
    seconds = time.perf_counter() - start
    if expected is not None and (found if isinstance(found, int | tuple) else len(found)) != expected:
        raise SystemExit(f"the store did not do what was timed: {expected} was expected")
    return seconds


def median(action: Callable[[], Any], expected: Any = None) -> float:
    """Give the median time of several."""
    return statistics.median(took(action, expected) for _ in range(REPEATS))


def made(folder: Path, store: Store, count: int) -> dict[str, float]:
    """Do runs and write raw rows in turns, so that what else the machine does touches both; give milliseconds a run."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "CREATE TABLE rows (uid PRIMARY KEY, state, document)"):
        connection.execute(statement)
    spent = {"record, ms a run": 0.0, "three raw transactions, ms": 0.0}
    batch = count // BATCHES
    for start in range(0, count, batch):
        spent["record, ms a run"] += took(lambda start=start: [run(store, number) for number in range(start, start + batch)])
        numbers = range(3 * start, 3 * (start + batch))
        spent["three raw transactions, ms"] += took(lambda numbers=numbers: [raw(connection, number) for number in numbers])
    found = {name: seconds / count * 1e3 for name, seconds in spent.items()}
    query = "SELECT document FROM rows LIMIT ?"
    found["raw rows and json.loads, ms"] = 1e3 * median(lambda: [json.loads(row[0]) for row in connection.execute(query, (count,))], count)
    connection.close()
    return found


def figures(count: int) -> dict[str, float]:
    """Give all figures of a store of so many runs."""
    with tempfile.TemporaryDirectory() as name, connect(f"sqlite:///{name}/store/runs.db") as store:
        folder = Path(name)
        found = made(folder, store, count)
        some = [f"{number:032x}" for number in range(0, count, count // 100)]
        looks: dict[str, tuple[Callable[[], Any], Any]] = {
            "list all, ms": (store.documents, count),
            "newest 50, ms": (lambda: store.documents(limit=50), 50),
            "50 of a label, ms": (lambda: store.documents(labels={"owner": "somebody"}, limit=50), 50),
            "10 of a rare label, ms": (lambda: store.documents(labels={"group": "7"}, limit=10), 10),
            "50 that failed, ms": (lambda: store.documents(state="error", limit=50), 50),
            "50 of a name, ms": (lambda: store.documents(name="train-3", limit=50), 50),
            "newest artifact of a key, ms": (lambda: [store.find("store://note")], 1),
            "50 artifacts, ms": (lambda: store.list_artifacts(limit=50), 50),
            "unpack an artifact, ms": (lambda: packagers.unpack("store://note"), None),
            "open the store, ms": (lambda: connect(store.database.full_url).close(), None),
            "gc without work, ms": (store.gc, (0, 0)),
            "doctor, ms": (lambda: examine(store).findings, 0),
        }
        found |= {name: 1e3 * median(action, expected) for name, (action, expected) in looks.items()}
        found["open a run, ms"] = 1e3 * median(lambda: [store.get_run(uid) for uid in some], 100) / 100
        function = new_function("bench")
        launched = 50
        seconds = took(lambda: [function.run(handler=handler, params={"x": n}, returns=["x"], store=store) for n in range(launched)])
        found["a whole launched run, ms"] = 1e3 * seconds / launched
        found["database, KiB a run"] = sum(file.stat().st_size for file in folder.glob("store/runs.db*")) / count / 1024
        found["export all, ms a run"] = 1e3 * took(lambda: store.export(None, folder / "all.zip").runs, count + launched) / count
        found["export, KiB a run"] = (folder / "all.zip").stat().st_size / count / 1024
        with connect(f"sqlite:///{name}/other/runs.db") as other:
            found["import all, ms a run"] = 1e3 * took(lambda: other.import_(folder / "all.zip").added, count + launched) / count
        with store.database.writing() as connection:
            old = update(runs).where(runs.c.uid < f"{count // 2:032x}")
            connection.execute(old.values(updated=runs.c.updated - 1e6))
        found["prune half and collect, ms a run"] = 1e3 * took(lambda: store.prune(5e5), count // 2) / (count // 2)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", type=int, default=[1_000, 10_000], help="multiples of 1,000")
    counts = parser.parse_args().runs
    every = [figures(count) for count in counts]
    print(f"{'':36}" + "".join(f"{f'{count:,} runs':>14}" for count in counts))
    for name in every[0]:
        print(f"{name:36}" + "".join(f"{found[name]:14.2f}" for found in every))


if __name__ == "__main__":
    main()
