"""How near what a container holds is to the item types of a path."""

from __future__ import annotations

from collections import Counter, OrderedDict, UserDict, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.itemtypes import ANYTHING, OPEN, Fit, fit_of_hinted_items, fit_of_items, fit_of_value
from packagers.typepath import parse

NEAR = Fit(0, True)
FAR = Fit(1, False)


class Pair(NamedTuple):
    left: Any
    right: Any


class Breaking(dict[Any, Any]):
    def items(self) -> Any:
        raise KeyError("broken")


@pytest.mark.parametrize(
    ("path", "obj", "fit"),
    [
        ("list", [1, "a"], OPEN),
        ("list", [], OPEN),
        ("list[int]", [1, 2], NEAR),
        ("list[int]", [1, True], FAR),
        ("list[int]", [1, "a"], None),
        ("list[int]", [], None),
        ("list[object]", [1, "a"], ANYTHING),
        ("list[Any]", [1, "a"], ANYTHING),
        ("list[int, str]", [1], None),
        ("list[list[int]]", [[1], [2]], NEAR),
        ("list[list[int]]", [[1], [True]], FAR),
        ("list[list[int]]", [[1], []], None),
        ("dict[str, int]", {"a": 1}, NEAR),
        ("dict[str, int]", {"a": True}, FAR),
        ("dict[str, int]", {1: 1}, None),
        ("dict[str, int]", {"a": "b"}, None),
        ("dict[str, object]", {"a": "b"}, ANYTHING),
        ("dict[str, int]", {}, None),
        ("dict[str]", {"a": 1}, NEAR),
        ("dict[str, int, int]", {"a": 1}, None),
        ("collections.Counter[str]", Counter("ab"), NEAR),
        ("collections.OrderedDict[str, int]", OrderedDict(a=1), NEAR),
        ("collections.UserDict[str, int]", UserDict(a=1), NEAR),
        ("set[str]", {"a"}, NEAR),
        ("frozenset[str]", frozenset("a"), NEAR),
        ("collections.deque[str]", deque("a"), NEAR),
        ("tuple[int, ...]", (1, 2, 3), NEAR),
        ("tuple[int, ...]", (), None),
        ("tuple[int, str]", (1, "a"), NEAR),
        ("tuple[int, str]", ("a", 1), None),
        ("tuple[int, str]", (1, "a", "b"), None),
        ("tuple[int]", (1, 2), None),
        ("tuple[int, str]", Pair(1, "a"), NEAR),
        ("pkg.Box[int]", 3, None),
        ("dict[str, int]", Breaking(a=1), None),
        ("pkg.Stream[int]", iter([1]), None),
    ],
)
def test_items_of_values(path: str, obj: Any, fit: Fit | None) -> None:
    assert fit_of_items(parse(path), obj) == fit


def test_an_item_that_does_not_fit_ends_the_search() -> None:
    class Watched(list[Any]):
        looked = 0

        def __iter__(self) -> Iterator[Any]:
            for item in list.__iter__(self):
                self.looked += 1
                yield item

    items = Watched(["a"] * 1000)
    assert fit_of_items(parse("list[int]"), items) is None
    assert items.looked == 1


def test_iterators_are_not_used_up() -> None:
    stream = iter([1, 2])
    assert fit_of_items(parse("Iterator[int]"), stream) is None
    assert list(stream) == [1, 2]


def test_whole_values() -> None:
    assert fit_of_value(parse("dict[str, int]"), {"a": 1}) == NEAR
    assert fit_of_value(parse("dict[str, int]"), OrderedDict(a=1)) == FAR
    assert fit_of_value(parse("int"), "a") is None
    assert fit_of_value(parse("object"), "a") == ANYTHING


@pytest.mark.parametrize(
    ("path", "hint", "fit"),
    [
        ("list", "list[int]", OPEN),
        ("list[int]", "list[int]", NEAR),
        ("list[int]", "list[bool]", FAR),
        ("list[int]", "list", None),
        ("list[int]", "list[str]", None),
        ("list[object]", "list[str]", ANYTHING),
        ("dict[str, list[int]]", "dict[str, list[bool]]", FAR),
        ("dict[str, int]", "dict[str]", None),
        ("list[not.loaded]", "list[not.loaded]", NEAR),
        ("list[not.loaded]", "list[other.not_loaded]", None),
        ("list[_io.BytesIO]", "list[io.BytesIO]", NEAR),
        ("tuple[int, ...]", "tuple[int, ...]", NEAR),
        ("tuple[int, ...]", "tuple[int, bool]", FAR),
        ("tuple[int, ...]", "tuple[int, str]", None),
        ("tuple[int, int]", "tuple[int, ...]", None),
        ("tuple[int, str]", "tuple[int, str]", NEAR),
        ("Iterator[int]", "Iterator[int]", NEAR),
    ],
)
def test_items_of_hints(path: str, hint: str, fit: Fit | None) -> None:
    assert fit_of_hinted_items(parse(path), parse(hint)) == fit


SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=2))


@given(st.lists(SCALARS, max_size=6))
def test_one_walk_says_what_each_item_would(items: list[Any]) -> None:
    each = [fit_of_value(parse("int"), item) for item in items]
    expected = None if None in each or not each else max(filter(None, each))
    assert fit_of_items(parse("list[int]"), items) == (expected and Fit(expected.distance, expected.distance == 0))
