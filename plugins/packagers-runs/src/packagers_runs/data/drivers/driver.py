"""The base of every data driver, and what it is asked for."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from packagers_runs.data.drivers.partitions import Partitions
from packagers_runs.data.errors import DataError
from packagers_runs.data.timewindow import TimeWindow

if TYPE_CHECKING:
    import pandas as pd


@attrs.frozen(kw_only=True)
class Reading:
    """What to read.

    Attributes:
        path: Where it is, or the live data itself.
        attributes: What the source says beyond that, of the driver's ``ATTRIBUTES``.
        storage_options: For the file system, or the connection.
        columns: The columns that are needed; ``None`` for all. Others may be given too.
        time_field: The column with the times of the window.
        window: The rows that are needed. Others may be given too, so a driver that cannot look for them reads them all.
        partitioned_by_time: Whether the folders ``year=…/month=…`` are known to come from ``time_field``, in UTC.
        schema: Types of columns by name, as text; empty where they are not known.
        rows: How many rows a part shall have at most; ``None`` where they are all needed at once.
    """

    path: Any
    attributes: Mapping[str, Any] = attrs.field(factory=dict)
    storage_options: Mapping[str, Any] = attrs.field(factory=dict)
    columns: tuple[str, ...] | None = None
    time_field: str | None = None
    window: TimeWindow = attrs.field(factory=TimeWindow)
    partitioned_by_time: bool = False
    schema: Mapping[str, Any] = attrs.field(factory=dict)
    rows: int | None = None


@attrs.frozen(kw_only=True)
class Writing:
    """Where to write, and how.

    Attributes:
        path: Where to.
        attributes: What the target says beyond that, of the driver's ``ATTRIBUTES``.
        storage_options: For the file system, or the connection.
        schema: Types of columns by name, as text; empty takes those of the data.
        partitions: How the rows are divided among folders; ``None`` for not at all.
        append: Whether what is there stays, beside what is written.
    """

    path: Any
    attributes: Mapping[str, Any] = attrs.field(factory=dict)
    storage_options: Mapping[str, Any] = attrs.field(factory=dict)
    schema: Mapping[str, Any] = attrs.field(factory=dict)
    partitions: Partitions | None = None
    append: bool = False


@attrs.frozen
class Written:
    """What stands there after a write.

    Attributes:
        size: Bytes of all that stands there; ``None`` where that has no meaning.
        path: Where it is, if not where it should go: live data.
    """

    size: int | None = None
    path: Any = None


class DataDriver(abc.ABC):
    """Reads and writes one kind of data, as frames of pandas.

    A subclass is registered as an entry point of the group ``packagers.data_drivers``, under the name that ``kind`` then takes; a path
    whose suffix or protocol is that name needs no ``kind``.
    """

    ATTRIBUTES: ClassVar[frozenset[str]] = frozenset()
    """The keys that it knows in the ``attributes`` of sources and targets; any other is an error."""
    PARTITIONED: ClassVar[bool] = False
    """Whether it can divide rows among folders."""

    @abc.abstractmethod
    def read(self, reading: Reading) -> Iterator[pd.DataFrame]:
        """Read data, part by part, at least one part (which may have no rows).

        Args:
            reading: What to read.
        """

    def write(self, writing: Writing, frames: Iterable[pd.DataFrame]) -> Written:
        """Write data, all or nothing: whatever happens, what is there is either what was there before or all that was written.

        Args:
            writing: Where to, and how.
            frames: The data, part by part.

        Raises:
            DataError: It cannot be written; what was there before is still there.
        """
        raise DataError(f"{type(self).__name__} only reads", remedy="Choose another kind of target.")

    def single(self, path: Any) -> bool:
        """Tell whether a path names one file, and no folder."""
        return False
