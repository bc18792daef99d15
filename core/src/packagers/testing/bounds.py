"""Bounds of time and memory for what may hang, grow or die: in a process that is there for nothing else."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

SECONDS = 10
"""Of the processor, for one case."""
_WAITING = 240
"""Seconds that the cases of a form may take together, on a machine that is busy with something else."""
MEMORY = 2 << 30
"""Bytes that all cases together may ask for, on top of what the process has."""


class Late(BaseException):
    """A case has taken too long."""


class Bounds:
    """Bounds for cases that run one after the other.

    Args:
        progress: The file that holds the name of the case that is running, for whoever asks why the process died.
    """

    def __init__(self, progress: Path) -> None:
        self._progress = progress.open("wb", buffering=0)
        _bound_memory()
        if hasattr(signal, "SIGPROF"):
            signal.signal(signal.SIGPROF, _late)

    @contextlib.contextmanager
    def around(self, name: str) -> Iterator[None]:
        """Bound what one case may take of the processor.

        Args:
            name: Of the case.

        Raises:
            Late: In the block, when it has taken too long.
        """
        self._progress.seek(0)
        self._progress.truncate()
        self._progress.write(name.encode("utf-8", "backslashreplace"))
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            yield
        finally:
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_PROF, 0)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Bound how long the cases of one form may wait for whatever it is; then the process prints where it stands, and ends."""
        faulthandler.dump_traceback_later(_WAITING, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def is_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or one that led to it, is that there is not so much memory."""
    while error is not None:
        if isinstance(error, MemoryError) or "bad_alloc" in str(error) or "allocate memory" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _late(number: int, frame: FrameType | None) -> None:
    raise Late


def _bound_memory() -> None:
    """Bound the address space, where the system tells how much of it is used."""
    if sys.platform != "linux":
        return
    import resource

    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = used + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
