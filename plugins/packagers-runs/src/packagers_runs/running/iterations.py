"""The iterations of one attempt of a run: recorded as they end, and what the run has of them in the end.

A thread writes them, so that neither a signal nor the end of a handler ever falls into a transaction. Iterations of a few milliseconds
share one of :data:`SHARED_S`; after one that took longer, nothing goes on before it is recorded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from packagers import Artifact, PackagersError, Session
from packagers_runs.executors.remote import received
from packagers_runs.executors.work import Performed, failed
from packagers_runs.models.metadata import RunMetadata
from packagers_runs.models.status import RunStates
from packagers_runs.running.artifactdocs import document_of
from packagers_runs.running.execution import Job
from packagers_runs.running.exporting import place_of, put_package
from packagers_runs.running.fingerprint import common_part, fingerprint
from packagers_runs.running.marks import FINGERPRINT, INPUTS
from packagers_runs.running.plans import Plan
from packagers_runs.running.recordable import recordable
from packagers_runs.store.iterationrows import Ended
from packagers_runs.store.runrows import Attempt
from packagers_runs.strategies.selecting import Selection
from packagers_runs.strategies.strategy import Outcome
from packagers_runs.strategies.table import csv_text, iteration_table

SHARED_S = 0.05
"""How long an iteration that has ended waits at most for others to be recorded with."""
TABLE = "iteration_results"
PLOT = "parallel_coordinates"
BEST = "best_iteration"
_MOST_WAITING = 1000
_SAID_S = 1.0
PARAMETERS = "packagers/hyperparameters"
"""The annotation of an iteration that names its hyper-parameters."""
REPORTS = "packagers/reports"
"""That of what it reported on its way: steps and values."""
_LEFT_OUT = ("hyperparams", "param_file", "selector", "strategy", "hyper_param_options", "notifications", "state_thresholds", "parameters")
"""What of a specification is the run's, and not its iterations'."""
_OWN = ("annotations", "labels", "iteration")
"""What of its metadata an iteration has of its own."""
_ANNOTATIONS = (FINGERPRINT, INPUTS)


class Iterations:
    """The iterations of one attempt; a context manager that has recorded all of them at its end.

    Args:
        job: The run.
        attempt: The right to write it.
        plan: How values are tried; ``None`` where the handler does it without one.
    """

    def __init__(self, job: Job, attempt: Attempt, plan: Plan | None) -> None:
        self._job = job
        self._attempt = attempt
        self._plan = plan
        document = job.document()
        metadata, spec = document["metadata"], document.get("spec", {})
        annotations = metadata.get("annotations", {})
        self._metadata = {name: value for name, value in metadata.items() if name not in _OWN}
        self._annotations = {name: value for name, value in annotations.items() if name not in _ANNOTATIONS}
        self._spec = {name: value for name, value in spec.items() if name not in _LEFT_OUT}
        self._parameters = spec.get("parameters", {})
        self._form = job.store.form({"metadata": self._metadata, "spec": self._spec})
        run = job.run.spec
        self._common = common_part(job.arguments.handler, annotations.get(INPUTS, {}), run.returns, run.inputs_type_hints)
        self._folder = job.store.staging(attempt) / "received"
        self._writer = _Writer(job, attempt)
        self.outcomes: dict[int, Outcome] = {}
        self.selection = None if plan is None or plan.selector is None else Selection(plan.selector)
        self.marked: int | None = None
        self.errors: dict[int, str] = {}

    def __enter__(self) -> Iterations:
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    @property
    def best(self) -> int | None:
        """The number of the best so far."""
        return self.marked if self.marked is not None or self.selection is None else self.selection.best

    def fingerprint(self, parameters: Mapping[str, Any]) -> str:
        """Give the fingerprint of an iteration.

        Args:
            parameters: Its hyper-parameters.
        """
        return fingerprint(self._common, {**self._job.run.spec.parameters, **parameters})

    def record(self, performed: Performed, parameters: Mapping[str, Any], tries: int = 1, took: float = 0.0) -> Outcome:
        """Record an iteration that has ended.

        Args:
            performed: What came of it.
            parameters: Its hyper-parameters.
            tries: How often it was tried.
            took: Seconds; those that are short share a transaction.

        Returns:
            What became of it, which is not what came of it where a package is not as it was made.
        """
        try:
            ended = self._ended(performed, parameters, self._received(performed, tries), tries)
        except PackagersError as error:
            performed = failed(performed, error)
            ended = self._ended(performed, parameters, {}, tries)
        if performed.error is not None:
            self.errors[performed.number] = performed.error
        self._writer.put(ended, waits=took < SHARED_S)
        return self._remember(performed.number, parameters, performed.state, performed.results, performed.reports)

    def say(self, text: Callable[[], str]) -> None:
        """Say how far the run has come: whoever looks at it while it runs finds that in its ``status_text``, a second later at most.

        Args:
            text: Gives it, when it is wanted, in another thread.
        """
        self._writer.text = text

    def recorded(self) -> dict[int, Mapping[str, Any]]:
        """Give the documents of the iterations that earlier attempts have recorded, by number."""
        if self._attempt.number == 1:
            return {}
        found = self._job.store.documents(uid=self._attempt.uid)
        return {document["metadata"]["iteration"]: document for document in found if document["metadata"].get("iteration")}

    def keep(self, document: Mapping[str, Any], parameters: Mapping[str, Any]) -> Outcome:
        """Take an iteration as an earlier attempt has recorded it.

        Args:
            document: Its document.
            parameters: Its hyper-parameters.
        """
        metadata, status = document["metadata"], document["status"]
        if status.get("error"):
            self.errors[metadata["iteration"]] = status["error"]
        reports = dict(metadata.get("annotations", {}).get(REPORTS, ()))
        return self._remember(metadata["iteration"], parameters, status["state"], status.get("results", {}), reports)

    def drop(self, above: int) -> None:
        """Take away the iterations of higher numbers than one."""
        self._writer.flush()
        self._job.store.drop_iterations(self._attempt, above)
        self.outcomes = {number: outcome for number, outcome in self.outcomes.items() if number <= above}

    def conclude(self, session: Session) -> None:
        """Write into the run what it has of its iterations: their table, and the results and artifacts of the best.

        Args:
            session: Packs the table.
        """
        self._writer.flush()
        status = self._job.run.status
        table = iteration_table(self.outcomes.values(), self._plan.space if self._plan is not None else ())
        table = self._job.masker.hide(table) if self._job.masker else table
        status.iterations = table
        if self.best is not None:
            found = self._job.store.document(self._attempt.uid, self.best).get("status", {})
            status.results = {**status.results, **found.get("results", {}), BEST: self.best}
            status.artifacts = [*status.artifacts, *found.get("artifacts", [])]
            status.artifact_uris = {**status.artifact_uris, **found.get("artifact_uris", {})}
        folder = session.folder / ".table"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{TABLE}.csv").write_text(csv_text(table), encoding="utf-8", newline="")
        session.pack(folder / f"{TABLE}.csv", {"key": TABLE, "artifact_type": "file"})
        plot = self._plot(table)
        if plot:
            (folder / f"{PLOT}.html").write_text(plot, encoding="utf-8")
            session.pack(folder / f"{PLOT}.html", {"key": PLOT, "artifact_type": "file"})

    def _plot(self, table: list[list[Any]]) -> str:
        """Draw the table, one line for each iteration; nothing where there is too little to draw."""
        from packagers_runs.report.coordinates import coordinates  # templates, which nobody else needs in a run
        from packagers_runs.report.iterations import iterations_of
        from packagers_runs.report.pages import page

        found = iterations_of(table, self.best, None if self._plan is None else self._plan.options.selector)
        drawn = None if found is None else coordinates(found)
        return page(f"{self._job.run.metadata.name}: {PLOT.replace('_', ' ')}", drawn) if drawn else ""

    def _remember(self, number: int, parameters: Mapping[str, Any], state: str, results: Mapping[str, Any], reports: Any) -> Outcome:
        value = None if self.selection is None else self.selection.value_of(state, results)
        outcome = Outcome(iteration=number, parameters=dict(parameters), state=state, results=results, value=value, reports=reports)
        self.outcomes[number] = outcome
        return outcome

    def _received(self, performed: Performed, tries: int) -> dict[str, Artifact]:
        """Check and sign what was packed elsewhere, and put it where it goes besides the store."""
        artifacts: dict[str, Artifact] = {}
        folder = self._folder / f"{performed.number}-{tries}"  # others of the same key may still wait to be recorded
        for staged in performed.packages:
            artifacts[staged.key] = received(staged, folder)
            if staged.place is not None:
                put_package(artifacts[staged.key], staged.place)
        return artifacts

    def _ended(self, performed: Performed, parameters: Mapping[str, Any], artifacts: Mapping[str, Artifact], tries: int) -> Ended:
        """Give what is recorded of an iteration."""
        described = self._described(performed, artifacts) if artifacts else []
        status = {
            "state": performed.state,
            "error": performed.error,
            "host": performed.host,
            "status_text": performed.status_text,
            "results": dict(performed.results),
            "artifacts": described,
            "start_time": performed.start_time,
            "last_update": performed.end_time,
            "reason": "pruned" if performed.state == RunStates.skipped else None,
            "end_time": performed.end_time,
            "artifact_uris": {each["metadata"]["key"]: each["metadata"]["uri"] for each in described},
            "retry_count": tries - 1 or None,
            "error_type": performed.error_type,
            "traceback": performed.traceback,
        }
        marks: dict[str, Any] = {FINGERPRINT: self.fingerprint(parameters), PARAMETERS: list(parameters)}
        if performed.reports:
            marks[REPORTS] = [list(each) for each in performed.reports.items()]
        own: dict[str, Any] = {
            "metadata": {"labels": dict(performed.labels), "iteration": performed.number, "annotations": self._annotations | marks},
            "spec": {"parameters": self._parameters | recordable(parameters)},
            "status": {name: value for name, value in status.items() if value not in (None, {}, [])},
        }
        masker = self._job.masker
        own, log = (masker.hide(own), masker.mask(performed.log)) if masker else (own, performed.log)
        told = {"metadata": self._metadata | own["metadata"], "status": own["status"]}
        return Ended(told, self._form.freeze(own), artifacts, log, tries)

    def _described(self, performed: Performed, artifacts: Mapping[str, Artifact]) -> list[dict[str, Any]]:
        """Give what the document of an iteration says of its artifacts."""
        names = RunMetadata.from_dict({**self._metadata, "iteration": performed.number})
        places, objects = {staged.key: staged.place for staged in performed.packages}, self._job.store.objects
        return [
            document_of(each, names, place_of(each, place) if (place := places[key]) else objects.place(each.digest))
            for key, each in artifacts.items()
        ]


class _Writer:
    """The thread that records iterations.

    Args:
        job: The run.
        attempt: The right to write it.
    """

    def __init__(self, job: Job, attempt: Attempt) -> None:
        self._store = job.store
        self._attempt = attempt
        self._waiting: list[Ended] = []
        self._changed = threading.Condition()
        self._is_hurried = self._is_closing = self._is_writing = False
        self._failure: BaseException | None = None
        self._said_at = time.monotonic()
        self.text: Callable[[], str] | None = None
        self._thread = threading.Thread(target=self._write, name="packagers-runs-iterations", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, ended: Ended, *, waits: bool) -> None:
        """Take an iteration.

        Args:
            ended: It.
            waits: Whether others may come with it; otherwise it is recorded when this returns.

        Raises:
            StoreError: It cannot be recorded, or one before it could not.
        """
        with self._changed:
            self._check()
            self._waiting.append(ended)
            if len(self._waiting) == 1:  # else it knows already, and to wake it each time costs more than to record
                self._changed.notify_all()
            if len(self._waiting) >= _MOST_WAITING:
                self._changed.wait_for(lambda: len(self._waiting) < _MOST_WAITING or self._failure is not None)
        if not waits:
            self.flush()

    def flush(self) -> None:
        """Wait until all is recorded that was put.

        Raises:
            StoreError: It cannot be recorded.
        """
        with self._changed:
            self._is_hurried = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure is not None or not (self._waiting or self._is_writing))
            self._is_hurried = False
            self._check()

    def close(self) -> None:
        """Record what waits, and end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join()

    def _say(self) -> None:
        if self.text is not None and time.monotonic() - self._said_at >= _SAID_S:
            self._said_at = time.monotonic()
            self._store.change(self._attempt.uid, {"status.status_text": self.text()}, self._attempt.iteration)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._is_closing)
                if not self._waiting:
                    return
                self._changed.wait_for(lambda: self._is_hurried or self._is_closing, timeout=SHARED_S / 2)
                batch, self._waiting = self._waiting, []
                self._is_writing = True
            try:
                self._store.record_iterations(self._attempt, batch)
                self._say()
            except BaseException as error:  # noqa: BLE001 - whoever puts or flushes next is told
                with self._changed:
                    self._failure, self._is_writing = error, False
                    self._changed.notify_all()
                return
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
