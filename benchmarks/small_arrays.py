"""How long ten thousand small arrays take, in a list, a dict and inside of other containers, next to ``numpy.savez`` of the same arrays.

Both are run in turns, so that what else the machine does touches both; the ratio is that of the best times. Reading is measured next to
``numpy.load``, with every array looked at. The files of the payload are counted, for they must not grow with the arrays.

::

    python benchmarks/small_arrays.py [n]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import packagers

RUNS = 5


@dataclass
class Box:
    """A dataclass of arrays in containers."""

    name: str
    layers: dict[str, list[Any]]


def arrays_of(n: int) -> list[np.ndarray[Any, Any]]:
    """Make many arrays of 16 numbers."""
    return list(np.random.default_rng(0).random((n, 16)))


def in_list(arrays: list[Any]) -> Any:
    """A list of arrays."""
    return [array.copy() for array in arrays]


def in_dict(arrays: list[Any]) -> Any:
    """A dict of arrays by text."""
    return {f"array {number}": array.copy() for number, array in enumerate(arrays)}


def in_dataclass(arrays: list[Any]) -> Any:
    """A dataclass with a dict of lists of arrays; its class must not be one of the script that runs."""
    from small_arrays import Box

    copies = in_list(arrays)
    return Box("many", {f"layer {start}": copies[start : start + 100] for start in range(0, len(copies), 100)})


def in_mixture(arrays: list[Any]) -> Any:
    """Lists, tuples and dicts in one another, with numbers and texts among the arrays."""
    return [{"at": number, "pair": (array.copy(), f"text {number}")} for number, array in enumerate(arrays)]


def seconds(work: Callable[[], Any]) -> float:
    """Give the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(value: Any, arrays: list[Any], folder: Path) -> tuple[float, float, float, float, int]:
    """Give the best seconds of packing, savez, unpacking and load, and the number of files that were packed."""

    def load() -> None:
        with np.load(folder / "plain.npz") as members:
            for name in members.files:
                members[name]

    best = [float("inf")] * 4
    for run in range(RUNS):
        root = folder / str(run)
        works = (
            lambda root=root: packagers.pack(value, "value", root),
            lambda: np.savez(folder / "plain.npz", *arrays),
            lambda root=root: packagers.unpack(root / "value"),
            load,
        )
        best = [min(pair) for pair in zip(best, map(seconds, works), strict=True)]
    return *best, sum(path.is_file() for path in (folder / "0").rglob("*"))  # type: ignore[return-value]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="?", type=int, default=10_000, help="how many arrays (10000)")
    arrays = arrays_of(parser.parse_args().n)
    print(f"{'s':14}{'pack':>8}{'savez':>8}{'ratio':>8}{'unpack':>8}{'load':>8}{'ratio':>8}{'files':>7}")
    for make in (in_list, in_dict, in_dataclass, in_mixture):
        with tempfile.TemporaryDirectory() as folder:
            pack, savez, unpack, load, files = measure(make(arrays), arrays, Path(folder))
        numbers = f"{pack:>8.3f}{savez:>8.3f}{pack / savez:>8.2f}{unpack:>8.3f}{load:>8.3f}{unpack / load:>8.2f}{files:>7}"
        print(f"{make.__name__:14}{numbers}")


if __name__ == "__main__":
    main()
