"""``packagers list``: every packager that is installed or registered by the project; none is imported unless that is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.options import project_option, registry_of
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen

if TYPE_CHECKING:
    from packagers.discovery import Extension
    from packagers.registration import Registration
    from packagers.registry import Registry


@command("list")
@project_option
@click.option("--load", is_flag=True, help="Import each one and say what it packs and unpacks, or why it is broken.")
def list_packagers(project: Path | None, load: bool) -> Report:
    """List all packagers, importing none.

    Hook modules are listed too; what hook modules register is known only once they are imported: see --load.
    """
    from packagers.discovery import scan

    if load:
        from packagers.errors import PackagersWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PackagersWarning)  # what is broken stands in the list
            registry = registry_of(project)
            packagers = [{**_facts(registration), **_loaded(registration, registry)} for registration in registry]
            hooks = [{**_hook_facts(hook), **_hook_state(hook, registry)} for hook in scan().hooks]
    else:
        packagers = [_facts(registration) for registration in _registrations(project)]
        hooks = [_hook_facts(hook) for hook in scan().hooks]
    return Report({"packagers": packagers, "hooks": hooks}, lambda screen: _show(screen, packagers, hooks, load))


def _registrations(project: Path | None) -> Iterable[Registration]:
    """Give all registrations that are known without importing anything."""
    from packagers.config import read_project
    from packagers.registry import declared

    return declared(None if project is None else read_project(project))


def _facts(registration: Registration) -> dict[str, Any]:
    path = registration.path
    return {
        "type": registration.type_path if path is None else str(path),
        "label": path.label if path else "",
        "malformed": path is None,
        "distribution": registration.distribution,
        "version": registration.version,
        "reference": registration.reference,
        "origin": registration.origin,
    }


def _loaded(registration: Registration, registry: Registry) -> dict[str, Any]:
    """Import a packager inside a guard; one that is switched off is left alone."""
    from packagers.loading import LoadFailure

    facts: dict[str, Any] = {"packs": [], "unpacks": [], "priority": None}
    if registry.is_disabled(registration.distribution):
        return {**facts, "state": "off", "reason": "switched off by the setting 'disable'"}
    try:
        packager = registry.instance(registration)
        return {
            "packs": list(packager.artifact_types("pack")),
            "unpacks": list(packager.artifact_types("unpack")),
            "priority": registration.priority,
            "state": "ok",
            "reason": "",
        }
    except LoadFailure as failure:
        return {**facts, "state": "broken", "reason": str(failure.args[0])}


def _hook_facts(hook: Extension) -> dict[str, Any]:
    return {"name": hook.name, "distribution": hook.distribution, "version": hook.version, "reference": hook.reference}


def _hook_state(hook: Extension, registry: Registry) -> dict[str, Any]:
    if registry.is_disabled(hook.distribution):
        return {"state": "off", "reason": "switched off by the setting 'disable'"}
    reason = registry.hooks.broken.get(f"{hook.distribution}:{hook.name}", "")
    return {"state": "broken" if reason else "ok", "reason": reason}


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
