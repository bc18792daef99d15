"""Itemizing: the items of a container by key, and the record of its shape once they have been packed one by one."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, NamedTuple

from packagers.builtin.containers import ObjectContainer
from packagers.builtin.streams import StreamPackager
from packagers.errors import PackagersError, PackError
from packagers.jsonvalue import Default, Encoder, encode, step_of
from packagers.manifest import Written
from packagers.names import MAX_BYTES, check_name, find_collision
from packagers.ordering import in_order
from packagers.registry import Found, Registry
from packagers.results import Recorded
from packagers.structure import Walk, type_name
from packagers.typepath import path_of

BY_VALUE: Any = object()
"""Stands for an item that the outline records by value."""


class Item(NamedTuple):
    """One item of a container, at any depth.

    Attributes:
        key: The key that it is packed under.
        value: The item.
        above: The path of what holds it.
        name: Its key or position there.
    """

    key: str
    value: Any
    above: str
    name: Any

    @property
    def path(self) -> str:
        """Where it stands in the container, for messages."""
        return self.above + step_of(self.name)


def is_itemizable(obj: Any) -> bool:
    """Tell whether a value has items: a list, tuple, set, frozenset or dict, or one of a subclass, that is not empty."""
    return isinstance(obj, (list, tuple, set, frozenset, dict)) and len(obj) > 0


def items_of(registry: Registry, obj: Any, key: str, levels: bool | int) -> tuple[list[Item], list[PackagersError]]:
    """Take a container apart into the items that are packed one by one; nothing is packed yet.

    Args:
        registry: Tells what is a stream.
        obj: The container. One that stands inside of itself is an item there.
        key: The key of the whole.
        levels: How many levels are taken apart; ``True`` for all.

    Returns:
        The items, and what is wrong with their names, or with items that packing would use up.
    """
    search = _Search(registry, levels)
    search.visit(obj, key, "", ())
    collision = find_collision(item.key for item in search.items)
    if collision is not None:
        search.faults.append(_collision(search.items, *collision))
    return search.items, search.faults


class _Search:
    """One walk over a container for its items.

    Args:
        registry: Tells what is a stream.
        levels: How many levels are taken apart; ``True`` for all.
    """

    def __init__(self, registry: Registry, levels: bool | int) -> None:
        self._registry = registry
        self.items: list[Item] = []
        self.faults: list[PackagersError] = []
        self._levels = math.inf if levels is True else levels
        self._no_streams: set[type[Any]] = set()

    def visit(self, obj: Any, key: str, path: str, above: tuple[int, ...]) -> None:
        above = (*above, id(obj))
        is_keyed = isinstance(obj, dict)
        for name, item in _pairs(obj):
            try:
                item_key = _join(key, check_name(_name_of(name), "item name") if is_keyed else str(name))
                if type(item) not in self._no_streams:
                    self._check_stays(item)
            except PackagersError as error:
                error.key, error.leaf = key, path + step_of(name)
                self.faults.append(error)
                continue
            if is_itemizable(item) and len(above) < self._levels and id(item) not in above:
                self.visit(item, item_key, path + step_of(name), above)
            else:
                self.items.append(Item(item_key, item, path, name))

    def _check_stays(self, item: Any) -> None:
        """Refuse a stream: the container would come back from packing with one that is used up."""
        cls = type(item)
        if not hasattr(cls, "__next__"):
            self._no_streams.add(cls)
        elif isinstance(self._registry.find(item).packager, StreamPackager):
            raise PackError(
                "a stream stands inside of an itemized value, and packing would use it up",
                remedy="Return it as a value of its own, or make it a list.",
            )


def _pairs(obj: Any) -> Iterable[tuple[Any, Any]]:
    """Give the items of a container with their keys or positions. What a subclass makes of its methods does not count."""
    if isinstance(obj, OrderedDict):
        return OrderedDict.items(obj)
    return dict.items(obj) if isinstance(obj, dict) else enumerate(_in_order(obj))


def _join(key: str, name: str) -> str:
    joined = f"{key}_{name}"
    if len(joined) > MAX_BYTES or not (joined.isascii() or len(joined.encode()) <= MAX_BYTES):
        raise PackError(f"the key {joined:.40}… is longer than {MAX_BYTES} bytes", remedy="Itemize fewer levels, or take a shorter key.")
    return joined


def _name_of(key: Any) -> str:
    if isinstance(key, Enum):
        return str(key.name)
    if isinstance(key, (bool, str)):
        return str.__str__(key) if isinstance(key, str) else str(key)
    if isinstance(key, int) and key.bit_length() < MAX_BYTES:
        return int.__repr__(key)
    raise PackError(
        f"the key {step_of(key)} cannot name an item", remedy="Itemized dicts have keys of text, integers, booleans or enumerations."
    )


def _in_order(obj: Any) -> list[Any]:
    """Give the items of a sequence or set in an order that is the same in every process."""
    if isinstance(obj, (list, tuple)):
        return list(list.__iter__(obj) if isinstance(obj, list) else tuple.__iter__(obj))
    return in_order((set if isinstance(obj, set) else frozenset).__iter__(obj))


def _collision(items: list[Item], first: str, second: str) -> PackError:
    places = [item.path for item in items if item.key in (first, second)]
    return PackError(
        f"the items {places[0]} and {places[1]} have the keys {first!r} and {second!r}, which no two outputs can have",
        remedy="Itemize one level less, or rename one of them.",
    )


def outline_of(registry: Registry, obj: Any, packed: Mapping[int, Any]) -> Recorded:
    """Record the shape of a container whose items have been packed.

    Args:
        registry: Finds the packagers of container classes.
        obj: The container.
        packed: What stands for an item, by the item's ``id``: a link, :data:`BY_VALUE`, or what :func:`stands_for` gave.

    Raises:
        PackError: Where a class cannot be rebuilt, or the container holds something heavy that is none of its items.
    """
    outline = _Outline(registry, packed)
    value = outline.encode(obj)
    if outline.leaves:
        leaf = outline.leaves[0]
        raise PackError(
            f"a {path_of(type(leaf.value))} belongs to the container and is none of its items",
            leaf=leaf.path,
            remedy="Log it without itemizing.",
        )
    found = outline.container(obj)
    return Recorded(Written(found.registration.identity, type_name(obj, found), "result"), value)


def stands_for(obj: Any, written: Written, value: Any) -> Any:
    """Give what stands for an item that its packager recorded by value.

    Args:
        obj: The item.
        written: By which packager it was recorded, as what type.
        value: Its typed JSON.
    """
    if value is obj:
        return BY_VALUE
    with suppress(PackagersError):
        if encode(obj) == value:
            return BY_VALUE
    return {"$value": value, "packager": written.packager, "type": written.object_type}


class _Outline(Walk):
    """Walks over a container, and puts in what stands for its items."""

    def __init__(self, registry: Registry, packed: Mapping[int, Any]) -> None:
        super().__init__(registry)
        self._packed = packed

    def container(self, obj: Any) -> Found:
        """Find the packager that takes a container apart, though another one may pack it whole."""
        for candidate in self._registry.candidates(obj):
            packager = self._registry.instance(candidate.registration)
            if isinstance(packager, ObjectContainer):
                return Found(candidate.registration, packager, candidate.distance)
        raise PackError(f"no packager takes a {path_of(type(obj))} apart", remedy="Log it without itemizing.")

    def _new_encoder(self) -> Encoder:
        return _OutlineEncoder(self._default, self._packed) if self._packed else super()._new_encoder()

    def _default(self, obj: Any, encoder: Encoder) -> Any:
        if not is_itemizable(obj) or (isinstance(encoder, _OutlineEncoder) and encoder.is_inside):
            return super()._default(obj, encoder)
        found = self.container(obj)
        known = encoder.known(obj, cyclic=getattr(found.packager, "CYCLIC", False))
        return encoder.done(obj, self._object(obj, found, encoder)) if known is None else known


class _OutlineEncoder(Encoder):
    """Encodes a container whose items are encoded already.

    Attributes:
        is_inside: Whether an item that is recorded by value is being encoded: what it holds are no items.
    """

    def __init__(self, default: Default, packed: Mapping[int, Any]) -> None:
        super().__init__(default)
        self._packed = packed
        self.is_inside = False

    def encode(self, obj: Any) -> Any:
        """Give what stands for an item; take everything else apart."""
        node = None if self.is_inside else self._packed.get(id(obj))
        if node is not BY_VALUE:
            return super().encode(obj) if node is None else node
        self.is_inside = True
        try:
            return super().encode(obj)
        finally:
            self.is_inside = False
