"""The table of the iterations of a run, as large as a browser bears: which rows and columns are shown, and what each cell is sorted by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

from attrs import frozen

from packagers_runs.errors import RunsError
from packagers_runs.models.hyperparams import parse_selector
from packagers_runs.report.words import cut, short_text, value_text

ROWS, COLUMNS, CELLS = 1000, 30, 12_000
_TEXT, _FULL, _KEY, _NAME = 60, 200, 40, 100


@frozen
class Cell:
    """A cell.

    Attributes:
        text: What is shown.
        full: The whole value, where that is more.
        key: What it is sorted by; empty for what stays at the end.
        is_number: Whether it is one.
    """

    text: str
    full: str
    key: str
    is_number: bool


@frozen
class Iterations:
    """The table of iterations, and which of it are shown.

    Attributes:
        columns: The headings, all of them.
        rows: The rows, all of them, as long as the header.
        shown: The numbers of the columns that are shown.
        places: The numbers of the rows that are shown.
        best: The number of the best row; ``None`` where that is not known.
        chosen_by: The number of the column that the best was chosen by; ``None`` where that is not known.
        note: What is left out, in words.
    """

    columns: list[str]
    rows: list[list[Any]]
    shown: list[int]
    places: list[int]
    best: int | None
    chosen_by: int | None
    note: str

    @property
    def headings(self) -> list[tuple[str, bool]]:
        """The headings of the shown columns, and whether numbers stand below."""
        return [
            (self.columns[column], any(number_of(self.rows[place][column]) is not None for place in self.places)) for column in self.shown
        ]

    def cells(self, place: int) -> list[Cell]:
        """Give the shown cells of a row."""
        return [_cell(self.rows[place][column]) for column in self.shown]


def iterations_of(table: Sequence[Sequence[Any]], best: Any, selector: Any) -> Iterations | None:
    """Read the table of iterations; ``None`` where there is none.

    Args:
        table: The header, then the rows.
        best: The iteration that was chosen, as the table counts.
        selector: What it was chosen by, ``[min|max.]result``.
    """
    if len(table) < 2:
        return None
    columns = [cut(value_text(name), _NAME) for name in table[0]]
    rows = [[*row, *[None] * (len(columns) - len(row))][: len(columns)] for row in table[1:]]
    goal, result = _read(selector)
    chosen_by = next((number for number, name in enumerate(columns) if result and name == f"output.{result}"), None)
    counter = columns.index("iter") if "iter" in columns else None
    best_row = None
    if counter is not None and isinstance(best, int):
        best_row = next((number for number, row in enumerate(rows) if row[counter] == best), None)
    shown = list(range(min(len(columns), COLUMNS)))
    if chosen_by is not None and chosen_by not in shown:
        shown[-1] = chosen_by
    places = _chosen(rows, min(ROWS, CELLS // len(shown)), chosen_by, goal, best_row)
    words = []
    if len(places) < len(rows):
        what = f"the {len(places):,} best by {columns[chosen_by]}" if chosen_by is not None else f"the first {len(places):,}"
        words.append(f"Of {len(rows):,} iterations, these are {what}.")
    if len(shown) < len(columns):
        words.append(f"Of {len(columns):,} columns, {len(shown)} are shown.")
    return Iterations(columns, rows, shown, places, best_row, chosen_by, " ".join(words))


def number_of(value: Any) -> float | None:
    """Give a value as a finite number; ``None`` for what is none.

    >>> number_of(Decimal("1.5")), number_of(True), number_of("1"), number_of(float("nan")), number_of(10**400)
    (1.5, None, None, None, None)
    """
    if not isinstance(value, Real | Decimal) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _chosen(rows: list[list[Any]], most: int, column: int | None, goal: str, best: int | None) -> list[int]:
    """Give the rows that are shown, in their own order."""
    if len(rows) <= most:
        return list(range(len(rows)))
    if column is None:
        places = list(range(most))
        return places if best is None or best < most else [*places[:-1], best]
    sign = 1 if goal == "min" else -1
    values = {place: number for place, row in enumerate(rows) if (number := number_of(row[column])) is not None}
    ranked = sorted(values, key=lambda place: (sign * values[place], place))
    others = (place for place in range(len(rows)) if place not in values)
    return sorted([*ranked, *others][:most])


def _read(selector: Any) -> tuple[str, str]:
    try:
        found = parse_selector(selector) if isinstance(selector, str) else None
    except RunsError:
        found = None
    return ("max", "") if found is None else (found.goal, found.result)


def _cell(value: Any) -> Cell:
    number = number_of(value)
    text, full = ("", "") if value is None else (cut(short_text(value), _TEXT), cut(value_text(value), _FULL))
    if number is not None:
        key = repr(number)
    elif isinstance(value, float) and math.isinf(value):
        key = "Infinity" if value > 0 else "-Infinity"
    elif value is None or (isinstance(value, float) and math.isnan(value)):
        key = ""
    else:
        key = str(int(value)) if isinstance(value, bool) else full[:_KEY].strip()
    return Cell(text, full if full != text else "", key, number is not None or isinstance(value, float))
