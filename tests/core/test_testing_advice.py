"""A suite whose samples have no ``==`` of their own says what to write, and what differs."""

from __future__ import annotations

from threading import Lock
from typing import Any

import pytest

from packagers import DefaultPackager, Registry
from packagers.testing import PackagerSuite

ADVICE = "has no == of its own: define same(left, right) in the test class"


class Graph:
    """A type without ``__eq__``."""

    def __init__(self, name: str = "", cache: Any = None) -> None:
        self.name = name
        self.cache = cache


class Equal(Graph):
    """One with it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]


class Forgetful(DefaultPackager):
    """Lose the cache."""

    READERS = {"object": "code", "result": "data"}
    PACK_SUBCLASSES = True

    def pack_result(self, obj: Graph) -> list[str]:
        """Record class and name."""
        return [type(obj).__name__, obj.name]

    def unpack_result(self, value: list[str]) -> Graph:
        """Give a graph."""
        made: Graph = globals()[value[0]](value[1])
        return made


def suite_of(*samples: Any, **attributes: Any) -> PackagerSuite:
    registry = Registry()
    registry.add(f"{__name__}.Graph", f"{__name__}:Forgetful")
    body = {"type_path": f"{__name__}.Graph", "registry": registry, "samples": lambda self: samples, **attributes}
    return type("Suite", (PackagerSuite,), body)()


def test_a_round_trip_names_the_type_and_what_differs() -> None:
    with pytest.raises(AssertionError) as caught:
        suite_of(Graph("a", cache=1)).test_round_trips_here()
    assert f"; {__name__}.Graph {ADVICE} (these attributes differ: cache)" in str(caught.value)


def test_a_sample_that_is_unlike_its_copy_gets_the_same_advice() -> None:
    with pytest.raises(AssertionError) as caught:
        suite_of(samples=lambda self: [Graph("a", cache=Lock())]).test_samples_are_not_changed()
    assert f"{__name__}.Graph {ADVICE} (these attributes differ: cache)" in str(caught.value)


def test_a_subclass_is_named_as_itself() -> None:
    class Tree(Graph):
        pass

    assert f"Tree {ADVICE}" in suite_of(Graph())._compare(Tree("a"), Tree("b"))


def test_many_attributes_are_listed_in_part() -> None:
    left, right = Graph(), Graph()
    vars(left).update({f"x{index}": index for index in range(30)})
    assert suite_of(Graph())._compare(left, right).endswith("x9, …)")


@pytest.mark.parametrize(
    ("left", "right"), [(Equal("a"), Equal("b")), (Graph("a"), 1)], ids=["it has a == of its own", "the types differ already"]
)
def test_nobody_else_is_advised(left: Any, right: Any) -> None:
    problem = suite_of(Graph())._compare(left, right)
    assert problem.startswith("it differs")
    assert ADVICE not in problem


class Column(Graph):
    """A type whose ``==`` compares item by item."""

    def __eq__(self, other: object) -> Any:
        return Column("compared")

    def __bool__(self) -> bool:
        raise TypeError("a column is neither true nor false")

    __hash__ = None  # type: ignore[assignment]


def test_an_equality_that_is_no_truth_value_is_named() -> None:
    problem = suite_of(Graph())._compare(Column("a"), Column("b"))
    assert "has a == that gives a Column, which is neither True nor False: define same(left, right)" in problem
    assert "(these attributes differ: name)" in problem


def test_a_suite_with_a_same_of_its_own_is_not_advised() -> None:
    problem = suite_of(Graph(), same=lambda self, left, right: False)._compare(Graph("a"), Graph("b"))
    assert problem.startswith("it differs")
    assert ADVICE not in problem
