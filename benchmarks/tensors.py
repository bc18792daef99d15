"""A state dict, and a whole module with the same weights, next to safetensors' own ``save_file`` and ``load_file``, which maps.

Each file goes as soon as the clock is read, or several GB would wait to be written. What is mapped is not read: with digests that were
checked before, or that are waived, the weights are there at once. Then the figure is one in seconds, for next to a call that does almost
nothing a ratio says little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

import packagers
from benchmarks.alone import Brief, checked, written
from benchmarks.paired import Aim, Case
from packagers import files

MAPPED_S = 0.005


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Pack and unpack a state dict and a module."""
    model = network(1 if quick else 6, 256 if quick else 1024)
    state = model.state_dict()
    size = f"{sum(tensor.nbytes for tensor in state.values()) / 1e6:,.0f} MB"
    repetitions = 2 if quick else 11
    save = partial(save_file, state)

    def case(path: str, limit: str, ours: Callable[[int], Any], raw: Callable[[int], Any], aim: Aim | None) -> Case:
        return Case(path=path, limit=limit, ours=ours, raw=raw, aim=aim, repetitions=repetitions, settle=not quick)

    for value, what, key, most in ((state, "a state dict", "state", 1.05), (model, "a module", "module", 1.1)):
        place = folder / key
        place.mkdir()
        yield case(
            f"pack {what} of {size}",
            "save_file + digest",
            packing(value, key, place),
            saving(save, place, "raw"),
            Aim(most),
        )
        packagers.pack(value, key, place)
        written(place / "raw", save)
        package, raw = place / key, place / "raw"
        yield case(
            f"unpack {what} of {size}",
            "digest + load_file, mapped",
            lambda number, package=package: (files.forget(), packagers.unpack(package))[1],
            lambda number, raw=raw: checked(raw, load_file),
            Aim(most),
        )
        packagers.unpack(package)
        for how, options in (("verified before", {}), ("verify=False", {"verify": False, "trust": "all"})):
            yield case(
                f"unpack {what} of {size}, {how}",
                "load_file, mapped",
                lambda number, package=package, options=options: packagers.unpack(package, **options),
                lambda number, raw=raw: load_file(raw),
                Aim(MAPPED_S, "seconds"),
            )
    yield case(
        f"control: a state dict of {size}, by save_file",
        "itself",
        *(saving(save, folder, name) for name in "ab"),
        None,
    )


def network(layers: int, width: int) -> torch.nn.Module:
    """Make a network of encoder layers."""
    return torch.nn.Sequential(*(torch.nn.TransformerEncoderLayer(width, 8, 2 * width) for _ in range(layers)))


def packing(value: Any, key: str, place: Path) -> Callable[[int], Brief]:
    """Give what packs a value into a fresh folder."""

    def pack(number: int) -> Brief:
        packagers.pack(value, key, place / f"ours-{number}")
        return Brief(place / f"ours-{number}")

    return pack


def saving(save: Callable[[Path], object], place: Path, name: str) -> Callable[[int], Brief]:
    """Give what writes a fresh file."""

    def write(number: int) -> Brief:
        written(place / f"{name}-{number}", save)
        return Brief(place / f"{name}-{number}")

    return write
