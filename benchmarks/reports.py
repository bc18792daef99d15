"""The report of a run: of an ordinary one, and of those that are large by their iterations or their log; next to its bytes in a file."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.paired import Aim, Case
from packagers_runs import Store, connect
from packagers_runs.report.writing import write_report
from packagers_runs.store.journal import Journal


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Record runs, and write their reports."""
    iterations, log_mib, repetitions = (1_000, 1, 1) if quick else (10_000, 100, 15)
    rows, log = table(iterations), "a line that somebody has printed\n" * ((log_mib << 20) // 33)
    with connect(f"sqlite:///{folder}/runs.db") as store:
        kinds: dict[str, tuple[Aim, dict[str, Any]]] = {
            "the report of a run": (Aim(0.02, "extra"), {}),
            f"the report of {iterations:,} iterations": (Aim(1.0, "extra"), {"iterations": rows, "results": {"best_iteration": 5}}),
            f"the report of a log of {log_mib} MiB": (Aim(1.0, "extra"), {"log": log}),
        }
        for place, (what, (aim, about)) in enumerate(kinds.items()):
            count = repetitions + 2 if place == 0 else 3
            uids = [record(store, 100 * place + number, **about) for number in range(count)]
            size = Path(write_report(store, uids[0])).stat().st_size
            yield Case(
                path=what,
                limit=f"its {size / 1024:,.0f} KiB in a file",
                ours=lambda number, uids=uids: write_report(store, uids[1 + number]),  # type: ignore[misc]
                raw=written(folder, size),
                aim=aim,
                repetitions=count - 2,
            )
        there = record(store, 999)
        write_report(store, there)
        yield Case(
            path="the report of a run that is there",
            limit="the time of a file",
            ours=lambda number: write_report(store, there),
            raw=lambda number: folder.stat(),
            aim=Aim(0.005, "extra"),
            repetitions=repetitions,
        )
        raw = written(folder, 1 << 20)
        yield Case(path="control: 1 MiB in a file", limit="itself", ours=raw, raw=raw, aim=None, repetitions=repetitions)


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
        for start in range(0, len(log), 1 << 16):
            journal.write(log[start : start + (1 << 16)])
    store.write(attempt, {**document, "status": {"state": "completed", "results": {"accuracy": 0.9}, **status}})
    return uid


def table(iterations: int) -> list[list[Any]]:
    """Give a table of iterations."""
    draw = random.Random(0)
    header = ["state", "iter", "param.depth", "param.rate", "param.kind", "output.accuracy", "output.loss"]
    rows = ([draw.randint(1, 9), 10 ** draw.uniform(-5, -1), draw.choice("abc"), draw.random(), draw.random()] for _ in range(iterations))
    return [header, *(["completed", number, *row] for number, row in enumerate(rows, 1))]


def written(folder: Path, size: int) -> Callable[[int], object]:
    """Give what writes so many bytes into a file, under another name first."""
    data = os.urandom(size)
    names = iter(range(1 << 30))

    def run(number: int) -> None:
        file = folder / f"raw-{next(names)}"
        file.write_bytes(data)
        file.rename(f"{file}.html")

    return run
