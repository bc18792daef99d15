"""Conditions: what they say, what they refuse, and that none of them costs or reaches anything."""

from __future__ import annotations

import datetime
import enum
import math
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs import ExpressionError
from packagers_runs.models.expression import parse, values_of

laws = settings(max_examples=150, derandomize=True, deadline=None, database=None)


class Level(enum.StrEnum):
    high = "high"


class Spy:
    """A value whose every operator would be noticed."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"a condition looked at {name} of a value")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a condition compared a value by its own rule")

    __hash__ = None  # type: ignore[assignment]


RESULTS = {
    "accuracy": 0.93,
    "loss": math.nan,
    "epoch": 3,
    "name": "a b",
    "small": np.float32(0.5),
    "flag": np.bool_(True),
    "many": {"a": [1, np.int64(2)], 1: "one"},
    "val-loss": 0.1,
    "nothing": None,
    "price": Decimal("1.10"),
    "day": datetime.date(2026, 11, 22),
    "level": Level.high,
    "großes": 10**500,
}
VALUES = values_of(RESULTS, run={"status": {"results": RESULTS, "state": "completed"}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy > 0.9", True),
        ("accuracy>.9 and(epoch>=3.)", True),
        ("0 < accuracy < 1", True),
        ("3 > epoch > 1", False),
        ("not epoch == 4 or nothing > 3", True),
        ("epoch == 4 and nothing > 3", False),
        ("loss < 1", False),
        ("loss >= 1", False),
        ("loss != loss", True),
        ("small == 0.5 and flag", True),
        ("many['a'][1] == 2 and many[1] == \"one\" and many['a'][-2] == 1", True),
        ('name in ["a b", "c"]', True),
        ('"b" in name and "c" not in name', True),
        ("epoch in (1, 2)", False),
        ("results['val-loss'] <= 1e-1", True),
        ("nothing == None and True", True),
        ("2 ** 3 + 1 - 4 * 2 == 9 // 9 % 7 and -1 < +1 and 1 / 2 == .5", True),
        ("price > 1 and price * 2 == 2.2 or price < 2", True),
        ("level == 'high'", True),
        ("day == day", True),
        ("großes > 1", True),
        ("{{ true }}", True),
        ("{{ none == nothing and not false }}", True),
        ('{{ run["status"]["results"]["accuracy"] < 0.9}}', False),
        ("\n{{run['status']['state'] == 'completed'}} ", True),
        ("accuracy\n>\t0.9", True),
    ],
)
def test_what_conditions_say(text: str, expected: bool) -> None:
    assert parse(text).evaluate(VALUES) is expected


def test_the_names_that_are_asked_for() -> None:
    assert parse("{{ a > b['c'] and true }}").names == {"a", "b"}
    assert parse("a['b']['c'] > a['d'] and [1, 2][0] > e[-1] + f[0]").items == {("a", "b"), ("a", "d"), ("f", "0")}


@pytest.mark.parametrize("text", ["", "accuracy >", ">"])
def test_one_that_cannot_be_read_shows_what_one_looks_like(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"accuracy > 0\.9"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("", "empty", None),
        ("{{  }}", "empty", None),
        ("accuracy >", "invalid syntax", 10),
        ("accuracy", "neither true nor false", 0),
        ("  accuracy and flag", "neither true nor false", 2),
        ("not 1", "neither true nor false", 0),
        ("flag and acuracy > 1", "there is no 'acuracy'", 9),
        ("großes > 1 and acuracy", "there is no 'acuracy'", 15),
        ("{{ großes > 1 and acuracy }}", "there is no 'acuracy'", 18),
        ("run['status']['result'] == 1", "there is no 'result'", 14),
        ("many['a'][2] == 1", "there is no item 2", 10),
        ("epoch['a'] == 1", "has no item", 0),
        ("many[epoch] == 1", "named by a constant", 0),
        ("accuracy > '1'", "not supported", 0),
        ("nothing < 1", "not supported", 0),
        ("price + accuracy > 1", "unsupported", 0),
        ("1 in 2", "nothing is in 2", 0),
        ("1 in name", "no text", 0),
        ("many in [many]['a']", "has no item", 8),
        ("1 / 0 > 1", "division by zero", 0),
        ("(0 - 1) ** 0.5 > 1", "root", 0),
        ("name + name == name", "no number", 0),
        ("-name == name", "no number", 0),
    ],
)
def test_what_goes_wrong_says_what_and_where(text: str, problem: str, place: int | None) -> None:
    with pytest.raises(ExpressionError) as found:
        parse(text).evaluate(VALUES)
    assert problem in str(found.value)
    assert found.value.position == place
    assert found.value.text == text
    assert isinstance(found.value, ValueError)


def test_a_missing_name_lists_the_known_ones() -> None:
    with pytest.raises(ExpressionError, match=r"Did you mean 'accuracy'\? Known: accuracy, loss\."):
        parse("acuracy > 1").evaluate({"accuracy": 1, "loss": 2})
    with pytest.raises(ExpressionError, match="There is nothing yet"):
        parse("acuracy > 1").evaluate({})


HOSTILE = [
    "(" * 300 + "1" + ")" * 300,
    "(" * 499 + "1" + ")" * 499,
    "[" * 100 + "]" * 100 + " == 1",
    "-" * 900 + "1 > 0",
    "not " * 200 + "True",
    "1 < " * 240 + "1" + " and x.y",
    "1" + " + 1" * 230 + " > 0",
    "x" * 1001,
    "9**9**9 > 1",
    "2 ** 5000 > 1",
    "großes * großes * großes > 1",
    "(10 ** 1000) ** 2 > 1",
    "10.0 ** 400 > 1",
    "10 ** 400 * 1.0 > 1",
    "'a' * 1000000000 == 'b'",
    "[1] * 1000000000 == 1",
    "many * 3 == 1",
    "9" * 900 + " ** " + "9" * 90 + " > 1",
    "().__class__ == 1",
    "accuracy.__class__ == 1",
    "x.y > 1",
    "1 .real == 1",
    "__import__('os').system('true')",
    "open('x')",
    "print",
    "__builtins__ == 1",
    "[x for x in many]",
    "(x for x in many)",
    "{x for x in many}",
    "{1: 2}",
    "{1, 2}",
    "f'{accuracy}' == '1'",
    "f\"{accuracy}\" == '1'",
    "b'1' == 1",
    "r'1' == 1",
    "(a := 1) == 1",
    "lambda: 0",
    "1 if flag else 2",
    "accuracy is None",
    "many[0:1] == 1",
    "[*many] == 1",
    "yield accuracy",
    "await accuracy",
    "accuracy = 1",
    "accuracy; flag",
    "import os",
    "'\\x41' == 'A'",
    "'a\\",
    "'a",
    "'''a''' == 'a'",
    "1j == 1",
    "1if flag",
    "0x10 == 16",
    "1_0 == 10",
    "012 > 1",
    "1or 2",
    "~1 == 1",
    "1 << 100 > 1",
    "1 @ 2 == 1",
    "accuracy # flag",
    "\0",
    "accuracy > 1\0",
    "\ud800 > 1",
    "'\ud800' == accuracy > 1",
    "{{ accuracy > 1 }} {{ flag }}",
    "{% if accuracy %}",
    "{{ accuracy | upper }}",
    "... == 1",
    "spy > 1",
    "spy == 1",
    "[spy] == 1",
    "hidden['spy'] == 1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_conditions_are_errors_of_ours(text: str) -> None:
    values = {**VALUES, "spy": Spy(), "hidden": {"spy": Spy()}}
    with pytest.raises(ExpressionError):
        parse(text).evaluate(values)


def test_no_event_of_the_interpreter_beside_its_parser() -> None:
    heard: list[str] = []
    watching = True

    def hear(event: str, _: Any) -> None:
        if watching:
            heard.append(event)

    sys.addaudithook(hear)
    for text in HOSTILE:
        try:
            parse(text).evaluate(VALUES)
        except ExpressionError:
            continue
    watching = False
    assert set(heard) <= {"compile"}


def test_conditions_are_text() -> None:
    with pytest.raises(ExpressionError, match="a condition is text"):
        parse(3)  # type: ignore[arg-type]


VOCABULARY = """accuracy loss epoch name many flag run results nothing großes 1 0 2.5 'a' "b" ( ) [ ] , + - * / // % ** < > <= >= == != in
    not and or is if else lambda : . := { } {{ }} True None true ~ @ # \\ ' f'x'"""
