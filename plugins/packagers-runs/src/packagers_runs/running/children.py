"""The body of a run whose handler is called once, and may begin children: iterations that it does itself, one by one or side by side."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from packagers_runs.errors import told_of
from packagers_runs.executors.work import Performed, Staged
from packagers_runs.models.status import RunStates, utc_text
from packagers_runs.running.capture import captured
from packagers_runs.running.context import ChildContext, RunContext
from packagers_runs.running.execution import Job, call_handler
from packagers_runs.running.exporting import Places, RunSession
from packagers_runs.running.interrupts import Terminated
from packagers_runs.running.iterations import Iterations
from packagers_runs.running.marks import FINGERPRINT
from packagers_runs.running.plans import Plan
from packagers_runs.store.runrows import Attempt


def with_children(job: Job, attempt: Attempt, session: RunSession, context: RunContext, plan: Plan | None) -> None:
    """Call the handler of a run, which may begin children.

    Args:
        job: The run; what it has of its children in the end is written into it.
        attempt: The right to write it.
        session: Packs its outputs.
        context: Its context.
        plan: What the best child is chosen by, where the handler marks none.
    """
    with ExitStack() as blocks:
        children = _Children(job, attempt, plan, blocks)
        context.let_children_begin(children.begin)
        error: BaseException | None = None
        try:
            call_handler(job, session, context)
        except BaseException as raised:
            error = raised
            raise
        finally:
            children.finish(session, error)


class _Children:
    """The children of one attempt; the first arguments are those of :func:`with_children`.

    Args:
        job: The run.
        attempt: The right to write it.
        plan: What the best is chosen by.
        blocks: Ended when the handler has.
    """

    def __init__(self, job: Job, attempt: Attempt, plan: Plan | None, blocks: ExitStack) -> None:
        self._job = job
        self._attempt = attempt
        self._plan = plan
        self._blocks = blocks
        self._iterations: Iterations | None = None
        self._known: dict[int, Mapping[str, Any]] = {}
        self._open: dict[int, Callable[[BaseException | None], None]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def begin(self, parameters: Mapping[str, Any]) -> ChildContext:
        """Begin a child."""
        with self._lock:
            if self._iterations is None:
                self._iterations = self._blocks.enter_context(Iterations(self._job, self._attempt, self._plan))
                self._known = self._iterations.recorded()
            self._count += 1
            number, iterations = self._count, self._iterations
        job = self._job
        run = job.run.copy()
        run.metadata.iteration = number
        run.spec.parameters = {**run.spec.parameters, **parameters}
        run.status.status_text = None
        folder = job.store.staging(self._attempt) / "iterations" / str(number)
        session = RunSession(folder, Places(run.spec, run.metadata, is_idle=job.store.is_scratch), registry=job.registry)
        known = self._recorded(number, parameters, iterations)
        log: list[str] = []
        begun, start = utc_text(), time.monotonic()

        def end(error: BaseException | None) -> None:
            with self._lock:
                if self._open.pop(number, None) is None or isinstance(error, KeyboardInterrupt | Terminated):
                    return
            if error is None and known is not None and child.is_recorded:
                iterations.keep(known, parameters)
                return
            told: dict[str, Any] = {} if error is None else told_of(error)
            performed = Performed(
                number=number,
                state=RunStates.completed.value if error is None else RunStates.error.value,
                start_time=begun,
                end_time=utc_text(),
                host=socket.gethostname(),
                results=session.results,
                packages=_staged(session) if error is None else (),
                log="".join(log),
                labels=run.metadata.labels,
                status_text=run.status.status_text,
                **told,
            )
            iterations.record(performed, parameters, took=time.monotonic() - start)

        def save() -> None:
            if child.is_complete:
                session.close()
                end(None)

        def mark() -> None:
            iterations.marked = number

        child = ChildContext(
            run,
            session,
            job.arguments.inputs,
            job.secrets,
            save,
            mark=mark,
            block=lambda: captured(log.append),
            end=end,
            recorded=None if known is None else known["status"],
        )
        self._open[number] = end
        return child

    def _recorded(self, number: int, parameters: Mapping[str, Any], iterations: Iterations) -> Mapping[str, Any] | None:
        """Give the document of a child that an earlier attempt has completed, and that would be the same again."""
        found = self._known.get(number)
        if found is None or found["status"]["state"] != RunStates.completed:
            return None
        marks = found["metadata"].get("annotations", {})
        return found if marks.get(FINGERPRINT) == iterations.fingerprint(parameters) else None

    def finish(self, session: RunSession, error: BaseException | None) -> None:
        """Record the children that were not ended as their run was, and write into the run what it has of them all."""
        if self._iterations is None:
            return
        for end in list(self._open.values()):
            end(error)
        selection = self._iterations.selection
        if selection is not None:
            for number, outcome in sorted(self._iterations.outcomes.items()):
                selection.add(number, outcome.state, outcome.results)
        if error is None and self._attempt.number > 1:
            self._iterations.drop(self._count)
        self._iterations.conclude(session)
        if error is None and selection is not None and self._iterations.marked is None:
            selection.check()


def _staged(session: RunSession) -> tuple[Staged, ...]:
    packages = session.packages
    return tuple(Staged(key, "", place, folder=packages[key].path) for key, place in session.places_for(packages).items())
