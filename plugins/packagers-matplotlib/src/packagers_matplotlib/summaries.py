"""What a manifest says about a figure: its size and texts, and a thumbnail."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from packagers_matplotlib.costs import cost
from packagers_matplotlib.rendering import draw

_AXES = 16
_CHARACTERS = 200
_SIDE = 400
_LOWEST_DPI = 20.0
_MOST_PIXELS = 16e6
_BYTES = 45_000
_MOST_COST = 500_000
_PICTURES = frozenset({".png", ".jpg", ".webp"})
_LARGEST = 1000
_MOST_BYTES = 16 << 20


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
    """Draw the figure at most 400 pixels wide and high; give nothing for one that is slow to draw again, or has no size to speak of."""
    sides = [float(side) for side in figure.get_size_inches()]
    # A font of less than a pixel cannot be drawn: a wide figure is drawn larger and made smaller afterwards.
    dpi = max(min(float(figure.dpi), _SIDE / max(sides)), _LOWEST_DPI)
    if cost(figure) > _MOST_COST or sides[0] * sides[1] * dpi**2 > _MOST_PIXELS:
        return {}
    file = BytesIO()
    draw(figure, file, format="png", dpi=dpi, bbox_inches=None)
    return _small(file.getvalue(), _SIDE)


def of_picture(folder: Path) -> dict[str, Any]:
    """Give the one picture in a folder, made small if it is large; nothing for what is none, or too large to be looked at."""
    files = list(folder.iterdir())
    if len(files) != 1 or files[0].suffix not in _PICTURES or files[0].stat().st_size > _MOST_BYTES:
        return {}
    try:
        return _small(files[0].read_bytes(), _LARGEST)
    except (OSError, ValueError):  # a hook has made something else of it
        return {}


def _small(data: bytes, side: int) -> dict[str, Any]:
    """Give a picture as a preview: a PNG that is small enough stays as it is, another is made smaller and gets a palette.

    Args:
        data: The picture's file.
        side: How many pixels wide and high it may be to stay as it is; what has to be made smaller is made 400 at most.
    """
    with Image.open(BytesIO(data)) as found:
        if found.format == "PNG" and max(found.size) <= side and len(data) <= _BYTES:
            return {"png": b64encode(data).decode("ascii")}
        if found.width * found.height > _MOST_PIXELS:
            return {}
        image = _plain(found)
    side = _SIDE
    while True:
        image.thumbnail((side, side), reducing_gap=1.0)
        file = BytesIO()
        image.quantize(method=Image.Quantize.FASTOCTREE).save(file, format="png", compress_level=1)
        if len(file.getvalue()) <= _BYTES:
            return {"png": b64encode(file.getvalue()).decode("ascii")}
        side = max(image.size) // 2


def _plain(image: Image.Image) -> Image.Image:
    """Give a picture in colours, without an alpha channel that hides nothing: with one it takes twice as long to be made smaller."""
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    found = image.convert("RGBA" if has_alpha else "RGB")
    return found.convert("RGB") if has_alpha and found.getchannel("A").getextrema() == (255, 255) else found


def _describe_axes(axes: Axes) -> dict[str, str]:
    texts = {"title": axes.get_title(), "xlabel": axes.get_xlabel(), "ylabel": axes.get_ylabel(), "projection": axes.name}
    return {name: _cut(text) for name, text in texts.items() if text}


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
