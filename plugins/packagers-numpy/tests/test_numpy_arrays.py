"""An array comes back equal, with its dtype, shape and order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hypothesis_numpy

from packagers import PackError, UnpackError, UntrustedPackageError
from packagers.policy import unpacking
from packagers_numpy import dtypes
from packagers_numpy.arrays import ArrayPackager, MemmapPackager
from packagers_numpy.padding import cleared

RECORD = np.dtype([("a", "<i4"), ("b", [("c", ">f8"), ("d", "U3")], (2,))])
ARRAYS = {
    "plain": np.arange(12.0).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "fortran, 3 dimensions": np.arange(24).reshape(2, 3, 4).T,
    "0-d": np.array(5.5),
    "empty": np.empty((0, 3), "f4"),
    "empty, other side": np.empty((3, 0), "i2"),
    "no dimensions at all": np.empty((0,), "c16"),
    "view": np.arange(100)[::-7],
    "view of two dimensions": np.arange(100).reshape(10, 10)[1:7:2, ::-3],
    "broadcast": np.broadcast_to(np.arange(3), (4, 3)),
    "big endian": np.arange(5, dtype=">i8"),
    "odd floats": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]),
    "half": np.array([1.5, np.nan], "f2"),
    "long double": np.array([np.longdouble(1) / 3, np.longdouble("nan")]),
    "long complex": np.array([np.clongdouble(1j) / 3]),
    "complex": np.array([1 + 2j, complex(np.nan, -0.0)], "c8"),
    "bool": np.array([[True, False]]),
    "uint64": np.array([0, 2**64 - 1], "u8"),
    "longlong": np.array([1, 2], np.longlong),
    "text": np.array(["", "Zürich", "日本", "\ud800", "a\0b"]),
    "bytes": np.array([b"", b"a\xff", b"abc"]),
    "text of no width": np.array(["", ""], "U0"),
    "datetime": np.array(["2020-01-01", "NaT", "-0044-03-15"], "M8[D]"),
    "datetime of 25 us": np.array([1, 2], "M8[25us]"),
    "datetime without unit": np.array(["NaT"], "M8"),
    "timedelta": np.array([1, -1], "m8[fs]"),
    "void": np.array([b"abcd", b"\0\0\0\0"], "V4"),
    "structured": np.zeros((2, 3), RECORD),
    "records": np.zeros(3, np.dtype((np.record, RECORD))),
    "aligned": np.zeros(2, np.dtype("i1,i8", align=True)),
    "titles": np.zeros(2, [(("a title", "a"), "i4")]),
    "fields out of order": np.ones(3, np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [4, 0]})),
    "overlapping fields": np.ones(3, np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 1]})),
    "gap at the end": np.ones(3, np.dtype({"names": ["a"], "formats": ["i4"], "itemsize": 12})),
    "many fields": np.zeros(2, [(f"field number {i}", "f8") for i in range(2000)]),
    "field names beyond latin-1": np.zeros(2, [("日本", "f8"), ("é", "i4")]),
}
OBJECTS = {
    "objects": np.array([1, "a", None, [1, 2], {"x": (1,)}], dtype=object),
    "objects, fortran": np.asfortranarray(np.array([[1, "a"], [None, 2.5]], dtype=object)),
    "0-d object": np.array({"a": 1}, dtype=object),
    "objects in fields": np.array([(1, "x"), (2, None)], [("a", "i4"), ("b", "O")]),
    "records with objects": np.array([(1, "x")], np.dtype((np.record, [("a", "i4"), ("b", "O")]))),
}
if hasattr(np.dtypes, "StringDType"):  # since NumPy 2
    OBJECTS |= {
        "variable-width text": np.array(["", "Zürich", "a\0"], np.dtypes.StringDType()),
        "variable-width text with None": np.array(["a", None], np.dtypes.StringDType(na_object=None, coerce=False)),
        "variable-width text with nan": np.array(["a", np.nan], np.dtypes.StringDType(na_object=np.nan)),
    }


def assert_same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    assert left.shape == right.shape
    assert dtypes.same(left.dtype, right.dtype) or dtypes.is_text(left.dtype)
    assert left.dtype == right.dtype
    if left.dtype.hasobject:
        np.testing.assert_array_equal(left, right)
    else:
        assert cleared(left).tobytes() == cleared(right).tobytes()
    plain = right.flags.c_contiguous or right.flags.f_contiguous
    assert not plain or left.flags.f_contiguous == right.flags.f_contiguous


@pytest.mark.parametrize("format", ["npy", "npz"])
@pytest.mark.parametrize("array", (ARRAYS | OBJECTS).values(), ids=(ARRAYS | OBJECTS).keys())
def test_an_array_comes_back(trip: Any, array: Any, format: str) -> None:
    before, flags = array.tobytes(), str(array.flags)
    assert_same(trip(ArrayPackager(), array, format=format), array)
    assert str(array.flags) == flags
    assert before == array.tobytes()


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
def test_an_array_of_data_is_read_without_trust(trip: Any, array: Any) -> None:
    assert_same(trip(ArrayPackager(), array, owned=False), array)


@pytest.mark.parametrize("format", ["npy", "npz"])
@pytest.mark.parametrize("array", OBJECTS.values(), ids=OBJECTS.keys())
def test_objects_of_others_are_refused_before_they_are_decoded(trip: Any, array: Any, format: str) -> None:
    with pytest.raises(UntrustedPackageError):
        trip(ArrayPackager(), array, owned=False, format=format)


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
def test_an_array_is_mapped(trip: Any, array: Any) -> None:
    for mode, writeable in (("r", False), ("c", True)):
        mapped = trip(ArrayPackager(), array, unpack={"mmap_mode": mode})
        assert isinstance(mapped, np.memmap)
        assert mapped.flags.writeable is writeable
        assert_same(mapped.view(np.ndarray), array)


def test_what_is_written_to_a_mapped_array_stays_in_memory(tmp_path: Path) -> None:
    ArrayPackager().pack_file(np.zeros(3), tmp_path)
    before = (tmp_path / "array.npy").read_bytes()
    mapped = ArrayPackager().unpack_file(tmp_path, mmap_mode="c")
    mapped[0] = 5
    assert (tmp_path / "array.npy").read_bytes() == before


def test_a_mapped_array_comes_back_mapped(trip: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    back = trip(MemmapPackager(), np.load(tmp_path / "a.npy", mmap_mode="r"))
    assert type(back) is np.memmap
    assert back.tolist() == [0, 1, 2, 3, 4]


def test_only_npy_can_be_mapped(trip: Any) -> None:
    with pytest.raises(UnpackError, match="not read with the option 'mmap_mode'"):
        trip(ArrayPackager(), np.zeros(3), format="npz", unpack={"mmap_mode": "r"})
    with pytest.raises(UnpackError, match="cannot be mapped"):
        trip(ArrayPackager(), OBJECTS["objects"], unpack={"mmap_mode": "r"})


@pytest.mark.parametrize("format", ["npy", "npz"])
@given(
    array=hypothesis_numpy.arrays(
        hypothesis_numpy.scalar_dtypes() | hypothesis_numpy.nested_dtypes(), hypothesis_numpy.array_shapes(min_dims=0, min_side=0)
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_array_comes_back(trip: Any, array: Any, format: str) -> None:
    assert_same(trip(ArrayPackager(), array, format=format), array)


@pytest.mark.parametrize(
    "name", [name for name in ARRAYS | OBJECTS if name not in ("objects", "0-d object", "objects in fields", "records with objects")]
)
def test_an_array_is_a_result(name: str) -> None:
    array = (ARRAYS | OBJECTS)[name]
    assert_same(ArrayPackager().unpack_result(ArrayPackager().pack_result(array)), array)


@pytest.mark.parametrize("name", ["objects", "0-d object", "objects in fields"])
def test_a_result_holds_plain_values_only(name: str) -> None:
    with pytest.raises(PackError):
        ArrayPackager().pack_result(OBJECTS[name])


def test_a_recorded_list_makes_an_array() -> None:
    assert_same(ArrayPackager().unpack_result([1.5, 2]), np.array([1.5, 2.0]))
    with pytest.raises(UnpackError):
        ArrayPackager().unpack_result([{}, 2])


@pytest.mark.parametrize(
    "value",
    [
        {"dtype": "O", "shape": [1], "data": b"\1\0\0\0\0\0\0\0"},
        {"dtype": "<f8", "shape": [3], "data": b""},
        {"dtype": "<f8"},
        {"dtype": "nonsense", "shape": [1], "data": [1]},
        {"dtype": "<i8", "shape": [2], "data": [1]},
    ],
)
def test_a_forged_result_is_refused(value: Any) -> None:
    with pytest.raises(UnpackError):
        ArrayPackager().unpack_result(value)


def test_a_dtype_of_another_library_or_with_metadata_is_refused(trip: Any) -> None:
    with pytest.raises(PackError, match="losing part"):
        trip(ArrayPackager(), np.zeros(2, np.dtype("i4", metadata={"unit": "m"})))


def test_a_subclass_is_not_turned_into_its_parent(trip: Any) -> None:
    with pytest.raises(PackError, match="come back as a plain"):
        trip(ArrayPackager(), np.ma.masked_array([1, 2], [0, 1]))


def test_an_object_that_cannot_be_pickled_is_named(trip: Any) -> None:
    with pytest.raises(PackError, match="pickle"):
        trip(ArrayPackager(), np.array([lambda: 0], dtype=object))


def test_equal_arrays_make_equal_files(tmp_path: Path) -> None:
    for format in ("npy", "npz", "csv", "txt", "txt.gz"):
        for folder in ("a", "b"):
            (tmp_path / format / folder).mkdir(parents=True)
            ArrayPackager().pack_file(np.arange(6.0).reshape(2, 3), tmp_path / format / folder, format=format)
        first, second = ((tmp_path / format / folder / f"array.{format}").read_bytes() for folder in ("a", "b"))
        assert first == second


@pytest.mark.parametrize("name", ["aligned", "gap at the end", "long double", "long complex", "fields out of order", "structured"])
def test_bytes_that_belong_to_no_value_are_not_written(tmp_path: Path, name: str) -> None:
    files = []
    for filler in (0x00, 0xAA):
        array = np.frombuffer(bytearray([filler]) * ARRAYS[name].nbytes, ARRAYS[name].dtype).copy()
        for field in array.dtype.names or ():
            array[field] = np.zeros((), array.dtype)[field]
        if array.dtype.names is None:
            array[:] = ARRAYS[name]
        folder = tmp_path / str(filler)
        folder.mkdir()
        ArrayPackager().pack_file(array, folder)
        files.append((folder / "array.npy").read_bytes())
    assert files[0] == files[1]


def test_numpy_reads_the_files(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3)
    for format in ("npy", "npz"):
        ArrayPackager().pack_file(array, tmp_path, format=format)
    np.testing.assert_array_equal(np.load(tmp_path / "array.npy"), array)
    with np.load(tmp_path / "array.npz") as members:
        np.testing.assert_array_equal(members["arr_0"], array)


@pytest.mark.parametrize("change", ["truncate", "extend", "magic", "header", "shape"])
def test_a_damaged_file_is_an_unpack_error(tmp_path: Path, change: str) -> None:
    ArrayPackager().pack_file(np.arange(10), tmp_path)
    path = tmp_path / "array.npy"
    data = path.read_bytes()
    path.write_bytes(
        {
            "truncate": data[:-3],
            "extend": data + b"x",
            "magic": b"X" + data[1:],
            "header": data.replace(b"'descr'", b"'dexcr'"),
            "shape": data.replace(b"(10,), }   ", b"(10**11,)}"),
        }[change]
    )
    with unpacking("there", False, "own"), pytest.raises(UnpackError):
        ArrayPackager().unpack_file(tmp_path)


def test_a_huge_claim_makes_no_room(tmp_path: Path) -> None:
    ArrayPackager().pack_file(np.arange(10), tmp_path)
    path = tmp_path / "array.npy"
    path.write_bytes(path.read_bytes().replace(b"(10,), }            ", b"(10000000000000,), }"))
    with pytest.raises(UnpackError, match="shorter or longer"):
        ArrayPackager().unpack_file(tmp_path)
