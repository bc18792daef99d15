"""Files that are digested while they are written, so that nothing has to be read again to say what was packed.

A packager that writes through :func:`create` gets that; what it writes in another way is read and digested afterwards. Whoever changes a
file later, such as a hook, is seen: a finished file is dated one nanosecond before its last change, and any other change dates it later.
"""

from __future__ import annotations

import contextlib
import io
import os
from contextvars import ContextVar, Token
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from packagers.digests import BLOCKS_FROM, PIECE, Digester
from packagers.stamps import Stamp, stamp_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Digested(NamedTuple):
    """A file as it was when it was finished.

    Attributes:
        stamp: What :func:`state_of` gave then.
        digest: Of all of it.
        blocks: Of its 1 MiB blocks, where it has more than 8 MiB.
    """

    stamp: Stamp
    digest: str
    blocks: tuple[str, ...]


class Digesting:
    """A context manager: what :func:`create` makes inside, in this thread or task, is digested.

    Args:
        algorithm: ``"blake3"`` or ``"xxh3"``.
    """

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self._made: dict[str, Digested] = {}
        self._token: Token[Digesting | None] | None = None

    def __enter__(self) -> Digesting:
        self._token = _now.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _now.reset(self._token)

    def add(self, path: Path, found: Digested) -> None:
        """Remember a file that is finished."""
        self._made[str(path)] = found

    def of(self, path: Path, algorithm: str) -> Digested | None:
        """Give what is known of a file; ``None`` where nothing is, it was changed afterwards, or digested by another algorithm."""
        found = self._made.get(str(path))
        is_so = found is not None and found.digest.startswith(algorithm) and found.stamp == stamp_of(path)
        return found if is_so else None


_AT_ONCE = 4 << 20
"""Bytes from which on it is faster to let the file system make room for all before they are written."""
_WHOLE = 64 << 10
"""Bytes of a piece that goes by itself where nothing waits before it, and is hashed in this thread: pickles come in such pieces."""
_now: ContextVar[Digesting | None] = ContextVar("packagers_digesting", default=None)


def create(path: Path) -> BinaryIO:
    """Create a file for writing, digested on its way where a package is being made.

    Args:
        path: The file.
    """
    now = _now.get()
    return path.open("wb") if now is None else cast("BinaryIO", _File(path, now))


class _File(io.BufferedIOBase):
    """A file that is written from the first byte to the last; what is not yet on its way can be written over.

    Going back farther, as some writers of archives do, is possible; then the file has to be read again.
    """

    def __init__(self, path: Path, digesting: Digesting) -> None:
        super().__init__()
        self._path = path
        self._digesting = digesting
        self._file = io.FileIO(path, "w+")
        self._digester: Digester | None = Digester(digesting.algorithm)
        self._buffer = bytearray()
        self._start = 0  # of the buffer in the file
        self._place = 0  # where the file itself stands
        self._at = 0

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be written anywhere."""
        return True

    def tell(self) -> int:
        """Give the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; arguments as of ``io.IOBase.seek``."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._start + len(self._buffer)}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._at = start + offset
        return self._at

    def write(self, data: ReadableBuffer) -> int:
        """Write bytes at the position; they are not needed any more afterwards."""
        if self.closed:
            raise ValueError("the file is closed")
        piece = data if isinstance(data, bytes) else memoryview(data).cast("B")
        size, start = len(piece), self._at - self._start
        is_whole = size >= _WHOLE and piece is data and not self._buffer
        if size < PIECE and not is_whole and 0 <= start <= len(self._buffer):
            self._buffer[start : start + size] = piece
            if len(self._buffer) >= PIECE:
                self.flush()
        else:
            is_next = start == len(self._buffer)
            self.flush()
            if is_next:
                self._pass(memoryview(piece), is_fixed=isinstance(piece, bytes))
            else:
                self._forget()
                self._put(memoryview(piece), self._at)
        self._at += size
        return size

    def flush(self) -> None:
        """Hand what was written to the system."""
        if self._buffer:
            piece, self._buffer = self._buffer, bytearray()
            self._pass(memoryview(piece), is_fixed=True)

    def truncate(self, size: int | None = None) -> int:
        """Give the file another size; the position, if none is given."""
        self.flush()
        self._forget()
        self._start = self._file.truncate(self._at if size is None else size)
        return self._start

    def close(self) -> None:
        """Finish the file, and say what is in it."""
        if self.closed:
            return
        try:
            super().close()  # flushes
            found = None if self._digester is None else (self._digester.digest, tuple(self._digester.blocks))
        finally:
            self._forget()
            self._file.close()
        stamp = None if found is None else _dated(self._path)
        if found is not None and stamp is not None:
            self._digesting.add(self._path, Digested(stamp, *found))

    def _pass(self, piece: memoryview, *, is_fixed: bool) -> None:
        """Write what comes next, and digest it meanwhile; what nobody can change any more is waited for when the next one comes."""
        digester = self._digester
        try:
            if digester is not None:
                digester.wait()
                if not digester.has_blocks and self._start + len(piece) > BLOCKS_FROM:
                    self._begin_blocks(digester)
                digester.feed(piece)
            if len(piece) >= _AT_ONCE and hasattr(os, "posix_fallocate"):
                with contextlib.suppress(OSError):  # not every file system can; where there is no room, the writing says so
                    os.posix_fallocate(self._file.fileno(), self._start, len(piece))
            self._put(piece, self._start)
            if digester is not None and not is_fixed:
                digester.wait()
        except BaseException:
            self._forget()
            raise

    def _begin_blocks(self, digester: Digester) -> None:
        """Digest the blocks from now on, and those that went by while the file might have stayed small."""
        feed = digester.add_blocks()
        self._place = self._file.seek(0)
        before = memoryview(bytearray(self._start))
        while before:
            read = self._file.readinto(before)
            self._place += read
            feed(before[:read])
            before = before[read:]

    def _put(self, piece: memoryview, at: int) -> None:
        if self._place != at:
            self._place = self._file.seek(at)
        while piece:
            written = self._file.write(piece)
            self._place += written
            piece = piece[written:]
        self._start = max(self._start, self._place)

    def _forget(self) -> None:
        self._place = -1  # whoever was interrupted while writing does not know it
        if self._digester is not None:
            self._digester.end()
            self._digester = None


def _dated(path: Path) -> Stamp | None:
    """Date a file that is finished before its last change, and give its stamp; ``None`` where its times cannot tell a later change."""
    try:
        status = os.stat(path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 1))
        stamp = stamp_of(path)
    except OSError:
        return None
    return stamp if stamp[3] < status.st_mtime_ns else None
