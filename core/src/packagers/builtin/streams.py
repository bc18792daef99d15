"""Iterators: packed chunk by chunk, each chunk by its own packager. The walk itself is in ``structure``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import IOBase
from typing import Any

from packagers.packager import Packager


class StreamPackager(Packager):
    """Pack an iterator whose chunks have no packager for streams of their own."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def holds(self, obj: Any) -> bool:
        """Take iterators; an open file or a buffer is more than its lines."""
        return not isinstance(obj, IOBase)

    def unbundle(self, obj: object) -> list[object]:
        """Take the chunks; ``structure`` takes them one at a time instead."""
        return list(obj)  # type: ignore[call-overload, no-any-return]

    def bundle(self, items: Iterable[Any], cls: type[Any]) -> Iterator[Any]:
        """Give the chunks one by one."""
        return iter(items)
