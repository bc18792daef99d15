"""``packagers runs resume | verify | why``: what has run goes on, is run again, or is explained."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from packagers_runs.cli.options import json_option, opened, run_of, store_option
from packagers_runs.cli.running import importable, print_end
from packagers_runs.cli.screen import print_json, print_table, shown
from packagers_runs.display.bars import show_progress

if TYPE_CHECKING:
    from packagers_runs.running.provenance import Input, Origin
    from packagers_runs.running.verifying import Verification
    from packagers_runs.runstore import Store

_UID = 8
_DIGEST = 20


@click.command("resume")
@click.argument("uid")
@store_option
@json_option
def resume(uid: str, store: str | None, as_json: bool) -> None:
    """Go on with a run that has not completed, or whose handler, inputs or plugins have changed.

    UID may be the beginning of one, or `last`. What has completed and would do the same again is not run.
    """
    importable()
    with opened(store) as place:
        print_end(lambda: place.resume(str(run_of(place, uid).uid())), as_json)


@click.command("verify")
@click.argument("uid")
@store_option
@json_option
def verify(uid: str, store: str | None, as_json: bool) -> None:
    """Run a run again, and compare everything that comes out; nothing of it is recorded.

    UID may be the beginning of one, or `last`; UID#3 is its third iteration. Ends with 1 where something is different.
    """
    importable()
    named, _, number = uid.partition("#")
    if not (number or "0").isdecimal():
        raise click.UsageError(f"{uid!r} is not of the form UID or UID#3.")
    with show_progress(not as_json), opened(store) as place, contextlib.redirect_stdout(sys.stderr):
        found = place.verify(str(run_of(place, named).uid()), int(number or 0))
    if as_json:
        print_json(found.to_dict())
    else:
        _print_verification(found)
    if not found.is_same:
        raise click.exceptions.Exit(1)


def _print_verification(found: Verification) -> None:
    rows: list[tuple[str, ...]] = []
    for each in found.outputs:
        first, *others = each.differences or (None,)
        for said, difference in ((True, first), *((False, other) for other in others)):
            begin = (each.key, each.kind, each.verdict) if said else ("", "", "")
            rows.append((*begin, *(difference or ("", "", ""))))
    print_table(("output", "", "verdict", "where", "before", "now"), rows)
    for reason in found.changed:
        click.echo(shown(f"note: {reason}"))
    if found.error:
        click.echo(shown(f"it failed this time: {found.error}"))


@click.command("why")
@click.argument("what")
@store_option
@json_option
def why(what: str, store: str | None, as_json: bool) -> None:
    """Tell where something comes from: the run that made it, what that run was given, the runs that made that.

    WHAT is UID:KEY, UID#3:KEY of an iteration, or a store:// address. UID may be the beginning of one, or `last`.
    """
    with opened(store) as place:
        found = place.why(_whole(what, place))
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tree(found)


def _whole(what: str, store: Store) -> str:
    """Give what is asked for with its uid as a whole."""
    if what.startswith("store://"):
        return what
    named, colon, key = what.partition(":")
    if not colon:
        raise click.UsageError(f"{what!r} is neither UID:KEY nor a store:// address.")
    uid, sharp, number = named.partition("#")
    return f"{run_of(store, uid).uid()}{sharp}{number}:{key}"


def _print_tree(found: Origin) -> None:
    if not sys.stdout.isatty():
        for depth, line in _lines(found, 0):
            click.echo(f"{'  ' * depth}{line}")
        return
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    above: list[Any] = []
    for depth, line in _lines(found, 0):
        del above[depth:]
        above.append(above[-1].add(Text(line)) if above else Tree(Text(line)))
    Console(file=sys.stdout, markup=False, emoji=False, highlight=False).print(above[0])


def _lines(found: Origin, depth: int) -> Iterator[tuple[int, str]]:
    what = f" ({found.object_type}{', ' if found.digest else ''}{found.digest[:_DIGEST]})"
    yield depth, _line(f"{found.key}{what}", found.note)
    parameters = ", ".join(f"{name}={value!r:.40}" for name, value in found.parameters.items())
    iteration = f"#{found.iteration}" if found.iteration else ""
    run = f"run {found.uid[:_UID]}{iteration} {found.name}, {found.made[:19].replace('T', ' ')}: {found.handler}({parameters})"
    yield depth + 1, _line(run)
    for each in found.inputs:
        yield from _input_lines(each, depth + 2)


def _input_lines(each: Input, depth: int) -> Iterator[tuple[int, str]]:
    yield depth, _line(f"input {each.name}: {each.source}", each.digest[:_DIGEST])
    if each.origin is not None:
        yield from _lines(each.origin, depth + 1)


def _line(text: str, note: str = "") -> str:
    whole = f"{text} [{note}]" if note else text
    return shown(whole).replace("\n", " ")
