"""Whether the objects of a store are there, whole, and have room."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select, union

from packagers import Artifact, DataItem, PackagersError
from packagers_runs.checkup.findings import Finding, first
from packagers_runs.progress import counted
from packagers_runs.store.collecting import dead_stagings
from packagers_runs.store.errors import StoreError
from packagers_runs.store.objects import MANIFEST, FolderObjects
from packagers_runs.store.schema import artifacts, claims
from packagers_runs.store.store import DocumentStore

LOW_BYTES = 1 << 30
NO_BYTES = 64 << 20
_AGAIN = "Import an export that has them, or run again what made them."


def of_objects(store: DocumentStore, *, deep: bool) -> Iterator[Finding]:
    """Look for the objects that artifacts name, and for those that none names.

    Args:
        store: The store.
        deep: Whether every byte is read.
    """
    there = set(store.objects.digests())  # before the rows: what a run records meanwhile is no orphan
    with store.database.reading() as connection:
        rows = connection.execute(select(artifacts.c.digest, artifacts.c.uid, artifacts.c.key, artifacts.c.stored)).all()
        known = set(connection.execute(union(select(artifacts.c.digest), select(claims.c.digest))).scalars())
    missing, changed, misplaced = [], [], []
    by: dict[str, list[str]] = {}
    stored: dict[str, set[str]] = {}
    for row in rows:
        by.setdefault(row.digest, []).append(f"{row.key}@{row.uid}")
        stored.setdefault(row.digest, set()).add(row.stored)
    for digest in counted(sorted(by), "examining", len(by), "objects"):
        try:
            payload = store.objects.find(digest)
            if payload is None:
                missing += by[digest]
            elif stored[digest] != {payload}:
                misplaced += by[digest]
            else:
                _check(store, digest, deep=deep)
        except (PackagersError, OSError, ValueError):
            changed.append(digest)
    if missing:
        yield Finding("objects", True, f"the objects of {len(missing)} artifacts are not there", _AGAIN, first(missing))
    if misplaced:
        yield Finding(
            "objects",
            True,
            f"the objects of {len(misplaced)} artifacts have folders of another name",
            _AGAIN,
            first(misplaced),
        )
    if changed:
        remedy = "Remove the folders of these objects, and then import an export that has them, or run again what made them."
        yield Finding("objects", True, f"{len(changed)} objects are not what they were when they were put", remedy, first(changed))
    orphans = there - known
    if orphans:
        yield Finding(
            "objects", False, f"{len(orphans)} objects belong to no run", "`packagers runs gc`", first(orphans), is_mended_by_fix=True
        )


def _check(store: DocumentStore, digest: str, *, deep: bool) -> None:
    place = store.objects.place(digest)
    if deep:
        package = DataItem(place).unpack(Artifact)
        if package.digest != digest:
            raise StoreError("this is another object", file=place)
        package.verify()
    elif isinstance(store.objects, FolderObjects):
        told = json.loads(Path(place, MANIFEST).read_bytes())
        for file in told.get("files", []):
            if Path(place, told["payload"], file["path"]).stat().st_size != file["size"]:
                raise StoreError("a file has another size", file=place)


def of_remains(store: DocumentStore) -> Iterator[Finding]:
    """Look for what dead processes have left."""
    left = [path.name for path in dead_stagings(store.database, store.objects.staging)]
    if store.objects.staging.is_dir():
        left += [path.name for path in store.objects.staging.glob("trash-*")]
    if left:
        what = f"{len(left)} folders are left of processes that are gone"
        yield Finding("staging", False, what, "`packagers runs gc`", first(left), is_mended_by_fix=True)


def of_places(store: DocumentStore) -> Iterator[Finding]:
    """Look at room, permissions and locks."""
    file = store.database.file
    folders = [*([] if file is None else [file.parent]), *([store.objects.folder] if isinstance(store.objects, FolderObjects) else [])]
    for folder in dict.fromkeys(folders):
        yield from _of_room(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            yield Finding("disk", True, "nothing can be written here", "Look at who owns the folder, and its permissions.", [str(folder)])
        if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
            yield Finding("disk", True, "everybody on this machine can change this folder", "`chmod o-w`", [str(folder)])
    if file is None:
        return
    for path in (file, *(path for path in (Path(f"{file}-wal"), Path(f"{file}-shm")) if path.exists())):
        if not os.access(path, os.R_OK | os.W_OK):
            yield Finding("disk", True, "this file cannot be read and written", "Look at who owns it, and its permissions.", [str(path)])
        if stat.S_IMODE(path.stat().st_mode) & stat.S_IWOTH:
            yield Finding("disk", True, "everybody on this machine can change this file", "`chmod o-w`", [str(path)])
    lock = file.parent / f"{file.name}.lock"
    if lock.exists() and _is_held(lock):
        what = "a process holds the lock under which the tables are made"
        yield Finding("disk", False, what, "It should be over at once; `fuser` tells which process it is.", [str(lock)])


def _of_room(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < LOW_BYTES:
        what = f"there are {free / 2**20:,.0f} MiB left on this disk"
        yield Finding("disk", free < NO_BYTES, what, "`packagers runs prune --older-than 30d`, or a larger disk.", [str(folder)])


def _is_held(lock: Path) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl

    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
