"""Scalars, dtypes, generators, masked arrays, record arrays and matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packagers import PackError, UnpackError
from packagers_numpy import dtypes
from packagers_numpy.generators import GeneratorPackager
from packagers_numpy.scalars import DtypePackager, ScalarPackager
from packagers_numpy.subclasses import MaskedArrayPackager, MatrixPackager, RecarrayPackager

RECORD = np.dtype([("a", "i4"), ("b", "U3")])
SCALARS = [
    np.bool_(True),
    np.int8(-5),
    np.longlong(7),
    np.ulonglong(2**64 - 1),
    np.uint64(2**64 - 1),
    np.float16(1.5),
    np.float32(0.1),
    np.float64(-0.0),
    np.float64("nan"),
    np.longdouble(1) / 3,
    np.longdouble("-inf"),
    np.complex64(1 + 2j),
    np.complex128(complex("nan-0j")),
    np.clongdouble(1j) / 3,
    np.datetime64("2020-01-01T12", "h"),
    np.datetime64("NaT"),
    np.datetime64(5, "25us"),
    np.timedelta64(3, "Y"),
    np.timedelta64(3),
    np.str_("Zürich\0"),
    np.str_("\ud800"),
    np.str_(""),
    np.bytes_(b"a\0"),
    np.void(b"abc\0"),
    np.zeros(1, RECORD)[0],
    np.rec.array([(1, "x")], dtype=RECORD)[0],
]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: f"{type(scalar).__name__} {scalar!r}"[:40])
def test_a_scalar_comes_back(scalar: Any) -> None:
    packager = ScalarPackager()
    assert packager.holds(scalar)
    back = packager.unpack_result(packager.pack_result(scalar))
    assert type(back) is type(scalar)
    assert dtypes.same(back.dtype, scalar.dtype)
    np.testing.assert_array_equal(back, scalar)
    assert np.signbit(back) == np.signbit(scalar) if back.dtype.kind == "f" else True
    assert repr(back) == repr(scalar)


def test_every_scalar_type_is_held() -> None:
    for kind in "?bhilqpBHILQPefdgFDG":
        assert ScalarPackager().holds(np.dtype(kind).type(1))


def test_a_subclass_of_a_scalar_is_not_held() -> None:
    class Celsius(np.float64):
        pass

    assert not ScalarPackager().holds(Celsius(1.5))


def test_a_scalar_with_objects_and_a_forged_one_are_refused() -> None:
    with pytest.raises(PackError, match="Python objects"):
        ScalarPackager().pack_result(np.array([(1, [])], [("a", "i4"), ("b", "O")])[0])
    for value in ({"dtype": "O", "value": b"12345678"}, {"dtype": "i4", "value": "x"}, {}, {"dtype": "<f8", "value": b""}):
        with pytest.raises(UnpackError):
            ScalarPackager().unpack_result(value)


@pytest.mark.parametrize(
    "dtype",
    [
        "f8",
        ">i4",
        "U7",
        "S0",
        "M8[25us]",
        "O",
        "q",
        "V5",
        RECORD,
        np.dtype((np.record, RECORD)),
        np.dtype("i1,i8", align=True),
        np.dtype((np.int32, (2, 3))),
        np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [4, 0], "titles": ["x", None], "itemsize": 20}),
    ],
    ids=str,
)
def test_a_dtype_comes_back(dtype: Any) -> None:
    dtype = np.dtype(dtype)
    packager = DtypePackager()
    assert packager.holds(dtype)
    back = packager.unpack_result(packager.pack_result(dtype))
    assert type(back) is type(dtype)
    assert dtypes.same(back, dtype)


def test_a_dtype_of_variable_width_text_comes_back() -> None:
    kinds = [{}, {"na_object": None}, {"na_object": "-", "coerce": False}, {"na_object": np.nan}]
    for options in kinds if hasattr(np.dtypes, "StringDType") else []:  # since NumPy 2
        dtype = np.dtypes.StringDType(**options)
        assert DtypePackager().unpack_result(DtypePackager().pack_result(dtype)) == dtype


def test_a_dtype_with_metadata_is_not_held_and_a_forged_one_refused() -> None:
    assert not DtypePackager().holds(np.dtype("i4", metadata={"a": 1}))
    for layout in ("no such type", {"names": ["a"]}, 5, {"text": {}}, {"base": "i4", "shape": "x"}):
        with pytest.raises(UnpackError):
            DtypePackager().unpack_result(layout)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_goes_on_as_it_would_have(trip: Any, name: str) -> None:
    generator = np.random.Generator(getattr(np.random, name)([1, 2, 3]))
    generator.random(7, np.float32)
    generator.spawn(2)
    back = trip(GeneratorPackager(), generator)
    assert type(back) is np.random.Generator
    np.testing.assert_array_equal(back.integers(0, 2**40, 50), generator.integers(0, 2**40, 50))
    np.testing.assert_array_equal(back.random(9, np.float32), generator.random(9, np.float32))
    np.testing.assert_array_equal(back.spawn(3)[2].random(5), generator.spawn(3)[2].random(5))


def test_packing_does_not_advance_a_generator_and_forgery_is_refused(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    state = generator.bit_generator.state
    GeneratorPackager().pack_file(generator, tmp_path)
    assert generator.bit_generator.state == state
    for value in ({}, [], {"bit_generator": "os", "seed": {"spawn_key": []}, "state": {}}):
        with pytest.raises(UnpackError):
            GeneratorPackager().unpack_result(value)


MASKED = [
    np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]),
    np.ma.masked_array([1, 2, 3]),
    np.ma.masked_array([1, 2, 3], mask=False),
    np.ma.masked_array([1, 2, 3], [1, 1, 1], fill_value=7, hard_mask=True),
    np.ma.masked_array(np.zeros(2, RECORD), [(0, 1), (1, 1)]),
    np.ma.masked_array(["a", "b"], [0, 1]),
    np.ma.masked_array(5.0, True),
    np.ma.masked_array(np.array(["2020", "NaT"], "M8[D]"), [0, 1]),
    np.ma.masked_array(np.asfortranarray(np.eye(3)), np.eye(3)),
    np.ma.masked_array(np.array([[1], None], dtype=object), [0, 1]),
    np.ma.masked_array(np.empty((0, 3))),
]


@pytest.mark.parametrize("array", MASKED, ids=str)
def test_a_masked_array_comes_back(trip: Any, array: Any) -> None:
    before = dict(vars(array))
    back = trip(MaskedArrayPackager(), array)
    assert {name: repr(value) for name, value in vars(array).items()} == {name: repr(value) for name, value in before.items()}
    assert type(back) is np.ma.MaskedArray
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back.data, array.data)
    np.testing.assert_array_equal(back.mask, array.mask)
    assert (back.mask is np.ma.nomask) == (array.mask is np.ma.nomask)
    np.testing.assert_array_equal(back.fill_value, array.fill_value)
    assert back.hardmask == array.hardmask


def test_a_masked_matrix_is_refused(trip: Any) -> None:
    with pytest.raises(PackError, match="matrix"):
        trip(MaskedArrayPackager(), np.ma.masked_array(np.eye(2).view(np.matrix)))


@pytest.mark.parametrize(
    "array",
    [
        np.rec.array([(1, "x"), (2, "y")], dtype=RECORD),
        np.array([1, 2]).view(np.recarray),
        np.rec.array([(1, [2])], dtype=[("a", "i4"), ("b", "O")]),
    ],
)
def test_a_record_array_comes_back(trip: Any, array: Any) -> None:
    back = trip(RecarrayPackager(), array)
    assert type(back) is np.recarray
    assert dtypes.same(back.dtype, array.dtype)
    assert back.tolist() == array.tolist()
    assert type(back[0]) is type(array[0])


def test_a_matrix_comes_back(trip: Any) -> None:
    array = np.asfortranarray(np.eye(3)).view(np.matrix)
    back = trip(MatrixPackager(), array)
    assert type(back) is np.matrix
    np.testing.assert_array_equal(back, array)


def test_summaries() -> None:
    for array in MASKED:
        assert MaskedArrayPackager().describe(array)
        assert MaskedArrayPackager().preview(array)
    assert ScalarPackager().describe(np.int8(1)) == {"dtype": "int8"}
    assert GeneratorPackager().describe(np.random.default_rng()) == {"bit_generator": "PCG64"}


def test_a_pool_of_seeds_out_of_proportion_is_refused_on_both_sides() -> None:
    large = np.random.Generator(np.random.PCG64(np.random.SeedSequence(1, pool_size=2000)))
    with pytest.raises(PackError, match="cannot be rebuilt"):
        GeneratorPackager().pack_result(large)
    value = GeneratorPackager().pack_result(np.random.default_rng(1))
    value["seed"]["pool_size"] = 2**31 - 1
    with pytest.raises(UnpackError, match="pool"):
        GeneratorPackager().unpack_result(value)


@pytest.mark.parametrize("place", [-1, 1000])
def test_a_generator_that_would_go_on_outside_of_its_numbers_is_refused(place: int) -> None:
    for source, key in ((np.random.MT19937(1), "pos"), (np.random.Philox(1), "buffer_pos")):
        value = GeneratorPackager().pack_result(np.random.Generator(source))
        (value["state"]["state"] if key == "pos" else value["state"])[key] = place
        with pytest.raises(UnpackError, match="outside of its numbers"):
            GeneratorPackager().unpack_result(value)
