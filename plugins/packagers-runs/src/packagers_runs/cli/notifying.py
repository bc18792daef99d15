"""``packagers runs notify | notify-test``: who is told of runs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers_runs.cli.options import json_option, literal, opened, pairs, run_of, store_option
from packagers_runs.cli.screen import print_json, print_table, tell
from packagers_runs.nearest import unknown_name

if TYPE_CHECKING:
    from packagers_runs.models.notification import Notification
    from packagers_runs.models.runobject import RunObject

_SECRET = click.option(
    "--secret", "secrets", multiple=True, metavar="NAME=SOURCE", help="A secret parameter; SOURCE is env:VARIABLE or file:PATH."
)


@click.command("notify")
@click.argument("uid")
@click.option("--again", is_flag=True, help="Also those that have been sent.")
@_SECRET
@store_option
@json_option
def notify(uid: str, again: bool, secrets: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Send the notifications of a run that were not sent.

    UID may be the beginning of one, or `last`. No secret parameter is kept with a run: give each with --secret PARAMETER=SOURCE, or
    NOTIFICATION.PARAMETER=SOURCE where several have it; in a terminal those that are missing are asked for.
    """
    with opened(store) as place:
        found = run_of(place, uid)
        values = _secret_params(found, pairs(secrets, "--secret"), asks=_is_terminal() and not as_json)
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            tried = place.notify(str(found.uid()), again=again, secret_params=values)
        status = found.refresh().status
    if as_json:
        print_json({"uid": found.uid(), "state": status.state, "tried": sorted(tried), "notifications": status.notifications})
    else:
        rows = [(name, "yes" if name in tried else "", *_cells(entry)) for name, entry in status.notifications.items()]
        print_table(("notification", "tried", "about", "status", "sent", "reason"), rows)
    if any(entry["status"] == "error" for entry in tried.values()):
        raise click.exceptions.Exit(1)


@click.command("notify-test")
@click.argument("kind")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=LITERAL", help="A parameter: a Python literal, else text.")
@_SECRET
@click.option("-m", "--message", default="a test", show_default=True, help="What to say.")
@json_option
def notify_test(kind: str, params: tuple[str, ...], secrets: tuple[str, ...], message: str, as_json: bool) -> None:
    """Send a notification about a run that never was, and say what happened.

    Example: packagers runs notify-test webhook -p url=https://example.org/hook
    """
    from packagers_runs.models.notification import Notification
    from packagers_runs.running.telling import try_out

    given = {name: _typed(kind, name, text) for name, text in pairs(params, "-p").items()}
    hidden = {name: _typed(kind, name, _secret(text)) for name, text in pairs(secrets, "--secret").items()}
    notification = Notification(kind, "notify-test", message, params=given, secret_params=hidden)
    begun = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        entry = try_out(notification)
    seconds = round(time.monotonic() - begun, 3)
    said = f"sent in {seconds:g} s" if entry["status"] == "sent" else f"not sent: {entry['reason']}"
    tell({"kind": kind, **entry, "seconds": seconds}, said, as_json)
    if entry["status"] != "sent":
        raise click.exceptions.Exit(1)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _cells(entry: dict[str, Any]) -> tuple[object, ...]:
    return entry.get("state"), entry.get("status", "not due"), entry.get("sent_time"), entry.get("reason")


def _secret_params(run: RunObject, given: dict[str, str], *, asks: bool) -> dict[str, dict[str, Any]]:
    """Give the values of secret parameters by the names of notifications, from what was given and what a person types."""
    hidden = [(each, param) for each in run.spec.notifications for param in each.secret_params]
    for name in given:
        known = _names(hidden)
        if name not in known:
            raise unknown_name("secret parameter", name, known, owner=f"the run {run.uid()}")
    values: dict[str, dict[str, Any]] = {}
    for each, param in hidden:
        source = given.get(f"{each.name}.{param}", given.get(param))
        if source is not None:
            values.setdefault(each.name, {})[param] = _typed(each.kind, param, _secret(source))
        elif asks and run.status.state in each.when:
            text = click.prompt(f"{param} of {each.name!r}", hide_input=True)
            values.setdefault(each.name, {})[param] = _typed(each.kind, param, text)
    return values


def _names(hidden: Iterable[tuple[Notification, str]]) -> list[str]:
    return [name for each, param in hidden for name in (param, f"{each.name}.{param}")]


def _secret(source: str) -> str:
    kind, _, place = source.partition(":")
    try:
        if kind == "env":
            return os.environ[place]
        if kind == "file":
            return Path(place).expanduser().read_text(encoding="utf-8").strip()
    except (KeyError, OSError, UnicodeDecodeError) as error:
        problem = f"{type(error).__name__}: {error}" if not isinstance(error, KeyError) else "there is no such variable"
        raise click.UsageError(f"--secret {source}: {problem}") from None
    raise click.UsageError("--secret takes NAME=env:VARIABLE or NAME=file:PATH.")


def _typed(kind: str, name: str, text: str) -> Any:
    """Read a literal where the parameter may be what it is; else it is text."""
    from packagers_runs.models.notification import PARAMETERS

    types, value = PARAMETERS.get(kind, {}).get(name), literal(text)
    return value if types is None or isinstance(value, types) else text
