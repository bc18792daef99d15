"""Draws: iteration after iteration, a value of each list by chance.

The generator is written down here and depends on nothing else, so that a seed gives the same draws in every process and under every
version of Python: iteration ``i`` takes, of the ``n`` values of the parameter ``name``, the one at the index

    int(sha256(f"{seed}/{i}/{name}" in UTF-8), big-endian) mod n

No draw depends on another one: whatever was drawn before, and whatever is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.strategies.grid import value_lists
from packagers_runs.strategies.strategy import Strategy

ITERATIONS = 10
"""How many there are where ``max_iterations`` says nothing."""


def number_by_chance(seed: int, iteration: int, name: str) -> int:
    """Give a number of 256 bits that only these three decide.

    Args:
        seed: The seed of the run.
        iteration: The number of the iteration.
        name: What the number is for, such as a parameter.
    """
    return int.from_bytes(sha256(f"{seed}/{iteration}/{name}".encode("utf-8", "surrogatepass")).digest())


class RandomStrategy(Strategy):
    """``max_iterations`` draws (10), each of one value of every list; a combination can come more than once."""

    LEARNS = False
    SEEDED = True
    LIMITED = True

    def __init__(self, space: Mapping[str, Any], options: HyperParamOptions, variant: str = "") -> None:
        super().__init__(space, options, variant)
        self._values = value_lists(space, "random")

    @property
    def count(self) -> int:
        """How many draws there are."""
        return self.options.max_iterations or ITERATIONS

    def ask(self, iteration: int) -> dict[str, Any] | None:
        """Draw the values of an iteration."""
        if iteration > self.count:
            return None
        return {name: values[number_by_chance(self.seed, iteration, name) % len(values)] for name, values in self._values.items()}
