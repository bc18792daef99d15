"""Which driver reads or writes a path: the one of the kind that is said, else the one that the path itself names."""

from __future__ import annotations

from typing import Any

from packagers_runs.data.drivers.driver import DataDriver
from packagers_runs.data.drivers.stores import shown
from packagers_runs.data.errors import DataError
from packagers_runs.extensions import extension_names, load_extension

GROUP = "packagers.data_drivers"
_COMPRESSED = ("gz", "bz2")


def choose_driver(kind: str | None, path: Any) -> DataDriver:
    """Give the driver for a path.

    Args:
        kind: The name of the driver; ``None`` takes the one that is called like the path's protocol, or else like its suffix.
        path: The path, a URL, or live data.

    Raises:
        UnknownNameError: No driver of this kind is installed; says which are.
        DataError: The path names no kind that is installed.
    """
    if kind is None:
        kind = _kind_of(path, extension_names(GROUP))
    return load_extension(GROUP, "data driver", kind, DataDriver)()  # type: ignore[type-abstract]  # a subclass that is none


def _kind_of(path: Any, known: list[str]) -> str:
    if path is None:
        raise DataError("there is no path", remedy="Set path: a file, a folder, a URL or a DataFrame.")
    if not isinstance(path, str):
        return "dataframe"
    scheme, separator, _ = path.partition("://")
    if separator and scheme.partition("+")[0] in known:
        return scheme.partition("+")[0]
    parts = path.partition("?")[0].rpartition("/")[2].lower().split(".")[1:]
    if parts and parts[-1] in _COMPRESSED:
        parts.pop()
    if parts and parts[-1] in known:
        return parts[-1]
    raise DataError("the path does not tell what kind of data it is", file=shown(path), remedy=f"Say the kind, one of: {', '.join(known)}.")
