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


MATRIX = np.arange(6.0).reshape(3, 2)
FIELDS = np.array([(1, 0.5), (2, -0.0), (3, np.inf)], dtype=[("a", ">i8"), ("b", "<f8")])
SHARED = np.arange(3)


def _masked() -> Any:
    return np.ma.MaskedArray([1, 2, 3], [True, False, False])


ARRAYS: dict[str, tuple[Callable[[], Any], pd.DataFrame]] = {
    "one dimension": (lambda: np.arange(3), pd.DataFrame({0: [0, 1, 2]})),
    "two dimensions": (lambda: MATRIX, pd.DataFrame(MATRIX)),
    "row after row": (lambda: np.asfortranarray(MATRIX), pd.DataFrame(MATRIX)),
    "no rows": (lambda: np.zeros((0, 2)), pd.DataFrame(np.zeros((0, 2)))),
    "big-endian": (lambda: np.arange(3, dtype=">i4"), pd.DataFrame({0: np.arange(3, dtype="i4")})),
    "times": (lambda: np.array(["2020", "NaT"], "M8[ms]"), pd.DataFrame({0: np.array(["2020", "NaT"], "M8[ms]")})),
    "texts": (lambda: np.array(["a", "bc"]), pd.DataFrame({0: ["a", "bc"]})),
    "fields": (lambda: FIELDS, FRAME),
    "records": (lambda: FIELDS.view(np.recarray), FRAME),
    "matrix": (lambda: MATRIX.view(np.matrix), pd.DataFrame(MATRIX)),
    "dict": (lambda: {"a": FRAME["a"].to_numpy(), "b": FRAME["b"].to_numpy()}, FRAME),
    "dict of odd keys": (lambda: {"": SHARED, "a/..": SHARED + 1}, pd.DataFrame({"": [0, 1, 2], "a/..": [1, 2, 3]})),
    "dict of one array": (lambda: {"x": SHARED}, pd.DataFrame({"x": [0, 1, 2]})),
    "dict of one array twice": (lambda: {"x": SHARED, "y": SHARED}, pd.DataFrame({"x": [0, 1, 2], "y": [0, 1, 2]})),
    "list": (lambda: [SHARED, SHARED, SHARED + 1], pd.DataFrame({"arr_0": [0, 1, 2], "arr_1": [0, 1, 2], "arr_2": [1, 2, 3]})),
    "stream": (lambda: iter([MATRIX[:2], MATRIX[2:]]), pd.DataFrame(MATRIX)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_as_tables(tmp_path: Path, name: str) -> None:
    make, frame = ARRAYS[name]
    packagers.pack(make(), "key", tmp_path)
    pd.testing.assert_frame_equal(packagers.unpack(tmp_path / "key", pd.DataFrame, trust="data"), frame, check_column_type=False)
    table = packagers.unpack(tmp_path / "key", pa.Table, trust="data")
    assert table.schema.names == [str(label) for label in frame.columns]
    assert repr(table.to_pandas().to_numpy().tolist()) == repr(frame.to_numpy().tolist())
    part = packagers.unpack(tmp_path / "key", pd.DataFrame, columns=[frame.columns[-1]], rows=(1, 3))
    pd.testing.assert_frame_equal(part.reset_index(drop=True), frame.iloc[1:3, -1:].reset_index(drop=True), check_column_type=False)
    if frame.shape[1] == 1:
        series = packagers.unpack(tmp_path / "key", pd.Series, trust="data")
        assert series.name == (None if frame.columns[0] == 0 else frame.columns[0])
        assert repr(series.tolist()) == repr(frame.iloc[:, 0].tolist())


NO_TABLES: dict[str, tuple[Callable[[], Any], str]] = {
    "three dimensions": (lambda: np.zeros((1, 2, 3)), "3 dimensions"),
    "no dimensions": (lambda: np.array(1), "0 dimensions"),
    "objects": (lambda: np.array([1, {}], dtype=object), "Object arrays"),
    "objects in a dict": (lambda: {"a": SHARED, "b": np.array([1, {}, 2], dtype=object)}, "Object arrays"),
    "raw bytes": (lambda: np.array([b"ab"], dtype="V2"), "makes no column"),
    "fields of arrays": (lambda: np.zeros(2, dtype=[("a", "i4", (2,))]), "2 dimensions"),
    "lengths": (lambda: {"a": SHARED, "b": SHARED[:1]}, "lengths"),
    "matrix beside a column": (lambda: {"a": SHARED, "b": MATRIX}, "2 dimensions"),
    "masked": (_masked, "masked"),
}


@pytest.mark.parametrize("name", NO_TABLES)
@pytest.mark.parametrize("hint", [pd.DataFrame, pd.Series, pa.Table], ids=["DataFrame", "Series", "Table"])
def test_arrays_that_make_no_table(tmp_path: Path, name: str, hint: Any) -> None:
    make, message = NO_TABLES[name]
    packagers.pack(make(), "key", tmp_path)
    with pytest.raises(UnpackError, match=message) as caught:
        packagers.unpack(tmp_path / "key", hint, trust="all")
    assert "numpy" in (caught.value.remedy or "")


def test_plain_files_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", MATRIX)
    np.savez_compressed(tmp_path / "x.npz", b=FRAME["b"], a=FRAME["a"])
    pd.testing.assert_frame_equal(packagers.unpack(tmp_path / "x.npy", pd.DataFrame), pd.DataFrame(MATRIX))
    pd.testing.assert_frame_equal(packagers.unpack(tmp_path / "x.npz", pd.DataFrame, columns=["a", "b"]), FRAME)
    assert packagers.unpack(tmp_path / "x.npz", pa.Table, columns=["a"]).to_pydict() == {"a": [1, 2, 3]}
    assert packagers.unpack(tmp_path / "x.npz", pd.Series, columns=["a"]).tolist() == [1, 2, 3]
    with pytest.raises(UnpackError, match="no column 'c'"):
        packagers.unpack(tmp_path / "x.npz", pd.DataFrame, columns=["c"])


def test_damaged_files_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", MATRIX)
    np.savez(tmp_path / "x.npz", a=MATRIX, b=MATRIX)
    for name in ("x.npy", "x.npz"):
        data = (tmp_path / name).read_bytes()
        for damaged in (data[:-20], data[:8], data.replace(b"3, 2", b"9, 9")):
            (tmp_path / name).write_bytes(damaged)
            with pytest.raises(UnpackError):
                packagers.unpack(tmp_path / name, pd.DataFrame)


TEXTS = {"csv": None, "json": None, "jsonl": None, "html": "lxml", "xml": "lxml", "xlsx": "openpyxl"}


@pytest.mark.parametrize("format", TEXTS)
def test_text_as_an_arrow_table(tmp_path: Path, format: str) -> None:
    if TEXTS[format]:
        pytest.importorskip(TEXTS[format])
    frame = pd.DataFrame({"n": [1, 2, 3], "s": ["x", "y", "z"]})
    packagers.pack(frame, f"key : dataset[format={format!r}]", tmp_path)
    assert packagers.unpack(tmp_path / "key", pa.Table).to_pylist() == frame.to_dict("records")
    assert packagers.unpack(tmp_path / "key", pa.RecordBatch, columns=["s"], rows=(1, 2)).to_pydict() == {"s": ["y"]}
    with pytest.raises(UnpackError, match="cannot be mapped"):
        packagers.unpack(tmp_path / "key", pa.Table, memory_map=True)


def test_a_plain_text_with_options_as_an_arrow_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a;b\n1;2\n")
    assert packagers.unpack(tmp_path / "x.csv", pa.Table, sep=";").to_pydict() == {"a": [1], "b": [2]}
    with pytest.raises(UnpackError, match="no option 'sheet_name'"):
        packagers.unpack(tmp_path / "x.csv", pa.Table, sheet_name="a")


def test_numbers_with_another_delimiter(tmp_path: Path) -> None:
    packagers.pack(MATRIX, "key : file[format='csv', delimiter=';']", tmp_path)
    np.testing.assert_array_equal(packagers.unpack(tmp_path / "key", pd.DataFrame).to_numpy(), MATRIX)
