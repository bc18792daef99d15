"""Files as a whole in memory, hashed while they are read."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from packagers.digests import PIECE, Digester

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Room: TypeAlias = "Callable[[int], WriteableBuffer]"
"""Makes so many bytes of writable memory."""
_HUGE = 4 << 20
"""Bytes of memory from which on larger pages make it faster."""


def room(size: int) -> memoryview:
    """Make writable memory; where it is much, the system's own, which is not cleared twice and goes back by itself."""
    if size < PIECE:
        return memoryview(bytearray(size))
    private: dict[str, Any] = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    made = mmap.mmap(-1, size, **private)
    if size >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # of kernels without them
            made.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(made)


def read_whole(path: Path, room: Room = room) -> memoryview:
    """Read a file into memory of its own, unchecked."""
    with path.open("rb", buffering=0) as file:
        return filled(file, os.fstat(file.fileno()).st_size, room)


def filled(file: io.FileIO, size: int, room: Room, digester: Digester | None = None) -> memoryview:
    """Fill memory from a file; each piece is hashed when it has been read.

    Args:
        file: Open for reading.
        size: How many bytes to read; fewer are given where it ends before.
        room: Makes the memory.
        digester: Takes them, if they are to be hashed.
    """
    memory = memoryview(room(size))
    step = size if digester is None else digester.step
    done = 0
    while done < size and (got := file.readinto(memory[done : done + step])):
        if digester is not None:
            digester.feed(memory[done : done + got])
        done += got
    return memory[:done]
