"""pyarrow's tables, batches and readers come back with their schema and metadata."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers import PackError, UnpackError
from packagers_pandas.tables import RecordBatchPackager, RecordBatchReaderPackager, TablePackager

DICTIONARY = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), pa.array(["b", "a", "unused"]))
TABLES = {
    "plain": pa.table({"a": [1, None], "b": ["x", "y"]}),
    "empty": pa.table({}),
    "no rows": pa.schema([("a", pa.int8()), ("b", pa.string())]).empty_table(),
    "no columns": pa.table({"a": [1, 2]}).select([]),
    "metadata": pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
    "field metadata": pa.Table.from_arrays([pa.array([1])], schema=pa.schema([pa.field("a", pa.int64(), False, {"x": "y"})])),
    "duplicate names": pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]),
    "odd names": pa.table({"": [1], "a.b": [2], "日本": [3]}),
    "seconds": pa.table({"s": pa.array([1, None], pa.timestamp("s")), "z": pa.array([1, 2], pa.timestamp("s", "Europe/Paris"))}),
    "times": pa.table(
        {"d": pa.array([datetime.date(2020, 1, 1)], pa.date64()), "t": pa.array([5], pa.time32("s")), "u": pa.array([5], pa.duration("s"))}
    ),
    "lists": pa.table(
        {"l": [[1], None], "ll": pa.array([[1], []], pa.large_list(pa.int8())), "f": pa.array([[1, 2], None], pa.list_(pa.int8(), 2))}
    ),
    "nested": pa.table({"s": [{"a": 1, "b": [2]}, None], "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8()))}),
    "decimals": pa.table({"d": [Decimal("1.10")], "e": pa.array([Decimal("1.123")], pa.decimal256(50, 3))}),
    "strings": pa.table(
        {"l": pa.array(["x"], pa.large_string()), "v": pa.array(["x"], pa.string_view()), "b": pa.array([b"x"], pa.large_binary())}
    ),
    "dictionaries": pa.table(
        {"s": DICTIONARY, "i": pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), pa.array([5, 6, 7]))}
    ),
    "ordered dictionary": pa.table({"s": pa.DictionaryArray.from_arrays(pa.array([1, 0]), pa.array(["b", "a"]), ordered=True)}),
    "chunks": pa.table({"a": pa.chunked_array([[1, 2], [3]])}),
    "small": pa.table(
        {"h": pa.array(np.array([1.5], "f2")), "n": pa.nulls(1), "u": pa.array([255], pa.uint8()), "b": pa.array([b"ab"], pa.binary(2))}
    ),
    "extension": pa.table(
        {"u": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int8(), (2,)), pa.array([[1, 2]], pa.list_(pa.int8(), 2)))}
    ),
}
ONLY_ARROW = {
    "union": pa.table({"u": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["x"])])}),
    "interval": pa.table({"i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}),
    "run ends": pa.table({"r": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array(["x"]))}),
}


def assert_same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    assert left.schema.equals(right.schema, check_metadata=True)
    assert left.num_rows == right.num_rows
    assert left.equals(right)


@pytest.mark.parametrize("format", ["parquet", "arrow"])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_a_table_comes_back(trip: Any, table: Any, format: str) -> None:
    assert_same(trip(TablePackager(), table, format=format), table)


@pytest.mark.parametrize("table", ONLY_ARROW.values(), ids=ONLY_ARROW.keys())
def test_what_parquet_cannot_hold(trip: Any, tmp_path: Path, table: Any) -> None:
    with pytest.raises(PackError, match="parquet cannot hold column"):
        TablePackager().pack_dataset(table, tmp_path)
    assert not list(tmp_path.iterdir())
    assert_same(trip(TablePackager(), table, format="arrow"), table)


@pytest.mark.parametrize("format", ["parquet", "arrow"])
@pytest.mark.parametrize("name", [name for name in TABLES if name != "chunks"])
def test_a_batch_comes_back(trip: Any, name: str, format: str) -> None:
    batch = RecordBatchPackager().from_table(TABLES[name])
    assert_same(trip(RecordBatchPackager(), batch, format=format), batch)


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_a_reader_gives_the_same_batches(trip: Any, format: str) -> None:
    batches = [pa.record_batch({"a": [1, 2]}), pa.record_batch({"a": pa.array([], pa.int64())}), pa.record_batch({"a": [3]})]
    back = trip(RecordBatchReaderPackager(), pa.RecordBatchReader.from_batches(batches[0].schema, batches), format=format)
    assert isinstance(back, pa.RecordBatchReader)
    assert back.schema == batches[0].schema
    assert [batch.to_pydict() for batch in back] == [batch.to_pydict() for batch in batches]


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_columns_and_rows(trip: Any, format: str) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"], "d": DICTIONARY})
    assert_same(
        trip(TablePackager(), table, format=format, unpack={"columns": ["d", "a"], "rows": (1, 3)}), table.select(["d", "a"]).slice(1)
    )
    with pytest.raises(UnpackError, match="no column 'x'"):
        trip(TablePackager(), table, format=format, unpack={"columns": ["x"]})


def test_arrow_files_are_mapped(trip: Any, tmp_path: Path) -> None:
    table = TABLES["plain"]
    before = pa.total_allocated_bytes()
    back = trip(TablePackager(), table, format="arrow", unpack={"memory_map": True})
    assert pa.total_allocated_bytes() == before
    assert_same(back, table)
    with pytest.raises(UnpackError, match="cannot be mapped"):
        trip(TablePackager(), table, unpack={"memory_map": True})


def test_plain_files(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    assert TablePackager().unpack_dataset(tmp_path).to_pydict() == {"a": [1]}
    (tmp_path / "x.parquet").unlink()
    pd.DataFrame({"a": [1]}).to_feather(tmp_path / "x.feather")
    assert TablePackager().unpack_dataset(tmp_path, format="feather").to_pydict() == {"a": [1]}
    (tmp_path / "x.feather").unlink()
    with pa.ipc.new_stream(str(tmp_path / "x.arrow"), TABLES["plain"].schema) as stream:
        stream.write_table(TABLES["plain"])
    assert_same(TablePackager().unpack_dataset(tmp_path, format="arrow"), TABLES["plain"])


def test_a_type_that_only_a_pickle_could_rebuild_is_refused(tmp_path: Path) -> None:
    metadata = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": b"cos\nsystem\n(S'true'\ntR."}
    field = pa.field("a", pa.int64(), metadata=metadata)
    for schema in (pa.schema([field]), pa.schema([pa.field("s", pa.struct([field]))])):
        pa.parquet.write_table(schema.empty_table(), tmp_path / "x.parquet")
        with pytest.raises(UnpackError, match="only a pickle"):
            TablePackager().unpack_dataset(tmp_path)


def test_summaries() -> None:
    for table in (TABLES | ONLY_ARROW).values():
        assert TablePackager().describe(table)["rows"] == table.num_rows
        assert "table" in TablePackager().preview(table)
