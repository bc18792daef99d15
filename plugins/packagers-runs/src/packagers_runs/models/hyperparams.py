"""How the values of parameters are tried: the options of a run with many iterations. What tries them reads these."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from packagers_runs.errors import FieldError
from packagers_runs.extensions import extension_names
from packagers_runs.models.expression import parse
from packagers_runs.models.fields import anything, flag, integer, model, refuse, text
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.nearest import unknown_name

STRATEGIES = "packagers.strategies"
"""The group of entry points of further strategies."""
GOALS = ("min", "max")
"""What a selector may begin with."""


class HyperParamStrategies(StrEnum):
    """The strategies that need no plugin."""

    grid = "grid"
    list = "list"
    random = "random"
    custom = "custom"

    @staticmethod
    def all() -> Any:  # `list` is one of them here
        """Give their names, a list."""
        return [each.value for each in HyperParamStrategies]


class Selector(NamedTuple):
    """What the best iteration is chosen by.

    Attributes:
        goal: ``"min"`` or ``"max"``.
        result: The name of the result.
    """

    goal: str
    result: str


def parse_selector(selector: str) -> Selector:
    """Read ``[min|max.]result``; without a prefix it is the greatest. A result whose name has a dot needs the prefix.

    Args:
        selector: The selector.

    Raises:
        FieldError: It names no result.
        UnknownNameError: It begins with what is neither ``min`` nor ``max``.

    >>> parse_selector("min.loss"), parse_selector("max.val.accuracy").result
    (Selector(goal='min', result='loss'), 'val.accuracy')
    """
    whole = selector.strip()
    goal, dot, result = whole.partition(".")
    if not dot:
        goal, result = "max", whole
    elif goal not in GOALS:
        error = unknown_name("goal", goal, GOALS, owner=f"the selector {whole!r}")
        error.remedy = f"{error.remedy} A result whose own name has a dot is written 'max.{whole}'."
        raise error
    if not result:
        raise FieldError(
            f"the selector {selector!r} names no result",
            model="HyperParamOptions",
            field="selector",
            remedy="Write one such as 'max.accuracy'.",
        )
    return Selector(goal, result)


def check_strategy(value: Any, field: str = "strategy", owner: str = "HyperParamOptions") -> str | None:
    """Check the name of a strategy: one of :class:`HyperParamStrategies`, or a plugin's, which may be followed by ``:`` and a variant.

    Raises:
        UnknownNameError: There is none of this name; says which there are.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        refuse(field, owner, "a string", value)
    name = str(value.value if isinstance(value, HyperParamStrategies) else value)
    known = HyperParamStrategies.all()
    if name not in known and name.partition(":")[0] not in (plugins := extension_names(STRATEGIES)):
        raise unknown_name("strategy", name, [*known, *plugins])
    return name


def check_selector(value: Any, field: str = "selector", owner: str = "HyperParamOptions") -> str | None:
    """Check a selector, see :func:`parse_selector`."""
    if value is not None and not isinstance(value, str):
        refuse(field, owner, "a string", value, "Write one such as 'max.accuracy'.")
    if value is not None:
        parse_selector(value)
    return value


def _check_condition(value: Any, field: str, owner: str) -> str | None:
    if value is not None and not isinstance(value, str):
        refuse(field, owner, "a string", value, "Write one such as 'accuracy > 0.9'.")
    if value is not None:
        parse(value)
    return value


@model
class HyperParamOptions(ModelObj):
    """How the values of parameters are tried.

    Args:
        param_file: A file with the values, in place of writing them out: csv, json, yaml or parquet.
        strategy: ``grid`` (all combinations), ``list`` (row by row), ``random``, ``custom`` (the handler does it), or that of a plugin.
        selector: What the best iteration is chosen by, ``[min|max.]result``.
        stop_condition: When to stop early, such as ``"accuracy > 0.9"``; see :mod:`packagers_runs.models.expression`.
        parallel_runs: How many run at once; one after the other if ``None``, 0 or 1.
        dask_cluster_uri: The dask cluster that they run on, such as ``tcp://host:8786``, ``dask`` for a local one, or ``db://name``.
        max_iterations: How many are drawn, with ``random`` and the strategies of plugins alone.
        max_errors: How many may fail before the rest is not run.
        teardown_dask: Whether the cluster is shut down afterwards.
        seed: Where chance begins, with ``random`` and the strategies of plugins alone; each run draws and records its own if ``None``.
    """

    param_file: str | None = text()
    strategy: str | None = anything(check=check_strategy)
    selector: str | None = anything(check=check_selector)
    stop_condition: str | None = anything(check=_check_condition)
    parallel_runs: int | None = integer(least=0)
    dask_cluster_uri: str | None = text()
    max_iterations: int | None = integer(least=1)
    max_errors: int | None = integer(least=0)
    teardown_dask: bool | None = flag()
    seed: int | None = integer(least=0)

    def validate(self) -> None:
        """Check what fields mean together.

        Raises:
            FieldError: One has no meaning beside the others.
        """
        error = partial(FieldError, model="HyperParamOptions")
        for field in ("max_iterations", "seed"):
            if getattr(self, field) is not None and (self.strategy or "grid") in ("grid", "list", "custom"):
                raise error(
                    f"{field} has no meaning with the strategy {self.strategy or 'grid'}, which draws nothing",
                    field=field,
                    remedy="Leave it out, or say strategy='random'.",
                )
        if self.teardown_dask is not None and self.dask_cluster_uri is None:
            raise error(
                "teardown_dask has no meaning without dask_cluster_uri", field="teardown_dask", remedy="Name the cluster, or leave it out."
            )


def check_hyperparams(hyperparams: Mapping[str, Any], strategy: str | None) -> None:
    """Check the values that parameters are to take.

    Args:
        hyperparams: The values by parameter.
        strategy: The strategy that tries them, ``None`` for ``grid``.

    Raises:
        FieldError: One is no list, or an empty one; or lists of different lengths stand beside each other with the strategy ``list``.
    """
    if (strategy or "grid") not in ("grid", "list", "random"):
        return  # a plugin's strategy, or the handler, reads them in its own way
    lengths: dict[str, int] = {}
    for name, values in hyperparams.items():
        is_list = isinstance(values, Sized) and hasattr(values, "__getitem__") and getattr(values, "ndim", 1) == 1
        if isinstance(values, str | bytes | bytearray | memoryview | Mapping) or not is_list:
            refuse(f"hyperparams[{name!r}]", "RunSpec", "a list", values, "Give the values that the parameter is to take, in a list.")
        lengths[name] = len(values)
        if not lengths[name]:
            raise FieldError(
                f"the parameter {name!r} has an empty list of values, and must have at least one value",
                model="RunSpec",
                field=f"hyperparams[{name!r}]",
                remedy=f"Give the values to try, such as {name}=1,2 on the command line, or leave the parameter out.",
            )
    if strategy == "list" and len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise FieldError(
            f"with the strategy list all parameters have as many values: {listed}",
            model="RunSpec",
            field="hyperparams",
            remedy="Each iteration takes one value of each list; fill the shorter ones, or use the strategy grid.",
        )
