"""The suite that every packager passes, for figures, axes and animations. Two of them are the same if they look the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from matplotlib.animation import ArtistAnimation, FuncAnimation
from matplotlib.figure import Figure

from packagers.testing import PackagerSuite
from packagers_matplotlib.animations import AnimationPackager
from packagers_matplotlib.figures import AxesPackager, FigurePackager


def _figure(layout: Any = None) -> Figure:
    figure = Figure(figsize=(2, 2), layout=layout)
    left, right = figure.subplots(1, 2)
    left.plot([1, 3, 2], label="line")
    left.set_title("$x^2$")
    left.legend()
    right.imshow([[1, 2], [3, 4]])
    return figure


def _looks(packager: Any, obj: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        packager.pack_plot(obj, Path(folder))
        return packager.only_file(Path(folder)).read_bytes()


class TestFigures(PackagerSuite):
    type_path = "matplotlib.figure.Figure"

    def samples(self) -> dict[str, Any]:
        return {"empty": Figure(figsize=(1, 1)), "plain": _figure(), "constrained": _figure("constrained")}

    def same(self, left: Any, right: Any) -> bool:
        return isinstance(right, Figure) and _looks(FigurePackager(), left) == _looks(FigurePackager(), right)


class TestAxes(PackagerSuite):
    type_path = "matplotlib.axes.Axes"

    def samples(self) -> dict[str, Any]:
        return {
            "plain": _figure().axes[0],
            "polar": Figure(figsize=(1, 1)).add_subplot(projection="polar"),
            "3d": Figure(figsize=(1, 1)).add_subplot(projection="3d"),
        }

    def same(self, left: Any, right: Any) -> bool:
        return isinstance(right, type(left)) and _looks(AxesPackager(), left) == _looks(AxesPackager(), right)


class _Move:
    """A frame function that a fresh process can find."""

    def __init__(self, line: Any) -> None:
        self.line = line

    def __call__(self, place: int) -> tuple[Any, ...]:
        self.line.set_ydata([0, place / 2])
        return (self.line,)


class TestAnimations(PackagerSuite):
    type_path = "matplotlib.animation.Animation"

    def samples(self) -> dict[str, Any]:
        first, second = Figure(figsize=(1, 1)), Figure(figsize=(1, 1))
        axes = first.subplots()
        (line,) = second.subplots().plot([0, 1], [0, 1])
        made: dict[str, Any] = {
            "artists": ArtistAnimation(first, [axes.plot([0, i]) for i in range(2)]),
            "function": FuncAnimation(second, _Move(line), frames=3),
        }
        for animation in made.values():
            animation._draw_was_started = True  # Matplotlib warns of one that is thrown away undrawn
        return made

    def same(self, left: Any, right: Any) -> bool:
        return isinstance(right, type(left)) and _looks(AnimationPackager(), left) == _looks(AnimationPackager(), right)
