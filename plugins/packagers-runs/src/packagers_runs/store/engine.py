"""The database of a store: SQLite, PostgreSQL or memory, behind transactions that read and transactions that write."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import sqlalchemy
from sqlalchemy import Connection, func, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from packagers import settings
from packagers_runs.nearest import unknown_name
from packagers_runs.store import schema
from packagers_runs.store.errors import StoreError

BUSY_MS = 30_000
"""How long a writer waits for the others, on SQLite."""
_FORMS = ("sqlite:///path", "postgresql+psycopg://user@host/name", "memory://")
_CREATION = 0x7061636B  # the number of the advisory lock under which tables are made


class Database:
    """The database of one store.

    Args:
        url: ``sqlite:///…``, ``postgresql+psycopg://…`` or ``memory://``.

    Raises:
        StoreError: For a URL of another kind, a database that cannot be opened, and one that is of a newer release or somebody else's.
    """

    def __init__(self, url: str) -> None:
        self._url, self.file = _read(url)
        self.is_memory = self._url is None
        self._lock = threading.RLock()
        self._engine = self._connect()
        self.id = self._prepare()
        _databases.add(self)

    def __repr__(self) -> str:
        return f"Database({self.url!r})"

    @property
    def url(self) -> str:
        """The URL, with ``***`` for a password."""
        return "memory://" if self._url is None else self._url.render_as_string(hide_password=True)

    @property
    def full_url(self) -> str:
        """The URL, with its password: for another process that is to open the same database."""
        return "memory://" if self._url is None else self._url.render_as_string(hide_password=False)

    @property
    def is_postgresql(self) -> bool:
        """Whether this is PostgreSQL, where several processes write at once."""
        return self._engine.dialect.name == "postgresql"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection inside of a transaction that only reads."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside of a transaction; it is committed at the end of the block, or undone where the block raises."""
        with self._transaction(writes=True) as connection:
            yield connection

    def now(self, connection: Connection) -> float:
        """Give the time in seconds since 1970, by a clock that all who use the database share."""
        if self.is_postgresql:
            return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
        return time.time()

    def lock(self, connection: Connection, name: str) -> None:
        """Hold a lock of a name until the end of the transaction; on SQLite whoever writes holds all of them."""
        if self.is_postgresql:
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(number)))

    def close(self) -> None:
        """Close all connections; what is asked for afterwards opens new ones."""
        self._engine.dispose()

    def abandon(self) -> None:
        """Forget, after a fork, the connections that belong to the parent."""
        self._lock = threading.RLock()
        self._engine.dispose(close=False)

    @contextlib.contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        with self._explained(), self._lock if self.is_memory else contextlib.nullcontext(), self._engine.connect() as connection:
            connection = connection.execution_options(packagers_writes=writes)
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(
                f"the database does not do what it is asked for: {str(error.orig).strip()}", file=self.url, remedy=_remedy(error)
            ) from error
        except SQLAlchemyError as error:
            raise StoreError(f"the database does not do what it is asked for: {error}", file=self.url) from error

    def _connect(self) -> sqlalchemy.Engine:
        if self._url is None:
            url, arguments = URL.create("sqlite"), {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        else:
            url, arguments = self._url, {"pool_pre_ping": self._url.get_backend_name() != "sqlite"}
        try:
            engine = sqlalchemy.create_engine(url, **arguments)
        except ImportError as error:
            raise StoreError(
                f"this database needs another library: {error}", file=self.url, remedy="pip install packagers-runs[postgresql]"
            ) from error
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        return engine

    def _prepare(self) -> str:
        """Make the tables where there are none, once, however many processes start together; give the id of the store."""
        found = self._found()
        if found is not None:
            return found
        with self._creating():
            found = self._found()
            if found is not None:
                return found
            new = uuid.uuid4().hex
            with self._explained():
                if self.file is not None:
                    with contextlib.closing(sqlite3.connect(self.file, timeout=BUSY_MS / 1000)) as raw:
                        raw.execute("PRAGMA journal_mode=WAL")
                with self.writing() as connection:
                    schema.metadata.create_all(connection)
                    rows = [{"name": "schema", "value": str(schema.VERSION)}, {"name": "id", "value": new}]
                    connection.execute(insert(schema.meta), rows)
            return new

    def _found(self) -> str | None:
        """Give the id of the store that is there; ``None`` where there is none yet."""
        if self.file is not None and not (self.file.exists() and self.file.stat().st_size):
            return None
        with self.reading() as connection:
            if not inspect(connection).has_table(schema.meta.name):
                strange = [] if self.is_postgresql else inspect(connection).get_table_names()
                if strange:
                    raise StoreError(
                        f"this is a database of something else: it has the table {strange[0]!r}", file=self.url, remedy="Name another file."
                    )
                return None
            known: dict[str, str] = {row.name: row.value for row in connection.execute(select(schema.meta))}
        version = int(known["schema"])
        if version != schema.VERSION:
            raise StoreError(
                f"the store has schema version {version}, and this is packagers-runs for version {schema.VERSION}",
                file=self.url,
                remedy="pip install --upgrade packagers-runs",
            )
        return known["id"]

    @contextlib.contextmanager
    def _creating(self) -> Iterator[None]:
        """Hold the lock under which tables are made."""
        if self.file is not None:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with (self.file.parent / f"{self.file.name}.lock").open("a+b") as handle:
                    _lock_file(handle)
                    yield
            except OSError as error:
                raise StoreError(
                    f"the database cannot be made: {error}", file=self.file, remedy="Name a folder that can be written."
                ) from error
        elif self.is_postgresql:
            with self._explained(), self._engine.connect() as connection, connection.begin():
                connection.execute(select(func.pg_advisory_xact_lock(_CREATION)))
                yield
        else:
            yield


_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_databases):
        database.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def file_of(url: str) -> Path | None:
    """Give the file of a database; ``None`` for one that is in none.

    Args:
        url: As it is given to :func:`packagers_runs.connect`.

    Raises:
        StoreError: It is no URL of a database.
    """
    return _read(url)[1]


