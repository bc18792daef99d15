"""Runs out of a store, into one zip."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from packagers import Artifact, DataItem
from packagers_runs.errors import RunNotFoundError
from packagers_runs.models.status import TERMINAL_STATES
from packagers_runs.progress import counted, progress
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.objects import MANIFEST
from packagers_runs.store.runrows import RunRows
from packagers_runs.store.schema import artifacts, logs, runs
from packagers_runs.store.store import DocumentStore
from packagers_runs.transfer.archive import Writer, read_chunks
from packagers_runs.transfer.rows import written
from packagers_runs.transfer.sealing import seal_of


class Exported(NamedTuple):
    """What an export holds.

    Attributes:
        runs: The uids of its runs.
        objects: How many objects there are.
        bytes: Of all members together, before they are compressed.
        left_out: The uids of runs that have not ended, where all were asked for.
    """

    runs: list[str]
    objects: int
    bytes: int
    left_out: list[str]


def export_runs(store: DocumentStore, uids: Iterable[str] | None, file: str | os.PathLike[str]) -> Exported:
    """Write runs into one zip: documents, results, logs and artifacts, those of all their iterations.

    Args:
        store: Where they are.
        uids: Which; ``None`` for all that have ended.
        file: The zip; nothing may stand there. The same runs give the same bytes.

    Returns:
        What it holds.

    Raises:
        RunNotFoundError: There is no run of a uid.
        StateConflictError: A run has not ended: what is still being written cannot be taken along whole.
        StoreError: The zip cannot be written, or an artifact is not as it was packed. No zip is left then.
    """
    RunRows(store.database).reap()
    chosen, left_out = _chosen(store, None if uids is None else list(dict.fromkeys(uids)))
    size, digests = 0, set[str]()
    with Writer(Path(file), seal_of) as out:
        for uid in counted(chosen, "exporting", len(chosen), "runs"):
            lines, found, with_logs = _read(store, uid)
            size += out.add(f"runs/{uid}.jsonl", lines)
            digests |= found
            for iteration in with_logs:
                size += out.add(f"runs/{uid}/{iteration}.log", _log(store, uid, iteration))
        for digest in counted(sorted(digests), "exporting", len(digests), "objects"):
            size += _add_object(store, digest, out)
    return Exported(chosen, len(digests), size, left_out)


def _chosen(store: DocumentStore, uids: list[str] | None) -> tuple[list[str], list[str]]:
    """Give the runs to be exported, the oldest first, and those that have not ended."""
    query = select(runs.c.uid, runs.c.iteration, runs.c.state).order_by(runs.c.created, runs.c.uid)
    with store.database.reading() as connection:
        rows = connection.execute(query if uids is None else query.where(runs.c.uid.in_(uids))).all()
    every = list(dict.fromkeys(row.uid for row in rows))
    in_work = {row.uid: row for row in rows if row.state not in TERMINAL_STATES}
    if uids is None:
        return [uid for uid in every if uid not in in_work], list(in_work)
    missing = next((uid for uid in uids if uid not in set(every)), None)
    if missing is not None:
        raise RunNotFoundError(f"there is no run {missing!r:.100}", uid=missing, remedy="`list_runs()` shows those there are.")
    for uid, row in in_work.items():
        what = f"iteration {row.iteration} of the run {uid}" if row.iteration else f"the run {uid}"
        raise StateConflictError(
            f"{what} is {row.state}, and only what has ended is exported",
            uid=uid,
            iteration=row.iteration,
            state=row.state,
            remedy="Wait for its end, or abort it.",
        )
    return every, []


def _read(store: DocumentStore, uid: str) -> tuple[list[bytes], set[str], list[int]]:
    """Give the lines of a run, the digests of its objects, and its iterations that have printed something; of one moment."""
    with store.database.reading() as connection:
        rows = connection.execute(select(runs).where(runs.c.uid == uid).order_by(runs.c.iteration)).all()
        if not rows:
            raise RunNotFoundError(f"the run {uid} was removed meanwhile", uid=uid)
        query = select(artifacts).where(artifacts.c.uid == uid).order_by(artifacts.c.iteration, artifacts.c.id)
        found = connection.execute(query).all()
        printed = connection.execute(select(logs.c.iteration).where(logs.c.uid == uid).distinct()).scalars().all()
    made: dict[int, list[Any]] = {number: list(group) for number, group in groupby(found, key=lambda row: int(row.iteration))}
    lines = [written(row, made.get(row.iteration, [])) for row in rows]
    return lines, {str(row.digest) for row in found}, sorted(printed)


def _log(store: DocumentStore, uid: str, iteration: int) -> Iterator[bytes]:
    mine = (logs.c.uid == uid, logs.c.iteration == iteration)
    start: int | None = -1
    while start is not None:
        with store.database.reading() as connection:
            query = select(logs.c.start, logs.c.text).where(*mine, logs.c.start > start).order_by(logs.c.start).limit(1)
            row = connection.execute(query).one_or_none()
        start = None if row is None else row.start
        if row is not None:
            yield row.text


def _add_object(store: DocumentStore, digest: str, out: Writer) -> int:
    name = digest.replace(":", "-", 1)
    package = DataItem(store.objects.place(digest)).unpack(Artifact)
    package.verify()
    files = {file.path: file.size for file in package.manifest.files}
    size = out.add(f"objects/{name}/{MANIFEST}", read_chunks(store.objects.open(digest, MANIFEST)))
    with progress(f"exporting {name[:15]}", sum(files.values()), "bytes") as advance:
        for path in sorted(files):
            inner = f"{package.manifest.payload}/{path}"
            # What is stored as it is keeps the ratio of sizes small, by which a reader tells a zip that was made to fill his disk.
            size += out.add(f"objects/{name}/{inner}", read_chunks(store.objects.open(digest, inner)), compress=False)
            advance(files[path])
    return size
