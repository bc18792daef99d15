"""The packagers of NumPy's own kinds of array: masked arrays, record arrays and matrices."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from packagers import DefaultPackager, Instructions, PackError, UnpackError
from packagers_numpy import npz, summary
from packagers_numpy.dtypes import Layout

Array = np.ndarray[Any, Any]


class _ViewPackager(summary.Summarised, DefaultPackager):
    """A kind of array that is another view of a plain one."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"npz": "data"})
    DETERMINISTIC = frozenset({"npz"})
    VIEW: type[Any]
    pack_result = None  # type: ignore[assignment]  # how a packager says that it has no such artifact type
    unpack_result = None  # type: ignore[assignment]

    def pack_file(self, obj: Array, folder: Path, *, format: Literal["npz"] = "npz", compressed: bool = False) -> Instructions:
        """Write ``array.npz`` with one member, ``data``.

        Args:
            obj: The array.
            folder: Where to write.
            format: The format.
            compressed: Deflate it.
        """
        with self.create_file(folder, "array.npz") as stream:
            layouts = npz.write(stream, [("data", obj.view(np.ndarray))], compressed=compressed)
        return {"layouts": layouts} if layouts else {}

    def unpack_file(self, folder: Path, *, format: Literal["npz"] = "npz", layouts: dict[str, Layout] | None = None) -> Any:
        """Read what :meth:`pack_file` wrote, or a plain file with one array.

        Args:
            folder: Holds the one file.
            format: The format.
            layouts: The dtype where the file cannot say all of it; recorded.
        """
        path = self.only_file(folder)
        with npz.Archive(path) as archive:
            if len(archive.names) != 1:
                raise UnpackError(f"the npz file holds {len(archive.names)} arrays, and one is expected", file=path)
            return archive.read(layouts=layouts)[0].view(self.VIEW)


class RecarrayPackager(_ViewPackager):
    """Pack a record array."""

    VIEW = np.recarray


class MatrixPackager(_ViewPackager):
    """Pack a matrix."""

    VIEW = np.matrix


class MaskedArrayPackager(summary.Summarised, DefaultPackager):
    """Pack a masked array: its data, also what is masked, its mask and its fill value."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = MappingProxyType({"npz": "data"})
    DETERMINISTIC = frozenset({"npz"})
    LOSSY = frozenset({"object"})  # NumPy's own pickle of a masked array forgets whether its mask is hard
    pack_result = None  # type: ignore[assignment]  # how a packager says that it has no such artifact type
    unpack_result = None  # type: ignore[assignment]

    def pack_file(
        self, obj: np.ma.MaskedArray[Any, Any], folder: Path, *, format: Literal["npz"] = "npz", compressed: bool = False
    ) -> Instructions:
        """Write ``array.npz`` with the members ``data``, ``mask`` where there is one and ``fill_value`` where it is not the default.

        Args:
            obj: The array.
            folder: Where to write.
            format: The format.
            compressed: Deflate it.

        Raises:
            PackError: Where the data below the mask is of another class than ``numpy.ndarray``.
        """
        if obj.baseclass is not np.ndarray:
            raise PackError(
                f"a masked array over {obj.baseclass.__qualname__} would come back as one over numpy.ndarray",
                remedy="Ask for artifact_type 'object'.",
            )
        members = {"data": np.ma.getdata(obj)}
        # Asking a masked array for its fill value stores the default in it: a view is asked, and the input stays as it was.
        fill_value = np.asarray(obj.view().fill_value, obj.dtype if obj.dtype.hasobject else None)
        # Compared as it is: the default for integers has no room in those of 16 bits.
        if not np.array_equal(fill_value, np.asarray(np.ma.default_fill_value(obj))):
            members["fill_value"] = fill_value
        if obj.mask is not np.ma.nomask:
            members["mask"] = np.ma.getmaskarray(obj)
        instructions: dict[str, Any] = {"hard_mask": True} if obj.hardmask else {}
        with self.create_file(folder, "array.npz") as stream:
            layouts = npz.write(stream, members.items(), compressed=compressed)
        return {**instructions, "layouts": layouts} if layouts else instructions

    def unpack_file(
        self, folder: Path, *, format: Literal["npz"] = "npz", layouts: dict[str, Layout] | None = None, hard_mask: bool = False
    ) -> np.ma.MaskedArray[Any, Any]:
        """Read what :meth:`pack_file` wrote, or a plain file with such members.

        Args:
            folder: Holds the one file.
            format: The format.
            layouts: The dtypes where the file cannot say all of them; recorded.
            hard_mask: Whether masked values stay masked when they are assigned to; recorded.

        Raises:
            UnpackError: Where there is no member ``data``, or the others do not fit it.
        """
        path = self.only_file(folder)
        with npz.Archive(path) as archive:
            arrays = dict(zip(archive.names, archive.read(layouts=layouts), strict=True))
        if "data" not in arrays:
            raise UnpackError("the npz file has no member 'data'", file=path)
        fill_value: Any = arrays.get("fill_value")
        try:
            return np.ma.MaskedArray(
                arrays["data"],
                mask=arrays.get("mask", np.ma.nomask),
                fill_value=None if fill_value is None else fill_value[()],
                hard_mask=hard_mask,
            )
        except (np.ma.MaskError, TypeError, ValueError) as error:
            raise UnpackError(f"the members of the npz file make no masked array: {error}", file=path) from error
