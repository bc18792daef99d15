"""What is said of runs and artifacts in tables, in a terminal as in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from packagers_runs.models.states import utc_text
from packagers_runs.report.words import SHORT, cut, duration_text, short_text, size_text, value_text

if TYPE_CHECKING:
    from packagers_runs.store.artifactrows import Recorded

_RESULTS, _RESULT, _ERROR = 3, 24, 60
_ITERATIONS, _COLUMNS = 50, 12
UID = 8
"""How much of a uid is enough for people."""


class Table(NamedTuple):
    """A table.

    Attributes:
        columns: The headings.
        rows: The cells of each row.
    """

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def tables_of_run(document: Mapping[str, Any]) -> list[Table]:
    """Give what is said of a run: what it is, its parameters, inputs and results, its iterations and artifacts, and who was told.

    Args:
        document: Of the run.
    """
    metadata, spec, status = (document.get(part, {}) for part in ("metadata", "spec", "status"))
    retries = status.get("retry_count")
    said = {
        "uid": metadata.get("uid"),
        "iteration": metadata.get("iteration") or None,
        "name": metadata.get("name"),
        "project": metadata.get("project"),
        "state": status.get("state", "created") + (f" ({status['reason']})" if status.get("reason") else ""),
        "handler": spec.get("handler"),
        "started": status.get("start_time"),
        "took": took(status),
        "attempt": retries + 1 if retries else None,
        "says": status.get("status_text"),
        "error": status.get("error"),
        **{f"label {key}": value for key, value in metadata.get("labels", {}).items()},
    }
    tables = [Table(("run", ""), [(name, value_text(value, SHORT)) for name, value in said.items() if value not in (None, "")])]
    sections = (("parameter", spec.get("parameters")), ("input", spec.get("inputs")), ("result", status.get("results")))
    for heading, values in sections:
        if values:
            tables.append(Table((heading, "value"), [(key, value_text(value, SHORT)) for key, value in values.items()]))
    if status.get("iterations"):
        tables.append(_iterations(status["iterations"]))
    if status.get("artifacts"):
        tables.append(Table(("artifact", "kind", "type", "size", "address"), [_artifact(each) for each in status["artifacts"]]))
    if status.get("notifications"):
        tables.append(Table(("notification", "status", "told of", "sent", "reason"), list(map(_told, status["notifications"].items()))))
    return tables


def _iterations(table: Sequence[Sequence[object]]) -> Table:
    """Give the first iterations, and as much of each as people read."""
    header, *rows = (row[:_COLUMNS] for row in table)
    shown: list[tuple[object, ...]] = [tuple("" if cell is None else short_text(cell) for cell in row) for row in rows[:_ITERATIONS]]
    if len(rows) > len(shown):
        shown.append((f"… {len(rows) - len(shown):,} more", *[""] * (len(header) - 1)))
    return Table(tuple(map(str, header)), shown)


def table_of_runs(documents: Iterable[Mapping[str, Any]]) -> Table:
    """Give one line for each run: of one that gave no results, what went wrong.

    Args:
        documents: Of the runs.
    """
    return Table(("uid", "name", "project", "state", "started", "took", "results"), [_run(each) for each in documents])


def table_of_artifacts(artifacts: Iterable[Recorded]) -> Table:
    """Give one line for each artifact.

    Args:
        artifacts: As the store lists them.
    """
    rows: list[tuple[object, ...]] = [
        (each.key, each.kind, each.object_type, size_text(each.size), each.tag, uid_text(each.uid, each.iteration), str(each.address))
        for each in artifacts
    ]
    return Table(("artifact", "kind", "type", "size", "tag", "run", "address"), rows)


def uid_text(uid: str | None, iteration: int | None = 0) -> str:
    """Give the beginning of a uid, with the iteration if it is one.

    >>> uid_text("0123456789abcdef", 2)
    '01234567#2'
    """
    return (uid or "")[:UID] + (f"#{iteration}" if iteration else "")


def took(status: Mapping[str, Any]) -> str:
    """Say how long a run took, or takes so far.

    >>> took({"start_time": "2026-11-22T05:00:00+00:00", "end_time": "2026-11-22T05:01:02.500+00:00"})
    '1 min 2 s'
    """
    return duration_text(status.get("start_time"), status.get("end_time") or utc_text())


def results_text(results: Mapping[str, Any]) -> str:
    """Give the first results in a few words.

    >>> results_text({"accuracy": 0.1 + 0.2, "name": "a", "x": 1, "y": 2})
    'accuracy=0.3 name=a x=1'
    """
    return " ".join(f"{key}={cut(short_text(value), _RESULT)}" for key, value in list(results.items())[:_RESULTS])


def _run(document: Mapping[str, Any]) -> tuple[object, ...]:
    metadata, status = document.get("metadata", {}), document.get("status", {})
    return (
        uid_text(metadata.get("uid"), metadata.get("iteration")),
        metadata.get("name", ""),
        metadata.get("project", ""),
        status.get("state", "created"),
        (status.get("start_time") or "")[:19].replace("T", " "),
        took(status),
        results_text(status.get("results", {})) or cut(str(status.get("error") or ""), _ERROR),
    )


def _told(notification: tuple[str, Mapping[str, Any]]) -> tuple[object, ...]:
    name, told = notification
    return (name, *(value_text(told.get(field) or "", SHORT) for field in ("status", "state", "sent_time", "reason")))


def _artifact(document: Mapping[str, Any]) -> tuple[object, ...]:
    metadata, spec = document.get("metadata", {}), document.get("spec", {})
    return (metadata.get("key"), document.get("kind"), spec.get("object_type"), size_text(spec.get("size", 0)), metadata.get("uri"))
