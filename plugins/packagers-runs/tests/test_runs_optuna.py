"""The strategy optuna: its spaces, its samplers, and that it goes on where it was stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import optuna
import pytest

from packagers_runs import FieldError, HyperParamOptions, Outcome, Strategy, UnknownNameError
from packagers_runs.strategies.choosing import choose_strategy

SPACE = {
    "rate": {"low": 1e-4, "high": 1.0, "log": True},
    "depth": range(1, 33),
    "kind": [dict, "adam", [1, 2]],
    "share": {"low": 0.0, "high": 1.0, "step": 0.25},
}


def made(space: dict[str, Any] | None = None, **options: Any) -> Strategy:
    return choose_strategy(SPACE if space is None else space, HyperParamOptions(**{"strategy": "optuna", "selector": "max.a", **options}))


def score(parameters: dict[str, Any]) -> float:
    return -abs(parameters["depth"] - 20) - 10 * abs(parameters["rate"] - 0.1) + (parameters["kind"] is dict)


def play(strategy: Strategy, told: list[Outcome], upto: int, value_of: Callable[[dict[str, Any]], float] = score) -> list[Outcome]:
    """Go on from what was told, one by one; every seventh iteration fails, every fifth is pruned."""
    for outcome in told:
        strategy.tell(outcome)
    ended = list(told)
    for iteration in range(len(told) + 1, upto + 1):
        parameters = strategy.ask(iteration)
        assert parameters is not None
        value, reports = value_of(parameters), {1: value_of(parameters) / 2, 2: value_of(parameters)}
        for step, reported in reports.items():
            strategy.report(iteration, step, reported)
        state = "error" if iteration % 7 == 0 else "skipped" if iteration % 5 == 0 else "completed"
        ended.append(
            Outcome(iteration=iteration, parameters=parameters, state=state, value=value if state == "completed" else None, reports=reports)
        )
        strategy.tell(ended[-1])
    return ended


@pytest.mark.parametrize("variant", ["tpe", "random", "cmaes", "nsgaii", "qmc"])
def test_a_resumed_study_is_the_study_that_was_not_stopped(variant: str) -> None:
    options = {"strategy": f"optuna:{variant}", "seed": 5, "max_iterations": 30}
    whole = play(made(**options), [], 30)
    for stopped in (1, 6, 11, 24):
        resumed = play(made(**options), whole[:stopped], 30)
        assert [outcome.parameters for outcome in resumed] == [outcome.parameters for outcome in whole]
    assert len({str(outcome.parameters) for outcome in whole}) > 25
    assert play(made(**{**options, "seed": 6}), [], 3) != whole[:3]


@pytest.mark.long
def test_a_resumed_study_of_gaussian_processes() -> None:
    options = {"strategy": "optuna:gp", "seed": 5, "max_iterations": 16}
    whole = play(made(**options), [], 16)
    assert play(made(**options), whole[:11], 16) == whole


def test_cmaes_alone_with_numbers_is_resumed() -> None:
    space = {"x": {"low": -5.0, "high": 5}, "y": {"low": -5.0, "high": 5}}
    options = {"space": space, "strategy": "optuna:cmaes", "seed": 1, "max_iterations": 40}

    def value_of(parameters: dict[str, Any]) -> float:
        return -((parameters["x"] - 1) ** 2) - (parameters["y"] + 2) ** 2

    whole = play(made(**options), [], 40, value_of)
    assert play(made(**options), whole[:19], 40, value_of) == whole
    assert max(value_of(dict(outcome.parameters)) for outcome in whole) > -0.5


def test_tpe_finds_what_chance_does_not() -> None:
    def best(variant: str) -> float:
        ended = play(made({"x": {"low": -1000.0, "high": 1000.0}}, strategy=variant, seed=3, max_iterations=60), [], 60, close)
        return max(close(dict(outcome.parameters)) for outcome in ended)

    def close(parameters: dict[str, Any]) -> float:
        return -abs(parameters["x"] - 3)

    assert best("optuna:tpe") > best("optuna:random") * 0.5
    assert best("optuna") == best("optuna:tpe")


def test_the_goal_is_the_selectors() -> None:
    assert made(selector="min.a")._study.direction == optuna.study.StudyDirection.MINIMIZE  # type: ignore[attr-defined]
    assert made(selector="a")._study.direction == optuna.study.StudyDirection.MAXIMIZE  # type: ignore[attr-defined]


def test_values_are_of_the_kinds_that_were_given() -> None:
    strategy = made(max_iterations=40, seed=2)
    drawn = [parameters for iteration in range(1, 41) if (parameters := strategy.ask(iteration)) is not None]
    assert len(drawn) == strategy.count == 40
    assert strategy.ask(41) is None
    assert all(list(each) == list(SPACE) for each in drawn)
    assert {type(each["depth"]) for each in drawn} == {int}
    assert {type(each["rate"]) for each in drawn} == {type(each["share"]) for each in drawn} == {float}
    assert {each["share"] for each in drawn} <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert all(any(each["kind"] is value for value in SPACE["kind"]) for each in drawn)  # the objects themselves
    assert all(1e-4 <= each["rate"] <= 1 and 1 <= each["depth"] <= 32 for each in drawn)
    assert sum(each["rate"] < 0.01 for each in drawn) > 10  # logarithmic
    odd = made({"n": range(9, 0, -2), "m": {"low": 4, "high": 16, "step": 4}, "k": {"low": 1, "high": 2.5}}, max_iterations=50)
    seen = [odd.ask(iteration) or {} for iteration in range(1, 51)]
    assert {each["n"] for each in seen} == {1, 3, 5, 7, 9}
    assert {each["m"] for each in seen} == {4, 8, 12, 16}
    assert {type(each["k"]) for each in seen} == {float}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (3, "neither a list of values nor a range"),
        ("adam", "neither a list of values nor a range"),
        ([], "neither a list of values nor a range"),
        (range(0), "neither a list of values nor a range"),
        ({"low": 1}, "has no high"),
        ({"high": 1}, "has no low"),
        ({"low": 1, "hihg": 2}, "Did you mean 'high'"),
        ({"low": 1, "high": "2"}, r"\['high'\] is '2', which is no number"),
        ({"low": True, "high": 2}, r"\['low'\] is True"),
        ({"low": 0.0, "high": float("inf")}, r"\['high'\] is inf"),
        ({"low": float("nan"), "high": 1}, r"\['low'\] is nan"),
        ({"low": 2, "high": 1}, "is none"),
        ({"low": 0, "high": 1, "log": True}, "is none"),
        ({"low": 0.1, "high": 1, "log": 1}, "neither true nor false"),
        ({"low": 0.1, "high": 1, "log": True, "step": 0.1}, "is none"),
    ],
)
def test_spaces_that_are_none_are_refused(values: Any, problem: str) -> None:
    with pytest.raises((FieldError, UnknownNameError), match=problem):
        made({"p": values})


def test_options_are_checked() -> None:
    with pytest.raises(FieldError, match="no selector says what that is"):
        made(selector=None)
    with pytest.raises(UnknownNameError, match="Did you mean 'cmaes'"):
        made(strategy="optuna:cmae")
    with pytest.raises(FieldError, match="there are no hyper-parameters"):
        made({})


def test_pruning_by_the_median() -> None:
    strategy = made({"x": [0]}, max_iterations=20)
    for iteration in range(1, 7):
        strategy.ask(iteration)
        assert not strategy.report(iteration, 1, 1.0)
        strategy.tell(Outcome(iteration=iteration, parameters={"x": 0}, state="completed", value=1.0))
    strategy.ask(7)
    strategy.ask(8)
    assert not strategy.report(7, 1, 2.0)
    assert strategy.report(8, 1, 0.5)
    assert not strategy.report(7, 1, 0.0)  # a step is reported once
    assert strategy.report(7, 2, 0.0) is False  # nobody was at that step
    strategy.tell(Outcome(iteration=8, parameters={"x": 0}, state="skipped"))
    states = [trial.state.name for trial in strategy._study.trials]  # type: ignore[attr-defined]
    assert states == ["COMPLETE"] * 6 + ["RUNNING", "PRUNED"]
    resumed = made({"x": [0]}, max_iterations=20)
    for iteration in range(1, 7):
        resumed.tell(Outcome(iteration=iteration, parameters={"x": 0}, state="completed", value=1.0, reports={1: 1.0}))
    resumed.ask(7)
    assert resumed.report(7, 1, 0.5)


def test_side_by_side_and_in_any_order() -> None:
    strategy = made(max_iterations=20, seed=4, parallel_runs=4)
    asked = {iteration: strategy.ask(iteration) or {} for iteration in range(1, 5)}
    for iteration in (3, 1, 4):
        strategy.tell(Outcome(iteration=iteration, parameters=asked[iteration], state="completed", value=score(asked[iteration])))
    asked[5] = strategy.ask(5) or {}
    for iteration in (5, 2):
        strategy.tell(Outcome(iteration=iteration, parameters=asked[iteration], state="completed", value=score(asked[iteration])))
    resumed = made(max_iterations=20, seed=4, parallel_runs=4)
    for iteration in range(1, 6):
        resumed.tell(Outcome(iteration=iteration, parameters=asked[iteration], state="completed", value=score(asked[iteration])))
    for study in (strategy, resumed):
        values = [trial.value for trial in study._study.trials]  # type: ignore[attr-defined]
        assert values == [score(asked[iteration]) for iteration in range(1, 6)]
    assert resumed.ask(6)


def test_values_that_study_cannot_take() -> None:
    strategy = made({"x": [1, 2]}, max_iterations=4)
    for iteration, value in enumerate((10**400, None, float("inf"), 1), 1):
        strategy.tell(Outcome(iteration=iteration, parameters=strategy.ask(iteration) or {}, state="completed", value=value))
    states = [trial.state.name for trial in strategy._study.trials]  # type: ignore[attr-defined]
    assert states == ["FAIL", "FAIL", "COMPLETE", "COMPLETE"]


def test_values_of_the_store_that_are_equal_are_found_again() -> None:
    strategy = made({"x": [1, True, 1.0, [1, {"a": float("nan")}], dict]}, max_iterations=10)
    given: list[Any] = [True, 1.0, [1, {"a": float("nan")}], dict, "gone"]
    for iteration, value in enumerate(given, 1):
        strategy.tell(Outcome(iteration=iteration, parameters={"x": value}, state="completed", value=0.0))
    assert [trial.params["x"] for trial in strategy._study.trials][:4] == [1, 2, 3, 4]  # type: ignore[attr-defined]


def test_optuna_says_nothing_and_its_logger_stays_as_it_is() -> None:
    code = """
