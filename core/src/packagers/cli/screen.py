"""The terminal. All text goes through here: no control character, no direction mark and no markup that data holds has any effect."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import accumulate, zip_longest

from packagers.readable import visible

_GAP = "   "
_NARROWEST = 20
"""Columns of a terminal that says it has fewer, or none."""
_CELL = 12
"""Columns of a terminal that a cell gets at least."""


class Screen:
    """Prints text and tables. Where the output is no terminal, nothing is wrapped, cut or coloured, so that programs can read lines.

    Args:
        stderr: Whether to print on standard error.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        from rich.console import Console

        self._stream = sys.stderr if stderr else sys.stdout
        self._is_terminal = self._stream.isatty()
        width = None if self._is_terminal else 1_000_000
        colours = None if self._is_terminal else False
        self._console = Console(file=self._stream, width=width, markup=False, emoji=False, highlight=False, force_terminal=colours)
        self._console.width = max(self._console.width, _NARROWEST)
        self._is_used = False

    @property
    def is_terminal(self) -> bool:
        """Whether somebody is looking."""
        return self._is_terminal

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

        self._console.print(Text(self._shown(text, lines=True), style=style), soft_wrap=True)
        self._is_used = True

    def paragraph(self, text: str) -> None:
        """Print lines of text, apart from what stands above them."""
        if self._is_used:
            self._console.print()
        self.text(text)

    def heading(self, text: str) -> None:
        """Print a line over what follows, apart from what stands above it."""
        if self._is_used:
            self._console.print()
        self.text(visible(text), style="bold")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: int = 0) -> None:
        """Print a table, apart from what stands above it.

        Args:
            columns: The headings.
            rows: The cells of each row.
            whole: How many columns, from the left, are folded only where the others alone cannot give way.
        """
        if self._is_used:
            self._console.print()
        lines = [[self._shown(cell) for cell in row] for row in rows]
        headings = [self._shown(column) for column in columns]
        if self._is_terminal:
            self._folded_table(headings, lines, whole)
        else:
            self._plain_table(headings, lines)
        self._is_used = True

    def cut_table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
        """Print what fits of a table: as many columns as the terminal has room for, one at least, and of long cells the beginning.

        Args:
            columns: The headings.
            rows: The cells of each row.

        Returns:
            How many columns were left out.
        """
        if not self._is_terminal:
            self.table(columns, rows)
            return 0
        from rich.cells import cell_len

        most = max(self.width // 3, min(self.width, _CELL))
        lines = [[self._beginning(cell, most) for cell in row] for row in (columns, *rows)]
        widths = [max(map(cell_len, cells)) + len(_GAP) for cells in zip_longest(*lines, fillvalue="")]
        fitting = max(sum(total <= self.width + len(_GAP) for total in accumulate(widths)), 1)
        self.table(lines[0][:fitting], [line[:fitting] for line in lines[1:]])
        return len(columns) - fitting

    def _beginning(self, text: str, width: int) -> str:
        from rich.cells import cell_len, set_cell_size

        text = self._shown(text)
        return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)) + "…"

    def _shown(self, text: str, *, lines: bool = False) -> str:
        """Give text as it can be printed: what the output cannot encode is shown by its number, too."""
        encoding = self._stream.encoding or "utf-8"
        return visible(text, lines=lines).encode(encoding, "backslashreplace").decode(encoding)

    def _plain_table(self, columns: list[str], rows: list[list[str]]) -> None:
        """Print a table as lines in which every cell is whole, whatever a terminal would make of its characters."""
        lines = [columns, *rows] if any(columns) else rows
        widths = [max(map(len, cells)) for cells in zip_longest(*lines, fillvalue="")]
        texts = [_GAP.join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)), *line[-1:]]) for line in lines]
        if any(columns):
            is_unicode = (self._stream.encoding or "utf-8").lower().startswith("utf")
            texts.insert(1, ("─" if is_unicode else "-") * (sum(widths) + len(_GAP) * (len(widths) - 1)))
        self._stream.write("".join(f"{text}\n" for text in texts))

    def _folded_table(self, columns: list[str], rows: list[list[str]], whole: int) -> None:
        """Print a table as wide as the terminal, long cells folded."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=any(columns))
        for index, column in enumerate(columns):
            table.add_column(Text(column), overflow="fold", no_wrap=index < whole)
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Print names and values below one another; those without a value are left out."""
        self.table(("", ""), [fact for fact in facts if fact[1]])
