"""A store of documents: runs and artifacts in a database, objects in a folder or at a URL."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from packagers import Artifact, DataItem, Registry
from packagers_runs.nearest import unknown_name
from packagers_runs.store.addresses import Address
from packagers_runs.store.artifactrows import GIVEN, ArtifactRows, Prepared, Recorded
from packagers_runs.store.collecting import Collected, collect, prune, remove
from packagers_runs.store.defaults import ARTIFACTS_VARIABLE as ARTIFACTS_VARIABLE
from packagers_runs.store.defaults import FOLDER, default_place
from packagers_runs.store.defaults import URL_VARIABLE as URL_VARIABLE
from packagers_runs.store.engine import Database
from packagers_runs.store.errors import ArtifactNotFoundError, StoreError
from packagers_runs.store.freezing import Form, freeze
from packagers_runs.store.heartbeat import Heartbeat
from packagers_runs.store.iterationrows import Ended, IterationRows
from packagers_runs.store.journal import log_length, read_log
from packagers_runs.store.liveness import this_process
from packagers_runs.store.objects import open_objects
from packagers_runs.store.queries import listed
from packagers_runs.store.reportfiles import ReportFiles
from packagers_runs.store.runrows import DEFAULT_PROJECT, Attempt, RunRows


class DocumentStore:
    """Runs, as documents, their results and their artifacts.

    Threads share it; a forked process may go on with it, and its pickle opens the same store again (but for one in memory). As a context
    manager it closes at the end of the block.

    Args:
        url: Of the database.
        artifacts: Where the data of artifacts goes.
        registry: Finds the packagers of values.
        is_scratch: Whether nobody finds it but whoever made it: no address and no run is looked for in it, outside of its own blocks.

    Attributes:
        database: Where the rows are.
        objects: Where the data of artifacts is.
        reports: Where the reports of runs are.
        metrics: Where their numeric results are, as OpenMetrics text files.
        project: The project of addresses that name none.
        is_scratch: As it was given.
    """

    def __init__(
        self, url: str, artifacts: str | os.PathLike[str] | None = None, *, registry: Registry | None = None, is_scratch: bool = False
    ) -> None:
        self.database = Database(url)
        self.is_scratch = is_scratch
        self.project = DEFAULT_PROJECT
        self._arguments = (self.database.full_url, None if artifacts is None else os.fspath(artifacts))
        base = Path(FOLDER).absolute() if self.database.file is None else self.database.file.parent
        if self.database.is_memory:
            base = Path(tempfile.mkdtemp(prefix="packagers-runs-"))
            weakref.finalize(self, shutil.rmtree, base, ignore_errors=True)
        self.objects = open_objects(artifacts or base / "objects", base / "staging" / self.database.id)
        self.objects.mark(self.database.id)
        self.reports = ReportFiles(base / "reports")
        self.metrics = ReportFiles(base / "metrics", ".prom")
        self._runs = RunRows(self.database, registry)
        self._artifacts = ArtifactRows(self.database)
        self._iterations = IterationRows(self.database, self._runs, self._artifacts)
        database, rows = self.database, self._runs
        self._heart = None if database.is_memory else Heartbeat(lambda: rows.renew(this_process()))
        if is_scratch:
            return
        with _opened_lock:
            _opened.append(weakref.ref(self))
            _latest[:] = [self]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.database.url}, artifacts in {self.objects.location}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.database.is_memory:
            raise StoreError("a store in memory cannot be handed to another process", remedy="Use sqlite:///path.")
        return _remake, (type(self), *self._arguments, self._runs.registry, self.project)

    @property
    def opened_with(self) -> tuple[str, str | None]:
        """The URL, with its password, and the place of artifacts: for another process that is to open the same store."""
        return self._arguments

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database. Runs that this process has in hand are as lost as if it had died, in the end."""
        if self._heart is not None:
            self._heart.stop()
        self.database.close()
        with _opened_lock:
            _opened[:] = [known for known in _opened if known() not in (None, self)]
            _latest[:] = [store for store in _latest if store is not self]

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """Make it the store in which ``store://`` addresses are looked for, inside of the block, in this thread or task."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    # What has a run in hand.

    def begin(self, document: dict[str, Any], *, owned: bool = True) -> Attempt:
        """Enter a new run: see :meth:`RunRows.begin`."""
        return self._in_hand(self._runs.begin(document, owned=owned), owned)

    def take(
        self,
        uid: str,
        iteration: int = 0,
        *,
        state: str = "running",
        owned: bool = True,
        expected: Collection[str] | None = None,
        seen: int | None = None,
        from_owner: str | None = None,
    ) -> Attempt:
        """Take a run in hand, in a new attempt where it has ended: see :meth:`RunRows.take`."""
        given: dict[str, Any] = {"state": state, "owned": owned, "expected": expected, "seen": seen, "from_owner": from_owner}
        return self._in_hand(self._runs.take(uid, iteration, **given), owned)

    def staging(self, attempt: Attempt) -> Path:
        """Give the folder in which an attempt packs what it will record; nobody else touches it while the attempt lives."""
        folder = self.objects.staging / attempt.folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(
        self, attempt: Attempt, document: dict[str, Any], artifacts: Mapping[str, Artifact | str | os.PathLike[str]] | None = None
    ) -> None:
        """Write a run: its document, with state and results, and artifacts, in one transaction, after their objects have been put.

        Args:
            attempt: The right to do it; a terminal state ends it.
            document: What ``RunObject.to_dict()`` gives; results keep their types.
            artifacts: Packages by the key that they are recorded under, or the addresses of what other runs made. Packages in the
                attempt's staging folder are moved.

        Raises:
            StateConflictError: Where there is a newer attempt, or the state cannot follow the one that is there.
            StoreError: Where a value or package cannot be stored. Nothing is recorded then.
        """
        frozen = freeze(document, self._runs.registry)
        made = self._put(attempt, artifacts or {})
        project = document.get("metadata", {}).get("project") or DEFAULT_PROJECT
        with self.database.writing() as connection:
            is_end = self._runs.write(connection, attempt, document, frozen)
            self._artifacts.record(connection, attempt, project, made, is_end=is_end)
        if is_end:
            shutil.rmtree(self.objects.staging / attempt.folder, ignore_errors=True)

    def keep(self, attempt: Attempt, project: str, packages: Mapping[str, Artifact]) -> None:
        """Keep what a run was given as long as the run: it is there for every later attempt, and no artifact of the run.

        Args:
            attempt: The right to do it.
            project: Of the run.
            packages: By keys that begin with a dot. Those in the attempt's staging folder are moved.

        Raises:
            StateConflictError: Where there is a newer attempt, or this one has ended.
        """
        made = self._put(attempt, packages)
        with self.database.writing() as connection:
            self._runs.check(connection, attempt)
            self._artifacts.record(connection, attempt._replace(number=GIVEN), project, made, is_end=False)

    def form(self, common: Mapping[str, dict[str, Any]]) -> Form:
        """Give what freezes documents that have most in common: see :class:`freezing.Form`."""
        return Form(common, self._runs.registry)

    def record_iterations(self, attempt: Attempt, ended: Sequence[Ended]) -> None:
        """Write iterations that have ended, in one transaction, after their objects have been put.

        Args:
            attempt: Of the run that they belong to.
            ended: They; packages in the attempt's staging folder are moved.

        Raises:
            StateConflictError: Where there is a newer attempt, or this one has ended.
            StoreError: Where a value or package cannot be stored. Nothing is recorded then.
        """
        made = [self._prepared(each.artifacts) for each in ended]
        self._place(attempt, [package for packages in made for package in packages])
        self._iterations.record(attempt, ended, made)

    def drop_iterations(self, attempt: Attempt, above: int) -> None:
        """Take away the iterations of a run that have higher numbers than one."""
        self._iterations.drop(attempt, above)

    def _prepared(self, artifacts: Mapping[str, Artifact | str | os.PathLike[str]]) -> list[Prepared]:
        return [self._artifacts.prepare(key, _source(source), self.project) for key, source in artifacts.items()]

    def _put(self, attempt: Attempt, artifacts: Mapping[str, Artifact | str | os.PathLike[str]]) -> list[Prepared]:
        made = self._prepared(artifacts)
        self._place(attempt, made)
        return made

    def _place(self, attempt: Attempt, made: Sequence[Prepared]) -> None:
        """Claim objects, and put them where they are not there."""
        if made:
            with self.database.writing() as connection:
                self._runs.check(connection, attempt)
                self._artifacts.claim(connection, attempt, [each.digest for each in made])
        for each in made:
            if each.folder is not None:
                stored = self.objects.put(each.folder, each.digest, each.columns["payload"], self.objects.staging / attempt.folder)
                each.columns["stored"] = stored
            elif self.objects.find(each.digest) is None:
                raise ArtifactNotFoundError("the object of this artifact is gone", key=each.key, remedy="Run again what made it.")

    def _in_hand(self, attempt: Attempt, owned: bool) -> Attempt:
        if owned and self._heart is not None:
            self._heart.start()
        return attempt

    # What anybody may do.

    def change(
        self, uid: str, changes: Mapping[str, Any], iteration: int = 0, *, expected: Collection[str] | None = None, merge: bool = False
    ) -> str:
        """Change fields of a run by dotted names: see :meth:`RunRows.change`."""
        return self._runs.change(uid, iteration, changes, expected=expected, merge=merge)

    def document(self, uid: str, iteration: int = 0) -> dict[str, Any]:
        """Give the document of a run; one whose process is gone is ``error``, ``lost`` by now.

        Args:
            uid: Of the run.
            iteration: 0 for the run itself.

        Raises:
            RunNotFoundError: Where there is no such run.
        """
        return self._runs.get(uid, iteration)

    def attempt(self, uid: str, iteration: int = 0) -> int:
        """Give the number of the attempt that a run is in, counted from 1."""
        return self._runs.attempt(uid, iteration)

    def record_digest(self, uid: str, iteration: int = 0) -> str:
        """Identify what is recorded of a run and, of a whole run, its iterations: another digest, another record."""
        return self._runs.record_digest(uid, iteration)

    def documents(self, **filters: Any) -> list[dict[str, Any]]:
        """Give the documents of runs, the newest first.

        Args:
            **filters: As of :func:`queries.listed`: ``project name state labels uid prefix iterations since until limit offset``.

        Raises:
            UnknownNameError: There is no such filter or state.
        """
        _check_filters(filters, listed, "list_runs()")
        return list(self._runs.list(**filters))

    def list_artifacts(self, **filters: Any) -> list[Recorded]:
        """Give artifacts, the newest first.

        Args:
            **filters: As of :meth:`ArtifactRows.list`: ``project key kind tag uid iteration digest size limit given``.

        Raises:
            UnknownNameError: There is no such filter.
        """
        _check_filters(filters, self._artifacts.list, "list_artifacts()")
        return self._artifacts.list(**filters)

    def find(self, address: str | Address, payload: str | None = None) -> Recorded:
        """Find an artifact.

        Args:
            address: Its ``store://`` address.
            payload: What its manifest calls the payload folder, where it must be the one.

        Raises:
            AddressError: For what is no address.
            ArtifactNotFoundError: Where there is no such artifact.
        """
        return self._artifacts.find(address if isinstance(address, Address) else Address.parse(address), self.project, payload)

    def manifest(self, recorded: Recorded) -> bytes:
        """Give the manifest that the run wrote of an artifact."""
        return self._artifacts.manifest(recorded)

    def item(self, address: str | Address) -> DataItem:
        """Give the handle on an artifact; it goes on to mean this one when there is a newer one of that key.

        Args:
            address: Its ``store://`` address.
        """
        return DataItem(str(self.find(address).address), registry=self._runs.registry)

    def log(self, uid: str, iteration: int = 0, offset: int = 0) -> tuple[str, int]:
        """Give the log of a run from a byte on, and the offset at its end: see :func:`journal.read_log`."""
        return read_log(self.database, uid, iteration, offset)

    def log_size(self, uid: str, iteration: int = 0) -> int:
        """Give how many bytes the log of a run has."""
        with self.database.reading() as connection:
            return log_length(connection, uid, iteration)

    # What makes room.

    def remove(self, uid: str) -> None:
        """Remove a run that has ended, with its iterations; its objects are collected by :meth:`gc`, if no other run has them.

        Args:
            uid: Of the run.

        Raises:
            RunNotFoundError: Where there is no such run.
            StateConflictError: Where it has not ended.
        """
        self._runs.reap(uid)
        remove(self.database, uid)
        self.reports.remove([uid])
        self.metrics.remove([uid])

    def prune(self, older_than: float | timedelta, *, keep_tagged: bool = True) -> int:
        """Remove the runs that were last changed long ago and have ended, and collect their objects.

        Args:
            older_than: Seconds, or a time span.
            keep_tagged: Whether runs stay of which an artifact has a tag.

        Returns:
            How many runs were removed.
        """
        seconds = older_than.total_seconds() if isinstance(older_than, timedelta) else float(older_than)
        if not seconds >= 0:
            raise StoreError(f"runs cannot be older than {seconds} seconds", remedy="Give seconds from 0, or a timedelta.")
        self._runs.reap()
        removed = prune(self.database, seconds, keep_tagged=keep_tagged)
        self.reports.remove(removed)
        self.metrics.remove(removed)
        self.gc()
        return len(removed)

    def gc(self) -> Collected:
        """Remove objects that no artifact has and what dead processes have left; nothing that a live run has staged."""
        self._runs.reap()
        return collect(self.database, self.objects)


def latest_store() -> DocumentStore | None:
    """Give the store of the block around, else the one that was opened last, ``None`` where none is open."""
    store = _current.get()
    if store is not None:
        return store
    with _opened_lock:
        return next(iter(_latest), None)


def store_of(address: Address) -> DocumentStore:
    """Give the store in which an address is to be looked for.

    That is the one that the block around says; else, of an address with a uid, any open store that has it; else the one that was opened
    last, and the default one where none is open.
    """
    current = _current.get()
    with _opened_lock:
        stores = [store for known in reversed(_opened) if (store := known()) is not None]
    candidates = [*([] if current is None else [current]), *stores]
    if not address.uid:
        candidates = candidates[:1]
    for store in candidates:
        with contextlib.suppress(ArtifactNotFoundError):
            store.find(address)
            return store
    return candidates[0] if candidates else _default()


def _default() -> DocumentStore:
    if not os.environ.get(URL_VARIABLE) and not Path(FOLDER, "runs.db").exists():
        raise StoreError(
            "there is no store here to look into", file=Path(FOLDER).absolute(), remedy=f"connect() to one first, or set {URL_VARIABLE}."
        )
    return DocumentStore(*default_place())


def _remake(cls: type[DocumentStore], url: str, artifacts: str | None, registry: Registry | None, project: str) -> DocumentStore:
    store = cls(url, artifacts, registry=registry)
    store.project = project
    return store


def _check_filters(filters: Mapping[str, Any], listing: Any, owner: str) -> None:
    """Check that a listing takes filters of these names; all that it takes have a default."""
    for name in filters:
        if name not in listing.__kwdefaults__:
            raise unknown_name("filter", name, listing.__kwdefaults__, owner=owner)


def _source(source: Artifact | str | os.PathLike[str]) -> Artifact | Path | Address:
    if isinstance(source, Artifact):
        return source
    text = os.fspath(source)
    return Address.parse(text) if text.startswith("store://") else Path(text)


_current: ContextVar[DocumentStore | None] = ContextVar("packagers_store", default=None)
_opened: list[weakref.ref[DocumentStore]] = []
_opened_lock = threading.Lock()
_latest: list[DocumentStore] = []  # who connects and keeps nothing can read addresses all the same
