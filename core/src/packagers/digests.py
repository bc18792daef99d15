"""Digests: of files, of blocks of files, and of JSON in its canonical form.

A digest is text that names its algorithm: ``"blake3:<64 hex>"`` or ``"xxh3:<32 hex>"``. BLAKE3 is the default, since signatures rest on
it; xxh3 finds accidents but not attacks. Files over 8 MiB also carry the digests of their 1 MiB blocks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from blake3 import blake3

from packagers.errors import IntegrityError, PackError, UnpackError

ALGORITHMS = ("blake3", "xxh3")
BLOCK_SIZE = 1 << 20
BLOCKS_FROM = 8 << 20


def canonical(value: Any) -> bytes:
    """Give the canonical JSON of a value: sorted keys, no blanks, ASCII, RFC 8259.

    >>> canonical({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def digest_json(value: Any) -> str:
    """Give the BLAKE3 digest of a value's canonical JSON."""
    return f"blake3:{blake3(canonical(value)).hexdigest()}"


def digest_file(path: Path, algorithm: str = "blake3") -> tuple[int, str, list[str]]:
    """Read a file once and give its size in bytes, its digest, and for a large one the digests of its 1 MiB blocks.

    Args:
        path: The file.
        algorithm: ``"blake3"`` or ``"xxh3"``.
    """
    blocks: list[str] = []
    in_blocks = path.stat().st_size > BLOCKS_FROM

    def chunks(file: BinaryIO) -> Iterator[bytes]:
        while chunk := file.read(BLOCK_SIZE):
            if in_blocks:
                blocks.append(digest_bytes(chunk, algorithm))
            yield chunk

    with path.open("rb") as file:
        size, digest = digest_stream(chunks(file), algorithm)
    return size, digest, blocks


def digest_bytes(data: bytes, algorithm: str = "blake3") -> str:
    """Give the digest of bytes in memory."""
    return digest_stream(iter((data,)), algorithm)[1]


def digest_stream(chunks: Iterator[bytes], algorithm: str) -> tuple[int, str]:
    """Give the size and the digest of bytes that come in chunks."""
    whole = _hasher(algorithm)()
    size = 0
    for chunk in chunks:
        size += len(chunk)
        whole.update(chunk)
    return size, f"{algorithm}:{whole.hexdigest()}"


def check_file(path: Path, size: int, digest: str) -> None:
    """Check that a file has the size and the digest that were recorded.

    Raises:
        IntegrityError: Where it has not, or is missing.
    """
    algorithm = digest.partition(":")[0]
    if algorithm not in ALGORITHMS:
        raise IntegrityError(f"unknown digest {digest!r}", file=path)
    try:
        found = path.stat().st_size
        if found != size:
            raise IntegrityError(f"the file has {found} bytes and was packed with {size}", file=path)
        with path.open("rb") as file:
            _, actual = digest_stream(iter(lambda: file.read(BLOCK_SIZE), b""), algorithm)
    except FileNotFoundError:
        raise IntegrityError("a file of the package is missing", file=path) from None
    except OSError as error:
        raise IntegrityError(f"a file of the package cannot be read: {error}", file=path) from error
    if actual != digest:
        raise _changed(path)


def check_bytes(data: bytes, digest: str, path: Path) -> None:
    """Check that bytes have the digest that was recorded.

    Args:
        data: The bytes.
        digest: The digest.
        path: The file that they are of, for messages.

    Raises:
        IntegrityError: Where they have not.
    """
    algorithm = digest.partition(":")[0]
    if algorithm not in ALGORITHMS:
        raise IntegrityError(f"unknown digest {digest!r}", file=path)
    if digest_bytes(data, algorithm) != digest:
        raise _changed(path)


def _changed(path: Path) -> IntegrityError:
    return IntegrityError(
        "the file's bytes are not the bytes that were packed", file=path, remedy="Get the package again from where it came from."
    )


@cache
def _hasher(algorithm: str) -> Callable[[], Any]:
    if algorithm == "blake3":
        return blake3
    if algorithm == "xxh3":
        try:
            from xxhash import xxh3_128
        except ImportError:
            raise UnpackError("xxh3 digests need xxhash", remedy="pip install packagers[xxh3]") from None
        return xxh3_128
    raise PackError(f"unknown digest algorithm {algorithm!r}", remedy=f"Choose among: {', '.join(ALGORITHMS)}.")
