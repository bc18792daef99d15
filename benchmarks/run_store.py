"""How long a store of runs takes next to raw SQLite, and what ten thousand runs cost to list, open, prune and collect.

Each run is begun, written once while it runs, and ended with results, labels and, one in a hundred, an artifact. The yardstick is raw
SQLite on the same disk: one row of the same document a transaction, in WAL mode with the same pragmas. The ratio of writing counts
transactions: three a run. Both are done in turns, a batch each, so that what else the machine does touches both.

::

    python benchmarks/run_store.py [runs]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import packagers
from packagers_runs import Store, connect

BATCHES = 10
WITH_ARTIFACT = 100


def document(number: int, state: str, **status: Any) -> dict[str, Any]:
    """Give a document of ordinary size."""
    return {
        "metadata": {
            "uid": f"{number:032x}",
            "name": f"train-{number % 20}",
            "project": "default",
            "iteration": 0,
            "labels": {"kind": "local", "owner": "somebody", "host": "here"},
        },
        "spec": {"parameters": {"depth": number % 7, "rate": 0.1}, "handler": "train:train", "inputs": {"data": "iris.csv"}},
        "status": {"state": state, "start_time": "2026-11-22T05:30:00.000000+00:00", **status},
    }


def run(store: Store, number: int) -> None:
    """Do one run."""
    attempt = store.begin(document(number, "running"))
    made: dict[str, packagers.Artifact] = {}
    if number % WITH_ARTIFACT == 0:
        with packagers.Session(store.staging(attempt), record=False) as session:
            session.pack(f"text {number}", "note : file")
        made = session.artifacts
    store.write(attempt, document(number, "running", results={"accuracy": 0.5}))
    store.write(attempt, document(number, "completed", results={"accuracy": 0.97, "rows": number}), made)


def raw(connection: sqlite3.Connection, number: int) -> None:
    """Put one row in one transaction."""
    text = json.dumps(document(number, "completed", results={"accuracy": 0.97, "rows": number}))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (f"{number:032x}", "completed", text))
    connection.execute("COMMIT")


@contextlib.contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Add the wall time of a block, in seconds."""
    start = time.perf_counter()
    yield
    into[name] = into.get(name, 0.0) + time.perf_counter() - start


def expect(done: bool) -> None:
    """Stop where what was timed was not what was meant."""
    if not done:
        raise SystemExit("the store did not do what was timed")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="?", type=int, default=10_000)
    count = parser.parse_args().runs
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, connect(f"sqlite:///{folder}/runs.db") as store:
        connection = sqlite3.connect(Path(folder, "raw.db"), isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "CREATE TABLE rows (uid PRIMARY KEY, state, document)"):
            connection.execute(statement)
        batch = count // BATCHES
        for start in range(0, batch * BATCHES, batch):
            with timed(spent, "write"):
                for number in range(start, start + batch):
                    run(store, number)
            with timed(spent, "raw write"):
                for number in range(3 * start, 3 * (start + batch)):
                    raw(connection, number)
        done = batch * BATCHES
        with timed(spent, "raw list"):
            rows = [json.loads(row[0]) for row in connection.execute("SELECT document FROM rows LIMIT ?", (done,))]
        connection.close()
        with timed(spent, "list all"):
            expect(len(store.documents()) == len(rows) == done)
        with timed(spent, "list page"):
            expect(len(store.documents(limit=50)) == 50)
        with timed(spent, "list by label"):
            store.documents(labels={"owner": "somebody"}, state="completed", limit=50)
        with timed(spent, "get"):
            for number in range(0, done, done // 100):
                store.document(f"{number:032x}")
        with timed(spent, "unpack"):
            expect(packagers.unpack("store://note").startswith("text"))
        with timed(spent, "open"):
            connect(store.database.full_url).close()
        with timed(spent, "gc"):
            expect(store.gc() == (0, 0))
        with timed(spent, "prune"):
            expect(store.prune(0) == done)
        size = Path(folder, "runs.db").stat().st_size
    print(f"{done} runs, {done // WITH_ARTIFACT} with an artifact; the database had {size / done / 1024:.1f} KiB a run")
    print(f"write      {spent['write'] / done * 1e3:8.2f} ms a run: {spent['write'] / spent['raw write']:.1f} times three raw transactions")
    print(f"list all   {spent['list all'] * 1e3:8.0f} ms: {spent['list all'] / spent['raw list']:.1f} times raw rows and json.loads")
    for name in ("list page", "list by label", "unpack", "open", "gc", "prune"):
        print(f"{name:<14} {spent[name] * 1e3:8.1f} ms")
    print(f"get        {spent['get'] * 10:8.2f} ms a run")


if __name__ == "__main__":
    main()
