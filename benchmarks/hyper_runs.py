"""What iterations of hyper-parameter runs cost: of a trivial handler one after the other, and of one that sleeps side by side.

The time of a trivial iteration should not grow with their number, nor the memory but for the table. Eight iterations of half a second take
two seconds in two processes, and the start of the processes.

::

    python benchmarks/hyper_runs.py [iterations ...]
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from packagers_runs import connect, new_function, new_task


def double(x: int) -> int:
    """Do next to nothing."""
    return 2 * x


def sleep(x: int) -> int:
    """Take half a second."""
    import time

    time.sleep(0.5)
    return x


def trivial(count: int) -> None:
    """Time so many iterations of a trivial handler."""
    task = new_task("trivial", handler=double, returns=["v"]).with_hyper_params({"x": range(count)}, selector="max.v")
    clock, processor = time.perf_counter(), time.process_time()
    run = new_function().run(task)
    took, used = time.perf_counter() - clock, time.process_time() - processor
    if run.status.results != {"v": 2 * (count - 1), "best_iteration": count}:
        raise SystemExit(f"a wrong result: {run.status.results}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:>7,} iterations: {took / count * 1e3:5.2f} ms each, {used / count * 1e3:5.2f} ms of processor time; {memory:5.0f} MB")
    opened = time.perf_counter()
    size = Path(run.ui_url.removeprefix("file://")).stat().st_size
    print(f"{'':>7} its report: {time.perf_counter() - opened:.2f} s, {size / 1e6:.1f} MB")


def side_by_side(width: int) -> None:
    """Time eight iterations of half a second."""
    task = new_task("sleeping", handler=sleep, returns=["v"]).with_hyper_params({"x": range(8)}, parallel_runs=width)
    clock = time.perf_counter()
    new_function().run(task)
    print(f"8 iterations of 0.5 s in {width} process{'es' if width > 1 else ''}: {time.perf_counter() - clock:.2f} s")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("iterations", nargs="*", type=int, default=[1000, 10_000])
    counts = parser.parse_args().iterations
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with connect():
            trivial(100)
            for count in counts:
                trivial(count)
            for width in (1, 2):
                side_by_side(width)
        os.chdir("/")


if __name__ == "__main__":
    main()
