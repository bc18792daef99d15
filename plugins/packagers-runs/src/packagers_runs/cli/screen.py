"""What commands print: tables and lines for people, or JSON; no character of data has an effect on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

_COLOURS = {"completed": "green", "error": "red", "aborted": "red", "running": "cyan", "pendingRetry": "yellow", "aborting": "yellow"}


def shown(value: object) -> str:
    """Give text of which every character can be seen.

    >>> shown(f"a{chr(27)}[31mb") == "a" + ascii(chr(27))[1:-1] + "[31mb"
    True
    """
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def print_json(data: Any) -> None:
    """Print a document as JSON."""
    from packagers_runs.models.documents import as_plain

    click.echo(json.dumps(as_plain(data, "runs"), indent=2, ensure_ascii=True))


def tell(data: Any, text: str, as_json: bool) -> None:
    """Print what a command did.

    Args:
        data: For ``--json``.
        text: For people.
        as_json: Which of the two.
    """
    if as_json:
        print_json(data)
    else:
        click.echo(shown(text))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; where no terminal is there, a line for each row with tabs between the cells.

    Args:
        columns: The headings.
        rows: The cells of each row.
    """
    if not sys.stdout.isatty():
        lines: list[Sequence[object]] = [columns, *rows]
        for cells in lines:
            click.echo("\t".join(shown(cell).replace("\n", " ") for cell in cells))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(Text(column))
    for row in rows:
        table.add_row(*(Text(shown(cell), style=_COLOURS.get(str(cell), "")) for cell in row))
    Console(file=sys.stdout, markup=False, emoji=False, highlight=False).print(table)
