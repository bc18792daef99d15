"""Many frames are one file, wherever they stand: each comes back as it does alone, and each can be read without the others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import packagers
from packagers import PackError, Registry, UnpackError
from packagers_pandas.lists import FrameListPackager, SeriesListPackager

MANY = 300


@dataclass
class Study:
    """A dataclass with frames below dicts and lists."""

    name: str
    parts: dict[str, list[pd.DataFrame]]
    first: pd.DataFrame


def _frames() -> list[pd.DataFrame]:
    """Make frames of two kinds."""
    return [pd.DataFrame({f"c{number % 2}": [number, number + 1]}) for number in range(MANY)]


def _study() -> Study:
    frames = _frames()
    return Study("long", {f"part {start}": frames[start : start + 10] for start in range(0, MANY, 10)}, frames[0])


CONTAINERS: dict[str, tuple[Callable[[], Any], Callable[[Any], list[Any]]]] = {
    "list": (_frames, list),
    "dict": (lambda: {f"frame {number}": frame for number, frame in enumerate(_frames())}, lambda back: list(back.values())),
    "dataclass": (_study, lambda back: [frame for part in back.parts.values() for frame in part]),
    "mixture": (
        lambda: [{"at": number, "pair": (frame, "text")} for number, frame in enumerate(_frames())],
        lambda back: [each["pair"][0] for each in back],
    ),
    "series": (lambda: [frame.iloc[:, 0] for frame in _frames()], lambda back: [series.to_frame() for series in back]),
    "series in a dict": (
        lambda: {number: frame.iloc[:, 0] for number, frame in enumerate(_frames())},
        lambda back: [series.to_frame() for series in back.values()],
    ),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_many_frames_are_few_files(tmp_path: Path, name: str) -> None:
    make, frames_of = CONTAINERS[name]
    packagers.pack(make(), "many", tmp_path)
    assert sum(path.is_file() for path in (tmp_path / "many").rglob("*")) <= 3
    back = packagers.unpack(tmp_path / "many")
    for ours, theirs in zip(_frames(), frames_of(back), strict=True):
        pd.testing.assert_frame_equal(ours, theirs)
    assert not isinstance(back, Study) or back.first is back.parts["part 0"][0]


def test_each_is_a_parquet_file_of_its_own(tmp_path: Path) -> None:
    packagers.pack(_frames()[:3], "list", tmp_path)
    (path,) = (tmp_path / "list").rglob("frames.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["0.parquet", "1.parquet", "2.parquet"]
        assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())
        pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(archive.read("1.parquet"))), _frames()[1])


def test_one_that_stands_twice_is_written_once(tmp_path: Path) -> None:
    one, other = _frames()[:2]
    packagers.pack([one, other, one], "list", tmp_path)
    back = packagers.unpack(tmp_path / "list")
    assert back[0] is back[2] is not back[1]
    again = packagers.unpack(tmp_path / "list", items=[2, 1, 0])
    assert again[0] is again[2]
    pd.testing.assert_frame_equal(again[1], other)
    for items in ([3], [-1]):
        with pytest.raises(UnpackError, match="no item"):
            packagers.unpack(tmp_path / "list", items=items)


def test_some_are_read_without_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    FrameListPackager().pack_file(_frames()[:3], folder)
    path = folder / "frames.zip"
    data = path.read_bytes()
    at = data.index(b"1.parquet") + 40
    path.write_bytes(data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])
    (last,) = FrameListPackager().unpack_file(folder, items=[2])
    pd.testing.assert_frame_equal(last, _frames()[2])
    for items in ([1], None):
        with pytest.raises(UnpackError, match=r"1\.parquet"):
            FrameListPackager().unpack_file(folder, items=items)
    with pytest.raises(UnpackError, match="no frame 3"):
        FrameListPackager().unpack_file(folder, items=[3])


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 1000])
def test_what_is_no_file_of_frames(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "frames.zip").write_bytes(data)
    with pytest.raises(UnpackError, match="no file of frames"):
        FrameListPackager().unpack_file(tmp_path)


def test_what_cannot_be_held_is_named(tmp_path: Path) -> None:
    bad = pd.DataFrame({"a": [object()]})
    with pytest.raises(PackError, match="frame 1: column 'a'"):
        packagers.pack([_frames()[0], bad], "key", tmp_path)
    with pytest.raises(PackError) as caught:
        packagers.pack({"q": [_frames()[0], bad, 1]}, "key", tmp_path)
    assert caught.value.leaf == ".q[1]"


def test_other_lists_stay_with_the_core() -> None:
    class Mine(pd.DataFrame):
        pass

    registry = Registry()
    assert isinstance(registry.find(_frames()[:2]).packager, FrameListPackager)
    for value in ([], [Mine()], [_frames()[0], Mine()], [_frames()[0], pd.Series([1])], [1]):
        assert registry.find(value).registration.distribution == "packagers"


def test_the_same_frames_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        FrameListPackager().pack_file(_frames()[:3], tmp_path / name, compression="zstd")
    assert (tmp_path / "one" / "frames.zip").read_bytes() == (tmp_path / "other" / "frames.zip").read_bytes()


def test_description_and_preview_are_small() -> None:
    wide = pd.DataFrame(np.zeros((1, 10_000)))
    for packager, value in ((FrameListPackager(), [wide] * 1000), (SeriesListPackager(), [wide.iloc[0]] * 1000)):
        described = packager.describe(value)
        assert described["items"] == 1000
        assert len(described["first"]) == 20
        table = packager.preview(value)["table"]
        assert table["shape"] == [1000, 2]
        assert len(repr(table)) < 10_000
