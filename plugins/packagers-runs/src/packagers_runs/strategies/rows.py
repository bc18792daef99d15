"""Row by row: iteration i takes value i of each list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.strategies.grid import value_lists
from packagers_runs.strategies.strategy import Strategy


class ListStrategy(Strategy):
    """Row by row: ``{"p1": [2, 4], "p2": [10, 20]}`` gives (2, 10), (4, 20). All lists are equally long."""

    LEARNS = False

    def __init__(self, space: Mapping[str, Any], options: HyperParamOptions, variant: str = "") -> None:
        super().__init__(space, options, variant)
        self._values = value_lists(space, "list")

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(next(iter(self._values.values())))

    def ask(self, iteration: int) -> dict[str, Any] | None:
        """Give the row of a number."""
        return {name: values[iteration - 1] for name, values in self._values.items()} if iteration <= self.count else None
