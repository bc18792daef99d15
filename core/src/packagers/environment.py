"""Environment variables that are asked for often: ``os.environ`` encodes each name, and takes an exception to say that one is not set."""

from __future__ import annotations

import os
from functools import cache
from typing import Any


def kept() -> Any:
    """Give what ``os.environ`` keeps by the names of :func:`kept_name`; ``None`` where that cannot be looked at."""
    return getattr(os.environ, "_data", None) or None


@cache
def kept_name(variable: str) -> Any:
    """Give the name of a variable as ``os.environ`` keeps it."""
    return getattr(os.environ, "encodekey", str)(variable)


def are_unset(*names: Any) -> bool:
    """Tell whether none of some variables is set, given by their kept names; ``False`` where that cannot be told quickly."""
    found = kept()
    return found is not None and found.keys().isdisjoint(names)


def text_of(variable: str) -> str | None:
    """Give the text of an environment variable; ``None`` where it is not set."""
    found = kept()
    return None if found is not None and kept_name(variable) not in found else os.environ.get(variable)
