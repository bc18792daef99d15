"""Figures of many kinds, made anew for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy
import pytest
from matplotlib.figure import Figure


def _grid(layout: Literal["tight", "constrained", "compressed"] | None) -> Figure:
    figure = Figure(layout=layout)
    axes = figure.subplots(2, 2)
    axes[0, 0].plot([1, 2, 3])
    axes[0, 0].set_title("a title with $x^2$ & <é>")
    axes[0, 0].set_xlabel("time")
    picture = axes[0, 1].imshow([[1, 2], [3, 4]])
    figure.colorbar(picture)
    axes[1, 0].scatter([1, 2, 3], [3, 4, 5], c=[1, 2, 3], label="points")
    axes[1, 0].legend()
    axes[1, 1].set_aspect("equal", "datalim")
    axes[1, 1].plot([1, 2, 1000])
    axes[1, 1].fill_between([1, 2], [3, 4], hatch="/")
    return figure


def _empty() -> Figure:
    return Figure(figsize=(2, 1))


def _round() -> Figure:
    figure = Figure()
    figure.add_subplot(projection="polar").plot([0, 1, 2], [1, 2, 3])
    return figure


def _deep() -> Figure:
    figure = Figure()
    figure.add_subplot(projection="3d").plot_wireframe(*numpy.meshgrid([0, 1, 2], [0, 1, 2]), numpy.eye(3))
    return figure


def _nested() -> Figure:
    figure = Figure(layout="constrained")
    parts: Any = figure.subfigures(1, 2)
    left, right = parts
    left.suptitle("left")
    left.subplots().plot([3, 1, 2])
    axes = right.subplots(2, 1, sharex=True)
    axes[0].twinx().semilogy([1, 10, 100])
    axes[0].inset_axes((0.5, 0.5, 0.4, 0.4)).plot([1, 2])
    axes[1].annotate("here", (0.5, 0.5), (0.2, 0.8), arrowprops={"arrowstyle": "->"})
    return figure


BUILDERS: dict[str, Callable[[], Figure]] = {
    "empty": _empty,
    "plain": lambda: _grid(None),
    "tight": lambda: _grid("tight"),
    "constrained": lambda: _grid("constrained"),
    "compressed": lambda: _grid("compressed"),
    "polar": _round,
    "3d": _deep,
    "nested": _nested,
}


@pytest.fixture(params=sorted(BUILDERS))
def build(request: pytest.FixtureRequest) -> Callable[[], Figure]:
    """Give, one after the other, functions that make a figure."""
    return BUILDERS[request.param]


@pytest.fixture
def grid() -> Figure:
    """Give a figure of four axes with titles, a colour bar and a legend."""
    return _grid(None)


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., bytes]:
    """Give a function that packs a value as a plot and returns the bytes of the file."""
    count = 0

    def pack(packager: object, obj: object, **options: object) -> bytes:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        packager.pack_plot(obj, folder, **options)  # type: ignore[attr-defined]
        (path,) = folder.iterdir()
        assert path.name == f"plot.{options.get('format', 'png')}"
        return path.read_bytes()

    return pack
