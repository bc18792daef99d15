"""What an examination finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_SHOWN = 20


class Finding(NamedTuple):
    """One thing that was noticed.

    Attributes:
        area: Where: ``database runs artifacts objects logs staging disk``.
        is_wrong: Whether something is lost or may be; otherwise it is only worth knowing.
        what: What was noticed.
        remedy: What to do.
        where: The first places: uids, digests, files.
        is_mended_by_fix: Whether ``--fix`` does it.
    """

    area: str
    is_wrong: bool
    what: str
    remedy: str
    where: list[str] = []
    is_mended_by_fix: bool = False


def first(places: Iterable[str]) -> list[str]:
    """Give the first places, as many as a person reads."""
    return sorted(places)[:_SHOWN]
