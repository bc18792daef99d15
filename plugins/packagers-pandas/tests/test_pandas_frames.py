"""A frame comes back equal: labels, dtypes, index, attrs and flags, and the frame that was packed stays as it was."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hypothesis_pandas

from packagers import PackError, UnpackError
from packagers_pandas.frames import DataFramePackager

PACKAGER = DataFramePackager()
BINARY = ["parquet", "feather", "arrow"]


@pytest.mark.parametrize("format", BINARY)
def test_a_frame_comes_back(trip: Any, same: Any, frame: Any, format: str) -> None:
    same(trip(PACKAGER, frame, format=format), frame)


def test_packing_leaves_a_frame_as_it_was(trip: Any, same: Any, frame: Any) -> None:
    before = copy.deepcopy(frame)
    index, columns = frame.index, frame.columns
    for format in ("parquet", "feather", "arrow", "csv", "json", "jsonl"):
        try:
            trip(PACKAGER, frame, format=format)
        except (PackError, UnpackError):
            assert format not in BINARY
    PACKAGER.describe(frame)
    PACKAGER.preview(frame)
    same(frame, before)
    assert frame.index is index
    assert frame.columns is columns


def test_a_frame_that_came_back_can_be_written_to(trip: Any, frame: Any) -> None:
    back = trip(PACKAGER, frame)
    for position, dtype in enumerate(back.dtypes):
        if len(back) and not isinstance(dtype, (pd.SparseDtype, pd.ArrowDtype)) and getattr(dtype, "isnative", True):
            back.iloc[[0], position] = back.iloc[[-1], position].array


def test_a_result_comes_back(same: Any, frame: Any) -> None:
    recorded = PACKAGER.pack_result(frame)
    assert type(recorded) is bytes
    same(PACKAGER.unpack_result(recorded), frame)


@pytest.mark.parametrize("format", BINARY)
def test_rows_choose_rows(trip: Any, frame: Any, format: str) -> None:
    for rows in ((1, 3), (0, 0), (None, 1), (-1, None), slice(1, 2), range(2)):
        expected = frame.iloc[slice(*rows)] if isinstance(rows, tuple) else frame.iloc[rows.start : rows.stop]
        back = trip(PACKAGER, frame, format=format, unpack={"rows": rows})
        pd.testing.assert_frame_equal(back, expected, check_freq=not isinstance(frame.index, pd.MultiIndex))


@pytest.mark.parametrize("format", [*BINARY, "csv"])
def test_columns_choose_columns(trip: Any, same: Any, format: str) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4], "c.d": [5, 6], "c": [7, 8]})
    same(trip(PACKAGER, frame, format=format, unpack={"columns": ["c", "a"]}), frame[["c", "a"]])
    same(trip(PACKAGER, frame, format=format, unpack={"columns": []}), frame[[]])
    with pytest.raises(UnpackError, match="no column 'x'"):
        trip(PACKAGER, frame, format=format, unpack={"columns": ["x"]})


def test_columns_of_other_labels(trip: Any, same: Any, frames: Any) -> None:
    twice = frames["duplicate labels"]
    same(trip(PACKAGER, twice, unpack={"columns": ["a"]}), twice)
    same(trip(PACKAGER, frames["multi labels"], unpack={"columns": [("b", 1), ["a", 2]]}), frames["multi labels"][[("b", 1), ("a", 2)]])
    same(trip(PACKAGER, frames["int labels"], unpack={"columns": [3]}), frames["int labels"][[3]])


def test_a_part_of_a_file_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"c{i}": np.arange(10_000) + i for i in range(50)})
    PACKAGER.pack_dataset(frame, tmp_path, row_group_size=1000)
    data = (tmp_path / "table.parquet").read_bytes()
    middle = len(data) // 2
    (tmp_path / "table.parquet").write_bytes(data[:middle] + bytes(1000) + data[middle + 1000 :])
    back = PACKAGER.unpack_dataset(tmp_path, columns=["c1"], rows=(10, 20))
    pd.testing.assert_frame_equal(back, frame[["c1"]].iloc[10:20])
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (pd.DataFrame({"a": pd.Series([object()], dtype=object)}), "column 'a': row 0: a builtins.object"),
        (pd.DataFrame({"a": pd.Series([1, {"x": [print]}], dtype=object)}), "row 1"),
        (pd.DataFrame({"a": [1j]}), "complex128"),
        (pd.DataFrame({"a": np.array([1], np.longdouble)}), "has no counterpart"),
        (pd.DataFrame({"a": [1]}, index=pd.DatetimeIndex(["2020-01-31"], freq=pd.offsets.DateOffset(months=1, days=2))), "frequency"),
        (pd.DataFrame({"a": pd.Series([pd.Interval(0, 1), type("I", (pd.Interval,), {})(0, 1)], dtype=object)}), "cannot be recorded"),
        (pd.DataFrame([[1]], columns=pd.Index([print], dtype=object)), "an index of labels"),
    ],
)
def test_what_would_not_come_back_is_refused_by_name(tmp_path: Path, frame: Any, why: str) -> None:
    with pytest.raises(PackError, match=why) as caught:
        PACKAGER.pack_dataset(frame, tmp_path)
    assert "object" in str(caught.value.remedy)
    assert not list(tmp_path.iterdir())


def test_attrs_that_cannot_be_recorded_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["model"] = object()
    with pytest.raises(PackError, match="a builtins"):
        PACKAGER.pack_dataset(frame, tmp_path)


def test_a_type_that_parquet_changes_is_refused_and_arrow_takes_it(trip: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": pd.arrays.ArrowExtensionArray(pa.array([(1, 2, 3)], pa.month_day_nano_interval()))})
    with pytest.raises(PackError, match="parquet cannot hold column 'a'"):
        PACKAGER.pack_dataset(frame, tmp_path)
    assert not list(tmp_path.iterdir())
    back = trip(PACKAGER, frame, format="arrow")
    assert pa.array(back["a"]).equals(pa.array(frame["a"]))


def test_a_time_that_parquet_cannot_hold_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.array([2**60], "M8[s]")})
    with pytest.raises(PackError, match="parquet cannot hold"):
        PACKAGER.pack_dataset(frame, tmp_path)


@pytest.mark.parametrize("format", BINARY)
def test_the_same_frame_makes_the_same_bytes(tmp_path: Path, frames: Any, format: str) -> None:
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        PACKAGER.pack_dataset(frames["plain"].copy(), tmp_path / folder, format=format)
        files.append((tmp_path / folder / f"table.{format}").read_bytes())
    assert files[0] == files[1]


ORDINARY = [
    "plain",
    "int labels",
    "range labels",
    "range index",
    "datetime index no freq",
    "uint8",
    "durations",
    "nullable",
    "multi with nan",
]


@pytest.mark.parametrize("name", ORDINARY)
def test_pandas_reads_ordinary_files_as_what_they_are(tmp_path: Path, frames: Any, name: str) -> None:
    PACKAGER.pack_dataset(frames[name], tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), frames[name])
    PACKAGER.pack_file(frames[name], tmp_path, format="feather")
    pd.testing.assert_frame_equal(pd.read_feather(tmp_path / "table.feather"), frames[name])


def test_other_programs_see_labels_and_values(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"when": pd.date_range("2020", periods=2, tz="Europe/Paris"), "kind": pd.Categorical(["b", "a"])}, index=["x", "y"]
    )
    PACKAGER.pack_dataset(frame, tmp_path)
    table = pa.parquet.read_table(tmp_path / "table.parquet")
    assert table.column_names == ["when", "kind", "__index_level_0__"]
    assert table.column("kind").to_pylist() == ["b", "a"]


@pytest.mark.parametrize("name", ORDINARY)
def test_files_of_pandas_are_read(tmp_path: Path, frames: Any, name: str) -> None:
    frames[name].to_parquet(tmp_path / "x.parquet")
    expected = pd.read_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(PACKAGER.unpack_dataset(tmp_path), expected)
    pd.testing.assert_frame_equal(PACKAGER.unpack_dataset(tmp_path, rows=(1, None)), expected.iloc[1:])
    first = list(expected.columns[:1])
    pd.testing.assert_frame_equal(PACKAGER.unpack_dataset(tmp_path, columns=first), expected[first])


def test_files_of_other_programs_are_read(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "b": [[1], None, []]})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(PACKAGER.unpack_dataset(tmp_path), table.to_pandas())
    pd.testing.assert_frame_equal(PACKAGER.unpack_dataset(tmp_path, rows=(1, 3)), table.to_pandas().iloc[1:3])
    with pytest.raises(UnpackError, match="no column 'x'"):
        PACKAGER.unpack_dataset(tmp_path, columns=["x"])


@pytest.mark.parametrize("format", BINARY)
@pytest.mark.parametrize("data", [b"", b"PAR1", b"ARROW1", b"FEA1", b"no such file at all, just text" * 10])
def test_a_file_that_is_none_is_an_unpack_error(tmp_path: Path, format: str, data: bytes) -> None:
    (tmp_path / f"x.{format}").write_bytes(data)
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path, format=format)


def test_every_option_is_of_some_format(tmp_path: Path, frames: Any) -> None:
    with pytest.raises(PackError, match="no option 'sep'"):
        PACKAGER.pack_dataset(frames["plain"], tmp_path, sep=";")
    with pytest.raises(PackError, match="no option 'row_group_size'"):
        PACKAGER.pack_dataset(frames["plain"], tmp_path, format="csv", row_group_size=5)
    PACKAGER.pack_dataset(frames["plain"], tmp_path)
    with pytest.raises(UnpackError, match="no option 'header'"):
        PACKAGER.unpack_dataset(tmp_path, header=None)


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "brotli", "lz4", "none"])
def test_compression(trip: Any, same: Any, frames: Any, compression: str) -> None:
    same(trip(PACKAGER, frames["plain"], compression=compression, row_group_size=1), frames["plain"])


def test_summaries_are_small(frame: Any) -> None:
    import json

    assert PACKAGER.describe(frame)["rows"] == len(frame)
    assert len(json.dumps(PACKAGER.describe(frame))) + len(json.dumps(PACKAGER.preview(frame))) < 64 << 10


def test_summaries_of_the_worst() -> None:
    import json

    wide = pd.DataFrame(
        {"😀" * 100 + str(i): ["😀" * 1000] * 20 for i in range(200)}, index=pd.MultiIndex.from_product([["😀" * 99] * 20] + [[1]] * 14)
    )
    assert len(json.dumps(PACKAGER.describe(wide))) < 64 << 10
    assert len(json.dumps(PACKAGER.preview(wide))) < 64 << 10


CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=st.timezones())
    | st.timedeltas()
    | st.lists(st.integers() | st.none(), max_size=2)
    | st.tuples(st.text(), st.floats(allow_nan=False))
    | st.just(pd.NaT)
    | st.just(pd.NA)
    | st.just(Decimal("1.10"))
)


@given(cells=st.lists(CELLS, max_size=6), labels=st.lists(CELLS.filter(lambda c: not isinstance(c, list)), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_any_cells_and_labels_come_back(trip: Any, same: Any, cells: list[Any], labels: list[Any]) -> None:
    columns = pd.Index(labels, dtype=object, tupleize_cols=False)
    frame = pd.DataFrame({i: pd.Series(cells, dtype=object) for i in range(len(labels))})
    frame.columns = columns
    same(trip(PACKAGER, frame), frame)


@given(
    frame=hypothesis_pandas.data_frames(
        [
            hypothesis_pandas.column("i", dtype="i2"),
            hypothesis_pandas.column("f", dtype="f4"),
            hypothesis_pandas.column("b", dtype=bool),
            hypothesis_pandas.column("t", dtype="M8[ns]"),
            hypothesis_pandas.column("d", dtype="m8[ns]"),
        ],
        index=hypothesis_pandas.indexes(dtype="i8", max_size=6) | hypothesis_pandas.range_indexes(max_size=6),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_frame_comes_back(trip: Any, same: Any, frame: Any) -> None:
    for format in BINARY:
        same(trip(PACKAGER, frame, format=format), frame)
