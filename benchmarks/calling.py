"""What a handler costs next to the bare function: outside of sessions, where it is that function, and inside of one, where it packs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.paired import Aim, Case
from packagers import Session, handler


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Call a handler that returns one value."""
    timing: dict[str, Any] = {"calls": 500 if quick else 5000, "repetitions": 3 if quick else 31, "clock": process_time}
    limit = "the bare call"
    packing = handler(returns=["accuracy"])(half)
    yield Case(path="control: a bare call", limit="itself", ours=half, raw=half, aim=None, **timing)
    yield Case(path="handler without a session", limit=limit, ours=packing, raw=half, aim=Aim(2e-6, "extra"), **timing)
    with Session(folder / "outputs"):
        yield Case(path="handler in a session, one result", limit=limit, ours=packing, raw=half, aim=Aim(5e-6, "extra"), **timing)


def half(number: int) -> float:
    """Return a value that was never returned before."""
    return number / 2
