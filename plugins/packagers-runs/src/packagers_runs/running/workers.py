"""Runs in processes of their own: begun by one that may end before them, ended with their children when they take too long.

A worker reads from its standard input which run it has to take. What cannot be said as text (a lambda, a live object) lies packed and
signed in the staging folder of the run. Whatever it and its children print goes to the log of the run.
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
from typing import IO, TYPE_CHECKING, Any, cast

import packagers
from packagers import LogHint
from packagers_runs.errors import RunsError
from packagers_runs.models.inputs import is_live
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates
from packagers_runs.running.arguments import check_arguments
from packagers_runs.running.capture import descriptors
from packagers_runs.running.execution import Job, attempts, registry_here
from packagers_runs.running.handlers import Handler, find_handler
from packagers_runs.running.interrupts import Terminated, terminable
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.runrows import Attempt
from packagers_runs.store.store import Store, connect

if TYPE_CHECKING:
    import psutil

GRACE_S = 3.0
"""How long a worker that is to end may take to do so by itself."""
_FOLDER = ".launch"
"""In the staging folder of the run; no key begins with a dot."""
_HANDLER = "handler"
_TAKEN = b"the worker has the run in hand\n"
_PROGRAM = "from packagers_runs.running.workers import main; main()"


def start_worker(job: Job, attempt: Attempt, file: Path | None = None, limit: float | None = None) -> subprocess.Popen[bytes]:
    """Start a process that takes a run; it goes on when this one ends.

    Args:
        job: What is to be run.
        attempt: The right to run it, which no process has in hand.
        file: Where its bare handler was looked for.
        limit: Seconds that the run may take, with all its attempts; ``None`` for any time.

    Returns:
        The process, which has the run in hand by now.

    Raises:
        RunsError: It ended before; the run is recorded as failed.
        PackagersError: The handler or a live input cannot be handed over.
    """
    told = {
        "store": job.store.opened_with,
        "project": job.store.project,
        "uid": attempt.uid,
        "iteration": attempt.iteration,
        "file": None if file is None else str(file.resolve()),
        "path": sys.path,
        "hints": {name: hint for name, hint in job.run.spec.inputs_type_hints.items() if isinstance(hint, str)},
        "secrets": dict(job.secrets),
        "limit": limit,
    }
    _hand_over(job, job.store.staging(attempt) / _FOLDER)
    return _start(told, job.store, attempt)


def _start(told: Mapping[str, Any], store: Store, attempt: Attempt) -> subprocess.Popen[bytes]:
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
    if said.endswith(_TAKEN):
        return process
    text = said.decode(errors="replace").strip()
    message = f"the process of the run ended before it began, with {process.wait()}: {text[-2000:]}"
    with contextlib.suppress(StateConflictError):
        store.change(attempt.uid, {"status.state": RunStates.error.value, "status.error": message}, attempt.iteration)
    raise RunsError(message, remedy="What it said stands above.")


def _hand_over(job: Job, folder: Path) -> None:
    """Pack what the document of the run cannot say."""
    handler = job.arguments.handler
    if handler.reference is None:
        packagers.pack(handler.function, LogHint(_HANDLER, artifact_type="object"), folder)
    for name, source in job.arguments.inputs.items():
        if is_live(job.run.spec.inputs[name]):
            packagers.pack(source, LogHint(name), folder / "inputs")


def _taken_over(told: Mapping[str, Any], store: Store) -> Job:
    """Make the job of a run that is in the store, with what was handed over."""
    run = RunObject.from_store(store, told["uid"], told["iteration"])
    folder = store.staging(Attempt(told["uid"], told["iteration"], 1)) / _FOLDER
    spec, file = run.spec, told["file"]
    if (folder / _HANDLER).exists():
        function = packagers.unpack(folder / _HANDLER)
        handler = Handler(function, None, str(spec.handler))
    else:
        handler = find_handler(spec.handler, file)
    live = folder / "inputs"
    inputs = {name: packagers.unpack(live / name) if is_live(source) else source for name, source in spec.inputs.items()}
    return Job(run, check_arguments(handler, inputs, spec.parameters, told["hints"]), store, registry_here(), told["secrets"])


def main() -> None:
    """Run what standard input tells; ends the process."""
    told = json.load(sys.stdin)
    sys.path[:] = told["path"]
    store = connect(*told["store"])
    store.project = told["project"]
    uid, iteration, limit = told["uid"], told["iteration"], told.pop("limit")
    if limit is not None:
        with terminable():
            _supervise(_start({**told, "limit": None}, store, Attempt(uid, iteration, 1)), store, Attempt(uid, iteration, 1), limit)
        return
    job = _taken_over(told, store)
    attempt = store.take(uid, iteration)
    _let_go()
    error = attempts(job, attempt, capture=descriptors)
    store.close()
    if isinstance(error, Terminated):
        kill(children_of(os.getpid()))


def _let_go() -> None:
    """Say that the run is in hand, and let go of the pipe to whoever waits for that."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, _TAKEN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)


def _supervise(process: subprocess.Popen[bytes], store: Store, attempt: Attempt, limit: float) -> None:
    """Wait for a worker, and end it when it takes too long."""
    _let_go()
    try:
        process.wait(limit)
        return
    except subprocess.TimeoutExpired:
        reason = f"executing took longer than {limit:g} s"
    except Terminated:
        reason = "terminated"
    with contextlib.suppress(RunsError):  # it may have ended in this moment
        store.change(
            attempt.uid,
            {"status.state": RunStates.aborting.value, "status.reason": reason},
            attempt.iteration,
            expected=[RunStates.running.value],
        )
    end_process(process)
    store.get_run(attempt.uid, attempt.iteration)  # a worker that had to be killed left the run to whoever looks


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


def children_of(pid: int) -> list[psutil.Process]:
    """Give all processes below one."""
    import psutil

    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return found


def kill(processes: list[psutil.Process]) -> None:
    """Kill processes, those that are gone already too."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
