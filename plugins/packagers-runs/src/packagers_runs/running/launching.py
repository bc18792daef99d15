"""Launching runs: a task becomes a run, all that can be checked is checked, and then it runs."""

from __future__ import annotations

import getpass
import socket
import uuid
import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from packagers import Artifact, DataItem, PackagersWarning, Result
from packagers_runs.errors import FieldError, HandlerError
from packagers_runs.models.durations import seconds_of
from packagers_runs.models.inputs import LIVE, is_live
from packagers_runs.models.names import run_name
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.spec import RunSpec
from packagers_runs.models.status import RunStates
from packagers_runs.models.template import RunTemplate, new_task
from packagers_runs.nearest import unknown_name
from packagers_runs.running.arguments import check_arguments
from packagers_runs.running.execution import Job, attempts, registry_here
from packagers_runs.running.handlers import find_handler
from packagers_runs.running.interrupts import Terminated, terminable
from packagers_runs.secretsources.reading import read_secrets
from packagers_runs.store.errors import StoreError
from packagers_runs.store.runrows import DEFAULT_PROJECT
from packagers_runs.store.store import Store, current_store

KIND = "local"


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
        job = prepare(RunObject.from_template(new_task(**arguments, base=base)), self, store or current_store())
        seconds = _limit(job.run.spec)
        if watch and seconds is None:
            return self._run_here(job)
        return self._run_apart(job, seconds, watch)

    def _run_here(self, job: Job) -> RunObject:
        attempt = job.store.begin(job.document())
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
        process = start_worker(job, job.store.begin(job.document(), owned=False), self.file, limit)
        run = job.run
        job.forget_secrets()
        if not watch:
            return run.refresh()
        try:
            with terminable():
                run.logs()
                process.wait()
        except BaseException:
            end_process(process)
            run.refresh()
            raise
        run.refresh().raise_for_failure()
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


def prepare(run: RunObject, function: Function, store: Store) -> Job:
    """Check all that can be checked of a run, and fill in what it is called and where it runs.

    Args:
        run: The run; it is changed.
        function: What it belongs to.
        store: Where it will be recorded.

    Raises:
        FieldError: Something of it cannot be what it is.
        UnknownNameError: It names something that does not exist.
        InputError: The handler needs something that it is not given.
        HandlerError: The handler cannot be found.
        SecretError: Its secrets cannot be read.
    """
    spec, metadata = run.spec, run.metadata
    spec.validate()
    _refuse_what_is_not_here(spec)
    if spec.handler is None:
        raise FieldError("a run needs a handler", model="RunSpec", field="handler", remedy="Give handler=, a function or its name.")
    spec.extract_type_hints_from_inputs()
    handler = find_handler(spec.handler, function.file)
    inputs = {name: _resolved(name, source, spec) for name, source in spec.inputs.items()}
    arguments = check_arguments(handler, inputs, spec.parameters, spec.inputs_type_hints)
    secrets = read_secrets(spec.secret_sources)
    metadata.uid = uuid.uuid4().hex
    metadata.name = run_name(metadata.name, function.name, handler.reference or handler.function)
    metadata.project = metadata.project or function.project or store.project or DEFAULT_PROJECT
    metadata.labels = {"kind": KIND, "owner": _user(), "host": socket.gethostname(), **metadata.labels}
    spec.function = spec.function or function.name
    spec.handler = handler.reference or handler.name
    spec.inputs = {name: _recorded(source) for name, source in inputs.items()}
    run.status.state = RunStates.created
    run.tie(store)
    return Job(run, arguments, store, registry_here(), secrets)


def stored_job(run: RunObject, store: Store, hints: Mapping[str, Any] | None = None) -> Job:
    """Make the job of a run that is in a store, from what its document says.

    Args:
        run: The run.
        store: Where it is.
        hints: Type hints of inputs by name; those of its document by default.

    Raises:
        HandlerError: Its handler had no name, or is not found by it any more.
        FieldError: An input was a live object, or secrets were given inline.
    """
    spec = run.spec
    if any(source["kind"] == "inline" for source in spec.secret_sources):
        raise FieldError(
            "the inline secrets of the run are kept nowhere", model="RunSpec", field="secret_sources", remedy="Run it anew with them."
        )
    if not isinstance(spec.handler, str) or ":" not in spec.handler:
        raise HandlerError(
            f"the handler {spec.handler!r} had no name by which it can be found again",
            remedy="Run it anew; a function of a module or file can be found.",
        )
    for name, source in spec.inputs.items():
        if is_live(source):
            raise FieldError(
                f"the input {name!r} was an object ({source}), which is not there any more",
                model="RunSpec",
                field="inputs",
                remedy="Run it anew; an artifact or a file can be read again.",
            )
    handler = find_handler(spec.handler)
    arguments = check_arguments(handler, spec.inputs, spec.parameters, spec.inputs_type_hints if hints is None else hints)
    return Job(run, arguments, store, registry_here(), read_secrets(spec.secret_sources))


