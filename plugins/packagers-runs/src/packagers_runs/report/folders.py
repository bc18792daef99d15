"""Pages that lead to reports: each stands in a folder with the reports of the runs that it names."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packagers_runs.errors import RunNotFoundError
from packagers_runs.progress import counted
from packagers_runs.report.comparepage import compare_page
from packagers_runs.report.comparison import compare
from packagers_runs.report.indexpage import MOST, index_page
from packagers_runs.report.writing import linked_runs, replace_file, told_of, write_report
from packagers_runs.store.errors import StoreError
from packagers_runs.store.store import DocumentStore

INDEX = "index.html"
_FOLLOWED = 100


def write_index(store: DocumentStore, folder: Path | None = None, *, limit: int = MOST, **filters: Any) -> Path:
    """Write an index of the newest runs, and their reports where they are missing or not right any more.

    Args:
        store: Where the runs are.
        folder: Where to write; that of the store's reports if ``None``.
        limit: The most runs, up to 1,000.
        **filters: Which runs, as of :meth:`DocumentStore.documents`.

    Returns:
        The file.

    Raises:
        StoreError: It cannot be written.
    """
    limit = min(limit, MOST)
    found = store.documents(**filters, limit=limit + 1)
    documents, files = [], []
    for document in counted(found[:limit], "writing reports", len(found[:limit]), "runs"):
        try:
            files.append(write_run(store, document, folder).name)
        except RunNotFoundError:  # it was removed meanwhile
            continue
        documents.append(document)
    target = (folder or store.reports.folder) / INDEX
    replace_file(target, index_page(documents, files, are_all=len(found) <= limit))
    return target


def write_comparison(store: DocumentStore, documents: Sequence[Mapping[str, Any]], place: Path | None = None) -> Path:
    """Write a page with runs side by side, and beside it their reports where they are missing or not right any more.

    Args:
        store: Where the runs are.
        documents: Of the runs, at least two.
        place: A file ``….html``, or a folder to write into; that of the store's reports if ``None``.

    Returns:
        The file.

    Raises:
        RunsError: There are fewer than two.
        StoreError: It cannot be written.
    """
    comparison = compare(documents, store)
    names = " ".join(f"{run['uid']}#{run['iteration']}" for run in comparison.runs)
    target = place or store.reports.folder
    if target.suffix != ".html":
        target /= f"compared-{hashlib.sha256(names.encode()).hexdigest()[:16]}.html"
    files = [write_run(store, document, target.parent).name for document in counted(documents, "writing reports", len(documents), "runs")]
    replace_file(target, compare_page(comparison, files, [told_of(store, document) for document in documents]))
    return target


def write_run(store: DocumentStore, document: Mapping[str, Any], folder: Path | None = None) -> Path:
    """See to it that the report of a run is there, and where it is wanted in another folder, those that it leads to, too.

    Args:
        store: Where the run is.
        document: Of the run.
        folder: Where it is wanted; that of the store's reports if ``None``.

    Returns:
        The file.

    Raises:
        RunNotFoundError: The run was removed meanwhile.
        StoreError: It cannot be written.
    """
    metadata = document["metadata"]
    run = metadata["uid"], metadata.get("iteration") or 0
    written = write_report(store, *run)
    if folder is None or folder.absolute() == written.parent.absolute():
        return written
    _copy(store, run, folder)
    return folder / written.name


def _copy(store: DocumentStore, run: tuple[str, int], folder: Path) -> None:
    """Copy a report, and those that it leads to."""
    waiting = [run]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in waiting:
            written = store.reports.path(*each)
            if each != run and (not written.is_file() or (folder / written.name).is_file()):
                continue
            shutil.copyfile(written, folder / written.name)
            with contextlib.suppress(RunNotFoundError):
                linked = dict(linked_runs(store, store.document(*each))).values()
                waiting += [other for other in linked if other not in waiting][: _FOLLOWED - len(waiting)]
    except OSError as error:
        raise StoreError(f"the report cannot be written: {error}", file=folder, remedy="Look at who may write to the folder.") from error
