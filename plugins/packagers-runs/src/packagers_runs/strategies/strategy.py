"""The base of every strategy, and what it is told of an iteration that has ended."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from packagers_runs.errors import FieldError
from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.strategies.cells import scalar

Number = int | float | Decimal | Fraction
NOTHING: Mapping[Any, Any] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of an iteration.

    Attributes:
        iteration: Its number, from 1.
        parameters: The hyper-parameters that it was run with.
        state: The state that it ended in: ``completed``, ``error``, ``aborted``, or ``skipped`` where it was pruned.
        results: What it gave, by name.
        value: The number that the selector chooses by; ``None`` where there is none, as of one that failed or gave ``nan``.
        reports: What the handler reported on its way with ``context.report``, by step.
    """

    iteration: int
    parameters: Mapping[str, Any]
    state: str
    results: Mapping[str, Any] = NOTHING
    value: Number | None = None
    reports: Mapping[int, float] = NOTHING


class Strategy(abc.ABC):
    """Says which values of the hyper-parameters each iteration is run with.

    A subclass is registered as an entry point of the group ``packagers.strategies``, under the name that ``strategy`` then takes;
    ``strategy="name:variant"`` gives it the variant. It keeps nothing anywhere: the run's store has all iterations, and a strategy that is
    made again when a run is resumed is told of those that have ended, in the order of their numbers, where it would be asked for them.

    It is called by one process, one call at a time: ``ask`` for iteration after iteration, and ``tell`` for each one that has ended, in any
    order. Equal calls must give equal parameters, in any process: what is random comes from
    ``self.seed``. Then a run that was killed and resumed is the run that was not killed.

    ::

        class Climb(Strategy):
            '''Goes on from the best by one step: hyperparams={"depth": [first, step]}.'''

            SEQUENTIAL = LIMITED = True

            def __init__(self, space, options, variant=""):
                super().__init__(space, options, variant)
                self.at, self.step = space["depth"]
                self.best = None

            def ask(self, iteration):
                return {"depth": self.at} if iteration <= (self.options.max_iterations or 10) else None

            def tell(self, outcome):
                if outcome.value is not None and (self.best is None or outcome.value > self.best):
                    self.best, self.at = outcome.value, outcome.parameters["depth"] + self.step

    Args:
        space: The values of each hyper-parameter: ``hyperparams``, or what the parameter file holds.
        options: The options of the run; ``options.seed`` is there where ``SEEDED``.
        variant: What follows the colon in ``name:variant``.

    Raises:
        FieldError: The values or options can mean nothing to it. Then nothing is run.

    Attributes:
        space: As given.
        options: As given.
        variant: As given.
        seed: Where chance begins: ``options.seed``, 0 where there is none.
    """

    SEEDED: ClassVar[bool] = False
    """Whether chance plays a part; if so, a run is given a seed where its task has none, and records it."""
    LIMITED: ClassVar[bool] = False
    """Whether ``max_iterations`` means something to it."""
    LEARNS: ClassVar[bool] = True
    """Whether what it asks for goes by what it was told. If not, a resumed run asks again for the iterations that were run before."""
    SEQUENTIAL: ClassVar[bool] = False
    """Whether an iteration can only be asked for when all before it were told, so that none run side by side."""
    VARIANTS: ClassVar[tuple[str, ...]] = ()
    """The variants that there are; any other is an error."""

    def __init__(self, space: Mapping[str, Any], options: HyperParamOptions, variant: str = "") -> None:
        self.space = space
        self.options = options
        self.variant = variant
        self.seed = options.seed or 0

    @property
    def count(self) -> int | None:
        """How many iterations there are in all; ``None`` where that is not known."""
        return None

    @abc.abstractmethod
    def ask(self, iteration: int) -> dict[str, Any] | None:
        """Give the hyper-parameters of an iteration.

        Args:
            iteration: Its number, from 1.

        Returns:
            A dict of its own, or ``None`` where there are no more iterations.
        """

    def tell(self, outcome: Outcome) -> None:  # noqa: B027 - most strategies learn nothing
        """Be told what became of an iteration: one that this object was asked for, or that was run before it was made.

        Args:
            outcome: What became of it.
        """

    def recalled(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Give the hyper-parameters of an iteration that was run before.

        Documents hold functions, classes and other live objects as text: each is looked for among the values of its parameter.

        Args:
            recorded: What the document of the iteration has of its hyper-parameters.
        """
        return {name: _recalled(self.space.get(name), value) for name, value in recorded.items()}

    def report(self, iteration: int, step: int, value: float) -> bool:
        """Be told how an iteration does that is still running.

        Args:
            iteration: Its number.
            step: How far it is, such as the number of the epoch.
            value: What the selector will choose by, so far.

        Returns:
            Whether it is to be pruned: ended now, as one that is not worth its time.
        """
        return False


def _recalled(values: Any, recorded: Any) -> Any:
    if not isinstance(recorded, str) or not isinstance(values, list | tuple):
        return recorded
    if any(isinstance(value, str) and value == recorded for value in values):
        return recorded
    return next((value for value in values if not isinstance(value, str) and scalar(value) == recorded), recorded)


def invalid(message: str, field: str = "hyperparams", remedy: str = "") -> FieldError:
    """Make the error for values or options that can mean nothing to a strategy.

    Args:
        message: What is wrong.
        field: The field that it is about.
        remedy: What to do.
    """
    return FieldError(message, model="HyperParamOptions" if field != "hyperparams" else "RunSpec", field=field, remedy=remedy or None)
