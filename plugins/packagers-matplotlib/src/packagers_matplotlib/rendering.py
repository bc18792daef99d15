"""Drawing a figure to a file and leaving it as it was: its canvas, its layout, pyplot and the settings."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, BinaryIO

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

# Matplotlib draws with state that a process has once (settings, fonts, text layout): one figure at a time.
_ONE_AT_A_TIME = threading.RLock()

# What would make the bytes differ from one time or one release to the next is left out of the file.
_SILENT: Mapping[str, Mapping[str, None]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
# Pillow's own options take longer, and make pictures of lines and letters larger: they are for photographs.
_PNG: Mapping[str, int] = {"compress_level": 4, "compress_type": zlib.Z_DEFAULT_STRATEGY}


class _QuietCanvas(FigureCanvasAgg):
    """An Agg canvas that belongs to no window and draws only when it is told to."""

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there is nobody to look."""


@contextmanager
def untouched(figure: Figure) -> Iterator[None]:
    """Lend the figure a canvas without a window, and give it back as it was.

    Drawing moves axes (layout engines, fixed aspects), and a figure that starts from other positions gives other bytes. So positions,
    view limits and margins are put back, not only the canvas.

    Args:
        figure: The figure that is drawn or pickled inside the ``with`` block.
    """
    with _ONE_AT_A_TIME:
        canvas, stale, callback = figure.canvas, figure.stale, figure.stale_callback
        restore: list[Callable[[], object]] = []
        # pyplot redraws its window through this callback whenever something changes; asking for a position may already do so.
        figure.stale_callback = None
        try:
            restore = _remember(figure)
            _QuietCanvas(figure)
            yield
        finally:
            for put_back in restore:
                put_back()
            figure.set_canvas(canvas)
            figure.stale = stale
            figure.stale_callback = callback


def draw(
    figure: Figure,
    target: BinaryIO,
    *,
    format: str,
    dpi: float | str | None = None,
    transparent: bool | None = None,
    bbox_inches: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Draw ``figure`` into a file, with the same bytes each time.

    Args:
        figure: What to draw.
        target: The file, open for writing.
        format: A format of ``Figure.savefig``.
        dpi: Dots per inch, or ``"figure"``; the setting ``savefig.dpi`` if unsaid.
        transparent: Whether the background is left out; the setting ``savefig.transparent`` if unsaid.
        bbox_inches: ``"tight"`` or a ``Bbox`` in inches; the setting ``savefig.bbox`` if unsaid.
        metadata: Entries for the file's own metadata, by the names that the format knows.
    """
    asked = {"dpi": dpi, "transparent": transparent, "bbox_inches": bbox_inches}
    options: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    entries = {**_SILENT.get(format, {}), **(metadata or {})}
    if entries:
        options["metadata"] = entries
    if format == "png":
        options["pil_kwargs"] = dict(_PNG)
    with untouched(figure), _fixed_identifiers() if format == "svg" else nullcontext():
        figure.savefig(target, format=format, **options)


@contextmanager
def _fixed_identifiers() -> Iterator[None]:
    """Let the identifiers inside of an SVG follow from its content: by default they are random."""
    salt = matplotlib.rcParams["svg.hashsalt"]
    if salt is not None:
        yield
        return
    # Not rc_context: on leaving, it would undo what other threads set meanwhile.
    matplotlib.rcParams["svg.hashsalt"] = "packagers"
    try:
        yield
    finally:
        matplotlib.rcParams["svg.hashsalt"] = salt


def _remember(figure: Figure) -> list[Callable[[], object]]:
    """List what puts back everything that a layout moves, outer things first."""
    margins = {name: getattr(figure.subplotpars, name) for name in ("left", "bottom", "right", "top", "wspace", "hspace")}
    restore: list[Callable[[], object]] = [partial(figure.subplotpars.update, **margins)]
    parts: list[Figure | SubFigure] = [figure]
    for part in parts:
        parts.extend(part.subfigs)
        if isinstance(part, SubFigure):
            restore.append(partial(part.bbox_relative.set, part.bbox_relative.frozen()))
        restore += [partial(text.set_position, text.get_position()) for text in part.texts]
    all_axes: list[Any] = list(figure.axes)
    for axes in all_axes:
        all_axes.extend(axes.child_axes)
        # The public set_position also takes the axes out of the layout.
        restore.append(partial(axes._set_position, axes.get_position(original=True), which="original"))
        restore.append(partial(axes._set_position, axes.get_position(), which="active"))
        restore.append(partial(axes.viewLim.set, axes.viewLim.frozen()))
    return restore
