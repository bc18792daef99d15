"""A run is run again from what was recorded, in a store that goes with the call, and what comes out is compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import evolve, field, frozen

from packagers import DataItem, PackagersError, Registry
from packagers_runs.models.limits import Retry
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates, RunStatus
from packagers_runs.running.execution import Job, attempts
from packagers_runs.running.marks import FINGERPRINT, HANDLER_DIGEST, INPUTS, marks_of
from packagers_runs.running.preparing import stored_job
from packagers_runs.running.sameness import Difference, differences
from packagers_runs.store.artifactrows import Recorded
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.store import DocumentStore

IDENTICAL, EQUAL, DIFFERENT = "identical", "equal", "different"


@frozen
class Compared:
    """One output, compared with what came out when the run was run again.

    Attributes:
        key: Its key; of an iteration ``#3 accuracy``.
        kind: ``result`` or ``artifact``.
        verdict: ``identical`` (the same bytes, or the same result), ``equal`` (other bytes, which unpack to the same) or ``different``.
        differences: Where, if it is different.
    """

    key: str
    kind: str
    verdict: str
    differences: tuple[Difference, ...] = ()


@frozen
class Verification:
    """What came of running a run again.

    Attributes:
        uid: Of the run.
        iteration: Of the run.
        outputs: Its outputs, and those that are new.
        changed: What is not as it was when the run was recorded, for people.
        error: How the run failed this time; empty where it did not.
    """

    uid: str
    iteration: int
    outputs: tuple[Compared, ...]
    changed: tuple[str, ...] = field(default=())
    error: str = ""

    @property
    def is_same(self) -> bool:
        """Whether everything came out again, identical or equal."""
        return not self.error and all(each.verdict != DIFFERENT for each in self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Give it as a plain document."""
        outputs = [
            {"key": each.key, "kind": each.kind, "verdict": each.verdict, "differences": [found._asdict() for found in each.differences]}
            for each in self.outputs
        ]
        told = {"outputs": outputs, "changed": list(self.changed), "error": self.error}
        return {"uid": self.uid, "iteration": self.iteration, "is_same": self.is_same, **told}


def verify(uid: str, store: DocumentStore, iteration: int = 0) -> Verification:
    """Run a run again from what was recorded, and compare every output; nothing of it is recorded, sent or written to its paths.

    The iterations of a run that has some are run again one after the other.

    Args:
        uid: Of the run.
        store: Where it is.
        iteration: Of the run; 0 for all of it.

    Raises:
        RunNotFoundError: There is no such run.
        StateConflictError: It has not completed.
        HandlerError: Its handler cannot be found again.
        RunsError: An input cannot be had again.
    """
    run = RunObject.from_store(store, uid, iteration)
    if run.status.state != RunStates.completed:
        raise StateConflictError(
            f"the run {uid} is {run.status.state}, and only what has completed can come out again",
            uid=uid,
            iteration=iteration,
            state=run.status.state,
            remedy="resume() goes on with it.",
        )
    if iteration or not run.spec.is_hyper_job():
        return _verified(run, run, store)
    parts = [_verified(each, run, store) for each in _iterations(uid, store)]
    outputs = (evolve(each, key=f"#{part.iteration} {each.key}") for part in parts for each in part.outputs)
    errors = [f"#{part.iteration}: {part.error}" for part in parts if part.error]
    changed = dict.fromkeys(each for part in parts for each in part.changed)
    return Verification(uid, 0, tuple(outputs), tuple(changed), "; ".join(errors))


def _iterations(uid: str, store: DocumentStore) -> Iterator[RunObject]:
    found = [RunObject.from_dict(document) for document in store.documents(uid=uid, iterations=True, state=RunStates.completed.value)]
    for run in sorted(found, key=lambda run: run.metadata.iteration):
        if run.metadata.iteration:
            run.tie(store)
            yield run


