"""What belongs to the whole process stays as it was while the code of a plugin runs, and what it changed is named.

A plugin may add to what there is (search paths behind the others, variables, filters for warnings of its own: libraries do so for good
reasons) and changes nothing that was there before.

While other threads run, what changes may be their doing. So then only signal handlers are looked after, which the main thread alone sets;
but for a process that is there for plugins alone (:func:`dedicate`), in which every thread is one of theirs.
"""

from __future__ import annotations

import builtins
import contextlib
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeAlias, cast

_OURS = "PACKAGERS_"

_PutBack: TypeAlias = Callable[[], bool]
"""Puts something back as it was; tells whether there was anything to put back."""


class Changes:
    """What the code in a block has changed.

    Attributes:
        names: What was put back, for people.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def __str__(self) -> str:
        return ", ".join(self.names)


_is_dedicated = False


def dedicate() -> None:
    """Say that this process does nothing but load plugins."""
    global _is_dedicated
    _is_dedicated = True


@contextmanager
def contained() -> Iterator[Changes]:
    """Put back what the code in a block changes of the process.

    A ``KeyboardInterrupt`` that nobody pressed a key for becomes a ``RuntimeError``.

    Returns:
        What was put back; known when the block has ended.
    """
    changes = Changes()
    is_alone = _is_dedicated or threading.active_count() == 1
    parts = [(name, keep()) for name, keep in _PARTS.items()] if is_alone else []
    try:
        with _signals(changes):
            yield changes
    finally:
        changes.names += [name for name, put_back in parts if put_back()]


@contextmanager
def _signals(changes: Changes) -> Iterator[None]:
    """Look after the signal handlers, and tell a key that was pressed from an exception of the same kind."""
    if threading.current_thread() is not threading.main_thread():
        with _interrupted(lambda: False):
            yield
        return
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    usual = handlers.get(signal.SIGINT)
    pressed: list[int] = []

    def note(number: int, frame: Any) -> Any:
        pressed.append(number)
        return cast("Callable[[int, Any], Any]", usual)(number, frame)

    if callable(usual):
        handlers[signal.SIGINT] = note
        signal.signal(signal.SIGINT, note)
    try:
        with _interrupted(lambda: bool(pressed)):
            yield
    finally:
        changed = False
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
                changed = True
        if callable(usual):
            signal.signal(signal.SIGINT, usual)
        if changed:
            changes.names.append("signal handlers")


@contextmanager
def _interrupted(is_pressed: Callable[[], bool]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        if is_pressed():
            raise
        raise RuntimeError("it raised KeyboardInterrupt, and nobody pressed a key") from error


def _folder() -> _PutBack:
    def put_back() -> bool:
        if before is None or _current_folder() == before:
            return False
        with contextlib.suppress(OSError):
            os.chdir(before)
        return True

    before = _current_folder()
    return put_back


def _current_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # removed
        return None


def _paths() -> _PutBack:
    def put_back() -> bool:
        now = list(sys.path)
        if now[: len(before)] == before:
            return False
        sys.path[:] = [*before, *(path for path in now if path not in before)]
        return True

    before = list(sys.path)
    return put_back


def _filters() -> _PutBack:
    def put_back() -> bool:
        now = list(filters)
        kept = [*(each for each in now if each not in before and _is_narrow(*each)), *before]
        if now == kept and warnings.filters is filters:
            return False
        warnings.filters = filters
        filters[:] = kept
        with warnings.catch_warnings():  # makes what is remembered of the filters void
            return True

    filters = cast("list[Any]", warnings.filters)
    before = list(filters)
    return put_back


def _is_narrow(action: str, message: Any, category: type[Warning], module: Any, line: int) -> bool:
    """Tell whether a filter concerns only some warnings: of a text, of a module, or of a category that is not Python's own."""
    return bool(message or module) or category.__module__ != "builtins"


def _locale() -> _PutBack:
    def put_back() -> bool:
        if locale.setlocale(locale.LC_ALL) == before:
            return False
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, before)
        return True

    before = locale.setlocale(locale.LC_ALL)
    return put_back


def _recursion() -> _PutBack:
    def put_back() -> bool:
        if sys.getrecursionlimit() == before:
            return False
        sys.setrecursionlimit(before)
        return True

    before = sys.getrecursionlimit()
    return put_back


def _names(target: MutableMapping[str, Any], forbidden: str | None = None) -> Callable[[], _PutBack]:
    """Keep the values of a mapping; new names stay, but for those that begin with a forbidden text."""

    def keep() -> _PutBack:
        def put_back() -> bool:
            now = dict(target)
            lost = {name: value for name, value in before.items() if name not in now or not _is_same(now[name], value)}
            new = [name for name in now.keys() - before.keys() if forbidden and name.startswith(forbidden)]
            for name in new:
                del target[name]
            target.update(lost)
            return bool(lost or new)

        before = dict(target)
        return put_back

    return keep


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) is str and one == other)


def _attributes(module: ModuleType, *names: str) -> Callable[[], _PutBack]:
    def keep() -> _PutBack:
        def put_back() -> bool:
            lost = [(name, value) for name, value in before if getattr(module, name, None) is not value]
            for name, value in lost:
                setattr(module, name, value)
            return bool(lost)

        before = [(name, getattr(module, name, None)) for name in names]
        return put_back

    return keep


_PARTS: Mapping[str, Callable[[], _PutBack]] = {
    "the working directory": _folder,
    "the search path": _paths,
    "environment variables": _names(os.environ, _OURS),
    "filters of warnings": _filters,
    "the locale": _locale,
    "the limit of recursion": _recursion,
    "built-in names": _names(vars(builtins)),
    "hooks for exceptions": _attributes(sys, "excepthook", "unraisablehook", "displayhook"),
    "hooks for exceptions in threads": _attributes(threading, "excepthook"),
    "the standard streams": _attributes(sys, "stdin", "stdout", "stderr"),
}
