"""Whether the rows of a store are what they say, and fit together."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, and_, exists, func, inspect, not_, select

from packagers_runs.checkup.findings import Finding, first
from packagers_runs.models.states import LIVE_STATES
from packagers_runs.store.engine import Database
from packagers_runs.store.freezing import Frozen
from packagers_runs.store.holding import PREFIX, holders
from packagers_runs.store.liveness import Owner
from packagers_runs.store.runrows import columns_of, is_live, labels_of
from packagers_runs.store.schema import artifacts, claims, labels, logs, metadata, runs

SKEW_S = 5.0
"""How far the clocks of this machine and of the database may be apart: leases last half a minute."""
WAITING_S = 24 * 3600.0
"""How long a run may wait before it is worth a word."""
_AHEAD_S = 60.0
_AT_ONCE = 500


def of_tables(database: Database, connection: Connection) -> Iterator[Finding]:
    """Look at the file of the database, its tables, columns and indexes."""
    if not database.is_postgresql:
        broken = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
        if broken:
            yield Finding(
                "database",
                True,
                "SQLite finds the file damaged",
                "Restore it from a copy; `sqlite3 FILE .recover` saves what can be read.",
                broken[:20],
            )
        mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
        if database.file is not None and mode != "wal":
            yield Finding(
                "database", False, f"the journal is in the mode {mode!r}, so readers wait for writers", "`PRAGMA journal_mode=WAL`"
            )
    there = inspect(connection)
    tables = set(there.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in tables:
            yield Finding("database", True, f"the table {table.name!r} is missing", "Restore the database from a copy.")
            continue
        gone = {column.name for column in table.c} - {column["name"] for column in there.get_columns(table.name)}
        if gone:
            yield Finding("database", True, f"the table {table.name!r} has lost columns", "Restore the database from a copy.", first(gone))
        missing = {str(index.name) for index in table.indexes} - {str(index["name"]) for index in there.get_indexes(table.name)}
        if missing:
            what = f"indexes of the table {table.name!r} are missing, so that it is slow"
            yield Finding("database", False, what, "`packagers runs doctor --fix` makes them.", first(missing), is_mended_by_fix=True)


def of_clock(database: Database, connection: Connection) -> Iterator[Finding]:
    """Compare the clocks of this machine, of the database, and of whoever has written."""
    now = database.now(connection)
    apart = now - time.time()
    if abs(apart) > SKEW_S:
        what = f"the clock of the database is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this machine's"
        yield Finding("database", True, what, "Let both keep the time by the network; `since` and `until` mean another time until then.")
    query = select(runs.c.uid).where(runs.c.created > now + _AHEAD_S)
    ahead = set(connection.execute(query).scalars())
    if ahead:
        what = f"{len(ahead)} runs begin in the future: a clock was ahead, or this one is behind"
        yield Finding("database", False, what, "Set the clock; lists show these runs first until their time has come.", first(ahead))


def of_runs(connection: Connection) -> Iterator[Finding]:
    """Look whether each run's row says what its document says."""
    damaged, differing = [], []
    known: dict[tuple[str, int], dict[str, str]] = {}
    for row in connection.execute(select(labels)):
        known.setdefault((row.uid, row.iteration), {})[row.name] = row.value
    for row in connection.execute(select(runs)).yield_per(_AT_ONCE):
        name = f"{row.uid}#{row.iteration}" if row.iteration else str(row.uid)
        try:
            document = json.loads(row.document)
            said = columns_of(document, Frozen(row.document, row.values), row.updated)
            told = document.get("metadata", {})
            same = (told.get("uid"), told.get("iteration") or 0) == (row.uid, row.iteration)
            same = same and all(row._mapping[column] == value for column, value in said.items())
            if not same or labels_of(document) != known.get((row.uid, row.iteration), {}):
                differing.append(name)
            if row.values is not None:
                json.loads(row.values)
        except (ValueError, AttributeError, TypeError):
            damaged.append(name)
    if damaged:
        yield Finding(
            "runs",
            True,
            f"{len(damaged)} documents cannot be read",
            "Restore the database, or import an export of these runs.",
            first(damaged),
        )
    if differing:
        what = f"{len(differing)} documents say other things than the columns that are searched"
        yield Finding("runs", True, what, "Restore the database, or import an export of these runs with --replace.", first(differing))
    parent = runs.alias()
    query = select(runs.c.uid).where(runs.c.iteration > 0, not_(exists().where(and_(parent.c.uid == runs.c.uid, parent.c.iteration == 0))))
    alone = set(connection.execute(query).scalars())
    if alone:
        yield Finding(
            "runs",
            True,
            f"{len(alone)} runs have iterations and are not there themselves",
            "Restore the database from a copy.",
            first(alone),
        )


