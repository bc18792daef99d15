"""A figure as a picture: formats, options, axes, pages."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO

import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from packagers import PackError
from packagers_matplotlib.figures import AxesPackager, FigurePackager

Drawn = Callable[..., bytes]

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!DOCTYPE html>", "jpg": b"\xff\xd8\xff", "webp": b"RIFF"}


@pytest.mark.parametrize("format", STARTS)
def test_each_format_is_what_it_says(grid: Figure, drawn: Drawn, format: str) -> None:
    assert drawn(FigurePackager(), grid, format=format).startswith(STARTS[format])


def test_every_kind_of_figure_is_drawn(build: Callable[[], Figure], drawn: Drawn) -> None:
    picture = Image.open(BytesIO(drawn(FigurePackager(), build())))
    assert picture.size == tuple(int(side * 100) for side in build().get_size_inches())


def test_png_is_the_default(grid: Figure, drawn: Drawn) -> None:
    assert FigurePackager.default_artifact_type("pack") == "plot"
    assert drawn(FigurePackager(), grid) == drawn(FigurePackager(), grid, format="png")


def test_dpi_sets_the_size(grid: Figure, drawn: Drawn) -> None:
    assert Image.open(BytesIO(drawn(FigurePackager(), grid, dpi=50))).size == (320, 240)
    assert Image.open(BytesIO(drawn(FigurePackager(), grid, dpi="figure"))).size == (640, 480)


def test_transparent_leaves_the_background_out(grid: Figure, drawn: Drawn) -> None:
    corner = Image.open(BytesIO(drawn(FigurePackager(), grid, transparent=True))).getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert corner[3] == 0


def test_bbox_inches_cuts(grid: Figure, drawn: Drawn) -> None:
    assert Image.open(BytesIO(drawn(FigurePackager(), grid, bbox_inches=Bbox([[0, 0], [2, 1]])))).size == (200, 100)
    tight = Image.open(BytesIO(drawn(FigurePackager(), grid, bbox_inches="tight"))).size
    assert tight != (640, 480)


def test_metadata_is_written(grid: Figure, drawn: Drawn) -> None:
    picture = Image.open(BytesIO(drawn(FigurePackager(), grid, metadata={"Author": "me"})))
    assert picture.info["Author"] == "me"
    assert "Software" not in picture.info
    assert b"<dc:title>mine</dc:title>" in drawn(FigurePackager(), grid, format="svg", metadata={"Title": "mine"})


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_neither_program_nor_time_is_named(grid: Figure, drawn: Drawn, format: str) -> None:
    data = drawn(FigurePackager(), grid, format=format)
    assert not re.search(rb"CreationDate|Matplotlib v|Matplotlib pdf|<dc:date>", data)


def test_a_page_holds_the_picture_and_escapes_its_texts(drawn: Drawn) -> None:
    figure = Figure()
    figure.suptitle("</title><script>alert('x')</script> \"&\" ü")
    figure.subplots().set_xlabel('"><b>')
    page = drawn(FigurePackager(), figure, format="html").decode("utf-8")
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;/title&gt;&lt;script&gt;" in page
    assert "ü" in page
    embedded = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert embedded is not None
    assert b64decode(embedded[1]) == drawn(FigurePackager(), figure)


def test_a_page_loads_nothing(grid: Figure, drawn: Drawn) -> None:
    page = drawn(FigurePackager(), grid, format="html").decode("utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_axes_are_packed_as_their_figure(build: Callable[[], Figure], drawn: Drawn) -> None:
    figure = build()
    expected = drawn(FigurePackager(), figure)
    for axes in figure.axes:
        assert AxesPackager().figure_of(axes) is figure
    if figure.axes:
        assert drawn(AxesPackager(), figure.axes[-1]) == expected


def test_axes_that_left_their_figure_are_refused(grid: Figure, drawn: Drawn) -> None:
    axes = grid.axes[0]
    axes.remove()
    with pytest.raises(PackError, match="in no figure"):
        drawn(AxesPackager(), axes)


def test_a_figure_that_cannot_be_drawn_fails_and_is_given_back(drawn: Drawn) -> None:
    figure = Figure()
    figure.suptitle("$\\notamacro$")
    canvas = figure.canvas
    with pytest.raises(ValueError, match="notamacro"):
        drawn(FigurePackager(), figure)
    assert figure.canvas is canvas