def _verified(recorded: RunObject, whole: RunObject, store: DocumentStore) -> Verification:
    uid, iteration = str(recorded.metadata.uid), recorded.metadata.iteration
    run = _again(recorded)
    run.tie(store)
    job = stored_job(run, store)
    changed = tuple(_changes(job, recorded, whole))
    with type(store)("memory://", registry=job.registry, is_scratch=True) as scratch:
        run.tie(scratch)
        again = evolve(job, store=scratch)
        error = attempts(again, scratch.begin(again.document()))
        if isinstance(error, BaseException) and not isinstance(error, Exception):
            raise error
        outputs = (*_results(recorded, run), *_artifacts(recorded, store, scratch, job))
        return Verification(uid, iteration, outputs, changed, "" if error is None else run.error)


def _again(recorded: RunObject) -> RunObject:
    """Give a run like one that is recorded, which tells nobody, writes nowhere else and is tried once."""
    run = recorded.copy()
    run.spec.notifications, run.spec.scrape_metrics = [], None
    run.spec.retry = Retry()
    run.status = RunStatus()
    return run


def _changes(job: Job, recorded: RunObject, whole: RunObject) -> Iterator[str]:
    """Say what is not as it was when the run was recorded."""
    then, now = recorded.metadata.annotations, marks_of(job)
    inputs = then.get(INPUTS) or whole.metadata.annotations.get(INPUTS) or {}
    current = now.get(INPUTS, {})
    changed = [name for name, version in inputs.items() if current.get(name) != version]
    for name in changed:
        gone = "is not there any more" if current.get(name) == {} else "has changed since"
        yield f"the input {name!r} ({recorded.spec.inputs.get(name)}) {gone}"
    handler = then.get(HANDLER_DIGEST) or whole.metadata.annotations.get(HANDLER_DIGEST)
    if handler is not None and handler != now[HANDLER_DIGEST]:
        yield f"the handler {recorded.spec.handler} is not what it was"
    elif not changed and then.get(FINGERPRINT) not in (None, now[FINGERPRINT]):
        yield "the core or a plugin has another version"


def _results(recorded: RunObject, run: RunObject) -> Iterator[Compared]:
    before, after = recorded.status.results, run.status.results
    for key in dict.fromkeys([*before, *after]):
        if key not in before or key not in after:
            yield _one_sided(key, "result", key in before)
        else:
            found = differences(before[key], after[key])
            yield Compared(key, "result", DIFFERENT if found else IDENTICAL, tuple(found))


def _artifacts(recorded: RunObject, store: DocumentStore, scratch: DocumentStore, job: Job) -> Iterator[Compared]:
    uid, iteration = str(recorded.metadata.uid), recorded.metadata.iteration
    listed = (place.list_artifacts(uid=uid, iteration=iteration) for place in (store, scratch))
    before, after = ({each.key: each for each in reversed(found)} for found in listed)
    for key in dict.fromkeys([*before, *after]):
        if key not in before or key not in after:
            yield _one_sided(key, "artifact", key in before)
        elif before[key].digest == after[key].digest:
            yield Compared(key, "artifact", IDENTICAL)
        else:
            found = _unpacked_differences(before[key], after[key], store, scratch, job.registry)
            yield Compared(key, "artifact", DIFFERENT if found else EQUAL, tuple(each._replace(**_masked(each, job)) for each in found))


def _unpacked_differences(
    before: Recorded, after: Recorded, store: DocumentStore, scratch: DocumentStore, registry: Registry
) -> list[Difference]:
    """Unpack both, each by its packager, and compare."""
    values = []
    for place, each in ((store, before), (scratch, after)):
        try:
            with place.current():
                values.append(DataItem(str(each.address), registry=registry).unpack())
        except PackagersError as error:
            return [Difference("", f"it cannot be unpacked: {error}", "")]
    return differences(*values)


def _masked(found: Difference, job: Job) -> dict[str, str]:
    return {name: job.masker.mask(text) for name, text in found._asdict().items()} if job.masker else {}


def _one_sided(key: str, kind: str, was_there: bool) -> Compared:
    there = Difference("", "there" if was_there else "—", "—" if was_there else "there")
    return Compared(key, kind, DIFFERENT, (there,))
