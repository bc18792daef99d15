"""How cost grows: with plugins, with types, with runs in a database, with objects in a folder, with workers.

Each line is something that somebody does, at several sizes, and the law through its points: the exponent ``k`` of ``time = c * n ** k``,
by least squares on the logarithms. What has an exponent near 0 does not grow; at 1 it grows as what is there does. Runs are recorded once
and then copied inside of the database, objects are made as ``put`` leaves them, so that large stores take minutes and not days.

::

    python benchmarks/scale.py                    all of it, some ten minutes
    python benchmarks/scale.py runs --sizes 1000 10000 100000
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from packagers import Registry, Session
from packagers.testing import installed
from packagers_runs import Store, connect, new_function, new_task

REPEATS = 7
CALLS = 1000
PACKS = "from packagers import DefaultPackager\n\nclass Packs(DefaultPackager):\n    PACK_SUBCLASSES = True\n"
BYTES, MICROSECONDS, MILLISECONDS = ("B", 1.0), ("µs", 1e6), ("ms", 1e3)


class Point(NamedTuple):
    """One figure at one size: the unit says by what it is multiplied when it is printed."""

    what: str
    unit: tuple[str, float]
    size: int
    figure: float


def law(sizes: list[int], figures: list[float]) -> tuple[float, float]:
    """Fit ``c * n ** k``; give ``k`` and ``c``.

    >>> [round(number, 6) for number in law([10, 100, 1000], [3.0, 30.0, 300.0])]
    [1.0, 0.3]
    """
    slope, intercept = statistics.linear_regression([math.log(size) for size in sizes], [math.log(figure) for figure in figures])
    return slope, math.exp(intercept)


def best(work: Callable[[], Any], *, times: int = 1, repeats: int = REPEATS) -> float:
    """Give the shortest processor time of one call: what else the machine does must not bend a law."""
    found = []
    for _ in range(repeats):
        begun = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - begun) / times)
    return min(found)


def plugins(sizes: list[int]) -> Iterator[Point]:
    """Choose with so many packagers installed, ten for each distribution."""
    for size in sizes:
        yield from _choosing(size, "packagers installed", lambda number: number // 10 * 10)


def types(sizes: list[int]) -> Iterator[Point]:
    """Choose with so many types of one library, which are all looked at when a class of that library turns up."""
    for size in sizes:
        yield from _choosing(size, "types of one library", lambda number: 0)


def _choosing(size: int, of: str, module: Callable[[int], int]) -> Iterator[Point]:
    names = [f"scale_{module(number)}.Thing{number}" for number in range(size)]
    files: dict[str, Any] = {"scale_packs.py": PACKS, "scale_0.py": "class Thing0: ...\n"}
    for start in range(0, size, 10):
        entries = dict.fromkeys(names[start : start + 10], "scale_packs:Packs")
        files[f"scale-{start}"] = {"entry_points": {"packagers.types": entries}}
    with tempfile.TemporaryDirectory() as folder, installed(files, Path(folder)):
        import scale_0  # type: ignore[import-not-found]

        registry, thing = Registry(), scale_0.Thing0()
        registry.find(thing)
        classes = iter([type(f"New{index}", (scale_0.Thing0,), {}) for index in range(REPEATS * 100)])
        yield Point(f"find, a known class; {of}", MICROSECONDS, size, best(lambda: registry.find(thing), times=CALLS))
        yield Point(f"find, a new class; {of}", MICROSECONDS, size, best(lambda: registry.find(next(classes)()), times=100))
        yield Point(f"read what is installed; {of}", MILLISECONDS, size, best(Registry))
    for name in ("scale_0", "scale_packs"):
        sys.modules.pop(name, None)


def runs(sizes: list[int]) -> Iterator[Point]:
    """Look into a store of so many runs, each with results, four labels and an artifact; on SQLite."""
    with tempfile.TemporaryDirectory() as folder, connect(f"sqlite:///{folder}/runs.db") as store:
        uid, there = _recorded(store), 1
        for size in sizes:
            _copied(Path(folder) / "runs.db", uid, there, size)
            there = size
            looks: dict[str, Callable[[], Any]] = {
                "open a run": lambda: store.get_run(uid),
                "newest 50": lambda: store.documents(limit=50),
                "50 of a label": lambda: store.documents(labels={"owner": "somebody"}, limit=50),
                "newest artifact of a key": lambda: store.find("store://note"),
                "list all": lambda: len(store.documents()),
                "gc where there is nothing to do": store.gc,
            }
            for what, look in looks.items():
                yield Point(f"{what}; runs", MILLISECONDS, size, best(look))
            yield Point("record a whole run; runs", MILLISECONDS, size, best(lambda: _recorded(store)))
            with sqlite3.connect(Path(folder) / "runs.db") as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                yield Point("VACUUM; runs", MILLISECONDS, size, best(lambda: database.execute("VACUUM"), repeats=1))
            database.close()
            yield Point("the database, a run; runs", BYTES, size, (Path(folder) / "runs.db").stat().st_size / size)
        for table, count in _bytes_of_tables(Path(folder) / "runs.db"):
            yield Point(f"  of it {table}; runs", BYTES, there, count / there)


def _recorded(store: Store) -> str:
    attempt = store.begin(_document(uid := hashlib.md5(os.urandom(16), usedforsecurity=False).hexdigest(), "running"))
    with Session(store.staging(attempt), record=False) as session:
        session.pack("a text", "note : file")
    store.write(attempt, _document(uid, "completed", results={"accuracy": 0.97, "rows": 7}), session.artifacts)
    return uid


def _document(uid: str, state: str, **status: Any) -> dict[str, Any]:
    labels = {"kind": "local", "owner": "somebody", "host": "here", "group": "7"}
    return {
        "metadata": {"uid": uid, "name": "train", "project": "default", "iteration": 0, "labels": labels},
        "spec": {"parameters": {"depth": 7, "rate": 0.1}, "handler": "train:train", "inputs": {"data": "iris.csv"}},
        "status": {"state": state, "start_time": "2026-11-22T05:30:00.000000+00:00", **status},
    }


def _copied(file: Path, uid: str, begin: int, end: int) -> None:
    """Copy a run's rows in all tables, with a uid and times of their own; uids are in no order, as real ones are."""
    with sqlite3.connect(file, timeout=60) as database:
        database.create_function("uid_of", 1, lambda n: hashlib.md5(str(n).encode(), usedforsecurity=False).hexdigest(), deterministic=True)
        numbers = "WITH RECURSIVE n(i) AS (SELECT :begin UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end) "
        for table in ("runs", "labels", "artifacts"):
            about = database.execute(f"PRAGMA table_info(packagers_{table})")
            columns = [name for _, name, *_ in about if (table, name) != ("artifacts", "id")]
            new = {
                "uid": "uid_of(i)",
                "document": "replace(document, :uid, uid_of(i))",
                "digest": "'blake3:' || uid_of(i) || uid_of(-i)",
                "created": "created + i / 1000.0",
                "updated": "updated + i / 1000.0",
                "made": "made + i / 1000.0",
            }
            picked = ", ".join(new.get(column, f't."{column}"') for column in columns)
            named = ", ".join(f'"{column}"' for column in columns)
            query = f"{numbers}INSERT INTO packagers_{table} ({named}) SELECT {picked} FROM n, packagers_{table} AS t WHERE t.uid = :uid"  # noqa: S608 - names of our own tables
            database.execute(query, {"begin": begin, "end": end, "uid": uid})
    database.close()