def of_waiting(database: Database, connection: Connection) -> Iterator[Finding]:
    """Look for runs that nobody goes on with."""
    now = database.now(connection)
    lost, waiting = [], []
    query = select(runs.c.uid, runs.c.state, runs.c.owner, runs.c.lease, runs.c.updated).where(runs.c.state.in_(LIVE_STATES))
    for row in connection.execute(query):
        if row.owner is not None and Owner.parse(row.owner).is_gone(row.lease, now):
            lost.append(row.uid)
        elif row.owner is None and row.updated < now - WAITING_S:
            waiting.append(f"{row.uid} ({row.state})")
    if lost:
        what = f"{len(lost)} runs are lost: their processes are gone"
        yield Finding(
            "runs",
            False,
            what,
            "They end as soon as anybody looks; `packagers runs retry UID` goes on.",
            first(lost),
            is_mended_by_fix=True,
        )
    if waiting:
        what = f"{len(waiting)} runs wait for longer than a day, and no process has them in hand"
        yield Finding("runs", False, what, "`packagers runs abort UID`, or run them.", first(waiting))


def of_strays(database: Database, connection: Connection) -> Iterator[Finding]:
    """Look for rows that belong to nothing."""
    for table, area in ((artifacts, "artifacts"), (logs, "logs"), (labels, "runs")):
        owner = exists().where(and_(runs.c.uid == table.c.uid, runs.c.iteration == table.c.iteration))
        found = set(connection.execute(select(table.c.uid).where(not_(owner))).scalars())
        if found:
            name = table.name.removeprefix("packagers_")
            what = f"there are {name} of {len(found)} runs that are not there"
            yield Finding(area, True, what, "`packagers runs doctor --fix` removes them.", first(found), is_mended_by_fix=True)
    _, gone = holders(connection, database.now(connection))
    query = select(func.count()).select_from(claims).where(not_(is_live(claims.c)), claims.c.uid.not_like(f"{PREFIX}%"))
    left = connection.execute(query).scalar_one() + len(gone)
    if left:
        yield Finding(
            "artifacts", False, f"{left} claims are left of processes that are gone", "`packagers runs gc`", is_mended_by_fix=True
        )


def of_logs(connection: Connection) -> Iterator[Finding]:
    """Look whether the pieces of each log follow one another."""
    ends: dict[tuple[str, int], int] = {}
    torn = set()
    query = select(logs.c.uid, logs.c.iteration, logs.c.start, func.length(logs.c.text).label("size"))
    for row in connection.execute(query.order_by(logs.c.uid, logs.c.iteration, logs.c.start)).yield_per(_AT_ONCE):
        if ends.get((row.uid, row.iteration), 0) != row.start:
            torn.add(str(row.uid))
        ends[row.uid, row.iteration] = row.start + row.size
    if torn:
        yield Finding(
            "logs",
            True,
            f"the logs of {len(torn)} runs have gaps",
            "What is there can be read; the rest is in a copy, if anywhere.",
            first(torn),
        )


def of_manifests(connection: Connection) -> Iterator[Finding]:
    """Look whether the manifest in each artifact's row is that of its object."""
    wrong = []
    query = select(artifacts.c.uid, artifacts.c.key, artifacts.c.digest, artifacts.c.payload, artifacts.c.manifest)
    for row in connection.execute(query).yield_per(_AT_ONCE):
        try:
            told: Any = json.loads(zlib.decompress(row.manifest))
            if (told["digest"], told.get("payload", "")) == (row.digest, row.payload):
                continue
        except (ValueError, TypeError, KeyError, zlib.error):
            pass
        wrong.append(f"{row.key}@{row.uid}")
    if wrong:
        what = f"{len(wrong)} artifacts have lost their manifests"
        yield Finding("artifacts", True, what, "Import an export of these runs with --replace, or run them again.", first(wrong))
