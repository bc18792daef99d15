"""Types by name: ``"torch.nn.Module"``, ``"dict[str, numpy.ndarray]"``, ``"torch.Tensor#legacy"``.

A type path is a dotted name, the paths of its item types in brackets, and after ``#`` a label that only tells two registrations of one
type apart. White space does not count: :func:`parse` gives the normal form. A path names a class if the class was defined there *or* if
a loaded module shows it there; nothing is ever imported to find out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Any

from packagers.errors import PackagerDefinitionError

ELLIPSIS = "..."
STREAM = "Iterator"
FAR = 1_000
"""The distance of an item type that a path leaves open: farther than any parent class."""


@dataclass(frozen=True, slots=True)
class TypePath:
    """A type by name, in normal form.

    Attributes:
        name: The dotted name; builtins stand without their module.
        items: The item types, ``...`` among them for ``tuple[X, ...]``.
        label: What stands after ``#``.
    """

    name: str
    items: tuple[TypePath, ...] = ()
    label: str = ""

    def __str__(self) -> str:
        """Give the normal form, without the label."""
        if not self.items:
            return self.name
        return f"{self.name}[{', '.join(str(item) for item in self.items)}]"

    @property
    def package(self) -> str:
        """The top-level package of the name; ``builtins`` for names without a dot."""
        return self.name.partition(".")[0] if "." in self.name else "builtins"


@lru_cache(maxsize=4096)
def parse(text: str) -> TypePath:
    """Read a type path.

    Args:
        text: Such as ``"dict[str,torch.Tensor] # fast"``.

    Raises:
        PackagerDefinitionError: For text that is no type path.

    >>> str(parse("dict[ str,torch.Tensor ]"))
    'dict[str, torch.Tensor]'
    >>> parse("torch.Tensor#legacy").label
    'legacy'
    """
    body, _, label = text.partition("#")
    path, rest = _read(text, body.strip(), 0)
    if rest:
        raise _malformed(text, f"{rest!r} follows the type")
    return TypePath(path.name, path.items, label.strip())


def _read(text: str, rest: str, depth: int) -> tuple[TypePath, str]:
    """Read one path from the front of ``rest``; give it and what is left."""
    if depth > 20:
        raise _malformed(text, "it is nested too deeply")
    end = next((i for i, c in enumerate(rest) if c in "[],"), len(rest))
    name, rest = rest[:end].strip(), rest[end:]
    if name.startswith("builtins."):
        name = name.removeprefix("builtins.")
    name = "None" if name == "NoneType" else name
    if name != ELLIPSIS and not (name and all(part.isidentifier() for part in name.split("."))):
        raise _malformed(text, f"{name!r} is no dotted name" if name else "a name is missing")
    items: list[TypePath] = []
    if rest.startswith("["):
        while True:
            item, rest = _read(text, rest[1:].strip(), depth + 1)
            items.append(item)
            rest = rest.strip()
            if rest.startswith("]"):
                rest = rest[1:].strip()
                break
            if not rest.startswith(","):
                raise _malformed(text, "a closing bracket is missing")
    return TypePath(name, tuple(items)), rest


def _malformed(text: str, why: str) -> PackagerDefinitionError:
    return PackagerDefinitionError(f"{text!r} is no type path: {why}", remedy="Write it like pkg.Type or dict[str, pkg.Type].")


def path_of(cls: type[Any]) -> str:
    """Give the path of a class where it was defined; builtins stand without their module.

    >>> path_of(dict), path_of(type(None)), path_of(TypePath)
    ('dict', 'None', 'packagers.typepath.TypePath')
    """
    if cls is NoneType:
        return "None"
    module = type.__getattribute__(cls, "__module__") if isinstance(cls, type) else ""
    name: str = cls.__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def lookup(name: str) -> type[Any] | None:
    """Find the class that a dotted name shows among the loaded modules, or ``None``. Nothing is imported and nothing computed."""
    if name == "None":
        return NoneType
    if "." not in name:
        found = vars(sys.modules["builtins"]).get(name)
        return found if isinstance(found, type) else None
    parts = name.split(".")
    for split in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:split]))
        if module is None:
            continue
        value: Any = module
        for part in parts[split:]:
            try:
                value = vars(value).get(part)
            except TypeError:
                return None
        return value if isinstance(value, type) else None
    return None


def names_class(name: str, cls: type[Any]) -> bool:
    """Tell whether a dotted name names exactly this class."""
    return name == path_of(cls) or lookup(name) is cls


def distance(name: str, cls: type[Any]) -> int | None:
    """Give the index in the class's MRO that a dotted name names, or ``None``."""
    for index, base in enumerate(cls.__mro__):
        if names_class(name, base):
            return index
    return None


