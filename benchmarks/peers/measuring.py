"""The script that runs in the environment of a system: saves, or loads, or searches, and writes the times it took as JSON.

Loading is done in a process of its own, as readers do. It reads nothing but what the saving process left in the folder.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pickle
import resource
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers.system import NotOffered, Way
from benchmarks.peers.values import VALUES, Value

Figures = dict[str, Any]
CHOICES = 1000
LEAST = 3
ENOUGH_S = 4


def processor() -> float:
    """Give the processor time of this process and of its children that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


CLOCKS = {"wall": time.perf_counter, "processor": processor}
Clock = Callable[[], float]


def main() -> None:
    """Measure one system."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system")
    parser.add_argument("phase", choices=("save", "load", "grid"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--values", nargs="*", default=list(VALUES))
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--most", type=int, default=100, help="how often a value is saved at most, besides the first time")
    asked = parser.parse_args()
    clock = CLOCKS[asked.clock]
    system = import_module(f"benchmarks.peers.systems.{asked.system}")
    jobs: dict[str, Callable[[], Figures]] = {}
    if asked.phase == "grid":
        for name, grid in system.grids(asked.folder).items():
            jobs[name] = partial(searched, grid, asked.trials, clock)
    else:
        work, ways = (saved if asked.phase == "save" else loaded), system.ways(asked.folder)
        for value in asked.values:
            for name, way in ways.items():
                jobs[f"{name}\t{value}"] = partial(work, asked.folder, name, way, value, asked.most, clock)
    found: dict[str, Figures] = {}
    for name, job in jobs.items():
        found[name] = _guarded(job)
        (asked.folder / f"{asked.phase}.json").write_text(json.dumps(found))  # what is there counts, if the rest takes too long


def searched(grid: Callable[[int], None], trials: int, clock: Clock) -> Figures:
    """Search, after a first search of ten."""
    grid(10)
    return {"seconds": _took(lambda: grid(trials), clock) / trials}


def saved(folder: Path, name: str, way: Way, value_name: str, most: int, clock: Clock) -> Figures:
    """Save a value several times, each time under a key of its own and with another number in it; the first time is not counted.

    Whoever is slow saves it less often: there are no more than three once they have taken a few seconds.
    """
    value = VALUES[value_name]
    made, handles, times, sizes = value.make(), [], [], []
    for number in range(min(value.times, most) + 1):
        made = value.fresh(made, number)
        times.append(_took(lambda number=number, made=made: handles.append(way.save(f"{_word(value_name)}_{number}", made)), clock))
        sizes.append(size(folder))
        if number >= LEAST and sum(times) > ENOUGH_S:
            break
    _handles(folder, name, value_name).write_bytes(pickle.dumps(handles))
    found: Figures = {"seconds": statistics.median(times[1:]), "first": times[0], "bytes": (sizes[-1] - sizes[0]) // (len(sizes) - 1)}
    if way.choose is not None:
        found["choose"] = _took(lambda: [way.choose(made) for _ in range(CHOICES)], clock) / CHOICES
    return found


def loaded(folder: Path, name: str, way: Way, value_name: str, most: int, clock: Clock) -> Figures:
    """Load what was saved, each once; say whether the last is what was saved, and whether it was unpickled."""
    handles = _handles(folder, name, value_name)
    if not handles.exists():
        raise NotOffered("was not saved")
    value = VALUES[value_name]
    made, times, last = value.make(), [], None
    stored = pickle.loads(handles.read_bytes())  # noqa: S301 - the saving process wrote it
    for number in range(len(stored)):
        made = value.fresh(made, number)
    for handle in stored:
        last = None
        gc.collect()
        begun = clock()
        last = way.load(handle, type(made))
        times.append(clock() - begun)
    differs = how_it_differs(value, made, last)
    last = None
    with unpickling() as seen:
        way.load(stored[-1], type(made))
    return {"seconds": statistics.median(times[1:]), "first": times[0], "differs": differs, "unpickles": bool(seen)}


def how_it_differs(value: Value, made: Any, other: Any) -> str:
    """Say what came back, if it is not what was saved."""
    if type(other) is not type(made):
        return f"is {type(other).__module__}.{type(other).__qualname__}".replace("builtins.", "")
    return value.differs(made, other)


@contextmanager
def unpickling() -> Iterator[list[str]]:
    """Collect the calls of any unpickler, C's or Python's; in threads that are older than the block, those that ask for a class."""
    seen: list[str] = []
    python = pickle._Unpickler.load.__code__  # type: ignore[attr-defined]

    def look(frame: Any, event: str, called: Any) -> None:
        loads = event == "c_call" and (called in (pickle.load, pickle.loads) or _is_load(called))
        if loads or (event == "call" and frame.f_code is python):
            seen.append(frame.f_code.co_filename)

    if not _looking:
        sys.addaudithook(_hear)
    _looking.append(seen)
    threading.setprofile(look)
    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        _looking[:] = [[]]


_looking: list[list[str]] = []
"""Where the audit hook, which cannot be taken away again, writes what it hears."""


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class":
        _looking[-1].append(f"{arguments[0]}.{arguments[1]}")


def _is_load(called: Any) -> bool:
    return getattr(called, "__name__", "") == "load" and isinstance(getattr(called, "__self__", None), pickle.Unpickler)


def size(folder: Path) -> int:
    """Give the bytes of all files below a folder."""
    return sum(os.lstat(os.path.join(root, name)).st_size for root, _, names in os.walk(folder) for name in names)


def _took(work: Callable[[], Any], clock: Clock) -> float:
    gc.collect()
    begun = clock()
    work()
    return clock() - begun


def _guarded(work: Callable[[], Figures]) -> Figures:
    """Give what was measured, or why not: one value that fails is no reason to lose the others."""
    try:
        return work()
    except NotOffered as error:
        return {"not offered": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a system raises is what is to be told
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {error}"[:300]}


def _word(value_name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in value_name)


def _handles(folder: Path, way: str, value_name: str) -> Path:
    return folder / f"{_word(way)}-{_word(value_name)}.handles"


if __name__ == "__main__":
    main()
