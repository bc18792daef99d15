"""Tables in a terminal; no character of data has an effect on it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

_COLOURS = {
    "completed": "green",
    "error": "red",
    "aborted": "red",
    "running": "cyan",
    "pendingRetry": "yellow",
    "aborting": "yellow",
}


def shown(value: object) -> str:
    """Give text of which every character can be seen.

    >>> shown(f"a{chr(27)}[31mb") == "a" + ascii(chr(27))[1:-1] + "[31mb"
    True
    """
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; where no terminal is there, a line for each row with tabs between the cells.

    Args:
        columns: The headings.
        rows: The cells of each row.
    """
    out = sys.stdout
    if not out.isatty():
        lines: list[Sequence[object]] = [columns, *rows]
        text = "".join("\t".join(shown(cell).replace("\n", " ") for cell in cells) + "\n" for cells in lines)
        encoding = out.encoding or "utf-8"
        out.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(Text(shown(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell), style=_COLOURS.get(str(cell), "")) for cell in row))
    Console(file=out, markup=False, emoji=False, highlight=False).print(table)
