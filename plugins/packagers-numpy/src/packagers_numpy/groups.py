"""The packagers of plain collections of arrays, each one ``npz`` file: dicts by text, lists and tuples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from packagers import Instructions, Packager, PackError, UnpackError
from packagers_numpy import columns, npz, summary, values
from packagers_numpy.dtypes import Layout

Array = np.ndarray[Any, Any]
FILE = "arrays.npz"


class _CollectionPackager(Packager):
    """What the three have in common. An array that stands in several places is written once and comes back as one array."""

    READERS = MappingProxyType({"npz": "data", "result": "data"})
    DETERMINISTIC = frozenset({"npz", "result"})
    PARTIAL = frozenset({"npz"})

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give the number of arrays and the facts of the first."""
        named = list(_named(obj, 20))
        return {"arrays": len(obj), "first": {name[:100]: summary.describe(array) for name, array in named}}

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give a table of the first arrays."""
        rows = [[name[:100], str(array.dtype)[:100], str(array.shape)] for name, array in _named(obj, 20)]
        return {"table": {"columns": ["name", "dtype", "shape"], "rows": rows}}


class ArrayDictPackager(_CollectionPackager):
    """Pack a dict of arrays under any text."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"npz": "data", "parquet": "data", "result": "data"})
    PARTIAL = frozenset({"npz", "parquet"})
    CALLER_OPTIONS = frozenset({"keys"})

    def pack_file(self, obj: dict[str, Array], folder: Path, *, format: Literal["npz"] = "npz", compressed: bool = False) -> Instructions:
        """Write ``arrays.npz``; the keys are the names in it where ``numpy.load`` can read all of them.

        Args:
            obj: The arrays by key.
            folder: Where to write.
            format: The format.
            compressed: Deflate them.

        Raises:
            PackError: For keys that are no text, and values that are no arrays.
        """
        strange = next((key for key in obj if type(key) is not str), None)
        if strange is not None:
            raise PackError(f"the key {strange!r} is no text", remedy="Use text as keys, or ask for artifact_type 'object'.")
        return _write(folder, list(obj.values()), list(obj), compressed=compressed)

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["npz"] = "npz",
        keys: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
        members: Sequence[int] | None = None,
        layouts: dict[str, Layout] | None = None,
    ) -> dict[str, Array]:
        """Read what :meth:`pack_file` wrote, or a plain file.

        Args:
            folder: Holds the one file.
            format: The format.
            keys: The keys to read, in this order; all, if unsaid. Other arrays are not read.
            names: The keys of all arrays, where the file cannot say them; recorded.
            members: For each key the position of its array in the file, where one is shared; recorded.
            layouts: The dtypes where the file cannot say all of them; recorded.

        Raises:
            UnpackError: For a key that is not there.
        """
        if isinstance(keys, str):
            raise UnpackError(f"keys={keys!r} is one key, and several are expected", remedy=f"Give keys=[{keys!r}].")
        with ExitStack() as stack:
            source = self.only_file(folder) if keys is None else stack.enter_context(self.open_file(folder))
            archive = stack.enter_context(npz.Archive(source))
            numbered = archive.names if members is None else [f"arr_{position}" for position in range(len(members))]
            stored = numbered if names is None else list(names)
            places = dict(zip(stored, range(len(stored)) if members is None else members, strict=False))
            chosen = stored if keys is None else list(keys)
            missing = next((key for key in chosen if key not in places), None)
            if missing is not None:
                raise UnpackError(f"there is no array {missing!r}", remedy=f"There are: {', '.join(map(repr, stored[:20]))}.")
            return dict(zip(chosen, archive.read((places[key] for key in chosen), layouts), strict=True))

    def unpack_dataset(
        self, folder: Path, *, format: Literal["parquet"] = "parquet", keys: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Read the columns of a table, whoever wrote it; needs pyarrow.

        Args:
            folder: Holds the one file.
            format: Its format.
            keys: The columns to read, in this order; all, if unsaid. Others are not read.

        Raises:
            UnpackError: For a column that is no array, or not there.
        """
        if keys is None:
            return columns.read_columns(self.only_file(folder))
        with self.open_file(folder) as file:
            return columns.read_columns(file, keys)

    def pack_result(self, obj: dict[str, Array]) -> dict[str, Any]:
        """Record each array; for small ones."""
        return {key: values.from_array(array) for key, array in obj.items()}

    def unpack_result(self, value: Any) -> dict[str, Array]:
        """Give the arrays again."""
        if not isinstance(value, dict):
            raise UnpackError(f"the recorded {type(value).__qualname__} makes no dict of arrays")
        return {key: values.to_array(item) for key, item in value.items()}


class ArrayListPackager(_CollectionPackager):
    """Pack a list of arrays."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    BUILDS: type[Any] = list

    def pack_file(self, obj: Sequence[Array], folder: Path, *, format: Literal["npz"] = "npz", compressed: bool = False) -> Instructions:
        """Write ``arrays.npz`` with the members ``arr_0``, ``arr_1``, ….

        Args:
            obj: The arrays.
            folder: Where to write.
            format: The format.
            compressed: Deflate them.
        """
        return _write(folder, list(obj), None, compressed=compressed)

    def unpack_file(
        self,
        folder: Path,
        *,
        format: Literal["npz"] = "npz",
        names: Sequence[str] | None = None,
        members: Sequence[int] | None = None,
        layouts: dict[str, Layout] | None = None,
    ) -> Any:
        """Read what :meth:`pack_file` wrote, or the arrays of a plain file in its order.

        Args:
            folder: Holds the one file.
            format: The format.
            names: Recorded where a dict of arrays was packed.
            members: For each item the position of its array in the file, where one is shared; recorded.
            layouts: The dtypes where the file cannot say all of them; recorded.
        """
        with npz.Archive(self.only_file(folder)) as archive:
            return self.BUILDS(archive.read(members, layouts))

    def pack_result(self, obj: Sequence[Array]) -> list[Any]:
        """Record each array; for small ones."""
        return [values.from_array(array) for array in obj]

    def unpack_result(self, value: Any) -> Any:
        """Give the arrays again."""
        if not isinstance(value, (list, tuple)):
            raise UnpackError(f"the recorded {type(value).__qualname__} makes no {self.BUILDS.__name__} of arrays")
        return self.BUILDS(values.to_array(item) for item in value)


class ArrayTuplePackager(ArrayListPackager):
    """Pack a tuple of arrays."""

    BUILDS = tuple


def _write(folder: Path, arrays: list[Array], keys: list[str] | None, *, compressed: bool) -> Instructions:
    """Write each array once; record what the names in the file do not say."""
    places: dict[int, int] = {}
    members = [places.setdefault(id(array), len(places)) for array in arrays]
    shared = len(places) < len(arrays)
    named = keys is not None and not shared and npz.is_plain(keys)
    unique: dict[str, Array] = {}
    for position, (member, array) in enumerate(zip(members, arrays, strict=True)):
        unique.setdefault(keys[position] if named and keys is not None else f"arr_{member}", array)
    instructions: dict[str, Any] = {}
    if keys is not None and not named:
        instructions["names"] = keys
    if shared:
        instructions["members"] = members
    with Packager.create_file(folder, FILE) as stream:
        layouts = npz.write(stream, unique.items(), compressed=compressed)
    return {**instructions, "layouts": layouts} if layouts else instructions


def _named(obj: Any, count: int) -> Iterable[tuple[str, Array]]:
    """Give the first arrays with their keys or positions."""
    items = obj.items() if isinstance(obj, dict) else enumerate(obj)
    return [(str(name), array) for (name, array), _ in zip(items, range(count), strict=False)]
