"""Every kind of value of NumPy's, packed here by default options and compared in a fresh process."""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packagers.testing import cross
from packagers_numpy import dtypes
from packagers_numpy.padding import cleared

UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
RECORD = np.dtype([("a", "<i4"), ("b", [("c", ">f8"), ("d", "U3")], (2,))])
ALIGNED = np.dtype("i1,i8,i2", align=True)
Pair = namedtuple("Pair", ["left", "right"])
Values = dict[str, Callable[[], Any]]


def _mapped(mode: str = "r") -> Any:
    """Map a file that is gone from its folder already, so that nothing is left."""
    handle, name = tempfile.mkstemp(".npy")
    os.close(handle)
    np.save(name, np.arange(12, dtype=">f4").reshape(3, 4))
    mapped = np.load(name, mmap_mode=mode)  # type: ignore[call-overload]
    if os.name != "nt":
        Path(name).unlink()
    return mapped


def _shared() -> list[Any]:
    array = np.arange(3)
    return [array, np.eye(2), array]


def _drawn(kind: type[Any]) -> Any:
    generator = np.random.Generator(kind([1, 2, 3]))
    generator.random(7, np.float32)
    generator.integers(0, 5, 3, np.uint8)
    generator.spawn(2)
    return generator


ARRAYS: Values = {
    "bool": lambda: np.array([[True, False]]),
    "int8": lambda: np.array([-128, 127], "i1"),
    "uint64": lambda: np.array([0, 2**64 - 1], "u8"),
    "longlong": lambda: np.array([1, 2], np.longlong),
    "ulonglong": lambda: np.array([1, 2], np.ulonglong),
    "half": lambda: np.array([1.5, np.nan, 65504], "f2"),
    "odd floats": lambda: np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308]),
    "nan with a payload": lambda: np.frombuffer(bytes.fromhex("010000000000f87f"), "<f8"),
    "long double": lambda: np.array([np.longdouble(1) / 3, np.longdouble("nan"), -np.longdouble(0)]),
    "complex": lambda: np.array([1 + 2j, complex(np.nan, -0.0)], "c8"),
    "long complex": lambda: np.array([np.clongdouble(1j) / 3]),
    "big-endian": lambda: np.arange(5, dtype=">i8"),
    "big-endian long double": lambda: np.arange(3, dtype=np.dtype("g").newbyteorder()),
    "text": lambda: np.array(["", "Zürich", "日本", "\ud800", "a\0b"]),
    "big-endian text": lambda: np.array(["ab", "c"], ">U2"),
    "text of no width": lambda: np.array(["", ""], "U0"),
    "bytes": lambda: np.array([b"", b"a\xff", b"abc"]),
    "bytes of no width": lambda: np.zeros(3, "S0"),
    "void": lambda: np.array([b"abcd", b"\0\0\0\0"], "V4"),
    "void of no width": lambda: np.zeros(3, "V0"),
    **{f"datetime in {unit}": lambda unit=unit: np.array(["NaT", 0, -5, 2**40], f"M8[{unit}]") for unit in UNITS},
    **{f"timedelta in {unit}": lambda unit=unit: np.array(["NaT", 0, -5, 2**62], f"m8[{unit}]") for unit in UNITS},
    "datetime of 25 us": lambda: np.array([1, 2], ">M8[25us]"),
    "datetime without unit": lambda: np.array(["NaT"], "M8"),
    "timedelta without unit": lambda: np.array([1, -1, "NaT"], "m8"),
    "structured": lambda: np.zeros((2, 3), RECORD),
    "nested structured": lambda: np.ones(2, [("x", [("y", [("z", "M8[D]", (2, 2))])]), ("w", "?")]),
    "records": lambda: np.ones(3, np.dtype((np.record, RECORD))),
    "aligned": lambda: np.ones(2, ALIGNED),
    "titles": lambda: np.ones(2, [(("a title", "a"), "i4")]),
    "no fields": lambda: np.zeros(3, []),
    "fields out of order": lambda: np.ones(3, np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [4, 0]})),
    "overlapping fields": lambda: np.ones(3, np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 1]})),
    "gap at the end": lambda: np.ones(3, np.dtype({"names": ["a"], "formats": ["i4"], "itemsize": 12})),
    "some fields of more": lambda: np.ones(2, [("a", "i4"), ("b", "f8"), ("c", "U2")])[["c", "a"]],
    "many fields": lambda: np.zeros(2, [(f"field number {i}", "f8") for i in range(2000)]),
    "field names beyond latin-1": lambda: np.zeros(2, [("日本", "f8"), ("é", "i4")]),
    "0-d": lambda: np.array(5.5),
    "0-d structured": lambda: np.zeros((), RECORD),
    "0-d text": lambda: np.array("Zürich"),
    "no items": lambda: np.empty(0),
    "no rows": lambda: np.empty((0, 3), "f4"),
    "no columns": lambda: np.empty((3, 0), "i2"),
    "nothing on several sides": lambda: np.empty((0, 2, 0, 5), RECORD),
    "no rows, Fortran": lambda: np.empty((0, 3), order="F"),
    "one item in many dimensions": lambda: np.ones((1,) * 30, "i1"),
    "fortran": lambda: np.asfortranarray(np.arange(12).reshape(3, 4)),
    "fortran, 3 dimensions": lambda: np.arange(24).reshape(2, 3, 4).T,
    "fortran structured": lambda: np.ones((2, 3), ALIGNED, order="F"),
    "transposed in the middle": lambda: np.arange(24).reshape(2, 3, 4).swapaxes(0, 1),
    "every seventh, backwards": lambda: np.arange(100)[::-7],
    "backwards on both sides": lambda: np.arange(100).reshape(10, 10)[::-1, ::-3],
    "one field of several": lambda: np.ones(3, RECORD)["a"],
    "read-only": lambda: np.broadcast_to(np.arange(3), (4, 3)),
    "the largest": lambda: np.arange(3_000_000, dtype="f8").reshape(1000, 3000),
    "objects": lambda: np.array([1, "a", None, [1, 2], {"x": (1,)}, 2**100], dtype=object),
    "objects, fortran": lambda: np.asfortranarray(np.array([[1, "a"], [None, 2.5]], dtype=object)),
    "0-d object": lambda: np.array({"a": 1}, dtype=object),
    "no objects": lambda: np.empty((0, 2), object),
    "objects in fields": lambda: np.array([(1, "x"), (2, None)], [("a", "i4"), ("b", "O")]),
    "records with objects": lambda: np.array([(1, "x")], np.dtype((np.record, [("a", "i4"), ("b", "O")]))),
}
OTHERS: Values = {
    "mapped": _mapped,
    "mapped, copied on writing": lambda: _mapped("c"),
    "record array": lambda: np.rec.array([(1, 2.5, "a"), (2, -0.5, "b")], names="x,y,z"),
    "record array, aligned": lambda: np.rec.array([(1, 2)], dtype=np.dtype("i1,i8", align=True)),
    "record array, two dimensions": lambda: np.ones((2, 3), RECORD, order="F").view(np.recarray),
    "record array, empty": lambda: np.rec.array([(1, 2.5)], names="x,y")[:0],
    "record array without fields": lambda: np.array([1, 2]).view(np.recarray),
    "record array of objects": lambda: np.rec.array([(1, [2])], dtype=[("a", "i4"), ("b", "O")]),
    "matrix": lambda: np.array([[1, 2], [3, 4]], ">i2").view(np.matrix),
    "matrix, empty": lambda: np.zeros((0, 2)).view(np.matrix),
    "matrix, Fortran": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)).view(np.matrix),
    "matrix of objects": lambda: np.array([[1, "a"]], object).view(np.matrix),
    "masked": lambda: np.ma.masked_array([1.0, np.nan, 3.0], [0, 1, 0]),
    "masked, nothing": lambda: np.ma.masked_array([1, 2, 3]),
    "masked, a mask of zeros": lambda: np.ma.masked_array([1, 2, 3], mask=False),
    "masked, hard": lambda: np.ma.masked_array([1, 2, 3], [1, 1, 1], fill_value=7, hard_mask=True),
    "masked, unset fill value": lambda: np.ma.masked_array([1.5, 2.5], [0, 1]),
    "masked, fill value of nan": lambda: np.ma.masked_array([1.5, 2.5], [0, 1], fill_value=np.nan),
    "masked structured": lambda: np.ma.masked_array(np.ones(2, RECORD), [(0, 1), (1, 1)]),
    "masked structured, fill value": lambda: np.ma.masked_array(np.ones(2, "i4,f8"), [(0, 1), (1, 0)], fill_value=(5, -0.5)),
    "masked aligned": lambda: np.ma.masked_array(np.ones(2, ALIGNED), [(0, 1, 0), (1, 1, 1)]),
    "masked text": lambda: np.ma.masked_array(["a", "bcd"], [0, 1]),
    "masked text, fill value": lambda: np.ma.masked_array(["a", "bcd"], [0, 1], fill_value="xyz"),
    "masked, 0-d": lambda: np.ma.masked_array(5.0, True),
    "masked datetime": lambda: np.ma.masked_array(np.array(["2020", "NaT"], "M8[D]"), [0, 1]),
    "masked, Fortran": lambda: np.ma.masked_array(np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.eye(2, 3)),
    "masked objects": lambda: np.ma.masked_array(np.array([[1], None], dtype=object), [0, 1]),
    "masked objects, fill value": lambda: np.ma.masked_array(np.array([[1], None], dtype=object), [0, 1], fill_value="none"),
    "masked, empty": lambda: np.ma.masked_array(np.empty((0, 3))),
    "masked, hard and empty": lambda: np.ma.masked_array([], hard_mask=True),
    "masked, big-endian": lambda: np.ma.masked_array(np.arange(3, dtype=">i2"), [0, 0, 1], fill_value=9),
    "masked, mask of another array": lambda: np.ma.masked_array([1, 2, 3], [0, 1, 0])[:2],
}
SCALARS: Values = {
    **{
        f"scalar {kind.__name__} {value}": lambda kind=kind, value=value: kind(value)
        for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.longlong, np.ulonglong, np.intc)
        for value in (np.iinfo(kind).min, np.iinfo(kind).max)
    },
    **{
        f"scalar {kind.__name__} {value}": lambda kind=kind, value=value: kind(value)
        for kind in (np.float16, np.float32, np.float64, np.longdouble)
        for value in ("0.1", "nan", "-inf", "-0.0")
    },
    "scalar longdouble, all digits": lambda: np.longdouble(1) / 3,
    "scalar complex64": lambda: np.complex64(complex(-0.0, np.nan)),
    "scalar complex128": lambda: np.complex128(complex(0.1, -np.inf)),
    "scalar clongdouble": lambda: np.clongdouble(1j) / 3,
    "scalar True": lambda: np.True_,
    "scalar False": lambda: np.False_,
    **{f"scalar datetime64 in {unit}": lambda unit=unit: np.datetime64(-5, unit) for unit in UNITS},
    **{f"scalar timedelta64 in {unit}": lambda unit=unit: np.timedelta64(2**62, unit) for unit in UNITS},
    "scalar datetime64 of 25 s": lambda: np.datetime64(3, "25s"),
    "scalar NaT": lambda: np.datetime64("NaT"),
    "scalar NaT in ns": lambda: np.datetime64("NaT", "ns"),
    "scalar timedelta64 without unit": lambda: np.timedelta64(5),
    "scalar timedelta64 NaT": lambda: np.timedelta64("NaT"),
    "scalar str_": lambda: np.str_("\ud800 text\0\0"),
    "scalar str_, empty": lambda: np.str_(),
    "scalar bytes_": lambda: np.bytes_(b"a\0b\xff\0"),
    "scalar bytes_, empty": lambda: np.bytes_(),
    "scalar void": lambda: np.void(b"ab\0"),
    "scalar structured": lambda: np.ones(1, RECORD)[0],
    "scalar aligned": lambda: np.ones(1, ALIGNED)[0],
    "scalar record": lambda: np.rec.array([(1, "x")], names="a,b")[0],
}
DTYPES: Values = {
    f"dtype {text}": lambda text=text: np.dtype(text)
    for text in (*"?qQGSUVO", "i1", ">i2", "u8", "f2", ">g", "c8", "U5", ">U3", "V3", "M8", "m8", ">M8[25us]", "m8[D]")
}
DTYPES |= {
    "dtype structured": lambda: RECORD,
    "dtype aligned": lambda: ALIGNED,
    "dtype titles": lambda: np.dtype([(("t", "a"), "i4"), ("b", "f8")]),
    "dtype subarray": lambda: np.dtype(("f4", (2, 3))),
    "dtype nested": lambda: np.dtype([("x", [("y", [("z", "M8[D]", (2, 2))])]), ("w", "?")]),
    "dtype of objects": lambda: np.dtype([("a", "O"), ("b", "i4")]),
    "dtype record": lambda: np.dtype((np.record, RECORD)),
    "dtype offsets": lambda: np.dtype({"names": ["b", "a"], "formats": ["i4", "i2"], "offsets": [8, 0], "itemsize": 20}),
    "dtype without fields": lambda: np.dtype([]),
    "dtype of many fields": lambda: np.dtype([(f"field {i}", "f8") for i in range(5000)]),
}
GENERATORS: Values = {
    f"generator {kind.__name__}": lambda kind=kind: _drawn(kind)
    for kind in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
}
GENERATORS["generator seeded by the system"] = lambda: np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=2**127 + 1)))
GROUPS: Values = {
    "dict": lambda: {
        "file": np.arange(3),
        "a/b": np.eye(2),
        "": np.array("text"),
        "日本": np.empty((0, 3)),
        "\ud800": np.zeros(2, ALIGNED),
    },
    "dict of one": lambda: {"file": np.asfortranarray(np.eye(3))},
    "dict of shared": lambda: dict(zip("abc", _shared(), strict=True)),
    "dict of objects": lambda: {"a": np.array([None, {1: 2}], object), "b": np.arange(2)},
    "dict by numbers": lambda: {1: np.arange(2), (2, "a"): np.eye(2), None: np.array(1)},
    "ordered dict": lambda: OrderedDict(b=np.arange(2), a=np.eye(2)),
    "default dict": lambda: defaultdict(list, a=[np.arange(2)]),
    "list": lambda: [np.arange(3), np.eye(2, dtype=">c8"), np.array(1), np.zeros(2, RECORD)],
    "list of shared": _shared,
    "tuple": lambda: (np.arange(3), np.asfortranarray(np.eye(2))),
    "tuple of one": lambda: (np.array([]),),
    "named tuple": lambda: Pair(np.arange(3), {"deep": [np.eye(2)]}),
    "nested": lambda: {"a": [np.arange(2), (np.eye(2), {"b": np.array("x")})], "c": {"d": [[[np.arange(3)]]]}, "e": 5},
    "mixed": lambda: [np.arange(2), np.ma.masked_array([1, 2], [0, 1]), np.float32(0.1), np.dtype(">i2"), np.eye(2).view(np.matrix), None],
    "list of mapped": lambda: [_mapped(), _mapped()],
    "many": lambda: [np.full(3, i) for i in range(2000)],
    "list of lists": lambda: [[np.arange(i)] for i in range(5)],
    "set of scalars": lambda: {np.int8(1), np.str_("a"), np.float64(0.5)},
    "keys that are scalars": lambda: {np.int64(1): 1, np.str_("a"): 2, np.datetime64("2020"): 3},
}
STREAMS: Values = {
    "generator of arrays": lambda: (np.arange(i) for i in range(5)),
    "generator of one array": lambda: (np.array([None, [1]], object) for _ in range(1)),
    "generator of unlike arrays": lambda: (
        array for array in [np.eye(2), np.asfortranarray(np.arange(6).reshape(2, 3)), np.zeros(2, ALIGNED), np.array("x")]
    ),
}
VALUES: Values = ARRAYS | OTHERS | SCALARS | DTYPES | GENERATORS | GROUPS | STREAMS
if hasattr(np.dtypes, "StringDType"):  # since NumPy 2
    VALUES |= {
        "variable-width text": lambda: np.array([["", "Zürich"], ["a\0", "b" * 5000]], np.dtypes.StringDType()),
        "variable-width text, empty": lambda: np.empty((0, 2), np.dtypes.StringDType()),
        "variable-width text with None": lambda: np.array(["a", None], np.dtypes.StringDType(na_object=None, coerce=False)),
        "variable-width text with nan": lambda: np.array(["a", np.nan], np.dtypes.StringDType(na_object=np.nan)),
        "dtype of variable-width text": lambda: np.dtypes.StringDType(na_object="none"),
    }


