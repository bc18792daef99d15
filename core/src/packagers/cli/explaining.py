"""``packagers explain``: which packager is chosen for a type or a value, and why each other candidate lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.options import importable, load_object, project_option, registry_of
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen

if TYPE_CHECKING:
    from packagers.choice import Explanation
    from packagers.registry import Registry
    from packagers.subject import Direction

_COLUMNS = ("type", "distribution", "version", "packager", "origin", "priority", "verdict")
_FEW = ("type", "distribution", "packager", "verdict")
"""What a narrow terminal shows: who, and why."""
_WIDE = 140
"""Characters of a line from which all columns are readable."""

DIRECTIONS: tuple[Direction, Direction] = ("pack", "unpack")


@command("explain")
@click.argument("subject")
@click.option("--as", "artifact_type", metavar="ARTIFACT_TYPE", help="Count only packagers that have this artifact type.")
@click.option("--direction", type=click.Choice(DIRECTIONS), help="Explain one direction; by default both, where there are two.")
@project_option
def explain(subject: str, artifact_type: str | None, direction: Direction | None, project: Path | None) -> Report:
    """Say which packager is chosen, and why others lost.

    SUBJECT is a type, such as pandas.DataFrame or "dict[str, numpy.ndarray]", or an object, such as module:object or FILE.py:object. A
    class is explained as a type, every other object as a value to be packed. What SUBJECT names is imported.
    """
    registry = registry_of(project)
    asked = _resolve(subject, project or Path.cwd())
    wanted = DIRECTIONS if direction is None else (direction,)
    found = [registry.explain(asked, artifact_type, direction=each) for each in wanted]
    explanations = {explanation.direction: explanation for explanation in found}  # of a value there is one direction
    if direction is not None and direction not in explanations:
        raise click.UsageError("A value is packed; name its type to see as what it is unpacked.")
    name = next(iter(explanations.values())).subject
    data = {
        "subject": name,
        "artifact_type": artifact_type,
        **{each: explanation.to_dict()["candidates"] for each, explanation in explanations.items()},
    }
    return Report(data, lambda screen: _show(screen, explanations, registry))


def _resolve(subject: str, folder: Path) -> Any:
    """Give the object, or the type, that the user names."""
    if ":" in subject:
        return load_object(subject)
    from packagers.errors import PackagersError
    from packagers.typehint import alternatives
    from packagers.typetext import from_text

    importable(folder, first=False)
    hint = from_text(subject.partition("#")[0])
    if hint is None:
        return type(None)
    if len(alternatives(hint)) > 1:
        raise PackagersError(f"{subject!r} is several types", remedy="Explain one of them at a time.")
    return hint


def _show(screen: Screen, explanations: Mapping[str, Explanation], registry: Registry) -> None:
    for explanation in explanations.values():
        asked = f" as {explanation.artifact_type}" if explanation.artifact_type else ""
        screen.heading(f"{explanation.direction} {explanation.subject}{asked}")
        if screen.width < _WIDE:
            screen.table(_FEW, [_short_row(line) for line in explanation.candidates], whole=len(_FEW) - 1)
        else:
            screen.table(_COLUMNS, [_row(line) for line in explanation.candidates])
        if not any(line["verdict"] == "chosen" for line in explanation.candidates):
            screen.text(f"No packager can {explanation.direction} it.{_advice(explanation.subject, registry)}\n")


def _row(line: Any) -> list[str]:
    priority = "" if line["priority"] is None else str(line["priority"])
    label = f"#{line['label']}" if line["label"] else ""
    names = ("distribution", "version", "packager", "origin")
    return [line["type"] + label, *(line[name] for name in names), priority, line["verdict"]]


def _short_row(line: Any) -> list[str]:
    type_path, distribution, _, packager, _, _, verdict = _row(line)
    return [type_path, distribution, packager.rpartition(":")[2], verdict]


def _advice(subject: str, registry: Registry) -> str:
    """Name the plugin of ours that would help, where it is not there."""
    from packagers.catalogue import plugin_for

    plugin = plugin_for(subject.partition(".")[0])
    missing = plugin is not None and not any(registration.distribution == plugin for registration in registry)
    return f"\n  → pip install {plugin}" if missing else ""
