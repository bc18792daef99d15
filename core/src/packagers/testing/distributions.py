"""Fake distributions: metadata and modules written as a dict, found as if they had been installed.

::

    {
        "packagers-graphs": {
            "version": "1.0",
            "requires": ["packagers>=0.1"],
            "entry_points": {"packagers.types": {"graphs.Graph": "packagers_graphs:GraphPackager"}},
            "files": {"packagers_graphs.py": "import graphs …"},
        },
        "graphs.py": "class Graph: …",
    }

What has neither ``entry_points`` nor ``files`` is a file (text or bytes) or a folder (a dict) under its own name.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

Files: TypeAlias = Mapping[str, Any]
_PARTS = {"version", "requires", "entry_points", "files"}


def write_files(files: Files, folder: Path) -> Path:
    """Write files and fake distributions into a folder.

    Args:
        files: By name: the text or bytes of a file (text is dedented), a dict for a folder, or a distribution.
        folder: Where; made where it is missing.

    Returns:
        The folder.

    Raises:
        TypeError: For what is none of these.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        target = folder / name
        if isinstance(content, Mapping):
            if _is_distribution(content):
                _write_distribution(name, content, folder)
            else:
                write_files(content, target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        elif isinstance(content, str):
            target.write_text(dedent(content).removeprefix("\n"), encoding="utf-8")
        else:
            raise TypeError(f"{name!r} is {type(content).__name__}: give text, bytes, a dict of files, or a distribution")
    return folder


@contextmanager
def installed(files: Files, folder: Path) -> Iterator[Path]:
    """Let files and fake distributions be found inside of a ``with`` block, before all others.

    Args:
        files: As for :func:`write_files`.
        folder: Where they are written; it stands first on ``sys.path`` until the block ends, and then the modules of it are forgotten.
    """
    place = str(write_files(files, folder).resolve())
    sys.path.insert(0, place)
    forget_caches()
    try:
        yield folder
    finally:
        sys.path.remove(place)
        for name, module in list(sys.modules.items()):
            if _stands_in(module, place):
                del sys.modules[name]
        for entry in [entry for entry in sys.path_importer_cache if _is_below(entry, place)]:
            del sys.path_importer_cache[entry]
        forget_caches()


def forget_caches() -> None:
    """Let Python and the core look anew at what is installed."""
    importlib.invalidate_caches()
    registry, discovery = sys.modules.get("packagers.registry"), sys.modules.get("packagers.discovery")
    if registry is not None:
        registry._DEFAULT.clear()
    if discovery is not None:
        discovery.installed_version.cache_clear()


def _is_distribution(content: Mapping[str, Any]) -> bool:
    return content.keys() <= _PARTS and any(isinstance(content.get(part), Mapping) for part in ("entry_points", "files"))


def _write_distribution(name: str, content: Mapping[str, Any], folder: Path) -> None:
    version = str(content.get("version", "1.0"))
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in content.get("requires", ())]
    sections = []
    for group, entries in content.get("entry_points", {}).items():
        if not isinstance(entries, Mapping):
            raise TypeError(f'entry point {group!r} of {name} stands in no group: give {{"packagers.types": {{name: "module:Class"}}}}')
        sections.append("\n".join([f"[{group}]", *(f"{entry} = {reference}" for entry, reference in entries.items())]))
    write_files(
        {"METADATA": "\n".join(lines) + "\n", "entry_points.txt": "\n\n".join(sections) + "\n", "INSTALLER": "packagers.testing\n"}, info
    )
    write_files(content.get("files", {}), folder)


def _stands_in(module: Any, place: str) -> bool:
    """Tell whether a module, or a namespace package, comes from a folder."""
    try:
        homes = [getattr(module, "__file__", None), *(getattr(module, "__path__", None) or ())]
    except Exception:  # noqa: BLE001 - a module may be any object, and its attributes may do anything
        return False
    return any(isinstance(home, str) and _is_below(home, place) for home in homes)


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place + os.sep)
