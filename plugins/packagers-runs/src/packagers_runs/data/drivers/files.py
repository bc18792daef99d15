"""The base of the drivers that write files: one, or a folder of them."""

from __future__ import annotations

import abc
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import attrs

from packagers_runs.data.columntypes import arrow_schema, as_table
from packagers_runs.data.drivers.driver import DataDriver, Reading, Writing, Written
from packagers_runs.data.drivers.partitions import folder_values, outside
from packagers_runs.data.drivers.stores import Store, explained
from packagers_runs.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "_common_metadata"
"""The file of a folder that holds the columns and types of all its parts, in the convention of Parquet data sets."""


class FileDriver(DataDriver):
    """Reads and writes files of one format, or folders of them; a subclass says how one file is read and written."""

    SUFFIXES: ClassVar[tuple[str, ...]] = ()
    """How the names of its files end; new ones end in the first."""
    PARTITIONED = True

    @abc.abstractmethod
    def read_file(self, file: BinaryIO, reading: Reading) -> Iterator[pd.DataFrame]:
        """Read one file, part by part, at least one part (which may have no rows).

        Args:
            file: It, seekable; only what is read is fetched.
            reading: What is needed of it, as for ``read``.
        """

    @abc.abstractmethod
    def write_file(self, frames: Iterator[pd.DataFrame], file: BinaryIO, writing: Writing) -> None:
        """Write one file.

        Args:
            frames: Its data, part by part, at least one.
            file: Where to.
            writing: How, as for ``write``.
        """

    def single(self, path: Any) -> bool:
        """Tell whether a path names one file: it ends as the files of this format do."""
        return isinstance(path, str) and path.endswith(self.SUFFIXES)

    def read(self, reading: Reading) -> Iterator[pd.DataFrame]:
        """Read the file, or the files of the folder; those whose folders exclude the window are left alone."""
        with explained(reading.path, "read"):
            store = Store(reading.path, reading.storage_options)
            names = store.files()
            folders = {name: folder_values(store.below(name)) for name in names}
            types = _schema_of(store)
            known = {name: types.field(name).type for name in types.names} if types is not None else _guessed(folders.values())
            kept = [n for n in names if not (reading.partitioned_by_time and outside(folders[n], reading.window))] or names[:1]
            if not kept:
                yield _empty(types)
            for name in kept:
                values = {level: value for level, value in folders[name].items() if level in known}
                with store.open(name) as file:
                    for frame in self.read_file(file, _asked(reading, values, types)):
                        yield _completed(frame, values, known, types)

    def write(self, writing: Writing, frames: Iterable[pd.DataFrame]) -> Written:
        """Write one file, or a folder of files."""
        with explained(writing.path, "written"):
            store = Store(writing.path, writing.storage_options)
            given = _nonempty(frames)
            if self.single(writing.path) and writing.partitions is None:
                if writing.append:
                    raise DataError(
                        "rows cannot be added to one file at one stroke",
                        remedy="Give the path of a folder, to which each write adds a file.",
                    )
                if store.names():
                    raise DataError("there is a folder of this name", remedy="Remove it, or choose another path.")
                store.write_file(lambda file: self.write_file(given, file, writing))
            else:
                self._check_folder(store)
                known = _schema_of(store) if writing.append else None
                store.write_folder(lambda folder: self._fill(folder, given, writing, known), append=writing.append)
            return Written(size=store.size())

    def _fill(self, folder: Path, frames: Iterator[pd.DataFrame], writing: Writing, known: Any) -> None:
        import pyarrow.parquet as pq

        said = arrow_schema(writing.schema) if writing.schema else None
        if known is not None and said is not None and not known.equals(said):
            raise DataError("the target's schema is not that of what is there", remedy="Leave it out, or write without append.")
        schema = known if known is not None else said
        run = secrets.token_hex(8)
        for number, frame in enumerate(frames):
            schema = as_table(frame, schema).schema
            parts = writing.partitions.split(frame) if writing.partitions else [("", frame)]
            for below, part in parts:
                path = folder / below / f"part-{run}-{number}{self.SUFFIXES[0]}"
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    self.write_file(iter([part]), file, _narrowed(writing, schema, part))
        pq.write_metadata(schema, folder / SCHEMA)

    def _check_folder(self, store: Store) -> None:
        """Check that nothing else than data of this format would be replaced."""
        if store.is_file():
            raise DataError("there is a file of this name, and the target is a folder", remedy="Remove it, or choose another path.")
        strange = [
            name for name in store.names() if not name.endswith((*self.SUFFIXES, ".crc")) and not name.rpartition("/")[2].startswith("_")
        ]
        if strange:
            raise DataError(f"the folder holds {strange[0]!r}, which is no data of this kind", remedy="Choose a folder of its own.")


def _nonempty(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    empty = True
    for frame in frames:
        empty = False
        yield frame
    if empty:
        raise DataError("there is no data, not even columns", remedy="Give at least one frame; it may have no rows.")


def _schema_of(store: Store) -> Any:
    if store.is_file():
        return None
    import pyarrow.parquet as pq

    try:
        with store.open_below(SCHEMA) as file:
            return pq.read_schema(file)
    except FileNotFoundError:
        return None


def _narrowed(writing: Writing, schema: Any, part: pd.DataFrame) -> Writing:
    """Give every file of a folder the types of the whole."""
    return attrs.evolve(writing, schema={field.name: field.type for field in schema if field.name in part.columns})


def _asked(reading: Reading, values: dict[str, Any], types: Any) -> Reading:
    """Ask a file for what it has itself, not for what its folders say, in the types of the whole."""
    schema = reading.schema or ({name: types.field(name).type for name in types.names} if types is not None else {})
    columns = reading.columns and tuple(name for name in reading.columns if name not in values)
    return attrs.evolve(reading, columns=columns, schema={name: kind for name, kind in schema.items() if name not in values})


def _empty(types: Any) -> Any:
    if types is None:
        raise DataError("the folder holds no data", remedy="Write to it first, or look at the path.")
    return types.empty_table().to_pandas()


def _completed(frame: pd.DataFrame, values: dict[str, Any], known: dict[str, Any], types: Any) -> pd.DataFrame:
    """Add what the folders say, and bring the columns into the order of the whole."""
    import pandas as pd
    import pyarrow as pa

    if not values:
        return frame
    columns = {
        name: pa.array([value], pa.string()).cast(known[name]).take(pa.array([0] * len(frame), pa.int64())).to_pandas()
        for name, value in values.items()
    }
    added = pd.DataFrame(columns)
    added.index = frame.index
    whole = pd.concat([frame, added], axis=1)
    return whole[[name for name in types.names if name in whole.columns]] if types is not None else whole


def _guessed(folders: Iterable[dict[str, str | None]]) -> dict[str, Any]:
    """Guess the types of what folders say as Arrow's own reader does: whole numbers, or text."""
    import pyarrow as pa

    found: dict[str, Any] = {}
    for values in folders:
        for name, value in values.items():
            number = value is None or (value.removeprefix("-").isdecimal() and len(value) < 10)
            found[name] = pa.int32() if number and found.get(name, pa.int32()) == pa.int32() else pa.string()
    return found
