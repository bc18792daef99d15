"""One packager for one type: who registers it, and how it is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeGuard, cast

from packagers.discovery import Extension, check_core, installed_version
from packagers.errors import PackagerDefinitionError
from packagers.loading import LoadFailure, guarded, imported, load_reference, make_importable, one_at_a_time, with_colon
from packagers.names import shorten
from packagers.packager import Packager
from packagers.typepath import TypePath, is_unfinished, parse

Origin = Literal["project", "plugin", "core"]
Order: TypeAlias = tuple[str, ...]

PROJECT = "project"
CORE = "packagers"

_PRIORITIES = {"project": 3, "plugin": 5, "core": 5}
_REMEDY = "Repair or uninstall it, or switch it off with [tool.packagers] disable = [...] or PACKAGERS_DISABLE."
_PROJECT_REMEDY = "Repair it, or take its entry out of [tool.packagers.types]; with optional = true the next packager is taken."


@dataclass(frozen=True)
class Registration:
    """One packager for one type.

    Attributes:
        type_path: As it was written.
        reference: ``"module:Class"``.
        distribution: The distribution that registers it; ``"project"`` for those of a project or of running code.
        version: Of the distribution.
        origin: ``"project"``, ``"plugin"`` or ``"core"``.
        requires: What the distribution requires of this core.
        mandatory: Whether a failure to load it is always an error.
        root: The project folder that is importable once it is loaded.
        given: The class itself, where code registered one.
        path: The type path in normal form; ``None`` where it is malformed.
        identity: What a manifest records: ``distribution:module.Class``.
        order: What it is called in full; gives a total order by name alone.
        has_items: Whether its path names item types.
    """

    type_path: str
    reference: str
    distribution: str
    version: str = ""
    origin: Origin = "plugin"
    requires: tuple[str, ...] = ()
    mandatory: bool = False
    root: Path | None = None
    given: type[Packager] | None = field(default=None, compare=False)

    path: TypePath | None = field(init=False, compare=False)
    identity: str = field(init=False, compare=False)
    order: Order = field(init=False, compare=False)
    has_items: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        try:
            path = parse(self.type_path)
        except PackagerDefinitionError:
            path = None
        label, name = (path.label, str(path)) if path else ("", self.type_path)
        vars(self).update(
            path=path,
            identity=f"{self.distribution}:{self.reference.replace(':', '.')}",
            order=(self.distribution, label, name, self.reference, self.version),
            has_items=path is not None and bool(path.items),
        )

    @property
    def is_fallback(self) -> bool:
        """Whether it is for ``object``: it never stands in for a packager that cannot be loaded."""
        return self.path is not None and self.path.name == "object"

    @property
    def priority(self) -> int:
        """The priority that counts: that of the class, or the one of its origin where the class has none.

        Raises:
            LoadFailure: As for :meth:`load`.
        """
        said = self.load().PRIORITY
        return _PRIORITIES[self.origin] if said is None else said

    def load(self) -> type[Packager]:
        """Import the packager's class, once.

        Raises:
            LoadFailure: Where it cannot be imported, or is no packager.
        """
        found = vars(self).get("_loaded")
        if found is None:
            with one_at_a_time():
                found = vars(self).get("_loaded")
                found = self._import() if found is None else found
                # What cannot be found in a module that is not imported to its end may stand there in a moment.
                if not (isinstance(found, LoadFailure) and is_unfinished(self.reference.replace(":", "."))):
                    vars(self)["_loaded"] = found
        if isinstance(found, LoadFailure):
            raise found.with_traceback(None)
        return cast("type[Packager]", found)

    def make(self) -> Packager:
        """Make the packager.

        Raises:
            LoadFailure: Where it cannot be loaded, or not be made without arguments.
        """
        cls = self.load()
        with guarded(f"the packager {self.reference} cannot be made", self.distribution, self._remedy):
            made: Any = cls()
            if not isinstance(made, Packager):
                raise PackagerDefinitionError(f"calling {self.reference} gives no packager")
            return made

    @property
    def faults(self) -> tuple[str, ...]:
        """What it did that it should not when it was imported, though it can be used."""
        return tuple(vars(self).get("_faults", ()))

    @property
    def _remedy(self) -> str:
        return _PROJECT_REMEDY if self.root is not None else _REMEDY

    def _import(self) -> type[Packager] | LoadFailure:
        what = f"the packager {shorten(self.reference)} for {shorten(self.type_path)} cannot be loaded"
        try:
            with guarded(what, self.distribution, self._remedy):
                parse(self.type_path)
                check_core(self.requires)
            if self.given is not None:
                return self.given
            if self.root is not None:
                make_importable(self.root)
            with imported(what, self.distribution, self._remedy) as faults:
                found = load_reference(self.reference)
                _check(found, self.reference)
            vars(self)["_faults"] = faults
            return cast("type[Packager]", found)
        except LoadFailure as failure:
            return failure


class Registrar:
    """Makes registrations under one name; what ``packagers_register`` gets.

    Args:
        distribution: Who registers.
        version: Of the distribution.
        origin: ``"project"``, ``"plugin"`` or ``"core"``.

    Attributes:
        distribution: Who registers.
        made: The registrations so far.
    """

    def __init__(self, distribution: str, version: str, origin: Origin) -> None:
        self.distribution = distribution
        self.made: list[Registration] = []
        self._version = version
        self._origin: Origin = origin

    @classmethod
    def of(cls, extension: Extension | None) -> Registrar:
        """Give the registrar of the distribution that an entry point belongs to; ``None`` is the core."""
        if extension is None:
            return cls(CORE, installed_version(CORE), "core")
        return cls(extension.distribution, extension.version, "plugin")

    def add(self, type_path: str, packager: type[Packager] | str) -> None:
        """Register a packager.

        Args:
            type_path: The type, such as ``"pkg.Type"`` or ``"dict[str, pkg.Type]"``.
            packager: The class, or a reference ``"module:Class"`` that is loaded when it is needed.

        Raises:
            PackagerDefinitionError: For a malformed type path, or something that is no packager.
        """
        self.made.append(of_code(type_path, packager, self.distribution, self._version, self._origin))


def _check(found: Any, reference: str) -> None:
    """Check that what an entry point names can be asked what it is, for whoever chooses asks."""
    if not is_packager(found):
        raise PackagerDefinitionError(f"{reference} is no subclass of Packager")
    priority = found.PRIORITY
    known = [found.artifact_types("pack"), found.artifact_types("unpack")]
    if not all(type(names) is tuple and all(type(name) is str for name in names) for names in known):
        raise PackagerDefinitionError(f"artifact_types of {reference} gives {known!r:.200}, and no tuples of names")
    if not (priority is None or (type(priority) is int and 1 <= priority <= 10)) or type(found.PACK_SUBCLASSES) is not bool:
        raise PackagerDefinitionError(f"{reference} has changed PRIORITY or PACK_SUBCLASSES to what they cannot be")


def is_packager(found: Any) -> TypeGuard[type[Packager]]:
    """Tell whether something is a packager's class."""
    return isinstance(found, type) and issubclass(found, Packager)


