"""Which parameters a function takes, found out once for each function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import is_
from types import FunctionType
from typing import Any, cast
from weakref import WeakKeyDictionary

_MOST = 1000
"""How many functions are remembered; then all are forgotten, for a default may keep alive the function that it is of."""
_DEEPEST = 100
_known: WeakKeyDictionary[FunctionType, tuple[tuple[Any, ...], inspect.Signature]] = WeakKeyDictionary()


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Give what :func:`inspect.signature` gives; of a plain function it is found out again only where its parameters may be others.

    Raises:
        TypeError: For what cannot be called.
        ValueError: For what does not say its parameters.
    """
    rests_on = _rests_on(function)
    if rests_on is None:
        return inspect.signature(function)
    plain = cast("FunctionType", function)
    known = _known.get(plain)
    if known is None or len(known[0]) != len(rests_on) or not all(map(is_, known[0], rests_on)):
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[plain] = rests_on, inspect.signature(function)
    return known[1]


def _rests_on(function: Any) -> tuple[Any, ...] | None:
    """Give what the parameters of a plain function, and of those that it wraps, rest on; ``None`` of anything else.

    The functions themselves are not among it: what is remembered of one must not keep it alive.
    """
    found: list[Any] = []
    for _ in range(_DEEPEST):
        if type(function) is not FunctionType or "__signature__" in function.__dict__:
            return None
        found += function.__code__, function.__defaults__
        if function.__kwdefaults__:
            found += *function.__kwdefaults__, *function.__kwdefaults__.values()
        if "__wrapped__" not in function.__dict__:
            return tuple(found)
        function = function.__dict__["__wrapped__"]
    return None