from packagers_runs import HyperParamOptions, Outcome
from packagers_runs.strategies.choosing import choose_strategy
strategy = choose_strategy({"x": [1]}, HyperParamOptions(strategy="optuna", selector="a"))
strategy.tell(Outcome(iteration=1, parameters=strategy.ask(1), state="completed", value=1))
import optuna
print(optuna.logging.get_verbosity() == optuna.logging.INFO)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize(
    ("absent", "variant", "line"),
    [("optuna", "tpe", "packagers-runs[optuna]"), ("cmaes", "cmaes", "packagers-runs[optuna]"), ("torch", "gp", "pip install scipy torch")],
)
def test_what_is_not_installed_is_named_with_the_line_that_installs_it(absent: str, variant: str, line: str) -> None:
    code = f"""
import sys
sys.modules[{absent!r}] = None
from packagers_runs import HyperParamOptions, Outcome
from packagers_runs.strategies.choosing import choose_strategy
try:
    strategy = choose_strategy({{"x": {{"low": 0.0, "high": 1.0}}, "y": {{"low": 0.0, "high": 1.0}}}},
                               HyperParamOptions(strategy="optuna:{variant}", selector="a", max_iterations=50))
    for i in range(1, 30):
        strategy.tell(Outcome(iteration=i, parameters=strategy.ask(i), state="completed", value=i))
except Exception as error: print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("RunsError"), done.stdout
    assert line in done.stdout
