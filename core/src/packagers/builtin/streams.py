"""Iterators: packed chunk by chunk, each chunk by its own packager. The walk itself is in ``structure``."""

from __future__ import annotations

from packagers.packager import Packager


class StreamPackager(Packager):
    """Pack an iterator whose chunks have no packager for streams of their own."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = True
    READERS = {"file": "data"}

    def unbundle(self, obj: object) -> list[object]:
        """Take the chunks; ``structure`` takes them one at a time instead."""
        return list(obj)  # type: ignore[call-overload, no-any-return]
