"""The registry that runs find their packagers with: made once, for to look through all that is installed takes longer than a small run."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

from packagers import Registry, settings

_MOST = 8
"""How many are kept: threads may have different settings, and programs go from folder to folder."""


def registry_here() -> Registry:
    """Give the registry of the working directory's project, or of what is installed; another one where either has changed."""
    folder = Path.cwd()
    try:
        found = (folder / "pyproject.toml").stat()
    except OSError:
        return _registry(None, None, (*sys.path, settings.disable))
    return _registry(folder, (found.st_ino, found.st_mtime_ns, found.st_size), (*sys.path, settings.disable))


@functools.lru_cache(_MOST)
def _registry(folder: Path | None, version: Any, installed: Any) -> Registry:
    return Registry() if folder is None else Registry.for_project(folder)
