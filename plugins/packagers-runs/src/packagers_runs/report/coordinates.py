"""A plot of parallel coordinates: an axis for each parameter and result, a line for each iteration, as SVG that is drawn here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import field, frozen
from markupsafe import Markup

from packagers_runs.report.iterations import Iterations, number_of
from packagers_runs.report.pages import render
from packagers_runs.report.words import cut, short_text, value_text

LINES, AXES, TICKS, STEPS = 300, 14, 8, 8
_SIDE, _TOP, _HEIGHT, _BELOW = 72, 56, 240, 34
_LEAST, _MOST, _WIDTH = 132, 340, 1040
"""The space between two axes: from which to which, and what all of them share."""
_NAME, _LABEL = 17, 14
_LOG_FROM = 1000
"""From which ratio of the largest to the smallest value on an axis of positive numbers is logarithmic."""


@frozen
class Axis:
    """An axis.

    Attributes:
        name: Of the parameter or result.
        heights: Where each row is on it, from 0 at the foot to 1; ``None`` for a row that has no such value.
        ticks: Heights and their labels.
        note: How it is to be read, where that does not show.
        x: Where it is drawn.
    """

    name: str
    heights: list[float | None]
    ticks: list[tuple[float, str]]
    note: str
    x: int

    @property
    def has_gaps(self) -> bool:
        """Whether a row has no value."""
        return None in self.heights

    @property
    def label(self) -> str:
        """The name, short enough to stand above."""
        return cut(self.name.removeprefix("param.").removeprefix("output."), _NAME)

    @property
    def kind(self) -> str:
        """Whether it is a parameter or a result."""
        return "result" if self.name.startswith("output.") else "parameter"


@frozen
class Line:
    """A line.

    Attributes:
        points: As SVG takes them.
        style: Its classes.
        title: What it is.
    """

    points: str
    style: str
    title: str


@frozen
class Plot:
    """All of the plot, as its template takes it."""

    axes: list[Axis]
    lines: list[Line]
    caption: str
    scale: tuple[str, str, str] | None
    width: int = field(init=False)
    top: int = field(default=_TOP, init=False)
    foot: int = field(default=_TOP + _HEIGHT, init=False)
    gap: int = field(default=_TOP + _HEIGHT + _BELOW, init=False)
    height: int = field(default=_TOP + _HEIGHT + 2 * _BELOW + 22, init=False)
    steps: int = field(default=STEPS, init=False)

    @width.default
    def _width_of_axes(self) -> int:
        return self.axes[-1].x + _SIDE + 40

    def y(self, height: float) -> float:
        """Give where a height is drawn."""
        return round(_TOP + _HEIGHT * (1 - height), 1)


def coordinates(iterations: Iterations) -> Markup:
    """Draw the plot; nothing where fewer than two axes could be drawn.

    Args:
        iterations: The table.
    """
    names = [number for number, name in enumerate(iterations.columns) if name.startswith(("param.", "output."))]
    places, spread = _sample(iterations)
    by = iterations.chosen_by
    if len(names) > AXES:
        kept = names[: AXES - 1]
        names = [*kept, by if by is not None and by not in kept else names[AXES - 1]]
    if len(names) < 2:
        return Markup("")
    step = min(_MOST, max(_LEAST, _WIDTH // (len(names) - 1)))
    axes = [
        _axis(iterations.columns[number], [iterations.rows[place][number] for place in places], _SIDE + index * step)
        for index, number in enumerate(names)
    ]
    colours = _colours(iterations, places)
    lines = []
    counter = iterations.columns.index("iter") if "iter" in iterations.columns else None
    for row, place in enumerate(places):
        is_best = place == iterations.best
        title = f"iteration {short_text(iterations.rows[place][counter])}" if counter is not None else f"row {place + 1}"
        lines.append(Line(_points(axes, row), "top-line" if is_best else colours[row], title + (", the best" if is_best else "")))
    lines.sort(key=lambda line: line.style == "top-line")  # the best is drawn over the others
    return render("coordinates.html", plot=Plot(axes, lines, _caption(iterations, len(lines), spread, len(axes)), _scale(iterations)))


def _caption(iterations: Iterations, lines: int, spread: str, axes: int) -> str:
    words = ["Each line is an iteration."]
    if iterations.chosen_by is not None:
        words.append(f"Its colour tells {cut(iterations.columns[iterations.chosen_by])}.")
    if iterations.best is not None:
        words.append("The thick line is the best.")
    if lines < len(iterations.rows):
        words.append(f"{lines:,} of {len(iterations.rows):,} are drawn, {spread}.")
    every = sum(name.startswith(("param.", "output.")) for name in iterations.columns)
    if axes < every:
        words.append(f"{axes} of {every} columns have an axis.")
    return " ".join(words)


def _sample(iterations: Iterations) -> tuple[list[int], str]:
    """Give the rows that are drawn, and how they were chosen: spread evenly over what the best was chosen by, or over all."""
    count, by = len(iterations.rows), iterations.chosen_by
    if count <= LINES:
        return list(range(count)), ""
    order, spread = list(range(count)), "spread evenly over all"
    if by is not None:
        values = [number_of(row[by]) for row in iterations.rows]
        order.sort(key=lambda place: (values[place] is None, values[place] or 0.0, place))
        spread = f"spread evenly over the order by {cut(iterations.columns[by])}"
    chosen = {order[index * (count - 1) // (LINES - 1)] for index in range(LINES)}
    if iterations.best is not None:
        chosen.add(iterations.best)
    return sorted(chosen), spread


def _colours(iterations: Iterations, places: Iterable[int]) -> list[str]:
    known = _range(iterations)
    if known is None or iterations.chosen_by is None:
        return ["s3" for _ in places]
    low, high = known
    values = [number_of(iterations.rows[place][iterations.chosen_by]) for place in places]
    return ["" if value is None else f"s{min(STEPS - 1, int(_share(value, low, high) * STEPS))}" for value in values]


def _range(iterations: Iterations) -> tuple[float, float] | None:
    if iterations.chosen_by is None:
        return None
    values = [number for row in iterations.rows if (number := number_of(row[iterations.chosen_by])) is not None]
    return (min(values), max(values)) if values else None


def _scale(iterations: Iterations) -> tuple[str, str, str] | None:
    known = _range(iterations)
    if known is None or iterations.chosen_by is None:
        return None
    return cut(iterations.columns[iterations.chosen_by].removeprefix("output."), _NAME), short_text(known[0]), short_text(known[1])


def _share(value: float, low: float, high: float) -> float:
    # Halves, for the difference of two large numbers need not be one.
    return 0.5 if high == low else (value / 2 - low / 2) / (high / 2 - low / 2)


def _axis(name: str, values: Sequence[Any], x: int) -> Axis:
    numbers = [number_of(value) for value in values]
    has_words = any(number is None and not _is_absent(value) for number, value in zip(numbers, values, strict=True))
    known = [number for number in numbers if number is not None]
    if has_words or not known:
        return _axis_of_words(name, values, x)
    low, high = min(known), max(known)
    is_log = low > 0 and high / low >= _LOG_FROM
    if is_log:
        numbers = [None if number is None else math.log(number) for number in numbers]
        bottom, top = math.log(low), math.log(high)
        labels = [low, math.exp((bottom + top) / 2), high]
    else:
        bottom, top = low, high
        labels = [low, low / 2 + high / 2, high]
    ticks = (
        [(0.5, short_text(low))]
        if low == high
        else [(place, cut(f"{value:.3g}", _LABEL)) for place, value in zip((0.0, 0.5, 1.0), labels, strict=True)]
    )
    return Axis(name, [None if number is None else _share(number, bottom, top) for number in numbers], ticks, "log" if is_log else "", x)


def _axis_of_words(name: str, values: Sequence[Any], x: int) -> Axis:
    words = [None if _is_absent(value) else value_text(value) for value in values]
    order = {word: place for place, word in enumerate(sorted({word for word in words if word is not None}, key=_by_number))}
    last = len(order) - 1
    heights = [None if word is None else order[word] / last if last > 0 else 0.5 for word in words]
    listed = list(order)
    step = max(1, -(-len(listed) // TICKS))
    ticks = [(order[word] / last if last > 0 else 0.5, cut(word, _LABEL)) for word in listed[::step]]
    return Axis(name, heights, ticks, f"{len(listed)} values" if step > 1 else "", x)


def _by_number(word: str) -> tuple[bool, float, str]:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    return (True, 0.0, word) if math.isnan(number) else (False, number, word)


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _points(axes: Sequence[Axis], row: int) -> str:
    found = []
    for axis in axes:
        height = axis.heights[row]
        y = _TOP + _HEIGHT * (1 - height) if height is not None else _TOP + _HEIGHT + _BELOW
        found.append(f"{axis.x},{y:.1f}")
    return " ".join(found)
