"""What a packager is looked for: a value, or one alternative of a hint."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from packagers.packager import Packager
from packagers.typehint import Alternative, alternatives, path_of_hint
from packagers.typepath import STREAM, TypePath, hint_distance, item_distance, parse, path_of, value_distance

Direction = Literal["pack", "unpack"]
NO_CHUNK: Any = object()


@dataclass(frozen=True)
class Subject:
    """What a packager is looked for.

    Attributes:
        direction: Values are packed, hints are unpacked.
        name: For messages.
        cls: The class whose MRO counts; ``None`` for a hint of a stream.
        items: Gives the distance of the item types of a path, or ``None`` where they do not match.
        holds: Asks a packager whether it is really the one.
    """

    direction: Direction
    name: str
    cls: type[Any] | None
    items: Callable[[TypePath, bool], int | None]
    holds: Callable[[Packager, str | None], bool]


def of_value(obj: Any, chunk: Any = NO_CHUNK) -> Subject:
    """Describe a value.

    Args:
        obj: The value.
        chunk: The first chunk, where the value is a stream.
    """

    def items(path: TypePath, subclasses: bool) -> int | None:
        if path.name != STREAM or not path.items:
            return item_distance(path, obj, subclasses)
        return None if chunk is NO_CHUNK else value_distance(path.items[0], chunk, subclasses)

    def holds(packager: Packager, artifact_type: str | None) -> bool:
        return packager.holds(obj) and packager.is_packable(obj, artifact_type)

    return Subject("pack", path_of(type(obj)), type(obj), items, holds)


def of_hint(alternative: Alternative, direction: Direction = "unpack") -> Subject:
    """Describe one alternative of a hint, or a type that values to be packed may have."""
    path = parse(path_of_hint(alternative))
    cls = None if path.name == STREAM else alternative.type or object

    def holds(packager: Packager, artifact_type: str | None) -> bool:
        if cls is not None and not packager.holds_class(cls):
            return False
        if direction == "unpack":
            return packager.is_unpackable(alternative.hint, artifact_type)
        known = packager.artifact_types("pack")
        return bool(known) if artifact_type is None else artifact_type in known

    return Subject(direction, str(path), cls, lambda registered, subclasses: hint_distance(registered, path, subclasses), holds)


def of_either(obj_or_hint: Any, direction: Direction | None = None) -> Subject:
    """Describe what may be a value or a hint: classes and the constructs of ``typing`` are hints, everything else is a value."""
    kind = type(obj_or_hint)
    is_hint = isinstance(obj_or_hint, type) or typing.get_origin(obj_or_hint) is not None
    if is_hint or kind.__module__ in ("typing", "typing_extensions"):
        return of_hint(alternatives(obj_or_hint)[0], direction or "unpack")
    return of_value(obj_or_hint)
