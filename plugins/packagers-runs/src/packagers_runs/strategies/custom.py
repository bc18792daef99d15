"""The handler itself says what is tried: it runs once, and opens a child for each iteration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.strategies.strategy import Strategy, invalid


class CustomStrategy(Strategy):
    """No iteration is asked for: the handler runs once and opens children with ``context.get_child_context``."""

    LEARNS = False

    def __init__(self, space: Mapping[str, Any], options: HyperParamOptions, variant: str = "") -> None:
        super().__init__(space, options, variant)
        for name in ("stop_condition", "parallel_runs", "dask_cluster_uri", "max_errors"):
            if getattr(options, name):
                raise invalid(f"{name} has no meaning with the strategy custom, whose handler decides", name, "Leave it out.")

    @property
    def count(self) -> int:
        """None that this asks for."""
        return 0

    def ask(self, iteration: int) -> dict[str, Any] | None:
        """Give nothing: the handler decides."""
        return None
