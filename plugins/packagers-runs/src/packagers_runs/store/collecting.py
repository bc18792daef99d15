"""Removing runs, and collecting what nothing refers to any more."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, case, delete, func, not_, select, union

from packagers_runs.errors import RunNotFoundError
from packagers_runs.models.states import LIVE_STATES, TERMINAL_STATES
from packagers_runs.progress import counted
from packagers_runs.store.engine import Database
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.holding import PREFIX, forget_the_gone, holders
from packagers_runs.store.objects import Objects
from packagers_runs.store.runrows import is_live
from packagers_runs.store.schema import artifacts, claims, labels, logs, runs

_CHUNK = 500
_ENDED = tuple(map(str, TERMINAL_STATES))
_STAGED = re.compile(r"(?P<uid>.+)-(?P<iteration>[0-9]+)-(?P<attempt>[0-9]+)")


class Collected(NamedTuple):
    """What was removed.

    Attributes:
        objects: Objects that no artifact had, whole or half.
        stagings: Folders in which dead runs had prepared something, and what else a crash has left.
    """

    objects: int
    stagings: int


def collect(database: Database, objects: Objects) -> Collected:
    """Remove all that no artifact and no live run refers to.

    Args:
        database: Of the store.
        objects: Of the store.
    """
    stagings = _collect_stagings(database, objects.staging) + objects.sweep()
    there = list(objects.digests())
    with database.writing() as connection:
        connection.execute(delete(claims).where(not_(is_live(claims.c)), claims.c.uid.not_like(f"{PREFIX}%")))
        known = set(connection.execute(union(select(artifacts.c.digest), select(claims.c.digest))).scalars())
    orphans = [digest for digest in there if digest not in known]
    steps = counted(orphans, "removing what no run has", len(orphans), "objects")
    removed = sum(_remove_object(database, objects, digest) for digest in steps)
    return Collected(removed, stagings)


def _remove_object(database: Database, objects: Objects, digest: str) -> bool:
    with database.writing() as connection:
        database.lock(connection, digest)
        # The claims first: one transaction turns a claim into an artifact, and may do so between the two looks.
        for table in (claims, artifacts):
            if connection.execute(select(table.c.digest).where(table.c.digest == digest).limit(1)).first() is not None:
                return False
        objects.remove(digest)  # inside of the transaction: who claims it now waits, and then sees that it is gone
    return True


def _collect_stagings(database: Database, staging: Path) -> int:
    dead = dead_stagings(database, staging)
    forget_the_gone(database)
    for path in dead:
        shutil.rmtree(path, ignore_errors=True)
    return len(dead)


def dead_stagings(database: Database, staging: Path) -> list[Path]:
    """Give the folders in which a run or a holder has prepared something that is no more.

    Args:
        database: Of the store.
        staging: The folder that they are in.
    """
    # The folders first: a run has its row before it has a folder, and so has a holder.
    found = [(path, _STAGED.fullmatch(path.name)) for path in (staging.iterdir() if staging.is_dir() else ())]
    with database.reading() as connection:
        query = select(runs.c.uid, runs.c.iteration, runs.c.attempt).where(runs.c.state.in_(LIVE_STATES))
        live = {f"{row.uid}-{row.iteration}-{row.attempt}" for row in connection.execute(query)}
        held, _ = holders(connection, database.now(connection))
    dead = [path for path, named in found if named is not None and path.name not in live]
    return dead + [path for path, _ in found if path.name.startswith(PREFIX) and path.name not in held]


def remove(database: Database, uid: str) -> None:
    """Remove a run with its iterations and what is recorded of its artifacts.

    Args:
        database: Of the store.
        uid: Of the run.

    Raises:
        RunNotFoundError: Where there is no such run.
        StateConflictError: Where it has not ended.
    """
    with database.writing() as connection:
        rows = connection.execute(select(runs.c.iteration, runs.c.state).where(runs.c.uid == uid).with_for_update()).all()
        if not rows:
            raise RunNotFoundError(f"there is no run {uid!r:.100}", uid=uid, remedy="`list_runs()` shows those there are.")
        for row in rows:
            if row.state not in TERMINAL_STATES:
                raise StateConflictError(
                    f"the run {uid} is {row.state}, and only one that has ended is removed",
                    uid=uid,
                    iteration=row.iteration,
                    state=row.state,
                    remedy="Abort it first.",
                )
        delete_runs(connection, [uid])


def prune(database: Database, older_than: float, *, keep_tagged: bool = True) -> Sequence[str]:
    """Remove the runs that ended long ago; give their uids.

    Args:
        database: Of the store.
        older_than: Seconds since their last change.
        keep_tagged: Whether runs stay of which an artifact has a tag.
    """
    ended = func.min(case((runs.c.state.in_(_ENDED), 1), else_=0))
    with database.writing() as connection:
        limit = database.now(connection) - older_than
        query = select(runs.c.uid).group_by(runs.c.uid).having(func.max(runs.c.updated) < limit, ended == 1)
        if keep_tagged:
            query = query.where(runs.c.uid.not_in(select(artifacts.c.uid).where(artifacts.c.tag != "")))
        found = connection.execute(query).scalars().all()
        delete_runs(connection, found)
    return found


def delete_runs(connection: Connection, uids: Iterable[str]) -> None:
    """Remove the rows of runs and of all that is theirs.

    Args:
        connection: Of the transaction to do it in.
        uids: Of the runs.
    """
    every = list(uids)
    for start in range(0, len(every), _CHUNK):
        for table in (artifacts, labels, claims, logs, runs):
            connection.execute(delete(table).where(table.c.uid.in_(every[start : start + _CHUNK])))
