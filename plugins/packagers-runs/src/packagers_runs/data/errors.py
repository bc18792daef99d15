"""The error of reading and writing data."""

from __future__ import annotations

from packagers_runs.errors import RunsError


class DataError(RunsError):
    """A source could not be read, or a target could not be written; what a target held before is still there."""
