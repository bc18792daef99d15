"""Putting back what the frames of an animation do to a figure.

A frame changes artists, adds them, clears axes: in Matplotlib's own objects, attribute by attribute. What every artist holds is noted
before, and put back afterwards; data that somebody changes in place, and what belongs to the program, is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.artist import Artist
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.cbook import CallbackRegistry
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Bbox, TransformNode, TransformWrapper

from packagers_matplotlib.costs import artists_of

_OWNERS = ("matplotlib", "mpl_toolkits")
_LEFT_ALONE = (Artist, CallbackRegistry, Colormap, FigureCanvasBase, Path, TransformNode)


@contextmanager
def kept(figure: Figure) -> Iterator[None]:
    """Put all artists of a figure back as they were when the block ends.

    Args:
        figure: The figure on which frames are drawn inside of the block.
    """
    states = [_State(owner) for owner in _owners(artists_of(figure))]
    try:
        yield
    finally:
        for state in states:
            state.restore()


class _State:
    """What an object holds, and what the lists, dicts, boxes and scales among it hold.

    Args:
        owner: The object.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._attributes = dict(vars(owner))
        self._contents = [(value, _content(value)) for value in self._attributes.values() if _is_held(value)]

    def restore(self) -> None:
        """Put it back."""
        held = vars(self._owner)
        held.clear()
        held.update(self._attributes)
        for value, content in self._contents:
            if isinstance(value, TransformNode):
                value.set(content)  # type: ignore[attr-defined]
            else:
                value.clear()
                (value.extend if isinstance(value, list) else value.update)(content)


def _owners(artists: Iterable[Artist]) -> Iterator[Any]:
    """Give the artists, and what of Matplotlib's they hold that is no artist: norms, fonts, tickers, the cycle of colours."""
    seen: set[int] = set()
    waiting: list[Any] = list(artists)
    while waiting:
        owner = waiting.pop()
        if id(owner) not in seen:
            seen.add(id(owner))
            yield owner
            waiting += [value for value in vars(owner).values() if _is_part(value)]


def _is_part(value: Any) -> bool:
    is_ours = type(value).__module__.partition(".")[0] in _OWNERS
    return is_ours and hasattr(value, "__dict__") and not isinstance(value, (type, *_LEFT_ALONE))


def _is_held(value: Any) -> bool:
    return type(value) in (list, dict, set, Bbox, TransformWrapper)


def _content(value: Any) -> Any:
    if isinstance(value, TransformWrapper):
        return value._child  # type: ignore[attr-defined]
    return value.frozen() if isinstance(value, Bbox) else value.copy()
