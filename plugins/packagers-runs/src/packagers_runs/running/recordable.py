"""Values as documents hold them: exactly where that can be, else as tables tell them (a function, a class, a live object)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packagers_runs.store.errors import StoreError
from packagers_runs.store.freezing import freeze, is_exact
from packagers_runs.strategies.cells import scalar


def recordable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values by name as documents hold them.

    Args:
        values: Any.
    """
    return {name: value if can_be_kept(value) else scalar(value) for name, value in values.items()}


def recordable_space(space: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of hyper-parameters as documents hold them.

    Args:
        space: A list of values for each, or whatever else a strategy takes.
    """
    made = {}
    for name, values in space.items():
        if isinstance(values, list | tuple):
            made[name] = values if can_be_kept(values) else [value if can_be_kept(value) else scalar(value) for value in values]
        else:
            made[name] = values if can_be_kept(values) else scalar(values)
    return made


def can_be_kept(value: Any) -> bool:
    """Tell whether a document holds a value so that it comes back as it was."""
    if is_exact(value):
        return True
    if type(value) is list:
        return all(map(can_be_kept, value))
    try:
        freeze({"value": value})
    except StoreError:
        return False
    return True
