"""Iterators of large chunks, next to the chunks written raw, one after the other into one file.

Ours is one ``npz`` file, which has a checksum of each chunk besides the digests; with ``packagers-numpy[isal]``, as where the tests run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

import packagers
from benchmarks.alone import Brief
from benchmarks.paired import Aim, Case

Array = np.ndarray[Any, Any]


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Pack and unpack an iterator of 64 chunks of 16 MB."""
    count, repetitions = (4, 2) if quick else (64, 5)
    chunk = np.random.default_rng(0).random(2_000_000)
    case = partial(Case, repetitions=repetitions, settle=True, has_memory=True, aim=Aim(1.1))
    what = f"an iterator of {count} chunks of 16 MB"

    def chunks() -> Iterator[Array]:
        for number in range(count):
            yield chunk + number

    def written(number: int, name: str = "raw", hash: Callable[[Any], Any] | None = None) -> Brief:
        path = folder / f"{name}{number}"
        with path.open("wb") as file:
            for each in chunks():
                file.write(each)
                if hash is not None:
                    hash(each.view(np.uint8))
        return Brief(path)

    def packed(number: int) -> Brief:
        packagers.pack(chunks(), f"ours{number}", folder)
        return Brief(folder / f"ours{number}")

    with packagers.settings(digest="xxh3"):
        yield case(path=f"pack {what}, xxh3", limit="written raw", ours=packed, raw=written)
    digested = lambda number: written(number, hash=blake3().update)  # noqa: E731
    yield case(path=f"pack {what}, blake3", limit="written raw + BLAKE3", ours=packed, raw=digested)
    yield case(path=f"pack {what}, blake3", limit="written raw", ours=packed, raw=written, aim=None)
    yield case(path=f"control: {what} written raw", limit="itself", ours=written, raw=partial(written, name="other"), aim=None)
