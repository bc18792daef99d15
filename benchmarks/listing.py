"""Stores of many runs: ``packagers runs ls`` and ``show`` in new processes, and what looks at one run, at a page, and at all.

Each run is begun, and ended with results and labels; one in ten failed, one in ten has an artifact. What looks at one run or at a page
should cost as much in the large store as in one of a tenth; what looks at all of it ten times that.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import packagers
from benchmarks.paired import Aim, Case
from packagers_runs import Store, connect
from packagers_runs.checkup.examining import examine
from packagers_runs.store.journal import Journal

TIMES = 10


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


def add(store: Store, number: int) -> None:
    """Do one run."""
    attempt = store.begin(document(number, "running"))
    artifacts = {}
    if number % 10 == 1:
        with packagers.Session(store.staging(attempt), record=False) as session:
            session.pack(f"text {number // 20}", "note : file")
        artifacts = session.artifacts
        with Journal(store.database, attempt) as journal:
            journal.write(f"this is run {number}\n")
    state = "error" if number % 10 == 0 else "completed"
    store.write(attempt, document(number, state, results={"accuracy": 0.97, "rows": number}), artifacts)


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Fill two stores, and look into them."""
    count, repetitions = (20, 1) if quick else (1000, 11)
    large, raw = folder / "large" / "runs.db", connected(folder / "raw.db")
    with ExitStack() as blocks:
        stores = [blocks.enter_context(connect(f"sqlite:///{place}")) for place in (folder / "small" / "runs.db", large)]
        for number in range(count):
            add(stores[0], number)
        part = count // 10
        numbers = iter(range(count * TIMES + part * repetitions * 4))
        yield Case(
            path="record a run",
            limit="two rows in a transaction each",
            ours=lambda number: [add(stores[1], next(numbers)) for _ in range(part)],
            raw=lambda number: [insert(raw, number * part + each) for each in range(part)],
            aim=None,
            batch=part,
            repetitions=repetitions,
        )
        while (number := next(numbers)) < count * TIMES:
            add(stores[1], number)
            insert(raw, number)
        for words in ("ls", "show last") if quick else ("ls", "show last", "ls --state error"):
            yield Case(
                path=f"packagers runs {words}, of {count * TIMES:,}",
                limit="packagers --version",
                ours=started("runs", *words.split(), "--store", f"sqlite:///{large}"),
                raw=started("--version"),
                aim=Aim(0.15, "extra"),
                repetitions=1 if quick else 21,
            )
        yield from looks(stores, raw, count, quick)
        yield from moved(stores[1], folder, part)
        version = started("--version")
        yield Case(path="control: packagers --version", limit="itself", ours=version, raw=version, aim=None, repetitions=repetitions)


def looks(stores: list[Store], raw: sqlite3.Connection, count: int, quick: bool) -> Iterator[Case]:
    """Look into the large store, next to the small one."""
    uid = f"{count // 2:032x}"
    of_one: dict[str, Callable[[Store], Any]] = {
        "open a store": lambda store: connect(store.database.full_url).close(),
        "open a run": lambda store: store.get_run(uid),
        "newest 50": lambda store: store.documents(limit=50),
        "50 of a label": lambda store: store.documents(labels={"owner": "somebody"}, limit=50),
        "10 of a rare label": lambda store: store.documents(labels={"group": "7"}, limit=10),
        "50 that failed": lambda store: store.documents(state="error", limit=50),
        "50 of a name": lambda store: store.documents(name="train-3", limit=50),
        "newest artifact of a key": lambda store: store.find("store://note"),
        "unpack an artifact": lambda store: packagers.unpack(str(store.find("store://note").address)),
    }
    of_all: dict[str, Callable[[Store], Any]] = {
        "gc where there is nothing to do": lambda store: store.gc(),
        "packagers runs doctor": lambda store: examine(store),
    }
    small, large = stores
    repetitions = 1 if quick else 11
    limit = f"in {count:,}"
    for what, look in of_one.items():
        yield Case(
            path=f"{what}, in {count * TIMES:,} runs",
            limit=limit,
            ours=lambda number, look=look: look(large),  # type: ignore[misc]
            raw=lambda number, look=look: look(small),  # type: ignore[misc]
            aim=Aim(1.5),
            calls=1 if quick else 5,
            repetitions=repetitions,
        )
    for what, look in of_all.items():
        yield Case(
            path=f"{what}, in {count * TIMES:,} runs",
            limit=f"{TIMES} times {limit}",
            ours=lambda number, look=look: look(large),  # type: ignore[misc]
            raw=lambda number, look=look: [look(small) for _ in range(TIMES)],  # type: ignore[misc]
            aim=Aim(1.5),
            batch=count * TIMES,
            repetitions=min(repetitions, 3),
        )
    yield Case(
        path=f"list all of {count * TIMES:,} runs",
        limit="raw rows and json.loads",
        ours=lambda number: large.documents(),
        raw=lambda number: [json.loads(text) for (text,) in raw.execute("SELECT document FROM rows")],
        aim=Aim(1.5),
        batch=count * TIMES,
        repetitions=repetitions,
    )


def moved(store: Store, folder: Path, part: int) -> Iterator[Case]:
    """Write runs into a zip and take them into another store."""
    uids = [f"{number:032x}" for number in range(part * TIMES)]

    def write(number: int, some: list[str], name: str) -> None:
        store.export(some, folder / f"{name}-{number}.zip")

    def take(file: Path, name: str) -> None:
        with connect(f"sqlite:///{folder}/{name}/runs.db") as other:
            other.import_(file)

    parts = [uids[start : start + part] for start in range(0, len(uids), part)]
    yield Case(
        path=f"export {len(uids):,} runs",
        limit=f"{TIMES} times {part:,}",
        ours=lambda number: write(number, uids, "all"),
        raw=lambda number: [write(number, some, f"part-{place}") for place, some in enumerate(parts)],
        aim=Aim(1.5),
        batch=len(uids),
        repetitions=1,
    )
    yield Case(
        path=f"import {len(uids):,} runs",
        limit=f"{TIMES} times {part:,}",
        ours=lambda number: take(folder / "all-1.zip", f"of-all-{number}"),
        raw=lambda number: [take(folder / f"part-{place}-1.zip", f"of-part-{place}-{number}") for place in range(TIMES)],
        aim=Aim(1.5),
        batch=len(uids),
        repetitions=1,
    )


def connected(file: Path) -> sqlite3.Connection:
    """Open a database as the store opens its own."""
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "CREATE TABLE rows (uid, state, document)"):
        connection.execute(statement)
    return connection


def insert(connection: sqlite3.Connection, number: int) -> None:
    """Write a run in two transactions of a row."""
    text = json.dumps(document(number, "completed", results={"accuracy": 0.97, "rows": number}))
    connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (f"{number:032x}", "running", text))
    connection.execute("UPDATE rows SET state = ?, document = ? WHERE rowid = last_insert_rowid()", ("completed", text))


def started(*words: str) -> Callable[[int], object]:
    """Give what types a command, in a process of its own."""
    command = [sys.executable, "-m", "packagers", *words]
    environment = {**os.environ, "NO_COLOR": "1"}
    return lambda number: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
