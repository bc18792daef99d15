"""What crashes leave behind: found, told from work in progress, and removed where it is certain that nobody will miss it.

* In the folder of a package: payloads that its manifest does not name, and temporary files. Their writer holds a lock as long as it lives.
* Beside a ``results.json``: temporary files, in the same way.
* In the system's temporary folder: scratch space of processes that are no more. They hold a lock on it too; where the file system has no
  locks, the number of the process tells, unless it is that of another container.
* In the folder of keys: files that were never finished; writing one takes no time.

A folder that holds such things and no manifest may be what a first packing left, or somebody's own: it is shown, and left alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packagers import keys, manifest, results
from packagers.durable import OURS
from packagers.errors import IntegrityError
from packagers.scratch import ROOT_PREFIX, remove_folder
from packagers.sealed import read_document

_SCRATCH = re.compile(rf"{ROOT_PREFIX}([0-9]+)-[0-9a-z_]{{8}}")
_KEY = re.compile(r"\.new-[0-9a-f]{16}")
_UNFINISHED_S = 3600.0
"""After how many seconds a key that is being written is one that nobody writes."""
_MOST_FOLDERS = 10_000


class Litter(NamedTuple):
    """Something that a crash has left.

    Attributes:
        path: Where it is.
        what: What it is, for people.
        certain: Whether it is nothing else.
    """

    path: Path
    what: str
    certain: bool = True


def in_packages(folder: Path) -> Iterator[Litter]:
    """Find litter below a folder of packages, by name; of very many folders only the first are looked at.

    Args:
        folder: The folder; links in it are not followed.
    """
    for number, (place, folders, files) in enumerate(os.walk(folder)):
        path = Path(place)
        folders.sort()
        if number >= _MOST_FOLDERS:
            return
        if manifest.NAME in files:
            yield from _in_package(path, folders, files)
            folders.clear()
        elif results.NAME in files:
            yield from (_temporary(path / name) for name in _temporary_files(path, files))
        elif _is_unfinished(path, folders, files):
            yield Litter(path, "perhaps a first packing that did not get to its end", certain=False)
            folders.clear()


def in_temporary_folder() -> Iterator[Litter]:
    """Find the scratch space of this user's dead processes."""
    with contextlib.suppress(OSError):
        for path in sorted(Path(tempfile.gettempdir()).iterdir()):
            if _is_abandoned(path):
                yield Litter(path, "scratch space of a process that is no more")


def in_keys() -> Iterator[Litter]:
    """Find key files that were never finished."""
    with contextlib.suppress(OSError, RuntimeError):
        for path in sorted(keys.keys_folder().iterdir()):
            if _is_unfinished_key(path):
                yield Litter(path, "a key that was not written to its end")


def remove(found: Litter) -> bool:
    """Remove litter, if it is certain to be some still.

    Args:
        found: What was found.

    Returns:
        Whether it is gone.
    """
    path = found.path
    if not found.certain:
        return False
    if OURS.fullmatch(path.name):
        # Once the lock is ours the writer has come to its end, and the manifest says what it has left.
        with _lock(path) as is_ours:
            if is_ours and not _is_named(path):
                _remove(path)
    elif _is_scratch(path):
        with _lock(path) as is_ours:
            if is_ours or _is_without_owner(path):
                _remove(path)
    elif _is_unfinished_key(path):
        _remove(path)
    return not path.exists()


def _in_package(path: Path, folders: list[str], files: list[str]) -> Iterator[Litter]:
    for name in folders:
        place = path / name
        if OURS.fullmatch(name) and not place.is_symlink() and _is_free(place) and not _is_named(place):
            yield Litter(place, "a payload that no manifest names")
    yield from (_temporary(path / name) for name in _temporary_files(path, files))


def _temporary_files(folder: Path, names: list[str]) -> list[str]:
    return [name for name in sorted(names) if name.endswith(".tmp") and OURS.fullmatch(name) and _is_free(folder / name)]


def _temporary(path: Path) -> Litter:
    return Litter(path, "a temporary file")


def _is_named(path: Path) -> bool:
    """Tell whether the manifest beside a payload names it; one that cannot be read may."""
    if path.suffix:
        return False
    try:
        with (path.parent / manifest.NAME).open("rb") as file:
            return bool(read_document(file)[0].get("payload") == path.name)
    except (OSError, IntegrityError):
        return True


def _is_unfinished(path: Path, folders: list[str], files: list[str]) -> bool:
    """Tell whether a folder looks like that of a package whose first manifest was never written. So do folders that are called by dates."""
    names = [*folders, *files]
    if not names or not all(OURS.fullmatch(name) for name in names) or all(name.isdecimal() for name in names):
        return False
    if not all(name.endswith(".tmp") for name in files) or not all(_is_free(path / name) for name in names):
        return False
    return not any(manifest.NAME in inner or results.NAME in inner for _, _, inner in os.walk(path))


def _is_abandoned(path: Path) -> bool:
    """Tell whether a folder is the scratch space of a process of this user that is no more."""
    return _is_scratch(path) and (_is_free(path) or _is_without_owner(path))


def _is_scratch(path: Path) -> bool:
    """Tell whether a folder is scratch space of this user."""
    if sys.platform == "win32" or not _SCRATCH.fullmatch(path.name):  # where asking for a process can end it
        return False
    try:
        return not path.is_symlink() and path.is_dir() and path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _is_without_owner(path: Path) -> bool:
    """Tell whether there is no process of the number in a folder's name, where the file system has no locks that could tell better."""
    named = _SCRATCH.fullmatch(path.name)
    if named is None or _has_locks(path):
        return False
    try:
        os.kill(int(named[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _has_locks(path: Path) -> bool:
    """Tell whether a file system has locks, whoever holds them."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return True  # so that nothing is concluded
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _is_unfinished_key(path: Path) -> bool:
    if not _KEY.fullmatch(path.name) or path.is_symlink():
        return False
    try:
        return path.parent == keys.keys_folder() and time.time() - path.stat().st_mtime > _UNFINISHED_S
    except (OSError, RuntimeError):
        return False


def _is_free(path: Path) -> bool:
    with _lock(path) as is_ours:
        return is_ours


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Take the lock that a writer has on what it writes; gives whether that went well. Where there are no locks, it never does."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    with contextlib.ExitStack() as held:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            held.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            is_ours = False
        else:
            is_ours = True
        yield is_ours


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
