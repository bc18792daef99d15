"""The attributes of an object itself: what stands in its ``__dict__`` and in the slots of its classes.

They are taken and put back where they are, past everything that the class has to say: no property, no ``__getattr__`` and no
``__setattr__`` runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MemberDescriptorType
from typing import Any


def attributes_of(obj: Any, base: type[Any] = object) -> dict[str, Any]:
    """Give every attribute that is set on the object itself, slots first.

    Args:
        obj: The object.
        base: A class of it whose slots, and those of its parents, are left out.
    """
    found: dict[str, Any] = {}
    for name, slot in _slots_of(type(obj), base).items():
        try:
            found[name] = slot.__get__(obj)
        except AttributeError:
            continue
    return {**found, **(_dict_of(obj) or {})}


def set_attributes(obj: Any, attributes: Mapping[str, Any]) -> None:
    """Put back what :func:`attributes_of` gave.

    Raises:
        AttributeError: For an attribute that objects of the class have no place for.
    """
    slots, own = _slots_of(type(obj)), _dict_of(obj)
    for name, value in attributes.items():
        if name in slots:
            slots[name].__set__(obj, value)
        elif own is not None:
            own[name] = value
        else:
            raise AttributeError(f"{type(obj).__qualname__} objects have no attribute {name!r} any more")


def _slots_of(cls: type[Any], base: type[Any] = object) -> dict[str, Any]:
    """Give the descriptors of the slots of a class and of its parents by name, theirs first; the names of private ones are mangled."""
    found: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        declared = () if each in base.__mro__ else vars(each).get("__slots__", ())
        for name in (declared,) if isinstance(declared, str) else declared:
            slot = _mangled(name, each)
            if isinstance(vars(each).get(slot), MemberDescriptorType):
                found[slot] = vars(each)[slot]
    return found


def _mangled(name: str, cls: type[Any]) -> str:
    """Give the name under which a class keeps one of its private names."""
    owner = cls.__name__.lstrip("_")
    return f"_{owner}{name}" if owner and name.startswith("__") and not name.endswith("__") else name


def _dict_of(obj: Any) -> dict[str, Any] | None:
    try:
        own: dict[str, Any] = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return own