def same(made: Any, back: Any) -> None:
    """Compare in all that NumPy shows, but the strides, and whether it may be written to."""
    if isinstance(made, Iterator):
        _same_items(list(made), list(back))
        return
    assert type(back) is type(made)
    if isinstance(made, np.ma.MaskedArray):
        _same_masked(made, back)
    elif isinstance(made, np.ndarray):
        _same_array(made, back)
    elif isinstance(made, np.generic):
        _same_array(np.asarray(made), np.asarray(back))
        assert not isinstance(made, (np.str_, np.bytes_)) or repr(made) == repr(back)  # an array strips zeros off their end
    elif isinstance(made, np.dtype):
        assert made == back
        assert dtypes.is_text(made) or dtypes.same(made, back)
    elif isinstance(made, np.random.Generator):
        assert type(made.bit_generator) is type(back.bit_generator)
        np.testing.assert_array_equal(made.random(50, np.float32), back.random(50, np.float32))
        np.testing.assert_array_equal(made.integers(0, 9, 50, np.uint8), back.integers(0, 9, 50, np.uint8))
        np.testing.assert_array_equal(made.spawn(3)[2].normal(size=5), back.spawn(3)[2].normal(size=5))
    elif isinstance(made, dict):
        assert [(type(key), key) for key in made] == [(type(key), key) for key in back]
        _same_items(list(made.values()), list(back.values()))
    elif isinstance(made, (list, tuple)):
        _same_items(list(made), list(back))
    else:
        assert sorted(map(repr, made)) == sorted(map(repr, back)) if isinstance(made, set) else made == back


