"""``packagers runs show | logs``: one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from packagers_runs.cli.options import json_option, looked_into, named, opened, run_of, store_option
from packagers_runs.cli.screen import print_json, print_table
from packagers_runs.report.tables import tables_of_run

_LOOK_S = 0.2


@click.command("show")
@click.argument("uid")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print its document as YAML.")
@store_option
@json_option
def show(uid: str, as_yaml: bool, store: str | None, as_json: bool) -> None:
    """Show a run: its state, parameters, results and artifacts.

    UID may be the beginning of one, or `last`; UID#3 is an iteration.
    """
    if as_yaml:
        with opened(store) as place:
            click.echo(run_of(place, uid, iterations=True).to_yaml(), nl=False)
        return
    with looked_into(store) as glance:
        document = glance.document(*named(glance, uid, iterations=True))
    if as_json:
        print_json(document)
    else:
        print_document(document)


@click.command("logs")
@click.argument("uid")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--offset", type=click.IntRange(0), default=0, help="The byte to begin at.")
@store_option
@json_option
def logs(uid: str, follow: bool, offset: int, store: str | None, as_json: bool) -> None:
    """Print what a run has printed, as it did.

    UID may be the beginning of one, or `last`; UID#3 is an iteration.
    """
    with opened(store) as place:
        found = run_of(place, uid, iterations=True)
        if not as_json:
            found.logs(watch=follow, offset=offset)
            return
        if follow:
            found.wait_for_completion(sleep=_LOOK_S, raise_on_failure=False, show_logs=False)
        text, end = place.log(str(found.uid()), found.metadata.iteration, offset)
    print_json({"uid": found.uid(), "state": found.status.state, "log": text, "offset": end})


def print_document(document: Mapping[str, Any]) -> None:
    """Print a run for people.

    Args:
        document: Of the run.
    """
    for table in tables_of_run(document):
        print_table(*table)
