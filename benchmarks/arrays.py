"""Arrays, large and many, next to NumPy's own files, with a digest where ours has one.

What is read lies in memory (the page cache), so that the work is measured and not the disk. Each large file goes as soon as the clock is
read, or some dozens of GB would wait to be written; "first time" means that the process forgets which files it has seen to be whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3
from xxhash import xxh3_128

import packagers
from benchmarks.alone import Brief
from benchmarks.paired import Aim, Case
from packagers import files

Array = np.ndarray[Any, Any]
MANY = 10_000
HASHERS: dict[str, Callable[[Any], Any]] = {"blake3": blake3, "xxh3": xxh3_128}


@dataclass
class Box:
    """A dataclass of arrays in containers."""

    name: str
    layers: dict[str, list[Any]]


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Pack and unpack arrays."""
    chance = np.random.default_rng(0)
    yield from large("8 MB", chance.random(1_000_000), folder / "8", 3 if quick else 31)
    if not quick:
        yield from large("512 MB", chance.random(64_000_000), folder / "512", 9)
    yield from many(list(chance.random((MANY // 20 if quick else MANY, 16))), folder / "many", 1 if quick else 5)


def large(size: str, array: Array, folder: Path, repetitions: int) -> Iterator[Case]:
    """One array."""
    folder.mkdir()
    case = partial(Case, repetitions=repetitions, settle=True, has_memory=True, aim=Aim(1.05))

    def saved(number: int, name: str = "raw") -> Brief:
        path = folder / f"{name}{number}.npy"
        np.save(path, array)
        return Brief(path)

    def packed(number: int) -> Brief:
        packagers.pack(array, f"ours{number}", folder)
        return Brief(folder / f"ours{number}")

    def saved_digested(number: int) -> tuple[Any, Brief]:
        kept = saved(number)
        return digested(array, blake3), kept

    def synced(number: int) -> tuple[Any, Brief]:
        kept = saved_digested(number)
        for path in (kept[1].path, folder):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        return kept

    for digest, limit, raw in (("xxh3", "np.save", saved), ("blake3", "np.save + BLAKE3", saved_digested)):
        with packagers.settings(digest=digest):
            yield case(path=f"pack an array of {size}, {digest}", limit=limit, ours=packed, raw=raw)
            packagers.pack(array, digest, folder)
    with packagers.settings(durability="full"):
        what = f"pack an array of {size}, blake3, durability full"
        yield case(path=what, limit="np.save + BLAKE3, synced", ours=packed, raw=synced, aim=None)
    np.save(folder / "kept.npy", array)
    again = partial(case, has_memory=False)
    for digest in ("blake3", "xxh3"):
        yield case(
            path=f"unpack an array of {size}, first time, {digest}",
            limit=f"np.load + {digest}",
            ours=lambda number, digest=digest: (files.forget(), packagers.unpack(folder / digest))[1],
            raw=lambda number, digest=digest: digested(np.load(folder / "kept.npy"), HASHERS[digest]),
        )
    packagers.unpack(folder / "blake3")
    for how, verify in (("verified before", True), ("verify=False", False)):
        unpack = partial(packagers.unpack, folder / "blake3", verify=verify)
        yield case(
            path=f"unpack an array of {size}, {how}",
            limit="np.load",
            ours=dropping(unpack),
            raw=lambda number: np.load(folder / "kept.npy"),
        )
        unpack = partial(unpack, mmap_mode="r")
        load = partial(np.load, folder / "kept.npy", mmap_mode="r")
        yield again(
            path=f"unpack an array of {size}, mapped, {how}",
            limit="np.load(mmap_mode=…)",
            ours=dropping(unpack),
            raw=dropping(load),
            aim=Aim(1.2),
            calls=20,
        )
        yield again(
            path=f"unpack and sum an array of {size}, mapped, {how}",
            limit="np.load(mmap_mode=…) and sum",
            ours=lambda number, unpack=unpack: unpack().sum(),
            raw=lambda number, load=load: load().sum(),
        )
    yield case(path=f"control: np.save of {size}", limit="itself", ours=saved, raw=partial(saved, name="other"), aim=None)


def many(arrays: list[Array], folder: Path, repetitions: int) -> Iterator[Case]:
    """Many small arrays in a list, a dict and inside of other containers, next to one ``np.savez`` of the same arrays."""
    folder.mkdir()

    def save(number: int) -> None:
        np.savez(folder / f"{number}.npz", *arrays)

    def load(number: int) -> list[Array]:
        with np.load(folder / "kept.npz") as members:
            return [members[name] for name in members.files]

    np.savez(folder / "kept.npz", *arrays)
    for name, make in CONTAINERS.items():
        case = partial(Case, repetitions=repetitions, aim=Aim(1.1) if name == "a list" else None)
        place = folder / name
        value = make(arrays)
        yield case(
            path=f"pack {len(arrays):,} small arrays in {name}",
            limit="np.savez",
            raw=save,
            ours=lambda number, value=value, place=place: packagers.pack(value, str(number), place),
        )
        packagers.pack(value, "kept", place)
        yield case(
            path=f"unpack {len(arrays):,} small arrays in {name}",
            limit="np.load of each",
            raw=load,
            ours=lambda number, place=place: (files.forget(), packagers.unpack(place / "kept"))[1],
        )


def in_layers(arrays: list[Array]) -> Box:
    """Give a dataclass with a dict of lists of arrays."""
    return Box("many", {f"layer {start}": arrays[start : start + 100] for start in range(0, len(arrays), 100)})


def in_mixture(arrays: list[Array]) -> list[Any]:
    """Give lists, tuples and dicts in one another, with numbers and texts among the arrays."""
    return [{"at": number, "pair": (array, f"text {number}")} for number, array in enumerate(arrays)]


CONTAINERS: dict[str, Callable[[list[Array]], Any]] = {
    "a list": list,
    "a dict": lambda arrays: {f"array {number}": array for number, array in enumerate(arrays)},
    "a dataclass": in_layers,
    "a mixture": in_mixture,
}


def digested(array: Array, hasher: Callable[[Any], Any]) -> Array:
    """Give an array after it was hashed."""
    hasher(array.view(np.uint8)).digest()
    return array


def dropping(work: Callable[[], Any]) -> Callable[[int], Any]:
    """Give the same as what takes a number."""
    return lambda number: work()
