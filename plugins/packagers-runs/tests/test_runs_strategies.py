"""Strategies: which values are tried, in which order, and what is refused before anything runs."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import UserList
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.testing import distributions
from packagers_runs import (
    FieldError,
    HyperParamOptions,
    Outcome,
    RunsError,
    Strategy,
    UnknownNameError,
    connect,
    new_function,
    new_task,
)
from packagers_runs.models.hyperparams import STRATEGIES
from packagers_runs.strategies.cells import scalar
from packagers_runs.strategies.choosing import choose_strategy

GOLDEN = {"p1": [2, 4, 1], "p2": [10, 20]}

THEIRS = '''
    from packagers_runs import Strategy

    class Halving(Strategy):
        """Goes to the better half of a range."""

        SEQUENTIAL = True
        SEEDED = True
        VARIANTS = ("fast", "slow")

        def __init__(self, space, options, variant=""):
            super().__init__(space, options, variant)
            self.low, self.high = space["rate"]
            self.told = {}

        def ask(self, iteration):
            if iteration > 6:
                return None
            low, high = self.low, self.high
            for number in range(1, iteration):
                middle = (low + high) / 2
                low, high = (middle, high) if self.told[number] else (low, middle)
            return {"rate": (low + high) / 2}

        def tell(self, outcome):
            self.told[outcome.iteration] = outcome.value is not None and outcome.value > 0
'''


def made(space: dict[str, Any], **options: Any) -> Strategy:
    return choose_strategy(space, HyperParamOptions(**options))


def asked(strategy: Strategy, most: int = 1000) -> list[dict[str, Any]]:
    found = []
    for iteration in range(1, most + 1):
        parameters = strategy.ask(iteration)
        if parameters is None:
            break
        found.append(parameters)
    return found


def test_the_golden_grid() -> None:
    grid = made(GOLDEN)
    assert [tuple(each.values()) for each in asked(grid)] == [(2, 10), (4, 10), (1, 10), (2, 20), (4, 20), (1, 20)]
    assert [list(each) for each in asked(grid)] == [["p1", "p2"]] * 6
    assert grid.count == 6
    assert grid.ask(7) is None


@given(space=st.dictionaries(st.text(min_size=1, max_size=5), st.lists(st.integers(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_grid_is_the_product_with_its_first_fastest(space: dict[str, Any]) -> None:
    expected = [dict(zip(space, reversed(row), strict=True)) for row in itertools.product(*reversed(space.values()))]
    assert asked(made(space)) == expected


def test_a_grid_of_a_trillion_costs_nothing() -> None:
    grid = made({"a": range(10**6), "b": range(10**6)})
    assert grid.count == 10**12
    assert grid.ask(10**12) == {"a": 999_999, "b": 999_999}
    assert grid.ask(10**6 + 1) == {"a": 0, "b": 1}


class Model:
    """A class that is a value, and whose objects are."""


def test_values_are_any_objects_and_stay_what_they_are() -> None:
    values = [{"a": 1}, [1, 2], Model, len, lambda: 1, Model(), None, (), "", np.float32(0.5), float("nan"), b"x"]
    found = [each["p"] for each in asked(made({"p": values}))]
    assert all(one is other for one, other in zip(found, values, strict=True))


@pytest.mark.parametrize("strategy", ["grid", "list", "random"])
def test_lists_are_whatever_has_items_in_an_order(strategy: str) -> None:
    for values in ((1, 2), range(1, 3), np.array([1, 2]), pd.Series([1, 2], index=[5, 0]), UserList([1, 2])):
        found = {each["p"] for each in asked(made({"p": values}, strategy=strategy, seed=1 if strategy == "random" else None))}
        assert found == {1, 2}
    assert type(made({"p": np.array([1, 2], "int8")}).ask(1)["p"]) is np.int8  # type: ignore[index]  # there is one
    assert made({"p": pd.Series([7, 8], index=[1, 0])}).ask(1) == {"p": 7}


@pytest.mark.parametrize(
    "values",
    [
        *(3, "adam", b"ab", bytearray(b"ab"), None, {"a": 1}, {1, 2}, (x for x in "ab")),
        *(np.array(3), np.eye(2), pd.DataFrame({"a": [1]})),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("strategy", ["grid", "list", "random"])
def test_what_is_no_list_of_values_is_refused(values: Any, strategy: str) -> None:
    with pytest.raises(FieldError, match=r"hyperparams\['p'\] must be a list"):
        made({"q": [1], "p": values}, strategy=strategy)


@pytest.mark.parametrize("values", [[], (), range(0), np.array([])], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("strategy", ["grid", "list", "random"])
def test_an_empty_list_of_values_is_refused(values: Any, strategy: str) -> None:
    with pytest.raises(FieldError, match=r"(?s)'p' has an empty list of values.*p=1,2"):
        made({"q": [1], "p": values}, strategy=strategy)


def test_no_parameters_at_all_are_refused() -> None:
    for strategy in ("grid", "list", "random"):
        with pytest.raises(FieldError, match="there are no hyper-parameters"):
            made({}, strategy=strategy)


def test_lists_row_by_row() -> None:
    rows = made({"p": [1, 2.5, "x", None], "q": (True, "1", [0], Model)}, strategy="list")
    assert rows.count == 4
    assert asked(rows) == [{"p": 1, "q": True}, {"p": 2.5, "q": "1"}, {"p": "x", "q": [0]}, {"p": None, "q": Model}]
    with pytest.raises(FieldError, match="p has 2, q has 3"):
        made({"p": [1, 2], "q": [1, 2, 3]}, strategy="list")


def test_random_draws_are_those_that_are_written_down() -> None:
    drawn = asked(made({"depth": range(100), "name": ["a", "b", "c"]}, strategy="random", seed=7, max_iterations=5))
    assert drawn == [
        {"depth": 55, "name": "b"},
        {"depth": 97, "name": "c"},
        {"depth": 95, "name": "b"},
        {"depth": 96, "name": "c"},
        {"depth": 2, "name": "b"},
    ]
    assert made({"p": [1]}, strategy="random").count == 10
    fewer = asked(made({"depth": range(100)}, strategy="random", seed=7, max_iterations=3))
    assert fewer == [{"depth": each["depth"]} for each in drawn[:3]]  # whatever is drawn beside it


def test_random_draws_are_spread_evenly() -> None:
    drawn = asked(made({"p": range(10)}, strategy="random", seed=0, max_iterations=2000), 2000)
    counts = [sum(each["p"] == value for each in drawn) for value in range(10)]
    assert min(counts) > 150
    assert max(counts) < 250


def test_random_draws_are_the_same_in_any_process() -> None:
    code = """
