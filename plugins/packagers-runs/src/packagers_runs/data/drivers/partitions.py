"""How the rows of a target are divided among folders: by buckets of a key, by columns, and by time."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, unquote

import attrs

from packagers_runs.data.errors import DataError
from packagers_runs.data.timewindow import TimeWindow, as_times

if TYPE_CHECKING:
    import pandas as pd

UNITS = ("year", "month", "day", "hour", "minute", "second")
"""The folders of a time, from the widest on."""
_NUMPY_UNITS = {"year": "Y", "month": "M", "day": "D", "hour": "h", "minute": "m", "second": "s"}
NONE = "__HIVE_DEFAULT_PARTITION__"
"""The folder of rows that have no value, in the convention that Hive, Spark and Arrow share."""

_Level: TypeAlias = tuple[Any, list[str]]
"""The number of each row's folder, and the names of the folders."""


@attrs.frozen(kw_only=True)
class Partitions:
    """What the folders of a target are made of; outer ones first.

    Attributes:
        key_field: The column of the key.
        buckets: How many buckets the keys are divided among; 0 gives each key its own folder, ``None`` none.
        columns: Columns whose values become folders.
        time_field: The column of the time, in UTC where it has a zone.
        unit: The narrowest unit of time that has folders; ``None`` for none.
    """

    key_field: str | None = None
    buckets: int | None = None
    columns: tuple[str, ...] = ()
    time_field: str | None = None
    unit: str | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """The units of time that have folders."""
        return UNITS[: UNITS.index(self.unit) + 1] if self.unit else ()

    def split(self, frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        """Divide rows; the order within a folder stays.

        Args:
            frame: The rows.

        Returns:
            The path of each folder, such as ``year=2026/month=01``, and its rows, without the columns that became folders.

        Raises:
            DataError: A column is missing, has the name of a folder, or has values that cannot name one.
        """
        levels = self._levels(frame)
        gone = [name for name in (*self.columns, self.key_field if self.buckets == 0 else None) if name in frame.columns]
        stay = frame.drop(columns=gone)
        if not len(stay.columns):
            raise DataError("all columns became folders, and no file is left to write", remedy="Partition by fewer columns.")
        if frame.empty:
            return
        import numpy as np

        codes = np.stack([codes for codes, _ in levels])
        groups, place = np.unique(codes, axis=1, return_inverse=True)
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place.reshape(-1), minlength=groups.shape[1]))
        paths = ["/".join(texts[code] for code, (_, texts) in zip(group, levels, strict=True)) for group in groups.T]
        starts = [0, *ends[:-1]]
        yield from sorted(
            ((path, stay.iloc[order[start:end]]) for path, start, end in zip(paths, starts, ends, strict=True)), key=lambda part: part[0]
        )

    def _levels(self, frame: pd.DataFrame) -> list[_Level]:
        levels = []
        if self.buckets == 0:
            levels.append(_value_level(_column(frame, self.key_field, "key_field"), str(self.key_field)))
        elif self.buckets is not None:
            key, buckets = _column(frame, self.key_field, "key_field"), self.buckets
            name = _free(f"hash{buckets}_{key.name}", frame)
            levels.append(_value_level(key, name, lambda value: str(bucket_of(value, buckets))))
        levels += [_value_level(_column(frame, name, "partition_cols"), name) for name in self.columns]
        if self.unit:
            levels.append(self._time_level(frame))
        return levels

    def _time_level(self, frame: pd.DataFrame) -> _Level:
        import numpy as np

        times = as_times(_column(frame, self.time_field, "time_field"))
        if times.isna().any():
            raise DataError(f"a row has no time in {self.time_field!r}, and the target is partitioned by time", remedy="Drop or fill it.")
        if times.dt.tz is not None:
            times = times.dt.tz_convert("UTC").dt.tz_localize(None)
        names = [_free(unit, frame) for unit in self.units]
        unique, codes = np.unique(times.to_numpy().astype(f"M8[{_NUMPY_UNITS[names[-1]]}]"), return_inverse=True)
        moments = [moment.timetuple() for moment in unique.astype("M8[s]").tolist()]
        texts = ["/".join(f"{name}={number:02}" for name, number in zip(names, moment, strict=False)) for moment in moments]
        return codes, texts


def bucket_of(value: Any, buckets: int) -> int:
    """Give the bucket of a key: the CRC-32 of its text in UTF-8, modulo the number of buckets. It is the same everywhere.

    >>> bucket_of("ada", 8)
    0
    """
    return zlib.crc32(str(value).encode("utf-8", "surrogatepass")) % buckets


def folder_values(path: str) -> dict[str, str | None]:
    """Read the values of the folders in a path, such as ``year=2026/month=01/part.parquet``."""
    levels = (part.partition("=") for part in path.split("/")[:-1])
    return {unquote(name): None if value == NONE else unquote(value) for name, equals, value in levels if equals}


def outside(values: Mapping[str, str | None], window: TimeWindow) -> bool:
    """Tell whether the folders of a time exclude every moment of a window."""
    found: list[int] = []
    for unit in UNITS:
        text = values.get(unit)
        if text is None or not text.isdecimal():
            break
        found.append(int(text))
    start, end = window.bounds(zoned=False)
    before = start is not None and found < list(start.timetuple()[: len(found)])
    return before or (end is not None and found > list(end.timetuple()[: len(found)]))


def _column(frame: pd.DataFrame, name: str | None, what: str) -> pd.Series[Any]:
    if name is None:
        raise DataError(f"the target does not say which column is its {what}", remedy=f"Set attributes={{{what!r}: <column>}}.")
    if name not in frame.columns:
        known = ", ".join(map(str, frame.columns))
        raise DataError(f"the target is partitioned by {name!r}, and the data has no such column", remedy=f"It has: {known}.")
    return frame[name]


def _free(name: str, frame: pd.DataFrame) -> str:
    if name in frame.columns:
        raise DataError(f"column {name!r} has the name of a folder that the target makes", remedy="Rename the column.")
    return name


def _value_level(column: pd.Series[Any], name: str, text: Callable[[Any], str] | None = None) -> _Level:
    """Give the level of a column's values: a folder for each, and for none."""
    import numpy as np

    try:
        codes, unique = column.factorize()
    except TypeError as error:
        raise DataError(f"column {column.name!r} cannot name folders: {error}", remedy="Partition by another column.") from error
    texts = [quote(text(value), safe="") if text else _text(value, name) for value in unique] + [NONE]
    folders = list(dict.fromkeys(texts))  # several values may share one
    number = {folder: place for place, folder in enumerate(folders)}
    places = np.array([number[value] for value in texts])
    return places[codes], [f"{quote(name, safe='')}={folder}" for folder in folders]  # code -1 is the last


def _text(value: Any, name: str) -> str:
    if hasattr(value, "item"):
        value = value.item()  # a number of numpy's
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.UTC).isoformat(" ") if value.tzinfo else value.isoformat(" ")
    if not isinstance(value, str | int | float | datetime.date) or value == "" or value == NONE:
        raise DataError(
            f"column {name!r} has {value!r:.80} in it, which cannot name a folder", remedy="Partition by text, numbers, times or booleans."
        )
    return quote(str(value), safe="")
