"""What the file system of a folder can do of what packages need, tried out in a folder of its own that is removed again."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from packagers.names import MAX_BYTES

_SCARCE = 100 << 20
"""Free bytes under which something should be done."""


class Ability(NamedTuple):
    """Something that a file system can or cannot do.

    Attributes:
        name: What.
        value: Whether, or how much.
        problem: What does not work without it; empty where nothing is amiss.
        is_needed: Whether packing cannot do without it.
    """

    name: str
    value: bool | int
    problem: str = ""
    is_needed: bool = False


def abilities(folder: Path) -> list[Ability]:
    """Try out the file system of a folder.

    Args:
        folder: An existing folder.

    Returns:
        What it can do; where nothing can be written, that alone.
    """
    try:
        place = Path(tempfile.mkdtemp(prefix=".packagers-doctor-", dir=folder))
    except OSError as error:
        return [Ability("write", False, f"nothing can be packed here: {error.strerror}", is_needed=True)]
    try:
        found = [Ability("write", True), *(_tried(*trial, place) for trial in _TRIALS)]
        free = shutil.disk_usage(place).free
        scarce = f"only {free >> 20} MiB are free" if free < _SCARCE else ""
        longest = _longest_name(place)
        short = "" if longest >= MAX_BYTES else f"keys may have {MAX_BYTES} bytes, and not all of them find room"
        return [*found, Ability("longest name", longest, short), Ability("free bytes", free, scarce, is_needed=True)]
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _tried(name: str, trial: Callable[[Path], bool], problem: str, place: Path) -> Ability:
    try:
        works = trial(place)
    except OSError:
        works = False
    return Ability(name, works, "" if works else problem, is_needed=trial is _replaces)


def _replaces(place: Path) -> bool:
    (place / "old").write_text("old")
    (place / "new").write_text("new")
    with (place / "old").open():
        os.replace(place / "new", place / "old")
    return (place / "old").read_text() == "new" and not (place / "new").exists()


def _locks(place: Path) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl

    (place / "locked").touch()
    with (place / "locked").open() as first, (place / "locked").open() as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _links(place: Path) -> bool:
    (place / "target").touch()
    (place / "link").symlink_to("target")
    return (place / "link").is_symlink()


def _syncs(place: Path) -> bool:
    with (place / "synced").open("wb") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
    if sys.platform != "win32":
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return True


def _tells_case(place: Path) -> bool:
    (place / "Case").touch()
    return not (place / "case").exists()


def _longest_name(place: Path) -> int:
    """Find how many bytes a name may have, up to 255."""
    shortest, longest = 1, 256
    while longest - shortest > 1:
        middle = (shortest + longest) // 2
        try:
            (place / ("n" * middle)).touch()
            shortest = middle
        except OSError:
            longest = middle
    return shortest


_TRIALS: tuple[tuple[str, Callable[[Path], bool], str], ...] = (
    ("replace a file", _replaces, "a reader may see half of a package"),
    ("lock", _locks, "two processes that pack the same key at once may take each other's files for litter"),
    ("links", _links, "folders with symbolic links cannot be unpacked"),
    ("sync", _syncs, 'durability="full" does not survive a loss of power'),
    ("upper and lower case differ", _tells_case, ""),
)
