"""``packagers runs ls``: the runs of a store."""

from __future__ import annotations

import click

from packagers_runs.cli.options import json_option, looked_into, pairs, store_option
from packagers_runs.cli.screen import print_json, print_table
from packagers_runs.report.tables import table_of_runs


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
    with looked_into(store) as place:
        found = place.documents(
            name=name, project=project, state=state, labels=dict(pairs(labels, "-l")), iterations=iterations, limit=limit
        )
    if as_json:
        print_json(found)
        return
    print_table(*table_of_runs(found))
