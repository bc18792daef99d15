"""A state dict, and a whole module with the same weights, next to safetensors' own ``save_file`` and ``load_file``, which maps.

What is mapped is not read: with digests that were checked before, or that are waived, the weights are there at once. Then the figure is one
in seconds, for next to a call that does almost nothing a ratio says little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

import packagers
from benchmarks.alone import checked, touched, written
from benchmarks.paired import Aim, Case

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
            lambda number, place=place: written(place / f"raw-{number}", save),
            Aim(most),
        )
        packagers.pack(value, key, place)
        written(place / "raw", save)
        package, raw = place / key, place / "raw"
        yield case(
            f"unpack {what} of {size}",
            "digest + load_file, mapped",
            lambda number, package=package: packagers.unpack(touched(package)),
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
        *(lambda number, name=name: written(folder / f"{name}-{number}", save) for name in "ab"),
        None,
    )


def network(layers: int, width: int) -> torch.nn.Module:
    """Make a network of encoder layers."""
    return torch.nn.Sequential(*(torch.nn.TransformerEncoderLayer(width, 8, 2 * width) for _ in range(layers)))


def packing(value: Any, key: str, place: Path) -> Callable[[int], Any]:
    """Give what packs a value into a fresh folder."""
    return lambda number: packagers.pack(value, key, place / f"ours-{number}")
