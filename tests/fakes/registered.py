"""Registries of fake registrations: as if distributions had been installed, without a file being written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packagers import Packager, Registry
from packagers.registration import Origin, Registration


def packager(name: str = "Fake", base: type[Packager] = Packager, **members: Any) -> type[Packager]:
    """Make a packager with ``pack_file`` and ``unpack_file``; members add to them, replace them, or switch them off with ``None``."""

    def pack_file(self: Any, obj: Any, folder: Path) -> None: ...
    def unpack_file(self: Any, folder: Path) -> Any: ...

    own = {"pack_file": pack_file, "unpack_file": unpack_file, "DEFAULT_PACKING_ARTIFACT_TYPE": "file"}
    given = {**own, **members}
    if given["pack_file"] is None and members.get("DEFAULT_PACKING_ARTIFACT_TYPE") is None:
        del given["DEFAULT_PACKING_ARTIFACT_TYPE"]
    return type(name, (base,), {"__module__": "fakes", **given})


def registration(
    distribution: str, type_path: str, cls: type[Packager] | None = None, *, origin: Origin = "plugin", mandatory: bool = False
) -> Registration:
    """Make a registration; one without a class cannot be loaded."""
    reference = "nowhere:Missing" if cls is None else f"{cls.__module__}:{cls.__qualname__}"
    return Registration(type_path, reference, distribution, "1.0", origin, mandatory=mandatory, given=cls)


def registry_of(registrations: Iterable[Registration] = ()) -> Registry:
    """Make a registry of the core's packagers and these, added in their order."""
    registry = Registry(discover=False)
    for each in registrations:
        registry._shelf.add(each)
    return registry
