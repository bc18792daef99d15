"""Scalars of Python and its standard library: recorded by value, with their exact type."""

from __future__ import annotations

from typing import Any

from packagers.builtin.summaries import Summarised
from packagers.packager import Packager


class ScalarPackager(Summarised, Packager):
    """Pack a value that typed JSON has a form for."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    READERS = {"result": "data"}
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: Any) -> Any:
        """Record the value."""
        return obj

    def unpack_result(self, value: Any) -> Any:
        """Give the recorded value."""
        return value
