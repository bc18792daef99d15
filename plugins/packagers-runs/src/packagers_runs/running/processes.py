"""The processes below one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


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
