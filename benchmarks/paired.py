"""The measurement: ours and a raw call in turn, in one process, their order swapped each time.

Every area of :mod:`benchmarks` is a module with ``cases(folder, quick)``, which gives :class:`Case` after :class:`Case`; each is measured
as soon as it is given, so what an area sets up for one is there before the next. Files go into ``folder``, under names that were never
used, and stay until the end: replacing a file on ext4 flushes it, and creating many right after deleting many is several times slower.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from attrs import frozen


@frozen
class Aim:
    """What a figure is to be at most.

    Attributes:
        most: The bound.
        of: What it bounds: the ``ratio`` of ours to the raw call, the ``extra`` seconds of ours over it, ours alone in ``seconds``, or the
            least ``rate`` of ours in calls a second.
    """

    most: float
    of: Literal["ratio", "extra", "seconds", "rate"] = "ratio"

    def is_reached(self, row: Row) -> bool:
        """Tell whether a row is as good."""
        if self.of == "rate":
            return 1 / row.ours_s >= self.most
        return {"ratio": row.ratio, "extra": row.extra_s, "seconds": row.ours_s}[self.of] <= self.most

    def __str__(self) -> str:
        if self.of == "ratio":
            return f"{self.most:g}x"
        if self.of == "rate":
            return f"{self.most:,.0f}/s"
        return f"{'+' if self.of == 'extra' else ''}{seconds_text(self.most)}"


@frozen(kw_only=True)
class Case:
    """What is measured.

    Attributes:
        path: What of ours, such as ``pack an array of 8 MB, xxh3``.
        limit: What it is compared with, such as ``np.save``.
        ours: Does it; is given a number that was never given before, for names and values that are fresh.
        raw: Does the raw call, with the same numbers.
        aim: What is to be reached; ``None`` for a control.
        calls: How many calls are one repetition; what one takes is divided by it. A repetition shorter than 0.1 ms measures the clock.
        repetitions: How many pairs count; one more is run before them.
        batch: How many of what the figure is about one call does, such as the results of a run; its time is divided by it.
        has_memory: Whether the growth of the resident set is measured, in one call of each that was made once before.
        settle: Whether the disk is let write what waits before each pair.
        clock: What is read before and after; the processor time of this process where what else runs here must not count.
    """

    path: str
    limit: str
    ours: Callable[[int], Any]
    raw: Callable[[int], Any]
    aim: Aim | None
    calls: int = 1
    repetitions: int = 15
    batch: int = 1
    has_memory: bool = False
    settle: bool = False
    clock: Callable[[], float] = time.perf_counter


class Row(NamedTuple):
    """What was measured: the medians of the pairs, in seconds, and of their ratios and differences; memory in bytes."""

    path: str
    limit: str
    ours_s: float
    raw_s: float
    ratio: float
    low: float
    high: float
    extra_s: float
    aim: str
    is_reached: bool | None
    ours_bytes: int | None = None
    raw_bytes: int | None = None


def measure(case: Case) -> Row:
    """Measure a case; values that the calls return are dropped after the clock is read."""
    pairs: list[tuple[float, float]] = []
    gc.collect()
    gc.freeze()  # what areas hold is not walked again and again
    for repetition in range(case.repetitions + 1):
        if case.settle:
            os.sync()
        numbers = range(repetition * case.calls, (repetition + 1) * case.calls)
        if repetition % 2:
            raw, ours = _timed(case, case.raw, numbers), _timed(case, case.ours, numbers)
        else:
            ours, raw = _timed(case, case.ours, numbers), _timed(case, case.raw, numbers)
        pairs.append((ours, raw))
    memory: list[int | None] = [None, None]
    if case.has_memory:
        number = (case.repetitions + 1) * case.calls
        memory = [grown(lambda: case.ours(number)), grown(lambda: case.raw(number))]
    ratios = sorted(ours / raw for ours, raw in pairs[1:])
    ours_s, raw_s = (statistics.median(column) for column in zip(*pairs[1:], strict=True))
    extra = statistics.median(ours - raw for ours, raw in pairs[1:])
    row = Row(case.path, case.limit, ours_s, raw_s, statistics.median(ratios), ratios[0], ratios[-1], extra, "", None, *memory)
    gc.unfreeze()
    return row if case.aim is None else row._replace(aim=str(case.aim), is_reached=case.aim.is_reached(row))


def _timed(case: Case, work: Callable[[int], Any], numbers: range) -> float:
    kept = None
    start = case.clock()
    for number in numbers:
        kept = work(number)
    took = case.clock() - start
    del kept
    return took / len(numbers) / case.batch


def grown(work: Callable[[], Any]) -> int:
    """Give by how many bytes the resident set of this process grows at most while something runs; zero where the system does not tell.

    What the work returns lives until the highest mark is read.
    """
    peak = Path("/proc/self/clear_refs")
    if not peak.exists():
        return 0
    gc.collect()
    peak.write_text("5")  # the mark is set back to what is resident now
    before = _resident("VmRSS")
    kept = work()
    highest = _resident("VmHWM")
    del kept
    return max(0, highest - before)


def _resident(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise LookupError(name)


def seconds_text(time_s: float) -> str:
    """Write a time in the unit that fits.

    >>> [seconds_text(time_s) for time_s in (2e-7, 0.00012, 0.045, 2.5)]
    ['0.20 µs', '120 µs', '45 ms', '2.50 s']
    """
    if abs(time_s) < 1e-3:
        micro = time_s * 1e6
        return f"{micro:,.0f} µs" if abs(micro) >= 100 else f"{micro:.3g} µs" if abs(micro) >= 1 else f"{micro:.2f} µs"
    return f"{time_s * 1e3:.3g} ms" if abs(time_s) < 1 else f"{time_s:.2f} s"
