"""Golden values of packagers-matplotlib. Plots are only packed; their files are read as bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from recipe import Recipe

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!DOCTYPE", "jpg": b"\xff\xd8", "webp": b"RIFF", "gif": b"GIF8"}


def _figure() -> Figure:
    figure = Figure(figsize=(1, 1), dpi=50)
    figure.add_subplot().plot([1, 3, 2])
    return figure


def _axes() -> Any:
    return _figure().axes[0]


def _animation() -> FuncAnimation:
    figure = Figure(figsize=(1, 1), dpi=30)
    (line,) = figure.add_subplot().plot([0, 1])

    def draw(frame: int) -> Any:
        line.set_ydata([frame, 1])
        return (line,)

    made = FuncAnimation(figure, draw, frames=2, cache_frame_data=False)
    made._draw_was_started = True  # no warning where it is only looked at
    return made


def _plot(type_path: str, make: Callable[[], Any], form: str, format: str) -> Recipe:
    def is_file(left: Any, right: Any) -> bool:
        return bool(right.lstrip().lower().startswith(STARTS[format].lower()))

    return Recipe(type_path, make, form, same=is_file, back=bytes, hint=bytes, is_read=False)


RECIPES: dict[str, Recipe] = {
    "figure": _plot("matplotlib.figure.Figure", _figure, "", "png"),
    **{
        f"figure-{format}": _plot("matplotlib.figure.Figure", _figure, f"plot[format='{format}']", format)
        for format in ("svg", "pdf", "html", "jpg", "webp")
    },
    "axes": _plot("matplotlib.axes.Axes", _axes, "", "png"),
    "animation": _plot("matplotlib.animation.Animation", _animation, "", "png"),
    "animation-gif": _plot("matplotlib.animation.Animation", _animation, "plot[format='gif']", "gif"),
    "animation-html": _plot("matplotlib.animation.Animation", _animation, "plot[format='html']", "html"),
}
