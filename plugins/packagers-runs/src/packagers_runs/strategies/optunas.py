"""Optuna's samplers and its median pruner as strategies: what has ended tells what is tried next."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from packagers_runs.errors import RunsError
from packagers_runs.models.documents import same
from packagers_runs.models.hyperparams import HyperParamOptions, parse_selector
from packagers_runs.models.status import RunStates
from packagers_runs.nearest import unknown_name
from packagers_runs.strategies.draws import ITERATIONS, number_by_chance
from packagers_runs.strategies.strategy import Outcome, Strategy, invalid

_SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "cmaes": "CmaEsSampler",
    "gp": "GPSampler",
    "nsgaii": "NSGAIISampler",
    "qmc": "QMCSampler",
}
_QUIET = ("cmaes", "gp", "qmc")
"""Those that say so whenever a parameter is not one for them: then it is drawn by chance, as documented."""
_RANGE = ("low", "high", "step", "log")
_REMEDY = 'Give a list of values, or a range such as {"low": 0.001, "high": 0.1, "log": True}.'


class OptunaStrategy(Strategy):
    """Optuna: ``optuna:tpe`` (what ``optuna`` is, too), ``random``, ``cmaes``, ``gp``, ``nsgaii`` or ``qmc``.

    The values of a parameter are a list, of which one is chosen (``suggest_categorical``), whole numbers as a ``range``, or a dict:
    ``{"low": 1, "high": 32}`` with ``step`` or ``log`` beside it where they are wanted, both bounds included. They are whole numbers where
    all of them are (``suggest_int``), else floats (``suggest_float``). There are ``max_iterations`` iterations (10), and the selector says
    what is sought.

    An iteration that reports (``context.report(value, step)``) is pruned where it does worse than the median of those before it at that
    step, once there are five.

    Each iteration has a sampler of its own, seeded by the seed and number of the iteration, and the study is made again from what has
    ended. So a run that goes one by one goes on after a kill as if there had been none; what runs side by side learns in the order in which
    iterations end.
    """

    SEEDED = True
    LIMITED = True
    VARIANTS = tuple(_SAMPLERS)

    def __init__(self, space: Mapping[str, Any], options: HyperParamOptions, variant: str = "") -> None:
        super().__init__(space, options, variant)
        if options.selector is None:
            raise invalid("the strategy optuna seeks the best, and no selector says what that is", "selector", "Say 'max.accuracy', say.")
        if not space:
            raise invalid("there are no hyper-parameters", remedy=_REMEDY)
        self._optuna = _imported()
        self._sampler_class = getattr(self._optuna.samplers, _SAMPLERS[variant or "tpe"])
        self._values: dict[str, Sequence[Any]] = {}
        self._distributions = {name: self._distribution(name, values) for name, values in space.items()}
        self._trials: dict[int, Any] = {}
        self._steps: dict[int, set[int]] = {}
        goal = parse_selector(options.selector).goal
        with _quiet(self._optuna):
            self._study = self._optuna.create_study(
                study_name="packagers",
                direction="minimize" if goal == "min" else "maximize",
                sampler=self._sampler(1),
                pruner=self._optuna.pruners.MedianPruner(),
            )

    @property
    def count(self) -> int:
        """How many iterations there are."""
        return self.options.max_iterations or ITERATIONS

    def ask(self, iteration: int) -> dict[str, Any] | None:
        """Ask the sampler for the values of an iteration."""
        if iteration > self.count:
            return None
        found = self._begin(iteration).params
        return {name: self._values[name][value] if name in self._values else value for name, value in found.items()}

    def tell(self, outcome: Outcome) -> None:
        """Tell the study; an iteration that this study was not asked for is begun with the values that it had."""
        trial = self._trials.get(outcome.iteration)
        if trial is None:
            trial = self._begin(outcome.iteration, self._chosen(outcome.parameters))
            for step, value in outcome.reports.items():
                self._record(outcome.iteration, step, value)
        states = self._optuna.trial.TrialState
        if outcome.state == RunStates.skipped:
            self._study.tell(trial, state=states.PRUNED)
            return
        try:
            number = None if outcome.value is None else float(outcome.value)
        except OverflowError:  # a whole number past all floats
            number = None
        self._study.tell(trial, number, state=states.FAIL if number is None else states.COMPLETE)

    def report(self, iteration: int, step: int, value: float) -> bool:
        """Tell the study, and ask its pruner."""
        self._record(iteration, step, value)
        return bool(self._trials[iteration].should_prune())

    def _begin(self, iteration: int, fixed: Mapping[str, Any] | None = None) -> Any:
        """Begin a trial, with the values that it had, if they are known."""
        self._study.sampler = self._sampler(iteration)
        if fixed is not None:
            self._study.enqueue_trial(dict(fixed))
        trial = self._trials[iteration] = self._study.ask()
        try:
            _ = trial.relative_params  # samplers that count what they gave are asked also where the values are known
            for name, distribution in self._distributions.items():
                self._suggest(trial, name, distribution)
        except ImportError as error:
            raise _needs(self.variant, error) from error
        return trial

    def _suggest(self, trial: Any, name: str, distribution: Any) -> None:
        if name in self._values:
            trial.suggest_categorical(name, distribution.choices)
            return
        suggest = trial.suggest_int if isinstance(distribution, self._optuna.distributions.IntDistribution) else trial.suggest_float
        suggest(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)

    def _record(self, iteration: int, step: int, value: float) -> None:
        """Report once for each step, the first time."""
        if step not in self._steps.setdefault(iteration, set()):
            self._steps[iteration].add(step)
            self._trials[iteration].report(value, step)

    def _sampler(self, iteration: int) -> Any:
        is_sequence = self.variant == "qmc"  # its points are one sequence, which the seed shuffles
        options: dict[str, Any] = {"seed": number_by_chance(self.seed, 0 if is_sequence else iteration, "optuna") % 2**32}
        if is_sequence:
            options["scramble"] = True
        if self.variant in _QUIET:
            options["warn_independent_sampling"] = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            try:
                return self._sampler_class(**options)
            except ImportError as error:
                raise _needs(self.variant, error) from error

    def _chosen(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Give recorded parameters as the study has them, but for those that cannot be found again."""
        chosen: dict[str, Any] = {}
        for name in self._distributions:
            if name not in parameters:
                continue
            value = parameters[name]
            if name not in self._values:
                chosen[name] = value
                continue
            places = (place for place, other in enumerate(self._values[name]) if type(other) is type(value) and same(other, value))
            place = next(places, None)
            if place is not None:
                chosen[name] = place
        return chosen

    def _distribution(self, name: str, values: Any) -> Any:
        distributions, where = self._optuna.distributions, f"hyperparams[{name!r}]"
        if isinstance(values, range) and values:
            low, high = sorted((values[0], values[-1]))
            return distributions.IntDistribution(low, high, step=abs(values.step))
        if isinstance(values, Mapping):
            return self._range(where, values)
        if isinstance(values, str | bytes | bytearray) or not isinstance(values, Sequence) or not values:
            raise invalid(f"{where} is neither a list of values nor a range of numbers", remedy=_REMEDY)
        self._values[name] = values
        return distributions.CategoricalDistribution(tuple(range(len(values))))

    def _range(self, where: str, values: Mapping[str, Any]) -> Any:
        for key in values:
            if key not in _RANGE:
                raise unknown_name("key", key, _RANGE, owner=f"the range {where}")
        numbers = {key: values[key] for key in ("low", "high", "step") if values.get(key) is not None}
        if "low" not in numbers or "high" not in numbers:
            raise invalid(f"the range {where} has no {'high' if 'low' in numbers else 'low'}", remedy=_REMEDY)
        for key, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < float("inf"):
                raise invalid(f"{where}[{key!r}] is {number!r:.80}, which is no number", remedy=_REMEDY)
        is_log = values.get("log", False)
        if not isinstance(is_log, bool):
            raise invalid(f"{where}['log'] is {is_log!r:.80}, which is neither true nor false", remedy=_REMEDY)
        is_whole = all(isinstance(number, int) for number in numbers.values())
        make: Callable[..., Any] = getattr(self._optuna.distributions, "IntDistribution" if is_whole else "FloatDistribution")
        try:
            return make(**numbers, log=is_log)
        except ValueError as error:
            raise invalid(f"the range {where} is none: {error}", remedy=_REMEDY) from error


def _imported() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise RunsError("the strategy optuna needs optuna", remedy="pip install packagers-runs[optuna]") from error
    return optuna


def _needs(variant: str, error: ImportError) -> RunsError:
    return RunsError(f"the strategy optuna:{variant} needs a library that is not there: {error}", remedy=_LIBRARIES.get(variant))


_LIBRARIES = {
    "cmaes": "pip install packagers-runs[optuna]",
    "gp": "pip install scipy torch",
    "qmc": "pip install scipy",
}


@contextlib.contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Let optuna say nothing of a study that nobody made, and leave its logger as it was."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
