"""Digests: of files, of blocks of files, of bytes as they pass, and of JSON in its canonical form.

A digest is text that names its algorithm: ``"blake3:<64 hex>"`` or ``"xxh3:<32 hex>"``. BLAKE3 is the default, since signatures rest on
it; xxh3 finds accidents but not attacks. Files over 8 MiB also carry the digests of their 1 MiB blocks.
"""

from __future__ import annotations

import json
import sys
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Self

from blake3 import blake3

from packagers.errors import IntegrityError, PackError, UnpackError

ALGORITHMS = ("blake3", "xxh3")
BLOCK_SIZE = 1 << 20
BLOCKS_FROM = 8 << 20
PIECE = 1 << 20
"""Bytes that are read, written or hashed at a time: what a processor's cache holds; from so many on, a thread of its own pays."""
_STEP = 1 << 18
"""The same, where one thread does it all."""
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(value: Any) -> bytes:
    """Give the canonical JSON of a value: sorted keys, no blanks, ASCII, RFC 8259.

    >>> canonical({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return _CANONICAL.encode(value).encode()


def digest_json(value: Any) -> str:
    """Give the BLAKE3 digest of a value's canonical JSON."""
    return f"blake3:{blake3(canonical(value)).hexdigest()}"


def digest_bytes(data: bytes, algorithm: str = "blake3") -> str:
    """Give the digest of bytes in memory."""
    return f"{algorithm}:{_hasher(algorithm)(data).hexdigest()}"


def digest_file(path: Path, algorithm: str = "blake3") -> tuple[int, str, list[str]]:
    """Read a file once and give its size in bytes, its digest, and for a large one the digests of its 1 MiB blocks.

    Args:
        path: The file.
        algorithm: ``"blake3"`` or ``"xxh3"``.
    """
    with Digester(algorithm) as digester, path.open("rb", buffering=0) as file:
        if path.stat().st_size > BLOCKS_FROM:
            digester.add_blocks()
        digester.read(file)
        return digester.size, digester.digest, digester.blocks


def check_file(path: Path, size: int, digest: str) -> None:
    """Check that a file has the size and the digest that were recorded.

    Raises:
        IntegrityError: Where it has not, or is missing.
    """
    try:
        found = path.stat().st_size
        if found != size:
            raise wrong_size(path, found, size)
        with Digester(algorithm_of(digest, path), beside=False) as digester, path.open("rb", buffering=0) as file:
            digester.read(file)
            actual = digester.digest
    except OSError as error:
        raise unreadable(path, error) from error
    if actual != digest:
        raise changed(path)


def check_bytes(data: bytes, digest: str, path: Path) -> None:
    """Check that bytes have the digest that was recorded.

    Args:
        data: The bytes.
        digest: The digest.
        path: The file that they are of, for messages.

    Raises:
        IntegrityError: Where they have not.
    """
    if digest_bytes(data, algorithm_of(digest, path)) != digest:
        raise changed(path)


def algorithm_of(digest: str, path: Path) -> str:
    """Give the algorithm that a digest names.

    Raises:
        IntegrityError: Where it is not known.
    """
    algorithm = digest.partition(":")[0]
    if algorithm not in ALGORITHMS:
        raise IntegrityError(f"unknown digest {digest!r}", file=path)
    return algorithm


def changed(path: Path) -> IntegrityError:
    """Give the error for a file whose digest is another one."""
    return IntegrityError(
        "the file's bytes are not the bytes that were packed", file=path, remedy="Get the package again from where it came from."
    )


def unreadable(path: Path, error: OSError) -> IntegrityError:
    """Give the error for a file that is missing, or is there and cannot be read."""
    why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
    return IntegrityError(f"a file of the package {why}", file=path)


def wrong_size(path: Path, found: int, size: int) -> IntegrityError:
    """Give the error for a file whose size is another one."""
    return IntegrityError(f"the file has {found} bytes and was packed with {size}", file=path)


