"""Arrays out of what others packed, and arrays for others: tables, dicts, lists, streams and plain files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers

A = np.arange(6.0).reshape(2, 3)
B = np.arange(4, dtype=">i2")


def _frame(**columns: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def _table(**columns: Any) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


# What is packed, the log hint, what is asked for, what comes.
PAIRS: dict[str, tuple[Callable[[], Any], str, Any, Any]] = {
    "frame as array": (lambda: _frame(a=[1, 2], b=[0.5, 1.5]), "x", np.ndarray, np.array([[1, 0.5], [2, 1.5]])),
    "frame of texts as array": (lambda: _frame(a=[1, 2], b=["x", "y"]), "x", np.ndarray, np.array([[1, "x"], [2, "y"]], object)),
    "frame as dict": (
        lambda: _frame(a=[1, 2], b=[0.5, 1.5]),
        "x",
        dict[str, np.ndarray],
        {"a": np.array([1, 2]), "b": np.array([0.5, 1.5])},
    ),
    "table as array": (lambda: _table(a=[1, 2], b=[3, 4]), "x", np.ndarray, np.array([[1, 3], [2, 4]])),
    "table as dict": (
        lambda: _table(a=[1, 2], b=[0.5, 1.5]),
        "x",
        dict[str, np.ndarray],
        {"a": np.array([1, 2]), "b": np.array([0.5, 1.5])},
    ),
    "series as array": (lambda: _frame(a=[0.5, 1.5])["a"], "x", np.ndarray, np.array([0.5, 1.5])),
    "array as frame": (lambda: A, "x : dataset", "pandas.DataFrame", lambda: _frame(**{"0": A[:, 0], "1": A[:, 1], "2": A[:, 2]})),
    "array as table": (lambda: A, "x : dataset", "pyarrow.Table", lambda: _table(**{"0": A[:, 0], "1": A[:, 1], "2": A[:, 2]})),
    "array as dict": (lambda: A, "x : dataset", dict[str, np.ndarray], {"0": A[:, 0], "1": A[:, 1], "2": A[:, 2]}),
    "array in npz as dict": (lambda: A, "x : file[format='npz']", dict[str, np.ndarray], {"arr_0": A}),
    "array in npz as list": (lambda: A, "x : file[format='npz']", list[np.ndarray], [A]),
    "dict as list": (lambda: {"a": A, "b": B}, "x", list[np.ndarray], [A, B]),
    "dict of odd keys as list": (lambda: {"": A, "a/..": B}, "x", list[np.ndarray], [A, B]),
    "dict as tuple": (lambda: {"a": A, "b": B}, "x", tuple[np.ndarray, ...], (A, B)),
    "dict of one as array": (lambda: {"a": A}, "x", np.ndarray, A),
    "list as dict": (lambda: [A, B], "x", dict[str, np.ndarray], {"arr_0": A, "arr_1": B}),
    "list of shared as dict": (lambda: [A, B, A], "x", dict[str, np.ndarray], {"arr_0": A, "arr_1": B, "arr_2": A}),
    "list as tuple": (lambda: [A, B], "x", tuple[np.ndarray, ...], (A, B)),
    "tuple of shared as list": (lambda: (A, A), "x", list[np.ndarray], [A, A]),
    "masked as dict": (
        lambda: np.ma.masked_array(B, [0, 1, 0, 0]),
        "x",
        dict[str, np.ndarray],
        {"data": B, "mask": np.array([0, 1, 0, 0], "?")},
    ),
    "record array as dict": (lambda: np.ones(2, "i4,f8").view(np.recarray), "x", dict[str, np.ndarray], {"data": np.ones(2, "i4,f8")}),
    "plain list as array": (lambda: [[1, 2], [3, 4]], "x", np.ndarray, np.array([[1, 2], [3, 4]])),
    "result as array": (lambda: A, "x : result", np.ndarray, A),
    "csv as frame": (
        lambda: A,
        "x : file[format='csv']",
        "pandas.DataFrame",
        lambda: _frame(a=A[:, 0], b=A[:, 1], c=A[:, 2]).set_axis(range(3), axis=1),
    ),
}


def _assert_same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert list(left) == list(right)
        left, right = list(left.values()), list(right.values())
    if isinstance(left, (list, tuple)):
        assert len(left) == len(right)
        for a, b in zip(left, right, strict=True):
            _assert_same(a, b)
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    else:
        assert left.equals(right)


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_read_as_another_type(tmp_path: Path, name: str) -> None:
    make, hint, asked, expected = PAIRS[name]
    expected = expected() if callable(expected) else expected
    packagers.pack(make(), hint, tmp_path)
    with packagers.trust("data"):
        back = packagers.unpack(tmp_path / "x", asked)
    _assert_same(expected, back)


REFUSED: dict[str, tuple[Callable[[], Any], str, Any, str]] = {
    "several arrays as one": (lambda: [A, B], "x", np.ndarray, r"holds 2 arrays(?s:.*)dict\[str, numpy.ndarray\]"),
    "one array twice as one": (lambda: [A, A], "x", np.ndarray, "holds 2 arrays"),
    "numbers and times as one": (
        lambda: _frame(a=[1], b=np.array(["2020"], "M8[ns]")),
        "x",
        np.ndarray,
        r"(?s)make no array together.*dict",
    ),
    "an index as an array": (lambda: _frame(a=[1]).set_index("a").index, "x", np.ndarray, "no columns beside its index"),
    "one result as several": (lambda: A, "x : result", dict[str, np.ndarray], "makes no array"),
    "a scalar as several": (lambda: np.float32(1), "x", dict[str, np.ndarray], "makes no array"),
    "text as an array": (lambda: "abc", "x", np.ndarray, "makes no array"),
    "a list as masked": (lambda: [A], "x", np.ma.MaskedArray, "no member 'data'"),
    "an array as masked": (lambda: A, "x", np.ma.MaskedArray, r"cannot be unpacked as numpy\.ma\."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    make, hint, asked, reason = REFUSED[name]
    packagers.pack(make(), hint, tmp_path)
    with pytest.raises(packagers.UnpackError, match=reason):
        packagers.unpack(tmp_path / "x", asked)


def _save_npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, A)


def _save_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=A, b=B)


def _save_parquet(path: Path) -> None:
    _frame(a=A[:, 0], b=A[:, 1], c=A[:, 2]).to_parquet(path)


COLUMNS = {"a": A[:, 0], "b": A[:, 1], "c": A[:, 2]}
PLAIN: dict[str, tuple[Callable[[Path], None], Any, Any]] = {
    "x.npy": (_save_npy, np.ndarray, A),
    "x.NPY": (_save_npy, np.ndarray, A),
    "x.Npz": (_save_npz, dict[str, np.ndarray], {"a": A, "b": B}),
    "list.npz": (_save_npz, list[np.ndarray], [A, B]),
    "tuple.npz": (_save_npz, tuple[np.ndarray, ...], (A, B)),
    "x.csv": (lambda path: np.savetxt(path, A, delimiter=","), np.ndarray, A),
    "x.CSV": (lambda path: np.savetxt(path, A, delimiter=","), np.ndarray, A),
    "x.csv.gz": (lambda path: np.savetxt(path, A, delimiter=","), np.ndarray, A),
    "x.txt": (lambda path: np.savetxt(path, A), np.ndarray, A),
    "x.TXT.GZ": (lambda path: np.savetxt(path.with_name("y.gz"), A) or path.with_name("y.gz").rename(path), np.ndarray, A),
    "x.parquet": (_save_parquet, np.ndarray, A),
    "x.PQ": (_save_parquet, dict[str, np.ndarray], COLUMNS),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_file_is_read_by_hint_and_suffix(tmp_path: Path, name: str) -> None:
    save, asked, expected = PLAIN[name]
    save(tmp_path / name)
    _assert_same(expected, packagers.unpack(tmp_path / name, asked))


def test_a_plain_file_is_mapped_and_read_in_pieces(tmp_path: Path) -> None:
    _save_npy(tmp_path / "x.npy")
    _save_npz(tmp_path / "x.npz")
    mapped = packagers.unpack(tmp_path / "x.npy", np.ndarray, mmap_mode="r")
    assert type(mapped) is np.memmap
    assert type(packagers.unpack(tmp_path / "x.npy", np.memmap)) is np.memmap
    _assert_same([A, B], list(packagers.unpack(tmp_path / "x.npz", Iterator[np.ndarray])))
    np.savez(tmp_path / "pieces.npz", A, A)
    _assert_same(np.concatenate([A, A]), packagers.unpack(tmp_path / "pieces.npz", np.ndarray, concatenate=True))
