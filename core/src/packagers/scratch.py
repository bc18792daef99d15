"""Temporary folders, and when they go.

A folder lives as long as the innermost :func:`scope` in whose context it was made; a session or a call is such a scope. Outside of one it
lives until the interpreter exits. Each scope keeps its folders under one root, named ``packagers-<process id>-…``, and holds a lock on it
that dies with the process, so that what a killed process left behind can be told from what is in use: also by another container, in which
the number of a process means nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import sys
import threading
from contextvars import ContextVar
from pathlib import Path

ROOT_PREFIX = "packagers-"


class _Space:
    """The folders of one scope, or of the process; only the process that made it removes them."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._root: Path | None = None
        self._held = -1
        self._closed = False
        self._lock = threading.Lock()

    def folder(self, prefix: str) -> Path | None:
        """Make a folder, or give ``None`` where the scope has ended or belongs to the process that this one was forked from."""
        if self.process != os.getpid():
            return None
        with self._lock:
            if self._closed:
                return None
            # A cleaner of temporary folders may have taken the root.
            if self._root is None or not self._root.is_dir():
                _release(self._held)
                self._root, self._held = _claim(f"{ROOT_PREFIX}{self.process}-")
            return _new_folder(prefix, self._root)

    def close(self) -> None:
        """Remove the folders; what is asked for afterwards (by a thread that outlives the scope) belongs to the process."""
        if self.process != os.getpid():
            return
        with self._lock:
            self._closed = True
            if self._root is not None:
                try:
                    remove_folder(self._root)
                finally:
                    _release(self._held)
                    self._root, self._held = None, -1


_scope: ContextVar[_Space | None] = ContextVar("packagers_scratch", default=None)
_process: _Space | None = None


def scratch_folder(prefix: str = "packagers-") -> Path:
    """Make a new, empty temporary folder that only this user can enter.

    Args:
        prefix: How its name begins.
    """
    space = _scope.get()
    made = None if space is None else space.folder(prefix)
    while made is None:
        made = _process_space().folder(prefix)
    return made


class scope:
    """Remove the folders that are made inside of the block when it ends, however it ends."""

    __slots__ = ("_space", "_token")

    def __enter__(self) -> None:
        self._space = _Space()
        self._token = _scope.set(self._space)

    def __exit__(self, *_: object) -> None:
        try:
            _scope.reset(self._token)
        finally:
            self._space.close()


def _claim(prefix: str) -> tuple[Path, int]:
    """Make a root and hold its lock; a cleaner may come between the two, then again."""
    while True:
        root = _new_folder(prefix)
        try:
            held = _lock(root)
        except BaseException as error:
            with contextlib.suppress(OSError):
                root.rmdir()
            if isinstance(error, (BlockingIOError, FileNotFoundError)):
                continue
            raise
        if root.is_dir():
            return root, held
        _release(held)


def _new_folder(prefix: str, root: Path | None = None) -> Path:
    import tempfile  # brings the hashes of random with it

    return Path(tempfile.mkdtemp(prefix=prefix, dir=root))


def _lock(folder: Path) -> int:
    """Hold the lock of a folder, by the number of a file that is open from then on; -1 where the platform or the file system has none."""
    if sys.platform == "win32":
        return -1
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:
        os.close(handle)
        return -1
    return handle


def _release(handle: int) -> None:
    if handle < 0 or sys.platform == "win32":
        return
    import fcntl

    # A child that was forked meanwhile has the file open too, and would hold the lock as long as it lives.
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all that is in it, read-only files and folders included; nothing happens where there is none.

    What the system does not let go (a file that is still mapped, on Windows) stays.
    """
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError:
        _make_writable(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _make_writable(folder: Path) -> None:
    """Make every folder writable, and on Windows, where a read-only file cannot be removed, every file. Links are not followed."""
    os.chmod(folder, stat.S_IRWXU)
    for parent, folders, files in os.walk(folder):
        for name in folders + (files if os.name == "nt" else []):
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, stat.S_IRWXU)


def _process_space() -> _Space:
    """Give the space of this process, made anew after a fork."""
    global _process
    if _process is None or _process.process != os.getpid():
        _process = space = _Space()
        atexit.register(space.close)
        # The processes of multiprocessing end without atexit before Python 3.13, but run these.
        finalizers = sys.modules.get("multiprocessing.util")
        if finalizers is not None:
            finalizers.Finalize(None, space.close, exitpriority=0)
    return _process
