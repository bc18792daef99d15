"""What is asked about runs, as SQL that SQLite and PostgreSQL both read: by the store, and by who only has a look at one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from packagers_runs.errors import RunNotFoundError
from packagers_runs.models.states import LIVE_STATES, STATES
from packagers_runs.nearest import unknown_name

VERSION = 1
"""Of the tables; see :mod:`schema`."""
_ALL = (1 << 63) - 1
SHOWN_ITERATIONS = 20
"""How many iterations are named where another one is asked for."""


class Query(NamedTuple):
    """A query.

    Attributes:
        text: SQL.
        values: Of the names in it that follow a colon.
    """

    text: str
    values: dict[str, Any]


def document(uid: str, iteration: int) -> Query:
    """Ask for the document of a run."""
    text = 'SELECT document, "values" FROM packagers_runs WHERE uid = :uid AND iteration = :iteration'
    return Query(text, {"uid": uid, "iteration": iteration})


def iterations(uid: str) -> Query:
    """Ask for the numbers of some iterations of a run, 0 for the run itself."""
    text = "SELECT iteration FROM packagers_runs WHERE uid = :uid ORDER BY iteration LIMIT :limit"
    return Query(text, {"uid": uid, "limit": SHOWN_ITERATIONS})


def in_hand(uid: str | None = None) -> Query:
    """Ask for the uid, iteration, attempt, owner and lease of each run that a process has in hand.

    Args:
        uid: Only of this run.
    """
    names = {f"state_{number}": state for number, state in enumerate(LIVE_STATES)}
    columns = "uid, iteration, attempt, owner, lease"
    text = f"SELECT {columns} FROM packagers_runs WHERE owner IS NOT NULL AND state IN ({_listed(names)})"  # noqa: S608 - no values
    return Query(text, names) if uid is None else Query(f"{text} AND uid = :uid", {**names, "uid": uid})


def listed(
    *,
    project: str | None = None,
    name: str | None = None,
    state: str | Collection[str] | None = None,
    labels: Mapping[str, str | None] | None = None,
    uid: str | None = None,
    prefix: str | None = None,
    iterations: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Query:
    """Ask for the documents of runs, the newest first.

    Args:
        project: Only of this project.
        name: Only of this name.
        state: Only in this state, or in one of these.
        labels: Only with these labels; a value of ``None`` stands for any.
        uid: Only of this uid, with all its iterations.
        prefix: Only of uids that begin so.
        iterations: Whether iterations of runs are given too.
        since: Only what was begun then or later.
        until: Only what was begun before.
        limit: The most to give.
        offset: How many to leave out first.

    Raises:
        UnknownNameError: For a state that there is not.
    """
    states = {f"state_{number}": each for number, each in enumerate([state] if isinstance(state, str) else state or ())}
    for each in states.values():
        if each not in STATES:
            raise unknown_name("state", each, STATES)
    given: dict[str, Any] = {"project": project, "name": name, "uid": uid}
    conditions = [f"{column} = :{column}" for column, value in given.items() if value is not None]
    if prefix is not None:
        conditions.append("substr(uid, 1, :length) = :prefix")
        given |= {"prefix": prefix, "length": len(prefix)}
    if states:
        conditions.append(f"state IN ({_listed(states)})")
    if not iterations and uid is None:
        conditions.append("iteration = 0")
    for column, time in (("created >= :since", since), ("created < :until", until)):
        if time is not None:
            conditions.append(column)
            given[column.rpartition(":")[2]] = time.timestamp()
    for number, (label, value) in enumerate((labels or {}).items()):
        same = ["l.uid = r.uid", "l.iteration = r.iteration", f"l.name = :label_{number}"]
        same += [] if value is None else [f"l.value = :value_{number}"]
        conditions.append(f"EXISTS (SELECT 1 FROM packagers_labels l WHERE {' AND '.join(same)})")  # noqa: S608 - no values
        given |= {f"label_{number}": label, f"value_{number}": value}
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    order = "ORDER BY created DESC, uid, iteration LIMIT :limit OFFSET :offset"
    text = f'SELECT document, "values" FROM packagers_runs r {where}{order}'  # noqa: S608 - no values
    asked = {key: value for key, value in given.items() if value is not None}
    return Query(text, {**asked, **states, "limit": _ALL if limit is None else limit, "offset": offset})


def not_found(uid: str, iteration: int, known: Iterable[int]) -> RunNotFoundError:
    """Make the error for a run that there is not.

    Args:
        uid: Its uid.
        iteration: Its iteration.
        known: The numbers of iterations that the run has.
    """
    numbers = list(known)
    what = f"the run {uid!r:.100} has no iteration {iteration}" if numbers else f"there is no run {uid!r:.100}"
    remedy = f"It has the iterations {', '.join(map(str, numbers))}." if numbers else "`list_runs()` shows those there are."
    return RunNotFoundError(what, uid=uid, remedy=remedy)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f":{name}" for name in names)
