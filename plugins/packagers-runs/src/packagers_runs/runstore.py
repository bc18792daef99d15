"""The store as people use it: it gives runs, and does with them what can be done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from packagers import Registry
from packagers_runs.lists import ArtifactList, RunList
from packagers_runs.models.runobject import RunObject
from packagers_runs.running.provenance import Origin, why
from packagers_runs.running.resuming import resume
from packagers_runs.running.retrying import retry
from packagers_runs.running.telling import notify
from packagers_runs.running.verifying import Verification, verify
from packagers_runs.store.defaults import default_place
from packagers_runs.store.store import DocumentStore, latest_store
from packagers_runs.transfer.exporting import Exported, export_runs
from packagers_runs.transfer.importing import Imported, import_runs


class Store(DocumentStore):
    """Runs, their results and their artifacts; made by :func:`connect`."""

    def get_run(self, uid: str, iteration: int = 0) -> RunObject:
        """Give a run; one whose process is gone is ``error``, ``lost`` by now.

        Args:
            uid: Of the run.
            iteration: 0 for the run itself.

        Raises:
            RunNotFoundError: There is no such run.
        """
        return RunObject.from_store(self, uid, iteration)

    def list_runs(self, **filters: Any) -> RunList:
        """Give runs, the newest first.

        Args:
            **filters: As of :meth:`DocumentStore.documents`: ``project name state labels uid prefix iterations since until limit offset``.
        """
        runs = RunList(RunObject.from_dict(document) for document in self.documents(**filters))
        for run in runs:
            run.tie(self)
        return runs

    def list_artifacts(self, **filters: Any) -> ArtifactList:
        """Give artifacts, the newest first.

        Args:
            **filters: As of :meth:`ArtifactRows.list`: ``project key kind tag uid iteration digest size limit given``.
        """
        return ArtifactList(super().list_artifacts(**filters))

    def notify(
        self, uid: str, *, again: bool = False, secret_params: Mapping[str, Mapping[str, Any]] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Tell how a run stands, where that was not told or could not be: see :func:`packagers_runs.running.telling.notify`."""
        return notify(uid, self, again=again, secret_params=secret_params)

    def retry(self, uid: str) -> RunObject:
        """Try a run again that has failed, was aborted or is lost: see :func:`packagers_runs.running.retrying.retry`."""
        return retry(uid, self)

    def resume(self, uid: str) -> RunObject:
        """Go on with a run that has not completed, or that has changed since: see :func:`packagers_runs.running.resuming.resume`."""
        return resume(uid, self)

    def verify(self, uid: str, iteration: int = 0) -> Verification:
        """Run a run again and compare what comes out: see :func:`packagers_runs.running.verifying.verify`."""
        return verify(uid, self, iteration)

    def why(self, what: str) -> Origin:
        """Tell where an artifact or a result comes from: see :func:`packagers_runs.running.provenance.why`."""
        return why(what, self)

    def export(self, uids: Iterable[str] | None, file: str | os.PathLike[str]) -> Exported:
        """Write runs into one zip: see :func:`packagers_runs.transfer.exporting.export_runs`."""
        return export_runs(self, uids, file)

    def import_(self, file: str | os.PathLike[str], *, replace: bool = False, trust: bool = False) -> Imported:
        """Take the runs of such a zip into this store: see :func:`packagers_runs.transfer.importing.import_runs`."""
        return import_runs(self, file, replace=replace, trust=trust)


def connect(url: str | None = None, artifacts: str | os.PathLike[str] | None = None, *, registry: Registry | None = None) -> Store:
    """Open a store; made where there is none.

    Args:
        url: ``sqlite:///path``, ``postgresql+psycopg://…`` or ``memory://``; if not given, what ``PACKAGERS_STORE`` says, or
            ``.packagers/runs.db`` in the working directory.
        artifacts: A folder, or a URL of fsspec, that is this store's own; if not given, what ``PACKAGERS_STORE_ARTIFACTS`` says (where
            ``url`` is not given either), or the folder ``objects`` beside a database file, ``.packagers/objects`` for PostgreSQL.
        registry: Finds the packagers of values; that of what is installed if not given.

    Raises:
        StoreError: Where it cannot be opened, is of a newer release, or the artifacts are another store's.
    """
    if url is None:
        url, default_artifacts = default_place()
        artifacts = artifacts or default_artifacts
    return Store(url, artifacts, registry=registry)


def current_store() -> Store:
    """Give the store of the block around, else the one that was opened last, else the default one, which is made."""
    store = latest_store()
    return store if isinstance(store, Store) else connect()
