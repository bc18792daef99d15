"""Values as people read them: bounded, on few lines, and without a character that has an effect."""

from __future__ import annotations

import reprlib
from datetime import datetime
from typing import Any

SHORT, LONG = 160, 2000
_KEPT = "\n\t\u00a0\u200c\u200d\u202f\u3000"
"""Characters that Python does not print and that are part of written languages all the same."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class _Bounded(reprlib.Repr):
    """Texts of values, however large these are and whatever their own code does."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = length
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 50


_BOUNDED = {length: _Bounded(length) for length in (SHORT, LONG)}


def visible(text: str) -> str:
    r"""Give text in which control characters and marks that turn its direction are shown by their numbers.

    >>> visible("a\x1b[31m\u202eb\ud800"), visible("a\nb")
    ('a\\x1b[31m\\u202eb\\ud800', 'a\nb')
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else c.encode("unicode_escape").decode("ascii") for c in text)


def cut(text: str, length: int = SHORT) -> str:
    """Give a text, or its beginning.

    >>> cut("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def value_text(value: Any, length: int = LONG) -> str:
    """Give a value as Python writes it, text as it is.

    Args:
        value: Any value.
        length: Characters at most, ``SHORT`` or ``LONG``.

    >>> value_text("a b"), value_text((1, "a")), value_text(0.1 + 0.2)
    ('a b', "(1, 'a')", '0.30000000000000004')
    """
    if isinstance(value, str):
        return cut(str.__str__(value), length)
    try:
        return cut(_BOUNDED[length].repr(value), length)
    except Exception:  # noqa: BLE001 - the value's own code, or an int of more digits than Python writes
        return f"<{type(value).__qualname__}>"


def short_text(value: Any) -> str:
    """Give a value in few characters: floats with six digits.

    >>> short_text(0.1 + 0.2), short_text(1e-9), short_text(True), short_text(None), short_text(12345678.0)
    ('0.3', '1e-09', 'True', 'None', '1.23457e+07')
    """
    if isinstance(value, float):
        return f"{float(value):.6g}"
    return value_text(value, SHORT)


def type_text(value: Any) -> str:
    """Give the name of a value's type.

    >>> type_text(1.5), type_text(None), type_text(reprlib.Repr())
    ('float', 'None', 'reprlib.Repr')
    """
    if value is None:
        return "None"
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def size_text(count: Any) -> str:
    """Give a number of bytes in words.

    >>> size_text(0), size_text(1536), size_text(5 << 20)
    ('0 B', '1.5 KiB', '5.0 MiB')
    """
    if not isinstance(count, int):
        return ""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def duration_text(start: str | None, end: str | None) -> str:
    """Give the time between two times in words; empty where one of them is not known.

    >>> duration_text("2026-11-22T05:30:00+00:00", "2026-11-22T06:31:02.5+00:00")
    '1 h 1 min'
    >>> duration_text("2026-11-22T05:30:00.100+00:00", "2026-11-22T05:30:00.112+00:00")
    '12 ms'
    """
    try:
        seconds = (datetime.fromisoformat(end or "") - datetime.fromisoformat(start or "")).total_seconds()
    except (TypeError, ValueError):
        return ""
    if seconds < 0:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    left, words = round(seconds), []
    for length, unit in _UNITS:
        count, left = divmod(left, length)
        words += [f"{count} {unit}"] if count else []
    return " ".join(words[:2])


def time_text(time: str | None) -> str:
    """Give an ISO time to the second.

    >>> time_text("2026-11-22T05:30:00.123456+00:00")
    '2026-11-22 05:30:00 UTC'
    """
    try:
        found = datetime.fromisoformat(time or "")
    except ValueError:
        return time or ""
    zone = "UTC" if found.utcoffset() is not None and not found.utcoffset() else found.strftime("%z")
    return f"{found:%Y-%m-%d %H:%M:%S} {zone}".rstrip()
