"""Folders and files that come into being whole: claimed under a lock, synced where that is asked for, and put in place at one stroke.

What a writer has in hand has a name of eight hexadecimal digits, and the writer holds a lock on it that dies with the process. So the next
writer can tell the litter of a crash, which it removes, from work in progress.

What survives what:

* The death of a process, at any moment: always. A reader sees the old version or the new one, for only the replacing of one file makes a
  version visible, and by then everything that it names has been handed to the system.
* A loss of power: with ``full``. Everything that the new version names (files, folders, and the entries that lead to them) is on the disk
  before the file is replaced, and the old version goes after the replacement is. Without, a version may be damaged, which its digests tell.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from packagers.errors import PackError

OURS = re.compile(r"[0-9a-f]{8}(\.tmp)?")
"""The names of what writers have in hand."""
_ATTEMPTS = 100
"""How often a folder is made again that others remove."""


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there; others may remove it at the same time.

    Raises:
        FileExistsError: Where something that is no folder stands there.
    """
    failed = 0
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # of what is no folder, and of one that was removed before it could be looked at
            failed += 1
            if failed > _ATTEMPTS:
                raise
        else:
            return


def claim(folder: Path, suffix: str, make: Callable[[Path], None], lock: contextlib.ExitStack) -> Path:
    """Make something with a name of its own and hold its lock; a sweep may come between the two, then again.

    Args:
        folder: Where to make it.
        suffix: How its name ends.
        make: Makes it; raises ``FileExistsError`` where there is something.
        lock: What holds the lock, given by the caller so that it is let go wherever an interrupt comes.

    Returns:
        What was made.
    """
    failed = 0
    while True:
        path = folder / f"{secrets.token_hex(4)}{suffix}"
        try:
            make(path)
            lock.enter_context(_lock(path))
            if path.exists():
                return path
        except (FileExistsError, BlockingIOError):
            continue
        except FileNotFoundError:
            failed += 1
            if failed > _ATTEMPTS:  # some file systems say so of a folder that takes nothing
                raise
            make_folder(folder)
            continue
        except BaseException:
            lock.close()
            _remove(path)
            raise
        lock.close()


@contextlib.contextmanager
def locked(folder: Path, *, make: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a folder; where the platform has none, only mutual courtesy remains.

    Args:
        folder: The folder.
        wait: Whether to wait for it; otherwise it is a ``BlockingIOError`` where another holds it.
        make: Whether to make it (again) where somebody has removed it; otherwise that is a ``FileNotFoundError``.
    """
    with contextlib.ExitStack() as held:
        failed = 0
        while True:
            try:
                handle = held.enter_context(_lock(folder, wait=wait))
                if handle < 0 or os.path.samestat(os.fstat(handle), os.stat(folder)):
                    break
                held.close()  # of a folder that was removed and made again while we waited
            except FileNotFoundError:
                held.close()
                failed += 1
                if not make or failed > _ATTEMPTS:
                    raise
                make_folder(folder)
        yield


def replace_file(target: Path, text: bytes, *, full: bool = False, above: Iterable[Path] = ()) -> None:
    """Replace a file by one that is whole: readers see the old bytes or the new ones.

    Args:
        target: The file.
        text: Its new bytes.
        full: Whether to survive a loss of power.
        above: Folders that have new entries, to be synced before, besides the one of the file.

    Raises:
        OSError: Where it cannot be done; then the old bytes stand there.
        PackError: Where the new bytes stand there, and only their surviving a loss of power cannot be vouched for.
    """
    with contextlib.ExitStack() as handles:
        temporary: Path | None = None
        try:
            with contextlib.ExitStack() as lock:
                temporary = claim(target.parent, ".tmp", Path.touch, lock)
                with temporary.open("wb") as file:
                    file.write(text)
                    if full:
                        file.flush()
                        os.fsync(file.fileno())
                # Opened before the new bytes stand there, so that hardly anything can fail afterwards.
                folders = [handles.enter_context(_opened(folder)) for folder in (*above, target.parent)] if full else []
                for folder in folders:
                    _sync(folder)
                os.replace(temporary, target)
        except BaseException:
            if temporary is None:
                sweep_temporary_files(target.parent)
            else:
                temporary.unlink(missing_ok=True)
            raise
        try:
            for folder in folders[-1:]:
                _sync(folder)
        except OSError as error:
            raise PackError(
                f"what was written stands there, and may not survive a loss of power: {error}", file=target, remedy="Pack it again."
            ) from error


def sync_tree(folder: Path) -> None:
    """Bring all files and folders of a folder to the disk, and itself."""
    for path in walk(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for path in (*(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()), folder):
        with _opened(path) as handle:
            _sync(handle)


def sweep_temporary_files(folder: Path) -> None:
    """Remove the temporary files that crashes have left in a folder; none that another writer holds.

    What cannot be removed now is left to the next writer: nothing that was committed fails for it.
    """
    with contextlib.suppress(OSError):
        for path in list(folder.glob("????????.tmp")):
            if OURS.fullmatch(path.name) and path.is_file():
                with contextlib.suppress(OSError), _lock(path):
                    path.unlink(missing_ok=True)


def sweep(folder: Path, keep: str) -> None:
    """Remove old payloads and what crashes have left in a package's folder, in the same way.

    Args:
        folder: The package's folder.
        keep: The name of the payload that its manifest names.
    """
    sweep_temporary_files(folder)
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            if path.name != keep and OURS.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                with contextlib.suppress(OSError), _lock(path):
                    shutil.rmtree(path, ignore_errors=True)


def walk(folder: Path) -> Iterator[Path]:
    """Give every file below a folder; links are given, not followed."""
    with os.scandir(folder) as scan:
        entries = list(scan)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))
        else:
            yield Path(entry.path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _lock(path: Path, *, wait: bool = False) -> Iterator[int]:
    """Hold an advisory lock that dies with the process; raises ``BlockingIOError`` where another holds it and ``wait`` is not set."""
    if sys.platform == "win32":
        yield -1
        return
    import fcntl

    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        try:
            yield handle
        finally:
            # A child that was forked meanwhile has the file open too, and would hold the lock as long as it lives.
            fcntl.flock(handle, fcntl.LOCK_UN)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file or folder by its number; on Windows, where folders have none, give -1."""
    if sys.platform == "win32":
        yield -1
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    if handle >= 0:
        os.fsync(handle)
