"""What a manifest says about a figure: its size and texts, and a thumbnail."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from packagers_matplotlib.rendering import draw

_AXES = 16
_CHARACTERS = 200
_SIDE = 400
_BYTES = 45_000
_POINTS = 500_000


def describe(figure: Figure) -> dict[str, Any]:
    """Give the figure's size in inches, its dots per inch, and the texts of its first 16 axes."""
    found: dict[str, Any] = {
        "size_inches": [float(side) for side in figure.get_size_inches()],
        "dpi": float(figure.dpi),
        "axes_count": len(figure.axes),
        "axes": [_describe_axes(axes) for axes in figure.axes[:_AXES]],
    }
    if figure.get_suptitle():
        found["suptitle"] = _cut(figure.get_suptitle())
    return found


def title(figure: Figure) -> str:
    """Give a short title: the figure's own, or the first that its axes have."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes[:_AXES])]
    return _cut(next((text for text in titles if text), "Figure"))


def words(figure: Figure) -> str:
    """Give the figure's texts in one line."""
    texts = [figure.get_suptitle()]
    for axes in figure.axes[:_AXES]:
        texts += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    return "; ".join(_cut(text) for text in texts if text) or "Figure"


def thumbnail(figure: Figure) -> dict[str, Any]:
    """Draw the figure at most 400 pixels wide and high; give nothing for one of more than 500,000 points, which is slow to draw again."""
    if _points(figure) > _POINTS:
        return {}
    file = BytesIO()
    draw(figure, file, format="png", dpi=min(float(figure.dpi), _SIDE / max(figure.get_size_inches())), bbox_inches=None)
    png = file.getvalue()
    side = _SIDE
    while len(png) > _BYTES:
        side //= 2
        with Image.open(BytesIO(png)) as image:
            image.thumbnail((side, side))
            file = BytesIO()
            image.save(file, format="png")
        png = file.getvalue()
    return {"png": b64encode(png).decode("ascii")}


def _describe_axes(axes: Axes) -> dict[str, str]:
    texts = {"title": axes.get_title(), "xlabel": axes.get_xlabel(), "ylabel": axes.get_ylabel(), "projection": axes.name}
    return {name: _cut(text) for name, text in texts.items() if text}


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def _points(figure: Figure) -> int:
    """Count the points that drawing would visit, without visiting them."""
    values: list[Any] = []
    for axes in figure.axes:
        values += [line.get_xdata() for line in axes.lines]
        values += [collection.get_offsets() for collection in axes.collections]
        values += [artist.get_array() for artist in (*axes.collections, *axes.images)]
    return sum(int(numpy.size(value)) for value in values)
