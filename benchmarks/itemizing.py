"""How long it takes to pack many values one by one, for n of them and for four times as many: the time of one must stay the same.

::

    python benchmarks/itemizing.py [n]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from typing import Any

from packagers import Session

RUNS = 3
FEWER_FILES = 50
"""For one artifact, this many results: files take the time of the file system."""


def list_of_results(session: Session, n: int) -> None:
    """Itemize a list of numbers."""
    session.pack(list(range(n)), "*x")


def nested_dict(session: Session, n: int) -> None:
    """Itemize a dict of dicts of text and numbers."""
    session.pack({f"group {i}": {str(k): k / 7 for k in range(100)} for i in range(n // 100)}, "*x")


def returned_values(session: Session, n: int) -> None:
    """Pack returned values, each with a hint of its own."""
    session.pack_returns(tuple(i / 7 for i in range(n)), [f"key_{i}" for i in range(n)])


def list_of_artifacts(session: Session, n: int) -> None:
    """Itemize a list of bytes, each of which becomes a file."""
    session.pack([b"%d" % i for i in range(n // FEWER_FILES)], "*x")


def seconds(pack: Callable[[Session, int], Any], n: int) -> float:
    """Give the best time of several runs, in CPU seconds of this process; the results are written too."""
    best = float("inf")
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            with Session(folder) as session:
                pack(session, n)
            best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="?", type=int, default=10_000, help="how many values (10000)")
    n = parser.parse_args().n
    print(f"{'':20}{'n':>9}{'µs each':>9}{'4n':>9}{'µs each':>9}")
    for pack in (list_of_results, nested_dict, returned_values, list_of_artifacts):
        counts = [count // FEWER_FILES if pack is list_of_artifacts else count for count in (n, 4 * n)]
        each = [seconds(pack, many * n) * 1e6 / count for many, count in zip((1, 4), counts, strict=True)]
        print(f"{pack.__name__:20}{counts[0]:>9}{each[0]:>9.1f}{counts[1]:>9}{each[1]:>9.1f}")


if __name__ == "__main__":
    main()
