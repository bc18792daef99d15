"""One attempt of a run, in this process: its handler is called, what it gives is packed, and all of it is recorded in one transaction."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from attrs import field, frozen

import packagers
from packagers import Artifact, PackagersWarning, PackingFailed, Registry, Session
from packagers_runs.errors import ExportError, RunsError, told_of
from packagers_runs.models.durations import seconds_of
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates, RunStatus, utc_text
from packagers_runs.nearest import nearest
from packagers_runs.running.arguments import Arguments
from packagers_runs.running.artifactdocs import document_of
from packagers_runs.running.capture import Sink, captured
from packagers_runs.running.context import RunContext, entered
from packagers_runs.running.exporting import Places, RunSession, place_of, put_package
from packagers_runs.running.interrupts import Terminated, terminable, watched
from packagers_runs.running.masking import Masker
from packagers_runs.running.metrics import metrics_text, write_metrics
from packagers_runs.running.telling import Teller, secret_values
from packagers_runs.store.errors import StateConflictError, StoreError
from packagers_runs.store.journal import Journal
from packagers_runs.store.runrows import Attempt
from packagers_runs.store.store import DocumentStore


@frozen
class Job:
    """A run that is ready to begin: everything that can be checked before was.

    Attributes:
        run: What is to be run.
        arguments: What its handler is called with.
        store: Where it is recorded.
        registry: Finds the packagers.
        secrets: Values by name.
        shows: Whether somebody sees what this process prints.
        body: What is done in an attempt; the handler is called where there is none.
        retries: How often the run is tried again when it fails.
        space: The values of its hyper-parameters, as they are; ``None`` where there are none.
        masker: Hides the values of secrets, also those of notifications.
        teller: Tells who is to be told.
    """

    run: RunObject
    arguments: Arguments
    store: DocumentStore
    registry: Registry
    secrets: Mapping[str, str] = field(factory=dict, repr=False)
    shows: bool = True
    body: Callable[[Job, Attempt, RunSession, RunContext], None] | None = None
    retries: int = 0
    space: Mapping[str, Any] | None = field(default=None, repr=False)
    masker: Masker = field(init=False, repr=False)
    teller: Teller = field(init=False, repr=False)

    @masker.default
    def _masker_of_secrets(self) -> Masker:
        return Masker([*self.secrets.values(), *secret_values(self.run.spec.notifications)])

    @teller.default
    def _teller_of_run(self) -> Teller:
        return Teller(self.run, self.store, self.masker, local=None if self.shows else False)

    def document(self) -> dict[str, Any]:
        """Give the document of the run, without the values of secrets."""
        document = self.run.to_dict()
        return self.masker.hide(document) if self.masker else document

    def forget_secrets(self) -> None:
        """Let the run be what is recorded of it: without the values of secrets."""
        if self.masker:
            recorded = RunObject.from_dict(self.document())
            self.run.metadata, self.run.spec, self.run.status = recorded.metadata, recorded.spec, recorded.status


_SHOWN = 12

Capture = Callable[[Sink], AbstractContextManager[None]]
"""Gives what is printed inside of a block to a sink: that of :mod:`packagers_runs.running.capture`."""


def attempts(job: Job, attempt: Attempt, capture: Capture = captured) -> BaseException | None:
    """Run a job to its end, with as many attempts as its specification allows.

    Args:
        job: What is to be run; its run object is as recorded afterwards.
        attempt: The right to run it.
        capture: What takes what is printed.

    Returns:
        What ended the last attempt early; ``None`` where it completed.

    Raises:
        StoreError: Where not even the failure can be recorded.
    """
    try:
        try:
            return _attempts(job, attempt, capture)
        finally:
            job.teller.ended()
    finally:
        job.forget_secrets()


def _attempts(job: Job, attempt: Attempt, capture: Capture) -> BaseException | None:
    error = execute(job, attempt, capture)
    delay = seconds_of(job.run.spec.retry.backoff.base_delay or 0) or 0
    while job.run.status.state == RunStates.pending_retry:
        try:
            with terminable():
                time.sleep(delay)
        except (KeyboardInterrupt, Terminated) as stop:
            job.store.change(attempt.uid, {"status.state": RunStates.aborted.value}, attempt.iteration)
            job.run.refresh()
            return stop
        try:
            attempt = job.store.take(attempt.uid, attempt.iteration, expected=[RunStates.pending_retry.value])
        except StateConflictError as conflict:  # somebody has ended it, or tries it himself
            job.run.refresh()
            return conflict
        error = execute(job, attempt, capture)
        delay *= 2
    return error


def execute(job: Job, attempt: Attempt, capture: Capture = captured) -> BaseException | None:
    """Run one attempt to its end and record it; see :func:`attempts`."""
    run, store = job.run, job.store
    begun = run.status.start_time or utc_text()
    run.status = RunStatus(state=RunStates.running, start_time=begun, host=socket.gethostname(), retry_count=attempt.number - 1 or None)
    session = RunSession(store.staging(attempt), Places(run.spec, run.metadata, is_idle=store.is_scratch), registry=job.registry)
    execution = _Execution(job, attempt, session)
    execution.write()
    job.teller.begun()
    with Journal(store.database, attempt) as journal, store.current(), _masked(journal.write, job.masker) as sink, capture(sink):
        error = execution.call()
    return execution.end(error)


def call_handler(job: Job, session: Session, context: RunContext) -> None:
    """Call the handler of a run, and pack what it returns.

    Args:
        job: The run.
        session: Packs its outputs.
        context: Its context.
    """
    arguments, returns = job.arguments, job.run.spec.returns or None
    packagers.call(arguments.function(), arguments.inputs, arguments.params_with(context), returns, session=session)


@contextlib.contextmanager
def _masked(sink: Sink, masker: Masker) -> Iterator[Sink]:
    """Give a sink that the values of secrets do not reach."""
    if not masker:
        yield sink
        return
    stream, lock = masker.stream(sink), threading.Lock()

    def write(text: str) -> None:
        with lock:
            stream(text)

    yield write
    with lock:
        stream.finish()


class _Execution:
    """An attempt while it lasts.

    Args:
        job: What is run.
        attempt: The right to do it.
        session: What packs its outputs.
    """

    def __init__(self, job: Job, attempt: Attempt, session: RunSession) -> None:
        self._job = job
        self._attempt = attempt
        self._session = session
        self._recorded: dict[str, Artifact] = {}
        self._places: dict[str, str] = {}
        self._context = RunContext(job.run, session, job.arguments.inputs, job.secrets, self._save)

    def call(self) -> BaseException | None:
        """Call the handler and pack what it returns; gives what ended it early."""
        job = self._job
        try:
            with self._interruptible(), self._session, entered(self._context):
                if job.body is None:
                    call_handler(job, self._session, self._context)
                else:
                    job.body(job, self._attempt, self._session, self._context)
                if job.space is None:  # what iterations put out is theirs
                    self._miss_outputs()
        except BaseException as error:  # noqa: BLE001 - whatever ends a handler ends its run, and is recorded
            return error
        return None

    def _miss_outputs(self) -> None:
        """Warn of what was to come out and did not; of log hints without a value the session has warned."""
        spec, session = self._job.run.spec, self._session
        hinted = spec.join_outputs_and_returns(None, spec.returns)
        unhinted = [key for key in spec.outputs if key not in hinted]
        made = [*session.results, *session.artifacts, *session.bundles] if unhinted else []
        for key in unhinted:
            if key not in made:
                near = nearest(key, made)
                meant = f"Did you mean {near!r}? " if near else ""
                warnings.warn(f"the output {key!r} did not come out. {meant}{_listed(made)}", PackagersWarning, stacklevel=2)

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        with terminable(), watched(self._is_wanted):
            yield

    def _is_wanted(self) -> bool:
        try:
            found = self._job.store.document(self._attempt.uid, self._attempt.iteration)
        except RunsError as error:
            if isinstance(error, LookupError):  # it was removed meanwhile
                return False
            raise
        return bool(found.get("status", {}).get("state") == RunStates.running)

    def _tell(self, error: BaseException) -> None:
        """Write into the document what ended the run early."""
        status = self._job.run.status
        for name, text in told_of(error).items():
            setattr(status, name, self._job.masker.mask(text))
        if isinstance(error, KeyboardInterrupt):
            status.reason = "interrupted"

    def _reason(self) -> str:
        """Give why the run was to end, as whoever asked for it has said."""
        try:
            found = self._job.store.document(self._attempt.uid, self._attempt.iteration)
        except RunsError:
            return "terminated"
        return str(found.get("status", {}).get("reason") or "terminated")

    def _save(self) -> None:
        """Record what was logged so far."""
        new = {key: artifact for key, artifact in self._new(self._session.packages).items() if not self._session.is_waiting(artifact)}
        self._export(new)
        self._describe(new)
        self.write(new)
        self._recorded.update(new)

    def write(self, artifacts: Mapping[str, Artifact | str] | None = None) -> None:
        """Write the document, without the values of secrets, and artifacts, those of others by their addresses."""
        self._job.teller.mark()
        self._job.store.write(self._attempt, self._job.document(), artifacts)

    def end(self, error: BaseException | None) -> BaseException | None:
        """Record how it ended; gives what ended it early."""
        status = self._job.run.status
        if error is not None and self._context.is_complete and isinstance(error, Exception) and not isinstance(error, PackingFailed):
            error = None
        packages = self._session.packages
        new = self._new(packages)
        if error is None or isinstance(error, Exception):  # who is interrupted has no time left for copies
            try:
                self._export(new)
            except ExportError as failure:
                error = error or failure
        try:
            self._describe(new)
        except RunsError as failure:
            error = error or failure
        status.end_time = utc_text()
        status.state = _state_after(error)
        if status.state == RunStates.error and self._attempt.number <= self._job.retries:
            status.state = RunStates.pending_retry
        if error is not None:
            self._tell(error)
        if isinstance(error, Terminated):
            status.reason = status.error = self._reason()  # the name of a signal says nothing
        links = {key: uri for key, uri in status.artifact_uris.items() if key not in packages}
        try:
            self.write({**links, **new})
        except StateConflictError as conflict:  # somebody else has ended it, or taken it for lost
            self._job.run.refresh()
            return error or conflict
        except StoreError as failure:
            status.state = RunStates.error
            status.results, status.artifacts, status.artifact_uris = {}, [], {}
            self._tell(failure)
            self.write()
            return error or failure
        return error

    def _new(self, packages: Mapping[str, Artifact]) -> dict[str, Artifact]:
        return {key: artifact for key, artifact in packages.items() if self._recorded.get(key) is not artifact}

    def _export(self, artifacts: Mapping[str, Artifact]) -> None:
        """Put artifacts and metrics where the run wants them besides the store."""
        run = self._job.run
        for key, place in self._session.places_for(artifacts).items():
            if place is not None:
                put_package(artifacts[key], place)
                self._places[key] = place_of(artifacts[key], place)
        if run.spec.scrape_metrics:
            results = {**run.status.results, **self._session.results}
            text = self._job.masker.mask(metrics_text(run.metadata, results))
            write_metrics(self._job.store.metrics.path(self._attempt.uid, self._attempt.iteration), text)

    def _describe(self, new: Mapping[str, Artifact]) -> None:
        """Write into the document what came out."""
        run, status = self._job.run, self._job.run.status
        results, masker = self._session.results, self._job.masker
        objects = self._job.store.objects
        made = {
            key: document_of(artifact, run.metadata, self._places.get(key) or objects.place(artifact.digest))
            for key, artifact in new.items()
        }
        status.artifacts = [each for each in status.artifacts if each["metadata"]["key"] not in made] + list(made.values())
        addresses = {key: document["metadata"]["uri"] for key, document in made.items()}
        status.artifact_uris = {**status.artifact_uris, **addresses}
        status.last_update = utc_text()
        status.results = {**status.results, **(masker.hide(results) if masker else results)}


def _listed(keys: list[str]) -> str:
    return f"There are: {', '.join(keys[:_SHOWN])}." if keys else "Nothing else did."


def _state_after(error: BaseException | None) -> str:
    if error is None:
        return RunStates.completed
    return RunStates.aborted if isinstance(error, KeyboardInterrupt | Terminated) else RunStates.error
