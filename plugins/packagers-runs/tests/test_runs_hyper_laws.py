"""Whatever is tried, fails and stops, and in whatever order iterations end: the run is what a plain loop would give."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from concurrent.futures import Future, wait
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import packagers_runs as runs
from packagers_runs.executors.executor import Executor
from packagers_runs.executors.performing import perform
from packagers_runs.executors.work import Performed, Setup, Work
from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.running import plans, searching
from packagers_runs.running.capture import captured

SCORES: dict[tuple[int, int], float | None] = {}
"""What the handler gives; ``None`` where it fails."""


def handler(a: int, b: int) -> float:
    score = SCORES[a, b]
    if score is None:
        raise ValueError("as planned")
    return score


class Shuffled(Executor):
    """Iterations end in an order of chance, several at once on their way."""

    chance = random.Random(0)
    width = 3

    def open(self, setup: Setup) -> None:
        self._setup = setup
        self._held: list[tuple[Future[Performed], Work]] = []

    def submit(self, work: Work) -> Future[Performed]:
        future: Future[Performed] = Future()
        self._held.append((future, work))
        assert len(self._held) <= self.width
        return future

    def release(self) -> None:
        future, work = self._held.pop(self.chance.randrange(len(self._held)))
        future.set_result(perform(self._setup, work, captured, signer="user"))

    def close(self, *, kill: bool) -> None:
        assert kill or not self._held


@pytest.fixture
def store() -> Iterator[runs.Store]:
    with runs.connect("memory://") as store:
        yield store


def expected(space: dict[str, list[int]], most: int, condition: float, goal: str) -> tuple[list[Any], dict[str, Any], int]:
    """Give the rows, the results and the number of failures, as a plain loop has them."""
    rows: list[list[Any]] = []
    best, failures = None, 0
    for number, (b, a) in enumerate(itertools.product(space["b"], space["a"]), 1):
        score = SCORES[a, b]
        rows.append(["completed" if score is not None else "error", number, a, b, score])
        failures += score is None
        if score is not None and not math.isnan(score):
            key = score if goal == "max" else -score
            best = (key, number, score) if best is None or key > best[0] else best
        if failures > most or (score is not None and score > condition):
            break
    return rows, {} if best is None else {"score": best[2], "best_iteration": best[1]}, failures


@pytest.mark.parametrize("is_shuffled", [False, True])
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.tuples(*[st.lists(st.integers(0, 3), min_size=1, max_size=4)] * 2),
    scores=st.lists(st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, 1.0, 2.0]), min_size=16, max_size=16),
    most=st.integers(0, 4),
    condition=st.sampled_from([0.5, 1.5, math.inf]),
    goal=st.sampled_from(["min", "max"]),
    seed=st.integers(0, 99),
)
def test_a_run_is_what_a_plain_loop_gives(
    store: runs.Store,
    monkeypatch: pytest.MonkeyPatch,
    is_shuffled: bool,
    values: tuple[list[int], list[int]],
    scores: list[float | None],
    most: int,
    condition: float,
    goal: str,
    seed: int,
) -> None:
    space = dict(zip("ab", values, strict=True))
    SCORES.update(zip(itertools.product(range(4), range(4)), scores, strict=True))
    if is_shuffled:
        shuffled = Shuffled(HyperParamOptions())
        shuffled.chance = random.Random(seed)
        monkeypatch.setattr(plans, "choose_executor", lambda options: shuffled)
        monkeypatch.setattr(searching, "wait", lambda *given, **options: (shuffled.release(), wait(*given, **options))[1])
    text = "score > 1e308" if condition == math.inf else f"score > {condition}"
    condition = 1e308 if condition == math.inf else condition
    task = runs.new_task("law", handler=handler, returns=["score"])
    task.with_hyper_params(space, f"{goal}.score", max_errors=most, stop_condition=text)
    rows, results, failures = expected(space, most, condition, goal)
    try:
        run = runs.new_function().run(task, store=store)
        state, message = "completed", ""
    except runs.RunError as error:
        run, state, message = error.run, "error", str(error)
    is_chosen = bool(results) or not any(row[0] == "completed" for row in rows)
    assert state == ("completed" if not failures and is_chosen else "error")
    assert not failures or f"{failures} of {len(rows)} iteration" in message
    has_results = any(row[-1] is not None for row in rows)
    header = ["state", "iter", "param.a", "param.b", *(["output.score"] if has_results else [])]
    assert repr(run.status.iterations) == repr([header, *([*row[:4], *row[4:][: len(header) - 4]] for row in rows)])
    assert run.status.results == results
    stored = [store.get_run(str(run.metadata.uid), row[1]) for row in rows]
    assert [each.status.state for each in stored] == [row[0] for row in rows]
    with pytest.raises(runs.RunNotFoundError):
        store.get_run(str(run.metadata.uid), len(rows) + 1)


@pytest.mark.parametrize("value", [10**400, -(10**400), Fraction(1, 3), Decimal("0.1"), True, np.float32(0.5), np.longdouble(2), math.inf])
def test_the_best_may_be_any_number(store: runs.Store, value: Any) -> None:
    task = runs.new_task("numbers", handler=lambda x: value, returns=["score"]).with_hyper_params({"x": [1, 2]}, "score")
    run = runs.new_function().run(task, store=store)
    assert run.status.results["best_iteration"] == 1
    assert run.status.results["score"] == value
    assert run.status.state == "completed"
