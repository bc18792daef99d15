"""How far long work has come: who does it says so, and whoever asked to be told is told. Where nobody asked, it costs next to nothing.

::

    with progress("exporting", len(runs), "runs") as advance:
        for run in runs:
            ...
            advance(1)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Advance(Protocol):
    """Takes how much more is done."""

    def __call__(self, amount: float, note: str = "", /) -> None:
        """Tell it.

        Args:
            amount: How much more.
            note: What else there is to say now, in a few words; what was said before stands if empty.
        """


class Watcher(Protocol):
    """Is told of long work; threads that share a context may tell it at once."""

    def begin(self, what: str, total: float | None, unit: str) -> Any:
        """Be told that work begins; what this gives names the work in what follows.

        Args:
            what: What is done, such as ``"exporting"``.
            total: How much there is to do; ``None`` where that is not known.
            unit: What is counted, such as ``"runs"``; ``"bytes"`` for bytes.
        """

    def advance(self, work: Any, amount: float, note: str) -> None:
        """Be told that so much more is done, and what else there is to say; an empty note leaves the one before."""

    def end(self, work: Any) -> None:
        """Be told that the work is over, done or not."""


@contextmanager
def progress(what: str, total: float | None = None, unit: str = "") -> Iterator[Advance]:
    """Tell how far the work of the block has come; gives what takes each amount that is done.

    Args:
        what: What is done, such as ``"exporting"``.
        total: How much there is to do; ``None`` where that is not known.
        unit: What is counted, such as ``"runs"``; ``"bytes"`` for bytes.
    """
    watcher = _watcher.get()
    if watcher is None:
        yield _nothing
        return
    work = watcher.begin(what, total, unit)
    try:
        yield lambda amount, note="", /: watcher.advance(work, amount, note)
    finally:
        watcher.end(work)


def counted(items: Iterable[T], what: str, total: float | None = None, unit: str = "") -> Iterator[T]:
    """Give items one by one, and tell how many are done.

    Args:
        items: The items.
        what: What is done with them.
        total: How many there are; ``None`` where that is not known.
        unit: What they are.
    """
    with progress(what, total, unit) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let a watcher be told of all long work that is done inside of the block, in this thread or task.

    Args:
        watcher: Who is told.
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def _nothing(amount: float, note: str = "", /) -> None:
    """Nobody is told."""


_watcher: ContextVar[Watcher | None] = ContextVar("packagers_runs_progress", default=None)
