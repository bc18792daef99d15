"""``packagers runs ls``: the runs of a store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from packagers_runs.cli.options import json_option, opened, pairs, store_option
from packagers_runs.cli.screen import print_json, print_table

_RESULTS = 3
_UID = 8


@click.command("ls")
@click.option("-n", "--name", help="Only runs of this name.")
@click.option("--run-project", "project", metavar="NAME", help="Only runs of this project.")
@click.option("-s", "--state", multiple=True, help="Only runs in this state; may be given several times.")
@click.option("-l", "--label", "labels", multiple=True, metavar="NAME=TEXT", help="Only runs with this label.")
@click.option("--iterations", is_flag=True, help="The iterations of runs, too.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The most to show.")
@store_option
@json_option
def ls(
    name: str | None,
    project: str | None,
    state: tuple[str, ...],
    labels: tuple[str, ...],
    iterations: bool,
    limit: int,
    store: str | None,
    as_json: bool,
) -> None:
    """List runs, the newest first."""
    with opened(store) as place:
        found = place.documents(
            name=name, project=project, state=state, labels=dict(pairs(labels, "-l")), iterations=iterations, limit=limit
        )
    if as_json:
        print_json(found)
        return
    print_table(("uid", "name", "project", "state", "started", "took", "results"), map(_row, found))


def _row(document: dict[str, Any]) -> list[str]:
    metadata, status = document.get("metadata", {}), document.get("status", {})
    iteration = metadata.get("iteration") or 0
    results = [f"{key}={_short(value)}" for key, value in list(status.get("results", {}).items())[:_RESULTS]]
    return [
        metadata.get("uid", "")[:_UID] + (f"#{iteration}" if iteration else ""),
        metadata.get("name", ""),
        metadata.get("project", ""),
        status.get("state", "created"),
        (status.get("start_time") or "")[:19].replace("T", " "),
        took(status),
        " ".join(results),
    ]


def took(status: dict[str, Any]) -> str:
    """Say how long a run took, or takes so far.

    >>> took({"start_time": "2026-11-22T05:00:00+00:00", "end_time": "2026-11-22T05:01:02.500+00:00"})
    '1m 02s'
    """
    begun, ended = status.get("start_time"), status.get("end_time")
    if not begun:
        return ""
    try:
        end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
        seconds = (end - datetime.fromisoformat(begun)).total_seconds()
    except (ValueError, TypeError):
        return ""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m {rest:02}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if type(value) is float else repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 24 else f"{text[:23]}…"