def _bytes_of_tables(file: Path) -> list[tuple[str, int]]:
    """Give the bytes of the largest tables and indexes, where SQLite was built to tell."""
    database = sqlite3.connect(file)
    try:
        rows = database.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12").fetchall()
    except sqlite3.OperationalError:
        rows = []
    database.close()
    return [(name.removeprefix("packagers_"), size) for name, size in rows]


def objects(sizes: list[int]) -> Iterator[Point]:
    """Look into a folder of so many objects, each a manifest and one file."""
    with tempfile.TemporaryDirectory() as folder, connect(f"sqlite:///{folder}/runs.db") as store:
        place, there = store.objects, 0
        root = Path(place.location)
        for size in sizes:
            for number in range(there, size):
                _object(root, _digest(number))
            there = size
            some = [_digest(number) for number in range(0, size, max(1, size // 100))]
            found = best(lambda some=some: list(map(place.find, some))) / len(some)  # type: ignore[misc]
            yield Point("find an object; objects", MICROSECONDS, size, found)
            yield Point("list all, as gc does; objects", MILLISECONDS, size, best(lambda: sum(1 for _ in place.digests())))
            yield Point("record a whole run; objects", MILLISECONDS, size, best(lambda: _recorded(store)))
        files = os.statvfs(root)
        yield Point("inodes, an object; objects", BYTES, size, sum(1 for _ in (root / _name(0)).rglob("*")) + 1)
        yield Point("inodes of this file system; objects", BYTES, size, files.f_files)
        yield Point("the folder's own bytes, an object; objects", BYTES, size, root.stat().st_size / size)


def _digest(number: int) -> str:
    return f"blake3:{hashlib.sha256(str(number).encode()).hexdigest()}"


def _name(number: int) -> str:
    return _digest(number).replace(":", "-")


def _object(root: Path, digest: str) -> None:
    place = root / digest.replace(":", "-")
    (place / "0123abcd").mkdir(parents=True)
    (place / "0123abcd" / "note.txt").write_text("a text")
    (place / "manifest.json").write_text(json.dumps({"digest": digest, "payload": "0123abcd", "filler": "." * 800}))


def short(x: int) -> int:
    """Be a handler of 20 ms that needs no processor."""
    time.sleep(0.02)
    return x


def workers(sizes: list[int]) -> Iterator[Point]:
    """Do iterations of 20 ms in so many processes: fifty for each, beside those that start them."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, connect(f"sqlite:///{folder}/runs.db") as store:
            times = [_searched(store, size, count * size) for count in (10, 10, 60)]  # the first warms up
        yield Point("an iteration of 20 ms, wall; workers", MILLISECONDS, size, (times[2] - times[1]) / (50 * size))


def _searched(store: Store, width: int, count: int) -> float:
    task = new_task("scale", handler=short, returns=["v"]).with_hyper_params({"x": range(count)}, selector="max.v", parallel_runs=width)
    begun = time.perf_counter()
    new_function().run(task, store=store)
    return time.perf_counter() - begun


AREAS: dict[str, tuple[Callable[[list[int]], Iterator[Point]], list[int]]] = {
    "plugins": (plugins, [10, 100, 1000, 10_000]),
    "types": (types, [10, 100, 1000]),
    "runs": (runs, [1000, 3000, 10_000, 30_000]),
    "objects": (objects, [1000, 10_000, 100_000]),
    "workers": (workers, [1, 2, 4, 8]),
}


def main() -> None:
    """Measure, fit, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("areas", nargs="*", metavar="area", help=" ".join(AREAS))
    parser.add_argument("--sizes", nargs="+", type=int, help="other sizes than usual, rising")
    asked = parser.parse_args()
    for strange in set(asked.areas).difference(AREAS):
        parser.error(f"there is no area {strange!r}; there are {', '.join(AREAS)}")
    for area in asked.areas or AREAS:
        work, usual = AREAS[area]
        lines: dict[str, list[Point]] = {}
        for point in work(asked.sizes or usual):
            lines.setdefault(point.what, []).append(point)
        sizes = asked.sizes or usual
        print(f"\n{area:44}" + "".join(f"{size:>12,}" for size in sizes) + f"{'k':>8}")
        for what, points in lines.items():
            unit, factor = points[0].unit
            cells = "".join(f"{point.figure * factor:12,.4g}" for point in points).rjust(12 * len(sizes))
            exponent = f"{law([point.size for point in points], [point.figure for point in points])[0]:8.2f}" if len(points) > 1 else ""
            print(f"{what.partition(';')[0] + ', ' + unit:44}{cells}{exponent}", flush=True)


if __name__ == "__main__":
    main()
