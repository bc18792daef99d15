"""What it costs to import us, with everything installed, next to a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.paired import Aim, Case


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Start interpreters that import something, or pack something too, and bare ones."""
    repetitions = 3 if quick else 31
    for what, most in (("packagers", 0.045), ("packagers_runs", 0.15)):
        yield Case(
            path=f"import {what}",
            limit="a bare interpreter",
            ours=started(f"import {what}"),
            raw=started("pass"),
            aim=Aim(most, "extra"),
            repetitions=repetitions,
        )
    first = f"import packagers; packagers.pack({{'accuracy': 0.9}}, 'first', {str(folder)!r})"
    yield Case(
        path="import packagers, pack a small dict",
        limit="a bare interpreter",
        ours=started(first),
        raw=started("pass"),
        aim=None,
        repetitions=repetitions,
    )
    yield Case(
        path="control: a bare interpreter", limit="itself", ours=started("pass"), raw=started("pass"), aim=None, repetitions=repetitions
    )


def started(program: str) -> Callable[[int], object]:
    """Give what runs a program in a new interpreter."""
    return lambda number: subprocess.run([sys.executable, "-c", program], check=True)
