"""``packagers runs doctor``: whether a store is well."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from packagers_runs.cli.options import json_option, opened, store_option
from packagers_runs.cli.screen import print_json, shown
from packagers_runs.display.bars import show_progress

if TYPE_CHECKING:
    from packagers_runs.checkup.examining import Examined


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Read every byte of every object.")
@click.option("--fix", is_flag=True, help="Mend what loses nothing: what `gc` removes, rows that belong to nothing, indexes.")
@store_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, deep: bool, fix: bool, store: str | None, as_json: bool) -> None:
    """Look for all that can be wrong with a store, and say what to do.

    Looks at the database and its rows, at objects that are missing or changed or belong to nothing, at what crashes have left, at
    permissions, room and clocks. Ends with 1 where something is wrong.
    """
    from packagers_runs.checkup.examining import Examined, examine, mend
    from packagers_runs.checkup.findings import Finding
    from packagers_runs.store.errors import StoreError

    _refuse_what_is_not_there(store)
    try:
        with show_progress(not as_json), opened(store) as place:
            done = examine(place, deep=deep)
            if fix and any(found.is_mended_by_fix for found in done.findings):
                fixed = mend(place)
                done = examine(place, deep=deep)
                done.fixed = fixed
    except StoreError as error:  # it cannot even be opened
        done = Examined(error.file or store or "", "", findings=[Finding("database", True, str(error.args[0]), error.remedy or "")])
    if as_json:
        print_json({"ok": done.is_well, **done.__dict__, "findings": [found._asdict() for found in done.findings]})
    else:
        _show(done)
    if not done.is_well:
        ctx.exit(1)


def _show(done: Examined) -> None:
    counts = ", ".join(f"{count:,} {name}" for name, count in done.counts.items())
    click.echo(shown(f"{done.store}: {counts}" if counts else done.store))
    for text in done.fixed:
        click.echo(shown(f"mended: {text}"))
    for found in done.findings:
        click.echo(shown(f"{'WRONG' if found.is_wrong else 'note'}   {found.area}: {found.what}"))
        for place in found.where:
            click.echo(shown(f"          {place}"))
        if found.remedy:
            click.echo(shown(f"        → {found.remedy}"))
    if not done.findings:
        click.echo("All is well.")


def _refuse_what_is_not_there(url: str | None) -> None:
    """Refuse a file that is not there, rather than to make one and find it well."""
    from packagers_runs.store.defaults import URL_VARIABLE

    text = url or os.environ.get(URL_VARIABLE) or ""
    if text.startswith("sqlite:///") and not Path(text.removeprefix("sqlite:///")).expanduser().exists():
        raise click.UsageError(f"There is no store at {text}.")
