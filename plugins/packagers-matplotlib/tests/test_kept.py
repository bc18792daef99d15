"""An animation is packed, and its figure shows what it showed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from matplotlib.animation import ArtistAnimation, FuncAnimation
from matplotlib.figure import Figure

from packagers_matplotlib.animations import AnimationPackager
from packagers_matplotlib.figures import FigurePackager

Drawn = Callable[..., bytes]
Change = Callable[[Any, int], Any]


def _line(axes: Any, number: int) -> Any:
    axes.lines[0].set_data([0, number], [number, 2])


def _texts(axes: Any, number: int) -> Any:
    axes.set_title(f"frame {number}")
    axes.set_xlabel("x" * number)
    axes.figure.suptitle(f"{number}")


def _picture(axes: Any, number: int) -> Any:
    axes.images[0].set_data(numpy.full((2, 2), number))
    axes.images[0].set_clim(0, number + 1)


def _points(axes: Any, number: int) -> Any:
    axes.collections[0].set_offsets([[number, 1], [2, number]])
    axes.collections[0].set_array([number, 3])


def _limits(axes: Any, number: int) -> Any:
    axes.set_xlim(0, number + 5)
    axes.set_yscale("log")
    axes.margins(0.3)


def _more(axes: Any, number: int) -> Any:
    axes.plot([0, number], label=f"{number}")
    axes.legend()
    axes.add_patch(axes.figure.patch.__class__((0, 0), number, 1))


def _cleared(axes: Any, number: int) -> Any:
    axes.clear()
    axes.plot([number, 1, 2], "r")
    axes.set_xticks([0, number + 1])


def _gone(axes: Any, number: int) -> Any:
    for artist in (*axes.lines, *axes.texts):
        artist.remove()


def _other_axes(axes: Any, number: int) -> Any:
    axes.figure.add_axes((0.1, 0.1, 0.2, 0.2)).plot([number, 2])


CHANGES: dict[str, Change] = {
    "line": _line,
    "texts": _texts,
    "picture": _picture,
    "points": _points,
    "limits": _limits,
    "more": _more,
    "cleared": _cleared,
    "gone": _gone,
    "other axes": _other_axes,
}


def _figure(layout: Any = None) -> tuple[Figure, Any]:
    figure = Figure(figsize=(2, 2), layout=layout)
    axes = figure.subplots()
    axes.plot([5, 7, 6], label="start")
    axes.imshow([[1, 2], [3, 4]])
    axes.scatter([1, 2], [2, 1], c=[1, 2])
    axes.text(0.5, 0.5, "words")
    axes.set_title("before")
    return figure, axes


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("name", CHANGES)
def test_the_figure_shows_what_it_showed(name: str, layout: Any, drawn: Drawn) -> None:
    figure, axes = _figure(layout)
    animation = FuncAnimation(figure, lambda number: CHANGES[name](axes, number) or (), frames=3)
    expected = drawn(FigurePackager(), figure, dpi=50)
    moving = drawn(AnimationPackager(), animation, dpi=50)
    assert drawn(FigurePackager(), figure, dpi=50) == expected
    assert figure.axes == [axes]
    assert drawn(AnimationPackager(), animation, dpi=50) == moving


def test_artists_that_take_turns_are_as_visible_as_before(drawn: Drawn) -> None:
    figure = Figure(figsize=(2, 2))
    axes = figure.subplots()
    animation: Any = ArtistAnimation(figure, [axes.plot([0, i]) for i in range(3)])
    visible = [line.get_visible() for line in axes.lines]
    drawn(AnimationPackager(), animation)
    assert [line.get_visible() for line in axes.lines] == visible


def test_what_fails_is_put_back_too(drawn: Drawn) -> None:
    figure, axes = _figure()

    def move(number: int) -> Any:
        axes.set_title("changed")
        if number == 2:
            raise ZeroDivisionError
        return ()

    animation: Any = FuncAnimation(figure, move, frames=4)
    with pytest.raises(ZeroDivisionError):
        drawn(AnimationPackager(), animation)
    assert axes.get_title() == "before"
