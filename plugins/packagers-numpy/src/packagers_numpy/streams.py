"""The packager of streams of arrays: one ``npz`` file, written and read one chunk at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextvars import copy_context
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Literal

import numpy as np

from packagers import Instructions, Packager, PackError
from packagers_numpy import npz
from packagers_numpy.dtypes import Layout

Array = np.ndarray[Any, Any]


class ArrayStreamPackager(Packager):
    """Pack an iterator of arrays chunk by chunk; it comes back as an iterator of the same chunks, each read when it is asked for."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = True  # of Iterator: generators and all others
    READERS = MappingProxyType({"npz": "data"})
    DETERMINISTIC = frozenset({"npz"})
    PARTIAL = frozenset({"npz"})

    def pack_file(self, obj: Iterator[Array], folder: Path, *, format: Literal["npz"] = "npz", compressed: bool = False) -> Instructions:
        """Write ``arrays.npz`` with the members ``arr_0``, ``arr_1``, …; no more than one chunk is held at a time.

        Args:
            obj: Arrays of any shapes and dtypes; each is taken once.
            folder: Where to write.
            format: The format.
            compressed: Deflate them.

        Raises:
            PackError: For a chunk that is no array.
        """
        with self.create_file(folder, "arrays.npz") as stream:
            layouts = npz.write(stream, _named(obj), compressed=compressed)
        return {"concatenate": True, **({"layouts": layouts} if layouts else {})}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["npz"] = "npz",
        members: Sequence[int] | None = None,
        layouts: dict[str, Layout] | None = None,
        concatenate: bool = True,
    ) -> Iterator[Array]:
        """Read what :meth:`pack_file` wrote, or the arrays of any ``npz`` file one after the other.

        Args:
            folder: Holds the one file.
            format: The format.
            members: For each chunk the position of its array in the file; recorded where a list of arrays was packed.
            layouts: The dtypes where the file cannot say all of them; recorded.
            concatenate: Recorded for those who read the stream as one array; makes no difference here.
        """
        chunks = _chunks(self.open_file(folder), members, layouts)
        next(chunks)
        return chunks


def _named(chunks: Iterator[Array]) -> Iterator[tuple[str, Array]]:
    """Give names to chunks, and keep none of them."""
    numbers = count()  # enumerate would hold on to each chunk until it has the next one
    for chunk in chunks:
        number = next(numbers)
        if type(chunk) is not np.ndarray:
            raise PackError(
                f"chunk {number} is a {type(chunk).__qualname__}, and the first is a numpy.ndarray",
                remedy="Give chunks of one class, or return a list of them.",
            )
        yield f"arr_{number}", chunk
        del chunk


def _chunks(file: IO[bytes], members: Sequence[int] | None, layouts: dict[str, Layout] | None) -> Generator[Any, None, None]:
    """Give nothing once, when all is open, so that it is closed with the generator; then chunk after chunk."""
    # Whether code may run was decided where the stream was unpacked, not where it is read.
    context = copy_context()
    with file, npz.Archive(file) as archive:
        yield None
        for place in range(len(archive.names)) if members is None else members:
            yield context.run(archive.read, [place], layouts)[0]
