"""What is found out once, of types, shapes and labels, is found out anew where anything differs that it depends on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as arrow_parquet

from packagers import PackError
from packagers_pandas import columns, dictionaries, layout, parquet
from packagers_pandas.frames import DataFramePackager

ROWS = 300_000


def _frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"]), **columns})


def _text(*labels: Any) -> Any:
    return pd.Index(labels, dtype="str")


ALIKE: dict[str, Callable[[], pd.DataFrame]] = {
    "as it is": _frame,
    "another label": lambda: _frame().rename(columns={"a": "A"}),
    "labels of another dtype": lambda: _frame().set_axis(pd.Index(["a", "b"], dtype=object), axis=1),
    "labels with a name": lambda: _frame().rename_axis(columns="name"),
    "labels as numbers": lambda: _frame().set_axis([0, 1], axis=1),
    "another dtype": lambda: _frame(a=np.array([1, 2], "i4")),
    "a nullable dtype": lambda: _frame(a=pd.array([1, 2], dtype="Int64")),
    "Arrow's dtype": lambda: _frame(a=pd.array([1, 2], dtype=pd.ArrowDtype(pa.int64()))),
    "another of Arrow's dtypes": lambda: _frame(a=pd.array([1, 2], dtype=pd.ArrowDtype(pa.int32()))),
    "another zone": lambda: _frame(a=pd.DatetimeIndex(["2020", "2021"], tz="Europe/Paris")),
    "a further zone": lambda: _frame(a=pd.DatetimeIndex(["2020", "2021"], tz="Europe/Rome")),
    "ordered categories": lambda: _frame(b=pd.Categorical(["x", "y"], ordered=True)),
    "more categories": lambda: _frame(b=pd.Categorical(["x", "y"], categories=["x", "y", "z"])),
    "an index with a name": lambda: _frame().rename_axis(index="i"),
    "an index that starts elsewhere": lambda: _frame().set_axis(pd.RangeIndex(5, 7)),
    "an index of texts": lambda: _frame().set_axis(_text("p", "q")),
    "two levels": lambda: _frame().set_axis(pd.MultiIndex.from_arrays([[1, 2], ["p", "q"]], names=["i", "j"])),
}


@pytest.mark.parametrize("name", ALIKE)
def test_the_note_of_pandas_is_that_of_this_frame(name: str) -> None:
    frames = {other: make() for other, make in ALIKE.items()}
    for frame in frames.values():
        layout.to_table(frame)  # all of them are remembered
    found = json.loads(layout.to_table(frames[name])[0].schema.metadata[b"pandas"])
    layout._NOTES.clear()
    assert found == json.loads(layout.to_table(ALIKE[name]())[0].schema.metadata[b"pandas"])


def test_frames_of_one_shape_share_a_note_and_many_shapes_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_NOTES", 3)
    layout._NOTES.clear()
    for number in range(3):
        layout.to_table(_frame(a=[number, number + 1]))
    assert len(layout._NOTES) == 1
    for number in range(10):
        layout.to_table(_frame().rename_axis(index=f"i{number}"))
        assert len(layout._NOTES) <= 3
    monkeypatch.setattr(layout, "MAX_SHAPE", 10)
    layout._NOTES.clear()
    layout.to_table(_frame())
    assert not layout._NOTES


@pytest.mark.parametrize("others", [["a", "B"], ["b", "a"], ["a", "b"]])
def test_labels_are_those_of_this_frame(trip: Any, others: list[str]) -> None:
    for labels in (_text("a", "b"), _text("a", "b").rename("name"), pd.Index(others, dtype=object), _text(*others)):
        frame = pd.DataFrame([[1, 2]], columns=labels)
        pd.testing.assert_index_equal(trip(DataFramePackager(), frame).columns, labels, exact=True)


def test_a_type_that_does_not_come_back_is_refused_every_time() -> None:
    strange = pa.field("u", pa.sparse_union([pa.field("x", pa.int64())]))
    for schema in (pa.schema([strange]), pa.schema([("n", pa.int16()), strange]), pa.schema([("n", pa.int16()), strange])):
        with pytest.raises(PackError, match="'u'"):
            parquet.check_types(schema)
    parquet.check_types(pa.schema([("n", pa.int16())]))


def test_types_are_told_apart_by_all_that_matters() -> None:
    known = [pa.field("a", kind) for kind in (pa.int8(), pa.timestamp("us", "UTC"), pa.dictionary(pa.int8(), pa.string()))]
    assert all(map(parquet._is_told_by_type, known))
    parts = [pa.list_(pa.field("item", pa.int8(), metadata={"ARROW:extension:name": "x"})), pa.struct([("a", pa.int8())])]
    marked = pa.field("a", pa.int8(), metadata={"ARROW:extension:name": "x"})
    unknown = [pa.field("a", kind) for kind in (*parts, pa.dictionary(pa.int8(), parts[1]), pa.uuid() if hasattr(pa, "uuid") else parts[1])]
    assert not any(map(parquet._is_told_by_type, [*unknown, marked]))


def test_what_comes_back_is_told_by_type_and_note_together() -> None:
    data = pa.array(["x"], pa.large_string())
    nan, missing = ({"kind": "string", "storage": "pyarrow", "missing": name} for name in ("nan", "NA"))
    found = [columns._coming_back(data.type, tuple(spec.items())) for spec in (nan, missing, nan)]
    assert [dtype.na_value is pd.NA for dtype in found] == [False, True, False]


def _ids() -> Any:
    return np.random.default_rng(1).permutation(ROWS)


COLUMNS: dict[str, tuple[Callable[[], Any], bool]] = {
    "all different": (_ids, True),
    "measurements": (lambda: _ids() / 7, True),
    "measurements with gaps": (lambda: np.where(_ids() % 5 == 0, np.nan, _ids() / 7), True),
    "moments": (lambda: _ids().view("M8[s]"), True),
    "texts": (lambda: pd.array([f"id {number}" for number in _ids()], dtype="str"), True),
    "few": (lambda: _ids() % 1000, False),
    "many, but not too many": (lambda: _ids() % 50_000, False),
    "few texts": (lambda: pd.array([f"id {number % 100}" for number in _ids()], dtype="str"), False),
    "short numbers": (lambda: _ids().astype("i2"), False),
    "nothing": (lambda: np.full(ROWS, np.nan), False),
    "runs": (lambda: np.sort(_ids() % 5000) / 3, False),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_dictionary_is_left_out_where_the_writer_would_give_it_up(tmp_path: Path, name: str) -> None:
    make, is_left_out = COLUMNS[name]
    frame = pd.DataFrame({"few": np.arange(ROWS) % 3, "column": make()})
    DataFramePackager().pack_dataset(frame, tmp_path)
    group = arrow_parquet.ParquetFile(tmp_path / "table.parquet").metadata.row_group(0)
    assert [bool(group.column(number).has_dictionary_page) for number in range(2)] == [True, not is_left_out]
    pd.testing.assert_frame_equal(DataFramePackager().unpack_dataset(tmp_path), frame)


def test_short_groups_and_columns_with_parts_have_dictionaries() -> None:
    table = pa.table({"id": np.arange(ROWS)})
    assert dictionaries.chosen(table, None) == []
    assert dictionaries.chosen(table, 10_000) is True
    assert dictionaries.chosen(table.slice(0, 10_000), None) is True
    assert dictionaries.chosen(table.append_column("parts", pa.nulls(ROWS, pa.list_(pa.int8()))), None) is True


def test_texts_of_an_arrow_file_share_no_memory_with_its_other_columns(trip: Any) -> None:
    frame = pd.DataFrame({"number": np.arange(ROWS), "text": pd.array(["x"], dtype="str").take([0] * ROWS)})
    before = pa.total_allocated_bytes()
    back = trip(DataFramePackager(), frame, format="arrow")["text"]
    assert len(back) == ROWS
    assert pa.total_allocated_bytes() - before < 10 * ROWS  # eight for each offset, one for each text
