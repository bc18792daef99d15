"""The packager of pandas' scalars."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from packagers import DefaultPackager
from packagers_pandas import cells, summary


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

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give the value as text."""
        return {"value": summary.cell(obj)}

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give the value as text."""
        return {"text": summary.cell(obj)}
