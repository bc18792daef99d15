"""What a program does without us that wants whole files and their digests: the raw side of several areas.

A file is written beside its name, digested and renamed, and digested again before it is read.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3

CHUNK = 1 << 20


class Brief:
    """A file or folder that goes with this object."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __del__(self) -> None:
        shutil.rmtree(self.path) if self.path.is_dir() else self.path.unlink()


def written(path: Path, write: Callable[[Path], object]) -> str:
    """Write a file whole; gives its digest."""
    beside = path.with_name(f"{path.name}.tmp")
    write(beside)
    found = digest(beside)
    os.replace(beside, path)
    return found


def checked(path: Path, read: Callable[[Path], Any]) -> Any:
    """Digest a file, then read it."""
    digest(path)
    return read(path)


def digest(path: Path) -> str:
    """Give the BLAKE3 digest of a file."""
    hasher = blake3()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