def _read(url: str) -> tuple[URL | None, Path | None]:
    """Give the URL as SQLAlchemy has it and the file of SQLite; no URL stands for memory."""
    if url in ("memory://", "memory:"):
        return None, None
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(f"{url!r} is no URL of a database", remedy=f"It takes {', '.join(_FORMS)}.") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
            raise StoreError(f"{url!r} names no file", remedy="Use sqlite:///path, or memory:// for a store that goes with the process.")
        file = Path(parsed.database).expanduser().absolute()  # a program may change its working directory
        return parsed.set(database=str(file)), file
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "postgresql+psycopg":
        known = unknown_name("database", parsed.drivername, ("sqlite", "postgresql+psycopg", "memory"))
        raise StoreError(f"a store cannot be in a database of the kind {parsed.drivername!r}", remedy=f"{known.remedy}")
    return parsed, None


def _prepare_sqlite(engine: sqlalchemy.Engine) -> None:
    synchronous = "FULL" if settings.durability == "full" else "NORMAL"

    @sqlalchemy.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # the driver's own transactions begin late, so that two readers who go on to write lock each other out
        )
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @sqlalchemy.event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("packagers_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lock_file(handle: IO[bytes]) -> None:
    """Wait for the lock of a file, which goes when the file is closed."""
    if sys.platform == "win32":
        import msvcrt

        handle.seek(0)
        while True:
            try:
                msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)


def _remedy(error: DBAPIError) -> str | None:
    message = str(error.orig)
    if "not a database" in message or "malformed" in message:
        return "The file is damaged, or no database: restore it from a copy, or name another file."
    if "locked" in message:
        return "Another process has held the database for half a minute: look which one."
    if "readonly" in message or "unable to open" in message:
        return "Look at who may write to the file and to its folder."
    return "Look whether the server is there and whether its address and password are right." if error.connection_invalidated else None
