"""The body of a run with hyper-parameters: iteration after iteration is asked for, done, recorded and told, until it is enough.

Whatever ends first is recorded first, but what it means for the run is decided in the order of the numbers. So a run in parallel stops at
the iteration at which it would stop one after the other, and has the same table; what was done past that is taken away.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from attrs import evolve

from packagers import LogHint, PackagersWarning, Session
from packagers_runs.errors import ExecutorError, IterationsError
from packagers_runs.executors.executor import Executor
from packagers_runs.executors.judging import Judge, answering
from packagers_runs.executors.remote import lost, plugins_of
from packagers_runs.executors.work import Performed, Setup, Work
from packagers_runs.models.durations import seconds_of
from packagers_runs.models.hyperparams import HyperParamOptions
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import ERROR_STATES, RunStates
from packagers_runs.progress import progress
from packagers_runs.report.words import short_text
from packagers_runs.running.context import RunContext
from packagers_runs.running.execution import Job
from packagers_runs.running.iterations import PARAMETERS, Iterations
from packagers_runs.running.marks import FINGERPRINT
from packagers_runs.running.plans import Plan
from packagers_runs.store.runrows import Attempt
from packagers_runs.strategies.cells import scalar
from packagers_runs.strategies.selecting import Selection
from packagers_runs.strategies.stopping import ErrorLimit, StopCondition
from packagers_runs.strategies.strategy import Outcome, Strategy

_logger = logging.getLogger("packagers.runs")
_LOOK_S = 0.5
"""How often a thread that waits looks whether it is to end."""


def search(job: Job, attempt: Attempt, session: Session, context: RunContext, plan: Plan) -> None:
    """Do the iterations of a run.

    Args:
        job: The run; what it has of its iterations in the end is written into it.
        attempt: The right to write it.
        session: Packs the table of iterations.
        context: Of the run; its handler never sees it.
        plan: How values are tried.

    Raises:
        IterationsError: Some failed. The rest is recorded, and the best is found all the same.
        UnknownNameError: The selector or the stop condition names a result that there is not.
    """
    with Iterations(job, attempt, plan) as iterations:
        found = _Search(job, attempt, plan, iterations)
        try:
            found.run()
        finally:
            iterations.conclude(session)
        found.check()


class _Search:
    """The iterations while they are done; the arguments are those of :func:`search`."""

    def __init__(self, job: Job, attempt: Attempt, plan: Plan, iterations: Iterations) -> None:
        self._job = job
        self._iterations = iterations
        self._strategy = plan.strategy()
        self._prunes = type(self._strategy).report is not Strategy.report
        self._executor = plan.executor()
        self._errors = ErrorLimit(plan.options.max_errors)
        self._condition = None if plan.options.stop_condition is None else StopCondition(plan.options.stop_condition)
        self._retries = job.run.spec.retry.count or 0
        self._delay = seconds_of(job.run.spec.retry.backoff.base_delay or 0) or 0.0
        self._setup = _setup_of(job, attempt, self._executor)
        self._turn = threading.Lock()
        self._repeats_errors = plan.repeats_errors
        self._known = iterations.recorded()
        self._next = self._undecided = 1
        self._is_exhausted = False
        self._last: int | None = None
        count = self._strategy.count
        self._of = "" if count is None else f" of {count}"
        self._running: dict[Future[Performed], tuple[Work, float]] = {}
        self._said: set[str] = set()
        self._noted: int | None = None
        self._note = ""

    def run(self) -> None:
        """Do them; see :func:`search`."""
        with self._judging() as judge:
            self._do_all(evolve(self._setup, judge=judge))
        if self._last is not None:
            self._iterations.drop(self._last)
        elif self._known:
            self._iterations.drop(self._next - 1)

    def _do_all(self, setup: Setup) -> None:
        is_done = False
        self._executor.open(setup)
        try:
            with progress("iterations", self._strategy.count, "iterations") as self._advance:
                while self._begin():
                    self._collect()
            is_done = True
        finally:
            self._executor.close(kill=bool(self._running) or not is_done)

    def _judging(self) -> AbstractContextManager[Judge | None]:
        """Give what iterations ask that report; nothing for a strategy that prunes none, and for workers of other machines."""
        if not self._prunes or not self._executor.SHARES_FILES:
            return nullcontext()
        return nullcontext(self._judge) if self._executor.is_here else answering(self._judge)

    def _judge(self, iteration: int, step: int, value: float) -> bool:
        with self._turn:
            return self._strategy.report(iteration, step, value)

    def _ask(self, number: int) -> dict[str, Any] | None:
        with self._turn:
            return self._strategy.ask(number)

    def check(self) -> None:
        """Check, when all have ended, that none failed, and that all results were there that were asked for."""
        if self._errors.message:
            first = min(self._iterations.errors, default=0)
            why = f"; iteration {first}: {self._iterations.errors[first]}" if first else ""
            raise IterationsError(f"{self._errors.message}{why}", remedy="`retry` does those again that failed.")
        if self._iterations.selection is not None:
            self._iterations.selection.check()
        if self._condition is not None:
            self._condition.check()

    def _begin(self) -> bool:
        """Begin as many as there is room for; tell whether any is being done."""
        while self._last is None and not self._is_exhausted and len(self._running) < self._executor.width:
            number, known = self._next, self._known.get(self._next)
            if known is not None and (kept := self._kept(number, known)) is not None:
                self._next += 1
                self._ended(kept)
                continue
            parameters = self._ask(number)
            if parameters is None:
                self._is_exhausted = True
            else:
                self._next += 1
                self._submit(Work(number, parameters))
        return bool(self._running) and self._last is None

    def _kept(self, number: int, document: Mapping[str, Any]) -> Outcome | None:
        """Take an iteration that an earlier attempt has recorded; ``None`` where it has to be done again."""
        metadata, parameters = document["metadata"], document.get("spec", {}).get("parameters", {})
        marks = metadata.get("annotations", {})
        if self._repeats_errors and document["status"]["state"] in ERROR_STATES:
            return None
        # Of a strategy that goes by what it was told, what it has asked for is as it was recorded.
        asked = {name: parameters[name] for name in marks.get(PARAMETERS, ()) if name in parameters}
        wanted = self._strategy.recalled(asked) if self._strategy.LEARNS else self._ask(number)
        if wanted is None or marks.get(FINGERPRINT) != self._iterations.fingerprint(wanted):
            return None
        return self._iterations.keep(document, wanted)

    def _submit(self, work: Work) -> None:
        begun = time.monotonic()
        try:
            future = self._executor.submit(work)
        except ExecutorError:
            raise
        except Exception as error:  # noqa: BLE001 - what keeps one from being begun fails that one
            future = Future()
            future.set_exception(error)
        self._running[future] = work, begun

    def _collect(self) -> None:
        """Wait for one to end, and see to all that have."""
        done = [future for future in self._running if future.done()]
        for future in done or wait(self._running, timeout=_LOOK_S, return_when=FIRST_COMPLETED).done:
            work, begun = self._running.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if isinstance(error, ExecutorError):
                raise error
            performed = future.result() if error is None else lost(work, error)
            for text in performed.differences:
                self._tell(f"{text}: iterations may differ from those that are done here")
            if performed.reports and self._prunes and not self._executor.SHARES_FILES:
                self._tell("what iterations on other machines report does not reach the strategy while they run: none of them is pruned")
            if performed.state == RunStates.error and work.tries < self._retries:
                self._submit(evolve(work, tries=work.tries + 1, delay=self._delay * 2**work.tries))
            else:
                outcome = self._iterations.record(performed, work.parameters, work.tries + 1, time.monotonic() - begun)
                if outcome.state == RunStates.error:
                    _logger.warning("iteration %d failed: %s", work.number, self._iterations.errors[work.number])
                self._ended(outcome)

    def _ended(self, outcome: Outcome) -> None:
        """Tell what became of one, and decide on all whose turn it is."""
        with self._turn:
            self._strategy.tell(outcome)
        while self._last is None and (found := self._iterations.outcomes.get(self._undecided)) is not None:
            self._errors.add(found.state)
            if self._iterations.selection is not None:
                self._iterations.selection.add(found.iteration, found.state, found.results)
            if self._errors.is_exceeded or (self._condition is not None and self._condition.holds(found)):
                self._last = self._undecided
            self._undecided += 1
        selection = self._iterations.selection
        if selection is not None and selection.best != self._noted:
            self._noted, self._note = selection.best, self._best_so_far(selection)
        self._advance(1, self._note)
        self._iterations.say(self._said_so_far)

    def _said_so_far(self) -> str:
        return ", ".join(part for part in (f"{len(self._iterations.outcomes)}{self._of} iterations", self._note) if part)

    @staticmethod
    def _best_so_far(selection: Selection) -> str:
        if selection.value is None:
            return ""
        return f"best {selection.selector.result} so far {short_text(scalar(selection.value))}, in iteration {selection.best}"

    def _tell(self, text: str) -> None:
        """Warn of something once."""
        if text not in self._said:
            self._said.add(text)
            warnings.warn(text, PackagersWarning, stacklevel=2)


def _setup_of(job: Job, attempt: Attempt, executor: Executor) -> Setup:
    run = RunObject(job.run.spec.copy(), job.run.metadata.copy())  # tied to no store
    spec = run.spec
    spec.returns = [None if hint is None else LogHint.parse(hint) for hint in spec.returns]  # once, and not in each
    spec.hyperparams, spec.hyper_param_options, spec.notifications, spec.secret_sources = {}, HyperParamOptions(), [], []
    store = None if executor.is_here or job.store.database.is_memory else job.store
    staging = job.store.staging(attempt) / "iterations"
    return Setup(run, job.arguments, job.registry, plugins_of(job.registry), job.secrets, store, staging)
