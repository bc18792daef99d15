"""Rows of an array, some arrays of many: what was not asked for is not read."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

import packagers
from packagers_numpy.arrays import ArrayPackager

READ: Counter[str] = Counter()
"""The bytes that were read, by the name of the file."""


class _CountingFile(io.FileIO):
    def readinto(self, buffer: Any) -> int:
        return self._counted(super().readinto(buffer))

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self._counted(len(found))
        return found

    def _counted(self, count: int) -> int:
        READ[Path(str(self.name)).name] += count
        return count


class _CountingSystem(LocalFileSystem):  # type: ignore[misc]
    """Files of this machine, whose bytes are counted as they are read."""

    protocol = "counted"

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        return _CountingFile(path, "r")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Give the URL of the folder, where every byte that is read counts."""
    fsspec.register_implementation("counted", _CountingSystem, clobber=True)
    READ.clear()
    return f"counted://{tmp_path}"


def _large(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).random(shape)


def _share(artifact: Any) -> float:
    """Give the part of a package's payload that was read."""
    (file,) = artifact.manifest.files
    return READ[file.path] / file.size


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_an_array_are_read_alone(tmp_path: Path, url: str, order: Any) -> None:
    array = np.require(_large(3_000_000, 2) if order == "F" else _large(6_000, 1000), requirements=order)
    artifact = packagers.pack(array, "array", tmp_path)
    rows = packagers.unpack(f"{url}/array", rows=(100, 110))
    np.testing.assert_array_equal(rows, array[100:110])
    assert rows.flags.fnc == (order == "F")
    assert 0 < _share(artifact) < 0.05


def test_arrays_of_a_dict_are_read_alone(tmp_path: Path, url: str) -> None:
    arrays = {f"array {number}": _large(100_000) for number in range(100)}
    artifact = packagers.pack(arrays, "arrays", tmp_path)
    back = packagers.unpack(f"{url}/arrays", keys=["array 50", "array 51"])
    assert list(back) == ["array 50", "array 51"]
    np.testing.assert_array_equal(back["array 51"], arrays["array 51"])
    assert 0 < _share(artifact) < 0.06  # a hundredth each, in blocks of 1 MiB, and the list of names


def test_a_chunk_of_a_stream_is_read_alone(tmp_path: Path, url: str) -> None:
    chunks = [_large(100_000) for _ in range(100)]
    artifact = packagers.pack(iter(chunks), "stream", tmp_path)
    np.testing.assert_array_equal(next(packagers.unpack(f"{url}/stream")), chunks[0])
    assert 0 < _share(artifact) < 0.05


def test_columns_of_a_frame_are_read_alone(tmp_path: Path, url: str) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(_large(20_000, 200), columns=[f"c{number}" for number in range(200)])
    artifact = packagers.pack(frame, "frame", tmp_path)
    back = packagers.unpack(f"{url}/frame", dict[str, np.ndarray], keys=["c7", "c9"])
    np.testing.assert_array_equal(back["c9"], frame["c9"])
    assert 0 < _share(artifact) < 0.05


def test_a_part_of_a_plain_file_is_read_alone(tmp_path: Path, url: str) -> None:
    np.save(tmp_path / "plain.npy", _large(10_000, 100))
    rows = packagers.unpack(f"{url}/plain.npy", np.ndarray, rows=slice(-3, None))
    assert rows.shape == (3, 100)
    assert READ["plain.npy"] < 5_000
    READ.clear()
    np.savez(tmp_path / "plain.npz", a=_large(100_000), b=np.arange(3))
    assert packagers.unpack(f"{url}/plain.npz", dict[str, np.ndarray], keys=["b"])["b"].tolist() == [0, 1, 2]
    assert READ["plain.npz"] < 5_000


