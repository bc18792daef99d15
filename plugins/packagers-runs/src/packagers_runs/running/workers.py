"""Runs in processes of their own: begun by one that may end before them, ended with their children when they take too long.

A worker reads from its standard input which run it has to take; what no document can say (a lambda, a live object) was kept in the store.
Until it has the run in hand, the process that began it answers for it. Whatever it and its children print goes to the log of the run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

from packagers_runs.errors import RunsError
from packagers_runs.models.status import RunStates
from packagers_runs.running.execution import Job
from packagers_runs.running.processes import children_of, kill
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.liveness import this_process
from packagers_runs.store.runrows import Attempt
from packagers_runs.store.store import DocumentStore

GRACE_S = 3.0
"""How long a worker that is to end may take to do so by itself."""
TAKEN = b"the worker has the run in hand\n"
_PROGRAM = "from packagers_runs.running.worker import main; main()"


def start_worker(job: Job, attempt: Attempt, file: Path | None = None, limit: float | None = None) -> subprocess.Popen[bytes]:
    """Start a process that takes a run; it goes on when this one ends.

    Args:
        job: What is to be run.
        attempt: The right to run it, which this process has in hand.
        file: Where its bare handler was looked for.
        limit: Seconds that the run may take, with all its attempts; ``None`` for any time.

    Returns:
        The process, which has the run in hand by now.

    Raises:
        RunsError: It ended before; the run is recorded as failed.
    """
    told = {
        "store": job.store.opened_with,
        "project": job.store.project,
        "uid": attempt.uid,
        "iteration": attempt.iteration,
        "file": None if file is None else str(file.resolve()),
        "path": sys.path,
        "owner": str(this_process()),
        "marks": {name: value for name, value in job.run.metadata.annotations.items() if name.startswith("packagers/")},
        "hints": {name: hint for name, hint in job.run.spec.inputs_type_hints.items() if isinstance(hint, str)},
        "secrets": dict(job.secrets),
        "notifications": {each.name: each.secret_params for each in job.run.spec.notifications if each.secret_params},
        "limit": limit,
    }
    return start(told, job.store, attempt)


def start(told: Mapping[str, Any], store: DocumentStore, attempt: Attempt) -> subprocess.Popen[bytes]:
    """Start the program of a worker; see :func:`start_worker`.

    Args:
        told: What it reads from its standard input.
        store: Where the run is.
        attempt: The right to run it.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with contextlib.suppress(BrokenPipeError), cast("IO[bytes]", process.stdin) as stdin:
        stdin.write(json.dumps(told).encode())
    with cast("IO[bytes]", process.stdout) as stdout:  # it lets go of this pipe when it has the run in hand, or ends
        said = stdout.read()
    threading.Thread(target=process.wait, name="packagers-runs-worker", daemon=True).start()  # so that no zombie is left
    if said.endswith(TAKEN):
        return process
    text = said.decode(errors="replace").strip()
    message = f"the process of the run ended before it began, with {process.wait()}: {text[-2000:]}"
    with contextlib.suppress(StateConflictError):
        changes = {"status.state": RunStates.error.value, "status.error": message}
        store.change(attempt.uid, changes, attempt.iteration, expected=[RunStates.created.value])
    raise RunsError(message, remedy="What it said stands above.")


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process and all below it: it is asked first, and killed after :data:`GRACE_S`."""
    below = children_of(process.pid)
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    below += children_of(process.pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
    kill(below)
    process.wait()
