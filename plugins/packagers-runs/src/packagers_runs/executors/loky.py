"""The executor ``loky``: processes of this machine, one for each iteration that is done at once.

Each process is a pool of its own. A pool of loky breaks as a whole when one of its processes dies; so only the iteration of that process
is lost, and nobody has to guess which it was.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from packagers_runs.errors import RunsError
from packagers_runs.executors.executor import Executor, mapped
from packagers_runs.executors.remote import KEYLESS, pack_setup, pack_work, perform_packed, unpack_performed
from packagers_runs.executors.work import Performed, Setup, Work
from packagers_runs.models.hyperparams import HyperParamOptions

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

_LOOK_S = 0.5
"""How often a worker looks whether the process of the run is still there."""


class LokyExecutor(Executor):
    """Processes of this machine: ``parallel_runs`` iterations at once."""

    def __init__(self, options: HyperParamOptions) -> None:
        super().__init__(options)
        try:
            import loky
        except ImportError as error:
            raise RunsError("parallel_runs needs loky, which is not installed", remedy="pip install packagers-runs[parallel]") from error
        self._loky = loky
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: set[ProcessPoolExecutor] = set()
        self._lock = threading.Lock()

    def open(self, setup: Setup) -> None:
        """Begin; processes are started when there is work for them."""
        self._setup = pack_setup(setup, shares_files=True)

    def submit(self, work: Work) -> Future[Performed]:
        """Do an iteration in a process that does none; in a new one where there is none."""
        pool = self._idle.pop() if self._idle else self._pool()
        with self._lock:
            self._busy.add(pool)
        done: Future[bytes] = pool.submit(_perform, pack_work(work, shares_files=True), os.getpid())
        done.add_done_callback(lambda future: self._finished(pool, future))
        return mapped(done, unpack_performed)

    def close(self, *, kill: bool) -> None:
        """End the processes, all at once."""
        with self._lock:
            pools = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        ending = [threading.Thread(target=pool.shutdown, kwargs={"wait": True, "kill_workers": kill}) for pool in pools]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()

    def _pool(self) -> Any:
        begin = {"initializer": _begin, "initargs": (self._setup, os.getpid())}
        return self._loky.ProcessPoolExecutor(max_workers=1, timeout=None, env=KEYLESS, **begin)

    def _finished(self, pool: Any, done: Future[bytes]) -> None:
        """Keep the process for the next iteration, unless it died."""
        with self._lock:
            if pool in self._busy:
                self._busy.remove(pool)
                if done.cancelled() or done.exception() is None:
                    self._idle.append(pool)


_given: bytes = b""


def _begin(setup: bytes, parent: int) -> None:
    """Prepare a new process: keep what all iterations have in common, and end when the process of the run does."""
    global _given
    _given = setup
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the process of the run gets it, too, and ends this one
    threading.Thread(target=_end_with, args=(parent,), name="packagers-runs-parent", daemon=True).start()


def _perform(work: bytes, parent: int) -> bytes:
    if os.getppid() != parent:  # nobody waits for it any more, and whoever resumes the run may be doing it
        os._exit(1)
    return perform_packed(_given, work)


def _end_with(parent: int) -> None:
    import psutil

    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    os._exit(1)
