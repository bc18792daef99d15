"""What becomes of a run that comes into a store in which it may be already.

A run is the same one wherever its uid is. A later attempt is a later state of it; and so is what was said later of one attempt (a label
that was set after its end), as long as the attempt has begun at the same moment and gave the same. Of two that went different ways none
is later: they are in conflict, and what is here stays.
"""

from __future__ import annotations

import json
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, select

from packagers_runs.models.status import TERMINAL_STATES
from packagers_runs.store.schema import artifacts, runs
from packagers_runs.transfer.rows import Iteration

_KEPT = ("iteration", "attempt", "created", "updated", "document", "values")


class Merge(Enum):
    """What becomes of a run."""

    ADD = auto()
    SAME = auto()
    REPLACE = auto()
    OLDER = auto()
    CONFLICT = auto()


def decide(connection: Connection, uid: str, theirs: list[Iteration], *, replace: bool) -> tuple[Merge, str]:
    """Tell what becomes of a run, and why where it is a conflict; its rows are locked until the end of the transaction.

    Args:
        connection: Of the transaction.
        uid: Of the run.
        theirs: As it comes.
        replace: Whether a later state takes the place of the one that is here.
    """
    rows = connection.execute(select(runs).where(runs.c.uid == uid).order_by(runs.c.iteration).with_for_update()).all()
    if not rows:
        return Merge.ADD, ""
    columns = (artifacts.c.iteration, artifacts.c.key, artifacts.c.digest, artifacts.c.tag, artifacts.c.attempt)
    here = sorted(tuple(row) for row in connection.execute(select(*columns).where(artifacts.c.uid == uid)))
    names = ("key", "digest", "tag", "attempt")
    there = sorted((each.number, *(made[name] for name in names)) for each in theirs for made in each.artifacts)
    if here == there and [_kept(row._mapping) for row in rows] == [_kept(each.row) for each in theirs]:
        return Merge.SAME, ""
    if any(row.state not in TERMINAL_STATES for row in rows):
        return Merge.CONFLICT, "it has not ended here"
    ours, other = rows[0], theirs[0].row
    if ours.attempt == other["attempt"]:
        gave = [(row.iteration, _outcome(json.loads(row.document)), row.values) for row in rows]
        given = [(each.number, _outcome(each.document), each.row["values"]) for each in theirs]
        if gave != given or [each[:3] for each in here] != [each[:3] for each in there]:
            return Merge.CONFLICT, f"it went another way here: both are attempt {ours.attempt}, and they gave different things"
    if (ours.attempt, ours.updated) > (other["attempt"], other["updated"]):
        return Merge.OLDER, ""
    if not replace:
        later = f"the file has a later or another state of it, attempt {other['attempt']}"
        return Merge.CONFLICT, f"{later}; what is here stays unless it is to be replaced"
    return Merge.REPLACE, ""


def _kept(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEPT)


def _outcome(document: dict[str, Any]) -> tuple[Any, ...]:
    status = document.get("status", {})
    return tuple(status.get(name) for name in ("state", "start_time", "end_time", "results"))
