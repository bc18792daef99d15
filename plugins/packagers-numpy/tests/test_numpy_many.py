"""Ten thousand small arrays are two or three files, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers

MANY = 10_000


@dataclass
class Network:
    """A dataclass with arrays below dicts and lists."""

    name: str
    layers: dict[str, list[np.ndarray[Any, Any]]]
    first: np.ndarray[Any, Any]


def _arrays() -> list[np.ndarray[Any, Any]]:
    return list(np.arange(4.0 * MANY).reshape(MANY, 4))


def _network() -> Network:
    arrays = [array.copy() for array in _arrays()]
    return Network("deep", {f"layer {start}": arrays[start : start + 10] for start in range(0, MANY, 10)}, arrays[0])


CONTAINERS: dict[str, tuple[Callable[[], Any], Callable[[Any], list[Any]]]] = {
    "list": (_arrays, list),
    "dict": (lambda: {f"array {number}": array for number, array in enumerate(_arrays())}, lambda back: list(back.values())),
    "dict of odd keys": (lambda: {f"{number}/": array for number, array in enumerate(_arrays())}, lambda back: list(back.values())),
    "dict by number": (lambda: dict(enumerate(_arrays())), lambda back: list(back.values())),
    "dataclass": (_network, lambda back: [array for layer in back.layers.values() for array in layer]),
    "mixture": (
        lambda: [{"at": number, "pair": (array, f"text {number}")} for number, array in enumerate(_arrays())],
        lambda back: [each["pair"][0] for each in back],
    ),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_many_arrays_are_few_files(tmp_path: Path, name: str) -> None:
    make, arrays_of = CONTAINERS[name]
    packagers.pack(make(), "many", tmp_path)
    assert sum(path.is_file() for path in (tmp_path / "many").rglob("*")) <= 3
    back = packagers.unpack(tmp_path / "many")
    np.testing.assert_array_equal(np.array(arrays_of(back)), np.array(_arrays()))
    assert not isinstance(back, Network) or back.first is back.layers["layer 0"][0]
