"""The options of ``packagers runs run`` for hyper-parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from packagers_runs.cli.options import literal, pairs

if TYPE_CHECKING:
    from packagers_runs.models.template import RunTemplate

F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--hyper", multiple=True, metavar="NAME=V1,V2,…", help="Values that a parameter is to take, Python literals or text."),
    click.option("--param-file", metavar="PLACE", help="A file of such values: csv, json, yaml or parquet."),
    click.option("--selector", metavar="[min.|max.]RESULT", help="What the best iteration is chosen by."),
    click.option("--strategy", metavar="NAME", help="How the values are tried: grid (all), list (row by row), random, or a plugin's."),
    click.option("--parallel", "parallel_runs", type=click.IntRange(1), metavar="N", help="How many iterations run at once."),
    click.option("--dask", "dask_cluster_uri", metavar="URI", help="The Dask cluster that they run on, or 'dask' for a local one."),
    click.option("--stop", "stop_condition", metavar="CONDITION", help="When to stop early, such as 'accuracy > 0.9'."),
    click.option("--max-iterations", type=click.IntRange(1), metavar="N", help="How many are drawn by chance, or by a plugin's strategy."),
    click.option("--max-errors", type=click.IntRange(0), metavar="N", help="How many may fail before the rest is not run; by default 3."),
    click.option("--seed", type=click.IntRange(0), help="Where chance begins; a new one by default."),
)
_NAMES = (
    "selector",
    "strategy",
    "parallel_runs",
    "dask_cluster_uri",
    "stop_condition",
    "max_iterations",
    "max_errors",
    "seed",
)


def tuning_options(function: F) -> F:
    """Add the options, given as ``tuning``, a dict by name."""

    def taking(*args: Any, **given: Any) -> Any:
        tuning = {name: given.pop(name) for name in ("hyper", "param_file", *_NAMES)}
        return function(*args, **given, tuning=tuning)

    taking.__name__, taking.__doc__ = function.__name__, function.__doc__
    taking.__dict__.update(vars(function))
    made: Any = taking
    for option in reversed(_OPTIONS):
        made = option(made)
    found: F = made
    return found


def tune(task: RunTemplate, tuning: dict[str, Any]) -> None:
    """Set the hyper-parameters of a task, as the options say.

    Args:
        task: The task.
        tuning: The options by name.
    """
    options = {name: tuning[name] for name in _NAMES if tuning[name] is not None}
    values = spaces(tuning["hyper"])
    if tuning["param_file"] is not None:
        if values:
            raise click.UsageError("--hyper and --param-file both give values: leave one of them out.")
        task.with_param_file(tuning["param_file"], **options)
    elif values or options.get("strategy") == "custom":
        task.with_hyper_params(values, **options)
    elif options:
        parameters = click.get_current_context().command.params
        given = next(each.opts[0] for each in parameters if each.name in options)
        raise click.UsageError(f"{given} has no meaning without --hyper or --param-file: give one, or leave it out.")


def spaces(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Read ``NAME=V1,V2,…`` options.

    >>> spaces(["depth=2,4,8", "kind=gini,entropy", "layers=[8, 8],[16]", "rate=0.1,auto"])
    {'depth': [2, 4, 8], 'kind': ['gini', 'entropy'], 'layers': [[8, 8], [16]], 'rate': [0.1, 'auto']}
    """
    return {name: _values(text) for name, text in pairs(texts, "--hyper").items()}


def _values(text: str) -> list[Any]:
    try:
        found = ast.literal_eval(f"[{text}]")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return [literal(part.strip()) for part in text.split(",")]
    return list(found)
