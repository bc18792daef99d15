"""A task or a stored run becomes a job: all that can be checked is checked before anything runs."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packagers_runs.errors import FieldError, HandlerError
from packagers_runs.models.inputs import is_live
from packagers_runs.models.names import run_name
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.spec import RunSpec
from packagers_runs.models.status import RunStates
from packagers_runs.running.arguments import check_arguments
from packagers_runs.running.execution import Job, registry_here
from packagers_runs.running.handlers import find_handler
from packagers_runs.running.sources import recorded, resolved
from packagers_runs.secretsources.reading import read_secrets
from packagers_runs.store.runrows import DEFAULT_PROJECT
from packagers_runs.store.store import DocumentStore

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
    handler = find_handler(spec.handler, file)
    inputs = {name: resolved(name, source, spec) for name, source in spec.inputs.items()}
    arguments = check_arguments(handler, inputs, spec.parameters, spec.inputs_type_hints)
    secrets = read_secrets(spec.secret_sources)
    metadata.uid = uuid.uuid4().hex
    metadata.name = run_name(metadata.name, function, handler.reference or handler.function)
    metadata.project = metadata.project or project or store.project or DEFAULT_PROJECT
    metadata.labels = {"kind": KIND, "owner": _user(), "host": socket.gethostname(), **metadata.labels}
    spec.function = spec.function or function
    spec.handler = handler.reference or handler.name
    spec.inputs = {name: recorded(source) for name, source in inputs.items()}
    run.status.state = RunStates.created
    run.tie(store)
    return Job(run, arguments, store, registry_here(), secrets)


def stored_job(run: RunObject, store: DocumentStore, hints: Mapping[str, Any] | None = None) -> Job:
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # containers run users without a name
        return "unknown"
