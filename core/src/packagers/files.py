"""The files of a payload: fetched and checked when they are asked for, whole or in part.

A file over 8 MiB carries digests of its 1 MiB blocks, so each block can be checked by itself before a byte of it is handed out. What this
process has seen whole and right (``stamps``) is not hashed again.
"""

from __future__ import annotations

import io
import os
import stat
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from packagers.digesting import Digesting
from packagers.digests import (
    BLOCK_SIZE,
    BLOCKS_FROM,
    Digester,
    algorithm_of,
    changed,
    check_bytes,
    check_file,
    digest_file,
    unreadable,
    wrong_size,
)
from packagers.errors import IntegrityError, PackError
from packagers.inmemory import Room, filled, room
from packagers.manifest import FileEntry, check_path
from packagers.stamps import Stamp, is_settled, stamp_in, stamp_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from packagers.remote import Remote

_KEPT = 8
"""Blocks that an open file remembers."""
_MOST_SEEN = 10_000
"""Files that a process remembers to have seen whole; one that goes on for weeks must not fill its memory."""
_seen: set[tuple[Stamp, str]] = set()


class Files:
    """The files of one payload, or one plain file.

    Args:
        folder: Where they stand on this machine, or are put.
        entries: What is known of each, by its path in the folder; ``None`` where nothing is.
        remote: Where they come from, if they are not there yet.
        below: The folder in which they stand there, with a slash at its end; ``None`` where the URL is that of the one file.
        verify: Whether digests are checked.
    """

    def __init__(
        self,
        folder: Path,
        entries: Mapping[str, FileEntry | None],
        remote: Remote | None = None,
        below: str | None = None,
        verify: bool = True,
    ) -> None:
        self.folder = folder
        self._text = str(folder)
        self._entries = entries
        self._remote = remote
        self._below = below
        self._verify = verify

    def names(self, folder: Path) -> list[str] | None:
        """List the files of a folder by name, fetched or not; ``None`` for a folder that is not one of this payload's."""
        text = str(folder)
        if text == self._text:
            return sorted([path for path in self._entries if "/" not in path])
        if not text.startswith(self._text + os.sep):
            return None
        inner = self._name(folder)
        parts = [path.rpartition("/") for path in self._entries]
        return sorted([name for above, _, name in parts if above == inner])

    def whole(self, path: Path) -> Path:
        """Give a file, fetched and checked.

        Raises:
            IntegrityError: Where it is missing, or not what was packed.
            UnpackError: Where it cannot be fetched.
        """
        name = self._name(path)
        self._fetched(path, name)
        entry = self._entries[name]
        if entry is not None and self._verify:
            check(path, entry)
        return path

    def read(self, path: Path, room: Room = room) -> memoryview:
        """Read a whole file into memory of its own; what is given is what was checked.

        Args:
            path: The file.
            room: Makes the memory.

        Raises:
            IntegrityError: As above.
            UnpackError: As above.
        """
        name = self._name(path)
        entry = self._entries[name] if self._verify else None
        return read(self._fetched(path, name), entry, room)

    def open(self, path: Path) -> BinaryIO:
        """Open a file of which perhaps only a part is read: no more is fetched, and each block is checked when it is first read.

        Raises:
            IntegrityError: As above; for a block, when it is read.
            UnpackError: As above.
        """
        name = self._name(path)
        entry = self._entries[name] if self._verify else None
        if self._remote is not None and self._remote.in_parts and not path.exists() and (entry is None or entry.blocks):
            far = self._remote.open(self._place(name))
            return far if entry is None else cast("BinaryIO", BlockFile(far, entry, path))
        opened = _opened(self._fetched(path, name))
        if entry is None or _is_known(stamp_in(os.fstat(opened.fileno())), entry):
            return opened
        if entry.blocks:
            return cast("BinaryIO", BlockFile(opened, entry, path))
        opened.close()
        return io.BytesIO(self.read(path)) if entry.size <= BLOCKS_FROM else self.whole(path).open("rb")

    def beginning(self, text: str, size: int) -> bytes:
        """Give the first bytes of a file, unchecked and no more than these fetched: to see what it claims to be.

        Args:
            text: The file's path.
            size: How many.

        Raises:
            UnpackError: As above.
        """
        if self._remote is not None:
            path = Path(text)
            name = self._name(path)
            if self._remote.in_parts and not path.exists():
                with self._remote.open(self._place(name)) as far:
                    return far.read(size)
            self._fetched(path, name)
        with open(text, "rb", buffering=0) as file:
            return file.read(size)

    def _fetched(self, path: Path, name: str) -> Path:
        if self._remote is not None and not path.exists():
            with self._remote.busy:
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._remote.copy(self._place(name), path)
        return path

    def _name(self, path: Path) -> str:
        return str(path)[len(self._text) + 1 :].replace(os.sep, "/")

    def _place(self, name: str) -> str:
        return "" if self._below is None else self._below + name


