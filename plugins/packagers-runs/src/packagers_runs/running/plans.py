"""How the values of hyper-parameters are tried: all that can be checked of it before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from packagers import LogHint
from packagers_runs.errors import FieldError
from packagers_runs.executors.choosing import choose_executor
from packagers_runs.executors.executor import Executor
from packagers_runs.models.hyperparams import HyperParamOptions, HyperParamStrategies, Selector, parse_selector
from packagers_runs.models.spec import RunSpec
from packagers_runs.strategies.choosing import choose_strategy
from packagers_runs.strategies.paramfiles import read_param_file
from packagers_runs.strategies.selecting import check_names
from packagers_runs.strategies.stopping import StopCondition
from packagers_runs.strategies.strategy import Strategy


@frozen
class Plan:
    """How values are tried.

    Attributes:
        space: The values by parameter.
        options: The options, with the seed of this run where there is chance.
        selector: What the best is chosen by; ``None`` where there is none.
        repeats_errors: Whether iterations of an earlier attempt that failed are done again.
    """

    space: Mapping[str, Any]
    options: HyperParamOptions
    selector: Selector | None
    repeats_errors: bool = False

    @property
    def is_custom(self) -> bool:
        """Whether the handler itself tries values, in one call."""
        return self.options.strategy == HyperParamStrategies.custom

    def strategy(self) -> Strategy:
        """Make the strategy, before its first iteration."""
        return choose_strategy(self.space, self.options)

    def executor(self) -> Executor:
        """Make what does the iterations."""
        return choose_executor(self.options)

    def first(self) -> Mapping[str, Any]:
        """Give the hyper-parameters of the first iteration, whose names are those of all.

        Raises:
            FieldError: There is none.
        """
        if self.is_custom:
            return {}
        found = self.strategy().ask(1)
        if found is None:
            raise FieldError(
                "there is no iteration at all", model="RunSpec", field="hyperparams", remedy="Give at least one value for each parameter."
            )
        return found


def planned(spec: RunSpec, space: Mapping[str, Any] | None = None, *, repeats_errors: bool = False) -> Plan | None:
    """Make the plan of a run; ``None`` for a run without hyper-parameters.

    Args:
        spec: Of the run; the seed of this run is written into it.
        space: The values by parameter; those of the specification or its file by default.
        repeats_errors: Whether iterations of an earlier attempt that failed are done again.

    Raises:
        FieldError: An option or value can mean nothing.
        UnknownNameError: There is no such strategy, or a result or parameter is misspelt.
        ExpressionError: The stop condition cannot be read.
        DataError: The parameter file cannot be read.
        RunsError: A plugin is not installed.
    """
    options = spec.tuning
    if not spec.is_hyper_job() and options.strategy is None:
        return None
    if options.param_file is not None:
        file = read_param_file(options.param_file)
        options.strategy = options.strategy or file.strategy
        space = file.space
    space = dict(spec.hyperparams) if space is None else space
    options = choose_strategy(space, options).options
    spec.hyper_param_options.seed = options.seed
    selector = None if options.selector is None else parse_selector(options.selector)
    plan = Plan(space, options, selector, repeats_errors)
    if selector is not None:
        check_names([selector.result], spec.outputs, _packed(spec), "selector")
    if options.stop_condition is not None:
        condition = StopCondition(options.stop_condition)
        check_names(condition.names, spec.outputs, _packed(spec), "stop_condition")
        if condition.parameters:
            condition.check_parameters(plan.first())
    if not plan.is_custom:
        plan.executor()
    return plan


def _packed(spec: RunSpec) -> dict[str, str]:
    """Give what the log hints of a run say is packed as an artifact, by key."""
    hints = [LogHint.parse(hint) for hint in spec.returns if hint is not None]
    return {hint.key: hint.artifact_type for hint in hints if hint.artifact_type is not None and hint.artifact_type != "result"}
