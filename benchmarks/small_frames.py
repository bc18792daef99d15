"""How long a thousand small frames take, in a list and inside of other containers, next to a thousand parquet files by pandas.

Both are run in turns, so that what else the machine does touches both; the ratio is that of the best times. The files of the payload are
counted, for they must not grow with the frames.

::

    python benchmarks/small_frames.py [n]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import packagers

RUNS = 3


def in_list(frames: list[Any]) -> Any:
    """A list of frames."""
    return list(frames)


def in_mixture(frames: list[Any]) -> Any:
    """Lists, tuples and dicts in one another, with numbers and texts among the frames."""
    return [{"at": number, "pair": (frame, f"text {number}")} for number, frame in enumerate(frames)]


def seconds(work: Callable[[], Any]) -> float:
    """Give the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(value: Any, frames: list[Any], folder: Path) -> tuple[float, float, float, float, int]:
    """Give the best seconds of packing, ``to_parquet``, unpacking and ``read_parquet``, and the number of files that were packed."""
    names = [folder / f"{number}.parquet" for number in range(len(frames))]

    def write() -> None:
        for name, frame in zip(names, frames, strict=True):
            frame.to_parquet(name)

    best = [float("inf")] * 4
    for run in range(RUNS):
        root = folder / str(run)
        works = (
            lambda root=root: packagers.pack(value, "value", root),
            write,
            lambda root=root: packagers.unpack(root / "value"),
            lambda: [pd.read_parquet(name) for name in names],
        )
        best = [min(pair) for pair in zip(best, map(seconds, works), strict=True)]
    return *best, sum(path.is_file() for path in (folder / "0").rglob("*"))  # type: ignore[return-value]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="?", type=int, default=1000, help="how many frames (1000)")
    count = parser.parse_args().n
    frames = [pd.DataFrame({"number": np.arange(10), "part": np.linspace(0, 1, 10), "text": list("abcdefghij")}) for _ in range(count)]
    print(f"{'s':14}{'pack':>8}{'write':>8}{'ratio':>8}{'unpack':>8}{'read':>8}{'ratio':>8}{'files':>7}")
    for make in (in_list, in_mixture):
        with tempfile.TemporaryDirectory() as folder:
            pack, write, unpack, read, files = measure(make(frames), frames, Path(folder))
        numbers = f"{pack:>8.3f}{write:>8.3f}{pack / write:>8.2f}{unpack:>8.3f}{read:>8.3f}{unpack / read:>8.2f}{files:>7}"
        print(f"{make.__name__:14}{numbers}")


if __name__ == "__main__":
    main()
