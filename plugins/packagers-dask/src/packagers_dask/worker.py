"""What happens inside of a Dask worker."""

from __future__ import annotations

from collections.abc import Callable

from distributed import get_worker

from packagers_runs import end_packed, perform_packed

_MOST = 16
_setups: dict[str, bytes] = {}
"""What the iterations of runs have in common, by a name that is used once; the newest few, for who dies takes nothing back."""


def keep(name: str, setup: bytes) -> None:
    """Keep what all iterations of a run have in common.

    Args:
        name: Theirs.
        setup: It.
    """
    _setups[name] = setup
    while len(_setups) > _MOST:
        del _setups[next(iter(_setups))]


def forget(name: str) -> None:
    """Forget what :func:`keep` was given under a name."""
    _setups.pop(name, None)


def perform(name: str, work: bytes) -> bytes | None:
    """Do an iteration: see :func:`packagers_runs.perform_packed`; gives nothing where this worker was given no setup, as it came later.

    Args:
        name: Of the setup.
        work: What is its own.
    """
    setup = _setups.get(name)
    return None if setup is None else perform_packed(setup, work, is_alone=get_worker().state.nthreads == 1)


class Call:
    """An iteration that is done when its pickle is read.

    Args:
        name: Of the setup.
        work: What is its own.
    """

    def __init__(self, name: str, work: bytes) -> None:
        self._arguments = name, work

    def __reduce__(self) -> tuple[Callable[[str, bytes], bytes | None], tuple[str, bytes]]:
        return perform, self._arguments


def end(uid: str) -> None:
    """End the iterations of a run that are being done in this worker: see :func:`packagers_runs.end_packed`.

    Args:
        uid: Of the run.
    """
    end_packed(uid)
