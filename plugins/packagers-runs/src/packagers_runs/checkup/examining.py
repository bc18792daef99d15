"""The examination of a store: all that can be wrong with it, and what can be mended without loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, delete, distinct, exists, func, not_, select

from packagers_runs.checkup import places, rows
from packagers_runs.checkup.findings import Finding
from packagers_runs.errors import RunsError
from packagers_runs.store.schema import VERSION, artifacts, labels, logs, metadata, runs
from packagers_runs.store.store import DocumentStore


@dataclass
class Examined:
    """What an examination has come to.

    Attributes:
        store: The URL of the database.
        artifacts: Where the objects are.
        schema: The version of the tables.
        counts: How many runs, iterations, artifacts and objects there are, and the bytes of the objects.
        findings: What was noticed.
        fixed: What was mended.
    """

    store: str
    artifacts: str
    schema: int = VERSION
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not any(found.is_wrong for found in self.findings)


def examine(store: DocumentStore, *, deep: bool = False) -> Examined:
    """Look at all of a store; nothing is changed.

    Args:
        store: The store.
        deep: Whether every byte of every object is read.
    """
    done = Examined(store.database.url, store.objects.location)
    try:
        done.findings += _of_tables(store)
        if not done.is_well:
            return done
        done.findings += _of_rows(store)
        with store.database.reading() as connection:
            done.counts = _counts(connection)
    except RunsError as error:
        done.findings.append(Finding("database", True, str(error.args[0]), error.remedy or "Restore it from a copy."))
        return done
    for look in (places.of_objects(store, deep=deep), places.of_remains(store), places.of_places(store)):
        try:
            done.findings += look
        except RunsError as error:
            done.findings.append(Finding("objects", True, str(error.args[0]), error.remedy or "Look at the place of the objects."))
    return done


def mend(store: DocumentStore) -> list[str]:
    """Do what loses nothing: lost runs end, indexes are made, rows of runs that are not there go, and so does what no run has.

    Args:
        store: The store.

    Returns:
        What was done.
    """
    done = []
    with store.database.writing() as connection:
        for table in metadata.sorted_tables:
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                index.create(connection, checkfirst=True)
        removed = 0
        for table in (artifacts, logs, labels):
            owner = exists().where(and_(runs.c.uid == table.c.uid, runs.c.iteration == table.c.iteration))
            removed += connection.execute(delete(table).where(not_(owner))).rowcount
    if removed:
        done.append(f"{removed} rows of runs that are not there are removed")
    collected = store.gc()
    if any(collected):
        done.append(f"{collected.objects} objects and {collected.stagings} remains of crashes are removed")
    return done


def _of_tables(store: DocumentStore) -> list[Finding]:
    with store.database.reading() as connection:
        return list(rows.of_tables(store.database, connection))


def _of_rows(store: DocumentStore) -> Iterator[Finding]:
    database = store.database
    with database.reading() as connection:
        for look in (
            rows.of_clock(database, connection),
            rows.of_runs(connection),
            rows.of_waiting(database, connection),
            rows.of_strays(database, connection),
            rows.of_logs(connection),
            rows.of_manifests(connection),
        ):
            yield from look


def _counts(connection: Any) -> dict[str, int]:
    def of(query: Any) -> int:
        return int(connection.execute(query).scalar_one())

    every = func.count()
    sizes = select(artifacts.c.digest, func.max(artifacts.c.size).label("size")).group_by(artifacts.c.digest).subquery()
    return {
        "runs": of(select(every).select_from(runs).where(runs.c.iteration == 0)),
        "iterations": of(select(every).select_from(runs).where(runs.c.iteration > 0)),
        "artifacts": of(select(every).select_from(artifacts)),
        "objects": of(select(func.count(distinct(artifacts.c.digest)))),
        "bytes": of(select(func.coalesce(func.sum(sizes.c.size), 0))),
    }
