"""The packagers of lists of frames and of series: one file, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from packagers import Instructions, Packager, UnpackError
from packagers_pandas import frameset, summary
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.series import SeriesPackager
from packagers_pandas.tabular import TabularPackager

FORMAT = "packagers-frames"
FIRST = 20
"""So many are described."""


class FrameListPackager(Packager):
    """Pack a list of frames; each comes back as it does alone, and one that stands in it twice as one."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({FORMAT: "data"})
    DETERMINISTIC = frozenset({FORMAT})
    PARTIAL = frozenset({FORMAT})
    CALLER_OPTIONS = frozenset({"items"})
    ITEM: type[TabularPackager] = DataFramePackager

    def pack_file(
        self,
        obj: list[Any],
        folder: Path,
        *,
        format: Literal["packagers-frames"] = "packagers-frames",
        compression: Literal["snappy", "zstd", "gzip", "brotli", "lz4", "none"] = "snappy",
    ) -> Instructions:
        """Write ``frames.zip``, in which each is a parquet file.

        Args:
            obj: The list; columns and dtypes of one have nothing to do with those of another.
            folder: Where to write.
            format: The format.
            compression: As for ``pyarrow.parquet.write_table``.

        Raises:
            PackError: For one that would not come back exactly.
        """
        item, members = self.ITEM(), frameset.places(obj)
        unique = dict(zip(members, obj, strict=True))
        frameset.write((item.to_frame(each) for each in unique.values()), folder / "frames.zip", compression=compression)
        return {} if len(unique) == len(obj) else {"members": members}

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["packagers-frames"] = "packagers-frames",
        items: Sequence[int] | None = None,
        members: Sequence[int] | None = None,
    ) -> list[Any]:
        """Read what :meth:`pack_file` wrote.

        Args:
            folder: Holds the one file.
            format: The format.
            items: The positions of those to read, in this order; the others are not read. All, if unsaid.
            members: For each item the position of its frame in the file, where one is shared; recorded.

        Raises:
            UnpackError: Where the file is damaged, or there is no such item.
        """
        item = self.ITEM()
        if items is None and members is None:
            with self.only_file(folder).open("rb") as file:
                return [item.from_frame(frame) for frame in frameset.read(file)]
        wanted = list(members or () if items is None else items)
        if members is not None and items is not None:
            missing = next((number for number in wanted if not 0 <= number < len(members)), None)
            if missing is not None:
                raise UnpackError(f"there is no item {missing}", remedy=f"There are {len(members)}, counted from 0.")
            wanted = [members[number] for number in wanted]
        places = list(dict.fromkeys(wanted))
        with self.open_file(folder) as file:
            found = {place: item.from_frame(frame) for place, frame in zip(places, frameset.read(file, places), strict=True)}
        return [found[place] for place in wanted]

    def describe(self, obj: list[Any]) -> dict[str, Any]:
        """Give their number, and the shapes of the first."""
        return {"items": len(obj), "first": [list(each.shape) for each in obj[:FIRST]]}

    def preview(self, obj: list[Any]) -> dict[str, Any]:
        """Give a table of the first: how many rows and which columns each has."""
        item = self.ITEM()
        frames = [item.to_frame(each) for each in obj[: summary.ROWS]]
        rows = [[str(len(frame)), ", ".join(summary.cell(label) for label in frame.columns[:FIRST])] for frame in frames]
        return {"table": {"columns": ["rows", "columns"], "rows": rows, "shape": [len(obj), 2]}}


class SeriesListPackager(FrameListPackager):
    """Pack a list of series."""

    ITEM = SeriesPackager
