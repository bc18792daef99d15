"""What a manifest says about a figure: bounded texts and a bounded thumbnail."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO

import numpy
from matplotlib.figure import Figure
from PIL import Image

from packagers_matplotlib.figures import FigurePackager


def test_size_and_texts(grid: Figure) -> None:
    grid.suptitle("whole")
    found = FigurePackager().describe(grid)
    assert found["size_inches"] == [6.4, 4.8]
    assert found["dpi"] == 100.0
    assert found["suptitle"] == "whole"
    assert found["axes_count"] == 5
    assert found["axes"][0] == {"title": "a title with $x^2$ & <é>", "xlabel": "time", "projection": "rectilinear"}


def test_every_description_is_small_json(build: Callable[[], Figure]) -> None:
    assert len(json.dumps(FigurePackager().describe(build()))) < 10_000


def test_long_texts_and_many_axes_are_cut() -> None:
    figure = Figure()
    for axes in figure.subplots(6, 6).flat:
        axes.set_title("x" * 100_000)
    found = FigurePackager().describe(figure)
    assert found["axes_count"] == 36
    assert len(json.dumps(found)) < 10_000


def test_the_thumbnail_is_small(build: Callable[[], Figure]) -> None:
    with Image.open(BytesIO(b64decode(FigurePackager().preview(build())["png"]))) as image:
        assert max(image.size) <= 400


def test_the_thumbnail_of_noise_is_made_smaller_still() -> None:
    figure = Figure(figsize=(20, 10), dpi=300)
    figure.figimage(numpy.random.default_rng(0).integers(0, 255, (3000, 6000, 3), dtype=numpy.uint8), resize=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(numpy.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=numpy.uint8), aspect="auto")
    assert len(json.dumps(FigurePackager().preview(figure))) <= 65_536


def test_a_huge_figure_is_not_drawn_again() -> None:
    figure = Figure()
    figure.subplots().plot(numpy.zeros(600_000))
    assert FigurePackager().preview(figure) == {}
