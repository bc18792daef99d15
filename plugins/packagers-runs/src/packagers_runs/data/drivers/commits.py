"""Files and folders of this machine that are replaced at one stroke: readers, and whoever comes after a crash, see the old or the new.

A folder is built beside its target under a hidden name, and the two are exchanged by one call of the system where it has one. Elsewhere the
old one steps aside first; if the writer dies between the two steps, the next reader or writer puts it back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from packagers import settings

_AT_FDCWD = -100
_EXCHANGE = 2  # of Linux' renameat2, and RENAME_SWAP of macOS' renamex_np
_OURS = re.compile(r"[0-9a-f]{8}\.(part|old)")


@contextlib.contextmanager
def replaced_file(target: Path) -> Iterator[Path]:
    """Replace a file by what is written to the path that is given, if nothing is raised meanwhile."""
    with _staged(target, Path.touch) as staging:
        yield staging
        _sync([staging])
        os.replace(staging, target)
        _sync([target.parent])


@contextlib.contextmanager
def replaced_folder(target: Path, *, append: bool) -> Iterator[Path]:
    """Replace a folder by what is written to the folder that is given, if nothing is raised meanwhile.

    Args:
        target: The folder.
        append: Whether its files stay, beside the new ones.
    """
    with _staged(target, Path.mkdir) as staging:
        yield staging
        with _lock(target.parent, wait=True):
            _put_back(target)
            if append and target.is_dir():
                _link_all(target, staging)
            _sync([*staging.rglob("*"), staging])
            _swap(staging, target)
            _sync([target.parent])


def restore(target: Path) -> None:
    """Put a folder back that stepped aside for one that never came."""
    if not target.exists() and _hidden(target, ".old"):
        with _lock(target.parent, wait=True):
            _put_back(target)


def _put_back(target: Path) -> None:
    for aside in _hidden(target, ".old"):
        if target.exists():
            _remove(aside)
        else:
            os.rename(aside, target)


def _swap(staging: Path, target: Path) -> None:
    if not target.exists():
        os.rename(staging, target)
    elif not _exchange(staging, target):
        aside = staging.with_suffix(".old")
        os.rename(target, aside)
        os.rename(staging, target)
        os.rename(aside, staging)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders by one call of the system; tell whether it has one."""
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            failed = library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE)
        else:
            failed = library.renamex_np(os.fsencode(one), os.fsencode(other), _EXCHANGE)
        return not failed
    return False


def _link_all(folder: Path, target: Path) -> None:
    for path in folder.rglob("*"):
        copy = target / path.relative_to(folder)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        elif not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, copy)
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV):
                    raise
                shutil.copy2(path, copy)  # a file system without hard links


@contextlib.contextmanager
def _staged(target: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    """Make something of our own beside a target, and hold its lock; what is left of it goes in the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    with contextlib.ExitStack() as lock:
        while True:
            staging = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
            with contextlib.suppress(FileExistsError, FileNotFoundError, BlockingIOError):
                make(staging)
                lock.enter_context(_lock(staging))
                if staging.exists():  # a sweep may have come between the two
                    break
            lock.close()
        try:
            yield staging
        finally:
            _remove(staging)


def _sweep(target: Path) -> None:
    """Remove what writers left that were killed; none that another holds."""
    with contextlib.suppress(OSError):
        for path in _hidden(target, ".part"):
            with contextlib.suppress(OSError), _lock(path):
                _remove(path)


def _hidden(target: Path, suffix: str) -> list[Path]:
    prefix = f".{target.name}."
    with contextlib.suppress(OSError):
        names = sorted(name for name in os.listdir(target.parent) if name.startswith(prefix) and name.endswith(suffix))
        return [target.with_name(name) for name in names if _OURS.fullmatch(name.removeprefix(prefix))]
    return []


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _lock(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock that dies with the process; raises ``BlockingIOError`` where another holds it and ``wait`` is not set."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)  # a child that was forked meanwhile has it open too
    finally:
        os.close(handle)


def _sync(paths: Iterable[Path]) -> None:
    """Bring files and folders to the disk, where the setting ``durability`` asks for that."""
    if settings.durability == "full" and sys.platform != "win32":
        for path in paths:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
