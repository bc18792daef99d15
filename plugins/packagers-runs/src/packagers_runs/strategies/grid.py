"""All combinations of the values, the first parameter's changing fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from packagers_runs.models.hyperparams import HyperParamOptions, check_hyperparams
from packagers_runs.strategies.strategy import Strategy, invalid


def value_lists(space: Mapping[str, Any], strategy: str) -> dict[str, Sequence[Any]]:
    """Give the values of each parameter as sequences: those that are none yet, such as arrays, become lists.

    Args:
        space: The values by parameter.
        strategy: The name of the strategy that tries them.

    Raises:
        FieldError: They are no lists, or empty ones; or there are none.
    """
    if not space:
        raise invalid("there are no hyper-parameters", remedy="Give a list of values for at least one.")
    check_hyperparams(space, strategy)
    return {name: values if isinstance(values, Sequence) else list(values) for name, values in space.items()}


class GridStrategy(Strategy):
    """All combinations: ``{"p1": [2, 4, 1], "p2": [10, 20]}`` gives (2, 10), (4, 10), (1, 10), (2, 20), (4, 20), (1, 20).

    Each combination is computed from its number, so that it does not matter how many there are.
    """

    LEARNS = False

    def __init__(self, space: Mapping[str, Any], options: HyperParamOptions, variant: str = "") -> None:
        super().__init__(space, options, variant)
        self._values = value_lists(space, "grid")

    @property
    def count(self) -> int:
        """How many combinations there are."""
        return prod(len(values) for values in self._values.values())

    def ask(self, iteration: int) -> dict[str, Any] | None:
        """Give the combination of a number."""
        if iteration > self.count:
            return None
        rest, chosen = iteration - 1, {}
        for name, values in self._values.items():
            rest, place = divmod(rest, len(values))
            chosen[name] = values[place]
        return chosen
