"""Long work is drawn as bars in a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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

    with watched_by(_Bars(Console(file=sys.stderr, markup=False, emoji=False, highlight=False))):
        yield


class _Bars:
    """A watcher that draws a bar for each work that goes on.

    Args:
        console: Where to draw.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._drawn: Progress | None = None

    def begin(self, what: str, total: float | None, unit: str) -> tuple[Progress, TaskID]:
        with self._lock:
            if self._drawn is None:
                self._drawn = _progress(self._console)
                self._drawn.start()
            return self._drawn, self._drawn.add_task(shown(what), total=total, unit=unit, note="")

    def advance(self, work: Any, amount: float, note: str) -> None:
        drawn, task = work
        drawn.update(task, advance=amount, **({"note": shown(note)} if note else {}))

    def end(self, work: Any) -> None:
        drawn, task = work
        with self._lock:
            drawn.remove_task(task)
            if not drawn.tasks:  # whatever is printed until the next work begins is printed as ever
                drawn.stop()
                self._drawn = None


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
