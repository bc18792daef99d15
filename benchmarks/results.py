"""What small values cost that are kept in memory until a session closes, and what it costs to pack many of them one by one.

A value is packed again and again under one key, as a handler does that is called again and again; itemizing packs each value under a key of
its own, and ends with writing the results of the session.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.paired import Aim, Case
from packagers import Session, unpack

FEWEST = 1000
EACH = Aim(20e-6, "seconds")
KINDS: dict[str, Callable[[int], Any]] = {
    "an int": lambda number: number,
    "a small dict": lambda number: {"depth": number, "rate": 0.1, "name": "forest"},
    "a text": lambda number: f"accuracy of run {number}",
}


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Pack and unpack single values, then itemize many."""
    timing: dict[str, Any] = {"calls": 200 if quick else 2000, "repetitions": 3 if quick else 31, "clock": process_time}
    session = Session(folder / "single")
    aim = Aim(3e-6, "extra")
    for what, make in KINDS.items():
        yield Case(path=f"pack {what} as a result", limit="json.dumps", ours=packed(session, make), raw=dumped(make), aim=aim, **timing)
    for what, make in KINDS.items():
        result, text = session.pack(make(1), "value"), json.dumps(make(1))
        yield Case(
            path=f"unpack {what} from a result",
            limit="json.loads",
            ours=lambda _, result=result: unpack(result),  # type: ignore[misc]
            raw=lambda _, text=text: json.loads(text),  # type: ignore[misc]
            aim=aim,
            **timing,
        )
        yield Case(
            path=f"unpack {what} from a result, checked against a hint",
            limit="json.loads",
            ours=lambda _, result=result: unpack(result, type(result.value)),  # type: ignore[misc]
            raw=lambda _, text=text: json.loads(text),  # type: ignore[misc]
            aim=aim,
            **timing,
        )
    yield Case(path="control: json.dumps", limit="itself", ours=dumped(KINDS["an int"]), raw=dumped(KINDS["an int"]), aim=None, **timing)
    yield from itemizing(folder, quick)


def packed(session: Session, make: Callable[[int], Any]) -> Callable[[int], Any]:
    """Give what packs a fresh value."""
    return lambda number: session.pack(make(number), "value")


def dumped(make: Callable[[int], Any]) -> Callable[[int], Any]:
    """Give what writes a fresh value as JSON."""
    return lambda number: json.dumps(make(number))


def itemizing(folder: Path, quick: bool) -> Iterator[Case]:
    """Itemize n results, once as one list, and once as n / 1,000 lists, whose time grows with n and no faster."""
    for number in (FEWEST, 4 * FEWEST) if quick else (FEWEST, 4 * FEWEST, 16 * FEWEST, 64 * FEWEST):
        timing: dict[str, Any] = {"batch": number, "repetitions": 1 if quick else 7, "clock": process_time}
        values = [index / 7 for index in range(number)]
        for what, work in {"itemizing": itemized, "returning": returned}.items():
            whole = work(folder / f"{what} {number}", values, number)
            path = f"{what} {number:,} results, each"
            yield Case(
                path=path,
                limit="json.dumps of all",
                ours=whole,
                raw=lambda _, values=values: json.dumps(values),
                aim=EACH,
                **timing,  # type: ignore[misc]
            )
            if number != FEWEST:
                # In folders of its own: those of the case before hold results, which would be read and kept.
                again = work(folder / f"{what} {number} whole", values, number)
                parts = work(folder / f"{what} {number} in parts", values, FEWEST)
                yield Case(path=path, limit="in parts of 1,000", ours=again, raw=parts, aim=Aim(1.2), **timing)


def itemized(folder: Path, values: list[float], length: int) -> Callable[[int], Any]:
    """Give what itemizes lists of a length in sessions of their own, which write the results."""

    def work(number: int) -> None:
        for start in range(0, len(values), length):
            with Session(folder / f"{number} {start}") as session:
                session.pack(values[start : start + length], "*x")

    return work


def returned(folder: Path, values: list[float], length: int) -> Callable[[int], Any]:
    """Give what packs values that are returned together, each with a hint of its own, in parts too: hints that were read are remembered."""
    hints = [f"key_{index}" for index in range(len(values))]

    def work(number: int) -> None:
        for start in range(0, len(values), length):
            with Session(folder / f"{number} {start}") as session:
                session.pack_returns(tuple(values[start : start + length]), hints[start : start + length])

    return work
