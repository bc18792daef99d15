"""The items of a set have one order, the same in every process: it depends on what they are made of, never on hashes or addresses."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.ordering import in_order

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes

PACK = """
import sys
sys.path.insert(0, sys.argv[2])
import packagers, sample_types as shapes
from pathlib import PurePosixPath
shared = shapes.Frozen("s", (1, frozenset({"x", "y"})))
unrelated = [object() for _ in range(int(sys.argv[3]))]  # so that addresses differ
things = [shapes.Thing(name, i) for i, name in enumerate("dbca")]
value = {
    "scalars": {1, "a", b"b", None, 2.5, (1, "x"), frozenset({"p", "q"}), range(3), True},
    "sharing": {shapes.Frozen("a", (shared,)), shapes.Frozen("b", (shared,)), shapes.Frozen("c", (shared, shared)), shared},
    "heavy": {bytes([i]) * 70_000 for i in range(5)},
    "paths": {PurePosixPath(name) for name in "xyz"},
    "enums": set(shapes.Color) | {shapes.Access.READ, shapes.Access.READ | shapes.Access.WRITE},
}
artifact = packagers.pack(value, "v : file", sys.argv[1])
packagers.pack(set(things), "*things", sys.argv[1])
print(artifact.digest, *(packagers.unpack(f"{sys.argv[1]}/things_{i}").name for i in range(4)))
"""


def test_the_digest_of_sets_is_the_same_in_every_process(tmp_path: Path) -> None:
    seen = set()
    for seed in range(6):
        folder = tmp_path / str(seed)
        command = [sys.executable, "-c", PACK, str(folder), str(shapes.here()), str(seed * 1000)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONHASHSEED": str(seed)})
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1, seen


@pytest.mark.parametrize(
    "items",
    [
        [3, 20, 100],
        ["a", "b", "ü"],
        [10**5000, 10**5001],
        [Fraction(1, 3), Fraction(10**5000, 7)],
        [shapes.Thing("a", 1), shapes.Thing("b", 1), shapes.Thing("b", [2])],
        [shapes.Label("a"), shapes.Label("b"), shapes.Number(10**5000)],
        [PurePosixPath("a"), PurePosixPath("b"), shapes.Frozen("a"), (1, (2, "a")), (1, (2, "b"))],
    ],
    ids=["ints", "texts", "long ints", "Fractions", "objects", "subclasses", "mixed"],
)
def test_the_order_does_not_depend_on_how_they_came(items: list[Any]) -> None:
    expected = [id(item) for item in in_order(items)]
    assert [id(item) for item in in_order(items[::-1])] == expected
    assert [id(item) for item in in_order(items[1:] + items[:1])] == expected


def test_plain_items_are_in_their_own_order() -> None:
    assert in_order({100, 20, 3}) == [3, 20, 100]
    assert in_order({"b", "a"}) == ["a", "b"]


def test_deep_and_cyclic_items_have_a_place() -> None:
    deep: Any = frozenset()
    for _ in range(500):
        deep = frozenset({deep})
    thing = shapes.Thing("a", None)
    thing.held = [thing, {thing}]
    assert len(in_order([deep, thing])) == 2


@given(st.permutations([1, "1", b"1", (1,), ("1",), frozenset({1}), frozenset({"1"}), None, 1.5, range(1), ...]))
def test_items_of_any_kinds_have_one_order(items: list[Any]) -> None:
    assert in_order(items) == in_order(sorted(items, key=repr))
