"""Animations as moving pictures."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from matplotlib.animation import AbstractMovieWriter
from matplotlib.figure import Figure
from PIL import Image

from packagers import PackError
from packagers_matplotlib.keeping import kept
from packagers_matplotlib.pages import player_page
from packagers_matplotlib.pictures import PicturePackager
from packagers_matplotlib.rendering import draw, untouched
from packagers_matplotlib.summaries import title, words

_FORMATS = ("png", "gif", "webp", "html")
_MOST_UNCOUNTED_FRAMES = 1000
_MILLISECONDS = 200.0


class _FrameCollector(AbstractMovieWriter):
    """Keep each frame as the bytes of a PNG file.

    Args:
        most: How many frames to take before the animation counts as endless; ``None`` for any number.
    """

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self.frames: list[bytes] = []
        self._most = most

    def _supports_transparency(self) -> bool:
        return True

    def setup(self, fig: Figure, outfile: Any, dpi: float | None = None) -> None:
        """Remember the figure; there is no file to open."""
        self._figure, self._dots = fig, dpi

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        """Draw the figure as it stands."""
        if len(self.frames) == self._most:
            raise PackError(
                f"the animation has not ended after {self._most} frames and does not say how many it has",
                remedy="Give its constructor save_count=, or frames of a known length.",
            )
        file = BytesIO()
        draw(self._figure, file, format="png", dpi=self._dots, transparent=savefig_kwargs.get("transparent"))
        self.frames.append(file.getvalue())

    def finish(self) -> None:
        """Do nothing: the frames are collected."""


class AnimationPackager(PicturePackager):
    """Pack an animation as a moving picture, all of its frames."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "plot"
    DETERMINISTIC = frozenset(_FORMATS)
    LOSSY = frozenset(_FORMATS)

    def figure_of(self, obj: Any) -> Figure:
        """Give the figure that the animation draws on."""
        found: Figure = obj._fig
        return found

    def pack_plot(
        self,
        obj: Any,
        folder: Path,
        *,
        format: Literal["png", "gif", "webp", "html"] = "png",
        dpi: float | None = None,
        transparent: bool | None = None,
        fps: float | None = None,
    ) -> None:
        """Draw every frame into ``plot.<format>``. The figure is put back as it was, where nobody changes its data in place.

        Args:
            obj: The animation.
            folder: Where to write.
            format: ``png`` (animated; programs that do not know animated PNG show the first frame), ``gif`` (256 colours), ``webp`` or
                ``html`` (a page with the frames in it, a button and a slider, which loads nothing else).
            dpi: Dots per inch; the setting ``savefig.dpi`` if unsaid.
            transparent: Whether the background is left out; the setting ``savefig.transparent`` if unsaid.
            fps: Frames per second; as the animation says if unsaid.

        Raises:
            PackError: For an animation without frames, or one that does not end.
        """
        figure = self.figure_of(obj)
        milliseconds = float(getattr(obj, "_interval", _MILLISECONDS)) if fps is None else 1000.0 / fps
        frames = _frames(obj, figure, dpi, transparent)
        path = folder / f"plot.{format}"
        if format == "html":
            path.write_text(player_page(frames, milliseconds, title(figure), words(figure)), encoding="utf-8", newline="\n")
            return
        images = [_image(frame) for frame in frames]
        images[0].save(path, format=format, save_all=True, append_images=images[1:], duration=round(milliseconds), loop=0)


def _frames(animation: Any, figure: Figure, dpi: float | None, transparent: bool | None) -> list[bytes]:
    endless = getattr(animation, "_save_count", 0) is None
    collector = _FrameCollector(_MOST_UNCOUNTED_FRAMES if endless else None)
    with kept(figure), untouched(figure):
        animation.save("", writer=collector, dpi=dpi, savefig_kwargs={} if transparent is None else {"transparent": transparent})
    if not collector.frames:
        raise PackError(
            "the animation has no frames", remedy="An iterator of frames is used up after one run: give a list or a function instead."
        )
    return collector.frames


def _image(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    # Without an alpha channel the 256 colours of a GIF are chosen better.
    opaque = image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255)
    return image.convert("RGB") if opaque else image
