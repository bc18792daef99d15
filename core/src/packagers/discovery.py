"""What is installed: the entry points of all distributions, read from their metadata. Nothing is imported.

Every distribution is looked at, also two that use the same names; of two distributions of one name Python's own rule holds, the first on
``sys.path``. Names of distributions are compared and shown in their normal form (``packagers-torch``), so that it does not matter how a
build backend writes them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import importlib_metadata

from packagers.errors import PackagersError, PluginLoadWarning
from packagers.loading import cause_of, imported, load_reference

TYPES = "packagers.types"
HOOKS = "packagers"
COMMANDS = "packagers.commands"

_FIELD = re.compile(r"^(Name|Version|Requires-Dist):[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_REQUIREMENT = re.compile(r"packagers\s*(?:\[[^\]]*\])?\s*\(?([^;@()\[\]]*)\)?\s*", re.IGNORECASE)
_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)\s*")


@dataclass(frozen=True)
class Extension:
    """An entry point of one of our groups.

    Attributes:
        name: Its name; in the group ``packagers.types`` the type path.
        reference: What it names, ``"module:Class"`` or a module.
        distribution: Whose it is.
        version: Of the distribution.
        requires: What the distribution requires of this core, such as ``"packagers>=0.1,<0.2"``.
    """

    name: str
    reference: str
    distribution: str
    version: str = ""
    requires: tuple[str, ...] = ()

    def load(self) -> tuple[Any, list[str]]:
        """Import what the entry point names.

        Returns:
            What it names, and what importing it did that it should not.

        Raises:
            LoadFailure: Where it cannot be imported.

        Warns:
            PluginLoadWarning: Where importing it changed something of the process.
        """
        with imported(f"entry point {self.name!r} ({self.reference}) cannot be loaded", self.distribution) as faults:
            check_core(self.requires)
            found = load_reference(self.reference)
        return found, faults


class Unreadable(NamedTuple):
    """A distribution of ours that is left out.

    Attributes:
        distribution: Its name, or the folder of its metadata where that does not tell.
        reason: Why.
    """

    distribution: str
    reason: str


class Installed(NamedTuple):
    """What one scan of the installed distributions found, sorted by name."""

    types: tuple[Extension, ...] = ()
    hooks: tuple[Extension, ...] = ()
    commands: tuple[Extension, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def scan() -> Installed:
    """Read the entry points of every installed distribution.

    Warns:
        PluginLoadWarning: Of a distribution of ours whose entry points cannot be read.
    """
    found: dict[str, set[Extension]] = {TYPES: set(), HOOKS: set(), COMMANDS: set()}
    unreadable: list[Unreadable] = []
    for distribution, header in _distributions():
        if not header.name:
            unreadable += _nameless(distribution)
            continue
        try:
            for entry in distribution.entry_points:
                if entry.group in found:
                    found[entry.group].add(Extension(entry.name, entry.value, header.name, header.version, header.requires))
        except Exception as error:  # noqa: BLE001 - a distribution with broken metadata must not hide the others
            unreadable.append(Unreadable(header.name, f"its entry points cannot be read: {cause_of(error)}"))
    for name, reason in sorted(set(unreadable)):
        warnings.warn(f"the distribution {name} is left out: {reason}", PluginLoadWarning, stacklevel=2)
    types, hooks, commands = (tuple(sorted(group, key=_order)) for group in found.values())
    return Installed(types, hooks, commands, tuple(sorted(set(unreadable))))


def _order(extension: Extension) -> tuple[str, str, str]:
    return (extension.distribution, extension.name, extension.reference)


class _Header(NamedTuple):
    """What the metadata of a distribution says at its top; far cheaper to read than the whole, with its long description."""

    name: str
    version: str
    requires: tuple[str, ...]

    @classmethod
    def of(cls, distribution: Any) -> _Header:
        text = _text(distribution, "METADATA") or _text(distribution, "PKG-INFO")
        fields = _FIELD.findall(text.partition("\n\n")[0])
        known = {name.lower(): value for name, value in reversed(fields)}
        requires = tuple(value for name, value in fields if name.lower() == "requires-dist" and value.lower().startswith("packagers"))
        return cls(canonical_name(known.get("name", "")), known.get("version", ""), requires)


def _distributions() -> Iterator[tuple[Any, _Header]]:
    """Give each distribution that has entry points of ours, the first of each name on ``sys.path``, and all that do not tell their name."""
    ours = (each for each in importlib_metadata.distributions(path=_places()) if "packagers" in _text(each, "entry_points.txt"))
    headers = [(each, _Header.of(each)) for each in ours]
    yield from (found for found in headers if not found[1].name)
    for name in sorted({header.name for _, header in headers} - {""}):
        same = ((each, _Header.of(each)) for each in importlib_metadata.distributions(name=name, path=_places()))
        yield from itertools.islice((found for found in same if found[1].name == name), 1)


def _places() -> list[str]:
    """Give the places of ``sys.path`` that there are; one that is not is taken for a zip, and what reads those is imported."""
    return [place for place in sys.path if os.path.exists(place or ".")]


def _nameless(distribution: Any) -> Iterator[Unreadable]:
    """Name the folders of metadata, where a distribution stands that does not tell its name."""
    with contextlib.suppress(OSError):
        for folder in sorted(Path(distribution.locate_file("")).glob("*.*-info")):
            header = _Header.of(importlib_metadata.PathDistribution(folder))
            if (folder / "entry_points.txt").is_file() and not header.name:
                yield Unreadable(folder.name, "its metadata is missing or tells no name")


def _text(distribution: Any, file: str) -> str:
    """Read a file of a distribution's metadata; empty where there is none, and where it is no text."""
    try:
        return distribution.read_text(file) or ""
    except (OSError, ValueError):
        return ""


def canonical_name(distribution: str) -> str:
    """Give the normal form of a distribution's name.

    >>> canonical_name("Packagers_Torch")
    'packagers-torch'
    """
    return re.sub(r"[-_.]+", "-", distribution).strip("-").lower()


@cache
def installed_version(distribution: str) -> str:
    """Give the version of an installed distribution; empty where it is not installed."""
    found = next(iter(importlib_metadata.distributions(name=distribution, path=_places())), None)
    return "" if found is None else _Header.of(found).version


def check_core(requires: Iterable[str]) -> None:
    """Check that this core is one that a distribution can work with.

    Only plain comparisons of releases are looked at. What has a marker or another form is left to the installer, which checks it all.

    Args:
        requires: The ``Requires-Dist`` of the distribution.

    Raises:
        PackagersError: Where it needs another version.
    """
    ours = installed_version("packagers")
    release = re.match(r"\d+(?:\.\d+)*", ours)
    for text in requires if release else ():
        needed = _REQUIREMENT.fullmatch(text.strip())
        clauses = [_CLAUSE.fullmatch(clause) for clause in needed[1].split(",")] if needed else []
        if release and not all(_holds(release[0], *clause.groups()) for clause in clauses if clause):
            raise PackagersError(f"it needs {text}, and packagers {ours} is installed")


def _holds(ours: str, operator: str, version: str) -> bool:
    """Compare two releases, such as ``"0.1.2"``."""
    parts = [[int(part) for part in text.split(".")] for text in (ours, version)]
    length = max(map(len, parts))
    left, right = ([*part, *[0] * (length - len(part))] for part in parts)
    if operator == "~=":
        prefix = len(parts[1]) - 1
        return left >= right and left[:prefix] == right[:prefix]
    holds = {"==": left == right, "!=": left != right, "<=": left <= right, ">=": left >= right, "<": left < right, ">": left > right}
    return holds[operator]
