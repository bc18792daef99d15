"""What drawing a figure costs, told without drawing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection, QuadMesh, TriMesh
from matplotlib.figure import Figure
from matplotlib.image import _ImageBase
from matplotlib.lines import Line2D
from matplotlib.text import Text

_AXES = 5000
"""What one pair of axes costs, with its ticks and labels, in points."""
_ARTIST = 200
"""What an artist costs beside its points."""
_LOOKED_AT = 1000
"""Paths of a collection whose points are counted; the others are taken to be like them."""
_IN_SPACE = ("_faces", "_vec", "_segments3d")
"""Where collections of three dimensions, which have no paths before they are drawn, keep their points."""


def cost(figure: Figure) -> int:
    """Count the points, pixels and letters that drawing would visit, roughly.

    Args:
        figure: Any figure; it is not changed.
    """
    return sum(map(_cost, artists_of(figure)))


def artists_of(parent: Artist) -> Iterator[Artist]:
    """Give an artist and everything that it holds, but the ticks of axes."""
    waiting = [parent]
    while waiting:
        artist = waiting.pop()
        yield artist
        waiting += [artist.label, artist.offsetText] if isinstance(artist, Axis) else artist.get_children()


def _cost(artist: Any) -> int:
    if isinstance(artist, Axes):
        return _AXES
    if isinstance(artist, Line2D):
        return _ARTIST + _size(artist.get_xdata(orig=True))
    if isinstance(artist, Collection):
        return _ARTIST + _points(artist) + _size(artist.get_offsets()) + _size(artist.get_array())
    if isinstance(artist, _ImageBase):
        return _ARTIST + _size(artist.get_array())
    return _ARTIST + (len(artist.get_text()) if isinstance(artist, Text) else 0)


def _points(collection: Any) -> int:
    if isinstance(collection, (QuadMesh, TriMesh)):
        return 0  # asking for their paths makes them; what they show has as many values
    paths = collection.get_paths()
    points = sum(len(path.vertices) for path in paths[:_LOOKED_AT]) * max(len(paths) // _LOOKED_AT, 1)
    return points + sum(_size(getattr(collection, name, None)) for name in _IN_SPACE)


def _size(values: Any) -> int:
    size = getattr(values, "size", None)
    return size if isinstance(size, int) else len(values) if hasattr(values, "__len__") else 0
