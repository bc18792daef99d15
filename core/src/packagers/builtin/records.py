"""Objects with named fields: dataclasses, attrs classes and pydantic models.

Their fields are packed by their own packagers. Rebuilding never calls ``__init__``, ``__post_init__`` or a validator: the fields are put
where they were.
"""

from __future__ import annotations

from typing import Any

from packagers.builtin.containers import ObjectContainer
from packagers.errors import PackError


class RecordPackager(ObjectContainer):
    """Base of packagers of objects with named fields."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PRIORITY = 1
    PACK_SUBCLASSES = True
    CYCLIC = True

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give every attribute that the object has, in the order of its fields and slots."""
        names = dict.fromkeys((*self.field_names(type(obj)), *_slots(type(obj))))
        found = {name: getattr(obj, name) for name in names if _is_set(obj, name)}
        return {**found, **getattr(obj, "__dict__", {})}

    def field_names(self, cls: type[Any]) -> tuple[str, ...]:
        """Give the names of the fields of a class."""
        raise PackError(f"{cls.__qualname__} has no fields")

    def empty(self, cls: type[Any]) -> Any:
        """Make the object without calling anything of its class."""
        return object.__new__(cls)

    def fill(self, obj: Any, items: Any) -> None:
        """Put the fields where they were, also of a frozen class."""
        for name, value in items.items():
            object.__setattr__(obj, name, value)

    def state(self, obj: Any) -> dict[str, Any]:
        """Give nothing: the attributes are items already."""
        return {}


class DataclassPackager(RecordPackager):
    """Pack an instance of a dataclass."""

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Take dataclasses that are made by ``object.__new__``."""
        return "__dataclass_fields__" in dir(type_) and _is_plainly_made(type_) and not hasattr(type_, "__pydantic_fields__")

    def field_names(self, cls: type[Any]) -> tuple[str, ...]:
        """Give the names of the fields."""
        import dataclasses

        return tuple(field.name for field in dataclasses.fields(cls))


class AttrsPackager(RecordPackager):
    """Pack an instance of an attrs class."""

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Take attrs classes that are made by ``object.__new__``."""
        return "__attrs_attrs__" in dir(type_) and _is_plainly_made(type_)

    def field_names(self, cls: type[Any]) -> tuple[str, ...]:
        """Give the names of the attributes."""
        return tuple(attribute.name for attribute in cls.__attrs_attrs__)


class PydanticPackager(RecordPackager):
    """Pack a pydantic model (version 2) with what it knows of which fields were set."""

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Take pydantic models."""
        return "__pydantic_fields__" in dir(type_) and "__pydantic_fields_set__" in dir(type_)

    def field_names(self, cls: type[Any]) -> tuple[str, ...]:
        """Give the names of the fields."""
        return tuple(cls.__pydantic_fields__)

    def unbundle(self, obj: Any) -> dict[str, Any]:
        """Give the fields, the extra fields, the private ones, and which were set."""
        return {
            "fields": dict(obj.__dict__),
            "extra": obj.__pydantic_extra__,
            "private": obj.__pydantic_private__,
            "set": set(obj.__pydantic_fields_set__),
        }

    def fill(self, obj: Any, items: Any) -> None:
        """Put all of it back."""
        object.__setattr__(obj, "__dict__", items["fields"])
        for name, key in (("extra", "__pydantic_extra__"), ("private", "__pydantic_private__"), ("set", "__pydantic_fields_set__")):
            object.__setattr__(obj, key, items[name])


def _is_plainly_made(cls: Any) -> bool:
    """Tell whether ``object.__new__`` makes the objects of a class: no parent and no ``__new__`` of its own has a say."""
    return bool(cls.__new__ is object.__new__)


def _slots(cls: type[Any]) -> list[str]:
    found = []
    for base in cls.__mro__:
        slots = vars(base).get("__slots__", ())
        found += [slots] if isinstance(slots, str) else list(slots)
    return [name for name in found if name not in ("__dict__", "__weakref__")]


def _is_set(obj: Any, name: str) -> bool:
    """Tell whether an attribute is set on the object itself, not only on its class."""
    return name in getattr(obj, "__dict__", {}) or (name in _slots(type(obj)) and hasattr(obj, name))
