"""What was packed as one kind of table is unpacked as another, in the same form by whatever way, and never through a pickle."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import packagers
from packagers import UnpackError

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, -0.0, np.inf]})
TABLE = pa.Table.from_pandas(FRAME)
ROWS = [{"a": 1, "b": 0.5}, {"a": 2, "b": -0.0}, {"a": 3, "b": np.inf}]

STORED: dict[str, Callable[[], Any]] = {
    "frame": lambda: FRAME,
    "table": lambda: TABLE,
    "batch": lambda: TABLE.to_batches()[0],
    "stream": lambda: iter([FRAME.iloc[:2], FRAME.iloc[2:]]),
    "reader": lambda: pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches(max_chunksize=2)),
}
ASKED: dict[str, tuple[Any, Callable[[Any], pd.DataFrame]]] = {
    "DataFrame": (pd.DataFrame, lambda back: back),
    "Table": (pa.Table, lambda back: back.to_pandas()),
    "RecordBatch": (pa.RecordBatch, lambda back: back.to_pandas()),
    "RecordBatchReader": (pa.RecordBatchReader, lambda back: back.read_pandas()),
    "dict of arrays": (dict[str, np.ndarray], pd.DataFrame),
    "records": (list[dict], pd.DataFrame),
    "typed records": (list[dict[str, Any]], pd.DataFrame),
    "ndarray": (np.ndarray, lambda back: pd.DataFrame(back, columns=["a", "b"]).astype({"a": int})),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("artifact_type", ["dataset", "file"])
def test_a_table_as_another(tmp_path: Path, stored: str, asked: str, artifact_type: str) -> None:
    if artifact_type == "file" and (stored in ("stream", "reader") or asked == "dict of arrays"):
        artifact_type = "dataset"
    hint, to_frame = ASKED[asked]
    packagers.pack(STORED[stored](), f"key : {artifact_type}", tmp_path)
    back = packagers.unpack(tmp_path / "key", hint, trust="data")
    pd.testing.assert_frame_equal(to_frame(back).reset_index(drop=True), FRAME, check_exact=True)


@pytest.mark.parametrize("stored", [name for name in STORED if name != "reader"])
def test_a_table_chunk_by_chunk(tmp_path: Path, stored: str) -> None:
    packagers.pack(STORED[stored](), "key", tmp_path)
    chunks = packagers.unpack(tmp_path / "key", Iterator[pd.DataFrame], trust="data")
    pd.testing.assert_frame_equal(pd.concat(chunks), FRAME, check_exact=True)


SERIES: dict[str, tuple[Any, Callable[[Any], list[Any]]]] = {
    "Series": (pd.Series, list),
    "Index": (pd.Index, list),
    "DataFrame": (pd.DataFrame, lambda back: list(back["v"])),
    "Table": (pa.Table, lambda back: back.column("v").to_pylist()),
    "RecordBatch": (pa.RecordBatch, lambda back: back.column("v").to_pylist()),
    "RecordBatchReader": (pa.RecordBatchReader, lambda back: back.read_all().column("v").to_pylist()),
    "frames": (Iterator[pd.DataFrame], lambda back: list(pd.concat(back)["v"])),
    "records": (list[dict], lambda back: [row["v"] for row in back]),
    "ndarray": (np.ndarray, lambda back: back.ravel().tolist()),
}


@pytest.mark.parametrize("asked", SERIES)
def test_a_series_as_something_else(tmp_path: Path, asked: str) -> None:
    hint, to_list = SERIES[asked]
    packagers.pack(pd.Series([1.5, 2.5], index=["x", "y"], name="v"), "key", tmp_path)
    assert to_list(packagers.unpack(tmp_path / "key", hint, trust="data")) == [1.5, 2.5]


@pytest.mark.parametrize("stored", STORED)
def test_one_column_of_a_table_as_a_series_or_an_index(tmp_path: Path, stored: str) -> None:
    packagers.pack(STORED[stored](), "key", tmp_path)
    for hint in (pd.Series, pd.Index):
        assert list(packagers.unpack(tmp_path / "key", hint, columns=["a"])) == [1, 2, 3]
        with pytest.raises(UnpackError, match="2 columns"):
            packagers.unpack(tmp_path / "key", hint)


def test_rows_are_dicts_of_what_the_table_holds(tmp_path: Path) -> None:
    table = pa.table({"n": [1, None], "d": [datetime.date(2020, 1, 1), None], "l": [[1], None], "b": [b"x", None]})
    for name, format in (("p", "parquet"), ("a", "arrow"), ("f", "feather")):
        packagers.pack(table, f"{name} : dataset[format={format!r}]", tmp_path)
        assert packagers.unpack(tmp_path / name, list[dict]) == table.to_pylist()  # integers stay what they are beside a missing one
        assert packagers.unpack(tmp_path / name, list[dict], columns=["d"], rows=(1, 2)) == [{"d": None}]


def test_rows_of_a_frame_are_dicts_of_its_cells(tmp_path: Path) -> None:
    frame = pd.DataFrame({"o": pd.Series([(1, {2}), None], ["r", "s"], dtype=object), 7: pd.Categorical(["x", "y"])}, index=["r", "s"])
    packagers.pack(frame, "key", tmp_path)
    assert packagers.unpack(tmp_path / "key", list[dict]) == [{"o": (1, {2}), 7: "x"}, {"o": None, 7: "y"}]
    with pytest.raises(UnpackError, match="fit the hint"):
        packagers.unpack(tmp_path / "key", list[dict[str, Any]])
    packagers.pack(frame[["o"]].astype(str), 'text : dataset[format="csv"]', tmp_path)
    assert packagers.unpack(tmp_path / "text", list[dict])[0] == {"o": "(1, {2})"}


def test_two_columns_of_one_label_make_no_dicts(tmp_path: Path) -> None:
    packagers.pack(pd.DataFrame([[1, 2]], columns=["a", "a"]), "frame", tmp_path)
    packagers.pack(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), "table", tmp_path)
    for key in ("frame", "table"):
        with pytest.raises(UnpackError, match="same label"):
            packagers.unpack(tmp_path / key, list[dict])


def test_lists_of_dicts_stay_with_the_core(tmp_path: Path) -> None:
    rows = [{"a": 1, "t": (1, 2)}]
    packagers.pack(rows, "key", tmp_path)
    assert packagers.unpack(tmp_path / "key", list[dict]) == rows
    (tmp_path / "x.json").write_text('[{"a": 1}]')
    assert packagers.unpack(tmp_path / "x.json", list[dict]) == [{"a": 1}]
    registry = packagers.Registry()
    assert registry.find(rows).registration.distribution == "packagers"


def test_a_pickled_frame_is_no_table_for_others(tmp_path: Path) -> None:
    packagers.pack(FRAME, "key : object", tmp_path)
    for hint in (pa.Table, list[dict], np.ndarray, dict[str, np.ndarray], pd.Series):
        with pytest.raises(UnpackError):
            packagers.unpack(tmp_path / "key", hint, trust="all")


def test_a_table_of_what_only_pandas_has_goes_back_to_a_frame(tmp_path: Path) -> None:
    frame = pd.DataFrame({"p": pd.period_range("2020", periods=2, freq="M"), "o": pd.Series([1, (2,)], dtype=object)})
    packagers.pack(frame, "frame", tmp_path)
    table = packagers.unpack(tmp_path / "frame", pa.Table)
    packagers.pack(table, "table", tmp_path)
    pd.testing.assert_frame_equal(packagers.unpack(tmp_path / "table", pd.DataFrame), frame)
