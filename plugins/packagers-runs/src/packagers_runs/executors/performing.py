"""Doing one iteration: the handler is called with its parameters, and what it gives is packed. Where that happens does not matter here."""

from __future__ import annotations

import io
import shutil
import socket
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

import packagers
from packagers_runs.errors import told_of
from packagers_runs.executors.work import Performed, Setup, Staged, Work
from packagers_runs.models.status import RunStates, utc_text
from packagers_runs.running.capture import Sink
from packagers_runs.running.context import RunContext, entered
from packagers_runs.running.exporting import RunSession
from packagers_runs.running.interrupts import Terminated

Capture = Callable[[Sink], AbstractContextManager[None]]
"""Gives what is printed inside of a block to a sink."""


class Pruned(BaseException):
    """Raised inside of a handler whose iteration is not worth its time. No ``except Exception`` of the handler takes it."""


def perform(
    setup: Setup,
    work: Work,
    capture: Capture,
    *,
    signer: Literal["user"] | None = None,
) -> Performed:
    """Do an iteration; whatever its handler raises is part of what comes of it.

    Args:
        setup: What it has in common with the others.
        work: What is its own.
        capture: What takes what it prints.
        signer: Who signs what it packs: ``"user"`` in the process of the run, nobody elsewhere.

    Raises:
        KeyboardInterrupt: The whole run is to end, which :class:`Terminated` says too.
    """
    if work.delay:
        time.sleep(work.delay)
    return _Performance(setup, work, signer).run(capture)


class _Performance:
    """An iteration while it lasts; the arguments are those of :func:`perform`."""

    def __init__(self, setup: Setup, work: Work, signer: Literal["user"] | None) -> None:
        self._setup = setup
        self._work = work
        self._is_signed = signer is not None
        self._run = setup.run_of(work)
        self._arguments = setup.arguments_of(work)
        self._temporary = None if setup.staging is not None else tempfile.mkdtemp(prefix="packagers-runs-")
        folder = self._temporary or f"{setup.staging}/{work.number}-{work.tries}"
        places = setup.places.of_iteration(work.number)
        self._session = RunSession(folder, places, registry=setup.registry, signer=signer)
        self._reports: dict[int, float] = {}
        self._context = RunContext(self._run, self._session, self._arguments.inputs, setup.secrets, lambda: None, report=self._report)

    def run(self, capture: Capture) -> Performed:
        """Do it; see :func:`perform`."""
        begun = utc_text()
        log: list[str] = []
        try:
            with capture(log.append):
                error = self._call()
            said = self._said(error)
            packages = () if said["state"] == RunStates.error else self._staged(self._session.packages)
            return Performed(
                number=self._work.number,
                start_time=begun,
                end_time=utc_text(),
                host=socket.gethostname(),
                results=self._session.results,
                packages=packages,
                log="".join(log),
                labels=self._run.metadata.labels,
                status_text=self._run.status.status_text,
                reports=self._reports,
                **said,
            )
        finally:
            if self._temporary is not None:
                shutil.rmtree(self._temporary, ignore_errors=True)

    def _call(self) -> BaseException | None:
        arguments, store = self._arguments, self._setup.store
        try:
            with store.current() if store is not None else nullcontext(), self._session, entered(self._context):
                packagers.call(
                    arguments.function(),
                    arguments.inputs,
                    arguments.params_with(self._context),
                    self._run.spec.returns or None,
                    session=self._session,
                )
        except (KeyboardInterrupt, Terminated):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever ends a handler ends its iteration alone, and is recorded
            is_told = isinstance(error, Exception) and not isinstance(error, packagers.PackingFailed)
            return None if self._context.is_complete and is_told else error
        return None

    def _said(self, error: BaseException | None) -> dict[str, Any]:
        if error is None:
            return {"state": RunStates.completed.value}
        if isinstance(error, Pruned):
            return {"state": RunStates.skipped.value}
        return {"state": RunStates.error.value, **told_of(error)}

    def _report(self, value: float, step: int) -> None:
        self._reports[step] = value
        if self._setup.judge is not None and self._setup.judge(self._work.number, step, value):
            raise Pruned(f"pruned at step {step}")

    def _staged(self, packages: Mapping[str, packagers.Artifact]) -> tuple[Staged, ...]:
        found: list[Staged] = []
        for key, place in self._session.places_for(packages).items() if packages else ():
            artifact = packages[key]
            seal, is_sent = "" if self._is_signed else artifact.package.seal, self._temporary is not None
            where: dict[str, Any] = {"data": _zipped(artifact.path)} if is_sent else {"folder": artifact.path}
            found.append(Staged(key, seal, place, **where))
        return tuple(found)


def _zipped(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return data.getvalue()
