"""What happens inside of a Dask worker."""

from __future__ import annotations

from distributed import get_worker

from packagers_runs import end_packed, perform_packed


def perform(setup: bytes, work: bytes) -> bytes:
    """Do an iteration: see :func:`packagers_runs.perform_packed`.

    Args:
        setup: What all iterations of the run have in common.
        work: What is its own.
    """
    return perform_packed(setup, work, is_alone=get_worker().state.nthreads == 1)


def end(uid: str) -> None:
    """End the iterations of a run that are being done in this worker: see :func:`packagers_runs.end_packed`.

    Args:
        uid: Of the run.
    """
    end_packed(uid)
