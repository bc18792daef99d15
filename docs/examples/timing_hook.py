"""A plugin that times every pack: a wrapper around the hook ``packagers_pack``.

Install it by naming this module in the entry-point group ``packagers`` of a distribution::

    [project.entry-points.packagers]
    timing = "timing_hook"

Each pack is logged as ``DEBUG`` by the logger ``timing_hook``, and one summary as ``INFO`` when the interpreter ends.
"""

from __future__ import annotations

import atexit
import logging
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from time import perf_counter
from typing import Any

from packagers import hookimpl

logger = logging.getLogger(__name__)

timings: dict[tuple[str, str], list[float]] = defaultdict(list)
"""Seconds of each pack so far, by object type and artifact type."""


@hookimpl(wrapper=True)
def packagers_pack(obj: Any, artifact_type: str, folder: Path | None) -> Generator[None, Any, Any]:
    """Time one pack and pass on what it gives, or how it fails."""
    start = perf_counter()
    try:
        return (yield)
    finally:
        seconds = perf_counter() - start
        kind = type(obj).__qualname__
        timings[kind, artifact_type].append(seconds)
        logger.debug("%s as %s into %s: %.6f s", kind, artifact_type, folder, seconds)


def summary() -> str:
    """Give one line for each pair of object type and artifact type, the slowest first."""
    slowest = sorted(timings.items(), key=lambda item: -sum(item[1]))
    return "\n".join(f"{sum(seconds):9.3f} s {len(seconds):5d} times  {kind} as {form}" for (kind, form), seconds in slowest)


@atexit.register
def log_summary() -> None:
    """Log the summary, if anything was packed."""
    if timings:
        logger.info("time spent packing:\n%s", summary())