def item_distance(path: TypePath, obj: Any, subclasses: bool) -> int | None:
    """Tell how far the items of a container are from the item types of a path.

    Only the first item is looked at where it does not match, so that a path that does not hold is cheap to refuse.

    Args:
        path: The path; its name is known to name the container.
        obj: The container.
        subclasses: Whether items of subclasses match.

    Returns:
        The largest distance of an item; :data:`FAR` for a path without item types; ``None`` where the path does not hold, and for an
        empty container, which says nothing of its item types.
    """
    if not path.items:
        return FAR
    try:
        pairs = _pair_items(path, obj)
        farthest = -1
        seen: dict[tuple[TypePath, type[Any]], int] = {}
        for expected, item in pairs:
            known = seen.get((expected, type(item))) if not expected.items else None
            if known is None:
                found = value_distance(expected, item, subclasses)
                if found is None:
                    return None
                known = found
                if not expected.items:
                    seen[expected, type(item)] = known
            farthest = max(farthest, known)
    except (TypeError, RuntimeError):
        return None
    return farthest if farthest >= 0 else None


def value_distance(path: TypePath, obj: Any, subclasses: bool) -> int | None:
    """Tell how far one value is from a path, items included; ``None`` where the path does not hold."""
    if path.name in ("object", "Any"):
        return FAR
    found = distance(path.name, type(obj))
    if found is None or (found and not subclasses):
        return None
    if not path.items:
        return found
    inner = item_distance(path, obj, subclasses)
    return None if inner is None else max(found, inner)


def _pair_items(path: TypePath, obj: Any) -> Iterator[tuple[TypePath, Any]]:
    """Pair the item types of a path with the items of a container, lazily."""
    if isinstance(obj, Mapping):
        if len(path.items) != 2:
            raise TypeError(path.name)
        key_type, value_type = path.items
        for key, value in obj.items():
            yield key_type, key
            yield value_type, value
        return
    if not isinstance(obj, Iterable) or not hasattr(obj, "__len__"):
        raise TypeError(path.name)
    if isinstance(obj, tuple) and path.items[-1].name != ELLIPSIS:
        if len(obj) != len(path.items):
            raise TypeError(path.name)
        yield from zip(path.items, obj, strict=True)
        return
    for item in obj:
        yield path.items[0], item


def hint_distance(path: TypePath, hint: TypePath, subclasses: bool) -> int | None:
    """The same as :func:`value_distance` for the item types of a hint: compared by name, and by class where both are loaded."""
    if not path.items:
        return FAR
    if len(path.items) != len(hint.items):
        return None
    farthest = 0
    for expected, given in zip(path.items, hint.items, strict=True):
        found = _name_distance(expected, given, subclasses)
        if found is None:
            return None
        farthest = max(farthest, found)
    return farthest


def _name_distance(expected: TypePath, given: TypePath, subclasses: bool) -> int | None:
    if expected.name == given.name:
        found: int | None = 0
    else:
        cls = lookup(given.name)
        found = distance(expected.name, cls) if cls is not None else None
    if found is None or (found and not subclasses):
        return None
    if not expected.items:
        return found
    inner = hint_distance(expected, given, subclasses)
    return None if inner is None else max(found, inner)
