"""``packagers runs report``: runs as pages."""

from __future__ import annotations

from pathlib import Path

import click

from packagers_runs.cli.options import json_option, opened, run_of, store_option
from packagers_runs.cli.screen import tell
from packagers_runs.display.bars import show_progress
from packagers_runs.report.indexpage import MOST


@click.command("report")
@click.argument("uids", nargs=-1, metavar="[UID...]")
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Where to write; by default in the store.")
@click.option("-n", "--name", help="Without UID: only runs of this name.")
@click.option("--run-project", "project", metavar="NAME", help="Without UID: only runs of this project.")
@click.option("--limit", type=click.IntRange(1, MOST), default=MOST, show_default=True, help="Without UID: the most runs.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@store_option
@json_option
def report(
    uids: tuple[str, ...],
    folder: Path | None,
    name: str | None,
    project: str | None,
    limit: int,
    opens: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Write HTML pages and print the path: an index of the newest runs, of one run its report, of several what differs side by side.

    UID may be the beginning of one, or `last`; UID#3 is an iteration. Every page is one file that asks for nothing outside of it; the
    reports that an index or a comparison leads to are beside it.
    """
    from packagers_runs.report.folders import write_comparison, write_index, write_run

    if uids and (name or project):
        raise click.UsageError("--name and --run-project choose the runs of an index; leave them out, or UID.")
    with show_progress(not as_json), opened(store) as place:
        documents = [run_of(place, uid, iterations=True).to_dict() for uid in uids]
        if not documents:
            path = write_index(place, folder, limit=limit, name=name, project=project)
        elif len(documents) == 1:
            path = write_run(place, documents[0], folder)
        else:
            path = write_comparison(place, documents, folder)
    tell({"path": str(path)}, str(path), as_json)
    if opens:
        click.launch(path.absolute().as_uri())
