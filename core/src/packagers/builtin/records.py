"""Objects with named fields: dataclasses, attrs classes and pydantic models.

Their fields are packed by their own packagers. Rebuilding never calls ``__init__``, ``__post_init__`` or a validator: the fields are put
where they were.
"""

from __future__ import annotations

from typing import Any

from packagers.attributes import attributes_of, set_attributes
from packagers.builtin.containers import ObjectContainer, construct

_CACHED_HASH = "_attrs_cached_hash"


class RecordPackager(ObjectContainer):
    """Base of packagers of objects with named fields."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PRIORITY = 1
    PACK_SUBCLASSES = True
    BUNDLE_FROM_DICT = True
    CYCLIC = True

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give every attribute that the object has, slots first."""
        return attributes_of(obj)

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Make an object of inputs by name, by its constructor: they were never one before, so defaults and validators have their say."""
        return construct(cls, items)

    def empty(self, cls: type[Any]) -> Any:
        """Make the object without calling anything of its class."""
        return object.__new__(cls)

    def fill(self, obj: Any, items: Any) -> None:
        """Put the fields where they were, also of a frozen class."""
        set_attributes(obj, items)

    def state(self, obj: Any) -> dict[str, Any]:
        """Give nothing: the attributes are items already."""
        return {}


class DataclassPackager(RecordPackager):
    """Pack an instance of a dataclass."""

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Take dataclasses that are made by ``object.__new__``."""
        return "__dataclass_fields__" in dir(type_) and _is_plainly_made(type_)


class AttrsPackager(RecordPackager):
    """Pack an instance of an attrs class."""

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Take attrs classes that are made by ``object.__new__``."""
        return "__attrs_attrs__" in dir(type_) and _is_plainly_made(type_)

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give the attributes; a cached hash holds in one process alone."""
        found = super().unbundle(obj)
        return {**found, _CACHED_HASH: None} if _CACHED_HASH in found else found


class PydanticPackager(RecordPackager):
    """Pack a pydantic model (version 2) with what it knows of which fields were set."""

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Take pydantic models."""
        return "__pydantic_fields__" in dir(type_) and "__pydantic_fields_set__" in dir(type_)


def _is_plainly_made(cls: Any) -> bool:
    """Tell whether ``object.__new__`` makes the objects of a class: no parent and no ``__new__`` of its own has a say."""
    return bool(cls.__new__ is object.__new__)
