"""Notifications that whoever watches the run sees: in the terminal, or in the notebook."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from packagers_runs.display.terminal import print_table
from packagers_runs.notifiers.notifier import NotificationError, Notifier
from packagers_runs.notifiers.texts import cells_of, html_text, one_line


class ConsoleNotifier(Notifier):
    """Prints a line and a table of the run on standard output."""

    is_local: ClassVar[bool] = True

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Print it."""
        if sys.stdout is None:
            raise NotificationError("there is no standard output to print to", remedy="Use another kind.")
        cells = cells_of(run)
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(f"[{severity}] {one_line(message)}\n".encode(encoding, "backslashreplace").decode(encoding))
        print_table(tuple(cells), [tuple(cells.values())])
        sys.stdout.flush()


class IPythonNotifier(Notifier):
    """Shows a table of the run in the notebook."""

    is_local: ClassVar[bool] = True

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Show it."""
        # A notebook's kernel has loaded it; where it is not loaded there is no notebook.
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is None or not hasattr(shell, "kernel"):
            raise NotificationError("there is no notebook to show it in", remedy="Use the kind console.")
        from IPython.display import HTML, display

        display(HTML(html_text(run, message, severity, self.name)))
