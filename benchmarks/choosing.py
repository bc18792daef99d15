"""What choosing costs with 10, 100, 1,000 and 10,000 packagers installed: it must stay the same, whoever is installed.

One column for each number; the rows are what a find costs for a class that is known, for a class seen for the first time, for a list whose
items decide, and what it costs to read what is installed, once in a process.

::

    python benchmarks/choosing.py [n …]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packagers import Registry
from packagers.testing import installed

RUNS = 5
PACKAGERS = """
from packagers import DefaultPackager

class Packs(DefaultPackager):
    PACK_SUBCLASSES = True
"""


@contextmanager
def many(number: int) -> Iterator[None]:
    """Install that many packagers: ten for each distribution, each for a type of its own, and one for lists of it."""
    files: dict[str, Any] = {"benchmark_packs.py": PACKAGERS, "benchmark_0.py": "class Thing0: ...\n"}
    for start in range(0, number, 10):
        types = {f"benchmark_{start}.Thing{start + index}": "benchmark_packs:Packs" for index in range(9)}
        lists = {f"list[benchmark_{start}.Thing{start}]": "benchmark_packs:Packs"} if start < 100 else {f"benchmark_{start}.More": "x:Y"}
        files[f"benchmark-{start}"] = {"entry_points": {"packagers.types": {**types, **lists}}}
    with tempfile.TemporaryDirectory() as folder, installed(files, Path(folder)):
        yield


def seconds(work: Callable[[], Any], times: int = 1) -> float:
    """Give the best time of one call, in CPU seconds of this process."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - start) / times)
    return best


def measure() -> list[float]:
    """Give the microseconds of each row."""
    import benchmark_0  # type: ignore[import-not-found]

    registry = Registry()
    thing, things = benchmark_0.Thing0(), [benchmark_0.Thing0()]
    known = seconds(lambda: registry.find(thing), 1000)
    classes = iter([type(f"New{index}", (benchmark_0.Thing0,), {}) for index in range(RUNS * 200)])
    new = seconds(lambda: registry.find(next(classes)()), 200)
    items = seconds(lambda: registry.find(things), 1000)
    return [1e6 * each for each in (known, new, items, seconds(Registry))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, default=[10, 100, 1_000, 10_000], help="how many packagers (10 100 1000 10000)")
    numbers = parser.parse_args().numbers
    columns = []
    for number in numbers:
        with many(number):
            columns.append(measure())
        sys.modules.pop("benchmark_packs", None)
    print(f"{'µs with n packagers':28}" + "".join(f"{number:>12,}" for number in numbers))
    for row, name in enumerate(("a known class", "a new class", "a list, by its items", "reading what is installed")):
        print(f"{name:28}" + "".join(f"{column[row]:>12,.1f}" for column in columns))


if __name__ == "__main__":
    main()
