"""What integrity costs: digests when packing and unpacking, and syncing, next to the raw calls that do neither.

A figure is the median of paired repetitions: ours and the raw call in turn, their order swapped each time, under names that were never
used, with files that stay until the end. What is packed is a small dict, arrays of 8 MB and 512 MB, and a thousand arrays of 16 numbers.
The raw calls are ``np.save`` or ``json.dumps`` to a file that is then renamed; for ``durability="full"`` file and folder are synced, too;
for reading ``np.load`` and ``json.loads``. What is read lies in memory (the page cache), so that the work is measured and not the disk. A
control row compares the raw call with itself.

::

    python benchmarks/integrity.py                all of it: 25 GB of disk, some minutes
    python benchmarks/integrity.py 512            of what has 512 in its name
    python benchmarks/integrity.py --quick        below a minute
    python benchmarks/integrity.py --json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from xxhash import xxh3_128

import packagers
from packagers import files

MANY = 1_000


class Value(NamedTuple):
    """What is packed: a value, how often in one repetition, and how many repetitions there are of that."""

    name: str
    value: Any
    times: int
    repetitions: int


@dataclass
class Row:
    """One figure: seconds of one packing or unpacking, ours and raw, and the median of their ratios."""

    what: str
    how: str
    ours: float
    raw: float
    ratio: float
    low: float
    high: float


def values(quick: bool) -> Iterator[Value]:
    """Make what is packed."""
    chance = np.random.default_rng(0)
    yield Value("small dict", {"accuracy": 0.9, "epochs": 12, "name": "a run"}, 100, 3 if quick else 15)
    yield Value(f"{MANY:,} small arrays, each", chance.random(16), 100 if quick else MANY, 3 if quick else 7)
    yield Value("array of 8 MB", chance.random(1_000_000), 1, 3 if quick else 21)
    if not quick:
        yield Value("array of 512 MB", chance.random(64_000_000), 1, 5)


def write(value: Any, target: Path, full: bool) -> None:
    """Write a value by the raw call: into a new file, renamed when it is whole; synced if it is to survive a loss of power."""
    unfinished = target.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        if isinstance(value, np.ndarray):
            np.save(file, value)
        else:
            file.write(json.dumps(value).encode())
        if full:
            file.flush()
            os.fsync(file.fileno())
    unfinished.replace(target)
    if full:
        handle = os.open(target.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def read(target: Path, is_array: bool) -> Any:
    """Read a value by the raw call."""
    return np.load(target) if is_array else json.loads(target.read_bytes())


def seconds(work: Callable[[int], Any], numbers: range) -> float:
    """Give the wall time of one call, the mean over those of one repetition."""
    start = time.perf_counter()
    for number in numbers:
        work(number)
    return (time.perf_counter() - start) / len(numbers)


def paired(what: str, how: str, value: Value, ours: Callable[[int], Any], raw: Callable[[int], Any]) -> Row:
    """Run both in turns, once more than counts."""
    pairs = []
    for repetition in range(value.repetitions + 1):
        os.sync()  # what the last one left for the disk to do is not this one's
        numbers = range(repetition * value.times, (repetition + 1) * value.times)
        if repetition % 2:
            of_raw, of_ours = seconds(raw, numbers), seconds(ours, numbers)
        else:
            of_ours, of_raw = seconds(ours, numbers), seconds(raw, numbers)
        pairs.append((of_ours, of_raw))
    ratios = sorted(mine / theirs for mine, theirs in pairs[1:])
    medians = [statistics.median(column) for column in zip(*pairs[1:], strict=True)]
    return Row(f"{what} {value.name}", how, *medians, statistics.median(ratios), ratios[0], ratios[-1])


def packing(value: Value, folder: Path, digest: str, durability: str) -> Row:
    """Measure packing; leaves packages and files to be read under ``ours`` and ``raw``."""
    full = durability == "full"
    (folder / "raw").mkdir(parents=True)
    with packagers.settings(digest=digest, durability=durability):
        return paired(
            "pack",
            f"{digest}, {durability}",
            value,
            lambda number: packagers.pack(value.value, str(number), folder / "ours"),
            lambda number: write(value.value, folder / "raw" / str(number), full),
        )


def unpacking(value: Value, folder: Path, how: str, *, verify: bool = True, forget: bool = True) -> Row:
    """Measure unpacking of what :func:`packing` left.

    Args:
        value: What was packed.
        folder: Where.
        how: What the row is called.
        verify: Whether digests are checked.
        forget: Whether the process forgets each time which files it has already seen to be whole.
    """

    def unpack(number: int) -> Any:
        if forget:
            files._seen.clear()
        return packagers.unpack(folder / "ours" / str(number), verify=verify)

    if not forget:
        for number in range(value.times * (value.repetitions + 1)):
            unpack(number)
    is_array = isinstance(value.value, np.ndarray)
    return paired("unpack", how, value, unpack, lambda number: read(folder / "raw" / str(number), is_array))


def rows_of(value: Value, folder: Path) -> Iterator[Row]:
    """Measure everything about one value."""
    is_array = isinstance(value.value, np.ndarray)
    digests = ("blake3", "xxh3") if is_array else ("blake3",)  # what stands in its manifest has no file to digest
    for digest in digests:
        yield packing(value, folder / digest, digest, "process")
        yield unpacking(value, folder / digest, digest if is_array else "verified")
        if digest == "blake3":
            yield unpacking(value, folder / digest, "verify=False", verify=False)
        if digest == "blake3" and is_array:
            yield unpacking(value, folder / digest, "blake3, seen before", forget=False)
    yield packing(value, folder / "full", "blake3", "full")
    (folder / "control").mkdir()
    raw = [lambda number, name=name: write(value.value, folder / "control" / f"{name}{number}", False) for name in "ab"]
    yield paired("control:", "raw by raw", value, *raw)


def gigabytes_per_second(hasher: Callable[[Any], Any]) -> float:
    """Give how fast memory is hashed, in the best of some runs."""
    data = bytes(64 << 20)
    best = min(seconds(lambda _: hasher(data), range(1)) for _ in range(5))
    return len(data) / best / 1e9


def machine() -> dict[str, Any]:
    """Say when and on what this was measured."""
    versions = {name: version(name) for name in ("packagers", "packagers-numpy", "numpy", "blake3", "xxhash")}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": versions,
        "GB/s": {"blake3": round(gigabytes_per_second(blake3), 1), "xxh3": round(gigabytes_per_second(xxh3_128), 1)},
    }


def shown(time_s: float) -> str:
    """Write a time in the unit that fits."""
    return f"{time_s * 1e6:,.0f} µs" if time_s < 1e-3 else f"{time_s * 1e3:,.1f} ms"


def line(row: Row) -> str:
    """Write a row of the table."""
    times = f"{shown(row.ours):>9} | {shown(row.raw):>9} | {row.ratio:>5.2f}"
    between = f"{row.low:.2f} to {row.high:.2f}"
    return f"| {row.what:34} | {row.how:19} | {times} | {between:>17} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="", help="a part of the name of what is to be packed (everything)")
    parser.add_argument("--quick", action="store_true", help="no array of 512 MB, and few repetitions")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--folder", type=Path, help="where to write (the system's temporary folder)")
    arguments = parser.parse_args()
    found = machine()
    rows: list[Row] = []
    if not arguments.json:
        print(json.dumps(found))
        print(f"| {'':34} | {'':19} | {'ours':>9} | {'raw':>9} | {'ratio':>5} | {'lowest to highest':>17} |")
        print("|---|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for index, value in enumerate(values(arguments.quick)):
            if arguments.name in value.name:
                for row in rows_of(value, Path(folder, str(index))):
                    rows.append(row)
                    if not arguments.json:
                        print(line(row), flush=True)
    if arguments.json:
        print(json.dumps({**found, "rows": [asdict(row) for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
