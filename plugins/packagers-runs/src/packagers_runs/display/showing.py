"""What ``show()`` does: tables in a terminal, HTML in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from packagers_runs.display.terminal import print_table


def show(value: Any, tables: Iterable[tuple[Sequence[str], Iterable[Sequence[object]]]]) -> None:
    """Show something.

    Args:
        value: Has a ``_repr_html_`` for notebooks.
        tables: Headings and rows, for terminals.
    """
    if _is_notebook():
        sys.modules["IPython"].display.display(value)
        return
    for columns, rows in tables:
        print_table(columns, rows)


def _is_notebook() -> bool:
    """Tell whether a kernel runs this, which shows HTML; IPython in a terminal is a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None
