"""Waiting for what threads and other processes do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil


def until(condition: Callable[[], Any], seconds: float = 180) -> Any:
    """Wait until something is so; gives what the condition gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, even if nobody has asked how."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@contextmanager
def meanwhile(do: Callable[[], Any]) -> Iterator[None]:
    """Do something in a thread; what it raises is raised at the end of the block."""
    raised: list[BaseException] = []

    def call() -> None:
        try:
            do()
        except BaseException as error:  # noqa: BLE001 - raised below
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if raised:
        raise raised[0]
