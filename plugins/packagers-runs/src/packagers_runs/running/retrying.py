"""A run that has ended goes on in another attempt."""

from __future__ import annotations

from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates
from packagers_runs.running.execution import attempts
from packagers_runs.running.preparing import stored_job
from packagers_runs.store.store import DocumentStore


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
    job = stored_job(RunObject.from_store(store, uid), store)
    attempt = store.take(uid, expected=[RunStates.error.value, RunStates.aborted.value, RunStates.pending_retry.value])
    error = attempts(job, attempt)
    job.run.raise_for_failure(error)
    return job.run
