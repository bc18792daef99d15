"""Frozen values: nothing outside changes them, their bounds, and what makes two of them equal."""

from __future__ import annotations

import copy
import decimal
import pickle
import threading
from typing import Any

import pytest

from packagers.errors import PackError
from packagers.frozen import MAX_PARTS, Copier, Frozen, JsonCopier, identity


def test_what_is_read_from_a_frozen_mapping_is_a_copy() -> None:
    frozen = Frozen({"a": [1, {"b": 2}]})
    frozen["a"][1]["b"] = 3
    next(iter(frozen.values())).append(4)
    dict(frozen)["a"].append(5)
    frozen.get("a", []).clear()
    assert frozen == {"a": [1, {"b": 2}]}
    assert repr(frozen) == "{'a': [1, {'b': 2}]}"
    assert "a" in frozen
    assert "b" not in frozen
    with pytest.raises(TypeError):
        frozen["b"] = 1  # type: ignore[index]


def test_a_frozen_mapping_is_copied_as_itself_and_pickled_as_its_values() -> None:
    frozen = Frozen({"a": [1]})
    assert copy.copy(frozen) is frozen
    assert copy.deepcopy([frozen])[0] is frozen
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(frozen, protocol)) == frozen


def test_a_copy_shares_nothing() -> None:
    class Odd:
        def __init__(self) -> None:
            self.items = [1]

    value: Any = {"a": [1, (2, [3])], "b": {4}, (5,): frozenset([6]), "odd": Odd()}
    made = Copier("it").copy(value)
    assert identity({**made, "odd": 0}) == identity({**value, "odd": 0})
    assert made["a"] is not value["a"]
    assert made["a"][1][1] is not value["a"][1][1]
    assert made["odd"].items is not value["odd"].items


def nest(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def doubled(times: int) -> Any:
    value: Any = [1]
    for _ in range(times):
        value = [value, value]
    return value


def itself() -> Any:
    value: Any = []
    value.append(value)
    return value


@pytest.mark.parametrize("copier", [Copier, JsonCopier])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nest(51), "nested deeper than 50 levels"),
        (nest(20_000), "nested deeper than 50 levels"),
        (itself(), "nested deeper than 50 levels"),
        (doubled(40), "more than 100000 parts"),
        ([0] * MAX_PARTS, "more than 100000 parts"),
    ],
    ids=["51", "20000", "itself", "doubled", "long"],
)
def test_bounds(copier: type[Copier], value: Any, message: str) -> None:
    with pytest.raises(PackError, match=f"the thing .*{message}"):
        copier("the thing").copy(value)


def test_the_bounds_can_be_reached() -> None:
    assert Copier("it").copy(nest(50)) == nest(50)
    assert len(Copier("it").copy([0] * (MAX_PARTS - 1))) == MAX_PARTS - 1


def test_what_cannot_be_copied_is_refused() -> None:
    with pytest.raises(PackError, match=r"the thing cannot be copied: TypeError: .*lock"):
        Copier("the thing").copy([threading.Lock()])


def test_json_is_copied_to_plain_types() -> None:
    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "no"

    class Whole(int):
        pass

    class Real(float):
        pass

    made = JsonCopier("it").copy({Text("a"): [Text("b"), Whole(1), Real(0.5), True, None]})
    assert identity(made) == identity({"a": ["b", 1, 0.5, True, None]})


@pytest.mark.parametrize("value", [(1,), {1}, b"x", 1j, ..., {1: 2}, object()])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(PackError, match=r"the thing holds a value of type \w+, which JSON does not have"):
        JsonCopier("the thing").copy([value])


@pytest.mark.parametrize(
    ("left", "right"),
    [(True, 1), (1, 1.0), (0.0, -0.0), ([], ()), (set(), frozenset()), ("", b""), ({"a": 1}, {"a": True}), ([1], [1, 2]), (None, ...)],
)
def test_types_count(left: Any, right: Any) -> None:
    assert identity(left) != identity(right)
    assert identity([left]) != identity([right])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (float("nan"), float("nan")),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: [2], (3,): {4, 5}}, {(3,): {5, 4}, 1: [2]}),
        (complex(0, float("nan")), complex(0, float("nan"))),
        (decimal.Decimal("sNaN"), decimal.Decimal("sNaN")),
        (range(3), range(3)),
        (slice(1, 2), slice(1, 2)),
        (bytearray(b"x"), bytearray(b"x")),
    ],
)
def test_equal_values_are_equal_and_hash_alike(left: Any, right: Any) -> None:
    assert identity(left) == identity(right)
    assert hash(identity(left)) == hash(identity(right))


def test_a_type_without_a_truth_value_of_equality_is_equal_to_itself_alone() -> None:
    class Array:
        def __eq__(self, other: object) -> Any:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]

    one, other = Array(), Array()
    assert identity([one]) == identity([one])
    assert identity([one]) != identity([other])
    hash(identity([one]))
