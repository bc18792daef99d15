"""What a packager is looked for: a value, or one alternative of a hint."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from packagers.errors import PackagerDefinitionError
from packagers.itemtypes import Fit, fit_of_hinted_items, fit_of_items, fit_of_value
from packagers.packager import Packager
from packagers.typehint import Alternative, alternatives, path_of_hint
from packagers.typepath import STREAM, TypePath, parse, path_of

Direction = Literal["pack", "unpack"]
NO_CHUNK: Any = object()


@dataclass(frozen=True)
class Subject:
    """What a packager is looked for.

    Attributes:
        direction: Values are packed, hints are unpacked.
        path: Its type path: of a value that of its class alone.
        cls: The class whose MRO counts; ``None`` for a hint of a stream.
        items: Tells how well it fits the item types of a path, or ``None`` where it does not.
        holds: Asks a packager whether it is really the one.
    """

    direction: Direction
    path: TypePath
    cls: type[Any] | None
    items: Callable[[TypePath], Fit | None]
    holds: Callable[[Packager, str | None], bool]

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return str(self.path)


def of_value(obj: Any, chunk: Any = NO_CHUNK) -> Subject:
    """Describe a value.

    Args:
        obj: The value.
        chunk: The first chunk, where the value is a stream.
    """
    cls = type(obj)

    def holds(packager: Packager, artifact_type: str | None) -> bool:
        return packager.holds(obj) and packager.is_packable(obj, artifact_type)

    return Subject("pack", TypePath(path_of(cls)), cls, lambda path: fit_in(path, obj, chunk), holds)


def fit_in(path: TypePath, obj: Any, chunk: Any) -> Fit | None:
    """Tell how well what a value holds, or the first chunk of a stream, fits the item types of a path."""
    if path.name != STREAM or not path.items:
        return fit_of_items(path, obj)
    return None if chunk is NO_CHUNK else fit_of_value(path.items[0], chunk)


def of_hint(alternative: Alternative, direction: Direction = "unpack") -> Subject:
    """Describe one alternative of a hint, or a type that values to be packed may have."""
    path = _path(alternative)
    cls = None if path.name == STREAM else alternative.type or object

    def holds(packager: Packager, artifact_type: str | None) -> bool:
        if cls is not None and not packager.holds_class(cls):
            return False
        return direction == "pack" or packager.is_unpackable(alternative.hint, artifact_type)

    return Subject(direction, path, cls, lambda registered: fit_of_hinted_items(registered, path), holds)


def of_either(obj_or_hint: Any, direction: Direction | None = None) -> tuple[Subject, ...]:
    """Describe what may be a value or a hint: classes and the constructs of ``typing`` are hints, everything else is a value.

    Returns:
        One subject for a value, and one for each alternative of a hint.
    """
    is_hint = isinstance(obj_or_hint, type) or typing.get_origin(obj_or_hint) is not None
    if is_hint or type(obj_or_hint).__module__ in ("typing", "typing_extensions"):
        return tuple(of_hint(alternative, direction or "unpack") for alternative in alternatives(obj_or_hint))
    return (of_value(obj_or_hint),)


def _path(alternative: Alternative) -> TypePath:
    text = path_of_hint(alternative)
    try:
        return parse(text)
    except PackagerDefinitionError:  # a class that was made with a name that nobody could write
        return TypePath(text)