def retry(uid: str, store: Store | None = None) -> RunObject:
    """Try a run again that has failed, was aborted or is lost; its next attempt begins, whatever its specification allows.

    Args:
        uid: Of the run.
        store: Where it is; by default the store that was opened last.

    Returns:
        The run as it is recorded at the end.

    Raises:
        RunNotFoundError: There is no such run.
        StateConflictError: It has not ended, or it has completed.
        HandlerError: Its handler cannot be found again.
        RunError: It failed again.
    """
    store = store or current_store()
    job = stored_job(RunObject.from_store(store, uid), store)
    attempt = store.take(uid, expected=[RunStates.error.value, RunStates.aborted.value, RunStates.pending_retry.value])
    error = attempts(job, attempt)
    job.run.raise_for_failure(error)
    return job.run


def _refuse_what_is_not_here(spec: RunSpec) -> None:
    """Refuse what this release reads in documents and cannot do: nothing is accepted and then ignored."""
    idle = {
        "hyperparams": spec.is_hyper_job() or spec.tuning.strategy is not None,
        "notifications": spec.notifications,
        "scrape_metrics": spec.scrape_metrics,
        "allow_empty_resources": spec.allow_empty_resources,
        "output_path": spec.output_path or spec.output_paths,
    }
    for name, is_set in idle.items():
        if is_set:
            raise FieldError(f"{name} is not in this release of packagers-runs", model="RunSpec", field=name, remedy="Leave it out.")


def _limit(spec: RunSpec) -> float | None:
    """Give the seconds that the run may take; warns of limits on what does not happen here."""
    limits = {name: seconds_of(limit) for name, limit in spec.state_thresholds.items()}
    idle = [name for name, limit in limits.items() if limit is not None and name != "executing"]
    if idle:
        warnings.warn(f"runs on this machine do not wait: the limit of {idle[0]} means nothing here", PackagersWarning, stacklevel=4)
    return limits.get("executing")


def _resolved(name: str, source: Any, spec: RunSpec) -> Any:
    """Give where an input really is: below ``input_path``, in a data store by name, or as it was said."""
    if isinstance(source, list):
        return [_resolved(name, item, spec) for item in source]
    if isinstance(source, dict):
        return {key: _resolved(name, item, spec) for key, item in source.items()}
    if source is None:
        if not spec.input_path:
            raise FieldError(
                f"the input {name!r} has no path, and there is no input_path",
                model="RunSpec",
                field="inputs",
                remedy="Give one of the two.",
            )
        source = name
    if not isinstance(source, str):
        return source
    first, slash, rest = source.partition("/")
    for place in spec.data_stores:
        if slash and first == place.name:
            return _in_data_store(f"{(place.url or '').rstrip('/')}/{rest}", place.options, name)
    if "://" in source or PurePosixPath(source).is_absolute() or Path(source).is_absolute() or not spec.input_path:
        return source
    return f"{spec.input_path.rstrip('/')}/{source}"


def _in_data_store(url: str, options: Mapping[str, Any], name: str) -> str:
    if options:
        raise FieldError(
            f"the input {name!r} is in a data store with options, which data items do not take",
            model="RunSpec",
            field="data_stores",
            remedy="Set them for its protocol in fsspec's configuration.",
        )
    return url


def _recorded(source: Any) -> Any:
    """Give what the document says of an input: where it is, or of which type a live object was."""
    if isinstance(source, str):
        return source
    if isinstance(source, list):
        return [_recorded(item) for item in source]
    if isinstance(source, dict):
        return {str(key): _recorded(item) for key, item in source.items()}
    if isinstance(source, DataItem):
        return source.url
    if isinstance(source, Artifact):
        return str(source.path)
    if isinstance(source, PathLike):
        return str(source)
    kind = type(source.value if isinstance(source, Result) else source)
    return f"{LIVE}{kind.__module__}.{kind.__qualname__}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # containers run users without a name
        return "unknown"
