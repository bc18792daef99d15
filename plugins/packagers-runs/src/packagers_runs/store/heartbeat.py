"""The thread that renews the leases of the runs that this process has in hand."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from packagers_runs.store.errors import StoreError
from packagers_runs.store.liveness import RENEWAL_S

_logger = logging.getLogger("packagers.runs")


class Heartbeat:
    """Renews leases as long as there is one to renew.

    Args:
        renew: Renews all; gives how many there were.
    """

    def __init__(self, renew: Callable[[], int]) -> None:
        self._renew = renew
        self._thread: threading.Thread | None = None
        self._process = 0
        self._stop = threading.Event()
        self._wanted = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Renew from now on; the thread ends by itself when nothing is left to renew."""
        if self._process != os.getpid():  # threads do not come along into a fork, nor does a lock that one of them held
            self._lock, self._stop, self._thread, self._process = threading.Lock(), threading.Event(), None, os.getpid()
        with self._lock:
            self._wanted = True
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="packagers-runs-lease", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Renew no more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(RENEWAL_S):
            with self._lock:
                self._wanted = False
            try:
                renewed = self._renew()
            except StoreError as error:
                _logger.warning("the lease of this process's runs could not be renewed and will be tried again: %s", error)
                continue
            with self._lock:
                if not renewed and not self._wanted:
                    self._thread = None
                    return
