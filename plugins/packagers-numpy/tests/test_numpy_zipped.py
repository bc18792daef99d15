"""A zip file written from the first byte to the last is one that everybody reads, and for small members the bytes that zipfile writes."""

from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
import zlib
from typing import Any

import numpy as np
import pytest

from packagers_numpy import npy, npz, zipped
from packagers_numpy.zipped import LARGE, ZipWriter

LARGE_ARRAY = np.arange(LARGE // 8 + 10.0)


def written(arrays: dict[str, Any], compressed: bool) -> bytes:
    stream = io.BytesIO()
    npz.write(stream, arrays.items(), compressed=compressed)
    return stream.getvalue()


def by_zipfile(arrays: dict[str, Any], compressed: bool) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            member.create_system = 3
            with archive.open(member, "w", force_zip64=True) as inner:
                npy.write(inner, array)
    return stream.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_small_members_are_as_zipfile_writes_them(compressed: bool, count: int) -> None:
    arrays = {f"arr_{number} é": np.arange(number) for number in range(count)}
    assert written(arrays, compressed) == by_zipfile(arrays, compressed)


@pytest.mark.long
def test_more_members_than_the_old_format_can_count() -> None:
    arrays = dict.fromkeys(map(str, range(1 << 16)), np.arange(1))
    assert written(arrays, False) == by_zipfile(arrays, False)


def test_checksums_need_nothing_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    found = importlib.util.find_spec(zipped.__name__)
    assert found is not None
    assert found.loader is not None
    without = importlib.util.module_from_spec(found)
    found.loader.exec_module(without)
    assert without.crc32 is zlib.crc32
    for data in (b"", b"x", LARGE_ARRAY.tobytes()):
        assert zipped.crc32(data, 7) == zlib.crc32(data, 7)


@pytest.mark.parametrize("compressed", [False, True])
def test_large_members_are_read_by_zipfile_and_numpy(compressed: bool) -> None:
    arrays = {
        "large": LARGE_ARRAY,
        "small": np.arange(3),
        "fortran": np.asfortranarray(np.stack([LARGE_ARRAY, LARGE_ARRAY])),
        "spread": np.stack([LARGE_ARRAY] * 4)[:, ::2],
        "objects": np.array(["x" * LARGE, {}], object),
    }
    data = io.BytesIO(written(arrays, compressed))
    with zipfile.ZipFile(data) as archive:
        assert archive.testzip() is None
    data.seek(0)
    with np.load(data, allow_pickle=True) as members:
        for name, array in arrays.items():
            assert members[name].tolist() == array.tolist()


@pytest.mark.long
def test_sizes_and_places_beyond_what_the_old_format_can_say(tmp_path: Any) -> None:
    class Holes:
        """A file that keeps only what is no run of zeros."""

        def __init__(self, file: Any) -> None:
            self.file, self.at = file, 0

        def write(self, data: Any) -> int:
            if len(data) < len(zeros):
                self.file.seek(self.at)
                self.file.write(data)
            self.at += len(data)
            return len(data)

    zeros = bytes(LARGE)
    with (tmp_path / "holes.zip").open("wb") as file:
        sink: Any = Holes(file)
        with ZipWriter(sink, compressed=False) as archive:
            for name, count in (("first", 0), ("wide", 4200), ("last", 1)):
                with archive.open(name) as member:
                    for _ in range(count):
                        member.write(zeros)
                    member.write(b"end")
        file.truncate(sink.at)
    with zipfile.ZipFile(tmp_path / "holes.zip") as found:
        assert [each.file_size for each in found.infolist()] == [3, 4200 * LARGE + 3, LARGE + 3]
        assert found.infolist()[2].header_offset > 2**32
        assert found.read("last") == zeros + b"end"
        assert found.read("first") == b"end"


def test_what_is_read_is_not_changed_by_what_was_done_to_an_earlier_array() -> None:
    """Headers are read once; a dtype of one array is not that of another."""
    dtype = np.dtype([("a", "f8"), ("b", "i4")])
    stream = io.BytesIO()
    npy.write(stream, np.zeros(3, dtype))
    first, second = (npy.in_memory(memoryview(bytearray(stream.getvalue()))) for _ in range(2))
    first.dtype.names = ("c", "d")
    assert second.dtype.names == ("a", "b")
    assert npy.in_memory(memoryview(bytearray(stream.getvalue()))).dtype.names == ("a", "b")


def test_an_array_in_memory_can_be_written_to_and_is_no_other_s() -> None:
    stream = io.BytesIO()
    npy.write(stream, np.arange(4.0))
    memories = [memoryview(bytearray(stream.getvalue())) for _ in range(2)]
    one, other = map(npy.in_memory, memories)
    one[:] = 9
    assert other.tolist() == [0, 1, 2, 3]
    assert one.flags.writeable
    assert one.flags.aligned
