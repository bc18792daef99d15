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

import packagers
from packagers import PackError, UnpackError
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.streams import FrameStreamPackager
from packagers_pandas.tables import RecordBatchReaderPackager

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

    def living() -> int:
        gc.collect()
        return sum(each() is not None for each in alive)

    def chunks() -> Iterator[pd.DataFrame]:
        for number in range(20):
            frame = pd.DataFrame({"a": np.full(100_000, number)})
            alive.append(weakref.ref(frame))
            assert living() <= 2
            assert pa.total_allocated_bytes() - before < 4 * 800_000
            yield frame

    before = pa.total_allocated_bytes()
    packagers.pack(chunks(), "stream", tmp_path)
    alive.clear()
    numbers = []
    for chunk in packagers.unpack(tmp_path / "stream"):
        alive.append(weakref.ref(chunk))
        numbers.append(int(chunk["a"].iloc[0]))
        assert living() <= 2
        assert pa.total_allocated_bytes() - before < 4 * 800_000
    assert numbers == list(range(20))


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_one_batch_at_a_time(tmp_path: Path, format: str) -> None:
    size = 800_000

    def batches() -> Iterator[Any]:
        for number in range(20):
            assert pa.total_allocated_bytes() - before < 4 * size
            yield pa.record_batch({"a": pa.array(np.full(size // 8, number)).slice(0)})

    before = pa.total_allocated_bytes()
    reader = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), batches())
    packagers.pack(reader, f"reader : dataset[format={format!r}]", tmp_path)
    back = packagers.unpack(tmp_path / "reader")
    for number, batch in enumerate(back):
        assert batch.column("a")[0].as_py() == number
        assert pa.total_allocated_bytes() - before < 4 * size


def test_rows_of_a_stream(trip: Any, same: Any) -> None:
    chunks = [pd.DataFrame({"a": range(first, first + 4), "b": "x"}, index=pd.RangeIndex(first, first + 4)) for first in (0, 4, 8)]
    whole = pd.concat(chunks)
    for rows in ((0, 12), (2, 6), (4, 8), (5, 6), (-3, None), slice(None, 5), (0, 0)):
        back = list(trip(PACKAGER, iter(chunks), unpack={"rows": rows, "columns": ["a"]}))
        expected = whole[["a"]].iloc[rows if isinstance(rows, slice) else slice(*rows)]
        assert [list(piece["a"]) for piece in back] == [list(part) for part in _cut(list(expected["a"]))]
    same(pd.concat(trip(PACKAGER, iter(chunks), unpack={"rows": (3, 9)})), whole.iloc[3:9])


def _cut(values: list[int]) -> list[list[int]]:
    """Cut numbers where the chunks of four end."""
    found: dict[int, list[int]] = {}
    for value in values:
        found.setdefault(value // 4, []).append(value)
    return list(found.values())


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_rows_and_columns_of_a_reader(trip: Any, format: str) -> None:
    table = pa.table({"a": range(10), "b": [str(number) for number in range(10)]})
    for rows in ((0, 10), (2, 7), (3, 3), (-2, None)):
        reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=4))
        back = trip(RecordBatchReaderPackager(), reader, format=format, unpack={"rows": rows, "columns": ["b"]})
        assert back.read_all().to_pydict() == {"b": table.column("b").to_pylist()[slice(*rows)]}
    with pytest.raises(UnpackError, match="no column 'x'"):
        trip(RecordBatchReaderPackager(), table.to_reader(), format=format, unpack={"columns": ["x"]})


def test_a_stream_that_is_not_read_to_its_end_leaves_no_file_open(tmp_path: Path) -> None:
    packagers.pack((pd.DataFrame({"a": [number]}) for number in range(3)), "stream", tmp_path)
    for hint in (None, pa.RecordBatchReader):
        back = packagers.unpack(tmp_path / "stream", hint)
        del back
        next(packagers.unpack(tmp_path / "stream", hint))
    gc.collect()  # an open file would warn, and warnings are errors


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
