"""How large a table of HTML is once its spans are spread: two attributes of one cell can say a table that no machine holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from packagers import UnpackError
from packagers_pandas import proportion
from packagers_pandas.extras import need

Span: TypeAlias = tuple[int, int]
"""How many columns and rows a cell spans."""


def check(path: Path, encoding: str | None) -> None:
    """Refuse a page whose tables would be out of proportion to it, before pandas spreads the cells.

    Args:
        path: The page.
        encoding: Of the page; ``None`` to find out.

    Raises:
        UnpackError: Says how many cells there would be.
    """
    cells = sum(map(_cells, _tables(path, encoding)))
    proportion.check(cells, path.stat().st_size, path, "colspan and rowspan are out of proportion")


def _cells(rows: Iterable[Iterable[Span]]) -> int:
    """Count the cells of one table as a rectangle."""
    number = carried = widest = height = 0
    ends: Counter[int] = Counter()
    for number, row in enumerate(rows, 1):
        carried -= ends.pop(number, 0)
        width = carried
        for columns, deep in row:
            width += columns
            if deep > 1:
                carried += columns
                ends[number + deep] += columns
                height = max(height, number + deep - 1)
        widest = max(widest, width)
    return max(height, number) * widest


def _tables(path: Path, encoding: str | None) -> Iterator[Iterator[Iterator[Span]]]:
    """Give the spans of the cells of all rows of all tables, as the parser sees them that pandas uses."""
    etree = need("lxml.etree", "html", UnpackError)
    with path.open("rb") as page:
        root = etree.parse(page, etree.HTMLParser(recover=True, encoding=encoding)).getroot()
    for table in () if root is None else root.iter("table"):
        yield (_spans(row) for row in table.iter("tr", "thead"))  # pandas takes a head without a row for one


def _spans(row: Any) -> Iterator[Span]:
    for cell in row.iterchildren("td", "th"):
        yield max(int(cell.get("colspan") or 1), 0), int(cell.get("rowspan") or 1)
