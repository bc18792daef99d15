"""Runs, as their documents tell of them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from packagers import DataItem
from packagers_runs.display.showing import show
from packagers_runs.errors import RunError, RunsError, RunTimeoutError
from packagers_runs.models import names
from packagers_runs.models.fields import model, nested
from packagers_runs.models.status import ABORTION_STATES, ERROR_STATES, TERMINAL_STATES, RunStates, RunStatus
from packagers_runs.models.template import RunTemplate
from packagers_runs.nearest import unknown_name
from packagers_runs.report.tables import tables_of_run

if TYPE_CHECKING:
    from packagers_runs.store.store import DocumentStore

_FOLLOWING_S = 0.2
"""How often a log that is followed is looked at."""


class _Tie:
    """Ties a run to its store; a copy of the run is tied to the same one."""

    def __init__(self, store: DocumentStore) -> None:
        self.store = store

    def __deepcopy__(self, memo: dict[int, Any]) -> _Tie:
        return self


@model
class RunObject(RunTemplate):
    """A run: a task, and how far it has come.

    Args:
        spec: What it is to do.
        metadata: What names it.
        status: How far it has come, and what it gave.
    """

    status: RunStatus = nested(RunStatus)

    @classmethod
    def from_template(cls, template: RunTemplate) -> Self:
        """Make a run of a task, which shares nothing with it.

        Args:
            template: The task.
        """
        return cls(template.spec.copy(), template.metadata.copy())

    @classmethod
    def from_store(cls, store: DocumentStore, uid: str, iteration: int = 0) -> Self:
        """Make the object of a run that is in a store.

        Args:
            store: Where it is.
            uid: Its uid.
            iteration: Its iteration.

        Raises:
            RunNotFoundError: There is no such run.
        """
        run = cls.from_dict(store.document(uid, iteration))
        run.tie(store)
        return run

    def tie(self, store: DocumentStore) -> None:
        """Say in which store the run is; what follows it looks there."""
        object.__setattr__(self, "_tie", _Tie(store))

    @property
    def _store(self) -> DocumentStore:
        tie: _Tie | None = self.__dict__.get("_tie")
        if tie is None:
            raise RunsError(
                f"the run {self.metadata.name or self.metadata.uid or ''} is in no store".replace("  ", " "), remedy="Launch it first."
            )
        return tie.store

    def uid(self) -> str | None:
        """Give the uid of the run, ``None`` before it is launched."""
        return self.metadata.uid

    @property
    def error(self) -> str:
        """What went wrong, in one text; empty if nothing did."""
        status = self.status
        if status.state not in ERROR_STATES | ABORTION_STATES:
            return ""
        unsaid = "The run was aborted" if status.state in ABORTION_STATES else "Unknown error"
        return status.error or status.status_text or status.reason or unsaid

    @property
    def outputs(self) -> dict[str, Any]:
        """What came out: the results by key, then the addresses of artifacts."""
        return {**self.status.results, **self.status.artifact_uris}

    def output(self, key: str) -> Any:
        """Give one result, or the address of one artifact.

        Args:
            key: Its key.

        Raises:
            UnknownNameError: Nothing of this key came out; says what did.
        """
        found = self.outputs
        if key not in found:
            raise unknown_name("output", key, found, owner=f"the run {self.metadata.name or self.metadata.uid or ''}".rstrip())
        return found[key]

    def artifact(self, key: str) -> DataItem:
        """Give the handle on an artifact.

        Args:
            key: Its key.

        Raises:
            UnknownNameError: The run has no artifact of this key; says which it has.
        """
        uris = self.status.artifact_uris
        if key not in uris:
            raise unknown_name("artifact", key, uris, owner=f"the run {self.metadata.name or self.metadata.uid or ''}".rstrip())
        return self._store.item(uris[key])

    def unpack(self, key: str, type: Any = None, **options: Any) -> Any:
        """Unpack what came out.

        Args:
            key: Of a result or an artifact.
            type: As what; ``None`` for as it was.
            **options: For the packager; ``trust`` and ``verify`` as of :func:`packagers.unpack`.

        Raises:
            UnknownNameError: Nothing of this key came out; says what did.
            UnpackError: It cannot be unpacked, or not as that.
        """
        if key in self.status.results:
            import packagers

            return packagers.unpack(packagers.Result(key, self.status.results[key]), type)
        if key not in self.status.artifact_uris:
            self.output(key)  # says what there is
        with self._store.current():
            return self.artifact(key).unpack(type, **options)

    @property
    def ui_url(self) -> str:
        """The report of the run as it is now: the ``file://`` URL of one HTML file, which is written when it is asked for.

        Raises:
            StoreError: It cannot be written.
        """
        from packagers_runs.report.writing import write_report

        return write_report(self._store, str(self.metadata.uid), self.metadata.iteration).as_uri()

    def refresh(self) -> Self:
        """Read the run again from its store."""
        found = self._store.document(str(self.metadata.uid), self.metadata.iteration)
        fresh = type(self).from_dict(found)
        self.metadata, self.status = fresh.metadata, fresh.status
        return self

    def state(self) -> str:
        """Give the state that it is in now."""
        return self.refresh().status.state

    def show(self) -> None:
        """Show the run as it is now: as tables in a terminal, as HTML in a notebook."""
        if "_tie" in self.__dict__:
            self.refresh()
        show(self, tables_of_run(self.to_dict()))

    def _repr_html_(self) -> str:
        from packagers_runs.report.notebook import run_html

        return run_html(self.to_dict())

    def abort(self) -> str:
        """Ask for its end; gives the state that it is in then.

        A handler that runs is ended within about a second, at the next moment at which Python has control.

        Raises:
            StateConflictError: It has ended already.
        """
        uid, iteration = str(self.metadata.uid), self.metadata.iteration
        state = self._store.document(uid, iteration).get("status", {}).get("state", RunStates.created)
        waits = (RunStates.created, RunStates.pending, RunStates.pending_retry)
        following = RunStates.aborted if state in waits else RunStates.aborting
        self._store.change(uid, {"status.state": following.value, "status.reason": "aborted"}, iteration, expected=[state])
        return self.state()

    def logs(self, watch: bool = True, db: DocumentStore | None = None, offset: int = 0) -> tuple[str, int]:
        """Print the log.

        Args:
            watch: Whether to go on until the run has ended.
            db: The store to look in; that of the run if ``None``.
            offset: The byte to begin at.

        Returns:
            The state of the run, and the offset at the end of what was printed.
        """
        store = db or self._store
        uid, iteration = str(self.metadata.uid), self.metadata.iteration
        while True:
            # The state first: what a run prints is written before its end is.
            state = str(store.document(uid, iteration).get("status", {}).get("state", RunStates.created))
            text, offset = store.log(uid, iteration, offset)
            sys.stdout.write(text)
            sys.stdout.flush()
            if not watch or state in TERMINAL_STATES:
                return state, offset
            time.sleep(_FOLLOWING_S)

    def wait_for_completion(
        self,
        sleep: float = 3,
        timeout: float = 0,
        raise_on_failure: bool = True,
        show_logs: bool | None = None,
        logs_interval: float | None = None,
    ) -> str:
        """Wait until the run has ended.

        Args:
            sleep: Seconds between two looks.
            timeout: Seconds to wait at most, 0 for any time.
            raise_on_failure: Whether a run that did not complete is an error.
            show_logs: Whether to print the log; ``None`` is yes.
            logs_interval: Seconds between two prints; ``None`` prints all of it at the end.

        Returns:
            The state that it ended in.

        Raises:
            RunNotFoundError: There is no such run.
            RunTimeoutError: It has not ended in time.
            RunError: It did not complete.
        """
        begun, printed, offset = time.monotonic(), time.monotonic(), 0
        while True:
            state = self.state()
            has_ended = state in TERMINAL_STATES
            now = time.monotonic()
            if show_logs is not False and (has_ended or (logs_interval is not None and now - printed >= logs_interval)):
                _, offset = self.logs(watch=False, offset=offset)
                printed = now
            if has_ended:
                break
            left = timeout - (now - begun) if timeout else sleep
            if left <= 0:
                raise RunTimeoutError(
                    f"the run {self.metadata.uid} is still {state} after {timeout:g} s",
                    uid=str(self.metadata.uid),
                    state=state,
                    remedy="Wait longer, or abort() it.",
                )
            time.sleep(min(sleep, left))
        if raise_on_failure:
            self.raise_for_failure()
        return state

    def raise_for_failure(self, cause: BaseException | None = None) -> None:
        """Raise what went wrong; nothing where the run completed.

        Args:
            cause: The exception itself, where it is known.

        Raises:
            RunError: The run did not complete.
        """
        status = self.status
        if status.state in (RunStates.completed, RunStates.skipped):
            return
        raise RunError(
            f"the run {self.metadata.name or ''} ended as {status.state}: {self.error}".replace("run  ended", "run ended"),
            run=self,
            uid=self.metadata.uid or "",
            iteration=self.metadata.iteration,
            error_type=status.error_type or "",
            traceback=status.traceback or "",
        ) from cause

    @staticmethod
    def create_uri(project: str | None, uid: str, iteration: int | str = 0, tag: str | None = "") -> str:
        """Write the URI of a run, see :func:`packagers_runs.models.names.create_uri`."""
        return names.create_uri(project, uid, iteration, tag)

    @staticmethod
    def parse_uri(uri: str) -> tuple[str, str, str, str]:
        """Read the URI of a run, see :func:`packagers_runs.models.names.parse_uri`."""
        return names.parse_uri(uri)