@pytest.mark.parametrize("change", ["rows", "keys"])
def test_what_is_read_is_checked(tmp_path: Path, url: str, change: str) -> None:
    value = _large(2_000_000) if change == "rows" else {"a": _large(2_000_000), "b": _large(3)}
    artifact = packagers.pack(value, "value", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    (path,) = (tmp_path / "value").glob("*/*.np?")
    with path.open("r+b") as file:
        file.seek(5_000_000)
        file.write(b"changed!")
    far: dict[str, Any] = {"rows": (0, 10)} if change == "rows" else {"keys": ["b"]}
    near: dict[str, Any] = {"rows": (600_000, 700_000)} if change == "rows" else {"keys": ["a"]}
    packagers.unpack(f"{url}/value", **far)
    with pytest.raises(packagers.IntegrityError):
        packagers.unpack(f"{url}/value", **near)


ROWS = [(0, 2), (1, None), (None, -1), (-2, None), (3, 1), (0, 100), slice(1, 3), range(2), range(1, 4)]


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("mode", [None, "r", "c"])
def test_rows_are_counted_as_in_a_slice(trip: Any, rows: Any, mode: str | None) -> None:
    expected = slice(*rows) if isinstance(rows, tuple) else slice(rows.start, rows.stop)
    for array in (
        np.arange(24).reshape(4, 3, 2),
        np.asfortranarray(np.arange(12).reshape(4, 3)),
        np.ones(4, np.dtype("i1,i8", align=True)),
    ):
        back = trip(ArrayPackager(), array, unpack={"rows": rows, "mmap_mode": mode})
        assert isinstance(back, np.memmap) == (mode is not None) or not back.size
        np.testing.assert_array_equal(back, array[expected])
        assert back.dtype.isalignedstruct == array.dtype.isalignedstruct
        assert back.flags.writeable == (mode != "r")


@given(
    array=hypothesis_numpy.arrays(hypothesis_numpy.scalar_dtypes(), hypothesis_numpy.array_shapes(min_dims=1, min_side=0)),
    rows=st.tuples(st.none() | st.integers(-7, 7), st.none() | st.integers(-7, 7)),
    order=st.sampled_from("CF"),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_rows_are_those_of_a_slice(trip: Any, array: Any, rows: Any, order: Any) -> None:
    array = np.require(array, requirements=order)
    back = trip(ArrayPackager(), array, unpack={"rows": rows})
    assert (back.dtype, back.shape) == (array.dtype, array[slice(*rows)].shape)
    np.testing.assert_array_equal(back, array[slice(*rows)])


def test_rows_of_objects_are_code_too(trip: Any) -> None:
    array = np.array([1, "a", None, {1: 2}], object)
    assert trip(ArrayPackager(), array, unpack={"rows": (1, 3)}).tolist() == ["a", None]
    with pytest.raises(packagers.UntrustedPackageError):
        trip(ArrayPackager(), array, owned=False, unpack={"rows": (1, 3)})


@pytest.mark.parametrize("rows", [(1,), (1, 2, 3), slice(0, 4, 2), range(4, 0, -1)], ids=str)
def test_rows_that_are_no_rows_are_refused(trip: Any, rows: Any) -> None:
    with pytest.raises(packagers.UnpackError, match="first row"):
        trip(ArrayPackager(), np.arange(10), unpack={"rows": rows})
    with pytest.raises(packagers.UnpackError, match="no rows"):
        trip(ArrayPackager(), np.array(1), unpack={"rows": (0, 1)})
    with pytest.raises(packagers.UnpackError, match="not read with the option 'rows'"):
        trip(ArrayPackager(), np.arange(10), format="npz", unpack={"rows": (0, 1)})


def test_a_mapped_array_is_not_copied_and_its_file_is_not_written_to(tmp_path: Path) -> None:
    artifact = packagers.pack(_large(1000, 100), "array", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    (path,) = (tmp_path / "array").glob("*/array.npy")
    mapped = packagers.unpack(tmp_path / "array", mmap_mode="r")
    assert type(mapped) is np.memmap
    assert Path(mapped.filename) == path
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1
    written = packagers.unpack(tmp_path / "array", mmap_mode="c")
    written[:] = 1
    written.flush()
    artifact.verify()
    for mode in ("r+", "w+", "readwrite"):
        with pytest.raises(packagers.UnpackError, match="It takes: 'r', 'c'"):
            packagers.unpack(tmp_path / "array", mmap_mode=mode)
    artifact.verify()
