"""``packagers config``: each setting, its value, and where that comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packagers.cli.options import project_option
from packagers.cli.report import Report, command


@command("config")
@project_option
def config(project: Path | None) -> Report:
    """Print all settings, and where their values come from."""
    from packagers import config as configuration
    from packagers.policy import CEILING, effective_policy

    read = None if project is None else configuration.read_project(project)
    found: list[dict[str, Any]] = []
    for entry in configuration.settings.explain(read):
        value = list(entry.value) if isinstance(entry.value, tuple) else entry.value
        default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
        found.append({"name": entry.name, "value": value, "origin": entry.origin, "default": default, "doc": entry.doc})
        if entry.name == "trust" and (capped := effective_policy(configured=entry.value)) != entry.value:
            found[-1] |= {"value": capped, "origin": f"{CEILING}, instead of {entry.value!r} from {entry.origin}"}
    data = {"project": None if read is None else str(read.folder), "settings": found}
    rows = [(entry["name"], repr(entry["value"]), entry["origin"], entry["doc"]) for entry in found]
    return Report(data, lambda screen: screen.table(("setting", "value", "from", "what it is for"), rows))
