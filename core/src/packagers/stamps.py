"""Stamps: by device, inode, size and times, whether a file or folder is still what it was when somebody looked.

What was learned of a file may be remembered with its stamp, and holds while the stamp is the same. A file that changed a moment ago is not
to be remembered: the clock that dates files ticks slowly, and a second change within one tick would go unseen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Hashable
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
Stamp: TypeAlias = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of change of content and status in nanoseconds."""
Noted: TypeAlias = tuple[tuple[str | os.PathLike[str], Stamp], ...]
"""Files and folders, as they were."""
TICK_NS = 50_000_000
"""What the clocks that date files tick in at most, where they show more than whole milliseconds."""
SLOW_TICK_NS = 2_000_000_000
"""The same for all others, such as those of FAT."""


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """Give the stamp of a file or folder; raises ``OSError`` where there is none."""
    return stamp_in(os.stat(path))


def stamp_in(status: os.stat_result) -> Stamp:
    """Give the stamp that a status holds."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_settled(stamp: Stamp) -> bool:
    """Tell whether a file changed so long ago that another change would show in its times."""
    changed = stamp[3:5]
    tick = TICK_NS if any(moment % 1_000_000 for moment in changed) else SLOW_TICK_NS
    return time.time_ns() - max(changed) > tick


def noted(*paths: str | os.PathLike[str]) -> Noted:
    """Note what files and folders are, before they are read; nothing where one is not there, or has changed a moment ago."""
    try:
        found = tuple([(path, stamp_of(path)) for path in paths])
    except OSError:
        return ()
    return found if all(is_settled(stamp) for _, stamp in found) else ()


class Memory(Generic[T]):
    """What was learned of files: each thing holds while the files that it was read from are what they were. Threads may share it.

    Args:
        most: How many things are remembered at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Hashable, tuple[T, Noted]] = {}

    def recall(self, name: Hashable) -> T | None:
        """Give what was remembered under a name; ``None`` where there is nothing, or no more."""
        known = self._known.get(name)
        if known is None:
            return None
        try:
            for path, stamp in known[1]:
                if stamp_of(path) != stamp:
                    return None
        except OSError:
            return None
        return known[0]

    def remember(self, name: Hashable, value: T, files: Noted) -> T:
        """Remember a value that was read from files after they were noted; without files, nothing is remembered."""
        if files:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[name] = value, files
        return value
