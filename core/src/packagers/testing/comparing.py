"""Compares two values as a suite says, and puts into words what is wrong with the second one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from packagers.testing.likeness import alike, differing, has_eq
from packagers.typepath import names_class, parse, path_of

_LONG = 300
_SHOWN = 10
"""Attributes that one message lists."""


def compared(same: Callable[[Any, Any], Any] | None, type_path: str, left: Any, right: Any) -> str:
    """Say what is wrong with the right one of two values; nothing where the two are the same.

    Args:
        same: Tells whether they are, or asserts it; ``None`` where a suite has no such method of its own.
        type_path: The type, as the suite names it.
        left: A sample.
        right: What came back.
    """
    try:
        verdict = (same or alike)(left, right)
        if verdict is None or bool(verdict):
            return ""
        return f"it differs: {_shown(left)} became {_shown(right)}{_advice(type_path, left, right) if same is None else ''}"
    except AssertionError as error:
        return f"it differs: {error!s:.{_LONG}}"
    except Exception as error:  # noqa: BLE001 - a value of another type may break same() in any way
        return f"same() fails: {type(error).__name__}: {error}"


def _advice(type_path: str, left: Any, right: Any) -> str:
    """Say what to do where two values of one class were compared by their state, because no ``==`` says when they are equal."""
    cls = type(left)
    if type(right) is not cls:
        return ""
    fault = "has no == of its own"
    if has_eq(cls):
        answer = _equality(left, right)
        if isinstance(answer, bool):
            return ""
        fault = f"has a == that gives {answer}, which is neither True nor False"
    name = parse(type_path).name
    attributes = differing(left, right)
    rest = ", …" if len(attributes) > _SHOWN else ""
    found = f" (these attributes differ: {', '.join(attributes[:_SHOWN])}{rest})" if attributes else ""
    return f"; {name if names_class(name, cls) else path_of(cls)} {fault}: define same(left, right) in the test class{found}"


def _equality(left: Any, right: Any) -> bool | str:
    """Ask ``==``; where it does not answer with one truth value, say what it gives."""
    try:
        answer = left == right
    except Exception as error:  # noqa: BLE001 - it may do anything
        return f"a {type(error).__name__}"
    try:
        return bool(answer)
    except Exception:  # noqa: BLE001 - an array, for one, has no truth value
        return f"a {type(answer).__name__}"


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.{_LONG}}"
    except Exception:  # noqa: BLE001 - a repr may do anything
        return object.__repr__(value)
