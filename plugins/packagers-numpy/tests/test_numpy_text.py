"""Numbers as text, asked for by name: lossy, but no number changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packagers import PackError, UnpackError
from packagers_numpy.arrays import ArrayPackager
from packagers_numpy.groups import ArrayDictPackager

FORMATS = ["csv", "txt", "txt.gz"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, 1 / 3, np.nan, np.inf, -0.0, 5e-324]),
        np.array([[1, 2**62]]),
        np.array([[1], [2]], "u8"),
        np.array([True, False]),
        np.array([7.5]),
    ],
)
def test_numbers_come_back(trip: Any, array: Any, format: str) -> None:
    back = trip(ArrayPackager(), array, format=format)
    np.testing.assert_array_equal(back, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)


def test_a_dataset_is_text_too(trip: Any) -> None:
    np.testing.assert_array_equal(trip(ArrayPackager(), np.eye(3), "dataset", format="csv"), np.eye(3))


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2, 2)), np.array(1.0), np.array([1j]), np.array(["a"]), np.empty((0, 3)), np.array([None]), np.array([np.longdouble(1)])],
)
def test_what_text_cannot_hold_is_refused_before_a_file_exists(tmp_path: Path, array: Any) -> None:
    for format in FORMATS:
        with pytest.raises(PackError):
            ArrayPackager().pack_file(array, tmp_path, format=format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": ";"},
        {"header": "a,b"},
        {"header": "a,b", "comments": ""},
        {"header": "a,b\nsecond", "comments": ""},
        {"header": "a,b", "comments": "% "},
        {"fmt": "%.3f"},
        {"fmt": ["%d", "%.1f"]},
    ],
)
def test_options_of_savetxt(trip: Any, options: dict[str, Any]) -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(trip(ArrayPackager(), array, format="csv", **options), array)


def test_options_of_loadtxt(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("a;b\n1;2\n3;4\n")
    array = ArrayPackager().unpack_file(tmp_path, format="csv", delimiter=";", skiprows=1, usecols=[1], dtype="i4", max_rows=1, ndmin=1)
    np.testing.assert_array_equal(array, np.array([2], "i4"))


def test_text_that_is_no_table_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnpackError, match="skiprows"):
        ArrayPackager().unpack_file(tmp_path, format="csv")


def test_options_for_text_are_refused_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="fmt"):
        ArrayPackager().pack_file(np.eye(2), tmp_path, fmt="%d")
    with pytest.raises(PackError, match="compressed"):
        ArrayPackager().pack_file(np.eye(2), tmp_path, format="csv", compressed=True)
    ArrayPackager().pack_file(np.eye(2), tmp_path)
    with pytest.raises(UnpackError, match="'skiprows'"):
        ArrayPackager().unpack_file(tmp_path, skiprows=1)


DATASETS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array([1, 2], ">i2"),
    np.array([["a", "日本"]]),
    np.array([b"a\xff", b""]),
    np.array([True, False]),
    np.array(["2020-01-01", "NaT"], "M8[s]"),
    np.array([1, 2], "m8[us]"),
    np.empty((0, 3)),
    np.empty((3, 0), "i4"),
    np.array([1.5, np.nan], "f2"),
]


@pytest.mark.parametrize("array", DATASETS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_a_table_keeps_everything(trip: Any, array: Any) -> None:
    back = trip(ArrayPackager(), array, "dataset")
    np.testing.assert_array_equal(back, array)
    assert (back.dtype.str, back.shape, back.flags.f_contiguous) == (array.dtype.str, array.shape, array.flags.f_contiguous)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2, 2)), np.array([1j]), np.array(["\ud800"]), np.array(["2020"], "M8[D]"), np.array([None])]
)
def test_what_a_table_cannot_hold_is_refused(tmp_path: Path, array: Any) -> None:
    with pytest.raises(PackError):
        ArrayPackager().pack_dataset(array, tmp_path)


def test_a_plain_table_makes_an_array(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"a": [1, 2], "b": [1.5, 2.5]}, index=["x", "y"]).to_parquet(tmp_path / "plain.parquet")
    np.testing.assert_array_equal(ArrayPackager().unpack_dataset(tmp_path), [[1, 1.5], [2, 2.5]])
    columns = ArrayDictPackager().unpack_dataset(tmp_path, keys=["b"])
    assert list(columns) == ["b"]
    np.testing.assert_array_equal(columns["b"], [1.5, 2.5])
    with pytest.raises(UnpackError, match="no column 'x'"):
        ArrayDictPackager().unpack_dataset(tmp_path, keys=["x"])


def test_fields_that_only_their_packager_understands_are_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    index = pyarrow.field("i", pyarrow.int64(), metadata={"packagers": "index"})
    ordinary, private = pyarrow.field("a", pyarrow.int64()), pyarrow.field("p", pyarrow.int64(), metadata={"packagers": "private"})
    parquet.write_table(pyarrow.table([[1], [2]], schema=pyarrow.schema([ordinary, index])), tmp_path / "x.parquet")
    np.testing.assert_array_equal(ArrayPackager().unpack_dataset(tmp_path), [[1]])
    parquet.write_table(pyarrow.table([[1], [2]], schema=pyarrow.schema([ordinary, private])), tmp_path / "x.parquet")
    with pytest.raises(UnpackError, match="column 'p'"):
        ArrayPackager().unpack_dataset(tmp_path)


@pytest.mark.parametrize("dtype", ["S1000000000", "U100000000", [("a", "S1000000000")]])
def test_texts_of_a_width_out_of_proportion_are_refused(tmp_path: Path, dtype: Any) -> None:
    (tmp_path / "x.csv").write_text("1\n2\n")
    with pytest.raises(UnpackError, match="would take"):
        ArrayPackager().unpack_file(tmp_path, format="csv", dtype=dtype)


def test_one_long_text_among_many_short_ones_is_refused_and_few_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a" * 100_000 + "\nb" * 100_000)
    with pytest.raises(UnpackError, match="would take"):
        ArrayPackager().unpack_file(tmp_path, format="txt", dtype="U")
    (tmp_path / "x.txt").write_text("abc\nd\n")
    assert ArrayPackager().unpack_file(tmp_path, format="txt", dtype="U").tolist() == ["abc", "d"]
    assert ArrayPackager().unpack_file(tmp_path, format="txt", dtype="U9").tolist() == ["abc", "d"]
