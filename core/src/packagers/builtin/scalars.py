"""Scalars of Python and its standard library: recorded by value, with their exact type."""

from __future__ import annotations

from typing import Any

from packagers.builtin.summaries import Summarised
from packagers.errors import PackError
from packagers.jsonvalue import encode
from packagers.packager import Packager
from packagers.typepath import path_of


class ScalarPackager(Summarised, Packager):
    """Pack a value that typed JSON has a form for."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "result"
    READERS = {"result": "data"}
    DETERMINISTIC = frozenset({"result"})

    def pack_result(self, obj: Any) -> Any:
        """Record the value.

        Raises:
            PackError: For a value with a part that typed JSON has no form for, such as a time zone of one's own.
        """
        try:
            encode(obj)
        except PackError as error:
            raise PackError(
                f"a {path_of(type(obj))} cannot be recorded by value: {error.args[0]}",
                remedy='Ask for artifact type "object" (pickled); of time zones, zoneinfo.ZoneInfo and datetime.timezone can be recorded.',
            ) from error
        return obj

    def unpack_result(self, value: Any) -> Any:
        """Give the recorded value."""
        return value
