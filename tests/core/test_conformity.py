"""What fits a hint: live values, stored classes, and the classes that values may be rebuilt from."""

# ruff: noqa: F821, UP007, UP035, UP045 - older forms of hints are tested too, and text that is a type path

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import decimal
import enum
import fractions
import inspect
import io
import itertools
import os
import pathlib
import re
import types
import typing
import unittest.mock
from collections.abc import Iterator
from typing import Any, Generic, Literal, NamedTuple, NewType, Optional, Protocol, TypedDict, TypeVar, Union

import attrs
import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import NotRequired, ReadOnly, Required, TypeAliasType

from packagers.conformity import Mismatch, accepts_class, classes_in, conforms
from packagers.errors import UnpackError
from packagers.signatures import MISSING, Unresolved
from packagers.typehint import Options, alternatives


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Sparse(TypedDict, total=False):
    a: int
    b: Required[ReadOnly[list[int]]]


class Point(NamedTuple):
    x: int
    y: int


class Plain: ...


class Child(Plain): ...


@dataclasses.dataclass
class Record:
    size: int


class Quacks(Protocol):
    def quack(self) -> str: ...


@typing.runtime_checkable
class Closes(Protocol):
    def close(self) -> None: ...


@typing.runtime_checkable
class Named(Protocol):
    name: str


Free = TypeVar("Free")
Bound = TypeVar("Bound", bound=Plain)
Constrained = TypeVar("Constrained", str, bytes)
Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | str | float | bool | None")
Tree = TypeAliasType("Tree", "list[Tree[Free]] | Free", type_params=(Free,))
UserId = NewType("UserId", int)


class Box(Generic[Free]): ...


class MyList(list[Free]): ...


class MyDict(dict): ...


class Lazy(collections.abc.Mapping):
    def __init__(self, inner: dict[Any, Any]) -> None:
        self.inner = inner

    def __getitem__(self, key: Any) -> Any:
        return self.inner[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.inner)

    def __len__(self) -> int:
        return len(self.inner)


FRAME, ARRAY = pd.DataFrame({"a": [1]}), np.zeros(2)
GENERATOR = (i for i in range(3))

