"""A task or a stored run becomes a job: all that can be checked is checked before anything runs."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import evolve

from packagers import InputError
from packagers_runs.errors import FieldError
from packagers_runs.models.documents import HIDDEN
from packagers_runs.models.inputs import is_live
from packagers_runs.models.names import run_name
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.spec import RunSpec
from packagers_runs.models.status import RunStates
from packagers_runs.running.arguments import Arguments, check_arguments
from packagers_runs.running.children import with_children
from packagers_runs.running.execution import Job
from packagers_runs.running.exporting import fill_paths
from packagers_runs.running.handlers import INIT_ARGUMENTS, Handler, find_handler
from packagers_runs.running.inputversions import FOLDER, pinned, seen_from
from packagers_runs.running.kept import kept_handler, kept_input, kept_space
from packagers_runs.running.plans import Plan, planned
from packagers_runs.running.recordable import recordable_space
from packagers_runs.running.registries import registry_here
from packagers_runs.running.searching import search
from packagers_runs.running.sources import opened, recorded, resolved
from packagers_runs.running.telling import check_notifications
from packagers_runs.secretsources.reading import read_secrets
from packagers_runs.store.addresses import check_project
from packagers_runs.store.runrows import DEFAULT_PROJECT
from packagers_runs.store.store import DocumentStore
from packagers_runs.transfer.sealing import refuse_foreign

KIND = "local"


def prepare(
    run: RunObject, store: DocumentStore, *, function: str | None = None, file: Path | None = None, project: str | None = None
) -> Job:
    """Check all that can be checked of a run, and fill in what it is called and where it runs.

    Args:
        run: The run; it is changed.
        store: Where it will be recorded.
        function: The first part of its name.
        file: Where its bare handler is looked for.
        project: Its project, where it says none.

    Raises:
        FieldError: Something of it cannot be what it is.
        UnknownNameError: It names something that does not exist.
        InputError: The handler needs something that it is not given, or an input is not there.
        HandlerError: The handler cannot be found.
        SecretError: Its secrets cannot be read.
    """
    spec, metadata = run.spec, run.metadata
    spec.validate()
    check_notifications(run)
    if spec.handler is None:
        raise FieldError("a run needs a handler", model="RunSpec", field="handler", remedy="Give handler=, a function or its name.")
    spec.extract_type_hints_from_inputs()
    handler = find_handler(spec.handler, file)
    metadata.uid = uuid.uuid4().hex
    metadata.name = run_name(metadata.name, function, handler.reference or handler.function)
    metadata.project = metadata.project or project or store.project or DEFAULT_PROJECT
    check_project(metadata.project)
    fill_paths(spec, metadata)
    inputs = {name: pinned(resolved(name, source, spec), store) for name, source in spec.inputs.items()}
    plan = planned(spec)
    arguments = _checked_arguments(handler, inputs, spec, spec.inputs_type_hints, plan)
    secrets = read_secrets(spec.secret_sources)
    with store.current():
        arguments = evolve(arguments, inputs=opened(inputs, spec, secrets))
    metadata.labels = {"kind": KIND, "owner": _user(), "host": socket.gethostname(), **metadata.labels}
    spec.function = spec.function or function
    spec.handler = handler.reference or handler.name
    spec.inputs = {name: recorded(source) for name, source in inputs.items()}
    spec.hyperparams = recordable_space(spec.hyperparams)
    run.status.state = RunStates.created
    run.tie(store)
    return Job(run, arguments, store, registry_here(), secrets, **_done_by(plan, spec))


def stored_job(
    run: RunObject,
    store: DocumentStore,
    *,
    hints: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    file: str | Path | None = None,
    shows: bool = True,
    repeats_errors: bool = False,
) -> Job:
    """Make the job of a run that is in a store, from what is recorded of it.

    Args:
        run: The run.
        store: Where it is.
        hints: Type hints of inputs by name; those of its document by default.
        secrets: The values of its secrets by name; by default they are read from its sources.
        file: Where its bare handler is looked for.
        shows: Whether somebody sees what this process prints.
        repeats_errors: Whether iterations that failed are done again.

    Raises:
        HandlerError: Its handler is not found by its name any more, or could not be kept; or somebody else has exported the run.
        RunsError: An input was a live object that could not be kept.
        UntrustedPackageError: Its handler or an input was kept by somebody else, and reading it runs code.
        FieldError: Secrets were given inline, or one stood in a parameter.
    """
    refuse_foreign(run)
    spec = run.spec
    if secrets is None:
        _refuse_lost_secrets(spec)
        secrets = read_secrets(spec.secret_sources)
    handler = kept_handler(run, store, file)
    inputs = {name: kept_input(name, run, store) if is_live(source) else _placed(source, run) for name, source in spec.inputs.items()}
    plan = planned(spec, kept_space(run, store), repeats_errors=repeats_errors)
    arguments = _checked_arguments(handler, inputs, spec, spec.inputs_type_hints if hints is None else hints, plan)
    with store.current():
        arguments = evolve(arguments, inputs=opened(inputs, spec, secrets))
    return Job(run, arguments, store, registry_here(), secrets, shows, **_done_by(plan, spec))


def _placed(source: Any, run: RunObject) -> Any:
    """Give where an input is that a run named in the working directory of its launch."""
    folder, stores = run.metadata.annotations.get(FOLDER), {store.name for store in run.spec.data_stores}
    is_named = isinstance(source, str) and source.partition("/")[0] in stores
    return source if is_named or not isinstance(folder, str) else seen_from(folder, source)


def _checked_arguments(
    handler: Handler, inputs: Mapping[str, Any], spec: RunSpec, hints: Mapping[str, Any], plan: Plan | None
) -> Arguments:
    """Check what a handler is called with, in the first of its iterations too; gives what all of them have in common."""
    if plan is None or plan.is_custom:
        return check_arguments(handler, inputs, spec.parameters, hints)
    for name, source in inputs.items():
        if hasattr(type(source), "__next__"):
            raise InputError(
                f"the input {name!r} is a stream, which the first iteration would use up", key=name, remedy="Give what all can read."
            )
    arguments = check_arguments(handler, inputs, {**spec.parameters, **plan.first()}, hints)
    values = {name: value for name, value in spec.parameters.items() if name != INIT_ARGUMENTS}
    return evolve(arguments, params=values, init=spec.parameters.get(INIT_ARGUMENTS) or {})


def _done_by(plan: Plan | None, spec: RunSpec) -> dict[str, Any]:
    """Give what of a job follows from its plan: its body, how often it is tried, and the values that are."""
    retries = spec.retry.count or 0
    if plan is None or plan.is_custom:
        return {"body": partial(with_children, plan=plan), "retries": retries}
    return {"body": partial(search, plan=plan), "space": plan.space}  # its iterations are tried again, and not all of it


def _refuse_lost_secrets(spec: RunSpec) -> None:
    """Refuse a run whose document no longer says what it was called with, for that was secret."""
    if any(source["kind"] == "inline" for source in spec.secret_sources):
        raise FieldError(
            "the inline secrets of the run are kept nowhere", model="RunSpec", field="secret_sources", remedy="Run it anew with them."
        )
    hidden = [name for name, value in {**spec.parameters, **spec.hyperparams}.items() if spec.secret_sources and HIDDEN in str(value)]
    if hidden:
        raise FieldError(
            f"the parameter {hidden[0]!r} held the value of a secret, which is kept nowhere",
            model="RunSpec",
            field="parameters",
            remedy="Run it anew; a handler that asks context.get_secret() can be run again.",
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # containers run users without a name
        return "unknown"
