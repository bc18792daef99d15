"""The processes below one, and those that came to be inside of a block."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import psutil


@contextlib.contextmanager
def of_one_process() -> Iterator[None]:
    """Let the block end in the process that began it alone: one that was forked inside, and comes to its end too, ends there.

    What comes after the block is done once, so. What ended the child early is told on standard error.
    """
    process = os.getpid()
    try:
        yield
    except BaseException as error:
        if os.getpid() != process:
            if not isinstance(error, SystemExit):
                traceback.print_exception(error)
            _leave(0 if isinstance(error, SystemExit) and not error.code else 1)
        raise
    if os.getpid() != process:
        _leave(0)


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def children_of(pid: int) -> list[psutil.Process]:
    """Give all processes below one."""
    import psutil

    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return found


def kill(processes: list[psutil.Process]) -> None:
    """Kill processes, those that are gone already too."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