# A hint, values that fit, and values that do not with the path of what is wrong.
CASES: list[tuple[Any, list[Any], list[tuple[Any, str]]]] = [
    (
        int,
        [1, True, 2**100, enum.IntEnum("E", "A").A, np.int64(1), np.uint8(1)],
        [(1.0, ""), (np.float64(1), ""), (np.bool_(True), ""), ("1", ""), (None, "")],
    ),
    (
        float,
        [1.0, 1, True, float("nan"), np.float64(1), np.float32(1), np.int64(1)],
        [(1j, ""), (np.complex64(1), ""), ("1", ""), (decimal.Decimal(1), "")],
    ),
    (complex, [1j, 1.0, 1, True], [("1", ""), (None, "")]),
    (bool, [True], [(1, ""), (None, "")]),
    (str, ["", np.str_("x")], [(b"", "")]),
    (None, [None], [(0, ""), (False, "")]),
    (Any, [None, 1, object()], []),
    (object, [None, 1], []),
    (MISSING, [None, 1], []),
    (Free, [None, 1], []),
    (pd.DataFrame, [FRAME], [(ARRAY, ""), (None, "")]),
    (Optional[pd.DataFrame], [FRAME, None], [(ARRAY, "")]),
    (Union[pd.DataFrame, np.ndarray], [FRAME, ARRAY], [(None, "")]),
    (np.typing.NDArray[np.float64], [ARRAY, np.zeros(1, int)], [(1.0, "")]),
    (typing.Annotated[int, Options(a=1)], [1], [("x", "")]),
    (UserId, [1], [("x", "")]),
    (Bound, [Plain(), Child()], [(1, "")]),
    (Child, [Child()], [(Plain(), "")]),
    (Constrained, ["x", b"x"], [(1, "")]),
    (Literal["a", 1, None, Color.RED], ["a", 1, None, Color.RED], [("b", ""), (True, ""), (1.0, ""), (Color.BLUE, ""), (2, "")]),
    (Literal[True], [True], [(1, ""), (False, ""), (np.bool_(True), "")]),
    (Literal[1], [1], [(np.int64(1), ""), (True, "")]),
    (types.GenericAlias, [list[int]], [(list, "")]),
    (typing.Final[int], [1], [("x", "")]),
    ("decimal.Decimal | None", [decimal.Decimal(1), None], [(1, "")]),
    (list, [[], [1, "x"], MyList()], [((), "")]),
    (list[int], [[], [1, True], MyList([1])], [([1, "x"], "[1]"), ((1,), ""), (MyList(["x"]), "[0]")]),
    (list[float], [[1, 2.0, True, np.float32(1), np.int8(1)]], [([1j], "[0]")]),
    (list[Any], [[1, "x"]], [((), "")]),
    (list[list[int]], [[[1], []]], [([[1], [2, "x"]], "[1][1]"), ([1], "[0]")]),
    (set[int], [{1}, set()], [({"x"}, "{'x'}"), ([1], "")]),
    (frozenset[str], [frozenset("ab")], [(frozenset([1]), "{1}"), ({"a"}, "")]),
    (collections.deque[int], [collections.deque([1])], [(collections.deque(["x"]), "[0]")]),
    (
        dict[str, int],
        [{}, {"a": 1}, MyDict(a=1), collections.Counter("ab")],
        [({"a": "x"}, ".a"), ({1: 1}, "[1]"), ({"a b": None}, "['a b']")],
    ),
    (dict[str, Any], [{"a": None}], [({1: 1}, "[1]")]),
    (dict[Any, int], [{1: 1}], [({1: "x"}, "[1]"), ({"class": "x"}, "['class']"), ({(1, 2): "x"}, "[tuple]"), ({None: "x"}, "[None]")]),
    (dict[str, list[int]], [{"a": [1]}], [({"layers": [1, 2, 3, "x"]}, ".layers[3]")]),
    (dict[tuple[int, int], str], [{(1, 2): "x"}], [({(1, "x"): "x"}, "[tuple]")]),
    (collections.OrderedDict[str, int], [collections.OrderedDict(a=1)], [({"a": 1}, ""), (collections.OrderedDict(a="x"), ".a")]),
    (collections.Counter[str], [collections.Counter("ab")], [(collections.Counter([1]), "[1]"), ({"a": 1}, "")]),
    (collections.ChainMap[str, int], [collections.ChainMap({"a": 1})], [(collections.ChainMap({"a": "x"}), ".a")]),
    (tuple[int, str], [(1, "x")], [((1,), ""), ((1, "x", 2), ""), ((1, 2), "[1]"), ([1, "x"], "")]),
    (tuple[int, ...], [(), (1, 2)], [((1, "x"), "[1]"), ([1], "")]),
    (tuple[()], [()], [((1,), "")]),
    (tuple, [(), (1, "x")], [([], "")]),
    (tuple[Point, Any], [(Point(1, 2), None)], [(((1, 2), None), "[0]")]),
    (Point, [Point(1, 2), Point("not", "checked")], [((1, 2), "")]),
    (Record, [Record(1), Record("not checked")], [({"size": 1}, "")]),
    (
        Movie,
        [{"title": "x"}, {"title": "x", "year": 1}, {"title": "x", "more": 1}],
        [({}, ""), ({"title": 1}, ".title"), ({"title": "x", "year": "x"}, ".year"), (1, ""), (Lazy({"title": "x"}), "")],
    ),
    (Sparse, [{"b": []}, {"a": 1, "b": [1]}], [({"a": 1}, ""), ({"b": ["x"]}, ".b[0]"), ({"a": "x", "b": []}, ".a")]),
    (list[Movie], [[{"title": "x"}]], [([{"title": "x"}, {"title": 1}], "[1].title")]),
    (
        collections.abc.Mapping[str, int],
        [{"a": 1}, Lazy({"a": 1}), types.MappingProxyType({"a": 1})],
        [({"a": "x"}, ".a"), (Lazy({"a": "x"}), ".a"), ([], "")],
    ),
    (
        collections.abc.Sequence[int],
        [[1], (1,), range(3), b"ab", collections.deque([1])],
        [("ab", "[0]"), ([1, "x"], "[1]"), ({1}, ""), (ARRAY, "")],
    ),
    (collections.abc.Sequence[str], ["ab", ["a"]], [([1], "[0]")]),
    (collections.abc.Set[int], [{1}, frozenset([1]), {1: 2}.keys()], [({"x"}, "{'x'}"), ([1], "")]),
    (collections.abc.Collection[int], [[1], {1}, {1: "x"}], [(["x"], "[0]"), (1, "")]),
    (collections.abc.Iterable[int], [[1], GENERATOR, {1}, {1: "x"}.keys(), ARRAY, FRAME], [(["x"], "[0]"), (1, "")]),
    (collections.abc.Iterator[int], [GENERATOR, iter(["not consumed"])], [([1], "")]),
    (typing.Iterator[pd.DataFrame], [GENERATOR], [(FRAME, "")]),
    (collections.abc.Generator[int, None, None], [GENERATOR], [(iter([]), "")]),
    (collections.abc.Hashable, [1, ()], [([], "")]),
    (collections.abc.Callable[[int], str], [len, Plain], [(1, "")]),
    (os.PathLike, [pathlib.Path()], [("x", "")]),
    (os.PathLike[str], [pathlib.Path()], [("x", "")]),
    (re.Pattern[str], [re.compile("x"), re.compile(b"x")], [("x", "")]),
    (type[Plain], [Plain, Child], [(int, ""), (Plain(), ""), (1, "")]),
    (type[int | str], [int, bool, str], [(bytes, "")]),
    (type[Any], [int], [(1, "")]),
    (type, [int], [(1, "")]),
    (Box[int], [Box()], [(1, "")]),
    (MyList[int], [MyList(["not checked"])], [([1], "")]),
    (Quacks, [1, None], []),
    (Closes, [io.StringIO()], [(1, "")]),
    (Named, [inspect.Parameter("x", inspect.Parameter.KEYWORD_ONLY)], [(1, "")]),
    (typing.SupportsInt, [1, 1.5], [("x", "")]),
    (typing.BinaryIO, [io.BytesIO()], []),
    (typing.IO[str], [io.StringIO()], []),
    (Json, [None, 1, {"a": [1, "x", {"b": None}]}], [({"a": [1, {"b": {1}}]}, ".a[1].b"), ({1: 1}, "[1]"), (b"", "")]),
    (Tree[int], [1, [1, [2, [3]]]], [([1, [2, ["x"]]], "[1][1][0]")]),
    (list[int] | list[str], [[1], ["x"]], [([1, "x"], "[1]")]),
    (list[int] | dict[str, int] | None, [[1], {"a": 1}, None], [({"a": "x"}, ".a"), (["x"], "[0]"), ((), "")]),
    (Optional[tuple[int, int]], [(1, 2), None], [((1, "x"), "[1]"), ((1,), "")]),
]


