"""Two values are the same or they differ somewhere, and then it is said where."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections import Counter, OrderedDict, namedtuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from packagers_runs.running.sameness import differences

NAN = float("nan")
Point = namedtuple("Point", "x y")


class Own:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b


class Equal:
    """Says itself when it is equal."""

    def __init__(self, cache: int) -> None:
        self.cache = cache

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    __hash__ = None  # type: ignore[assignment]


class Items(list):  # type: ignore[type-arg]
    """A list with an attribute."""


def items(*values: Any, name: str = "") -> Items:
    made = Items(values)
    made.name = name
    return made


def forest(seed: int) -> RandomForestClassifier:
    features = np.random.default_rng(0).normal(size=(40, 3))
    return RandomForestClassifier(2, random_state=seed).fit(features, features[:, 0] > 0)


def layer(bias: float) -> torch.nn.Module:
    made = torch.nn.Linear(2, 1)
    with torch.no_grad():
        made.weight.fill_(1)
        made.bias.fill_(bias)
    return made


FRAME = pd.DataFrame({"a": [1.0, NAN], "b": ["x", None], "c": pd.array([1, None], dtype="Int64")}, index=pd.Index([5, 7], name="i"))
SAMPLES = [
    NAN,
    -0.0,
    (1, [NAN, {"a": {1, 2}}], frozenset()),
    Point(1, NAN),
    OrderedDict(a=1),
    Counter("aab"),
    Decimal("1.10"),
    Fraction(1, 3),
    datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    datetime.timedelta(1),
    Own(a=1, b=Own(c=[NAN])),
    Slots(1, NAN),
    items(1, 2, name="n"),
    np.array([[1, NAN], [3, 4]]),
    np.array(["2026", "NaT"], dtype="M8[D]"),
    np.array([(1, NAN)], dtype=[("a", int), ("b", float)]),
    np.array([1, "a", None, NAN], dtype=object),
    np.float32(NAN),
    np.random.default_rng(1),
    FRAME,
    FRAME["a"],
    FRAME.index,
    pd.Timestamp("2026-01-01", tz="UTC"),
    pd.Categorical(["a", "b"]),
    torch.tensor([1.0, NAN]),
    layer(1.0),
    forest(1),
    len,
    dict,
]


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: type(value).__name__)
def test_a_copy_is_the_same(value: Any) -> None:
    assert differences(value, pickle.loads(pickle.dumps(value))) == []
    assert differences(value, copy.deepcopy(value)) == []


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        (1, True, ""),
        (1, 1.0, ""),
        (1.0, 1.0 + 1e-15, ""),
        ([1, [2, 3]], [1, [2, 4]], "[1][1]"),
        ([1], [1, 2], ""),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "['a']['b']"),
        ({"a": 1}, {"b": 1}, "['a']"),
        ({1, 2}, {1, 3}, ""),
        (Point(1, 2), Point(1, 3), "[1]"),
        (OrderedDict(a=1), OrderedDict(a=2), "['a']"),
        (Decimal("1.1"), Decimal("1.2"), ""),
        (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), ""),
        (Own(a=1, b=[Own(c=1)]), Own(a=1, b=[Own(c=2)]), ".b[0].c"),
        (Own(a=1), Own(b=1), ".a"),
        (Slots(1, [2]), Slots(1, [3]), ".b[0]"),
        (items(1, 2), items(1, 3), "[1]"),
        (items(1, name="n"), items(1, name="m"), ".name"),
        (np.arange(6).reshape(2, 3), np.array([[0, 1, 2], [3, 9, 5]]), "[1,1]"),
        (np.array([1.0, NAN]), np.array([1.0, 2.0]), "[1]"),
        (np.arange(2), np.arange(2.0), ""),
        (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object), "[1]"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), np.array([(1, 3.0)], dtype=[("a", int), ("b", float)]), "['b'][0]"),
        (FRAME, FRAME.assign(a=[1.0, 2.0]), "['a'][1]"),
        (FRAME, FRAME.assign(b=["x", "y"]), "['b'][1]"),
        (FRAME, FRAME.assign(c=pd.array([2, None], dtype="Int64")), "['c'][0]"),
        (FRAME, FRAME.astype({"a": "float32"}), "['a'].dtype"),
        (FRAME, FRAME.rename(columns={"a": "z"}), ".columns"),
        (FRAME, FRAME.rename_axis("j"), ".index"),
        (FRAME["a"], FRAME["a"].rename("b"), ".name"),
        (torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 3.0]]), "[0,1]"),
        (torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), ""),
        (layer(1.0), layer(2.0), "._parameters['bias'][0]"),
        (forest(1), forest(2), ".random_state"),
        (lambda x: x + 1, lambda x: x + 2, ""),
        (len, max, ""),
    ],
)
def test_it_is_said_where_two_differ(one: Any, other: Any, where: str) -> None:
    found = differences(one, other)
    assert found
    assert found[0].where == where
    assert differences(other, one)


def test_what_says_itself_that_it_is_equal_is_believed_and_its_state_where_it_says_the_contrary() -> None:
    assert differences(Equal(1), Equal(2)) == []
    assert [each.where for each in differences(Own(x=Equal(1), y=1), Own(x=Equal(2), y=2))] == [".y"]
    assert differences(Own(x=[NAN]), Own(x=[NAN])) == []


def test_functions_are_the_same_that_do_the_same() -> None:
    def made(factor: int) -> Any:
        return lambda x: x * factor

    assert differences(made(2), made(2)) == []
    assert differences(made(2), made(3))


def test_files_and_folders_are_compared_by_their_bytes(tmp_path: Path) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "long")):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in" / "file.txt").write_text(text)
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert differences(a / "in" / "file.txt", b / "in" / "file.txt") == differences(a, b) == []
    assert [each.where for each in differences(a, c)] == ["/in/file.txt"]
    assert differences(a, d)[0][1:] == ("1 bytes", "4 bytes")
    (d / "more").write_text("")
    assert [each.where for each in differences(a, d)] == ["/in/file.txt", "/more"]
    assert differences(a, a / "in" / "file.txt")[0].before == "a folder"
    assert differences(Path("x"), Path("y"))


def test_few_places_are_told_and_in_few_words() -> None:
    found = differences(list(range(1000)), [-number for number in range(1000)], most=3)
    assert [each.where for each in found] == ["[1]", "[2]", "[3]"]
    assert len(differences("x" * 10_000, "y" * 10_000)[0].before) == 200
    ring: list[Any] = [1]
    ring.append(ring)
    other: list[Any] = [2]
    other.append(other)
    assert [each.where for each in differences(ring, other)] == ["[0]"]


class Strange:
    dtype = shape = nonzero = property(lambda self: 1 / 0)

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("no")


def test_what_cannot_be_looked_into_is_not_the_same() -> None:
    assert differences(Strange(), Strange())
    assert differences((x for x in [1]), (x for x in [1]))


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.tuples(inner), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(one=VALUES, other=VALUES)
@settings(derandomize=True, max_examples=200)
def test_the_same_is_what_is_written_alike(one: Any, other: Any) -> None:
    assert differences(one, copy.deepcopy(one)) == []
    assert bool(differences(one, other)) == bool(differences(other, one))
    if not differences(one, other) and not isinstance(one, dict):
        assert type(one) is type(other)
