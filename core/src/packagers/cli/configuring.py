"""``packagers config``: each setting, its value, and where that comes from; and what the project registers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packagers.cli.options import is_project_named, project_option
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen


@command("config")
@project_option
def config(project: Path | None) -> Report:
    """Print all settings, and where their values come from."""
    from packagers import config as configuration
    from packagers.policy import CEILING, effective_policy

    read = None if project is None else configuration.read_project(project)
    own = {entry.name: entry for entry in configuration.settings.explain()}
    found: list[dict[str, Any]] = []
    for entry in configuration.settings.explain(read):
        if entry.name == "trust" and read is not None and entry.origin == read.origin and not is_project_named():
            refused = f"{entry.value!r} of {read.origin} counts only where --project names it"
            entry = own["trust"]._replace(origin=f"{own['trust'].origin}; {refused}")
        value = list(entry.value) if isinstance(entry.value, tuple) else entry.value
        default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
        found.append({"name": entry.name, "value": value, "origin": entry.origin, "default": default, "doc": entry.doc})
        if entry.name == "trust" and (capped := effective_policy(configured=entry.value)) != entry.value:
            found[-1] |= {"value": capped, "origin": f"{CEILING}, instead of {entry.value!r} from {entry.origin}"}
    types = {} if read is None else {path: _registration(entry) for path, entry in read.types.items()}
    defaults = {} if read is None else dict(read.defaults)
    data = {"project": None if read is None else str(read.folder), "settings": found, "types": types, "defaults": defaults}

    def show(screen: Screen) -> None:
        rows = [(entry["name"], repr(entry["value"]), entry["origin"], entry["doc"]) for entry in found]
        screen.table(("setting", "value", "from", "what it is for"), rows)
        if types:
            marks = {path: "optional" if entry["optional"] else "" for path, entry in types.items()}
            screen.table(("type", "packager", ""), [(path, entry["packager"], marks[path]) for path, entry in types.items()])
        if defaults:
            screen.table(("type", "is packed by default as"), list(defaults.items()))

    return Report(data, show)


def _registration(entry: Any) -> dict[str, Any]:
    """Give an entry of ``[tool.packagers.types]`` in its long form."""
    return {"optional": False, **entry} if isinstance(entry, Mapping) else {"packager": entry, "optional": False}
