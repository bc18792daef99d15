"""What is recorded besides a value: summaries for people, within bounds, and the versions of what was involved."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from packagers.config import warn_in_log
from packagers.discovery import installed_version
from packagers.document import json_text
from packagers.registration import Registration

SMALL = 64 << 10
"""Bytes of JSON up to which a container is a result, a skeleton stands in the manifest, and a summary is kept."""


def bounded(summary: Callable[..., Any], *about: Any) -> dict[str, Any]:
    """Give a description or preview; one that fails or is too large is left out, for packing does not depend on it.

    Args:
        summary: Gives it: a method of a packager.
        about: What it is called with.
    """
    try:
        found = summary(*about)
        if not found:
            return {}
        if not isinstance(found, dict):
            raise TypeError(f"a {type(found).__qualname__} is no dict of JSON")
        text = json_text(found)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a summary is a courtesy
        warn_in_log("%s failed: %s: %s", _name(summary), type(error).__name__, error)
        return {}
    if len(text) > SMALL:
        warn_in_log("%s gave %s bytes, and %s are kept", _name(summary), len(text), SMALL)
        return {}
    plain: dict[str, Any] = json.loads(text)
    return plain


def _name(method: Any) -> str:
    """Name a method by the class that it was asked of, which need not be the one that it stands in."""
    return f"{type(method.__self__).__qualname__}.{method.__name__}" if hasattr(method, "__self__") else repr(method)


@lru_cache(maxsize=1024)
def versions_of(registration: Registration) -> dict[str, str]:
    """Give the versions of Python, the core, the plugin and the library that the type of a registration belongs to."""
    versions = {"python": ".".join(map(str, sys.version_info[:3])), "packagers": installed_version("packagers")}
    if registration.version and registration.distribution != "packagers":
        versions[registration.distribution] = registration.version
    package = registration.path.package if registration.path is not None else ""
    version = getattr(sys.modules.get(package), "__version__", None)
    if isinstance(version, str):
        versions[package] = version
    return versions
