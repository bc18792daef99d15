"""Loaded by the process that looks after the workers of a run's own cluster: it ends, with all below it, when the run lets go of it.

The process of the run holds the other end of its standard input, and however that process ends, this one is told at once.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

import psutil

_STDIN = 0


def dask_setup(nanny: Any) -> None:
    """Begin to wait; Dask calls this when it has loaded the module."""
    threading.Thread(target=_end, name="packagers-dask-ending", daemon=True).start()


def _end() -> None:
    while os.read(_STDIN, 1):
        pass
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    os._exit(0)
