"""Members of enumerations: recorded by name; combinations of flags by value."""

from __future__ import annotations

from enum import Enum
from typing import Any

from packagers.builtin.containers import ObjectContainer
from packagers.errors import UnpackError


class EnumPackager(ObjectContainer):
    """Pack a member of any ``Enum``."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    PACK_SUBCLASSES = True
    IDENTITY = False

    def unbundle(self, obj: Enum) -> dict[str, Any]:
        """Give the name, or the value where several flags are combined."""
        members = type(obj).__members__
        return {"name": obj._name_} if obj._name_ in members and members[obj._name_] is obj else {"value": obj._value_}

    def state(self, obj: Any) -> dict[str, Any]:
        """Give nothing: what a member knows of itself its class says."""
        return {}

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Look the member up."""
        try:
            return cls.__members__[items["name"]] if "name" in items else cls(items["value"])
        except (KeyError, ValueError):
            raise UnpackError(f"{cls.__qualname__} has no member {next(iter(items.values()))!r} any more") from None
