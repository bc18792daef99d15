"""A run that has failed is tried again, whatever has changed since."""

from __future__ import annotations

from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates
from packagers_runs.running.execution import attempts
from packagers_runs.running.marks import mark
from packagers_runs.running.preparing import stored_job
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.store import DocumentStore

_RETRIED = {RunStates.error, RunStates.aborted, RunStates.pending_retry}
_REMEDIES = {
    RunStates.completed: "resume() runs it again where something has changed, verify() compares, and a new run is launched.",
    RunStates.skipped: "Launch a new run.",
    RunStates.created: "resume() runs it.",
    RunStates.pending: "resume() runs it.",
}


def retry(uid: str, store: DocumentStore) -> RunObject:
    """Try a run again that has failed, was aborted or is lost; its next attempt begins, whatever its specification allows.

    Args:
        uid: Of the run.
        store: Where it is.

    Returns:
        The run as it is recorded at the end.

    Raises:
        RunNotFoundError: There is no such run.
        StateConflictError: It has not ended, or it has completed.
        HandlerError: Its handler cannot be found again.
        RunError: It failed again.
    """
    seen = store.attempt(uid)
    run = RunObject.from_store(store, uid)
    state = run.status.state
    if state not in _RETRIED:
        raise StateConflictError(
            f"the run {uid} is {state}, and only one that has failed is tried again",
            uid=uid,
            state=state,
            attempt=seen,
            remedy=_REMEDIES.get(RunStates(state), "Wait for its end, or abort() it first."),
        )
    job = stored_job(run, store, repeats_errors=True)
    mark(job)
    attempt = store.take(uid, expected=_RETRIED, seen=seen)
    error = attempts(job, attempt)
    job.run.raise_for_failure(error)
    return job.run
