"""Objects that are put before any run names them: held for as long as the process that puts them lives, so that none is collected.

A holder is a row of ``meta``, whose name its claims bear in place of a run's uid, and a staging folder of the same name.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from packagers_runs.store.engine import Database
from packagers_runs.store.liveness import Owner, this_process
from packagers_runs.store.schema import claims, meta

PREFIX = "holder-"
LEASE_S = 24 * 3600.0
"""How long a holder counts where its process cannot be looked for."""
_AT_ONCE = 500  # PostgreSQL has room for some thousand locks


class Holder:
    """Who holds objects.

    Args:
        database: Of the store.
        name: Its name.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self.name = name

    def hold(self, digests: Collection[str]) -> None:
        """Keep objects from being collected, those that are there and those that will be; whatever is being collected is gone by then."""
        wanted = sorted(set(digests))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            with self._database.writing() as connection:
                for digest in some:
                    self._database.lock(connection, digest)
                connection.execute(insert(claims), [{"digest": digest, "uid": self.name, "iteration": 0, "attempt": 0} for digest in some])


@contextmanager
def holding(database: Database, staging: Path) -> Iterator[tuple[Holder, Path]]:
    """Give a holder and a staging folder of its own; at the end of the block nothing is held any more.

    Args:
        database: Of the store.
        staging: The folder in which its runs prepare what they put.
    """
    name = f"{PREFIX}{secrets.token_hex(8)}"
    with database.writing() as connection:
        lease = database.now(connection) + LEASE_S
        connection.execute(insert(meta).values(name=name, value=json.dumps({"owner": str(this_process()), "lease": lease})))
    folder = staging / name
    try:
        folder.mkdir(parents=True)
        yield Holder(database, name), folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with database.writing() as connection:
            _forget(connection, name)


def holders(connection: Connection, now: float) -> tuple[set[str], set[str]]:
    """Give the names of those who hold objects, and of those whose process is gone.

    Args:
        connection: Of a transaction.
        now: The time in seconds since 1970.
    """
    alive: set[str] = set()
    gone: set[str] = set()
    for name, value in connection.execute(select(meta.c.name, meta.c.value).where(meta.c.name.startswith(PREFIX))):
        told = json.loads(value)
        (gone if Owner.parse(told["owner"]).is_gone(told["lease"], now) else alive).add(str(name))
    return alive, gone


def forget_the_gone(database: Database) -> set[str]:
    """Let go of what is held by processes that are gone; give the names of the other holders.

    Args:
        database: Of the store.
    """
    with database.writing() as connection:
        alive, gone = holders(connection, database.now(connection))
        for name in gone:
            _forget(connection, name)
    return alive


def _forget(connection: Connection, name: str) -> None:
    connection.execute(delete(claims).where(claims.c.uid == name))
    connection.execute(delete(meta).where(meta.c.name == name))