def of_code(
    type_path: str, packager: type[Packager] | str, distribution: str = PROJECT, version: str = "", origin: Origin = "project"
) -> Registration:
    """Make the registration of what running code registers.

    Args:
        type_path: The type.
        packager: The class, or a reference.
        distribution: Who registers.
        version: Of the distribution.
        origin: ``"project"``, ``"plugin"`` or ``"core"``.

    Raises:
        PackagerDefinitionError: For a malformed type path, or something that is no packager.
    """
    parse(type_path)
    if isinstance(packager, str):
        return Registration(type_path, with_colon(packager), distribution, version, origin)
    if not is_packager(packager):
        raise PackagerDefinitionError(f"{packager!r} is no subclass of Packager", remedy="Give the class itself, or 'module:Class'.")
    return Registration(type_path, f"{packager.__module__}:{packager.__qualname__}", distribution, version, origin, given=packager)


def of_entry_point(extension: Extension) -> Registration:
    """Make the registration of an entry point."""
    reference = with_colon(extension.reference) if ":" in extension.reference else extension.reference
    return Registration(extension.name, reference, extension.distribution, extension.version, "plugin", requires=extension.requires)


def of_project(folder: Path, table: Mapping[str, Any]) -> list[Registration]:
    """Make the registrations of a project's ``[tool.packagers.types]``.

    Args:
        folder: The project's folder.
        table: A reference, or ``{"packager": reference, "optional": bool}``, by type path.

    Raises:
        PackagerDefinitionError: For a malformed type path.
    """
    found = []
    for type_path, entry in table.items():
        reference, optional = (entry, False) if isinstance(entry, str) else (entry["packager"], entry.get("optional", False))
        try:
            parse(type_path)
        except PackagerDefinitionError as error:
            error.file = str(folder / "pyproject.toml")
            raise
        found.append(Registration(type_path, reference, PROJECT, "", "project", mandatory=not optional, root=folder))
    return found
