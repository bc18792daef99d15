"""The table of iterations and its csv file."""

from __future__ import annotations

import csv
import enum
import functools
import io
import math
import subprocess
import sys
from collections import OrderedDict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers_runs import Outcome
from packagers_runs.strategies.cells import read_cell, scalar, write_cell
from packagers_runs.strategies.table import csv_text, iteration_table


def outcome(iteration: int, parameters: dict[str, Any], state: str = "completed", **results: Any) -> Outcome:
    return Outcome(iteration=iteration, parameters=parameters, state=state, results=results)


def test_the_golden_table() -> None:
    grid = [(2, 10), (4, 10), (1, 10), (2, 20), (4, 20), (1, 20)]
    outcomes = [outcome(number, {"p1": p1, "p2": p2}, accuracy=p1 * p2) for number, (p1, p2) in enumerate(grid, 1)]
    assert iteration_table(reversed(outcomes), ["p1", "p2"]) == [
        ["state", "iter", "param.p1", "param.p2", "output.accuracy"],
        ["completed", 1, 2, 10, 20],
        ["completed", 2, 4, 10, 40],
        ["completed", 3, 1, 10, 10],
        ["completed", 4, 2, 20, 40],
        ["completed", 5, 4, 20, 80],
        ["completed", 6, 1, 20, 20],
    ]


def test_columns_of_iterations_that_give_different_things() -> None:
    outcomes = [
        outcome(1, {"q": 1, "p": 2}, b=1),
        outcome(2, {"q": 1, "p": 2, "more": 3}, "error"),
        outcome(3, {"p": 2}, a=1, b=None),
    ]
    expected = [
        ["state", "iter", "param.p", "param.q", "param.more", "output.b", "output.a"],
        ["completed", 1, 2, 1, None, 1, None],
        ["error", 2, 2, 1, 3, None, None],
        ["completed", 3, 2, None, None, None, 1],
    ]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        assert iteration_table([outcomes[place] for place in order], ["p", "q"]) == expected
    assert iteration_table([], ["p"]) == [["state", "iter", "param.p"]]


class Kind(enum.Enum):
    ONE = 1


class Level(enum.IntEnum):
    LOW = 1


class Shade(enum.StrEnum):
    RED = "red"


class Plain:
    def method(self) -> None:
        """It is a value."""


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError


@attrs.frozen
class Settings:
    depth: int


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, None), (True, True), (3, 3), (0.5, 0.5), ("a", "a"), ("", ""), (math.inf, math.inf),
        (np.float64(0.5), 0.5), (np.int32(3), 3), (np.bool_(True), True), (np.str_("a"), "a"), (np.array(3), 3), (Level.LOW, 1),
        (Shade.RED, "red"), (Text("a"), "a"), (Decimal("0.10"), "0.10"), (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"), (PurePosixPath("a/b"), "a/b"), (Kind.ONE, "Kind.ONE"),
        ([1, "a", None], "[1, 'a', None]"), ((1,), "(1,)"), ({"b": [1], "a": {2, 1}}, "{'b': [1], 'a': {1, 2}}"),
        (OrderedDict(a=1), "{'a': 1}"),
        ({"b", "a"}, "{'a', 'b'}"), (frozenset(), "{}"), (b"ab", "b'ab'"), (range(3), "range(0, 3)"), (Settings(3), "Settings(depth=3)"),
        (len, "builtins.len"), (math.sqrt, "math.sqrt"), (int, "builtins.int"), (np.array([1, 2]), "ndarray([1, 2])"),
        (np.zeros((20, 30)), "ndarray(20, 30)"), (pd.DataFrame({"a": [1]}), "DataFrame(1, 1)"), (np.longdouble(1.5), "1.5"),
        (functools.partial(int, base=2), "partial(builtins.int, (), {'base': 2})"), ([Kind.ONE, Decimal(1)], "[Kind.ONE, Decimal('1')]"),
        (10**5000, None), (-(10**5000), None),
    ],
    ids=lambda value: f"{type(value).__name__}",
)  # fmt: skip
def test_what_stands_in_a_cell(value: Any, cell: Any) -> None:
    found = scalar(value)
    if abs(value) > 10**4000 if isinstance(value, int) else False:
        cell = hex(value)[:400]
    assert found == cell
    assert type(found) is type(cell)


def test_cells_have_no_addresses_and_are_bounded() -> None:
    plain = Plain()
    name = f"{Plain.__module__}.Plain"
    assert scalar(plain) == f"<{name}>"
    assert scalar([plain, Plain]) == f"[<{name}>, {name}]"
    assert scalar(lambda: 1).endswith("test_cells_have_no_addresses_and_are_bounded.<locals>.<lambda>")
    assert scalar(plain.method) == f"{name}.method"
    assert scalar(Hostile()) == f"<{Hostile.__module__}.Hostile>"
    endless: list[Any] = []
    endless.append(endless)
    assert scalar(endless) == "[[[[[[…]]]]]]"
    for large in (list(range(10**6)), {number: number for number in range(10**5)}, [["x" * 10**6] * 10**3] * 10**3, b"x" * 10**7):
        assert len(scalar(large)) <= 400


def test_cells_are_the_same_in_every_process() -> None:
    code = "from packagers_runs.strategies.cells import scalar; print(scalar([{'b', 'a', 'c'}, {'k': {'x', 'y'}}, object(), print, type]))"
    told = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2", "3")
    }
    assert told == {"[{'a', 'b', 'c'}, {'k': {'x', 'y'}}, <builtins.object>, builtins.print, builtins.type]\n"}


def test_csv_of_a_table() -> None:
    table = iteration_table([outcome(1, {"p": 'a,"b"\nc', "q": None}, a=0.1, b="7"), outcome(2, {"p": "=1+1", "q": [1]}, a=-1, b=math.nan)])
    assert csv_text(table) == (
        "state,iter,param.p,param.q,output.a,output.b\r\n"
        'completed,1,"a,""b""\nc",,0.1,\'7\r\n'
        "completed,2,'=1+1,[1],-1,nan\r\n"
    )  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    lines = csv_text(iteration_table([outcome(1, {text: text}, **{text: text})]))
    cells = [cell for row in csv.reader(io.StringIO(lines, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert cells[4:] == ["completed", "1", f"'{text}", f"'{text}"]
    assert read_cell(cells[-1]) == text
    assert write_cell(-1) == "-1"  # a number is none


@given(
    st.lists(
        st.lists(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"))), max_size=4
    )
)
def test_csv_gives_back_what_stood_in_the_table(rows: list[list[Any]]) -> None:
    table = [["x", *row] for row in rows]
    read = [[read_cell(cell) for cell in row] for row in csv.reader(io.StringIO(csv_text(table), newline=""))]
    assert read == table
    assert [list(map(type, row)) for row in read] == [list(map(type, row)) for row in table]


def test_text_that_utf8_has_not_is_escaped() -> None:
    assert csv_text([["a\ud800b"]]) == "a\\ud800b\r\n"
    csv_text([["a\ud800b"]]).encode()


def test_ten_thousand_rows_are_quick_to_make() -> None:
    outcomes = [outcome(number, {"p": number, "q": [number]}, a=number / 7) for number in range(10_000, 0, -1)]
    table = iteration_table(outcomes, ["p", "q"])
    assert len(table) == 10_001
    assert table[10_000] == ["completed", 10_000, 10_000, "[10000]", 10_000 / 7]
    assert csv_text(table).count("\n") == 10_001
