"""Lengths of time as people write them: ``"1h"``, ``"1 day 2 hours"``, ``"30s"``, and ``-1`` for no limit."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

from packagers_runs.errors import FieldError
from packagers_runs.nearest import nearest

_SECONDS: dict[str, float] = {
    name: seconds
    for names, seconds in (
        ("ms millisecond milliseconds", 0.001),
        ("s sec secs second seconds", 1.0),
        ("m min mins minute minutes", 60.0),
        ("h hr hrs hour hours", 3600.0),
        ("d day days", 86400.0),
        ("w week weeks", 604800.0),
    )
    for name in names.split()
}
_PART = re.compile(r"\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]+)\s*(?:(?:,|and\b)(?=\s*[0-9]))?")
_LONGEST = 100
_MOST = timedelta.max.total_seconds()


def seconds_of(value: Any, field: str = "duration", owner: str = "") -> float | None:
    """Read a length of time.

    Args:
        value: Text such as ``"1h"``, ``"1h 30m"`` or ``"2 days, 3 hours"``, a ``timedelta``, or a number of seconds; ``-1`` is no limit.
        field: The field that it stands in, for messages.
        owner: The model that it stands in, for messages.

    Returns:
        The seconds; ``None`` for no limit.

    Raises:
        FieldError: It cannot be read, is negative, or is longer than a ``timedelta`` can be.

    >>> seconds_of("1h 30m"), seconds_of("1 day and 2 hours"), seconds_of(-1)
    (5400.0, 93600.0, None)
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, str):
        text = value.strip()
        if text == "-1":
            return None
        found = _read(text, field, owner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if value == -1:
            return None
        found = float(value) if abs(value) <= _MOST else math.inf
    else:
        raise _error(value, field, owner, f"A {type(value).__name__} is none.")
    if not 0 <= found <= _MOST:
        raise _error(value, field, owner, "It must be zero or more, and less than three million years.")
    return found


def _read(text: str, field: str, owner: str) -> float:
    if not text or len(text) > _LONGEST:
        raise _error(text, field, owner, "It is empty or too long.")
    total, place, last = 0.0, 0, math.inf
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise _error(text, field, owner, f"{text[place:]!r} is no number with a unit.")
        unit = _SECONDS.get(part["unit"]) or _SECONDS.get(part["unit"].lower())
        if unit is None:
            near = nearest(part["unit"], _SECONDS)
            raise _error(text, field, owner, f"There is no unit {part['unit']!r}." + (f" Did you mean {near!r}?" if near else ""))
        if unit >= last:
            raise _error(text, field, owner, "Larger units come first, and each once.")
        total, place, last = total + float(part["number"]) * unit, part.end(), unit
    return total


def _error(value: Any, field: str, owner: str, problem: str) -> FieldError:
    return FieldError(
        f"Parameter {field} must be a length of time",
        model=owner,
        field=field,
        remedy=f"{ascii(value)[:_LONGEST]} cannot be read. {problem} Write '30s', '5m', '1h 30m' or '2 days'; -1 is no limit.",
    )
