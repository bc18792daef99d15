"""Did you mean: what is said of a name that a person typed and that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from packagers_runs.errors import UnknownNameError

_MOST_SHOWN = 12
_LONGEST = 80
_SHORTEST = 3
"""Of the beginnings of names: a shorter one says too little."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the name that was probably meant.

    Args:
        name: What was typed.
        known: The names that there are.

    Returns:
        The one that is near enough, without regard to case, or the only one that begins so; ``None`` if none is.

    >>> nearest("acuracy", ["loss", "accuracy"]), nearest("acc", ["loss", "accuracy"])
    ('accuracy', 'accuracy')
    """
    folded: dict[str, str] = {}
    for other in sorted(set(known)):
        folded.setdefault(other.casefold(), other)
    typed = name[:_LONGEST].casefold()
    found = get_close_matches(typed, folded, n=1, cutoff=0.6)
    if not found and len(typed) >= _SHORTEST:
        longer = [other for other in folded if other.startswith(typed)]
        found = longer if len(longer) == 1 else []
    return folded[found[0]] if found else None


def unknown_name(what: str, name: object, known: Iterable[str], *, owner: str = "") -> UnknownNameError:
    """Make the error for a name that does not exist.

    Args:
        what: What the name should have been one of, such as ``"field"``.
        name: What was typed.
        known: The names that there are, in the order in which they are shown.
        owner: Whose name it should have been, such as ``"RunSpec"``.

    Returns:
        The error, to be raised by the caller.

    >>> unknown_name("state", "eror", ["completed", "error"]).remedy
    "Did you mean 'error'? Known: completed, error."
    """
    names = list(dict.fromkeys(known))
    typed = name if isinstance(name, str) else repr(name)
    near = nearest(typed, names)
    listed = ", ".join(_shown(other) for other in names[:_MOST_SHOWN])
    if len(names) > _MOST_SHOWN:
        listed += f" and {len(names) - _MOST_SHOWN} more"
    remedy = f"Known: {listed}." if names else "There is none to choose from."
    if near is not None:
        remedy = f"Did you mean {_shown(near)!r}? {remedy}"
    message = f"{owner} has no {what} {_shown(typed)!r}" if owner else f"there is no {what} {_shown(typed)!r}"
    return UnknownNameError(message, name=typed, known=names, nearest=near, remedy=remedy)


def _shown(text: str) -> str:
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return text if text.isprintable() else ascii(text)[1:-1]
