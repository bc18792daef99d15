r"""Names: which text may be the key of a package or the name of an item, and which known name was meant.

A key is the name of a folder, on every platform and in every archive. So it is NFC text of 1 to 200 UTF-8 bytes, without control characters
and without any of ``/ \ : * ? " < > |``, with no white space or dot at either end, and not the name of a Windows device.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from packagers.errors import PackError

MAX_BYTES = 200
FORBIDDEN = '/\\:*?"<>|'
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"] + [port + digit for port in ("com", "lpt") for digit in "123456789¹²³"]
)
_BAD_CHARACTER = re.compile(rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff{re.escape(FORBIDDEN)}]")
_SHOWN_NAMES = 12
_SHOWN_LENGTH = 80


class Fault(NamedTuple):
    """The rule that a name breaks.

    Attributes:
        position: The index of the first character concerned.
        problem: What is wrong, as the end of a sentence that begins with the name.
        remedy: What to do about it.
    """

    position: int
    problem: str
    remedy: str


_DEVICE = Fault(0, "is the name of a device on Windows", "Put another word in front of it.")


def find_fault(name: str) -> Fault | None:
    """Find the first rule that a name breaks.

    Args:
        name: Any text.

    Returns:
        The fault, or ``None`` for a good name.
    """
    if name.isascii() and name.isidentifier() and len(name) <= MAX_BYTES:  # breaks no rule but the last
        return _DEVICE if name.casefold() in DEVICES else None
    if not name:
        return Fault(0, "is empty", "Give at least one character.")
    if len(name) > MAX_BYTES:
        return Fault(MAX_BYTES, f"is {len(name)} characters long", f"Use at most {MAX_BYTES} bytes of UTF-8.")
    bad = _BAD_CHARACTER.search(name)
    if bad:
        return Fault(bad.start(), *_explain_character(bad.group()))
    for position, verb in ((0, "begins"), (len(name) - 1, "ends")):
        if name[position] == "." or name[position].isspace():
            what = "a dot" if name[position] == "." else "white space"
            return Fault(position, f"{verb} with {what}", "Begin and end it with another character.")
    composed = unicodedata.normalize("NFC", name)
    if composed != name:
        position = next((at for at, (old, new) in enumerate(zip(name, composed, strict=False)) if old != new), 0)
        return Fault(position, "is not in the composed form of Unicode (NFC)", 'Use unicodedata.normalize("NFC", name).')
    data = name.encode()
    if len(data) > MAX_BYTES:
        position = len(data[:MAX_BYTES].decode(errors="ignore"))
        return Fault(position, f"is {len(data)} bytes long in UTF-8", f"Use at most {MAX_BYTES} bytes of UTF-8.")
    if name.split(".", 1)[0].rstrip().casefold() in DEVICES:
        return _DEVICE
    return None


def _explain_character(character: str) -> tuple[str, str]:
    if character in FORBIDDEN:
        return f"has the character {character!r}", f"Use none of {' '.join(FORBIDDEN)} in a name."
    if "\ud800" <= character <= "\udfff":
        return f"has half of a surrogate pair, {character!r}, which UTF-8 cannot hold", "Leave it out."
    return f"has a control character, {character!r}", "Leave it out."


def check_name(name: str, what: str = "key") -> str:
    """Check that a name may be a key or the name of an item.

    Args:
        name: The name.
        what: What the name is for, as the error calls it.

    Returns:
        The same name, as plain ``str``.

    Raises:
        PackError: The name breaks a rule; the message says which.
    """
    if not isinstance(name, str):
        raise PackError(f"a {what} must be text; {shorten(repr(name))} is of type {type(name).__qualname__}", remedy="Give it as text.")
    fault = find_fault(name)
    if fault:
        raise PackError(f"the {what} {shorten(repr(name))} {fault.problem}", remedy=fault.remedy)
    return str.__str__(name)


def find_collision(names: Iterable[str]) -> tuple[str, str] | None:
    """Find two names that are equal where upper and lower case do not count, as on the file systems of Windows and macOS.

    Args:
        names: Names, each good by itself.

    Returns:
        The earlier and the later of the first such pair, or ``None``.
    """
    seen: dict[str, str] = {}
    for name in names:
        folded = fold(name)
        if folded in seen:
            return seen[folded], name
        seen[folded] = name
    return None


def fold(name: str) -> str:
    """Give the form in which two names that some file system takes for one are equal.

    Args:
        name: The name.
    """
    folded = name.casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that was probably meant.

    Args:
        name: The name that is not known.
        known: The names that are; their order does not matter.

    Returns:
        The most similar one, or ``None`` if none is similar.
    """
    import difflib  # only needed for messages

    folded = {other.casefold(): other for other in sorted(known, reverse=True)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which name was probably meant and which ones there are, as the remedy of an error.

    Args:
        name: The name that is not known.
        known: The names that are.

    Returns:
        One or two sentences of bounded length.
    """
    names = sorted(set(known))
    if not names:
        return "There is none to choose from."
    listed = ", ".join(shorten(other if other.isprintable() else repr(other)) for other in names[:_SHOWN_NAMES])
    if len(names) > _SHOWN_NAMES:
        listed += f" and {len(names) - _SHOWN_NAMES} more"
    near = nearest(name, names)
    return f"Did you mean {shorten(repr(near))}? Known: {listed}." if near else f"Known: {listed}."


def shorten(text: str, length: int = _SHOWN_LENGTH) -> str:
    """Cut a text for a message.

    Args:
        text: The text.
        length: The most characters to return.

    Returns:
        The text, with an ellipsis in the middle if it was longer.
    """
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
