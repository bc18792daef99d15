"""What ends a run from outside: SIGTERM to its process, and somebody who asks for it in the store."""

from __future__ import annotations

import ctypes
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from packagers_runs.errors import RunsError

PERIOD_S = 0.5
"""How often a run looks whether somebody has asked for its end."""

_logger = logging.getLogger("packagers.runs")


class Terminated(BaseException):
    """Raised inside of a handler that is to end. No ``except Exception`` of the handler takes it."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise :class:`Terminated` in the main thread for SIGTERM inside of the block, where nobody else has seen to that signal.

    The process ends by that signal when the exception leaves the block.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated("SIGTERM")

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def watched(is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Raise :class:`Terminated` in the thread of the block when it is no longer wanted.

    What the thread waits for in C code is interrupted in the main thread alone; elsewhere it is raised when that returns.

    Args:
        is_wanted: Asked from time to time, from another thread.
    """
    thread, done, lock = threading.current_thread(), threading.Event(), threading.Lock()

    def look() -> None:
        while not done.wait(PERIOD_S):
            try:
                if is_wanted():
                    continue
            except RunsError as error:
                _logger.warning("cannot look whether the run is still wanted, and will look again: %s", error)
                continue
            with lock:  # not raised any more once the block has ended
                if not done.is_set():
                    _raise_in(thread)
            return

    watcher = threading.Thread(target=look, name="packagers-runs-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            done.set()


def _raise_in(thread: threading.Thread) -> None:
    if thread is threading.main_thread() and callable(signal.getsignal(signal.SIGTERM)) and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread.ident or 0, signal.SIGTERM)
    else:
        end_thread(thread.ident or 0)


def end_thread(ident: int) -> None:
    """Raise :class:`Terminated` in a thread, at the next moment at which Python has control there.

    Args:
        ident: Of the thread.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(Terminated))
