"""The program of a process that runs a run: what :mod:`packagers_runs.running.workers` starts."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from packagers_runs.errors import RunsError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates
from packagers_runs.running.capture import descriptors
from packagers_runs.running.execution import Job, attempts
from packagers_runs.running.interrupts import Terminated, terminable
from packagers_runs.running.masking import Masker
from packagers_runs.running.preparing import stored_job
from packagers_runs.running.processes import children_of, kill
from packagers_runs.running.telling import Teller, give_secrets, secret_values
from packagers_runs.running.workers import TAKEN, end_process, start
from packagers_runs.runstore import Store, connect
from packagers_runs.store.runrows import Attempt


def main() -> None:
    """Run what standard input tells; ends the process."""
    told = json.load(sys.stdin)
    sys.path[:] = told["path"]
    store = connect(*told["store"])
    store.project = told["project"]
    uid, iteration, limit = told["uid"], told["iteration"], told.pop("limit")
    if limit is not None:
        with terminable():
            _supervise(start({**told, "limit": None}, store, Attempt(uid, iteration, 1)), store, Attempt(uid, iteration, 1), limit)
        _tell_the_rest(told, store)
        return
    job = _taken_over(told, store)
    attempt = store.take(uid, iteration, expected=[RunStates.created.value], from_owner=told["owner"])
    _let_go()
    error = attempts(job, attempt, capture=descriptors)
    store.close()
    if isinstance(error, Terminated):
        kill(children_of(os.getpid()))


def _let_go() -> None:
    """Say that the run is in hand, and let go of the pipe to whoever waits for that."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, TAKEN)
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
    store.document(attempt.uid, attempt.iteration)  # a worker that had to be killed left the run to whoever looks


def _taken_over(told: Mapping[str, Any], store: Store) -> Job:
    """Make the job of a run that is in the store, with what its document does not say."""
    run = RunObject.from_store(store, told["uid"], told["iteration"])
    run.metadata.annotations = {**run.metadata.annotations, **told["marks"]}
    give_secrets(run, told["notifications"])
    return stored_job(run, store, hints=told["hints"], secrets=told["secrets"], file=told["file"], shows=False)


def _tell_the_rest(told: Mapping[str, Any], store: Store) -> None:
    """Tell what a worker that was killed has not told."""
    run = RunObject.from_store(store, told["uid"], told["iteration"])
    give_secrets(run, told["notifications"])
    masker = Masker([*told["secrets"].values(), *secret_values(run.spec.notifications)])
    Teller(run, store, masker, local=False).ended()
