"""Launching runs: a task becomes a run, and then it runs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from packagers import PackagersWarning
from packagers_runs.errors import FieldError
from packagers_runs.models.durations import seconds_of
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.spec import RunSpec
from packagers_runs.models.template import RunTemplate, new_task
from packagers_runs.nearest import unknown_name
from packagers_runs.running.execution import Job, attempts
from packagers_runs.running.interrupts import Terminated, terminable
from packagers_runs.running.marks import secure
from packagers_runs.running.preparing import prepare
from packagers_runs.running.telling import Teller, refuse_watching
from packagers_runs.runstore import Store, current_store
from packagers_runs.store.errors import StoreError


class Function:
    """Something whose handlers are run; made by :func:`new_function`.

    Args:
        name: The first part of the names of its runs.
        file: Where bare names of handlers are looked for.
        project: The project of its runs.
    """

    def __init__(self, name: str | None = None, file: str | Path | None = None, project: str | None = None) -> None:
        self.name = name
        self.file = None if file is None else Path(file)
        self.project = project

    def __repr__(self) -> str:
        given = {"name": self.name, "file": None if self.file is None else str(self.file), "project": self.project}
        return f"new_function({', '.join(f'{name}={value!r}' for name, value in given.items() if value is not None)})"

    def run(self, task: RunTemplate | None = None, *, watch: bool = True, store: Store | None = None, **arguments: Any) -> RunObject:
        """Run a task: in this process, or in one of its own where it has a time limit or is not watched.

        Args:
            task: The task; it stays as it is.
            watch: Whether to wait for its end; otherwise it goes on by itself, also when this process ends.
            store: Where the run is recorded; by default the store that was opened last, or ``.packagers`` in the working directory.
            **arguments: Those of :func:`new_task`, which beat the task's.

        Returns:
            The run: as it is recorded at its end, or begun where it is not watched.

        Raises:
            RunError: It failed; the exception of the handler is the cause where it was raised in this process.
            FieldError: Something of the task cannot be what it is.
            UnknownNameError: It names something that does not exist. In these two cases nothing was run or recorded.
        """
        if task is not None and not isinstance(task, RunTemplate):
            raise FieldError("Parameter task must be a RunTemplate", model="run", field="task", remedy="Make one with new_task().")
        for name in arguments:
            if name not in _ARGUMENTS:
                raise unknown_name("argument", name, [*_ARGUMENTS, "watch", "store"], owner="run()")
        base = arguments.pop("base", None) or task
        job = prepare(
            RunObject.from_template(new_task(**arguments, base=base)),
            store or current_store(),
            function=self.name,
            file=self.file,
            project=self.project,
        )
        seconds = _limit(job.run.spec)
        if watch and seconds is None:
            return self._run_here(job)
        return self._run_apart(job, seconds, watch)

    def _run_here(self, job: Job) -> RunObject:
        attempt = job.store.begin(job.document())
        secure(job, attempt)
        error = attempts(job, attempt)
        if isinstance(error, BaseException) and not isinstance(error, Exception | Terminated | SystemExit):
            raise error
        job.run.raise_for_failure(error)
        return job.run

    def _run_apart(self, job: Job, limit: float | None, watch: bool) -> RunObject:
        from packagers_runs.running.workers import end_process, start_worker

        if job.store.database.is_memory:
            raise StoreError(
                "a store in memory is not seen by the process of the run", remedy="connect() to a file, or leave watch and limits out."
            )
        run = job.run
        if not watch:
            refuse_watching(run)
        attempt = job.store.begin(job.document())
        secure(job, attempt, is_handed_over=True)
        here = Teller(run, job.store, job.masker, local=True)
        process = start_worker(job, attempt, self.file, limit)
        job.forget_secrets()
        if not watch:
            return run.refresh()
        try:
            with terminable():
                here.follow()
                run.logs()
                process.wait()
        except BaseException:
            end_process(process)
            raise
        finally:
            here.ended()
            job.teller.ended()  # what the process of the run was killed before it told
            run.refresh()
        run.raise_for_failure()
        return run


_ARGUMENTS = tuple(new_task.__annotations__)[:-1]


def new_function(name: str | None = None, file: str | Path | None = None, project: str | None = None) -> Function:
    """Make something whose handlers can be run.

    Args:
        name: The first part of the names of its runs.
        file: Where bare names of handlers are looked for; the running program by default.
        project: The project of its runs.

    >>> new_function("trainer")
    new_function(name='trainer')
    """
    return Function(name, file, project)


def _limit(spec: RunSpec) -> float | None:
    """Give the seconds that the run may take; warns of limits on what does not happen here."""
    limits = {name: seconds_of(limit) for name, limit in spec.state_thresholds.items()}
    idle = [name for name, limit in limits.items() if limit is not None and name != "executing"]
    if idle:
        warnings.warn(f"runs on this machine do not wait: the limit of {idle[0]} means nothing here", PackagersWarning, stacklevel=4)
    return limits.get("executing")
