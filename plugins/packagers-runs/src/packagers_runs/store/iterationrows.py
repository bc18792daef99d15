"""The iterations of a run: rows of their own, written when an iteration has ended, as many together as have.

The right to write them is the attempt of the run that they belong to: what that attempt has not recorded by its end was never there. Until
then their objects are claimed, and their packages staged, in its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from packagers import Artifact
from packagers_runs.store.artifactrows import ArtifactRows, Prepared
from packagers_runs.store.engine import Database
from packagers_runs.store.freezing import Frozen
from packagers_runs.store.runrows import DEFAULT_PROJECT, Attempt, RunRows, columns_of, labels_of
from packagers_runs.store.schema import artifacts, claims, labels, logs, runs

_CHUNK = 400
_INSERT = insert(runs)
_INSERT_LABEL = insert(labels)
_INSERT_LOG = insert(logs)
_NUMBERS: Any = bindparam("numbers", expanding=True)
_KNOWN = select(runs.c.iteration, runs.c.attempt).where(runs.c.uid == bindparam("this_uid"), runs.c.iteration.in_(_NUMBERS))
_MOST = 10**9


class Ended(NamedTuple):
    """An iteration that has ended.

    Attributes:
        document: Its metadata and status, as its document has them.
        frozen: The whole document, frozen.
        artifacts: Its packages by key, signed.
        log: What it has printed.
        tries: How often it was tried.
    """

    document: dict[str, Any]
    frozen: Frozen
    artifacts: Mapping[str, Artifact] = {}
    log: str = ""
    tries: int = 1

    @property
    def number(self) -> int:
        """Of the iteration, from 1."""
        return int(self.document["metadata"]["iteration"])


class IterationRows:
    """The iterations of the runs of a store.

    Args:
        database: Where they are.
        runs: The runs.
        artifacts: The artifacts.
    """

    def __init__(self, database: Database, runs: RunRows, artifacts: ArtifactRows) -> None:
        self._database = database
        self._runs = runs
        self._artifacts = artifacts

    def record(self, attempt: Attempt, ended: Sequence[Ended], made: Sequence[Sequence[Prepared]]) -> None:
        """Write iterations in one transaction; each takes the place of what an earlier attempt recorded under its number.

        Args:
            attempt: Of the run that they belong to.
            ended: They.
            made: The artifacts of each, whose objects are in place.

        Raises:
            StateConflictError: Where there is a newer attempt, or this one has ended.
            StoreError: Where a value cannot be stored. Nothing is recorded then.
        """
        with self._database.writing() as connection:
            self._runs.check(connection, attempt)
            now = self._database.now(connection)
            known = self._known(connection, attempt.uid, [each.number for each in ended])
            for number in known:
                _delete(connection, attempt.uid, number, number)
            tries = {each.number: known.get(each.number, 0) + each.tries for each in ended}
            common = {"uid": attempt.uid, "created": now, "owner": None, "lease": None}
            connection.execute(
                _INSERT,
                [
                    common | {"iteration": each.number, "attempt": tries[each.number]} | columns_of(each.document, each.frozen, now)
                    for each in ended
                ],
            )
            self._write_beside(connection, attempt, ended)
            for each, packages in zip(ended, made, strict=True):
                if packages:
                    own = Attempt(attempt.uid, each.number, tries[each.number])
                    project = each.document["metadata"].get("project") or DEFAULT_PROJECT
                    self._artifacts.record(connection, own, project, packages, is_end=False)
            digests = {package.digest for packages in made for package in packages}
            if digests:
                mine = (claims.c.uid == attempt.uid, claims.c.iteration == attempt.iteration)
                connection.execute(delete(claims).where(*mine, claims.c.digest.in_(digests)))

    def drop(self, attempt: Attempt, above: int) -> None:
        """Take away the iterations of higher numbers than one.

        Args:
            attempt: Of the run that they belong to.
            above: The highest number that stays.
        """
        with self._database.writing() as connection:
            self._runs.check(connection, attempt)
            _delete(connection, attempt.uid, above + 1)

    def _known(self, connection: Connection, uid: str, numbers: Sequence[int]) -> dict[int, int]:
        """Give the attempts of the iterations that are recorded already."""
        found: dict[int, int] = {}
        for start in range(0, len(numbers), _CHUNK):
            rows = connection.execute(_KNOWN, {"this_uid": uid, "numbers": numbers[start : start + _CHUNK]})
            found |= {row.iteration: row.attempt for row in rows}
        return found

    @staticmethod
    def _write_beside(connection: Connection, attempt: Attempt, ended: Sequence[Ended]) -> None:
        """Write the labels and logs."""
        named = [
            {"uid": attempt.uid, "iteration": each.number, "name": name, "value": value}
            for each in ended
            for name, value in labels_of(each.document).items()
        ]
        if named:
            connection.execute(_INSERT_LABEL, named)
        printed = [
            {"uid": attempt.uid, "iteration": each.number, "start": 0, "text": each.log.encode("utf-8", "backslashreplace")}
            for each in ended
            if each.log
        ]
        if printed:
            connection.execute(_INSERT_LOG, printed)


def _delete(connection: Connection, uid: str, first: int, last: int = _MOST) -> None:
    """Delete all that is recorded of the iterations of a run from one number to another."""
    for table in (artifacts, labels, claims, logs, runs):
        connection.execute(delete(table).where(table.c.uid == uid, table.c.iteration.between(max(first, 1), last)))