class Digester:
    """The digest of bytes that pass, and where that is asked for those of their 1 MiB blocks.

    What comes in large pieces is hashed in threads of its own, while the caller goes on to write the same piece or to read the next one; a
    piece must stay as it is until :meth:`wait` has returned. A context manager, which ends the threads.

    Args:
        algorithm: ``"blake3"`` or ``"xxh3"``.
        beside: Whether to have threads. Who only reads and hashes is as fast without: a small piece is still in the processor's cache.

    Attributes:
        size: The bytes that have passed.
        step: The bytes to read at a time.
    """

    def __init__(self, algorithm: str, *, beside: bool = True) -> None:
        self.size = 0
        self.step = PIECE if beside else _STEP
        self._algorithm = algorithm
        self._whole = _hasher(algorithm)()
        self._blocks: _Blocks | None = None
        self._large = PIECE if beside else sys.maxsize
        self._lanes = [_Lane(self._whole.update, self._large)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let the threads go; what was given and is not hashed yet is left."""
        for lane in self._lanes:
            lane.end()

    @property
    def has_blocks(self) -> bool:
        """Whether the blocks are digested too."""
        return self._blocks is not None

    def add_blocks(self) -> Callable[[memoryview], None]:
        """Digest the blocks too; gives what takes the bytes that have passed before, if any have and were waited for."""
        self._blocks = _Blocks(_hasher(self._algorithm))
        if self._algorithm == "xxh3":  # as fast as memory: while a piece is in the cache, both take it
            self._lanes[0].updates.append(self._blocks.update)
        else:
            self._lanes.append(_Lane(self._blocks.update, self._large))
        return self._blocks.update

    def feed(self, piece: memoryview) -> None:
        """Take the next bytes."""
        self.size += len(piece)
        for lane in self._lanes:
            lane.feed(piece)

    def wait(self) -> None:
        """Wait until all bytes that were given are hashed."""
        for lane in self._lanes:
            lane.wait()

    def read(self, file: BinaryIO) -> None:
        """Take all bytes of a file: with threads, one piece is read while the one before is hashed."""
        while piece := file.read(self.step):
            self.wait()
            self.feed(memoryview(piece))

    @property
    def digest(self) -> str:
        """The digest of all bytes."""
        self.wait()
        return f"{self._algorithm}:{self._whole.hexdigest()}"

    @property
    def blocks(self) -> list[str]:
        """The digests of the blocks; none where they were not asked for."""
        self.wait()
        return [] if self._blocks is None else [f"{self._algorithm}:{found}" for found in self._blocks.found()]


class _Blocks:
    """The digests of 1 MiB blocks, of bytes that come in any pieces."""

    def __init__(self, new: Callable[[], Any]) -> None:
        self._new = new
        self._full: list[str] = []
        self._last = new()
        self._room = BLOCK_SIZE

    def update(self, piece: memoryview) -> None:
        while piece:
            part = piece[: self._room]
            self._last.update(part)
            self._room -= len(part)
            piece = piece[len(part) :]
            if not self._room:
                self._full.append(self._last.hexdigest())
                self._last, self._room = self._new(), BLOCK_SIZE

    def found(self) -> list[str]:
        return self._full if self._room == BLOCK_SIZE else [*self._full, self._last.hexdigest()]


class _Lane:
    """One hash: fed in the caller's thread while pieces are small, and in one of its own from the first large one on.

    Who waits does what the thread has not done yet, so that one that is not given a processor holds nobody up.
    """

    def __init__(self, update: Callable[[memoryview], None], large: int = PIECE) -> None:
        self.updates = [update]
        self._large = large
        self._wakes: SimpleQueue[bool] | None = None
        self._busy = allocate_lock()  # held by whoever hashes
        self._pieces: deque[memoryview] = deque()
        self._at = 0  # in the first of them
        self._is_alone = False
        self._error: BaseException | None = None

    def feed(self, piece: memoryview) -> None:
        if not self._pieces and (len(piece) < self._large or not self._start()):
            self._hash(piece)
        elif self._wakes is not None:
            self._pieces.append(piece)
            self._wakes.put(True)

    def wait(self) -> None:
        self._is_alone = True
        with self._busy:
            while self._pieces and self._error is None:
                self._go_on()
            self._is_alone = False
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Let the thread go, which looks for that after each MiB: whoever was interrupted does not wait for it."""
        self._is_alone = True
        if self._wakes is not None:
            self._wakes.put(False)

    def _start(self) -> bool:
        if self._wakes is None:
            wakes: SimpleQueue[bool] = SimpleQueue()
            try:
                start_new_thread(self._run, (wakes,))
            except RuntimeError:  # there can be no more threads here
                return False
            self._wakes = wakes
        return True

    def _run(self, wakes: SimpleQueue[bool]) -> None:
        while wakes.get():
            while self._step():
                pass

    def _step(self) -> bool:
        """Hash the next MiB in the lane's thread; tell whether there may be more for it to do."""
        with self._busy:
            if self._is_alone or not self._pieces or self._error is not None:
                return False
            try:
                self._go_on()
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                self._error = error
        return True

    def _hash(self, piece: memoryview) -> None:
        for update in self.updates:
            update(piece)

    def _go_on(self) -> None:
        """Hash the next MiB; nothing holds on to a piece that is done, for its owner may resize it."""
        end = self._at + PIECE
        self._hash(self._pieces[0][self._at : end])
        if end < len(self._pieces[0]):
            self._at = end
        else:
            self._pieces.popleft()
            self._at = 0


@cache
def _hasher(algorithm: str) -> Callable[..., Any]:
    if algorithm == "blake3":
        return blake3
    if algorithm == "xxh3":
        try:
            from xxhash import xxh3_128
        except ImportError:
            raise UnpackError("xxh3 digests need xxhash", remedy="pip install packagers[xxh3]") from None
        return xxh3_128
    raise PackError(f"unknown digest algorithm {algorithm!r}", remedy=f"Choose among: {', '.join(ALGORITHMS)}.")
