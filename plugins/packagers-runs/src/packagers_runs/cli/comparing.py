"""``packagers runs compare``: what differs between runs."""

from __future__ import annotations

from pathlib import Path

import click

from packagers_runs.cli.options import json_option, opened, run_of, store_option
from packagers_runs.cli.screen import print_json, print_table, tell
from packagers_runs.display.bars import show_progress


@click.command("compare")
@click.argument("uids", nargs=-1, required=True, metavar="UID UID...")
@click.option("-a", "--all", "everything", is_flag=True, help="Show what is the same, too.")
@click.option("--html", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with the runs side by side, too.")
@store_option
@json_option
def compare(uids: tuple[str, ...], everything: bool, file: Path | None, store: str | None, as_json: bool) -> None:
    """Compare runs: parameters, inputs and artifacts by digest, results, versions, and what else was set.

    UID may be the beginning of one, or `last`; UID#3 is an iteration. ≠ marks what differs, ? what nobody can tell.
    """
    from packagers_runs.report.comparison import compare as compared
    from packagers_runs.report.folders import write_comparison

    if len(uids) < 2:
        raise click.UsageError("There are two runs to name at least.")
    with show_progress(not as_json), opened(store) as place:
        documents = [run_of(place, uid, iterations=True).to_dict() for uid in uids]
        found = compared(documents, place)
        if file is not None:
            write_comparison(place, documents, file)
    if as_json:
        print_json(found.to_dict() | ({} if file is None else {"html": str(file)}))
        return
    if everything or found.differences:
        print_table(*found.table(everything))
    same = len(found.lines) - len(found.differences)
    hint = "" if everything or not same else "; --all shows them"
    tell({}, f"{len(found.differences)} differ, {same} are the same{hint}", False)
    if file is not None:
        tell({}, str(file), False)
