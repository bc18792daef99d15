"""``packagers list``: every packager that is installed or registered by the project; none is imported unless that is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.loaded import Loaded, facts, hook_facts, timeout_option
from packagers.cli.options import project_option
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen

if TYPE_CHECKING:
    from packagers.registration import Registration


@command("list")
@project_option
@click.option("--load", is_flag=True, help="Import each one and say what it packs and unpacks, or why it is broken.")
@timeout_option
def list_packagers(project: Path | None, load: bool, timeout: float) -> Report:
    """List all packagers, importing none.

    Hook modules are listed too; what hook modules register is known only once they are imported: see --load. They are imported in a process
    of its own, so that one which ends it, or hangs, is named like any other that is broken.
    """
    if load:
        loaded = Loaded(project, timeout)
        packagers, hooks, unreadable = loaded.packagers, loaded.hooks, loaded.unreadable
    else:
        from packagers.discovery import scan

        packagers = [facts(registration) for registration in _registrations(project)]
        installed = scan()
        hooks = [hook_facts(hook) for hook in installed.hooks]
        unreadable = [each._asdict() for each in installed.unreadable]

    def show(screen: Screen) -> None:
        _show(screen, packagers, hooks, load)
        if unreadable:
            screen.table(["left out", "why"], [[each["distribution"], each["reason"]] for each in unreadable])

    return Report({"packagers": packagers, "hooks": hooks, "unreadable": unreadable}, show)


def _registrations(project: Path | None) -> Iterable[Registration]:
    """Give all registrations that are known without importing anything."""
    from packagers.config import read_project
    from packagers.registry import declared

    return declared(None if project is None else read_project(project))


def _show(screen: Screen, packagers: list[dict[str, Any]], hooks: list[dict[str, Any]], load: bool) -> None:
    columns = ["type", "distribution", "version", "packager"]
    if load:
        columns += ["packs", "unpacks", "priority", "state"]
    screen.table(columns, [_row(packager) for packager in packagers])
    if hooks:
        columns = ["hook module", "distribution", "version", "reference", *(["state"] if load else [])]
        names = ("name", "distribution", "version", "reference")
        screen.table(columns, [[*(hook[name] for name in names), *_state(hook)] for hook in hooks])


def _row(packager: dict[str, Any]) -> list[str]:
    label = f"#{packager['label']}" if packager["label"] else ""
    shown = f"{packager['type']!r} (malformed)" if packager["malformed"] else packager["type"] + label
    row = [shown, packager["distribution"], packager["version"], packager["reference"]]
    if "state" in packager:
        priority = "" if packager["priority"] is None else str(packager["priority"])
        row += [" ".join(packager["packs"]), " ".join(packager["unpacks"]), priority]
    return [*row, *_state(packager)]


def _state(entry: dict[str, Any]) -> list[str]:
    if "state" not in entry:
        return []
    return [f"{entry['state']}: {entry['reason']}" if entry["reason"] else entry["state"]]
