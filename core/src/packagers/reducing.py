"""What pickle would change without a word is kept, and what no other process could use is refused with what to do instead.

``cloudpickle`` turns an open text file into a text in memory, and a memoryview into bytes. ``datetime``, ``Decimal`` and others of the
standard library say themselves how they are pickled, and forget the attributes of a subclass in it.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from packagers.attributes import attributes_of, set_attributes
from packagers.errors import PackError
from packagers.typepath import path_of

_FORGETFUL: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "zoneinfo.ZoneInfo", "decimal.Decimal"),
            *("fractions.Fraction", "uuid.UUID", "pathlib.PurePath", "pathlib._local.PurePath"),
            *("ipaddress.IPv4Address", "ipaddress.IPv6Address", "collections.Counter", "collections.defaultdict"),
        ),
        frozenset(),
    ),
    "random.Random": frozenset({"gauss_next"}),
}
"""Classes whose own ``__reduce__`` leaves out the attributes of objects, and the names of those that it does not."""
_FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair, io.FileIO)
_UNFINISHED = {
    GeneratorType: ("a generator", "Return it as a value of its own, to be packed chunk by chunk, or make it a list."),
    AsyncGeneratorType: ("an asynchronous generator", "Collect it first: [item async for item in …]."),
    CoroutineType: ("a coroutine", "Await it, and pack what it gives."),
}


def reduction(obj: Any) -> Any:
    """Give what ``reducer_override`` of a pickler is to give for an object; ``NotImplemented`` where the pickler is right by itself.

    Args:
        obj: Any object that the pickler meets.

    Raises:
        PackError: For what no other process could go on with: open files, generators, coroutines.
    """
    cls: Any = type(obj)
    if cls is memoryview:
        return _of_view(obj)
    kind = _kind_of(cls)
    return NotImplemented if kind is None else kind(obj)


@lru_cache(maxsize=4096)
def _kind_of(cls: Any) -> Callable[[Any], Any] | None:
    """Give what deals with the objects of a class; ``None`` for the many that need nothing."""
    if cls in _UNFINISHED:
        return _refuse_unfinished
    if issubclass(cls, _FILES):
        return _refuse_file
    base = next((base for base in cls.__mro__ if path_of(base) in _FORGETFUL), None)
    if base is None or cls.__reduce_ex__ is not base.__reduce_ex__ or cls.__reduce__ is not base.__reduce__:
        return None
    return partial(_with_attributes, base)


def _with_attributes(base: type[Any], obj: Any) -> Any:
    attributes = {name: value for name, value in attributes_of(obj, base).items() if name not in _FORGETFUL[path_of(base)]}
    if not attributes:
        return NotImplemented
    make, arguments, *rest = obj.__reduce_ex__(5)
    state, items, pairs = (*rest, None, None, None)[:3]
    return make, arguments, (state, attributes), items, pairs, restore


def restore(obj: Any, state: tuple[Any, dict[str, Any]]) -> None:
    """Give an object its state and its attributes back. Pickles name this function: it stays where it is.

    Args:
        obj: The object.
        state: What its own ``__setstate__`` takes (``None`` for nothing), and the attributes by name.
    """
    own, attributes = state
    if own is not None:
        obj.__setstate__(own)
    set_attributes(obj, attributes)


def _of_view(view: memoryview) -> Any:
    """Make a view anew, of bytes that it may write to or not, and then with its items and its shape."""
    try:
        data = view.tobytes()
        whole = memoryview(data if view.readonly else bytearray(data))
        if (view.format, view.shape) == ("B", (len(data),)):
            return memoryview, (whole.obj,)
        shape = () if view.shape == (0,) else (view.shape,)
        whole.cast(view.format, *shape)  # type: ignore[call-overload]
    except (ValueError, TypeError) as error:
        raise PackError(
            f"a memoryview cannot be made again ({error})", remedy="Pack the object that it looks at, or bytes(view)."
        ) from error
    return memoryview.cast, (whole, view.format, *shape)


def _refuse_unfinished(obj: Any) -> Any:
    what, remedy = _UNFINISHED[type(obj)]
    raise PackError(
        f"{what} ({obj.__qualname__}) stands in the middle of its code, and no other process could go on from there", remedy=remedy
    )


def _refuse_file(obj: Any) -> Any:
    if obj in (sys.stdout, sys.stderr, sys.stdin):
        return NotImplemented
    name, mode = getattr(obj, "name", None), getattr(obj, "mode", None)
    shown = "".join(f" {part!r:.100}" for part in (name, mode) if isinstance(part, (str, int)))
    raise PackError(
        f"an open file{shown} belongs to this process: its handle and its position end with it",
        remedy="Pack its pathlib.Path, or what was read of it.",
    )
