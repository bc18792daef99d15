"""The packager of pandas' scalars."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from packagers import DefaultPackager
from packagers_pandas import cells


class ScalarPackager(DefaultPackager):
    """Pack a ``Timestamp``, ``Timedelta``, ``Period`` or ``Interval``, ``NaT`` or ``NA``, with unit and time zone."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    READERS = MappingProxyType({"result": "data"})
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: Any) -> Any:
        """Record the value."""
        return cells.encode(obj)

    def unpack_result(self, value: Any) -> Any:
        """Give the value again."""
        return cells.decode(value)