def _same_items(made: list[Any], back: list[Any]) -> None:
    assert len(made) == len(back)
    for left, right in zip(made, back, strict=True):
        same(left, right)
    places = [[id(other) == id(one) for other in items] for items in (made, back) for one in items]
    assert places[: len(made)] == places[len(made) :]


def _same_array(made: Any, back: Any) -> None:
    assert (made.shape, made.dtype) == (back.shape, back.dtype)
    assert dtypes.is_text(made.dtype) or dtypes.same(made.dtype, back.dtype)
    assert not (made.flags.c_contiguous or made.flags.f_contiguous) or made.flags.fnc == back.flags.fnc
    assert back.flags.aligned
    if made.dtype.hasobject:
        np.testing.assert_array_equal(made, back)
        assert list(map(type, made.ravel().tolist())) == list(map(type, back.ravel().tolist()))
    else:
        assert cleared(made).tobytes("A") == cleared(back).tobytes("A")


def _same_masked(made: Any, back: Any) -> None:
    _same_array(made.data, back.data)
    _same_array(np.ma.getmaskarray(made), np.ma.getmaskarray(back))
    assert (made.mask is np.ma.nomask) == (back.mask is np.ma.nomask)
    assert made.hardmask == back.hardmask
    _same_array(np.asarray(made.fill_value), np.asarray(back.fill_value))


@pytest.fixture(scope="module")
def problems() -> dict[str, str]:
    return cross(__name__, "VALUES", "same")


@pytest.mark.parametrize("name", VALUES)
def test_it_comes_back(name: str, problems: dict[str, str]) -> None:
    assert problems.get(name) is None
