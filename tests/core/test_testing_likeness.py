"""When two values are alike, without knowing their type."""

from __future__ import annotations

import copy
import datetime
import decimal
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.testing import alike


class Plain:
    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


class ByName:
    """Caches something, and says itself when two are equal."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByName) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]


class Locked:
    def __reduce__(self) -> Any:
        raise TypeError("it holds a lock")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.builds(Plain, x=inner),
    max_leaves=8,
)


@given(plain)
def test_a_deep_copy_is_alike(value: Any) -> None:
    assert alike(value, copy.deepcopy(value))


@pytest.mark.parametrize(
    "value",
    [
        Slotted([1]),
        {1, "a"},
        Counter("abc"),
        OrderedDict(a=1),
        defaultdict(list, a=[1]),
        datetime.date(2020, 1, 1),
        decimal.Decimal("1.0"),
        int,
        len,
    ],
)
def test_so_is_one_of_any_class(value: Any) -> None:
    assert alike(value, copy.deepcopy(value))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ([1], (1,)),
        ([1, 2], [1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1}, {2}),
        (Plain(x=1), Plain(x=1.0)),
        (Plain(), Plain(x=None)),
        (Slotted(1), Slotted(2)),
        (Plain(), Slotted(1)),
        (OrderedDict(a=1), {"a": 1}),
        (ByName("a"), ByName("b")),
        (int, float),
        (Locked(), Locked()),
        (object(), 1),
    ],
)
def test_what_differs_is_not_alike(left: Any, right: Any) -> None:
    assert not alike(left, right)
    assert not alike([left], [right])


def test_an_eq_of_its_own_decides_where_states_differ() -> None:
    left, right = ByName("a"), ByName("a")
    left.cache = 1  # type: ignore[attr-defined]
    assert alike(left, right)


def test_what_refers_to_itself_is_compared() -> None:
    left: list[Any] = [1]
    left.append(left)
    right: list[Any] = [1]
    right.append(right)
    assert alike(left, right)
    right[0] = 2
    assert not alike(left, right)
