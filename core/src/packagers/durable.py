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
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from packagers.errors import PackError

if sys.platform != "win32":
    import fcntl

AnyPath: TypeAlias = "str | os.PathLike[str]"
OURS = re.compile(r"[0-9a-f]{8}(\.tmp)?")
"""The names of what writers have in hand."""
_ATTEMPTS = 100
"""How often a folder is made again that others remove."""
_NOTHING_HELD = contextlib.nullcontext()
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def make_folder(folder: AnyPath) -> bool:
    """Make a folder and those above it, where they are not there; others may remove it at the same time.

    Returns:
        Whether it was made.

    Raises:
        FileExistsError: Where something that is no folder stands there.
    """
    failed = 0
    while True:
        try:
            os.mkdir(folder)
        except FileNotFoundError:
            above = os.path.dirname(os.fspath(folder))
            if above in ("", os.fspath(folder)):
                raise
            make_folder(above)
            failed += 1
            if failed > _ATTEMPTS:
                raise
        except FileExistsError:  # of what is no folder, and of one that is removed before it can be looked at
            if os.path.isdir(folder):
                return False
            failed += 1
            if failed > _ATTEMPTS:
                raise
        else:
            return True


class Lock:
    """An advisory lock on a file or folder, which dies with the process; a context manager that lets it go.

    On Windows, where folders cannot be opened, nothing is held, and only mutual courtesy remains.
    """

    __slots__ = ("handle",)

    def __init__(self) -> None:
        self.handle = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def take(self, path: AnyPath, *, wait: bool = False) -> None:
        """Take the lock of what stands somewhere.

        Raises:
            BlockingIOError: Where another holds it, and it is not waited for.
        """
        if sys.platform != "win32":
            self.handle = os.open(path, os.O_RDONLY)
            self.take_opened(wait=wait)

    def take_opened(self, *, wait: bool = False) -> None:
        """Take the lock of what is open already."""
        if sys.platform != "win32":
            try:
                fcntl.flock(self.handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        """Let it go, where it is held."""
        if self.handle < 0:
            return
        try:
            if sys.platform != "win32":
                # A child that was forked meanwhile has the file open too, and would hold the lock as long as it lives.
                fcntl.flock(self.handle, fcntl.LOCK_UN)
        finally:
            handle, self.handle = self.handle, -1
            os.close(handle)

    def __del__(self) -> None:
        """Let it go where an interrupt has kept the holder from doing so; else this process would wait for itself."""
        self.release()


def claim(folder: AnyPath, suffix: str, lock: Lock) -> str:
    """Make something with a name of its own and hold its lock; a sweep may come between the two, then again.

    Args:
        folder: Where to make it.
        suffix: How its name ends: nothing for a folder, else it is a file, and the lock has it open for writing.
        lock: What holds the lock, given by the caller so that it is let go wherever an interrupt comes.

    Returns:
        The path of what was made.
    """
    failed = 0
    while True:
        path = f"{os.fspath(folder)}{os.sep}{os.urandom(4).hex()}{suffix}"
        try:
            if suffix:
                lock.handle = os.open(path, _NEW, 0o666)
                lock.take_opened()
                if os.fstat(lock.handle).st_nlink or sys.platform == "win32":
                    return path
            else:
                os.mkdir(path)
                lock.take(path)
                if os.path.exists(path):
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
            lock.release()
            _remove(path)
            raise
        lock.release()


class locked:
    """Hold the lock of a folder in a block.

    Args:
        folder: The folder.
        make: Whether to make it (again) where somebody has removed it; otherwise that is a ``FileNotFoundError``.
        wait: Whether to wait for it; otherwise it is a ``BlockingIOError`` where another holds it.
    """

    __slots__ = ("_folder", "_lock", "_make", "_wait")

    def __init__(self, folder: AnyPath, *, make: bool = False, wait: bool = True) -> None:
        self._folder = folder
        self._make = make
        self._wait = wait
        self._lock = Lock()

    def __enter__(self) -> None:
        failed = 0
        try:
            while True:
                try:
                    self._lock.take(self._folder, wait=self._wait)
                    handle = self._lock.handle
                    if handle < 0 or os.path.samestat(os.fstat(handle), os.stat(self._folder)):
                        return
                    self._lock.release()  # of a folder that was removed and made again while we waited
                except FileNotFoundError:
                    self._lock.release()
                    failed += 1
                    if not self._make or failed > _ATTEMPTS:
                        raise
                    make_folder(self._folder)
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()


def replace_file(target: AnyPath, text: bytes, *, full: bool = False, above: Iterable[AnyPath] = ()) -> None:
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
    folder = os.path.dirname(os.fspath(target))
    temporary = ""
    with Lock() as lock, contextlib.ExitStack() if full else _NOTHING_HELD as handles:
        try:
            temporary = claim(folder, ".tmp", lock)
            _write(lock.handle, text)
            if full:
                os.fsync(lock.handle)
            # Opened before the new bytes stand there, so that hardly anything can fail afterwards.
            folders = [handles.enter_context(_opened(each)) for each in (*above, folder)] if handles else []
            for each in folders:
                _sync(each)
            if sys.platform == "win32":  # what is open there cannot be renamed
                lock.release()
            os.replace(temporary, target)
        except BaseException:
            lock.release()
            if temporary:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
            else:
                sweep_temporary_files(folder)
            raise
        try:
            for each in folders[-1:]:
                _sync(each)
        except OSError as error:
            raise PackError(
                f"what was written stands there, and may not survive a loss of power: {error}",
                file=os.fspath(target),
                remedy="Pack it again.",
            ) from error


def _write(handle: int, text: bytes) -> None:
    written = os.write(handle, text)
    while written < len(text):  # of much at once the system takes a part
        written += os.write(handle, memoryview(text)[written:])


def sync_tree(folder: Path) -> None:
    """Bring all files and folders of a folder to the disk, and itself."""
    for path in walk(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for path in (*(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()), folder):
        with _opened(path) as handle:
            _sync(handle)


def sweep_temporary_files(folder: AnyPath) -> None:
    """Remove the temporary files that crashes have left in a folder; none that another writer holds.

    What cannot be removed now is left to the next writer: nothing that was committed fails for it.
    """
    with contextlib.suppress(OSError):
        _sweep(folder, [name for name in os.listdir(folder) if name.endswith(".tmp")])


def sweep(folder: AnyPath, keep: str) -> None:
    """Remove old payloads and what crashes have left in a package's folder, in the same way.

    Args:
        folder: The package's folder.
        keep: The name of the payload that its manifest names.
    """
    with contextlib.suppress(OSError):
        _sweep(folder, [name for name in os.listdir(folder) if name != keep])


def _sweep(folder: AnyPath, names: Iterable[str]) -> None:
    for name in filter(OURS.fullmatch, names):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError), Lock() as lock:
            if name.endswith(".tmp") and os.path.isfile(path):
                lock.take(path)
                os.unlink(path)
            elif not name.endswith(".tmp") and os.path.isdir(path) and not os.path.islink(path):
                lock.take(path)
                shutil.rmtree(path, ignore_errors=True)


def walk(folder: Path) -> Iterator[Path]:
    """Give every file below a folder; links are given, not followed."""
    for name, _ in files_below(folder):
        yield folder / name


def files_below(folder: AnyPath, above: str = "") -> Iterator[tuple[str, bool]]:
    """Give the names of all files below a folder, with ``/``, and whether each is a regular file; links are given, not followed."""
    with os.scandir(folder) as scan:
        entries = list(scan)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(entry.path, f"{above}{entry.name}/")
        else:
            yield above + entry.name, entry.is_file(follow_symlinks=False)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            os.rmdir(path)
        else:
            os.unlink(path)


@contextlib.contextmanager
def _opened(path: AnyPath) -> Iterator[int]:
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
