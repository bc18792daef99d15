"""When two values are alike, without knowing their type: the same class, and the same state all the way down."""

from __future__ import annotations

import struct
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeAlias

from packagers.attributes import attributes_of

Seen: TypeAlias = dict[tuple[int, int], tuple[Any, Any]]
"""The pairs that were looked at, by their ids; holds them, so that no id is used twice."""
_PLAIN = (type(None), bool, int, str, bytes, type(...), type(NotImplemented))
_NAMED = (type, FunctionType, BuiltinFunctionType, ModuleType)


def alike(left: Any, right: Any) -> bool:
    """Tell whether two values have the same type and the same state.

    The state is what ``copy`` and ``pickle`` would take. Where two states differ (for one has cached something), or cannot be had, an
    ``__eq__`` of the type's own decides.

    Args:
        left: A value.
        right: Another one.

    >>> alike([1, float("nan")], [1, float("nan")]), alike([1], [True]), alike(0.0, -0.0)
    (True, False, False)
    """
    return _alike(left, right, {})


def has_eq(cls: type[Any]) -> bool:
    """Tell whether a class, or a parent of it but ``object``, says itself when two values are equal."""
    return any("__eq__" in vars(base) for base in cls.__mro__[:-1])


def differing(left: Any, right: Any) -> list[str]:
    """List the attributes that are not alike, or that one of two values lacks. What compiled code keeps elsewhere is not seen.

    >>> class Shape: ...
    >>> left, right = Shape(), Shape()
    >>> left.name, right.name, right.points = "a", "b", []
    >>> differing(left, right)
    ['name', 'points']
    """
    ours, theirs = attributes_of(left), attributes_of(right)
    names = dict.fromkeys([*ours, *theirs])
    return [name for name in names if name not in ours or name not in theirs or not alike(ours[name], theirs[name])]


def _alike(left: Any, right: Any, seen: Seen) -> bool:
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, _PLAIN):
        return bool(left == right)
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right)
    if (id(left), id(right)) in seen:
        return True
    seen[id(left), id(right)] = left, right
    if type(left) in (list, tuple):
        return len(left) == len(right) and all(_alike(a, b, seen) for a, b in zip(left, right, strict=True))
    if type(left) is dict:
        return _alike(list(left.items()), list(right.items()), seen)
    if isinstance(left, _NAMED):
        return _name(left) == _name(right)
    return _same_state(left, right, seen) or _says_equal(left, right)


def _same_state(left: Any, right: Any, seen: Seen) -> bool:
    if isinstance(left, (set, frozenset)):
        return _says_equal(left, right) and _alike(getattr(left, "__dict__", None), getattr(right, "__dict__", None), seen)
    try:
        ours, theirs = left.__reduce_ex__(4), right.__reduce_ex__(4)
        ours, theirs = _listed(ours), _listed(theirs)
    except Exception:  # noqa: BLE001 - any type may refuse to be pickled, in its own way
        return False
    return _alike(ours, theirs, seen)


def _listed(reduced: Any) -> Any:
    """Turn the iterators of items at the end of what ``__reduce_ex__`` gives into lists."""
    if not isinstance(reduced, tuple):
        return reduced
    return (*reduced[:3], *(part if part is None or callable(part) else list(part) for part in reduced[3:]))


def _says_equal(left: Any, right: Any) -> bool:
    """Ask an ``__eq__`` of the type's own, where it answers with one truth value."""
    if not has_eq(type(left)):
        return False
    try:
        return bool(left == right)
    except Exception:  # noqa: BLE001 - an array, for one, has no truth value
        return False


def _name(named: Any) -> tuple[str, str]:
    return getattr(named, "__module__", "") or "", getattr(named, "__qualname__", "") or named.__name__
