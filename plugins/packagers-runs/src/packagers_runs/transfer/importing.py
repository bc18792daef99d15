"""Runs out of a zip, into a store: all of it is checked before anything is recorded, and then one transaction records each run."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sqlalchemy import Connection, insert

from packagers import PackagersError
from packagers_runs.progress import counted
from packagers_runs.store.collecting import delete_runs
from packagers_runs.store.errors import StoreError
from packagers_runs.store.holding import Holder, holding
from packagers_runs.store.runrows import write_labels
from packagers_runs.store.schema import artifacts, logs, runs
from packagers_runs.store.store import DocumentStore
from packagers_runs.transfer.archive import SEAL, Reader
from packagers_runs.transfer.merging import Merge, decide
from packagers_runs.transfer.rows import SKEW_S, Iteration, Lines
from packagers_runs.transfer.sealing import artifact_in, is_own


class Imported(NamedTuple):
    """What an import did.

    Attributes:
        added: The uids of runs that are new here.
        unchanged: Of runs that are here just so.
        replaced: Of runs that were here as they had been before.
        newer_here: Of runs that are here as they have become since.
        conflicts: Of runs that are here otherwise, and stay as they are; with the reason.
    """

    added: list[str]
    unchanged: list[str]
    replaced: list[str]
    newer_here: list[str]
    conflicts: dict[str, str]


@dataclass
class _Plan:
    """What a checked export holds.

    Attributes:
        runs: When each run began, by uid.
        objects: What each object calls its payload folder, by digest.
    """

    runs: dict[str, float] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)


def import_runs(store: DocumentStore, file: str | os.PathLike[str], *, replace: bool = False, trust: bool = False) -> Imported:
    """Take the runs of an export into a store.

    Args:
        store: The store.
        file: The zip.
        replace: Whether a run that is here already becomes what it is in the zip, where that is another state of the same run, and no
            earlier one.
        trust: Whether its runs may be run again, though none of the user's keys has signed the zip.

    Returns:
        What became of each run.

    Raises:
        StoreError: The zip is no export, is damaged, or is not what it says. Nothing is recorded then.
    """
    with Reader(Path(file)) as reader, holding(store.database, store.objects.staging) as (holder, folder):
        return _Import(store, reader, holder, folder, trust=trust).run(replace)


class _Import:
    """An import while it lasts.

    Args:
        store: Where the runs come to.
        reader: The zip.
        holder: Holds the objects until runs name them.
        folder: A staging folder.
        trust: Whether its runs are taken for the user's own.
    """

    def __init__(self, store: DocumentStore, reader: Reader, holder: Holder, folder: Path, *, trust: bool) -> None:
        self._store = store
        self._reader = reader
        self._holder = holder
        self._folder = folder
        with store.database.reading() as connection:
            latest = store.database.now(connection) + SKEW_S
        with self._told(SEAL):
            seal, index = reader.seal()
            is_foreign = not is_own(seal, index, folder / "scratch")
        self._lines = Lines(folder / "scratch", store.objects.place, latest, is_foreign=is_foreign and not trust)

    def run(self, replace: bool) -> Imported:
        """Check everything, then put the objects, then record the runs."""
        plan = self._checked()
        self._holder.hold(plan.objects)
        for digest in counted(sorted(plan.objects), "importing", len(plan.objects), "objects"):
            package = self._folder / "objects" / _name(digest)
            plan.objects[digest] = self._store.objects.put(package, digest, plan.objects[digest], self._folder)
        done: dict[str, tuple[Merge, str]] = {}
        order = sorted(plan.runs, key=lambda uid: (plan.runs[uid], uid))
        for uid in counted(order, "importing", len(order), "runs"):
            iterations = self._iterations(uid)
            with self._store.database.writing() as connection:
                merge, why = decide(connection, uid, iterations, replace=replace)
                if merge is Merge.REPLACE:
                    delete_runs(connection, [uid])
                if merge in (Merge.ADD, Merge.REPLACE):
                    self._record(connection, uid, iterations, plan.objects)
            if merge is Merge.REPLACE:
                self._store.reports.remove([uid])
            done[uid] = merge, why
        by = {merge: [uid for uid, (became, _) in done.items() if became is merge] for merge in Merge}
        conflicts = {uid: done[uid][1] for uid in by[Merge.CONFLICT]}
        return Imported(by[Merge.ADD], by[Merge.SAME], by[Merge.REPLACE], by[Merge.OLDER], conflicts)

    def _checked(self) -> _Plan:
        """Look at every byte: what is said of runs, of their artifacts, and of their objects fits together."""
        reader, plan = self._reader, _Plan()
        needed: set[str] = set()
        numbers: set[tuple[str, int]] = set()
        for name in reader.names("runs/"):  # the lines of a run come before its logs
            path = PurePosixPath(name)
            if path.suffix == ".log":
                if (path.parent.name, int(path.stem)) not in numbers:
                    raise reader.refused(f"{name} is the log of no iteration that is there")
                deque(reader.chunks(name), maxlen=0)
                continue
            iterations = self._iterations(path.stem)
            plan.runs[path.stem] = iterations[0].row["created"]
            numbers |= {(path.stem, each.number) for each in iterations}
            needed |= {each["digest"] for iteration in iterations for each in iteration.artifacts}
        self._extract_objects(plan)
        if needed != plan.objects.keys():
            odd = min(needed ^ plan.objects.keys())
            raise reader.refused(f"the object {odd} is {'missing' if odd in needed else 'no artifact of its runs'}")
        return plan

    def _iterations(self, uid: str) -> list[Iteration]:
        name = f"runs/{uid}.jsonl"
        with self._told(name):
            return self._lines.read(uid, self._reader.lines(name))

    def _extract_objects(self, plan: _Plan) -> None:
        files: dict[str, set[str]] = {}
        for name in self._reader.names("objects/"):
            _, folder, path = name.split("/", 2)
            files.setdefault(folder, set()).add(path)
        for folder, paths in counted(files.items(), "checking", len(files), "objects"):
            with self._told(f"objects/{folder}"):
                for path in sorted(paths):
                    self._reader.extract(f"objects/{folder}/{path}", self._folder / "objects" / folder / path)
                package = artifact_in(self._folder / "objects" / folder)
                manifest = package.manifest
                expected = {f"{manifest.payload}/{file.path}" for file in manifest.files} | {"manifest.json"}
                if _name(manifest.digest) != folder or paths != expected:
                    raise ValueError("it is another object, or has other files than its manifest tells")
                package.verify()
                plan.objects[manifest.digest] = manifest.payload

    def _record(self, connection: Connection, uid: str, iterations: list[Iteration], stored: Mapping[str, str]) -> None:
        """Write the rows of a run."""
        connection.execute(insert(runs), [{"uid": uid, "owner": None, "lease": None, **each.row} for each in iterations])
        rows = [
            {"uid": uid, "iteration": each.number, "stored": stored[artifact["digest"]], **artifact}
            for each in iterations
            for artifact in each.artifacts
        ]
        if rows:
            connection.execute(insert(artifacts), rows)
        for each in iterations:
            write_labels(connection, uid, each.number, {}, each.document)
            self._record_log(connection, uid, each.number)

    def _record_log(self, connection: Connection, uid: str, iteration: int) -> None:
        name = f"runs/{uid}/{iteration}.log"
        if name not in self._reader:
            return
        start = 0
        for piece in self._reader.chunks(name):
            connection.execute(insert(logs).values(uid=uid, iteration=iteration, start=start, text=piece))
            start += len(piece)

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Say in one way what is wrong with a member."""
        try:
            yield
        except StoreError:
            raise
        except (PackagersError, ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
            raise self._reader.refused(f"{name}: {error}") from error


def _name(digest: str) -> str:
    return digest.replace(":", "-", 1)
