"""``packagers runs rm | prune | gc``: what makes room."""

from __future__ import annotations

import click

from packagers_runs.cli.options import opened, run_of, store_option


@click.command("rm")
@click.argument("uids", nargs=-1, required=True, metavar="UID...")
@store_option
def rm(uids: tuple[str, ...], store: str | None) -> None:
    """Remove runs that have ended, and the data that no other run has.

    UID may be the beginning of one, or `last`.
    """
    with opened(store) as place:
        for uid in uids:
            found = str(run_of(place, uid).uid())
            place.remove(found)
            click.echo(f"{found} is removed")
        place.gc()


@click.command("prune")
@click.option("--older-than", required=True, metavar="TIME", help="Such as 30d or 12h, since they were last changed.")
@click.option("--tagged", is_flag=True, help="Also runs of which an artifact has a tag.")
@store_option
def prune(older_than: str, tagged: bool, store: str | None) -> None:
    """Remove the runs that ended long ago."""
    from packagers_runs.durations import seconds_of

    seconds = seconds_of(older_than, "--older-than")
    if seconds is None:
        raise click.UsageError("--older-than takes a length of time, such as 30d.")
    with opened(store) as place:
        click.echo(f"{place.prune(seconds, keep_tagged=not tagged)} runs are removed")


@click.command("gc")
@store_option
def gc(store: str | None) -> None:
    """Remove the data that no run has, and what crashes have left."""
    with opened(store) as place:
        found = place.gc()
        click.echo(f"{found.objects} objects and {found.stagings} remains of crashes are removed")
