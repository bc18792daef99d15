"""``packagers runs rm | prune | gc``: what makes room."""

from __future__ import annotations

import click

from packagers_runs.cli.options import json_option, opened, run_of, store_option
from packagers_runs.cli.screen import tell
from packagers_runs.display.bars import show_progress


@click.command("rm")
@click.argument("uids", nargs=-1, required=True, metavar="UID...")
@store_option
@json_option
def rm(uids: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Remove runs that have ended, and the data that no other run has.

    UID may be the beginning of one, or `last`.
    """
    with show_progress(not as_json), opened(store) as place:
        removed = []
        for uid in uids:
            removed.append(str(run_of(place, uid).uid()))
            place.remove(removed[-1])
        place.gc()
    tell({"removed": removed}, "\n".join(f"{uid} is removed" for uid in removed), as_json)


@click.command("prune")
@click.option("--older-than", required=True, metavar="TIME", help="Such as 30d or 12h, since they were last changed.")
@click.option("--tagged", is_flag=True, help="Also runs of which an artifact has a tag.")
@store_option
@json_option
def prune(older_than: str, tagged: bool, store: str | None, as_json: bool) -> None:
    """Remove the runs that ended long ago."""
    from packagers_runs.models.durations import seconds_of

    seconds = seconds_of(older_than, "--older-than")
    if seconds is None:
        raise click.UsageError("--older-than takes a length of time, such as 30d.")
    with show_progress(not as_json), opened(store) as place:
        removed = place.prune(seconds, keep_tagged=not tagged)
    tell({"removed": removed}, f"{removed} runs are removed", as_json)


@click.command("gc")
@store_option
@json_option
def gc(store: str | None, as_json: bool) -> None:
    """Remove the data that no run has, and what crashes have left."""
    with show_progress(not as_json), opened(store) as place:
        found = place.gc()
    text = f"{found.objects} objects and {found.stagings} remains of crashes are removed"
    tell({"objects": found.objects, "remains": found.stagings}, text, as_json)
