"""What a run records of its own: many small results, many small artifacts; and a whole run of a handler that does nothing.

The yardsticks: a row of each result in one SQLite transaction; one raw file for each artifact, written under another name and renamed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.paired import Aim, Case
from packagers_runs import RunContext, Store, connect, new_function

PARTS = 10


def log_results(context: RunContext, count: int) -> None:
    """Log results one by one."""
    for number in range(count):
        context.log_result(f"loss_{number}", number / 3)


def give_results(count: int) -> dict[str, float]:
    """Give results that are itemized."""
    return {str(number): number / 3 for number in range(count)}


def log_artifacts(context: RunContext, start: object, count: int) -> None:
    """Log texts as files, one by one; none is equal to another."""
    for number in range(count):
        context.log_artifact(f"note_{number}", f"text {start} {number}", artifact_type="file")


def nothing(x: int) -> int:
    """Do next to nothing."""
    return x


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Do runs in one store."""
    results, artifacts, repetitions = (100, 5, 1) if quick else (1000, 200, 11)
    with connect(f"sqlite:///{folder}/store/runs.db") as store:
        rows = inserted(folder / "raw.db", results)
        function = new_function("bench")
        for how, handler, returns in (("logged", log_results, []), ("itemized", give_results, ["*loss"])):
            yield Case(
                path=f"a run with {results:,} small results, {how}",
                limit="a row each in one transaction",
                ours=lambda number, h=handler, r=returns: function.run(handler=h, params={"count": results}, returns=r, store=store),  # type: ignore[misc]
                raw=rows,
                aim=Aim(20_000, "rate"),
                batch=results,
                repetitions=repetitions,
            )
        yield Case(
            path=f"a run with {results * PARTS:,} small results, logged",
            limit=f"{PARTS} runs with {results:,}",
            ours=lambda number: function.run(handler=log_results, params={"count": results * PARTS}, store=store),
            raw=lambda number: [function.run(handler=log_results, params={"count": results}, store=store) for _ in range(PARTS)],
            aim=Aim(1.1),
            batch=results * PARTS,
            repetitions=min(repetitions, 5),
        )
        yield Case(
            path=f"a run with {artifacts:,} small artifacts",
            limit="one raw file each, renamed",
            ours=lambda number: function.run(handler=log_artifacts, params={"start": number, "count": artifacts}, store=store),
            raw=files(folder / "files", artifacts),
            aim=Aim(3.0),
            batch=artifacts,
            repetitions=repetitions,
        )
        yield Case(
            path=f"a run with {artifacts * PARTS:,} small artifacts",
            limit=f"{PARTS} runs with {artifacts:,}",
            ours=lambda number: function.run(handler=log_artifacts, params={"start": -1 - number, "count": artifacts * PARTS}, store=store),
            raw=lambda number: [
                function.run(handler=log_artifacts, params={"start": f"{number}-{part}", "count": artifacts}, store=store)
                for part in range(PARTS)
            ],
            aim=Aim(1.1),
            batch=artifacts * PARTS,
            repetitions=min(repetitions, 3),
        )
        yield Case(
            path="a whole run of a handler that does nothing",
            limit="three transactions of a row",
            ours=launched(store),
            raw=committed(folder / "raw.db"),
            aim=Aim(0.01, "seconds"),
            calls=1 if quick else 20,
            repetitions=repetitions,
        )
        yield Case(path="control: rows in one transaction", limit="itself", ours=rows, raw=rows, aim=None, batch=results, repetitions=15)


def launched(store: Store) -> Callable[[int], object]:
    """Give what runs the handler that does nothing."""
    function = new_function("bench")
    return lambda number: function.run(handler=nothing, params={"x": number}, returns=["x"], store=store)


def connected(file: Path) -> sqlite3.Connection:
    """Open a database as the store opens its own."""
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "CREATE TABLE IF NOT EXISTS rows (uid, key, document)"):
        connection.execute(statement)
    return connection


def inserted(file: Path, count: int) -> Callable[[int], object]:
    """Give what inserts rows in one transaction."""
    connection = connected(file)

    def run(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        uid = f"{number:032x}"
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?)", [(uid, f"loss_{place}", json.dumps(place / 3)) for place in range(count)]
        )
        connection.execute("COMMIT")

    return run


def committed(file: Path) -> Callable[[int], object]:
    """Give what writes the document of a run three times, as one is begun, goes on and ends."""
    connection = connected(file)
    text = json.dumps({"metadata": {"name": "bench-nothing"}, "spec": {"parameters": {"x": 1}}, "status": {"results": {"x": 1}}})

    def run(number: int) -> None:
        for state in ("created", "running", "completed"):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (f"{number:032x}", state, text))
            connection.execute("COMMIT")

    return run


def files(folder: Path, count: int) -> Callable[[int], object]:
    """Give what writes a file for each artifact."""

    def run(number: int) -> None:
        place = folder / str(number)
        place.mkdir(parents=True)
        for each in range(count):
            with open(place / f"{each}.tmp", "w", encoding="utf-8") as file:
                file.write(f"text {number} {each}")
            os.rename(place / f"{each}.tmp", place / f"{each}.txt")

    return run
