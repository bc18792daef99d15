"""Which iteration is the best, and when no further one is begun."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers_runs import ExpressionError, FieldError, Outcome, UnknownNameError
from packagers_runs.models.hyperparams import parse_selector
from packagers_runs.strategies.selecting import Selection, best, check_names, number_of
from packagers_runs.strategies.stopping import ErrorLimit, StopCondition

STATES = ["completed", "error", "aborted", "skipped"]
NUMBER = (
    st.integers(-3, 3)
    | st.floats(-3, 3)
    | st.sampled_from([math.nan, math.inf, -math.inf, True, Decimal(1), Decimal("nan"), Fraction(1, 2), np.float32(1), np.nan, 10**400])
)
RESULT = NUMBER | st.sampled_from([None, "1", [1], datetime.date(2026, 1, 1), 1j])


def outcome(iteration: int, state: str = "completed", **results: Any) -> Outcome:
    return Outcome(iteration=iteration, parameters={}, state=state, results=results)


@given(
    ended=st.lists(st.tuples(st.sampled_from([*STATES, "completed", "completed"]), RESULT), max_size=8),
    goal=st.sampled_from(["min.a", "max.a", "a"]),
    chance=st.randoms(use_true_random=False),
)
def test_the_best_is_the_argmax_of_what_completed_with_the_first_of_ties(ended: list[tuple[str, Any]], goal: str, chance: Any) -> None:
    outcomes = [outcome(number, state, a=value) for number, (state, value) in enumerate(ended, 1)]
    chosen = [each for each in outcomes if each.state == "completed" and number_of(each.results["a"]) is not None]
    # Python's max and min give the first of ties.
    expected = (min if goal == "min.a" else max)(chosen, key=lambda each: number_of(each.results["a"]), default=None)
    chance.shuffle(outcomes)
    assert best(outcomes, parse_selector(goal)) is expected


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1), (0.5, 0.5), (True, 1), (np.float64(0.5), 0.5), (np.float32(0.1), 0.10000000149011612), (np.int8(-3), -3),
        (np.bool_(True), 1), (np.clongdouble(1), None),
        (np.array(2.5), 2.5), (np.longdouble(1.5), 1.5), (Decimal("0.1"), Decimal("0.1")), (Fraction(1, 3), Fraction(1, 3)),
        (math.inf, math.inf), (math.nan, None), (np.float16("nan"), None), (Decimal("nan"), None), (Decimal("snan"), None),
        (None, None), ("0.9", None), ([0.9], None), (np.array([0.9]), None), (1j, None), (np.complex64(1), None), (object(), None),
        (datetime.date(2026, 1, 1), None), (datetime.timedelta(1), None), (np.datetime64("2026-01-01"), None), (np.str_("1"), None),
    ],
)  # fmt: skip
def test_numbers(value: Any, number: Any) -> None:
    assert number_of(value) == number


def test_none_is_the_best_where_there_is_none() -> None:
    selector = parse_selector("a")
    assert best([], selector) is None
    assert best([outcome(1, "error", a=1), outcome(2, a=math.nan), outcome(3)], selector) is None


def test_a_result_that_no_iteration_gave_lists_those_that_there_are() -> None:
    selection = Selection(parse_selector("max.auc"))
    selection.check()  # nothing has completed: that is said otherwise
    selection.add(1, "error", {})
    selection.check()
    selection.add(2, "completed", {"loss": 1.0, "accuracy": 0.5})
    with pytest.raises(UnknownNameError, match="selector asks it, has no result 'auc'") as caught:
        selection.check()
    assert caught.value.known == ("loss", "accuracy")
    selection.add(3, "completed", {"auc": math.nan})
    with pytest.raises(FieldError, match="no iteration has a number as its result 'auc': it is nan in iteration 3"):
        selection.check()
    selection.add(4, "completed", {"auc": 0.1})
    selection.check()
    assert (selection.best, selection.value) == (4, 0.1)


def test_completed_iterations_without_any_result_are_no_choice() -> None:
    selection = Selection(parse_selector("a"))
    assert selection.add(1, "completed", {}) is None
    with pytest.raises(UnknownNameError, match="There is none to choose from"):
        selection.check()


def test_a_misspelt_result_is_found_at_the_first_iteration() -> None:
    selection = Selection(parse_selector("min.los"))
    with pytest.raises(UnknownNameError, match="Did you mean 'loss'"):
        selection.add(1, "completed", {"loss": 1.0})
    fine = Selection(parse_selector("min.los"))
    fine.add(1, "completed", {"los": 1.0})
    fine.add(2, "completed", {"loss": 0.0})  # which is another one
    assert fine.best == 1


def test_misspelt_results_are_refused_before_anything_runs() -> None:
    check_names(["accuracy", "unlike"], ["accuracy", "model"], {}, "selector")
    for typed in ("acuracy", "acc"):
        with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'") as caught:
            check_names([typed], ["accuracy", "model"], {"model": "dataset"}, "selector")
        assert caught.value.known == ("accuracy",)
        assert "add it to outputs" in str(caught.value)
    with pytest.raises(FieldError, match="the selector asks for 'model', which the run packs as an artifact"):
        check_names(["model"], ["accuracy", "model"], {"model": "dataset"}, "selector")


def test_a_condition_is_asked_of_what_completed_alone() -> None:
    condition = StopCondition('accuracy > 0.9 and parameters["depth"] > 2 and iteration > 1')
    assert condition.names == {"accuracy"}
    deep = {"depth": 3}
    good = Outcome(iteration=2, parameters=deep, state="completed", results={"accuracy": 0.95})
    assert condition.holds(good)
    assert not condition.holds(Outcome(iteration=1, parameters=deep, state="completed", results={"accuracy": 0.95}))
    assert not condition.holds(Outcome(iteration=2, parameters={"depth": 2}, state="completed", results={"accuracy": 0.95}))
    assert not condition.holds(Outcome(iteration=2, parameters=deep, state="error", results={"accuracy": 0.95}))
    assert not condition.holds(Outcome(iteration=2, parameters=deep, state="completed", results={"accuracy": np.float64("nan")}))
    dotted = StopCondition('results["val.loss"] <= 1')
    assert dotted.names == {"val.loss"}
    assert dotted.holds(outcome(1, **{"val.loss": np.float32(1)}))
    assert not dotted.holds(outcome(1, other=1))  # as where the name is a word


def test_a_condition_asks_for_hyper_parameters_that_there_are() -> None:
    condition = StopCondition('parameters["dept"] > 2')
    condition.check_parameters(["dept"])
    with pytest.raises(UnknownNameError, match="Did you mean 'depth'"):
        condition.check_parameters(["rate", "depth"])


def test_a_condition_on_what_is_not_there() -> None:
    condition = StopCondition("auc > 0.9")
    assert not condition.holds(outcome(1, loss=1.0))
    with pytest.raises(UnknownNameError, match="has no result 'auc'"):
        condition.check()
    assert condition.holds(outcome(2, auc=0.95))
    condition.check()
    assert not condition.holds(outcome(3, aucs=1))
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        StopCondition("acuracy > 0.9").holds(outcome(1, accuracy=1.0))
    StopCondition("a > 1").check()  # nothing has completed


@pytest.mark.parametrize(
    "text",
    [
        *("", "accuracy >", "__import__('os').system('true')", "accuracy.__class__", "(lambda: 1)()", "9**9**9"),
        *("[x for x in results]", "a" * 2000, "a := 1"),
    ],
)
def test_hostile_conditions_are_refused_before_the_first_run(text: str) -> None:
    with pytest.raises(ExpressionError):
        StopCondition(text).holds(outcome(1, accuracy=1))


def test_a_condition_that_compares_what_cannot_be_compared() -> None:
    with pytest.raises(ExpressionError, match="accuracy"):
        StopCondition("accuracy > 'a'").holds(outcome(1, accuracy=1))
    with pytest.raises(ExpressionError, match="neither true nor false"):
        StopCondition("accuracy").holds(outcome(1, accuracy=1))


@pytest.mark.parametrize(("most", "stops_after"), [(0, 1), (1, 2), (None, 4), (50, None)])
def test_errors_up_to_a_limit(most: int | None, stops_after: int | None) -> None:
    limit = ErrorLimit(most)
    exceeded = None
    for number in range(1, 9):
        limit.add("error")
        if limit.is_exceeded:
            exceeded = number
            break
        limit.add("completed")
    assert exceeded == stops_after


def test_what_is_said_of_failed_iterations() -> None:
    limit = ErrorLimit()
    assert limit.message == ""
    for state in ("completed", "error", "completed", "skipped", "completed", "aborted", "completed", "completed"):
        limit.add(state)
    assert limit.message == "2 of 8 iterations failed"
    assert not limit.is_exceeded
