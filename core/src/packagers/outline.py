"""Itemizing: a container's items by name, and the record of its shape once they have been packed one by one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from packagers.errors import PackError
from packagers.jsonvalue import Encoder
from packagers.names import find_collision
from packagers.registry import Registry
from packagers.structure import Walk

DEEPEST = 100
_FAMILIES = (list, tuple, set, frozenset, dict)


def is_itemizable(obj: Any) -> bool:
    """Tell whether a value has items: a list, tuple, set, frozenset or dict, or one of a subclass, that is not empty."""
    return isinstance(obj, _FAMILIES) and len(obj) > 0


def items_of(obj: Any) -> dict[str, Any]:
    """Give the items of a container by name: positions, or the text of the keys. Sets are sorted.

    Raises:
        PackError: For a key that has no name, and for keys whose names collide.
    """
    if not isinstance(obj, dict):
        return {str(index): item for index, item in enumerate(_in_order(obj))}
    pairs = [(_name_of(key), item) for key, item in obj.items()]
    collision = find_collision([name for name, _ in pairs])
    if collision is not None:
        raise PackError(
            f"the items {collision[0]!r} and {collision[1]!r} would have the same name", remedy="Itemize one level less, or rename a key."
        )
    return dict(pairs)


def _name_of(key: Any) -> str:
    if isinstance(key, Enum):
        return str(key.name)
    if isinstance(key, (str, int)):
        return str(key)
    raise PackError(
        f"the key {key!r:.60} cannot name an item", remedy="Itemized dicts have keys of text, integers, booleans or enumerations."
    )


def _in_order(obj: Any) -> list[Any]:
    """Give the items in an order that is the same in every process."""
    if not isinstance(obj, (set, frozenset)):
        return list(obj)
    try:
        return sorted(obj)
    except TypeError:
        return sorted(obj, key=lambda item: (type(item).__qualname__, repr(item)))


class Outline(Walk):
    """Records the shape of a container whose leaves have been packed: results by value, artifacts as links.

    Args:
        registry: Finds the packagers of container classes.
        nodes: What stands for each packed leaf, by the ``id`` of the leaf.
    """

    def __init__(self, registry: Registry, nodes: Mapping[int, Any]) -> None:
        super().__init__(registry)
        self._nodes = nodes

    def _new_encoder(self) -> Encoder:
        return _OutlineEncoder(self._default, self._nodes)


class _OutlineEncoder(Encoder):
    def __init__(self, default: Any, nodes: Mapping[int, Any]) -> None:
        super().__init__(default)
        self._nodes = nodes

    def encode(self, obj: Any) -> Any:
        """Give what stands for a leaf; take everything else apart."""
        node = self._nodes.get(id(obj))
        return super().encode(obj) if node is None else node