class BlockFile(io.RawIOBase):
    """A file for reading whose blocks are checked before bytes of them are handed out.

    Args:
        file: The file itself; closed with this one.
        entry: Its size and the digests of its blocks.
        path: Where it is, for messages.

    Raises:
        IntegrityError: Where its size is not the recorded one; for a changed block, when it is read.
    """

    def __init__(self, file: IO[bytes], entry: FileEntry, path: Path) -> None:
        super().__init__()
        self._file = file
        self._entry = entry
        self._path = path
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        size = file.seek(0, io.SEEK_END)
        if size != entry.size:
            file.close()
            raise IntegrityError(f"the file has {size} bytes and was packed with {entry.size}", file=path)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read anywhere."""
        return True

    def tell(self) -> int:
        """Give the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; arguments as of ``io.IOBase.seek``."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._entry.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer from the position on, as far as the file reaches."""
        target = memoryview(buffer).cast("B")
        wanted = min(len(target), max(self._entry.size - self._position, 0))
        done = 0
        while done < wanted:
            number, first = divmod(self._position, BLOCK_SIZE)
            piece = memoryview(self._block(number))[first : first + wanted - done]
            target[done : done + len(piece)] = piece
            done += len(piece)
            self._position += len(piece)
        return done

    def close(self) -> None:
        """Close the file itself too."""
        if not self.closed:
            self._file.close()
        super().close()

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            self._file.seek(number * BLOCK_SIZE)
            block = self._file.read(min(BLOCK_SIZE, self._entry.size - number * BLOCK_SIZE))
            check_bytes(block, self._entry.blocks[number], self._path)
            self._blocks[number] = block
            if len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        return block


def read(path: Path, entry: FileEntry | None, room: Room) -> memoryview:
    """Read a whole file into memory of its own, hashed while it is read, unless this process has already seen exactly these bytes.

    Args:
        path: The file.
        entry: What it has to be; ``None`` where that is not known, or not asked for.
        room: Makes the memory.

    Raises:
        IntegrityError: Where it is missing, or not what was packed.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return _read(file, path, entry, room)
    except OSError as error:
        raise unreadable(path, error) from error


def _read(file: io.FileIO, path: Path, entry: FileEntry | None, room: Room) -> memoryview:
    stamp = stamp_in(os.fstat(file.fileno()))
    if entry is None:
        return filled(file, stamp[2], room)
    if stamp[2] != entry.size:
        raise wrong_size(path, stamp[2], entry.size)
    seen, settled = _is_known(stamp, entry), is_settled(stamp)
    with Digester(algorithm_of(entry.digest, path), beside=False) as digester:
        memory = filled(file, entry.size, room, None if seen else digester)
        unchanged = stamp_in(os.fstat(file.fileno())) == stamp
        if seen and unchanged:
            return memory
        if seen:
            digester.feed(memory)
        if len(memory) != entry.size or digester.digest != entry.digest:
            raise changed(path)
    if settled and unchanged:
        _remember(stamp, entry.digest)
    return memory


def check(path: Path, entry: FileEntry) -> None:
    """Check a whole file, unless this process has already seen exactly these bytes there.

    Raises:
        IntegrityError: Where it is missing, or not what was packed.
    """
    if not is_seen(path, entry):
        stamp = _found(path)
        settled = is_settled(stamp)
        check_file(path, entry.size, entry.digest)
        if settled and _found(path) == stamp:
            _remember(stamp, entry.digest)


def is_seen(path: Path, entry: FileEntry) -> bool:
    """Tell whether this process has seen that a file is what was packed.

    Raises:
        IntegrityError: Where it is missing.
    """
    return _is_known(_found(path), entry)


def _is_known(stamp: Stamp, entry: FileEntry) -> bool:
    return (stamp, entry.digest) in _seen and stamp[2] == entry.size


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


def forget() -> None:
    """Forget which files this process has seen; each is hashed again."""
    _seen.clear()


def entry_of(path: Path, name: str, algorithm: str, digesting: Digesting | None = None) -> FileEntry:
    """Say what a file is that was just written, and digest it where that was not done on its way.

    Args:
        path: The file.
        name: Its path in the payload.
        algorithm: Of the digests.
        digesting: What knows of files that were digested on their way.

    Raises:
        PackError: For what is no regular file, or has a name that no reader would accept.
    """
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise PackError("a packager wrote something that is no regular file", file=path)
    known = None if digesting is None else digesting.of(path, algorithm)
    if known is None:
        stamp = stamp_of(path)
        settled = is_settled(stamp)
        size, digest, blocks = digest_file(path, algorithm)
    else:
        stamp, size, digest, blocks, settled = known.stamp, known.stamp[2], known.digest, list(known.blocks), True
    try:
        check_path(name)
    except IntegrityError:
        raise PackError(
            f"a packager wrote a file whose name not every system can hold: {name!r}", file=path, remedy="Write it under another name."
        ) from None
    if settled:
        _remember(stamp, digest)
    return FileEntry(name, size, digest, tuple(blocks))


def _found(path: Path) -> Stamp:
    try:
        return stamp_of(path)
    except OSError:
        raise IntegrityError("a file of the package is missing", file=path) from None


def _remember(stamp: Stamp, digest: str) -> None:
    if len(_seen) >= _MOST_SEEN:
        _seen.clear()
    _seen.add((stamp, digest))
