"""A note that nobody wrote like this is refused, or harmless: it never fails in another way."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers import UnpackError
from packagers.policy import unpacking
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.layout import KEY
from packagers_pandas.tables import RecordBatchReaderPackager

PACKAGER = DataFramePackager()
STRANGE: list[Any] = [
    None,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "<f8",
    "O",
    [],
    {},
    [None],
    {"arrow": "AAAA"},
    True,
    "cells",
    "category",
    {"range": [0, 5, 0]},
]


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the places in a JSON value."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return (
        [path, *(place for key, child in children for place in _places(child, (*path, key)))]
        if path
        else [place for key, child in children for place in _places(child, (key,))]
    )


def _changed(note: Any, place: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(note))
    node = copy
    for key in place[:-1]:
        node = node[key]
    if value is STRANGE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return copy


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "multi both",
        "categories",
        "intervals",
        "sparse",
        "zones",
        "objects",
        "nullable",
        "strings",
        "periods",
        "attrs",
        "datetime index freq",
        "mixed labels",
    ],
)
def test_a_changed_note(tmp_path: Path, frames: Any, name: str) -> None:
    PACKAGER.pack_dataset(frames[name], tmp_path, format="arrow")
    path = tmp_path / "table.arrow"
    with pa.ipc.open_file(path.read_bytes()) as reader:
        table = reader.read_all()
    note = json.loads(table.schema.metadata[KEY])
    choose = random.Random(name)
    changes = [(place, value) for place in _places(note) for value in [*STRANGE, STRANGE]]
    for place, value in choose.sample(changes, min(len(changes), 100)):
        changed = table.replace_schema_metadata({**table.schema.metadata, KEY: json.dumps(_changed(note, place, value))})
        with pa.ipc.new_file(str(path), changed.schema) as writer:
            writer.write_table(changed)
        with unpacking("there", False, "own"), contextlib.suppress(UnpackError):
            PACKAGER.unpack_dataset(tmp_path, format="arrow")


def test_a_note_of_a_newer_version_says_so(tmp_path: Path, frames: Any) -> None:
    table = pa.table({"a": [1]}).replace_schema_metadata({KEY: json.dumps({"version": 99, "layouts": []})})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(UnpackError, match="version 99") as caught:
        PACKAGER.unpack_dataset(tmp_path)
    assert "pip install" in str(caught.value.remedy)


@pytest.mark.parametrize(
    "note", ["", "{", "[]", "5", '{"version": 1}', '{"version": 1, "layouts": []}', '{"version": "x", "layouts": []}', "[" * 10_000]
)
def test_a_note_that_is_none(tmp_path: Path, note: str) -> None:
    pa.parquet.write_table(pa.table({"a": [1]}).replace_schema_metadata({KEY: note}), tmp_path / "x.parquet")
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path)


@pytest.mark.parametrize("number", range(40))
def test_a_damaged_file_that_is_read_on_and_on(tmp_path: Path, number: int) -> None:
    file = tmp_path / "table.arrow"
    table = pa.table({"number": range(100), "text": ["x"] * 100})
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    data, changes = bytearray(file.read_bytes()), random.Random(number)
    for _ in range(20):
        data[changes.randrange(len(data) // 4, len(data) // 2)] ^= 1 << changes.randrange(8)
    file.write_bytes(data)
    with contextlib.suppress(UnpackError), unpacking("x", False, "data"):
        for batch in RecordBatchReaderPackager().unpack_dataset(tmp_path, format="arrow"):
            assert batch.num_rows <= 100


@pytest.mark.parametrize(
    "cells",
    [
        "<tr><td colspan=1000000000>1",
        "<tr><td rowspan=1000000000>1",
        "<tr><td rowspan=60000 colspan=60000>1",
        "<thead><td rowspan=100000>1</thead><tr><td colspan=100000>1",
        "<tfoot><tr><td>1<td colspan=5000 rowspan=5000>2</tfoot>",
        "<tr>" + "<td>1" * 20_000 + "<tr><td>1" * 20_000,
    ],
)
def test_a_page_whose_table_is_out_of_proportion_is_refused_before_pandas_spreads_it(tmp_path: Path, cells: str) -> None:
    (tmp_path / "x.html").write_text(f"<p>a page</p><table>{cells}</table>")
    with pytest.raises(UnpackError, match="out of proportion"):
        PACKAGER.unpack_dataset(tmp_path, format="html")


def test_a_page_may_have_spans(tmp_path: Path) -> None:
    rows = "<tr><td rowspan=2>1<td>2<tr><td>3" * 200
    (tmp_path / "x.html").write_text(f"<table><tr><th>a<th>b</tr>{rows}</table><!-- <td colspan=99999999999> -->")
    assert PACKAGER.unpack_dataset(tmp_path, format="html").to_numpy().tolist() == [[1, 2], [1, 3]] * 200


WIDE = ",".join(map(str, range(5000)))
OUT_OF_PROPORTION = {
    "ragged.csv": (WIDE + "\n" + "1\n" * 5000).encode(),
    "ragged.csv.gz": gzip.compress((WIDE + "\n" + "1\n" * 5000).encode()),
    "columns.json": json.dumps({str(number): {str(number): 1} for number in range(5000)}).encode(),
    "records.json": json.dumps([{str(number): 1} for number in range(5000)]).encode(),
    "rows.json": json.dumps([list(range(5000)), *[[1]] * 5000]).encode(),
    "split.json": json.dumps({"columns": [], "data": [list(range(5000)), *[[1]] * 5000]}).encode(),
    "lines.jsonl": b"".join(b'{"%d": 1}\n' % number for number in range(5000)),
    "children.xml": b"<a>" + b"".join(b"<b><c%d>1</c%d></b>" % (number, number) for number in range(5000)) + b"</a>",
    "attributes.xml": b"<a>" + b"".join(b'<b c%d="1"/>' % number for number in range(5000)) + b"</a>",
}


@pytest.mark.parametrize("name", OUT_OF_PROPORTION)
def test_text_that_would_fill_far_more_cells_than_it_says_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(OUT_OF_PROPORTION[name])
    with pytest.raises(UnpackError, match="cells out of"):
        PACKAGER.unpack_dataset(tmp_path, format=name.split(".")[1])


def test_names_count_as_columns(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1\n" * 5000)
    with pytest.raises(UnpackError, match="cells out of"):
        PACKAGER.unpack_dataset(tmp_path, format="csv", names=[str(number) for number in range(5000)])


def test_cells_of_a_workbook_that_lie_far_apart_are_refused(tmp_path: Path) -> None:
    book = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_excel(book, index=False)
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(tmp_path / "x.xlsx", "w") as new:
        for name in old.namelist():
            far = b'<row r="2"><c r="XFD2"><v>1</v></c></row><row r="100000"><c r="A100000"><v>1</v></c></row></sheetData>'
            new.writestr(name, re.sub(rb"</sheetData>", far, old.read(name)))
    with pytest.raises(UnpackError, match="cells out of"):
        PACKAGER.unpack_dataset(tmp_path, format="xlsx")


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "xml", "xlsx", "html"])
def test_a_wide_table_is_in_proportion(tmp_path: Path, format: Any) -> None:
    frame = pd.DataFrame(1, index=range(40), columns=[f"c{number}" for number in range(600)])
    frame.iloc[3:, 1:] = None
    told = PACKAGER.pack_dataset(frame, tmp_path, format=format)
    assert PACKAGER.unpack_dataset(tmp_path, format=format, **told).shape == frame.shape


COSTLY: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "pattern": ("csv", b"a\n" + b"x" * 60, {"sep": "(x+x+)+y"}),
    "delimiter": ("csv", b"a\n" + b"x" * 60, {"delimiter": "(x+x+)+y"}),
    "unsaid": ("csv", b',"a' * 90_000, {"sep": None}),
    "bytes": ("csv", b"a\n1\n", {"dtype": "S2000000000"}),
    "a column": ("csv", b"a\n1\n", {"dtype": {"a": "U500000000"}}),
    "of json": ("json", b'{"a": {"0": 1}}', {"dtype": "V2000000000"}),
    "lines": ("csv", b"a\n1\n", {"skiprows": 10**12}),
    "rows": ("html", b"<table><tr><td>1</table>", {"skiprows": 10**12}),
}


@pytest.mark.parametrize("name", COSTLY)
def test_options_that_cost_out_of_proportion_are_refused(tmp_path: Path, name: str) -> None:
    format, content, options = COSTLY[name]
    (tmp_path / f"x.{format}").write_bytes(content)
    with pytest.raises(UnpackError, match=r"pattern|wide|is more than") as caught:
        PACKAGER.unpack_dataset(tmp_path, format=format, **options)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_a_pattern_separates_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a;;b\n1;;2\n")
    for sep in (";;", None):
        assert PACKAGER.unpack_dataset(tmp_path, format="csv", sep=sep, engine="python").shape[0] == 1


@pytest.mark.parametrize("shape", ["(1125899906842624,)", "(2,)", "(-1,)"])
def test_arrays_that_claim_another_size_are_refused(tmp_path: Path, shape: str) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode()
    content = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(8)
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UnpackError, match="shorter or longer"):
        PACKAGER.unpack_dataset(tmp_path, format="npy")
    (tmp_path / "x.npy").unlink()
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(UnpackError, match="shorter or longer"):
        PACKAGER.unpack_dataset(tmp_path, format="npz")


def test_pieces_of_one_array_are_named_once(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.zeros((2, 2)))
    with pytest.raises(UnpackError, match="named twice"):
        PACKAGER.unpack_dataset(tmp_path, format="npz", members=[0, 0], concatenate=True)
