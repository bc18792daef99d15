"""When no further iteration is begun: a condition over results holds, or too many have failed."""

from __future__ import annotations

from collections.abc import Iterable

from packagers_runs.models.expression import parse, values_of
from packagers_runs.models.status import ERROR_STATES, RunStates
from packagers_runs.nearest import nearest, unknown_name
from packagers_runs.strategies.strategy import Outcome

MAX_ERRORS = 3
"""How many iterations may fail where ``max_errors`` says nothing."""
_OFFERED = ("results", "parameters", "iteration")


class StopCondition:
    """A condition such as ``accuracy > 0.9``, looked at whenever an iteration has completed.

    It can name the results of the iteration, and ``parameters``, ``results`` and ``iteration``: ``parameters["depth"] > 8``,
    ``results["val.loss"] < 0.1``.

    Args:
        text: The condition.

    Raises:
        ExpressionError: It cannot be read, or is not allowed; says where.
    """

    def __init__(self, text: str) -> None:
        self._expression = parse(text)
        self._seen: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """The results that it asks for by name."""
        return self._expression.names - set(_OFFERED) | self._items_of("results")

    @property
    def parameters(self) -> frozenset[str]:
        """The hyper-parameters that it asks for by name."""
        return self._items_of("parameters")

    def _items_of(self, owner: str) -> frozenset[str]:
        return frozenset(key for name, key in self._expression.items if name == owner)

    def check_parameters(self, known: Iterable[str]) -> None:
        """Check, before anything runs, that the condition asks for hyper-parameters that there are.

        Args:
            known: Their names.

        Raises:
            UnknownNameError: It asks for another one.
        """
        for name in sorted(self.parameters - set(known)):
            raise unknown_name("hyper-parameter", name, known, owner="the stop_condition asks for one that is not tried: the run")

    def holds(self, outcome: Outcome) -> bool:
        """Tell whether the condition holds for an iteration that has ended; it never does for one that did not complete.

        An iteration without a result that it asks for does not stop the run, unless the name is a misspelt one of those that there are.

        Args:
            outcome: What became of the iteration.

        Raises:
            UnknownNameError: The condition names no result of the iteration, and one of them is meant.
            ExpressionError: It compares what cannot be compared, say.
        """
        if outcome.state != RunStates.completed:
            return False
        values = values_of(outcome.results, parameters=dict(outcome.parameters), iteration=outcome.iteration)
        self._seen |= values.keys()
        missing = sorted(name for name in self.names if name not in values)
        for name in missing:
            if name not in self._seen and nearest(name, outcome.results) is not None:
                raise unknown_name("result", name, outcome.results, owner=f"iteration {outcome.iteration}, which the stop_condition asks,")
        return not missing and self._expression.evaluate(values)

    def check(self) -> None:
        """Check, when all have ended, that what the condition asks for was there in one of them at least.

        Raises:
            UnknownNameError: A name was in none of those that completed.
        """
        if not self._seen:
            return
        for name in sorted(self.names - self._seen):
            raise unknown_name("result", name, sorted(self._seen - set(_OFFERED)), owner="no iteration, which the stop_condition asks,")


class ErrorLimit:
    """Counts the iterations that failed, and says when it is enough.

    Args:
        most: How many may fail: 0 stops at the first; ``None`` is 3.

    Attributes:
        most: As given.
        failed: How many failed.
        ended: How many have ended.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = MAX_ERRORS if most is None else most
        self.failed = 0
        self.ended = 0

    def add(self, state: str) -> None:
        """Count an iteration that has ended in a state."""
        self.ended += 1
        self.failed += state in ERROR_STATES

    @property
    def is_exceeded(self) -> bool:
        """Whether more failed than may."""
        return self.failed > self.most

    @property
    def message(self) -> str:
        """What is said of a run in which some failed; empty where none did."""
        if not self.failed:
            return ""
        return f"{self.failed} of {self.ended} iteration{'s' if self.ended != 1 else ''} failed"
