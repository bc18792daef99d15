"""The terminal. All text goes through here: no control character, no direction mark and no markup that data holds has any effect."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def visible(text: str, *, lines: bool = False) -> str:
    r"""Give text in which every character that does not print is shown by its number.

    Args:
        text: Any text.
        lines: Whether ends of lines and tabs stay what they are.

    >>> visible("a\x1b[31m\u202eb\n"), visible("a\nb", lines=True)
    ('a\\x1b[31m\\u202eb\\n', 'a\nb')
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode("ascii") for c in text)


class Screen:
    """Prints text and tables. Where the output is no terminal, nothing is wrapped, so that programs can read lines.

    Args:
        stderr: Whether to print on standard error.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() else 1_000_000
        self._console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
        self._is_used = False

    @property
    def width(self) -> int:
        """The characters of a line."""
        return self._console.width

    def text(self, text: str, style: str = "") -> None:
        """Print lines of text.

        Args:
            text: The text; its ends of lines count.
            style: A style of rich, such as ``"red"``.
        """
        from rich.text import Text

        self._console.print(Text(visible(text, lines=True), style=style), soft_wrap=True)
        self._is_used = True

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table, apart from what stands above it.

        Args:
            columns: The headings.
            rows: The cells of each row.
        """
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=any(columns))
        for column in columns:
            table.add_column(Text(visible(column)), overflow="fold")
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        if self._is_used:
            self._console.print()
        self._console.print(table)
        self._is_used = True

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Print names and values below one another; those without a value are left out."""
        self.table(("", ""), [fact for fact in facts if fact[1]])
