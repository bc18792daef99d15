"""Small values as whole packages on disk, next to one file that is written and renamed.

A package is a folder with a signed manifest, which holds a small value itself; that of an array has a payload folder besides. Every byte is
digested, a lock keeps two writers apart, and what was packed is visible at one stroke.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import packagers
from benchmarks.paired import Aim, Case


class Kind(NamedTuple):
    """A kind of value: its name, how a fresh one is made of a number, and whether a payload folder is needed for it."""

    name: str
    make: Callable[[int], Any]
    has_files: bool = False


KINDS = (
    Kind("an int", lambda number: number),
    Kind("a small dict", lambda number: {"accuracy": number / 7, "epochs": number, "name": "a run"}),
    Kind("a text", lambda number: f"what a run says of itself, for the {number}th time"),
    Kind("an array of 16 numbers", lambda number: np.arange(16.0) + number, has_files=True),
)


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Pack and unpack small values."""

    def case(path: str, limit: str, ours: Callable[[int], Any], raw: Callable[[int], Any], most_s: float | None = None) -> Case:
        aim = None if most_s is None else Aim(most_s, "extra")
        return Case(path=path, limit=limit, ours=ours, raw=raw, aim=aim, calls=calls, repetitions=repetitions)

    repetitions, calls = (3, 5) if quick else (31, 20)
    for kind in KINDS:
        place = folder / kind.name
        for name in ("packed", "synced", "stored"):
            (place / name).mkdir(parents=True)
        write, read = writing(kind, place / "stored"), reading(kind, place / "stored")
        most_s = (None, None) if kind.has_files else (120e-6, 80e-6)
        yield case(f"pack {kind.name}", "a file, renamed", packing(kind, place / "packed"), writing(kind, place / "packed"), most_s[0])
        with packagers.settings(durability="full"):
            synced = writing(kind, place / "synced", full=True)
            yield case(f"pack {kind.name}, durability full", "a file, synced and renamed", packing(kind, place / "synced"), synced)
        pack = packing(kind, place / "stored")
        for number in range((repetitions + 1) * calls):
            pack(number)
            write(number)
        yield case(f"unpack {kind.name}", "the file", unpacking(place / "stored"), read, most_s[1])
        if kind.has_files:
            yield case(f"unpack {kind.name}, verify=False", "the file", unpacking(place / "stored", verify=False), read)
            for number in range((repetitions + 1) * calls):
                packagers.unpack(place / "stored" / str(number))
            yield case(f"unpack {kind.name}, verified before", "the file", unpacking(place / "stored"), read)
    for name in "ab":
        (folder / name).mkdir()
    yield case("control: a file, renamed", "itself", *(writing(KINDS[1], folder / name) for name in "ab"))


def packing(kind: Kind, place: Path) -> Callable[[int], Any]:
    """Give what packs a fresh value under a fresh key."""
    return lambda number: packagers.pack(kind.make(number), str(number), place)


def unpacking(place: Path, verify: bool = True) -> Callable[[int], Any]:
    """Give what unpacks one of the packages."""
    return lambda number: packagers.unpack(place / str(number), verify=verify)


def writing(kind: Kind, place: Path, full: bool = False) -> Callable[[int], Any]:
    """Give what writes a fresh value as one file, which is renamed when it is whole; with ``full``, synced with its folder."""

    def write(number: int) -> None:
        target = f"{place}/{number}.raw"
        with open(f"{target}.tmp", "wb") as file:
            if kind.has_files:
                np.save(file, kind.make(number))
            else:
                file.write(json.dumps(kind.make(number)).encode())
            if full:
                file.flush()
                os.fsync(file.fileno())
        os.replace(f"{target}.tmp", target)
        if full:
            handle = os.open(place, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)

    return write


def reading(kind: Kind, place: Path) -> Callable[[int], Any]:
    """Give what reads one of the files."""

    def read(number: int) -> Any:
        with open(f"{place}/{number}.raw", "rb") as file:
            return np.load(file) if kind.has_files else json.loads(file.read())

    return read
