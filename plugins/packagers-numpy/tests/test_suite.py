"""The suite that every packager passes, for the types of NumPy."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from packagers.testing import PackagerSuite, alike


def same_array(left: Any, right: Any) -> None:
    """Compare two arrays in all that NumPy shows: dtype, order, and every item."""
    assert (left.dtype, left.shape, type(left)) == (right.dtype, right.shape, type(right))
    assert (left.dtype.metadata or {}) == (right.dtype.metadata or {})
    assert not left.flags.fnc or right.flags.fnc
    np.testing.assert_array_equal(left, right)


class TestArrays(PackagerSuite):
    type_path = "numpy.ndarray"

    def samples(self) -> dict[str, Any]:
        return {
            "table": np.arange(6, dtype="i2").reshape(2, 3),
            "row": np.array([0.1, np.nan, -np.inf]),
            "Fortran": np.asfortranarray(np.eye(3)),
            "strided": np.arange(10)[::3],
            "scalar": np.array(2.5),
            "empty": np.zeros((0, 3), dtype="M8[ns]"),
            "big-endian": np.arange(3, dtype=">f4"),
            "records": np.array([(1, "a")], dtype=[("x", "i4"), ("y", "U3")]),
            "objects": np.array([None, {"a": 1}, "text"], dtype=object),
            "read-only": np.broadcast_to(np.arange(2), (2, 2)),
        }

    same = staticmethod(same_array)  # type: ignore[assignment]


class TestMappedArrays(PackagerSuite):
    type_path = "numpy.memmap"

    def samples(self) -> list[Any]:
        with tempfile.TemporaryDirectory() as folder:
            mapped = np.memmap(Path(folder, "values"), dtype="f8", shape=(3, 2), mode="w+")
            mapped[:] = [[1, 2], [3, 4], [5, np.nan]]
            return [mapped]

    same = staticmethod(same_array)  # type: ignore[assignment]


class TestMaskedArrays(PackagerSuite):
    type_path = "numpy.ma.MaskedArray"

    def samples(self) -> list[Any]:
        return [
            np.ma.masked_array([1, 2, 3], [0, 1, 0], fill_value=7),
            np.ma.masked_array(np.eye(2)),
            np.ma.masked_array([], hard_mask=True),
        ]

    def same(self, left: Any, right: Any) -> None:
        same_array(left.data, right.data)
        np.testing.assert_array_equal(np.ma.getmaskarray(left), np.ma.getmaskarray(right))
        assert (left.fill_value, left.hardmask) == (right.fill_value, right.hardmask)


class TestRecordArrays(PackagerSuite):
    type_path = "numpy.recarray"

    def samples(self) -> list[Any]:
        made = np.rec.array([(1, 2.5, "a"), (2, -0.5, "b")], names="x,y,z")
        return [made, made[:0]]

    same = staticmethod(same_array)  # type: ignore[assignment]


class TestMatrices(PackagerSuite):
    type_path = "numpy.matrix"

    def samples(self) -> list[Any]:
        return [np.eye(2).view(np.matrix), np.zeros((0, 2)).view(np.matrix)]

    same = staticmethod(same_array)  # type: ignore[assignment]


class TestScalars(PackagerSuite):
    type_path = "numpy.generic"

    def samples(self) -> list[Any]:
        return [
            np.float32(0.1),
            np.float64("nan"),
            np.longdouble(1) / 3,
            np.bool_(True),
            np.uint64(2**64 - 1),
            np.complex64(1 - 2j),
            np.datetime64("2020-01-01", "ns"),
            np.timedelta64("NaT"),
            np.str_("\ud800 text"),
            np.bytes_(b"a\0b"),
            np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")])[0],
        ]

    def same(self, left: Any, right: Any) -> None:
        same_array(np.asarray(left), np.asarray(right))


class TestDtypes(PackagerSuite):
    type_path = "numpy.dtype"
    exact_type = False  # each dtype has a class of its own

    def samples(self) -> list[Any]:
        return [
            np.dtype(">i2"),
            np.dtype("M8[us]"),
            np.dtype("U5"),
            np.dtype(object),
            np.dtype([("a", "i4"), ("b", "f8", (2,))], align=True),
        ]

    def same(self, left: Any, right: Any) -> bool:
        return bool(left == right and left.isalignedstruct == right.isalignedstruct)


class TestGenerators(PackagerSuite):
    type_path = "numpy.random.Generator"

    def samples(self) -> list[Any]:
        kinds = (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64)
        made = [np.random.Generator(kind(7)) for kind in kinds]
        made[0].random(5)
        return made

    def same(self, left: Any, right: Any) -> bool:
        return type(left.bit_generator) is type(right.bit_generator) and alike(left.bit_generator.state, right.bit_generator.state)


class TestArrayDicts(PackagerSuite):
    type_path = "dict[str, numpy.ndarray]"

    def samples(self) -> list[Any]:
        return [{"file": np.arange(3), "a/b": np.eye(2), "": np.array("text")}, {"one": np.zeros(0)}]


class TestArrayLists(PackagerSuite):
    type_path = "list[numpy.ndarray]"

    def samples(self) -> list[Any]:
        return [[np.arange(3), np.eye(2)], [np.array(1)]]


class TestArrayTuples(PackagerSuite):
    type_path = "tuple[numpy.ndarray, ...]"

    def samples(self) -> list[Any]:
        return [(np.arange(3), np.eye(2, dtype="c8")), (np.array(1),)]


class TestArrayStreams(PackagerSuite):
    type_path = "Iterator[numpy.ndarray]"

    def samples(self) -> list[Any]:
        arrays = [np.arange(3), np.eye(2, dtype="c8"), np.zeros(2, np.dtype("i1,i8", align=True))]
        return [iter(arrays), (array for array in arrays[:1])]

    def same(self, left: Any, right: Any) -> None:
        for ours, theirs in zip(left, right, strict=True):
            same_array(ours, theirs)
