"""Try hyper-parameters, and be killed at one point of it: ``crashing_hyper.py WIDTH``, with the lines of ``crashing.py``.

It is killed at any statement, commit or change of the file system of its main thread, and of the thread that records iterations.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from packagers_runs import connect, new_function, new_task
from packagers_runs.store import journal

HANDLER = f"{Path(__file__).parent / 'hyper_handlers.py'}:learns"


def search(url: str, artifacts: str, told: Callable[[str], None]) -> None:
    """Run a grid of five."""
    from crashing import points

    points.threads.add("packagers-runs-iterations")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    task = new_task("grid", handler=HANDLER, params={"folder": os.getcwd()}, returns=["v", "arr"])
    task.with_hyper_params({"x": [1, 2, 3, 4, 5]}, selector="max.v", parallel_runs=int(sys.argv[1]))
    with points.counting():
        store = connect(url, artifacts)
        new_function().run(task, store=store)
        told("ended")


if __name__ == "__main__":
    from crashing import main

    sys.path.insert(0, str(Path(__file__).parent))
    import hyper_handlers  # noqa: F401 - once, and not in each child

    journal.PERIOD_S = 3600  # what was printed is written at the end of an attempt, and not at any time
    main(search)
