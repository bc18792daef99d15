"""Long work is drawn as bars in a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from packagers_runs.display.terminal import shown
from packagers_runs.progress import watched_by

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, Task, TaskID


@contextmanager
def show_progress(wanted: bool = True) -> Iterator[None]:
    """Draw how far long work of the block has come, on standard error; nothing where that or standard output is no terminal.

    Args:
        wanted: Whether to do it.
    """
    if not (wanted and sys.stdout.isatty() and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    bars = _Bars(Console(file=sys.stderr, markup=False, emoji=False, highlight=False))
    stand_ins = {name: _Stream(getattr(sys, name), bars) for name in ("stdout", "stderr")}
    for name, stream in stand_ins.items():
        setattr(sys, name, stream)
    try:
        with watched_by(bars):
            yield
    finally:
        for name, stream in stand_ins.items():
            if getattr(sys, name) is stream:
                setattr(sys, name, stream.inner)


class _Stream:
    """Stands in for a stream: takes the bars away before anything else is printed.

    Args:
        inner: The stream.
        bars: What makes room.
    """

    def __init__(self, inner: TextIO, bars: _Bars) -> None:
        self.inner = inner
        self._bars = bars

    def write(self, text: str) -> int:
        self._bars.make_room(text)
        return self.inner.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Bars:
    """A watcher that draws a bar for each work that goes on; what is printed meanwhile stands above them.

    Args:
        console: Where to draw.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.RLock()
        self._drawn: Progress | None = None
        self._is_shown = False
        self._is_line_open = False

    def begin(self, what: str, total: float | None, unit: str) -> TaskID:
        with self._lock:
            if self._drawn is None:
                self._drawn = _progress(self._console)
            task = self._drawn.add_task(shown(what), total=total, unit=unit, note="")
            self._show()
            return task

    def advance(self, work: Any, amount: float, note: str) -> None:
        with self._lock:
            if self._drawn is not None:
                self._drawn.advance(work, amount)
                if note:
                    self._drawn.update(work, note=shown(note))
                self._show()

    def end(self, work: Any) -> None:
        with self._lock:
            if self._drawn is not None:
                self._drawn.remove_task(work)
                if not self._drawn.tasks:
                    self._hide()

    def make_room(self, text: str) -> None:
        """Take the bars away until there is something to tell again.

        Args:
            text: What is printed in their place.
        """
        with self._lock:
            self._hide()
            if text:
                self._is_line_open = not text.endswith("\n")

    def _show(self) -> None:
        if self._drawn is None or self._is_shown:
            return
        if self._is_line_open:
            self._console.file.write("\n")
            self._is_line_open = False
        self._drawn.start()
        self._is_shown = True

    def _hide(self) -> None:
        if self._drawn is not None and self._is_shown:
            self._drawn.stop()
            self._is_shown = False


def _progress(console: Console) -> Progress:
    from rich.filesize import decimal
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Count(ProgressColumn):
        """How much is done, and of how much."""

        def render(self, task: Task) -> Text:
            unit = task.fields.get("unit", "")
            said = [decimal(int(n)) if unit == "bytes" else f"{n:,.0f}" for n in (task.completed, task.total) if n is not None]
            return Text(" of ".join(said) + ("" if unit in ("", "bytes") else f" {unit}"))

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        Count(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
