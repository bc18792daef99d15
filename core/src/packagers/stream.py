"""An iterator on its way into a package: its first chunk is looked at, its chunks are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packagers.errors import PackError
from packagers.subject import NO_CHUNK
from packagers.typepath import path_of


class Stream(Iterator[Any]):
    """A stream that starts over with the chunk that was looked at. It holds no chunk that it has given.

    Args:
        chunks: The iterator.
        key: The key of the output, for messages.

    Attributes:
        count: The chunks that were given.
        description: Of the first chunk.
        preview: Of the first chunk.

    Raises:
        PackError: Where the iterator fails to give its first chunk.
    """

    def __init__(self, chunks: Iterator[Any], key: str) -> None:
        self._chunks = chunks
        self.count = 0
        self.description: dict[str, Any] = {}
        self.preview: dict[str, Any] = {}
        try:
            self.ahead = next(chunks, NO_CHUNK)
        except Exception as error:
            raise PackError(
                f"a {path_of(type(chunks))} failed to give its first chunk: {type(error).__name__}: {error}", key=key
            ) from error

    def __next__(self) -> Any:
        chunk = self.ahead
        self.ahead = NO_CHUNK
        if chunk is NO_CHUNK:
            chunk = next(self._chunks)
        self.count += 1
        return chunk

    def summary(self) -> dict[str, Any]:
        """Describe the stream, once all of it was given."""
        return {"chunks": self.count, **({"first": self.description} if self.description else {})}
