"""A run goes on where it stopped: what has completed, and would do the same again, stays as it is."""

from __future__ import annotations

from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates
from packagers_runs.running.execution import Job, attempts
from packagers_runs.running.marks import FINGERPRINT, mark, marks_of
from packagers_runs.running.preparing import stored_job
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.store import DocumentStore

_RESUMED = {RunStates.created, RunStates.pending, RunStates.completed, RunStates.error, RunStates.aborted, RunStates.pending_retry}


def resume(uid: str, store: DocumentStore) -> RunObject:
    """Go on with a run: one that has not completed, or whose fingerprint is another one by now, runs in its next attempt.

    Of two processes that resume one run at once, one runs it; the other gets what became of it, or an error while it runs.

    Args:
        uid: Of the run.
        store: Where it is.

    Returns:
        The run as it is recorded at the end; as it was, where nothing had to be run.

    Raises:
        RunNotFoundError: There is no such run.
        StateConflictError: Another process has it in hand.
        HandlerError: Its handler cannot be found again.
        RunError: It failed.
    """
    seen = store.attempt(uid)
    job = stored_job(RunObject.from_store(store, uid), store)
    if is_done(job):
        return job.run
    state = job.run.status.state
    mark(job)
    try:
        attempt = store.take(uid, expected=[state] if state in _RESUMED else _RESUMED, seen=seen)
    except StateConflictError:
        now = RunObject.from_store(store, uid)
        if now.status.state == RunStates.completed:  # somebody else was faster
            return now
        raise
    error = attempts(job, attempt)
    job.run.raise_for_failure(error)
    return job.run


def is_done(job: Job) -> bool:
    """Tell whether a run has completed, and would do the same again."""
    run = job.run
    return run.status.state == RunStates.completed and run.metadata.annotations.get(FINGERPRINT) == marks_of(job)[FINGERPRINT]
