"""Launch a run, or import runs, and be killed at one point of it: ``crashing_runs.py run|import``, with the lines of ``crashing.py``.

The run commits in between, fails, is tried again, and completes; it is killed at any statement, commit or change of the file system of its
main thread, those of the packagers included.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packagers_runs import RunContext, connect, new_function
from packagers_runs.store import journal

STEPS = 2
tell: Callable[[str], None] = print


def text(key: str, attempt: int) -> str:
    return f"{key} of attempt {attempt}"


def attempt_of(context: RunContext) -> int:
    return (context._run.status.retry_count or 0) + 1


def handler(context: RunContext, fails: int) -> dict[str, Any]:
    """Commit step by step; of the attempts, the first ones fail."""
    attempt = attempt_of(context)
    for step in range(STEPS):
        print(f"step {step} of attempt {attempt}")
        context.log_result(f"r{step}", (attempt, step))
        context.log_artifact(f"a{step}", text(f"a{step}", attempt), artifact_type="file")
        context.log_artifact(f"same{step}", "the same in every attempt", artifact_type="file")
        context.commit(f"step {step}")
        tell(f"committed-{attempt}-{step}")
    if attempt <= fails:
        raise ValueError("not yet")
    return {"attempt": attempt}


def run(url: str, artifacts: str, told: Callable[[str], None]) -> None:
    from crashing import points

    global tell
    tell = told
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the answers go there, and what runs print, too
    with points.counting():
        store = connect(url, artifacts)
        retry = {"count": 1, "backoff": {"base_delay": "0s"}}
        new_function("f").run(handler=f"{__file__}:handler", params={"fails": 1}, returns=["last"], retry=retry, store=store)
        told("ended")
        store.gc()
        told("collected")


def take(url: str, artifacts: str, told: Callable[[str], None]) -> None:
    from crashing import points

    with points.counting():
        store = connect(url, artifacts)
        store.import_(Path(os.environ["EXPORT"]))
        told("imported")
        store.gc()
        told("collected")


if __name__ == "__main__":
    from crashing import main

    journal.PERIOD_S = 3600  # what was printed is written at the end of an attempt, and not at any time
    main({"run": run, "import": take}[sys.argv[1]])
