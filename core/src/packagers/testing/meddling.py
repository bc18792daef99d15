"""Two calls at once, in an order that is the same every time: at each new line of one, another runs from beginning to end.

Threads left to themselves meet in a bad place once in a thousand runs. Here a trace function stops the first call wherever its own code has
got to, and lets the second one run in a thread of its own.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from packagers.packager import Packager
from packagers.registry import Registry
from packagers.testing import fresh
from packagers.testing.evidence import Trip
from packagers.testing.samples import Compare

_LINES = 24
_PATIENCE_S = 0.5
"""How long the first call waits for the second one, which may itself be waiting for a lock that the first one holds."""

T = TypeVar("T")


def meddling_problems(
    registry: Registry, packager: Packager, trip: Trip, other: Trip, values: tuple[Any, Any], compare: Compare, sources: Sequence[str]
) -> list[str]:
    """Pack a value while another one is packed, and unpack it while another one is unpacked.

    Args:
        registry: Finds the packager.
        packager: The packager.
        trip: One sample in one form, packed.
        other: Another one in the same form.
        values: The two samples.
        compare: Compares a sample with what came back.
        sources: The packager's own code.
    """
    form, problems = trip.form, []
    is_compared = trip.came_back and not form.is_lossy
    assert trip.package is not None
    method = getattr(packager, f"pack_{form.artifact_type}", None)
    with tempfile.TemporaryDirectory() as place:

        def pack() -> Any:
            return fresh.pack(registry, values[0], Path(place, "mine"), form.artifact_type, form.options)

        def pack_other() -> None:
            if method is not None and form.artifact_type == "result":
                method(values[1])
            elif method is not None:
                method(values[1], Path(tempfile.mkdtemp(dir=place)), **form.options)

        try:
            theirs = fresh.pack(registry, values[1], Path(place, "theirs"), form.artifact_type, form.options).folder
            package = meddled(pack, pack_other, sources)
            if form.is_deterministic and package.manifest.digest != trip.package.manifest.digest:
                problems.append("the bytes differ when another value is packed at the same time")
            elif is_compared:
                difference = compare(values[0], fresh.read(registry, package.folder, form.kind)[0])
                problems += [f"when another value is packed at the same time, {difference}"] if difference else []
            if is_compared and other.came_back:
                mine = trip.package.folder
                came_back = meddled(
                    lambda: fresh.read(registry, mine, form.kind)[0], lambda: fresh.read(registry, theirs, form.kind), sources
                )
                difference = compare(values[0], came_back)
                problems += [f"when another value is unpacked at the same time, {difference}"] if difference else []
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
            problems.append(f"it fails when another value is taken at the same time: {type(error).__name__}: {error}")
    return [f"{trip}: {problem}" for problem in problems]


def meddled(call: Callable[[], T], other: Callable[[], Any], sources: Sequence[str]) -> T:
    """Make a call, and another one at each line of it.

    Args:
        call: What is called.
        other: What is called in between; its errors are its own affair.
        sources: The files, and folders, whose lines count.

    Returns:
        What the call gives.

    Raises:
        BaseException: What the call raises.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        sys.settrace(_Meddler(other, tuple(sources)).trace)
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again, where it is expected
            failure.append(error)
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


class _Meddler:
    def __init__(self, other: Callable[[], Any], sources: tuple[str, ...]) -> None:
        self._other = other
        self._sources = sources
        self._seen: set[tuple[str, int]] = set()
        self._is_stuck = False

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Follow the frames of the watched code alone."""
        return self._line if frame.f_code.co_filename.startswith(self._sources) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        place = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and place not in self._seen and len(self._seen) < _LINES and not self._is_stuck:
            self._seen.add(place)
            thread = threading.Thread(target=self._meddle, daemon=True)
            thread.start()
            thread.join(_PATIENCE_S)
            self._is_stuck = thread.is_alive()
        return self._line

    def _meddle(self) -> None:
        with contextlib.suppress(Exception):  # only what it does to the first call is looked at
            self._other()
