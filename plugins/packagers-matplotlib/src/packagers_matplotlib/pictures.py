"""What the packagers of this plugin share: pictures out, pickles in and out, summaries."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from packagers import DefaultPackager, Instructions
from packagers_matplotlib import summaries
from packagers_matplotlib.rendering import untouched


class PicturePackager(DefaultPackager):
    """Pack something that a figure shows: as a ``plot``, which is not read back, or as an ``object``, which is."""

    PACK_SUBCLASSES = True
    READERS = MappingProxyType({"object": "code"})

    # A picture is not a plain value.
    pack_result = None  # type: ignore[assignment]
    unpack_result = None  # type: ignore[assignment]

    @abstractmethod
    def figure_of(self, obj: Any) -> Figure:
        """Give the figure that shows ``obj``."""

    def pack_object(self, obj: Any, folder: Path, *, pickle_module_name: str = "cloudpickle") -> Instructions:
        """Pickle the object itself; it comes back without a window and unknown to pyplot.

        Args:
            obj: A figure, or what belongs to one.
            folder: Where to write.
            pickle_module_name: One of the registered pickle readers.
        """
        # A figure that pyplot knows would open itself in the reader's pyplot.
        with untouched(self.figure_of(obj)):
            return super().pack_object(obj, folder, pickle_module_name=pickle_module_name)

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give the size of the figure and the texts of its axes."""
        return summaries.describe(self.figure_of(obj))

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give a thumbnail of the figure as it stands."""
        return summaries.thumbnail(self.figure_of(obj))

    def preview_packed(self, obj: Any, folder: Path) -> dict[str, Any]:
        """Give the picture that was packed, made small if it is large; where none was, draw a thumbnail."""
        return summaries.of_picture(folder) or self.preview(obj)
