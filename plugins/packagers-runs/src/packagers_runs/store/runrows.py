"""The rows of runs: begun, taken by a process, written, ended, and taken from the dead.

Each change locks the row, looks at the state and the attempt that it finds, and then writes: of two that would change one run, the second
sees what the first has done. Whoever writes a run holds an :class:`Attempt`; once there is a newer one, nothing is written by the older.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from packagers import Registry
from packagers_runs.models.states import LIVE_STATES, STATES, TERMINAL_STATES, may_follow
from packagers_runs.nearest import unknown_name
from packagers_runs.store.engine import Database
from packagers_runs.store.errors import RunExistsError, StateConflictError, StoreError
from packagers_runs.store.freezing import Frozen, freeze, thaw
from packagers_runs.store.liveness import LEASE_S, Owner, this_process
from packagers_runs.store.patching import iso, patched, put, text_of
from packagers_runs.store.queries import in_hand, iterations, listed, not_found
from packagers_runs.store.schema import claims, labels, runs

DEFAULT_PROJECT = "default"
# Built once, for building a statement takes longer than running it.
_THIS = and_(runs.c.uid == bindparam("this_uid"), runs.c.iteration == bindparam("this_iteration"))
_LOCKED = select(runs).where(_THIS).with_for_update()
_DOCUMENT = select(runs.c.document, runs.c["values"]).where(_THIS)
_ATTEMPT = select(runs.c.attempt).where(_THIS)
_RECORD = select(runs.c.attempt, runs.c.updated, runs.c.document, runs.c["values"]).where(_THIS)
_EXTENT = select(func.count(), func.max(runs.c.updated)).where(runs.c.uid == bindparam("this_uid"))
_UPDATE = update(runs).where(_THIS)
_INSERT = insert(runs)
_INSERT_LABEL = insert(labels)

_TAKEN = ("created", "pending")
"""States in which a run waits for a process to take its attempt."""
_FIRST = ("pending", "running")
"""States in which a new attempt begins."""
_UNDONE = ("error", "error_type", "traceback", "reason", "status_text", "end_time")
"""Fields of the status that a new attempt begins without."""


class Attempt(NamedTuple):
    """The right to write a run.

    Attributes:
        uid: Of the run.
        iteration: Of the run.
        number: Counted from 1.
    """

    uid: str
    iteration: int
    number: int

    @property
    def folder(self) -> str:
        """The name of its staging folder."""
        return f"{self.uid}-{self.iteration}-{self.number}"


class RunRows:
    """The runs of a store.

    Args:
        database: Where they are.
        registry: Finds the packagers of values that are no JSON.
    """

    def __init__(self, database: Database, registry: Registry | None = None) -> None:
        self._database = database
        self.registry = registry

    def begin(self, document: dict[str, Any], *, owned: bool = True) -> Attempt:
        """Enter a new run; its first attempt is the caller's.

        Args:
            document: What ``RunObject.to_dict()`` gives; ``metadata.uid`` must be there.
            owned: Whether this process has it in hand, so that the run is lost when the process dies.

        Raises:
            RunExistsError: Where there is a run of that uid and iteration.
        """
        frozen = freeze(document, self.registry)
        metadata = document.get("metadata", {})
        uid, iteration = metadata.get("uid"), metadata.get("iteration") or 0
        if not isinstance(uid, str) or not uid:
            raise StoreError("a run without a uid cannot be stored", remedy="Set metadata.uid, 32 hexadecimal digits.")
        with self._database.writing() as connection:
            now = self._database.now(connection)
            columns = columns_of(document, frozen, now)
            try:
                connection.execute(
                    _INSERT, {"uid": uid, "iteration": iteration, "attempt": 1, "created": now, **self._owner(owned, now), **columns}
                )
            except IntegrityError as error:
                raise RunExistsError(
                    f"there is a run {uid} of iteration {iteration} already",
                    uid=uid,
                    iteration=iteration,
                    remedy="Take it up again, or give the new one a uid of its own.",
                ) from error
            write_labels(connection, uid, iteration, {}, document)
        return Attempt(uid, iteration, 1)

    def take(
        self,
        uid: str,
        iteration: int = 0,
        *,
        state: str = "running",
        owned: bool = True,
        expected: Collection[str] | None = None,
        seen: int | None = None,
        from_owner: str | None = None,
    ) -> Attempt:
        """Take a run in hand: one that waits, in the attempt that it is in; one that has ended, in a new attempt.

        Args:
            uid: Of the run.
            iteration: Of the run.
            state: The state that it goes into.
            owned: Whether the run is lost when this process dies.
            expected: The states in which it may be taken; any of those in which no process has it if not given.
            seen: The attempt that the caller has looked at: where there is a newer one, somebody else was faster.
            from_owner: The process, as :class:`liveness.Owner` tells it, that has the waiting run in hand and gives it to this one.

        Raises:
            RunNotFoundError: Where there is no such run.
            StateConflictError: Where another process has it, or it is in none of the expected states.
        """
        with self._database.writing() as connection:
            row = self._locked(connection, uid, iteration)
            if expected is not None and row.state not in expected:
                raise _conflict(row, f"it would have to be {' or '.join(sorted(expected))}")
            if seen is not None and row.attempt != seen:
                raise _conflict(row, f"its attempt {row.attempt} has begun meanwhile")
            if row.state in _TAKEN and row.owner in (None, from_owner):
                number = row.attempt
                _check_step(row, state)
            elif _ends_attempt(row.state):
                number = row.attempt + 1
                if state not in _FIRST:
                    raise _conflict(row, f"a new attempt cannot begin as {state!r}")
            else:
                raise _conflict(row, "another process has it in hand")
            now = self._database.now(connection)
            text = patched(row.document, {"state": state, "last_update": iso(now)}, _UNDONE if number > row.attempt else ())
            values = {"attempt": number, "state": state, "document": text, "updated": now, **self._owner(owned, now)}
            connection.execute(_UPDATE, _this(uid, iteration) | values)
        return Attempt(uid, iteration, number)

    def write(self, connection: Connection, attempt: Attempt, document: dict[str, Any], frozen: Frozen) -> bool:
        """Write the document of a run, and so its state; tell whether that ends the attempt.

        Args:
            connection: Of the transaction to do it in.
            attempt: The right to do it.
            document: The whole document.
            frozen: The same, frozen.

        Raises:
            StateConflictError: Where there is a newer attempt, or the state cannot follow the one that is there.
        """
        row = self._current(connection, attempt)
        metadata = document.get("metadata", {})
        if (metadata.get("uid"), metadata.get("iteration") or 0) != (attempt.uid, attempt.iteration):
            raise StoreError(f"the document is that of another run than {attempt.uid}", remedy="Keep metadata.uid and metadata.iteration.")
        now = self._database.now(connection)
        columns = columns_of(document, frozen, now)
        if columns["state"] != row.state or row.state in TERMINAL_STATES:
            _check_step(row, columns["state"])
        is_end = _ends_attempt(columns["state"])
        if is_end:
            columns |= {"owner": None, "lease": None}
        connection.execute(_UPDATE, _this(attempt.uid, attempt.iteration) | columns)
        write_labels(connection, attempt.uid, attempt.iteration, json.loads(row.document), document)
        return is_end

    def change(
        self, uid: str, iteration: int, changes: Mapping[str, Any], *, expected: Collection[str] | None = None, merge: bool = False
    ) -> str:
        """Change some fields of a run, whoever has it in hand; give the state that it is in then.

        Args:
            uid: Of the run.
            iteration: Of the run.
            changes: Plain values by dotted names: ``{"status.state": "aborting"}``; ``None`` takes a field away.
            expected: The states in which that may be done; any if not given.
            merge: Whether a dict is united with the one that is there, key by key, and does not replace it.

        Raises:
            RunNotFoundError: Where there is no such run.
            StateConflictError: Where it is in another state, or cannot go into the new one.
        """
        frozen = freeze(dict(changes), self.registry)
        if frozen.values is not None:
            raise StoreError(
                "a change of a run holds what is no JSON", remedy="Write the whole document, by the attempt that has it in hand."
            )
        with self._database.writing() as connection:
            row = self._locked(connection, uid, iteration)
            if expected is not None and row.state not in expected:
                raise _conflict(row, f"it would have to be {' or '.join(sorted(expected))}")
            document = json.loads(row.document)
            for name, value in json.loads(frozen.text).items():
                put(document, name, value, merge)
            state = _state(document)
            if state != row.state:
                _check_step(row, state)
            now = self._database.now(connection)
            document.setdefault("status", {})["last_update"] = iso(now)
            columns = columns_of(document, Frozen(text_of(document), row.values), now)
            if _ends_attempt(state):
                columns |= {"owner": None, "lease": None}
            connection.execute(_UPDATE, _this(uid, iteration) | columns)
            write_labels(connection, uid, iteration, json.loads(row.document), document)
        return state

    def get(self, uid: str, iteration: int = 0) -> dict[str, Any]:
        """Give the document of a run; one whose process is gone is lost by now.

        Raises:
            RunNotFoundError: Where there is no such run.
        """
        self.reap(uid)
        with self._database.reading() as connection:
            row = self._found(connection, _DOCUMENT, uid, iteration)
        return thaw(Frozen(row[0], row[1]), self.registry)

    def attempt(self, uid: str, iteration: int = 0) -> int:
        """Give the number of a run's current attempt."""
        with self._database.reading() as connection:
            number: int = self._found(connection, _ATTEMPT, uid, iteration)[0]
        return number

    def record_digest(self, uid: str, iteration: int) -> str:
        """Identify what is recorded of a run and, of a whole run, its iterations: another digest, another record."""
        self.reap(uid)
        with self._database.reading() as connection:
            attempt, updated, document, values = self._found(connection, _RECORD, uid, iteration)
            extent = () if iteration else tuple(connection.execute(_EXTENT, {"this_uid": uid}).one())
        return hashlib.sha256(f"{attempt} {updated!r} {extent} {document}".encode() + (values or b"")).hexdigest()

    def list(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Give the documents of runs, the newest first; arguments as of :func:`queries.listed`."""
        self.reap(filters.get("uid"))
        query = listed(**filters)
        with self._database.reading() as connection:
            rows = connection.execute(sql(query.text), query.values).all()
        return (thaw(Frozen(row[0], row[1]), self.registry) for row in rows)

    def reap(self, uid: str | None = None) -> int:
        """Turn the runs of processes that are gone into lost ones; give how many.

        Args:
            uid: Only of this run.
        """
        query = in_hand(uid)
        with self._database.reading() as connection:
            rows = connection.execute(sql(query.text), query.values).all()
            now = self._database.now(connection) if rows else 0.0
        owners = {row.owner: Owner.parse(row.owner) for row in rows}
        gone = [row for row in rows if owners[row.owner].is_gone(row.lease, now)]
        for row in gone:
            self._lose(row, owners[row.owner])
        return len(gone)

    def renew(self, owner: Owner) -> int:
        """Renew the lease of all that a process has in hand; give how many that are."""
        with self._database.writing() as connection:
            lease = self._database.now(connection) + LEASE_S
            return connection.execute(update(runs).where(runs.c.owner == str(owner)).values(lease=lease)).rowcount

    def check(self, connection: Connection, attempt: Attempt) -> None:
        """Check that an attempt is the current one, and has not ended.

        Raises:
            StateConflictError: Where it is not.
        """
        row = self._current(connection, attempt)
        if row.state in TERMINAL_STATES:
            raise _conflict(row, "it has ended")

    def _lose(self, seen: Any, owner: Owner) -> None:
        """Write down that a run is lost, unless somebody else has been faster."""
        with self._database.writing() as connection:
            row = connection.execute(_LOCKED, _this(seen.uid, seen.iteration)).one_or_none()
            if row is None or (row.attempt, row.owner, row.lease) != (seen.attempt, seen.owner, seen.lease) or row.state not in LIVE_STATES:
                return
            now = self._database.now(connection)
            state = "aborted" if row.state == "aborting" else "error"
            reason = json.loads(row.document)["status"].get("reason") if state == "aborted" else None
            error = reason or f"the process that had the run in hand is gone (process {owner.pid} on {owner.host})"
            text = patched(
                row.document,
                {"state": state, "reason": reason or "lost", "error": error, "last_update": iso(now), "end_time": iso(now)},
            )
            values = {"state": state, "document": text, "updated": now, "owner": None, "lease": None}
            connection.execute(_UPDATE, _this(row.uid, row.iteration) | values)
            connection.execute(delete(claims).where(claims.c.uid == row.uid, claims.c.iteration == row.iteration))

    def _owner(self, owned: bool, now: float) -> dict[str, Any]:
        return {"owner": str(this_process()), "lease": now + LEASE_S} if owned else {"owner": None, "lease": None}

    def _current(self, connection: Connection, attempt: Attempt) -> Any:
        row = self._locked(connection, attempt.uid, attempt.iteration)
        if row.attempt != attempt.number:
            raise _conflict(row, f"attempt {attempt.number} of it is over, and the current one is {row.attempt}")
        return row

    def _locked(self, connection: Connection, uid: str, iteration: int) -> Any:
        return self._found(connection, _LOCKED, uid, iteration)

    def _found(self, connection: Connection, query: Any, uid: str, iteration: int) -> Any:
        row: Any = connection.execute(query, _this(uid, iteration)).one_or_none()
        if row is None:
            known = iterations(uid)
            raise not_found(uid, iteration, connection.execute(sql(known.text), known.values).scalars())
        return row


def is_live(row: Any) -> Any:
    """Give the condition that the attempt of a row of claims is in work."""
    return exists().where(
        and_(runs.c.uid == row.uid, runs.c.iteration == row.iteration, runs.c.attempt == row.attempt, runs.c.state.in_(LIVE_STATES))
    )


def _this(uid: str, iteration: int) -> dict[str, Any]:
    return {"this_uid": uid, "this_iteration": iteration}


def columns_of(document: dict[str, Any], frozen: Frozen, now: float) -> dict[str, Any]:
    """Give the columns that follow from the document of a run."""
    metadata = document.get("metadata", {})
    return {
        "project": metadata.get("project") or DEFAULT_PROJECT,
        "name": metadata.get("name") or "",
        "state": _state(document),
        "updated": now,
        "document": frozen.text,
        "values": frozen.values,
    }


def _state(document: dict[str, Any]) -> str:
    state = document.get("status", {}).get("state") or "created"
    if state not in STATES:
        raise unknown_name("state", state, STATES)
    return str(state)


def _ends_attempt(state: str) -> bool:
    return state in TERMINAL_STATES or state == "pendingRetry"


def write_labels(connection: Connection, uid: str, iteration: int, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Bring the rows of labels from what one document says to what another one says."""
    before, after = labels_of(old), labels_of(new)
    gone = [name for name, value in before.items() if after.get(name) != value]
    if gone:
        connection.execute(delete(labels).where(labels.c.uid == uid, labels.c.iteration == iteration, labels.c.name.in_(gone)))
    added = [{"name": name, "value": value} for name, value in after.items() if before.get(name) != value]
    if added:
        connection.execute(_INSERT_LABEL, [{"uid": uid, "iteration": iteration, **label} for label in added])


def labels_of(document: dict[str, Any]) -> dict[str, str]:
    """Give the labels of a run by name."""
    found = document.get("metadata", {}).get("labels") or {}
    return {str(name): str(value) for name, value in found.items()}


def _check_step(row: Any, state: str) -> None:
    if not may_follow(row.state, state):
        raise _conflict(row, f"it cannot become {state}")


def _conflict(row: Any, why: str) -> StateConflictError:
    over = (
        "Only a new attempt goes on with it: resume or retry it." if row.state in TERMINAL_STATES else "Look at it again, and decide anew."
    )
    return StateConflictError(
        f"the run {row.uid} is {row.state}: {why}", uid=row.uid, iteration=row.iteration, state=row.state, attempt=row.attempt, remedy=over
    )
