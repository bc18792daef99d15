"""Which strategy tries the values: the one that the options name, checked and given its seed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from packagers_runs.extensions import load_extension
from packagers_runs.models.hyperparams import STRATEGIES, HyperParamOptions
from packagers_runs.nearest import unknown_name
from packagers_runs.strategies.strategy import Strategy, invalid


def choose_strategy(space: Mapping[str, Any], options: HyperParamOptions) -> Strategy:
    """Make the strategy of a run.

    Args:
        space: The values of each hyper-parameter.
        options: The options of the run; they stay as they are. Where the strategy needs a seed and they have none, a new one stands in
            ``.options.seed`` of what is returned: who makes a run records it there.

    Returns:
        The strategy, before its first iteration.

    Raises:
        UnknownNameError: There is no such strategy or variant; says which there are.
        FieldError: The values or options can mean nothing to it.
        RunsError: A plugin's strategy cannot be loaded.
    """
    name, colon, variant = (options.strategy or "grid").partition(":")
    cls = load_extension(STRATEGIES, "strategy", name, Strategy)  # type: ignore[type-abstract]  # a subclass that is none
    if variant and variant not in cls.VARIANTS:
        raise unknown_name("variant", variant, cls.VARIANTS, owner=f"the strategy {name}")
    if colon and not variant:
        raise invalid(f"the strategy {options.strategy!r} names no variant", "strategy", f"Write {name!r}, or a variant after the colon.")
    for field, means_something in (("max_iterations", cls.LIMITED), ("seed", cls.SEEDED)):
        if getattr(options, field) is not None and not means_something:
            raise invalid(f"{field} has no meaning with the strategy {name}", field, "Leave it out.")
    if cls.SEQUENTIAL and (options.parallel_runs or 1) > 1:
        raise invalid(
            f"parallel_runs has no meaning with the strategy {name}, in which each iteration follows from those before it",
            "parallel_runs",
            "Leave it out.",
        )
    made = options.copy()
    if cls.SEEDED and made.seed is None:
        made.seed = secrets.randbits(32)
    return cls(space, made, variant)
