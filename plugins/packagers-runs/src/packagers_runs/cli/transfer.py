"""``packagers runs export | import``: runs that travel in one zip."""

from __future__ import annotations

import click

from packagers_runs.cli.options import json_option, opened, run_of, store_option
from packagers_runs.cli.screen import print_json, shown
from packagers_runs.display.bars import show_progress


@click.command("export")
@click.argument("uids", nargs=-1, metavar="[UID]...")
@click.option("-o", "--output", required=True, metavar="FILE", help="The zip to write, such as runs.zip; nothing may stand there.")
@click.option("--all", "is_all", is_flag=True, help="All runs that have ended.")
@store_option
@json_option
def export(uids: tuple[str, ...], output: str, is_all: bool, store: str | None, as_json: bool) -> None:
    """Write runs into one zip: with their iterations, results, artifacts and logs.

    UID may be the beginning of one, or `last`. The values of secrets are in no run, so in no zip.
    """
    if bool(uids) == is_all:
        raise click.UsageError("Name the runs to be exported, or give --all.")
    with show_progress(not as_json), opened(store) as place:
        done = place.export(None if is_all else [str(run_of(place, uid).uid()) for uid in uids], output)
    if as_json:
        print_json({"file": output, **done._asdict()})
        return
    click.echo(shown(f"{output} holds {len(done.runs)} runs and {done.objects} objects, {done.bytes:,} bytes"))
    if done.left_out:
        click.echo(f"{len(done.left_out)} runs have not ended and were left out", err=True)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Let a run that is here already become what it is in the file, where that is no earlier.")
@click.option("--trust", is_flag=True, help="Let its runs be run again, though none of your keys has signed the file.")
@store_option
@json_option
@click.pass_context
def import_(ctx: click.Context, file: str, replace: bool, trust: bool, store: str | None, as_json: bool) -> None:
    """Take the runs of an export into a store; those that it has already stay.

    Everything is checked before anything is recorded. What somebody else has signed stays his, and is read as
    PACKAGERS_TRUST allows; his runs are not run again. Ends with 1 where a run is here in another state than in the file.
    """
    with show_progress(not as_json), opened(store, makes=True) as place:
        done = place.import_(file, replace=replace, trust=trust)
    if as_json:
        print_json(done._asdict())
    else:
        told = {"new": done.added, "here already": done.unchanged, "replaced": done.replaced, "newer here": done.newer_here}
        click.echo(", ".join(f"{len(uids)} {what}" for what, uids in told.items() if uids) or "no runs")
        for uid, why in done.conflicts.items():
            click.echo(shown(f"{uid}: {why}"), err=True)
    if done.conflicts:
        ctx.exit(1)
