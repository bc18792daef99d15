"""What goes to whoever does iterations, and what comes back: each can be pickled, and nothing of it needs the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from packagers import Registry
from packagers_runs.errors import told_of
from packagers_runs.executors.judging import Judge
from packagers_runs.models.documents import clone
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import RunStates
from packagers_runs.running.arguments import Arguments
from packagers_runs.running.exporting import Places
from packagers_runs.running.handlers import INIT_ARGUMENTS

NOTHING: Mapping[str, Any] = {}
_NO_REPORTS: Mapping[int, float] = {}


@frozen
class Plugin:
    """A distribution that packs, as the process of the run has it.

    Attributes:
        version: Of the distribution.
        types: The type paths that it packs.
    """

    version: str
    types: tuple[str, ...]


@frozen
class Setup:
    """What all iterations of a run have in common.

    Attributes:
        run: The run, with what each iteration has too.
        arguments: What its handler is called with, but for the hyper-parameters.
        registry: Finds the packagers; with what the project registers.
        plugins: The distributions that pack here, by name.
        secrets: Values by name.
        store: Where ``store://`` addresses are looked for; ``None`` where that is not to be reached from elsewhere.
        staging: The folder in which packages are left; ``None`` where they are sent back as bytes.
        judge: Asked with its number, a step and a value whenever an iteration reports; ``None`` where none is pruned.
        places: Where artifacts go besides the store, as seen from where the setup was made.
    """

    run: RunObject
    arguments: Arguments
    registry: Registry
    plugins: Mapping[str, Plugin]
    secrets: Mapping[str, str] = field(repr=False)
    store: Any
    staging: Path | None
    judge: Judge | None = None
    places: Places = field(init=False, repr=False)

    @places.default
    def _places_of_run(self) -> Places:
        return Places(self.run.spec, self.run.metadata)

    def run_of(self, work: Work) -> RunObject:
        """Give the run of one iteration; nothing that is set in it is seen by others."""
        run = self.run
        metadata = _with(run.metadata, iteration=work.number, labels=dict(run.metadata.labels))
        spec = _with(run.spec, parameters=clone({**run.spec.parameters, **work.parameters}))
        made: RunObject = _with(run, metadata=metadata, spec=spec, status=_with(run.status))
        return made

    def arguments_of(self, work: Work) -> Arguments:
        """Give what the handler is called with in one iteration."""
        values = dict(work.parameters)
        common = self.arguments
        init = values.pop(INIT_ARGUMENTS, common.init) or {}
        return Arguments(common.handler, common.inputs, {**common.params, **values}, init, common.hints, common.context)


@frozen
class Work:
    """One iteration that is to be done.

    Attributes:
        number: From 1.
        parameters: Its hyper-parameters.
        tries: How often it was tried before.
        delay: Seconds to wait first.
    """

    number: int
    parameters: Mapping[str, Any]
    tries: int = 0
    delay: float = 0.0


@frozen
class Staged:
    """A package that an iteration has made, unsigned where it was made elsewhere.

    Attributes:
        key: Its key.
        seal: The digest of its manifest, which is checked before anything is signed; empty where the process of the run has signed it.
        place: Where it goes besides the store.
        folder: Where it is, if the process of the run sees it there.
        data: Its zip, if not.
    """

    key: str
    seal: str
    place: str | None = None
    folder: Path | None = None
    data: bytes | None = field(default=None, repr=False)


@frozen
class Performed:
    """What came of an iteration.

    Attributes:
        number: Of the iteration.
        state: ``completed``, ``error``, or ``skipped`` where it was pruned.
        start_time: When it began, as runs record times.
        end_time: When it ended.
        host: Where it was done.
        results: By key.
        packages: What it packed.
        log: What it printed.
        labels: Those that it has after all.
        status_text: What it said of itself.
        error: What went wrong.
        error_type: The class of the exception, by name.
        traceback: Of the exception.
        reports: What it reported on its way, by step.
        differences: What to say of plugins that have other versions where it was done.
    """

    number: int
    state: str
    start_time: str
    end_time: str
    host: str
    results: Mapping[str, Any] = NOTHING
    packages: tuple[Staged, ...] = ()
    log: str = field(default="", repr=False)
    labels: Mapping[str, str] = NOTHING
    status_text: str | None = None
    error: str | None = None
    error_type: str | None = None
    traceback: str | None = field(default=None, repr=False)
    reports: Mapping[int, float] = _NO_REPORTS
    differences: tuple[str, ...] = ()


def failed(performed: Performed, error: BaseException) -> Performed:
    """Give what came of an iteration that did what it was to do, and whose outputs cannot be recorded.

    Args:
        performed: What came of it.
        error: Why they cannot.
    """
    told: dict[str, Any] = told_of(error)
    return evolve(performed, state=RunStates.error.value, results={}, packages=(), **told)


def _with(model: Any, **values: Any) -> Any:
    """Copy a model, but nothing in it, with other values, which are as its fields hold them."""
    made = object.__new__(type(model))
    made.__dict__.update(model.__dict__, **values)
    return made