WORDS = st.sampled_from(VOCABULARY.split())


@laws
@given(text=st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=30) | st.lists(WORDS, max_size=14).map("".join))
def test_any_text_has_a_value_or_an_error_of_ours(text: str) -> None:
    try:
        found: Any = parse(text).evaluate(VALUES)
    except ExpressionError as error:
        found = error
    if isinstance(found, ExpressionError):
        assert str(found).encode()
        assert found.position is None or 0 <= found.position <= len(text)
    else:
        assert isinstance(found, bool)


def numbers() -> st.SearchStrategy[str]:
    return st.recursive(
        st.integers(0, 50).map(str) | st.floats(0, 100).map(repr) | st.sampled_from("xy"),
        lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(lambda parts: "({} {} {})".format(*parts)),
        max_leaves=5,
    )


def conditions() -> st.SearchStrategy[str]:
    compared = st.tuples(numbers(), st.sampled_from(["<", ">", "<=", ">=", "==", "!="]), numbers()).map(" ".join)
    return st.recursive(
        compared,
        lambda inner: (
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: "({} {} {})".format(*parts))
            | inner.map(lambda part: f"(not {part})")
        ),
        max_leaves=4,
    )


@laws
@given(text=conditions(), x=st.integers(-5, 5), y=st.floats(allow_nan=True))
def test_conditions_mean_what_python_means(text: str, x: int, y: float) -> None:
    try:
        expected = eval(text, {"__builtins__": {}}, {"x": x, "y": y})
    except (ArithmeticError, ValueError):
        with pytest.raises(ExpressionError):
            parse(text).evaluate({"x": x, "y": y})
    else:
        assert parse(text).evaluate({"x": x, "y": y}) is expected
