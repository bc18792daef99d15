"""The executor ``local``: one iteration after the other, in the process of the run."""

from __future__ import annotations

from concurrent.futures import Future

from packagers_runs.executors.executor import Executor
from packagers_runs.executors.performing import perform
from packagers_runs.executors.work import Performed, Setup, Work
from packagers_runs.running.capture import captured


class LocalExecutor(Executor):
    """One after the other, in the process of the run: nothing is copied or pickled, and what is printed is shown as it comes."""

    is_here = True

    def open(self, setup: Setup) -> None:
        """Begin."""
        self._setup = setup

    def submit(self, work: Work) -> Future[Performed]:
        """Do an iteration, now."""
        future: Future[Performed] = Future()
        future.set_result(perform(self._setup, work, captured, signer="user"))
        return future

    def close(self, *, kill: bool) -> None:
        """End: nothing is left to be ended."""
