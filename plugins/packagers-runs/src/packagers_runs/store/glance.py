"""A look at the runs of a store in a SQLite file, by the standard library alone: for commands that print something and end.

What SQLAlchemy takes to be imported is several times what it takes to ask one question. The questions are those of :mod:`queries`, as the
store asks them; whatever else there is to do, the store does.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from packagers_runs.store.errors import StoreError
from packagers_runs.store.freezing import Frozen, thaw
from packagers_runs.store.liveness import Owner
from packagers_runs.store.queries import VERSION, Query, document, in_hand, iterations, listed, not_found

_SCHEMA = Query("SELECT value FROM packagers_store WHERE name = 'schema'", {})
_FORM = "sqlite:///"


class Glance:
    """Gives documents of runs.

    Args:
        connection: To the database.
        file: The database.
    """

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file

    def documents(self, **filters: Any) -> list[dict[str, Any]]:
        """Give the documents of runs, the newest first; arguments as of :func:`queries.listed`."""
        return [thaw(Frozen(*row)) for row in self.rows(listed(**filters))]

    def document(self, uid: str, iteration: int = 0) -> dict[str, Any]:
        """Give the document of a run.

        Raises:
            RunNotFoundError: There is no such run.
        """
        rows = self.rows(document(uid, iteration))
        if not rows:
            raise not_found(uid, iteration, (number for (number,) in self.rows(iterations(uid))))
        return thaw(Frozen(*rows[0]))

    def rows(self, query: Query) -> list[Any]:
        """Ask a question.

        Raises:
            StoreError: The database does not answer.
        """
        try:
            return self._connection.execute(query.text, query.values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the database does not do what it is asked for: {error}", file=self._file) from error

    def is_enough(self) -> bool:
        """Tell whether looking is all there is to do: the tables are those of this release, and nobody died who had a run in hand."""
        now = time.time()
        return self.rows(_SCHEMA) == [(str(VERSION),)] and not any(
            Owner.parse(owner).is_gone(lease, now) for *_, owner, lease in self.rows(in_hand())
        )


@contextmanager
def glance(url: str) -> Iterator[Glance | None]:
    """Look at the runs of a store; gives ``None`` where that takes the store itself.

    Args:
        url: Of its database.
    """
    file = Path(url.removeprefix(_FORM)).expanduser().absolute()
    if not url.startswith(_FORM) or "?" in url or not file.is_file():
        yield None
        return
    with closing(sqlite3.connect(file)) as connection:
        found = Glance(connection, file)
        try:
            is_enough = found.is_enough()
        except StoreError:  # which the store says better
            is_enough = False
        yield found if is_enough else None