import json, sys
from packagers_runs import HyperParamOptions
from packagers_runs.strategies.cells import scalar
from packagers_runs.strategies.choosing import choose_strategy
drawn = choose_strategy({"a": range(1000), "b": range(7)}, HyperParamOptions(strategy="random", seed=2**70, max_iterations=20))
print(json.dumps([drawn.ask(i) for i in range(1, 21)]), "packagers_runs.strategies.optunas" in sys.modules, "optuna" in sys.modules)
"""
    here = asked(made({"a": range(1000), "b": range(7)}, strategy="random", seed=2**70, max_iterations=20))
    for seed in ("0", "1"):
        done = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        assert done.stdout == f"{json.dumps(here)} False False\n"


def test_a_run_without_a_seed_gets_one_that_it_can_record() -> None:
    options = HyperParamOptions(strategy="random", max_iterations=30)
    one, other = (choose_strategy({"p": range(10**6)}, options) for _ in range(2))
    assert options.seed is None
    assert one.options.seed != other.options.seed
    assert asked(one) != asked(other)
    assert asked(choose_strategy({"p": range(10**6)}, one.options)) == asked(one)
    assert made({"p": [1]}, strategy="random", seed=0).options.seed == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"max_iterations": 3}, "max_iterations has no meaning with the strategy grid"),
        ({"seed": 3, "strategy": "list"}, "seed has no meaning with the strategy list"),
        ({"strategy": "grid:fast"}, "grid has no variant 'fast'"),
        ({"strategy": "random:"}, "names no variant"),
        ({"strategy": "custom", "parallel_runs": 2}, "parallel_runs has no meaning with the strategy custom"),
        ({"strategy": "custom", "stop_condition": "a > 1"}, "stop_condition has no meaning with the strategy custom"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises((FieldError, UnknownNameError), match=problem):
        made({"p": [1]}, **options)


def test_live_values_are_recalled_from_the_text_that_documents_have() -> None:
    values: list[Any] = [Model, len, {"a": {1}}, "builtins.len", 3, [1], lambda: 1]
    strategy = made({"p": values, "q": range(10**9)})
    for value in (Model, {"a": {1}}, values[-1]):
        found = strategy.recalled({"p": scalar(value), "q": 5})
        assert found["p"] is next(each for each in values if each == value)
        assert found["q"] == 5
    assert strategy.recalled({"p": "builtins.len"}) == {"p": "builtins.len"}  # text is itself first
    assert strategy.recalled({"p": "[1]", "other": "x"}) == {"p": [1], "other": "x"}
    assert strategy.recalled({"p": "gone"}) == {"p": "gone"}


def test_custom_asks_for_nothing() -> None:
    custom = made({"p": "what the handler likes"}, strategy="custom", selector="max.a")
    assert custom.ask(1) is None
    assert custom.count == 0


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {"halving": "their_strategy:Halving", "absent": "their_absence:X", "wrong": "pathlib:Path"}
    theirs = {"entry_points": {STRATEGIES: entries}, "files": {"their_strategy.py": THEIRS}}
    distributions.write_files({"their-strategy": theirs}, tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "their_strategy", raising=False)


@pytest.mark.usefixtures("strangers")
def test_a_strangers_strategy_learns_from_what_it_is_told() -> None:
    def play(told: list[Outcome], upto: int) -> list[Outcome]:
        strategy = made({"rate": [0.0, 1.0]}, strategy="halving:slow")
        for outcome in told:
            strategy.tell(outcome)
        for iteration in range(len(told) + 1, upto + 1):
            parameters = strategy.ask(iteration)
            assert parameters is not None
            outcome = Outcome(iteration=iteration, parameters=parameters, state="completed", value=0.3 - parameters["rate"])
            strategy.tell(outcome)
            told = [*told, outcome]
        return told

    whole = play([], 6)
    assert [outcome.parameters["rate"] for outcome in whole] == [0.5, 0.25, 0.375, 0.3125, 0.28125, 0.296875]
    assert play(play([], 3), 6) == whole  # resumed
    strategy = made({"rate": [0, 1]}, strategy="halving")
    assert strategy.seed == strategy.options.seed
    assert strategy.variant == ""
    assert strategy.count is None
    assert strategy.report(1, 1, 0.5) is False


@pytest.mark.usefixtures("strangers")
def test_a_strangers_strategy_leads_a_run() -> None:
    task = new_task("halving", handler=lambda rate: 0.3 - rate, returns=["score"])
    task.with_hyper_params({"rate": [0.0, 1.0]}, "max.score", strategy="halving:fast")
    with connect("memory://") as store:
        run = new_function().run(task, store=store)
    assert [row[2] for row in run.status.iterations[1:]] == [0.5, 0.25, 0.375, 0.3125, 0.28125, 0.296875]
    assert run.status.results["best_iteration"] == 2
    assert run.spec.hyper_param_options.seed is not None


@pytest.mark.usefixtures("strangers")
def test_strangers_are_checked() -> None:
    with pytest.raises(FieldError, match="parallel_runs has no meaning with the strategy halving"):
        made({"rate": [0, 1]}, strategy="halving", parallel_runs=2)
    assert made({"rate": [0, 1]}, strategy="halving", parallel_runs=1)
    with pytest.raises(UnknownNameError, match="Did you mean 'fast'"):
        made({"rate": [0, 1]}, strategy="halving:fst")
    with pytest.raises(FieldError, match="max_iterations has no meaning with the strategy halving"):
        made({"rate": [0, 1]}, strategy="halving", max_iterations=3)
    with pytest.raises(UnknownNameError, match="Did you mean 'halving'"):
        HyperParamOptions(strategy="halvin")
    with pytest.raises(RunsError, match="cannot be loaded: ModuleNotFoundError"):
        made({"p": [1]}, strategy="absent")
    with pytest.raises(RunsError, match="no subclass of Strategy"):
        made({"p": [1]}, strategy="wrong")
