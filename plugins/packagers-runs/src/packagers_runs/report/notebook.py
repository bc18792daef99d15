"""Runs, artifacts and comparisons as HTML for notebooks: bounded tables without script, in which nothing that data holds is markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from packagers_runs.report.pages import render
from packagers_runs.report.tables import Table, table_of_artifacts, table_of_runs, tables_of_run

if TYPE_CHECKING:
    from packagers_runs.report.comparison import Comparison
    from packagers_runs.store.artifactrows import Recorded

ROWS = 60
"""The most rows of a table that a notebook shows."""


class _Shown(NamedTuple):
    table: Table
    more: int
    title: str
    is_open: bool


def run_html(document: Mapping[str, Any]) -> str:
    """Give a run as HTML.

    Args:
        document: Of the run.
    """
    return _rendered(*(_shown(table) for table in tables_of_run(document)))


def runs_html(documents: Iterable[Mapping[str, Any]], count: int) -> str:
    """Give a list of runs as HTML.

    Args:
        documents: Of the runs; as many are taken as are shown.
        count: How many there are.
    """
    return _rendered(_shown(table_of_runs(islice(documents, ROWS)), count))


def artifacts_html(artifacts: Sequence[Recorded]) -> str:
    """Give a list of artifacts as HTML.

    Args:
        artifacts: As the store lists them.
    """
    return _rendered(_shown(table_of_artifacts(islice(artifacts, ROWS)), len(artifacts)))


def comparison_html(comparison: Comparison) -> str:
    """Give a comparison as HTML: what differs, and below it, folded, what is the same.

    Args:
        comparison: Of some runs.
    """
    columns, rows = comparison.table(everything=True)
    differing, equal = ([row for row in rows if (row[0] == "=") is is_equal] for is_equal in (False, True))
    same = [_shown(Table(columns, equal), title=f"{len(equal):,} the same", is_open=False)] if equal else []
    return _rendered(_shown(Table(columns, differing)), *same)


def _shown(table: Table, count: int | None = None, *, title: str = "", is_open: bool = True) -> _Shown:
    rows = table.rows[:ROWS]
    return _Shown(Table(table.columns, rows), (len(table.rows) if count is None else count) - len(rows), title, is_open)


def _rendered(*tables: _Shown) -> str:
    return str(render("notebook.html", tables=tables))
