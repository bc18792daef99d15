"""What is installed: entry points read from the metadata of distributions, and loaded only when they are needed.

The name of an entry point of the group ``packagers.types`` is the type path that its packager packs. Every distribution is looked at, also
two that use the same names; of two distributions of one name Python's own rule holds, the first on ``sys.path``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import importlib_metadata
from packaging.requirements import Requirement

from packagers.errors import PackagerDefinitionError, PackagersError
from packagers.packager import Packager
from packagers.typepath import TypePath, parse

TYPES = "packagers.types"
HOOKS = "packagers"
COMMANDS = "packagers.commands"

Origin = Literal["project", "plugin", "core"]


class LoadFailure(PackagersError, ImportError):
    """A registered object cannot be loaded; says which, of which distribution, and why."""


@dataclass(frozen=True)
class Registration:
    """One packager for one type.

    Attributes:
        type_path: As it was written.
        reference: ``"module:Class"``.
        distribution: The distribution that registers it; ``"project"`` for those of a project or of running code.
        version: Of the distribution.
        origin: ``"project"``, ``"plugin"`` or ``"core"``.
        mandatory: Whether a failure to load it is always an error.
        root: The project folder that is importable while it is loaded.
        given: The class itself, where code registered one.
    """

    type_path: str
    reference: str
    distribution: str
    version: str = ""
    origin: Origin = "plugin"
    mandatory: bool = False
    root: Path | None = None
    given: type[Packager] | None = field(default=None, compare=False)

    @cached_property
    def path(self) -> TypePath | None:
        """The type path in normal form; ``None`` where it is malformed."""
        try:
            return parse(self.type_path)
        except PackagerDefinitionError:
            return None

    @property
    def identity(self) -> str:
        """What a manifest records: ``distribution:module.Class``."""
        return f"{self.distribution}:{self.reference.replace(':', '.')}"

    @property
    def order(self) -> tuple[str, ...]:
        """A total order by name alone."""
        label = self.path.label if self.path else ""
        return (self.distribution, label, self.type_path, self.reference, self.version)

    @cached_property
    def _loaded(self) -> type[Packager] | LoadFailure:
        try:
            if self.path is None:
                parse(self.type_path)
            if self.origin == "plugin":
                check_requirement(self.distribution)
            found = self.given if self.given is not None else load_reference(self.reference, self.root)
            if not (isinstance(found, type) and issubclass(found, Packager)):
                raise PackagerDefinitionError(f"{self.reference} is no subclass of Packager")
        except (Exception, SystemExit) as error:
            failure = LoadFailure(
                f"the packager {self.reference} for {self.type_path} cannot be loaded: {type(error).__name__}: {error}",
                distribution=self.distribution,
                remedy="Repair or uninstall it, or switch it off with [tool.packagers] disable = [...] or PACKAGERS_DISABLE.",
            )
            failure.__cause__ = error
            return failure
        return found

    @property
    def is_loaded(self) -> bool:
        """Whether the class has been loaded, or has failed to."""
        return "_loaded" in vars(self)

    def load(self) -> type[Packager]:
        """Import the packager's class, once.

        Raises:
            LoadFailure: Where it cannot be imported, or is no packager.
        """
        if isinstance(self._loaded, LoadFailure):
            raise self._loaded
        return self._loaded


@dataclass(frozen=True)
class Extension:
    """An entry point that is not a packager: a hook module or a command."""

    name: str
    reference: str
    distribution: str
    version: str

    def load(self) -> Any:
        """Import what the entry point names.

        Raises:
            LoadFailure: Where it cannot be imported.
        """
        try:
            return load_reference(self.reference)
        except (Exception, SystemExit) as error:
            raise LoadFailure(
                f"entry point {self.name!r} ({self.reference}) cannot be loaded: {type(error).__name__}: {error}",
                distribution=self.distribution,
            ) from error


@dataclass(frozen=True)
class Installed:
    """What one scan of the installed distributions found, sorted by name."""

    types: tuple[Registration, ...] = ()
    hooks: tuple[Extension, ...] = ()
    commands: tuple[Extension, ...] = ()


def scan() -> Installed:
    """Read the entry points of every installed distribution. Nothing is imported."""
    types: list[Registration] = []
    extensions: dict[str, list[Extension]] = {HOOKS: [], COMMANDS: []}
    for distribution, entry_points in _distributions():
        name, version = distribution.metadata["Name"] or "", distribution.version or ""
        for entry_point in entry_points:
            if entry_point.group == TYPES:
                types.append(Registration(entry_point.name, entry_point.value, name, version))
            elif entry_point.group in extensions:
                extensions[entry_point.group].append(Extension(entry_point.name, entry_point.value, name, version))
    return Installed(
        tuple(sorted(types, key=lambda registration: registration.order)),
        tuple(sorted(extensions[HOOKS], key=_extension_order)),
        tuple(sorted(extensions[COMMANDS], key=_extension_order)),
    )


def _extension_order(extension: Extension) -> tuple[str, str, str]:
    return (extension.distribution, extension.name, extension.reference)


def _distributions() -> Iterator[tuple[importlib_metadata.Distribution, list[importlib_metadata.EntryPoint]]]:
    """Give each distribution that has entry points of ours, the first of each name on ``sys.path``."""
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt") or ""
            name = re.sub(r"[-_.]+", "-", distribution.name or "").lower()
            if name in seen:
                continue
            seen.add(name)
            if "packagers" in text:
                yield distribution, [e for e in distribution.entry_points if e.group in (TYPES, HOOKS, COMMANDS)]
        except Exception:  # noqa: BLE001, S112 - a distribution with broken metadata must not hide the others
            continue


def load_reference(reference: str, root: Path | None = None) -> Any:
    """Import ``"module:Class"``, ``"module.Class"``, or a module.

    Args:
        reference: What to import.
        root: A project folder that comes first among the places to import from.
    """
    if root is not None:
        place = str(root)
        if place not in sys.path:
            sys.path.insert(0, place)
    module, separator, name = reference.strip().partition(":")
    if not separator:
        parent, _, name = module.rpartition(".")
        found: Any = import_module(parent) if parent else None
        return getattr(found, name) if hasattr(found, name) else import_module(module)
    found = import_module(module.strip())
    for part in name.strip().split("."):
        found = getattr(found, part) if part else found
    return found


@cache
def installed_version(distribution: str) -> str:
    """Give the version of an installed distribution; empty where it is not installed."""
    try:
        return importlib_metadata.version(distribution)
    except importlib_metadata.PackageNotFoundError:
        return ""


def check_requirement(distribution: str) -> None:
    """Check that a distribution can work with this core, by its ``Requires-Dist``.

    Raises:
        PackagersError: Where it needs another version.
    """
    try:
        found = importlib_metadata.distribution(distribution)
        ours = importlib_metadata.version("packagers")
    except importlib_metadata.PackageNotFoundError:
        return
    for text in found.requires or ():
        if text.startswith("packagers"):
            requirement = Requirement(text)
            if requirement.name == "packagers" and not requirement.specifier.contains(ours, prereleases=True):
                raise PackagersError(f"it needs packagers{requirement.specifier}, and {ours} is installed")


def project_types(folder: Path, table: Mapping[str, Any]) -> list[Registration]:
    """Turn a project's ``[tool.packagers.types]`` into registrations."""
    found = []
    for type_path, entry in table.items():
        reference, optional = (entry, False) if isinstance(entry, str) else (entry["packager"], entry.get("optional", False))
        parse(type_path)
        found.append(Registration(type_path, reference, "project", "", "project", not optional, folder))
    return found
