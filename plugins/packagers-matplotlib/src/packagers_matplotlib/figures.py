"""Figures and axes as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from matplotlib.figure import Figure

from packagers import PackError
from packagers_matplotlib.pages import picture_page
from packagers_matplotlib.pictures import PicturePackager
from packagers_matplotlib.rendering import draw
from packagers_matplotlib.summaries import title, words

_FORMATS = ("png", "svg", "pdf", "html", "jpg", "webp")


class FigurePackager(PicturePackager):
    """Pack a figure as a picture."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "plot"
    DETERMINISTIC = frozenset(_FORMATS)
    LOSSY = frozenset(_FORMATS)

    def figure_of(self, obj: Any) -> Figure:
        """Give the figure itself."""
        found: Figure = obj
        return found

    def pack_plot(
        self,
        obj: Any,
        folder: Path,
        *,
        format: Literal["png", "svg", "pdf", "html", "jpg", "webp"] = "png",
        dpi: float | str | None = None,
        transparent: bool | None = None,
        bbox_inches: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Draw ``plot.<format>``. The figure keeps its canvas and its layout; pyplot is not involved.

        Args:
            obj: A figure, or axes.
            folder: Where to write.
            format: The picture's format; ``html`` is a page with the picture in it, which loads nothing else.
            dpi: Dots per inch, or ``"figure"``; the setting ``savefig.dpi`` if unsaid.
            transparent: Whether the background is left out; the setting ``savefig.transparent`` if unsaid.
            bbox_inches: ``"tight"`` or a ``Bbox`` in inches; the setting ``savefig.bbox`` if unsaid.
            metadata: Entries for the file's own metadata, by the names that the format knows. Program and time are left out unless given.
        """
        figure = self.figure_of(obj)
        options: dict[str, Any] = {"dpi": dpi, "transparent": transparent, "bbox_inches": bbox_inches, "metadata": metadata}
        path = folder / f"plot.{format}"
        if format != "html":
            with self.create_file(folder, path.name) as file:
                draw(figure, file, format=format, **options)
            return
        png = BytesIO()
        draw(figure, png, format="png", **options)
        path.write_text(picture_page(png.getvalue(), title(figure), words(figure)), encoding="utf-8", newline="\n")


class AxesPackager(FigurePackager):
    """Pack axes as a picture of the figure that they are in."""

    def figure_of(self, obj: Any) -> Figure:
        """Give the whole figure, also for axes of a sub-figure."""
        found = obj.figure
        while found is not None and not isinstance(found, Figure):
            found = found.figure
        if found is None:
            raise PackError(f"{type(obj).__qualname__} are in no figure any more", remedy="Pack them before they are removed from it.")
        return found
