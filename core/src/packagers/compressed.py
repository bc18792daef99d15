"""Compressed streams of tar archives, written the same each time and read forwards only, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from packagers import magic
from packagers.errors import UnpackError

_BLOCK = 512
_LARGEST_READ = 1 << 20
_XZ_MEMORY = 128 << 20  # its strongest preset takes 65 MiB


@contextmanager
def open_writer(target: Path, format: str) -> Iterator[IO[bytes]]:
    """Open a new tar file for writing.

    Args:
        target: The file; it must not exist.
        format: ``tar``, ``tar.gz``, ``tar.bz2`` or ``tar.xz``.
    """
    with open(target, "xb") as raw:
        if format == "tar":
            yield raw
            return
        out: IO[bytes]
        if format == "tar.gz":
            # Neither a name nor a time in the header: they would differ each time.
            out = cast(IO[bytes], gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0))
        elif format == "tar.bz2":
            out = bz2.BZ2File(raw, "wb")
        else:
            out = lzma.LZMAFile(raw, "wb")  # noqa: SIM115 - closed by the with below
        with out:
            yield out


def open_reader(file: BinaryIO, format: str) -> BinaryIO:
    """Open a tar file for reading; its first bytes have to be those of the format.

    Args:
        file: The file, at its start.
        format: ``tar``, ``tar.gz``, ``tar.bz2`` or ``tar.xz``.

    Raises:
        UnpackError: Where it is of another format.
    """
    magic.check(file.read(_BLOCK), format, Path(file.name).name)
    file.seek(0)
    if format == "tar":
        return file
    if format == "tar.gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    decoder = bz2.BZ2Decompressor() if format == "tar.bz2" else lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    return cast(BinaryIO, io.BufferedReader(_Decoded(file, decoder), _LARGEST_READ))


class _Decoded(io.RawIOBase):
    """One compressed stream. The readers of the standard library do not limit the memory of xz.

    Args:
        file: The compressed bytes.
        decoder: What turns them into plain ones.
    """

    def __init__(self, file: BinaryIO, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._file = file
        self._decoder = decoder

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data and not self._decoder.eof:
            source = self._file.read(1 << 16) if self._decoder.needs_input else b""
            if not source and self._decoder.needs_input:
                raise EOFError("the compressed data ends early")
            data = self._decoder.decompress(source, len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Forward:
    """The bytes of a tar archive as ``tarfile`` reads them: never backwards, never much at once, and measured.

    A size that lies, in a header, would otherwise send the reader round in circles or make it take gigabytes into memory.

    Args:
        raw: The plain bytes of the archive.
        measure: Called with the position after each read; raises where it is too far.
    """

    def __init__(self, raw: BinaryIO, measure: Callable[[int], None]) -> None:
        self._raw = raw
        self._measure = measure
        self._position = 0
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        if not 0 <= size <= _LARGEST_READ:
            raise UnpackError(f"A header of the archive takes {size:,} bytes")
        self._last = self._raw.read(size)
        self._position += len(self._last)
        self._measure(self._position)
        return self._last

    def tell(self) -> int:
        """Give the position."""
        return self._position

    def seek(self, position: int) -> None:
        """Skip forwards, or stop where the archive ends."""
        if position < self._position:
            raise UnpackError("The archive leads back to where it was already read")
        while self._position < position and self.read(min(position - self._position, _LARGEST_READ)):
            pass

    def finish(self) -> None:
        """See that the archive ended as archives end, and that nothing comes after it.

        Raises:
            UnpackError: Where it is cut off or goes on.
        """
        if self._last != bytes(_BLOCK):
            raise UnpackError("The archive is cut off")
        while self.read(_LARGEST_READ):
            if self._last.count(0) != len(self._last):
                raise UnpackError("Something follows the end of the archive")
