"""A stream of frames is one file, packed and read chunk by chunk."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers import PackError, UnpackError
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.streams import FrameStreamPackager

PACKAGER = FrameStreamPackager()


def test_the_chunks_of_any_frame_come_back(trip: Any, same: Any, frame: Any) -> None:
    chunks = [frame, frame.iloc[:0], frame.iloc[:1], frame]
    back = trip(PACKAGER, iter(chunks))
    assert isinstance(back, Iterator)
    for left, right in zip(back, chunks, strict=True):
        if isinstance(right.index, pd.MultiIndex):
            pd.testing.assert_frame_equal(left, right, check_freq=False)
        else:
            same(left, right)


def test_a_stream_of_nothing(trip: Any) -> None:
    assert list(trip(PACKAGER, iter([]))) == []


def test_more_categories_in_a_later_chunk(trip: Any, same: Any) -> None:
    chunks = [pd.DataFrame({"a": pd.Categorical([f"c{i}" for i in range(n)])}) for n in (1, 500, 40_000)]
    for left, right in zip(trip(PACKAGER, iter(chunks)), chunks, strict=True):
        same(left, right)


def test_text_and_mixed_objects(trip: Any, same: Any) -> None:
    cells: list[list[Any]] = [[None], ["a", None], [1, "b"], []]
    chunks = [pd.DataFrame({"a": pd.Series(chunk, dtype=object)}) for chunk in cells]
    for left, right in zip(trip(PACKAGER, iter(chunks)), chunks, strict=True):
        same(left, right)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (pd.DataFrame({"b": [1]}), "chunk 1 has the columns"),
        (pd.DataFrame({"a": [1], "b": [2]}), "chunk 1 has the columns"),
        (pd.DataFrame({"a": ["x"]}), "column 'a' of chunk 1 is stored as"),
        (pd.DataFrame({"a": np.array([1], "i2")}), "column 'a' of chunk 1 is stored as int16, and in the first chunk as int64"),
        (pd.DataFrame({"a": [1j]}), "chunk 1: column 'a'"),
        ("text", "is a str"),
    ],
)
def test_a_chunk_that_does_not_fit_is_named(tmp_path: Path, second: Any, why: str) -> None:
    with pytest.raises(PackError, match=why):
        PACKAGER.pack_dataset(iter([pd.DataFrame({"a": [1]}), second]), tmp_path)


def test_an_error_of_the_stream_is_the_error(tmp_path: Path) -> None:
    def chunks() -> Iterator[pd.DataFrame]:
        yield pd.DataFrame({"a": [1]})
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        PACKAGER.pack_dataset(chunks(), tmp_path)


def test_one_chunk_at_a_time(tmp_path: Path) -> None:
    alive: list[weakref.ref[Any]] = []

    def chunks() -> Iterator[pd.DataFrame]:
        for number in range(20):
            frame = pd.DataFrame({"a": np.full(1000, number)})
            alive.append(weakref.ref(frame))
            gc.collect()
            assert sum(each() is not None for each in alive) <= 2
            yield frame

    PACKAGER.pack_dataset(chunks(), tmp_path)
    back = PACKAGER.unpack_dataset(tmp_path)
    assert [int(chunk["a"].iloc[0]) for chunk in back] == list(range(20))


def test_a_stream_is_read_whole(tmp_path: Path) -> None:
    chunks = [pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), pd.DataFrame({"a": [3], "b": ["z"]}, index=pd.RangeIndex(2, 3))]
    PACKAGER.pack_dataset(iter(chunks), tmp_path)
    whole = pd.concat(chunks)
    pd.testing.assert_frame_equal(DataFramePackager().unpack_dataset(tmp_path), whole)
    pd.testing.assert_frame_equal(DataFramePackager().unpack_dataset(tmp_path, columns=["b"], rows=(1, 3)), whole[["b"]].iloc[1:3])
    assert pa.parquet.read_table(tmp_path / "table.parquet").num_rows == 3


def test_a_frame_is_read_row_group_by_row_group(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(10), "b": range(10)}, index=pd.date_range("2020", periods=10))
    DataFramePackager().pack_dataset(frame, tmp_path, row_group_size=4)
    pieces = list(PACKAGER.unpack_dataset(tmp_path, columns=["b"]))
    assert [len(piece) for piece in pieces] == [4, 4, 2]
    pd.testing.assert_frame_equal(pd.concat(pieces), frame[["b"]], check_freq=False)


def test_a_plain_file_is_read_row_group_by_row_group(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(10)})
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=4)
    pd.testing.assert_frame_equal(pd.concat(PACKAGER.unpack_dataset(tmp_path)), frame)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path)
