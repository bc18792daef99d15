"""Types by name: ``"torch.nn.Module"``, ``"dict[str, numpy.ndarray]"``, ``"torch.Tensor#legacy"``.

A type path is a dotted name, the paths of its item types in brackets, and after ``#`` a label that only tells two registrations of one
type apart. White space does not count: :func:`parse` gives the normal form. A path names a class if the class was defined there *or* if
a loaded module shows it there; nothing is ever imported to find out.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Any

from packagers.errors import PackagerDefinitionError

ELLIPSIS = "..."
STREAM = "Iterator"
DEEPEST = 20
"""How many brackets may stand inside of each other."""
_ENDING = re.compile(r"[\[\],]")
_NAME = re.compile(r"[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*", re.ASCII)
_LOCAL = ("<locals>", "<lambda>")
"""Parts of the names of classes that stand inside of functions: nobody registers those, and packages record them."""


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
    if path.name == ELLIPSIS:
        raise _malformed(text, f"{ELLIPSIS!r} stands for more of the same inside of tuple[…] alone")
    label = label.strip()
    return TypePath(path.name, path.items, label) if label else path


def _read(text: str, rest: str, depth: int) -> tuple[TypePath, str]:
    """Read one path from the front of ``rest``; give it and what is left."""
    if depth > DEEPEST:
        raise _malformed(text, "it is nested too deeply")
    ending = _ENDING.search(rest)
    end = ending.start() if ending else len(rest)
    name, rest = rest[:end].strip(), rest[end:]
    if name.startswith("builtins."):
        name = name.removeprefix("builtins.")
    name = "None" if name == "NoneType" else name
    if not _NAME.fullmatch(name) and name != ELLIPSIS and not all(part.isidentifier() or part in _LOCAL for part in name.split(".")):
        raise _malformed(text, f"{name!r} is no dotted name" if name else "a name is missing")
    items: list[TypePath] = []
    opened = rest.startswith("[")
    while opened:
        item, rest = _read(text, rest[1:].strip(), depth + 1)
        items.append(item)
        opened = rest.startswith(",")
        if not opened:
            if not rest.startswith("]"):
                raise _malformed(text, "a closing bracket is missing")
            rest = rest[1:].strip()
    if items and any(item.name == ELLIPSIS for item in items) and (name != "tuple" or len(items) != 2 or items[0].name == ELLIPSIS):
        raise _malformed(text, f"{ELLIPSIS!r} stands for more of the same, as in tuple[X, {ELLIPSIS}]")
    if name == ELLIPSIS and items:
        raise _malformed(text, f"{ELLIPSIS!r} has no items")
    return TypePath(name, tuple(items)), rest


def _malformed(text: str, why: str) -> PackagerDefinitionError:
    return PackagerDefinitionError(f"{text[:200]!r} is no type path: {why}", remedy="Write it like pkg.Type or dict[str, pkg.Type].")


def path_of(cls: type[Any]) -> str:
    """Give the path of a class where it was defined; builtins stand without their module.

    >>> path_of(dict), path_of(type(None)), path_of(TypePath)
    ('dict', 'None', 'packagers.typepath.TypePath')
    """
    if cls is NoneType:
        return "None"
    module, name = type.__getattribute__(cls, "__module__"), cls.__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def lookup(name: str) -> type[Any] | None:
    """Find the class that a dotted name shows among the loaded modules, or ``None``. Nothing is imported and nothing computed."""
    if name == "None":
        return NoneType
    parts = name.split(".") if "." in name else ["builtins", name]
    for split in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:split]))
        if module is not None:
            return _class_in(module, parts[split:])
    return None


def is_unfinished(name: str) -> bool:
    """Tell whether a module that a dotted name leads through is being imported at this moment: in the next one it may show more."""
    parts = name.split(".")
    modules = (sys.modules.get(".".join(parts[:split])) for split in range(1, len(parts)))
    return any(getattr(_attribute(module, "__spec__"), "_initializing", False) for module in modules if module is not None)


def _class_in(module: Any, names: list[str]) -> type[Any] | None:
    value = module
    for name in names:
        value = _attribute(value, name)
    return value if issubclass(type(value), type) else None


def _attribute(value: Any, name: str) -> Any:
    """Give what an object holds under a name, ``None`` where it holds nothing of that name."""
    try:
        # Neither getattr, vars nor isinstance: each of them makes a lazily loaded module import what it stands for.
        return object.__getattribute__(value, "__dict__").get(name)
    except (AttributeError, TypeError):
        return None


def names_class(name: str, cls: type[Any]) -> bool:
    """Tell whether a dotted name names exactly this class."""
    return name == path_of(cls) or lookup(name) is cls


def distance(name: str, cls: type[Any]) -> int | None:
    """Give the index in the class's MRO that a dotted name names, or ``None``."""
    hashable: Any = cls
    return _distance(name, cls) if is_unfinished(name) else _known_distance(name, hashable, len(sys.modules))


@lru_cache(maxsize=4096)
def _known_distance(name: str, cls: Any, modules: int) -> int | None:
    """Remember distances as long as no further module is loaded that may show a class."""
    return _distance(name, cls)


def _distance(name: str, cls: type[Any]) -> int | None:
    shown = lookup(name)
    return next((index for index, base in enumerate(cls.__mro__) if base is shown or name == path_of(base)), None)
