"""Packing leaves everything as it was: the figure, pyplot, the backend, the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from packagers_matplotlib.figures import FigurePackager
from packagers_matplotlib.rendering import untouched

Drawn = Callable[..., bytes]

PROGRAM = """
import sys
import matplotlib
from matplotlib.figure import Figure
from packagers_matplotlib.figures import FigurePackager
from pathlib import Path
backend = dict.__getitem__(matplotlib.rcParams, "backend")
figure = Figure()
figure.subplots().plot([1, 2])
for format in ("png", "svg", "pdf", "html", "jpg", "webp"):
    FigurePackager().pack_plot(figure, Path(sys.argv[1]), format=format)
assert FigurePackager().preview(figure)
assert dict.__getitem__(matplotlib.rcParams, "backend") is backend
assert "matplotlib.pyplot" not in sys.modules
assert not {name.partition(".")[0] for name in sys.modules} & {"tkinter", "PyQt5", "PyQt6", "gi", "wx"}
"""


def _state(figure: Figure) -> dict[str, Any]:
    return {
        "canvas": id(figure.canvas),
        "dpi": figure.dpi,
        "size": tuple(figure.get_size_inches()),
        "stale": figure.stale,
        "callback": figure.stale_callback,
        "colours": (figure.get_facecolor(), figure.get_edgecolor()),
        "layout": id(figure.get_layout_engine()),
        "margins": vars(figure.subplotpars).copy(),
        "subfigures": [part.bbox_relative.bounds for part in figure.subfigs],
        "texts": [text.get_position() for part in (figure, *figure.subfigs) for text in part.texts],
        "axes": [
            (
                axes.get_position(original=True).bounds,
                axes.get_position().bounds,
                axes.get_xlim(),
                axes.get_ylim(),
                axes.get_in_layout(),
                axes.get_aspect(),
                axes.get_facecolor(),
            )
            for axes in (*figure.axes, *(child for axes in figure.axes for child in axes.child_axes))
        ],
    }


@pytest.mark.parametrize("format", ["png", "svg"])
def test_the_figure_is_as_before(build: Callable[[], Figure], drawn: Drawn, format: str) -> None:
    figure = build()
    before = _state(figure)
    drawn(FigurePackager(), figure, format=format, dpi=44, transparent=True, bbox_inches="tight")
    assert _state(figure) == before


def test_describing_and_previewing_leave_it_too(build: Callable[[], Figure]) -> None:
    figure = build()
    before = _state(figure)
    FigurePackager().describe(figure)
    FigurePackager().preview(figure)
    assert _state(figure) == before


def test_a_figure_that_was_drawn_is_not_asked_to_redraw(grid: Figure, drawn: Drawn) -> None:
    canvas: Any = FigureCanvasAgg(grid)
    canvas.draw()
    assert not grid.stale
    drawn(FigurePackager(), grid)
    assert not grid.stale


def test_no_window_is_needed_and_nothing_is_chosen(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)], env=environment, check=True)


def test_pyplot_keeps_its_figures(drawn: Drawn) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    with matplotlib.rc_context({"backend": "agg"}):
        first, second = pyplot.figure(), pyplot.figure()
    try:
        numbers, settings = pyplot.get_fignums(), dict(matplotlib.rcParams)
        redrawn: list[bool] = []
        first.stale_callback = lambda figure, stale: redrawn.append(stale)
        first.subplots().plot([1, 2])
        manager = first.canvas.manager
        redrawn.clear()
        drawn(FigurePackager(), first)
        FigurePackager().preview(first)
        assert pyplot.get_fignums() == numbers
        assert pyplot.gcf() is second
        assert first.canvas.manager is manager
        assert not redrawn
        assert dict(matplotlib.rcParams) == settings
    finally:
        pyplot.close(first)
        pyplot.close(second)
    assert pyplot.get_fignums() == before


def test_a_pyplot_figure_is_pickled_as_a_plain_one() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = pyplot.figure()
    try:
        assert "_restore_to_pylab" in figure.__getstate__()
        with untouched(figure):
            assert "_restore_to_pylab" not in figure.__getstate__()
    finally:
        pyplot.close(figure)


def test_many_threads_draw_one_after_the_other(tmp_path: Path) -> None:
    def draw(number: int) -> bytes:
        figure = Figure(figsize=(2, 2), layout="constrained")
        figure.subplots().set_title("$x$")
        folder = tmp_path / f"thread-{number}"
        folder.mkdir()
        FigurePackager().pack_plot(figure, folder, format="svg" if number % 2 else "png")
        return next(folder.iterdir()).read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(draw, range(16)))) == 2
    assert matplotlib.rcParams["svg.hashsalt"] is None
