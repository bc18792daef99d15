"""What is noted of a run beside its document, so that it can go on, be run again and be explained: in its annotations.

``packagers/inputs`` tells the version of each input as it was when the run began, ``packagers/handler`` what was called,
``packagers/fingerprint`` both, with the parameters, the log hints and the versions of plugins; ``packagers/folder`` where relative paths of
inputs were seen from.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from packagers import PackagersWarning
from packagers_runs.errors import RunsError
from packagers_runs.models.status import RunStates
from packagers_runs.running.digests import handler_digest
from packagers_runs.running.execution import Job
from packagers_runs.running.fingerprint import common_part, fingerprint
from packagers_runs.running.inputversions import FOLDER, input_digests, is_relative
from packagers_runs.running.kept import HANDLER, INPUT, NOT_KEPT, SPACE, digests_of_live, keep
from packagers_runs.store.runrows import Attempt

FINGERPRINT = "packagers/fingerprint"
HANDLER_DIGEST = "packagers/handler"
INPUTS = "packagers/inputs"
_NAMES = {HANDLER: "its handler", SPACE: "values of its hyper-parameters"}


def marks_of(job: Job) -> dict[str, Any]:
    """Give the annotations of a job, as things are now.

    Args:
        job: The run; what was kept of it is in its store.
    """
    spec = job.run.spec
    inputs = input_digests(job.arguments.inputs, digests_of_live(job.run, job.store), job.store)
    handler = job.arguments.handler
    common = common_part(handler, inputs, spec.returns, spec.inputs_type_hints)
    parameters = spec.parameters if job.space is None else {**spec.parameters, SPACE: dict(job.space)}
    parameters = job.masker.hide(parameters) if job.masker else parameters
    return {FINGERPRINT: fingerprint(common, parameters), HANDLER_DIGEST: handler_digest(handler), **({INPUTS: inputs} if inputs else {})}


def mark(job: Job) -> None:
    """Note in the run what tells its next attempt from others."""
    kept = {name: value for name, value in job.run.metadata.annotations.items() if name not in (FINGERPRINT, HANDLER_DIGEST, INPUTS)}
    job.run.metadata.annotations = kept | marks_of(job)


def secure(job: Job, attempt: Attempt, *, is_handed_over: bool = False) -> None:
    """Keep what a run was given that has begun, and note what tells it from others.

    Args:
        job: The run.
        attempt: The right to write it.
        is_handed_over: Whether another process is to run it, which needs all of it.

    Raises:
        RunsError: Another process is to run it, and something could not be kept; the run is recorded as failed.

    Warns:
        PackagersWarning: Something could not be kept, so that the run can be neither resumed nor verified.
    """
    try:
        reasons = keep(job.run, job.arguments, attempt, job.store, job.registry, job.masker, job.space)
        if reasons and is_handed_over:
            key, reason = next(iter(reasons.items()))
            raise RunsError(
                f"{_what(key)} cannot be handed to the process of the run: {reason}",
                remedy="Run it in this process, or give a function or a file by name.",
            )
        for key, reason in reasons.items():
            text = f"the run {job.run.metadata.name} can be neither resumed nor verified, for {_what(key)} cannot be kept: {reason}"
            warnings.warn(text, PackagersWarning, stacklevel=5)
        if any(map(is_relative, job.run.spec.inputs.values())):
            job.run.metadata.annotations = {**job.run.metadata.annotations, FOLDER: str(Path.cwd())}
        if reasons:
            job.run.metadata.annotations = {**job.run.metadata.annotations, NOT_KEPT: reasons}
        mark(job)
    except BaseException as error:
        changes = {"status.state": RunStates.error.value, "status.error": job.masker.mask(f"{type(error).__name__}: {error}")}
        with suppress(RunsError):
            job.store.change(attempt.uid, changes, attempt.iteration, expected=[RunStates.created.value])
        raise


def _what(key: str) -> str:
    return _NAMES.get(key) or f"its input {key.removeprefix(INPUT)!r}"