@pytest.mark.parametrize(("hint", "good", "bad"), CASES, ids=lambda value: str(value)[:40] if not isinstance(value, list) else "")
def test_values_fit_or_the_path_of_what_does_not_is_given(hint: Any, good: list[Any], bad: list[tuple[Any, str]]) -> None:
    for value in good:
        assert conforms(value, hint) is None
    for value, path in bad:
        found = conforms(value, hint)
        assert found is not None, value
        assert found.path == path
        assert found.reason
        assert str(found).startswith(path)


@pytest.mark.parametrize(
    ("value", "hint", "text"),
    [
        ("x", int, "expected int, found str"),
        (None, pd.DataFrame, "expected pandas.DataFrame, found None"),
        (1.5, Optional[list[int]], "expected list[int] | None, found float"),
        ("c", Literal["a", "b"], "expected 'a' | 'b', found 'c'"),
        ("x" * 1000, Literal["a"], f"expected 'a', found {'x' * 40!r}…"),
        (10**5000, Literal["a"], "expected 'a', found int"),
        ([1, "x"], list[int], "[1]: expected int, found str"),
        ({1: 1}, dict[str, int], "[1]: as a key: expected str, found int"),
        ({10**5000: 1}, dict[str, int], "[int]: as a key: expected str, found int"),
        ((1,), tuple[int, int], "expected 2 items, found 1"),
        ({}, Movie, f"the key 'title' of {__name__}.Movie is missing"),
        (1, Movie, f"expected {__name__}.Movie, found int"),
        (int, type[Plain], f"expected type[{__name__}.Plain], found type[int]"),
        (Color.BLUE, Literal[Color.RED], f"expected {__name__}.Color.RED, found {__name__}.Color.BLUE"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 90 else "_",
)
def test_what_is_said(value: Any, hint: Any, text: str) -> None:
    assert str(conforms(value, hint)) == text


def test_iterators_are_not_consumed() -> None:
    numbers = iter([1, 2, 3])
    for hint in (collections.abc.Iterator[str], collections.abc.Iterable[str], collections.abc.Iterator):
        assert conforms(numbers, hint) is None
    assert list(numbers) == [1, 2, 3]
    assert conforms(itertools.count(), collections.abc.Iterable[str]) is None


def test_cycles_and_shared_parts_end() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert conforms(ring, Json) is None
    ring.append({1})
    assert str(conforms(ring, Json)).startswith("[1]: expected")
    shared: list[Any] = [1]
    for _ in range(60):  # 2**60 paths
        shared = [shared, shared]
    assert conforms(shared, Tree[int]) is None
    assert conforms(shared, Json) is None


def test_what_is_nested_very_deeply_is_taken() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert conforms(deep, Json) is None


def test_many_items() -> None:
    assert conforms(list(range(300_000)), list[float]) is None
    assert str(conforms([*range(300_000), "x"], list[int])).startswith("[300000]")


@pytest.mark.parametrize("hint", [Unresolved("pd.DataFrame", "gone"), 5, typing.Self, list["gone.Type"], "gone.Type"])
def test_a_hint_that_cannot_be_used_is_an_error_whatever_the_value(hint: Any) -> None:
    with pytest.raises(UnpackError):
        conforms([1], hint)


class Hostile:
    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError(name)

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __bool__(self) -> bool:
        raise ZeroDivisionError


class HostileList(list[Any]):
    def __iter__(self) -> Any:
        raise ZeroDivisionError

    def __len__(self) -> int:
        raise ZeroDivisionError

    def __getitem__(self, index: Any) -> Any:
        raise ZeroDivisionError


class HostileDict(dict[Any, Any]):
    def items(self) -> Any:
        raise ZeroDivisionError

    def __iter__(self) -> Any:
        raise ZeroDivisionError

    def __contains__(self, key: object) -> bool:
        raise ZeroDivisionError


class HostileMapping(Lazy):
    def __iter__(self) -> Any:
        raise ZeroDivisionError


class HostileMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        raise ZeroDivisionError

    def __subclasscheck__(cls, subclass: type) -> bool:
        raise ZeroDivisionError


class HostileHint(metaclass=HostileMeta): ...


class HostileClassMeta(type):
    def __eq__(cls, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]


class HostileClass(metaclass=HostileClassMeta): ...


class HostileKey(str):
    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __hash__(self) -> int:
        return hash("title")

    def isidentifier(self) -> bool:
        raise ZeroDivisionError


class TestOddValues:
    @pytest.mark.parametrize("hint", [case[0] for case in CASES], ids=str)
    def test_no_value_makes_a_check_fail(self, hint: Any) -> None:
        for value in (
            Hostile(),
            HostileClass(),
            HostileClass,
            HostileList([1, "x"]),
            HostileDict(a=1),
            HostileMapping({}),
            HostileHint(),
            Hostile,
            HostileHint,
            HostileKey("x"),
        ):
            conforms(value, hint)
            for around in ([value], (value,), {"a": value}, {"title": value}, Lazy({"a": value})):
                conforms(around, hint)
        conforms({HostileKey("title"): 1}, hint)

    def test_they_are_refused_where_their_class_tells(self) -> None:
        assert str(conforms(Hostile(), int)) == f"expected int, found {__name__}.Hostile"
        assert conforms(Hostile(), Hostile) is None
        assert str(conforms([Hostile()], list[Literal["a"]])).startswith("[0]: expected 'a'")

    def test_items_are_found_behind_a_subclass_that_hides_them(self) -> None:
        assert str(conforms(HostileList([1, "x"]), list[int])) == "[1]: expected int, found str"
        assert str(conforms(HostileDict(a="x"), dict[str, int])) == ".a: expected int, found str"
        assert str(conforms(HostileDict(title=1), Movie)) == ".title: expected str, found int"

    def test_a_class_that_cannot_be_asked_takes_all(self) -> None:
        assert conforms(1, HostileHint) is None
        assert conforms([HostileHint()], list[HostileHint]) is None

    def test_values_that_say_they_are_of_a_class(self) -> None:
        assert conforms(unittest.mock.Mock(spec=pd.DataFrame), pd.DataFrame) is None
        assert conforms(unittest.mock.MagicMock(spec=list), list[int]) is None


# Any hint that this makes, with a value that fits it and one that does not.
ATOMS: list[tuple[Any, Any, Any]] = [
    (int, st.integers() | st.booleans(), st.text() | st.floats()),
    (float, st.floats() | st.integers(), st.text() | st.none()),
    (str, st.text(), st.integers() | st.binary()),
    (bytes, st.binary(), st.text()),
    (Literal["a", 1], st.sampled_from(["a", 1]), st.sampled_from(["b", True, 1.0, None])),
    (Optional[int], st.none() | st.integers(), st.text()),
    (Color, st.sampled_from(Color), st.integers()),
]
Sample = tuple[Any, Any, Any, str]
"""A hint, a value that fits, one that does not, and the path of what is wrong in it."""


def atoms() -> st.SearchStrategy[Sample]:
    return st.sampled_from(ATOMS).flatmap(lambda atom: st.tuples(st.just(atom[0]), atom[1], atom[2], st.just("")))


def containers(inner: st.SearchStrategy[Sample]) -> st.SearchStrategy[Sample]:
    sizes = st.integers(0, 4)
    names = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1, max_size=5)

    def sequence(cls: type[Any], hint: Any, item: Sample, before: int, after: int) -> Sample:
        return hint, cls([item[1]] * (before + after)), cls([item[1]] * before + [item[2]] + [item[1]] * after), f"[{before}]{item[3]}"

    def mapping(item: Sample, keys: list[str]) -> Sample:
        good = dict.fromkeys(keys, item[1])
        return dict[str, item[0]], good, {**good, keys[-1]: item[2]}, f".{keys[-1]}{item[3]}"

    def pair(first: Sample, second: Sample) -> Sample:
        return tuple[first[0], second[0]], (first[1], second[1]), (first[1], second[2]), f"[1]{second[3]}"

    return st.one_of(
        st.builds(lambda item, a, b: sequence(list, list[item[0]], item, a, b), inner, sizes, sizes),
        st.builds(lambda item, a, b: sequence(tuple, tuple[item[0], ...], item, a, b), inner, sizes, sizes),
        st.builds(lambda item, a, b: sequence(list, collections.abc.Sequence[item[0]], item, a, b), inner, sizes, sizes),
        st.builds(mapping, inner, names),
        st.builds(pair, inner, inner),
        inner.map(
            lambda item: (Optional[item[0]], item[1], item[2] if item[2] is not None else object(), item[3] if item[2] is not None else "")
        ),
    )


@given(st.recursive(atoms(), containers, max_leaves=6))
def test_nested_containers(sample: Sample) -> None:
    hint, good, bad, path = sample
    assert conforms(good, hint) is None
    found = conforms(bad, hint)
    if found is None:  # Optional made None fit somewhere inside
        assert "None" in str(hint)
    else:
        assert found.path == path


class TestAcceptsClass:
    @pytest.mark.parametrize(
        ("hint", "good", "bad"),
        [
            (int, [int, bool, enum.IntEnum], [float, str]),
            (int, [int, bool, np.int64, np.uint8], [float, np.float64, np.bool_, fractions.Fraction, str]),
            (float, [float, int, bool, np.float64, np.float32, np.int8], [complex, np.complex64, decimal.Decimal, np.datetime64, str]),
            (complex, [complex, float, int, np.complex64, np.float16], [str, decimal.Decimal]),
            (bool, [bool], [int, np.bool_]),
            (Plain, [Plain, Child], [object, int]),
            (Child, [Child], [Plain]),
            (None, [type(None)], [int]),
            (Any, [int, object], []),
            (list[int], [list, MyList], [tuple]),
            (Movie, [dict, MyDict], [list]),
            (collections.abc.Mapping, [dict, Lazy], [list]),
            (collections.abc.Sequence[int], [list, tuple, str], [dict, np.ndarray]),
            (os.PathLike, [pathlib.Path, pathlib.PurePath], [str]),
            (collections.abc.Iterator[int], [types.GeneratorType], [list]),
            (Quacks, [int], []),
            (Closes, [io.StringIO], [int]),
            (Named, [int], []),
            (Literal["a"], [str], [int]),
            (type[Plain], [type], [int]),
            (HostileHint, [HostileHint], [int]),
            (np.typing.NDArray[np.float64], [np.ndarray, np.ma.MaskedArray], [list]),
        ],
    )
    def test_classes(self, hint: Any, good: list[Any], bad: list[Any]) -> None:
        (alternative,) = alternatives(hint)
        assert all(accepts_class(alternative, cls) for cls in good)
        assert not any(accepts_class(alternative, cls) for cls in bad)


class Leaf: ...


class Other: ...


@dataclasses.dataclass
class Base:
    leaf: Leaf


@dataclasses.dataclass
class Tied(Base):
    again: Tied | None
    others: dict[str, list[Other]]
    gone: Nowhere


@attrs.define
class Made:
    tied: Tied | None


class Model(pydantic.BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    made: Made
    color: Color


class Row(NamedTuple):
    model: Model


class Rows(TypedDict):
    rows: NotRequired[list[Row]]


class TestClassesIn:
    def test_all_that_a_record_reaches(self) -> None:
        found = classes_in(Optional[Rows])
        assert {Rows, Row, Model, Made, Tied, Leaf, Other, Color, dict, list, str, type(None)} <= set(found.values())
        assert found[f"{__name__}.Leaf"] is Leaf
        assert all(isinstance(cls, type) for cls in found.values())

    @pytest.mark.parametrize(
        ("hint", "expected"),
        [
            (Leaf, {Leaf}),
            (list[Leaf], {list, Leaf}),
            (dict[str, tuple[Leaf, ...]], {dict, str, tuple, Leaf}),
            (tuple[()], {tuple}),
            (Leaf | Other | None, {Leaf, Other, type(None)}),
            (Box[Leaf], {Box, Leaf}),
            (type[Leaf], {type, Leaf}),
            (collections.abc.Callable[[Leaf], Other], {collections.abc.Callable, Leaf, Other}),
            (Literal[Color.RED, "a"], {Color, str}),
            (typing.Annotated[Leaf, Other], {Leaf}),
            (TypeVar("B", bound=Leaf), {Leaf}),
            (NewType("N", Leaf), {Leaf}),
            (Tree[Leaf], {list, Leaf}),
            (Json, {dict, str, list, float, bool, type(None)}),
            ("decimal.Decimal | None", {decimal.Decimal, type(None)}),
            (Any, set()),
            (object, set()),
            (MISSING, set()),
            (5, set()),
            (Unresolved("x", "gone"), set()),
            ("gone.Away", set()),
        ],
    )
    def test_each_hint(self, hint: Any, expected: set[Any]) -> None:
        assert set(classes_in(hint).values()) == expected

    def test_a_generic_record_and_its_items(self) -> None:
        @dataclasses.dataclass
        class Holder(Generic[Free]):
            item: Free
            me: Holder[Free] | None

        assert {Holder, Leaf} <= set(classes_in(Holder[Leaf]).values())

    def test_local_classes(self) -> None:
        class Local: ...

        assert list(classes_in(list[Local]).values()) == [list, Local]

    def test_the_hint_comes_first(self) -> None:
        assert next(iter(classes_in(Tied))) == f"{__name__}.Tied"


def test_a_mismatch_is_a_value() -> None:
    assert Mismatch(".a", "wrong") == Mismatch(".a", "wrong")
    assert str(Mismatch("", "wrong")) == "wrong"
