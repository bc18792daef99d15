"""Dicts, lists and tuples of arrays are one file, under any key."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packagers import PackError, UnpackError, UntrustedPackageError
from packagers_numpy import npz
from packagers_numpy.arrays import ArrayPackager
from packagers_numpy.groups import ArrayDictPackager, ArrayListPackager, ArrayTuplePackager


def assert_equal(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    assert len(left) == len(right)
    if isinstance(left, dict):
        assert list(left) == list(right)
        left, right = list(left.values()), list(right.values())
    for a, b in zip(left, right, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["a", "b"],
        ["file"],
        ["", "a"],
        ["a/b", "a"],
        ["../up"],
        ["a\\b"],
        ["x.npy"],
        ["x", "x.npy"],
        ["\ud800"],
        ["nul\0", "nul"],
        ["日本", "A", "a"],
        ["k" * 500],
        ["allow_pickle"],
    ],
    ids=repr,
)
def test_any_text_is_a_key(trip: Any, keys: list[str]) -> None:
    arrays = {key: np.arange(i) for i, key in enumerate(keys)}
    assert_equal(trip(ArrayDictPackager(), arrays), arrays)


@given(keys=st.lists(st.text(st.characters()), unique=True, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_really_any_text_is_a_key(trip: Any, keys: list[str]) -> None:
    arrays = {key: np.array(i) for i, key in enumerate(keys)}
    assert_equal(trip(ArrayDictPackager(), arrays), arrays)


def test_ordinary_keys_are_the_names_in_the_file(tmp_path: Path) -> None:
    ArrayDictPackager().pack_file({"file": np.arange(3), "a/b": np.eye(2)}, tmp_path)
    with np.load(tmp_path / "arrays.npz") as members:
        assert members.files == ["file", "a/b"]
        np.testing.assert_array_equal(members["a/b"], np.eye(2))


@pytest.mark.parametrize("arrays", [[], [np.arange(3)], [np.eye(2), np.array("x"), np.zeros(2, np.dtype("i1,i8", align=True))]])
def test_lists_and_tuples(trip: Any, arrays: list[Any]) -> None:
    assert_equal(trip(ArrayListPackager(), arrays), arrays)
    assert_equal(trip(ArrayTuplePackager(), tuple(arrays)), tuple(arrays))
    assert_equal(ArrayTuplePackager().unpack_result(ArrayTuplePackager().pack_result(tuple(arrays))), tuple(arrays))


def test_a_shared_array_comes_back_shared(trip: Any) -> None:
    one, other = np.arange(3), np.zeros(0)
    back = trip(ArrayDictPackager(), {"a": one, "b": other, "c": one})
    assert back["a"] is back["c"]
    assert list(back) == ["a", "b", "c"]
    first, second, third = trip(ArrayListPackager(), [one, other, one])
    assert first is third
    assert second.shape == (0,)


def test_keys_choose_what_is_read(trip: Any) -> None:
    arrays = {"a": np.arange(2), "b": np.array([object], object), "c": np.arange(3)}
    back = trip(ArrayDictPackager(), arrays, owned=False, unpack={"keys": ["c", "a"]})
    assert_equal(back, {"c": arrays["c"], "a": arrays["a"]})
    with pytest.raises(UnpackError, match="no array 'x'"):
        trip(ArrayDictPackager(), arrays, unpack={"keys": ["x"]})
    with pytest.raises(UntrustedPackageError):
        trip(ArrayDictPackager(), arrays, owned=False)


def test_a_dict_reads_plain_files_and_a_list_reads_dicts(trip: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "plain.npz", x=np.arange(2), y=np.eye(2))
    assert_equal(ArrayDictPackager().unpack_file(tmp_path), {"x": np.arange(2), "y": np.eye(2)})
    assert_equal(ArrayListPackager().unpack_file(tmp_path), [np.arange(2), np.eye(2)])


def test_what_is_no_dict_of_arrays_is_refused(trip: Any) -> None:
    with pytest.raises(PackError, match="no text"):
        trip(ArrayDictPackager(), {1: np.arange(2)})
    with pytest.raises(PackError, match="come back as a plain"):
        trip(ArrayListPackager(), [np.ma.masked_array([1], [1])])


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all"])
def test_a_damaged_file_is_an_unpack_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(data)
    for packager in (ArrayDictPackager(), ArrayListPackager()):
        with pytest.raises(UnpackError):
            packager.unpack_file(tmp_path)


def test_every_flipped_byte_is_an_unpack_error_or_harmless(tmp_path: Path) -> None:
    ArrayDictPackager().pack_file({"a": np.arange(4, dtype="i1")}, tmp_path, compressed=True)
    path = tmp_path / "arrays.npz"
    data = path.read_bytes()
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        with contextlib.suppress(UnpackError):
            ArrayDictPackager().unpack_file(tmp_path)


def test_results(trip: Any) -> None:
    arrays = {"a": np.eye(2), "": np.array(["x"])}
    assert_equal(ArrayDictPackager().unpack_result(ArrayDictPackager().pack_result(arrays)), arrays)


def test_ten_thousand_small_arrays_are_one_file(trip: Any) -> None:
    arrays = [np.array([i]) for i in range(10_000)]
    assert_equal(trip(ArrayListPackager(), arrays), arrays)


def test_description_and_preview_are_small() -> None:
    arrays = {("k" * 1000) + str(i): np.arange(3) for i in range(1000)}
    assert ArrayDictPackager().describe(arrays)["arrays"] == 1000
    assert len(str(ArrayDictPackager().preview(arrays))) < 10_000


def test_pieces_of_one_array_are_named_once(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.zeros((2, 2)))
    with pytest.raises(UnpackError, match="named twice"):
        ArrayPackager().unpack_file(tmp_path, format="npz", members=[0] * 1000, concatenate=True)


@pytest.mark.parametrize("places", [["x"], [None], [7], [{}]])
def test_places_that_are_none_are_refused(tmp_path: Path, places: Any) -> None:
    np.savez(tmp_path / "x.npz", np.zeros(2))
    with npz.Archive(tmp_path / "x.npz") as archive, pytest.raises(UnpackError, match="cannot be read"):
        archive.read(places)


def test_a_member_that_claims_more_than_deflate_can_hold_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.zeros(2))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    place = data.rindex(b"PK\1\2")
    data[place + 24 : place + 28] = (1 << 31).to_bytes(4, "little")  # the size that the directory says
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(UnpackError, match="sizes that it cannot have"):
        npz.Archive(tmp_path / "x.npz")
