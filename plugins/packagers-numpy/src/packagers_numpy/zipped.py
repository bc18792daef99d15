"""Zip files that are written from the first byte to the last, so that they can be digested on their way and nothing is written twice.

The bytes are those that ``zipfile`` writes for the same members, but for members over 1 MiB: what stands before their data in a file that
can be gone back in stands behind it, as in one that cannot.
"""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

try:
    from isal.isal_zlib import crc32  # the same checksum, several times faster
except ImportError:
    from zlib import crc32

LARGE = 2**20
"""Bytes of a member from which on it is not held until its end, and its checksum is computed in a thread of its own."""
# The earliest time that a zip file can say; numpy.savez writes the same.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NEEDS, _LIMIT, _FULL = 45, 2**31 - 1, 2**32 - 1
_SIZES_BEHIND = 8


class ZipWriter:
    """A zip file that is being written; a context manager, which writes its directory where nothing failed.

    Args:
        stream: Open for binary writing, at its start.
        compressed: Whether to deflate what is added.
    """

    def __init__(self, stream: IO[bytes], *, compressed: bool) -> None:
        self._stream = stream
        self._method = ZIP_DEFLATED if compressed else ZIP_STORED
        self._at = 0
        self._members: list[ZipInfo] = []
        self._aside: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._aside is not None:
            self._aside.shutdown()
        if kind is None:
            self._finish()

    def open(self, name: str) -> Member:
        """Begin a member; it is to be closed before the next one."""
        found = ZipInfo(name, _EPOCH)
        found.compress_type = self._method
        found.create_system = 3  # the same on every system
        found.external_attr = 0o600 << 16
        found.header_offset = self._at
        self._members.append(found)
        return Member(self, found)

    def put(self, data: Any) -> None:
        """Write what comes next in the file."""
        self._stream.write(data)
        self._at += len(data)

    def put_checked(self, data: memoryview, checksum: int) -> int:
        """Write data as they are, and give the checksum with them."""
        if len(data) < LARGE:
            self.put(data)
            checksum = crc32(data, checksum)
            return checksum
        self._aside = self._aside or ThreadPoolExecutor(1)
        found = self._aside.submit(crc32, data, checksum)
        try:
            self.put(data)
        finally:
            checksum = found.result()  # the data may change after that
        return checksum

    def _finish(self) -> None:
        start = self._at
        for member in self._members:
            self.put(_entry_of(member))
        size, count = self._at - start, len(self._members)
        if count > 0xFFFF or start > _LIMIT or size > _LIMIT:
            end = self._at
            self.put(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, _NEEDS, _NEEDS, 0, 0, count, count, size, start))
            self.put(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        count = min(count, 0xFFFF)
        self.put(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, min(size, _FULL), min(start, _FULL), 0))


class Member:
    """A member that is being written; a context manager."""

    def __init__(self, archive: ZipWriter, found: ZipInfo) -> None:
        self._archive = archive
        self._found = found
        self._held: bytearray | None = bytearray()
        self._checksum = 0
        self._size = 0
        self._stored = 0
        self._deflate = zlib.compressobj(-1, zlib.DEFLATED, -15) if found.compress_type == ZIP_DEFLATED else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._close()

    def write(self, data: Any) -> int:
        """Write the next bytes."""
        piece = memoryview(data).cast("B")
        if self._held is not None and len(self._held) + len(piece) >= LARGE:
            held, self._held = self._held, None
            self._found.flag_bits |= _SIZES_BEHIND
            self._archive.put(self._found.FileHeader(zip64=True))
            self._pass(memoryview(held))
        if self._held is None:
            self._pass(piece)
        else:
            self._held += piece
        return len(piece)

    def _pass(self, piece: memoryview) -> None:
        self._size += len(piece)
        if self._deflate is None:
            self._checksum = self._archive.put_checked(piece, self._checksum)
            self._stored += len(piece)
        else:
            self._checksum = crc32(piece, self._checksum)
            self._put(self._deflate.compress(piece))

    def _put(self, data: bytes) -> None:
        self._archive.put(data)
        self._stored += len(data)

    def _close(self) -> None:
        found = self._found
        if self._held is not None:
            data = bytes(self._held) if self._deflate is None else self._deflate.compress(self._held) + self._deflate.flush()
            found.CRC, found.file_size, found.compress_size = crc32(self._held), len(self._held), len(data)
            self._archive.put(found.FileHeader(zip64=True) + data)
            return
        if self._deflate is not None:
            self._put(self._deflate.flush())
        found.CRC, found.file_size, found.compress_size = self._checksum, self._size, self._stored
        self._archive.put(struct.pack("<4sL2Q", b"PK\7\10", found.CRC, found.compress_size, found.file_size))


def _entry_of(member: ZipInfo) -> bytes:
    """Give the entry of a member in the directory at the end, with what its header says at the beginning."""
    header = member.FileHeader(zip64=True)
    flags_to_date, name = header[6:14], header[30 : 30 + int.from_bytes(header[26:28], "little")]
    sizes, place, wide = (member.compress_size, member.file_size), member.header_offset, []
    if max(sizes) > _LIMIT:
        wide, sizes = [member.file_size, member.compress_size], (_FULL, _FULL)
    if place > _LIMIT:
        wide, place = [*wide, place], _FULL
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    beginning = struct.pack("<4s4B", b"PK\1\2", _NEEDS, member.create_system, _NEEDS, 0)
    rest = struct.pack("<3L5H2L", member.CRC, *sizes, len(name), len(extra), 0, 0, 0, member.external_attr, place)
    return beginning + flags_to_date + rest + name + extra
