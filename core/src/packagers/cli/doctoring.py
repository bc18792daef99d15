"""``packagers doctor``: whether everything is in order here, and what to do about what is not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli import checkups
from packagers.cli.checkups import Problem
from packagers.cli.loaded import Loaded, timeout_option
from packagers.cli.options import is_project_named, project_option
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen
from packagers.errors import PackagerDefinitionError, PackagersError, SettingError

if TYPE_CHECKING:
    from packagers.abilities import Ability
    from packagers.config import Project
    from packagers.litter import Litter

_SHOWN = 20
"""Pieces of litter that are listed for people."""


@command("doctor")
@click.argument("folder", required=False, default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@project_option
@click.option("--clean", is_flag=True, help="Remove the litter of crashes, where it is certain that it is nothing else.")
@timeout_option
def doctor(folder: Path, project: Path | None, clean: bool, timeout: float) -> Report:
    """Check plugins, keys, settings and a folder of packages.

    All plugins are imported, in a process of its own. FOLDER (by default the working directory) is where packages are or will be: what its
    file system can do is tried out, and what crashes have left in it is found, as in the temporary folder. Exits with 1 where something is
    wrong.
    """
    problems: list[Problem] = []
    read, loaded = _load(project, timeout, problems)
    problems += checkups.of_plugins([*loaded.packagers, *loaded.hooks])
    for each in loaded.unreadable:
        problems.append(Problem("plugins", f"{each['distribution']} is left out: {each['reason']}", "Reinstall or remove it."))
    problems += checkups.of_keys()
    trust = _trust(read, problems)
    names = {entry["distribution"] for entry in (*loaded.packagers, *loaded.hooks)}
    problems += [found for found in checkups.of_settings(read, names, loaded.missing) if found not in problems]
    able = _abilities(folder, problems)
    litter = _litter(folder, clean, problems)
    wrong = [found for found in problems if found.is_wrong]
    data = {
        "ok": not wrong,
        "problems": [found._asdict() for found in problems],
        "packagers": loaded.packagers,
        "hooks": loaded.hooks,
        "unreadable": loaded.unreadable,
        "keys": _keys(),
        "trust": trust,
        "settings": _settings(read),
        "folder": {"path": str(folder.resolve()), "abilities": {each.name: each.value for each in able}},
        "litter": litter,
    }
    error = PackagersError(f"{len(wrong)} {'thing is' if len(wrong) == 1 else 'things are'} wrong") if wrong else None
    return Report(data, lambda screen: _show(screen, data, problems), error)


def _load(project: Path | None, seconds: float, problems: list[Problem]) -> tuple[Project | None, Loaded]:
    """Load all plugins, without the project where its file is wrong."""
    from packagers.config import read_project

    try:
        read = None if project is None else read_project(project)
        return read, Loaded(project, seconds, checkups.types_of(read))
    except (SettingError, PackagerDefinitionError) as error:
        problems.append(checkups.of_error("settings", error))
        return None, Loaded(None, seconds)


def _trust(project: Project | None, problems: list[Problem]) -> dict[str, str]:
    """Say which policy is in force, where it is from, and what caps it."""
    from packagers.config import settings
    from packagers.policy import CEILING, effective_policy

    counted = project if is_project_named() else None
    try:
        configured = settings.get("trust", counted)
        policy = effective_policy(configured=configured)
    except PackagersError as error:
        problems.append(checkups.of_error("trust", error))
        return {"policy": "", "origin": "", "ceiling": ""}
    origin = next((entry["origin"] for entry in _settings(counted) if entry["name"] == "trust"), "default")
    return {"policy": policy, "origin": origin if policy == configured else CEILING, "ceiling": os.environ.get(CEILING, "").strip()}


def _settings(project: Project | None) -> list[dict[str, Any]]:
    """List the settings that somebody has set; none, where one of them cannot be read, which is a problem of its own."""
    from packagers.config import settings

    try:
        entries = settings.explain(project)
    except PackagersError:
        return []
    return [
        {"name": entry.name, "value": list(entry.value) if isinstance(entry.value, tuple) else entry.value, "origin": entry.origin}
        for entry in entries
        if entry.origin != "default"
    ]


def _keys() -> dict[str, Any]:
    """List the keys, and where they are."""
    from packagers import keys

    try:
        found = [{"id": info.id, "state": info.state, "origin": info.origin} for info in keys.listing()]
        return {"folder": str(keys.keys_folder()), "keys": found}
    except (PackagersError, RuntimeError):  # a problem of its own
        return {"folder": "", "keys": []}


def _abilities(folder: Path, problems: list[Problem]) -> list[Ability]:
    from packagers.abilities import abilities

    found = abilities(folder)
    for each in found:
        if each.problem:
            problems.append(Problem("folder", f"{folder}: {each.problem}", is_wrong=each.is_needed))
    return found


def _litter(folder: Path, clean: bool, problems: list[Problem]) -> list[dict[str, Any]]:
    """Find litter, and remove it where that was asked for."""
    from packagers import litter

    found: Sequence[Litter] = [*litter.in_packages(folder), *litter.in_temporary_folder(), *litter.in_keys()]
    listed = [
        {"path": str(each.path), "what": each.what, "certain": each.certain, "removed": clean and litter.remove(each)} for each in found
    ]
    left = [entry for entry in listed if not entry["removed"]]
    certain = [entry for entry in left if entry["certain"]]
    if certain and clean:
        problems.append(Problem("litter", f"{len(certain)} could not be removed, {certain[0]['path']} first", "See who may."))
    elif certain:
        remedy = "Remove it: packagers doctor --clean"
        problems.append(Problem("litter", f"{_count(len(certain), 'thing')} that crashes have left", remedy, is_wrong=False))
    if len(left) > len(certain):
        remedy = "Look into them: packing the key again removes it, and so do you."
        several = _count(len(left) - len(certain), "folder")
        problems.append(Problem("litter", f"{several} that may be a packing that did not get to its end", remedy, is_wrong=False))
    return listed


def _show(screen: Screen, data: dict[str, Any], problems: Sequence[Problem]) -> None:
    from packagers.readable import size

    able = data["folder"]["abilities"]
    can = [name for name, value in able.items() if value is True]
    cannot = [f"not: {name}" for name, value in able.items() if value is False]
    numbers = [f"names up to {able['longest name']} bytes", f"{size(able['free bytes'])} free"] if "free bytes" in able else []
    ceiling = data["trust"]["ceiling"]
    removed = sum(entry["removed"] for entry in data["litter"])
    screen.facts(
        [
            (
                "packagers",
                f"{_states(data['packagers'])}, of {_count(len({p['distribution'] for p in data['packagers']}), 'distribution')}",
            ),
            ("hook modules", _states(data["hooks"])),
            ("keys", f"{_states(data['keys']['keys'])}, in {data['keys']['folder']}"),
            ("trust policy", f"{data['trust']['policy']}, from {data['trust']['origin']}{f'; at most {ceiling}' if ceiling else ''}"),
            ("settings", ", ".join(f"{entry['name']}={entry['value']!r} ({entry['origin']})" for entry in data["settings"])),
            ("folder", f"{data['folder']['path']}: {', '.join([*can, *cannot, *numbers])}"),
            ("litter", _litter_count(len(data["litter"]) - removed, removed)),
        ]
    )
    if data["litter"]:
        rows = [(entry["path"], entry["what"], _fate(entry)) for entry in data["litter"][:_SHOWN]]
        more = len(data["litter"]) - len(rows)
        screen.table(("litter", "what it is", "what becomes of it"), [*rows, *([(f"and {more} more", "", "")] if more else [])])
    for title, wrong in (("Wrong", True), ("To know", False)):
        listed = [found for found in problems if found.is_wrong is wrong]
        if listed:
            screen.heading(title)
        for found in listed:
            screen.text(f"  {found.about}: {found.problem}" + (f"\n    → {found.remedy}" if found.remedy else ""))


def _litter_count(left: int, removed: int) -> str:
    """Say how much crashes have left.

    >>> _litter_count(0, 0), _litter_count(2, 0), _litter_count(0, 3)
    ('none', '2 found', '3 removed')
    """
    told = [f"{left} found"] * bool(left) + [f"{removed} removed"] * bool(removed)
    return ", ".join(told) or "none"


def _fate(entry: dict[str, Any]) -> str:
    return "removed" if entry["removed"] else "--clean removes it" if entry["certain"] else "left alone"


def _states(entries: Sequence[dict[str, Any]]) -> str:
    """Count states: ``7 ok, 1 broken``."""
    counted = Counter(entry["state"] for entry in entries)
    return ", ".join(f"{count} {state}" for state, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))) or "none"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
