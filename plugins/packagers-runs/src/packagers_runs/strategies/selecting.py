"""Which iteration is the best: the first of those whose result is the greatest, or the least."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from packagers_runs.models.hyperparams import Selector
from packagers_runs.models.operators import plain, shown
from packagers_runs.models.status import RunStates
from packagers_runs.nearest import nearest, unknown_name
from packagers_runs.strategies.strategy import Number, Outcome, invalid


def number_of(value: Any) -> Number | None:
    """Give a result as a number that others can be compared with; ``None`` for ``nan``, text, times and all else that is none.

    >>> number_of(0.5), number_of(True), number_of(Decimal("0.5")), number_of(float("nan")), number_of("0.5")
    (0.5, True, Decimal('0.5'), None, None)
    """
    if isinstance(value, Fraction):
        return value
    try:
        found = plain(value)
    except TypeError:
        return None
    if isinstance(found, Decimal):
        return None if found.is_nan() else found
    if not isinstance(found, int | float) or (isinstance(found, float) and math.isnan(found)):
        return None
    return found


class Selection:
    """Keeps the best of the iterations that it is shown, in whatever order they end.

    Args:
        selector: What it is chosen by.

    Attributes:
        selector: As given.
        best: The number of the best iteration so far; ``None`` while there is none.
        value: What it was chosen by.
    """

    def __init__(self, selector: Selector) -> None:
        self.selector = selector
        self.best: int | None = None
        self.value: Number | None = None
        self._has_completed = False
        self._names: dict[str, None] = {}
        self._no_number = ""

    def value_of(self, state: str, results: Mapping[str, Any]) -> Number | None:
        """Give the number that an iteration would be chosen by; ``None`` where it cannot be chosen.

        Args:
            state: The state that it ended in; only one that completed can be chosen.
            results: What it gave.
        """
        return number_of(results.get(self.selector.result)) if state == RunStates.completed else None

    def add(self, iteration: int, state: str, results: Mapping[str, Any]) -> Number | None:
        """Look at an iteration that has ended; gives the number that it can be chosen by.

        Args:
            iteration: Its number.
            state: The state that it ended in.
            results: What it gave.

        Raises:
            UnknownNameError: It has no result of the selector's name, nor had any before, and one of its results is meant.
        """
        value, name = self.value_of(state, results), self.selector.result
        if state == RunStates.completed:
            self._has_completed = True
            self._names |= dict.fromkeys(results)
            if name not in self._names and nearest(name, results) is not None:
                raise unknown_name("result", name, results, owner=f"iteration {iteration}, of which the selector asks it,")
            if value is None and name in results:
                self._no_number = self._no_number or f"{shown(results[name])} in iteration {iteration}"
        if value is not None and self._is_better(value, iteration):
            self.best, self.value = iteration, value
        return value

    def check(self) -> None:
        """Check, when all have ended, that there was something to choose by.

        Raises:
            UnknownNameError: Iterations completed, and none has a result of this name; says which results there are.
            FieldError: They have one, which is never a number.
        """
        name = self.selector.result
        if self.best is not None or not self._has_completed:
            return
        if name not in self._names:
            raise unknown_name("result", name, self._names, owner="no iteration, of which the selector asks it,")
        raise invalid(f"no iteration has a number as its result {name!r}: it is {self._no_number}", "selector", "Choose by another result.")

    def _is_better(self, value: Number, iteration: int) -> bool:
        if self.value is None or self.best is None:
            return True
        if value == self.value:
            return iteration < self.best
        return value < self.value if self.selector.goal == "min" else value > self.value


def best(outcomes: Iterable[Outcome], selector: Selector) -> Outcome | None:
    """Give the best of iterations that have ended; ``None`` where none can be chosen.

    Args:
        outcomes: What became of them.
        selector: What it is chosen by.
    """
    selection, known = Selection(selector), {}
    for outcome in outcomes:
        known[outcome.iteration] = outcome
        selection.add(outcome.iteration, outcome.state, outcome.results)
    return None if selection.best is None else known[selection.best]


def check_names(names: Iterable[str], declared: Iterable[str], packed: Mapping[str, str], where: str) -> None:
    """Refuse, before anything runs, the name of a result that is a misspelt one of those that a run declares, or is no result.

    A handler may log results that it does not declare, so a name that is like none of them passes.

    Args:
        names: The names that a selector or condition asks for.
        declared: The keys of the outputs of the run.
        packed: Those of them that are artifacts, with their types.
        where: Which field asks.

    Raises:
        UnknownNameError: One is misspelt; says which is meant.
        FieldError: One is an artifact.
    """
    known = [name for name in declared if name not in packed]
    for name in names:
        if name in packed:
            raise invalid(
                f"the {where} asks for {name!r}, which the run packs as an artifact ({packed[name]})", where, "Name a result, a number say."
            )
        if name not in known and nearest(name, known) is not None:
            error = unknown_name("result", name, known, owner=f"the {where} names a result that is not declared: the run")
            error.remedy = f"{error.remedy} If the handler logs {name!r} as well, add it to outputs."
            raise error
