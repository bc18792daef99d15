"""How near the items of a container, or of a hint, are to the item types of a type path such as ``dict[str, numpy.ndarray]``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from packagers.typepath import ELLIPSIS, TypePath, distance, lookup


class Fit(NamedTuple):
    """How well something fits a type path.

    Attributes:
        distance: The largest distance of an item from its type: the index in the MRO of its class.
        exact: Whether every item is of the very class that the path names, where it names one.
    """

    distance: int
    exact: bool


ANYTHING = Fit(1_000, True)
"""The fit of an item that may be any object: farther than any parent class."""
OPEN = Fit(1_001, True)
"""The fit of a path that says nothing of its items."""


def fit_of_items(path: TypePath, obj: Any) -> Fit | None:
    """Tell how well the items of a container fit.

    Its items are looked at until one does not fit, so that a path that does not hold is cheap to refuse.

    Args:
        path: The path; its name is known to name the class of the container.
        obj: The container.

    Returns:
        The fit; ``None`` where an item does not fit, and for an empty container, which says nothing of its item types.
    """
    if not path.items:
        return OPEN
    found: Fit | None = None
    seen: dict[tuple[TypePath, type[Any]], Fit] = {}
    try:
        for expected, item in _pairs(path, obj):
            fit = seen.get((expected, type(item)))
            if fit is None:
                fit = fit_of_value(expected, item)
                if fit is None:
                    return None
                if not expected.items:
                    seen[expected, type(item)] = fit
            found = fit if found is None else _worse(found, fit)
    except Exception:  # noqa: BLE001 - iterating runs the code of the container's class
        return None
    return found


def first_classes(obj: Any) -> tuple[type[Any], ...] | None:
    """Give the classes of the first item of a container of Python's own, of a dict those of its first key and value.

    Returns:
        The classes; none for an empty container, ``None`` for anything else, which is not looked into for the asking.
    """
    cls = type(obj)
    if cls is dict:
        for key, value in obj.items():
            return type(key), type(value)
        return ()
    if cls is list or cls is tuple:
        return (type(obj[0]),) if obj else ()
    return None


def may_fit(path: TypePath, classes: tuple[type[Any], ...]) -> bool:
    """Tell whether a container may fit a path, by what :func:`first_classes` gave: most paths are out of the question at once."""
    return bool(classes) and all(
        item.name in ("object", "Any") or distance(item.name, cls) is not None for item, cls in zip(path.items, classes, strict=False)
    )


def fit_of_value(path: TypePath, obj: Any) -> Fit | None:
    """Tell how well one value fits, its items included; ``None`` where it does not."""
    if path.name in ("object", "Any"):
        return ANYTHING
    found = distance(path.name, type(obj))
    if found is None:
        return None
    outer = Fit(found, found == 0)
    inner = fit_of_items(path, obj) if path.items else outer
    return None if inner is None else _worse(outer, inner)


def fit_of_hinted_items(path: TypePath, hint: TypePath) -> Fit | None:
    """The same as :func:`fit_of_items` for the item types of a hint: compared by name, and by class where the hinted one is loaded."""
    if not path.items:
        return OPEN
    if _is_variadic(path) and hint.items:
        given = hint.items[:1] if _is_variadic(hint) else hint.items
        expected = path.items[:1] * len(given)
    else:
        given, expected = hint.items, path.items
    found: Fit | None = None
    for each, item in zip(expected, given, strict=True) if len(given) == len(expected) else ():
        fit = _fit_of_hint(each, item)
        if fit is None:
            return None
        found = fit if found is None else _worse(found, fit)
    return found


def _fit_of_hint(path: TypePath, hint: TypePath) -> Fit | None:
    if path.name in ("object", "Any"):
        return ANYTHING
    cls = lookup(hint.name)
    found = 0 if path.name == hint.name else None if cls is None else distance(path.name, cls)
    if found is None:
        return None
    outer = Fit(found, found == 0)
    inner = fit_of_hinted_items(path, hint) if path.items else outer
    return None if inner is None else _worse(outer, inner)


def _worse(left: Fit, right: Fit) -> Fit:
    return Fit(max(left.distance, right.distance), left.exact and right.exact)


def _is_variadic(path: TypePath) -> bool:
    return path.items[-1:] == (TypePath(ELLIPSIS),)


def _pairs(path: TypePath, obj: Any) -> Iterator[tuple[TypePath, Any]]:
    """Pair the item types of a path with the items of a container, lazily.

    Raises:
        TypeError: For something that has no such items.
    """
    if isinstance(obj, tuple) and not _is_variadic(path):
        yield from zip(path.items, obj, strict=True)
    elif isinstance(obj, Mapping) and len(path.items) <= 2:
        for entry in obj.items():
            yield from zip(path.items, entry, strict=False)
    elif isinstance(obj, Collection) and (len(path.items) == 1 or _is_variadic(path)):
        for item in obj:
            yield path.items[0], item
    else:
        raise TypeError("it may be used up by looking at it, or has another number of item types")
