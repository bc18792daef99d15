"""Every format asked for by name: what is not refused is read again, what is refused leaves no file, and the input stays as it was."""

from __future__ import annotations

import copy
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import orc

import packagers
from packagers import PackError, UnpackError, UntrustedPackageError
from packagers_pandas.formats import FORMS, Format, Stored
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.series import IndexPackager, SeriesPackager
from packagers_pandas.sources import buffer_of, room

PACKAGER = DataFramePackager()
WRITTEN = [format for format, form in FORMS.items() if form.write is not None]
NEW = ["orc", "html", "xlsx", "xml", "hdf"]
PLAIN = pd.DataFrame({"a": [1, 2], "b": [0.1, np.nan], "c": ["x", "<&\n'\""], "t": pd.date_range("2020-05-01", periods=2, freq="9h")})


def test_the_table_of_formats_is_the_type() -> None:
    assert get_args(Format) == tuple(WRITTEN)
    assert get_args(Stored) == tuple(FORMS)
    assert {format for format in FORMS if PACKAGER.READERS[format] == "code"} == {"hdf"}
    assert set(FORMS) - PACKAGER.LOSSY == {"parquet", "feather", "arrow"}


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize(
    ("packager", "axis"), [(PACKAGER, None), (SeriesPackager(), 1), (IndexPackager(), 0)], ids=["frame", "series", "index"]
)
def test_what_is_written_is_read_and_what_is_refused_leaves_nothing(
    trip: Any, tmp_path: Path, frames: dict[str, Any], format: str, packager: Any, axis: int | None
) -> None:
    written = 0
    for name, frame in frames.items():
        if name == "many rows" or (axis == 1 and not frame.shape[1]):
            continue
        value = frame if axis is None else frame.iloc[:, 0] if axis == 1 else frame.index
        try:
            back = trip(packager, value, format=format)
        except PackError:
            assert not list(tmp_path.rglob("table.*")), name
            continue
        finally:
            for file in tmp_path.rglob("table.*"):
                file.unlink()
        written += 1
        assert len(back) == len(value), name
        assert (type(back) is type(value)) or isinstance(back, pd.Index), name
        if axis is None:
            assert back.shape == frame.shape, name
    assert written > 3


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize("name", ["plain", "multi both", "attrs", "flags", "objects", "view", "index int name", "categories", "odd labels"])
def test_nothing_of_a_frame_changes(trip: Any, same: Any, frames: dict[str, Any], format: str, name: str) -> None:
    frame = frames[name]
    before, snapshot = copy.deepcopy(frame), _snapshot(frame)
    with pytest.MonkeyPatch.context() as patch:
        # Whoever wants to change values of a frame in place needs a buffer that can be written to.
        for array in _buffers(frame):
            if array.flags.owndata or array.base is None:
                patch.setattr(array.flags, "writeable", False)
        try:
            trip(PACKAGER, frame, format=format)
        except PackError:
            assert format not in ("parquet", "feather", "arrow")
    assert _snapshot(frame) == snapshot
    same(frame, before)


def _buffers(frame: pd.DataFrame) -> list[Any]:
    return [series.to_numpy() for _, series in frame.items() if isinstance(series.dtype, np.dtype)]


def _snapshot(frame: pd.DataFrame) -> list[Any]:
    """Give what tells whether a frame is still made of the same objects and the same memory."""
    blocks = [(str(block.dtype), block.shape, block.mgr_locs.as_array.tolist(), id(block.values)) for block in frame._mgr.blocks]
    cells = [[id(cell) for cell in series.array] for _, series in frame.items() if series.dtype == object]
    axes = [(id(axis), repr(axis.names), getattr(axis, "freq", None)) for axis in frame.axes]
    return [blocks, cells, axes, id(frame.attrs), repr(frame.attrs), frame.flags.allows_duplicate_labels]


@pytest.mark.parametrize("format", NEW)
def test_a_plain_frame_comes_back(trip: Any, format: str) -> None:
    frame = PLAIN if format in ("orc", "xlsx", "hdf") else PLAIN.drop(columns="t")
    back = trip(PACKAGER, frame, format=format)
    if format == "html":
        assert back.loc[1, "c"] == "<&\\n'\""  # as pandas shows it
        back.loc[1, "c"] = frame.loc[1, "c"]
    pd.testing.assert_frame_equal(back, frame, check_dtype=format != "orc", check_exact=True)


@pytest.mark.parametrize("format", NEW)
@pytest.mark.parametrize(
    "frame",
    [
        PLAIN[["a", "b"]].set_index("a"),
        PLAIN[["a", "b", "c"]].iloc[:1].set_index(["a", "c"]),
        PLAIN[["a"]].rename(index={0: 5}),
        PLAIN[["a"]].rename_axis("n"),
    ],
    ids=["named", "levels", "labels", "counting"],
)
def test_an_index_that_says_something_comes_back(trip: Any, format: str, frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(trip(PACKAGER, frame, format=format), frame, check_index_type=False)


@pytest.mark.parametrize("format", ["csv", "html", "xlsx"])
def test_several_levels_of_labels_come_back(trip: Any, format: str) -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "l"])
    frame = pd.DataFrame(np.eye(3), index=index, columns=pd.MultiIndex.from_tuples([("a", "c"), ("a", "d"), ("b", "c")]))
    back = trip(PACKAGER, frame, format=format)
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)


@pytest.mark.parametrize("format", [format for format in WRITTEN if format != "hdf"])
def test_columns_and_rows_of_every_format(trip: Any, format: str) -> None:
    frame = pd.DataFrame({"a": range(6), "b": [0.5] * 6, "c": list("uvwxyz")}, index=pd.RangeIndex(6))
    back = trip(PACKAGER, frame, format=format, unpack={"columns": ["c", "a"], "rows": (1, 4)})
    pd.testing.assert_frame_equal(back, frame[["c", "a"]].iloc[1:4], check_index_type=False)
    assert trip(PACKAGER, frame, format=format, unpack={"rows": (-2, None)})["a"].tolist() == [4, 5]
    assert trip(PACKAGER, frame, format=format, unpack={"columns": [], "rows": (1, 4)}).shape == (3, 0)
    with pytest.raises(UnpackError, match="no column 'x'"):
        trip(PACKAGER, frame, format=format, unpack={"columns": ["x"]})


REFUSED = [
    ("parquet", pd.DataFrame({"a": [1j]}), "complex128"),
    ("orc", pd.DataFrame({"a": [1j]}), "orc cannot hold"),
    ("orc", pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])), "several levels"),
    ("orc", pd.DataFrame([[1]], columns=[5]), "5 is none"),
    ("orc", pd.DataFrame([[1, 2]], columns=["a", "a"]), "some are the same"),
    ("orc", pd.DataFrame({"a": pd.Categorical(["x"])}), "orc cannot hold"),
    ("orc", pd.DataFrame({"a": np.array([1], "u8")}), "orc cannot hold"),
    ("xlsx", pd.DataFrame({"a": pd.to_datetime(["2020"], utc=True)}), "timezones"),
    ("xlsx", pd.DataFrame({"a": ["x" * 40_000]}), "40000 characters"),
    ("xlsx", pd.DataFrame({"a": ["\0"]}), "xlsx cannot hold"),
    ("xlsx", pd.DataFrame(np.zeros((1, 17_000))), "16384 columns at most"),
    ("xml", pd.DataFrame({"a b": [1], "1": [2]}), "xml cannot hold"),
    ("xml", pd.DataFrame({"a": ["\0"]}), "xml cannot hold"),
    ("xml", pd.DataFrame([[1, 2]], columns=["a", "a"]), "different names"),
    ("xml", pd.DataFrame({"a": []}), "columns without rows"),
    ("html", pd.DataFrame(index=range(2)), "rows without columns"),
    ("hdf", pd.DataFrame({"a": pd.Series([1, "x", (2,)], dtype=object)}), "hdf cannot hold"),
    ("hdf", pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), "hdf cannot hold"),
    ("hdf", pd.DataFrame(columns=["a"]), "columns without rows"),
    ("json", pd.DataFrame([[1, 2]], columns=pd.Index([1, "1"], dtype=object)), "same text"),
    ("json", pd.DataFrame(index=range(2)), "rows without columns"),
]


@pytest.mark.parametrize(("format", "frame", "why"), REFUSED, ids=[f"{number}-{format}" for number, (format, _, _) in enumerate(REFUSED)])
def test_what_a_format_cannot_hold_is_refused_before_there_is_a_file(tmp_path: Path, format: str, frame: Any, why: str) -> None:
    before, snapshot = copy.deepcopy(frame), _snapshot(frame)
    with pytest.raises(PackError, match=why) as caught:
        PACKAGER.pack_dataset(frame, tmp_path, format=format)
    assert "ask for" in str(caught.value.remedy).lower()
    assert not list(tmp_path.iterdir())
    pd.testing.assert_frame_equal(frame, before)
    assert _snapshot(frame) == snapshot


@pytest.mark.parametrize("format", WRITTEN)
def test_an_option_of_another_format_is_refused(tmp_path: Path, format: str) -> None:
    options = {name for form in FORMS.values() for name in get_type_hints(form.packing)}
    for name in options - set(get_type_hints(FORMS[format].packing)):
        with pytest.raises(PackError, match=f"no option '{name}'"):
            PACKAGER.pack_dataset(PLAIN, tmp_path, format=format, **{name: 1})
    assert not list(tmp_path.iterdir())


def test_a_value_that_only_another_format_takes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="'arrow' cannot take compression='gzip'"):
        PACKAGER.pack_dataset(PLAIN, tmp_path, format="arrow", compression="gzip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("format", "options", "told"),
    [
        ("orc", {"compression": "zlib", "stripe_size": 1 << 20}, {}),
        ("xlsx", {"sheet_name": "Daten", "freeze_panes": (1, 0), "na_rep": "NA"}, {}),
        ("xlsx", {"index": True}, {}),
        ("html", {"table_id": "t", "classes": ["x"], "border": 0}, {"attrs": {"id": "t"}}),
        ("html", {"decimal": ","}, {}),
        ("xml", {"root_name": "r", "row_name": "z", "encoding": "utf-16"}, {}),
        ("xml", {"prefix": "p", "namespaces": {"p": "urn:x"}}, {}),
        ("hdf", {"key": "data", "complevel": 5, "complib": "zlib"}, {}),
    ],
)
def test_options_of_the_libraries(trip: Any, format: str, options: dict[str, Any], told: dict[str, Any]) -> None:
    frame = PLAIN[["a", "b"]]
    back = trip(PACKAGER, frame, format=format, unpack=told, **options)
    pd.testing.assert_frame_equal(back, frame, check_dtype=format != "orc")


def test_options_of_read_excel_and_read_html(trip: Any, tmp_path: Path) -> None:
    back = trip(PACKAGER, PLAIN, format="xlsx", unpack={"usecols": "A,C", "dtype": {"a": "f4"}, "nrows": 1})
    assert (list(back.columns), back["a"].dtype, len(back)) == (["a", "c"], np.float32, 1)
    (tmp_path / "x.html").write_text(
        "<table><tr><th>a</th></tr><tr><td>1</td></tr></table><table id='t'><tr><th>b</th></tr><tr><td>2</td></tr></table>"
    )
    with pytest.raises(UnpackError, match="2 tables"):
        packagers.unpack(tmp_path / "x.html", pd.DataFrame)
    assert packagers.unpack(tmp_path / "x.html", pd.DataFrame, attrs={"id": "t"})["b"].tolist() == [2]


@pytest.mark.parametrize("format", NEW)
@pytest.mark.parametrize("data", [b"", b"no such file at all" * 9, b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"ORC", b"<table>", b"<a><b/>"])
def test_a_file_that_is_none_is_an_unpack_error(tmp_path: Path, format: str, data: bytes) -> None:
    (tmp_path / f"x.{format}").write_bytes(data)
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path, format=format)


@pytest.mark.parametrize("format", WRITTEN)
def test_a_plain_file_is_read_by_its_suffix(tmp_path: Path, format: str) -> None:
    frame = PLAIN[["a", "b"]]
    PACKAGER.pack_dataset(frame, tmp_path, format=format)
    file = (tmp_path / f"table.{format}").rename(tmp_path / f"TABLE.{format.upper()}")
    if format == "hdf":
        with pytest.raises(UntrustedPackageError):
            packagers.unpack(file, pd.DataFrame)
    back = packagers.unpack(file, pd.DataFrame, trust="all" if format == "hdf" else None)
    pd.testing.assert_frame_equal(back, frame, check_dtype=format != "orc")


@pytest.mark.parametrize(
    ("format", "module", "extra"),
    [("xlsx", "openpyxl", "excel"), ("hdf", "tables", "hdf"), ("html", "lxml", "html"), ("xml", "lxml", "xml")],
)
def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, module: str, extra: str
) -> None:
    PACKAGER.pack_dataset(PLAIN, tmp_path, format=format)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    options = {"parser": "lxml"} if format == "xml" else {}
    with pytest.raises(UnpackError, match=f"needs {module}") as caught:
        PACKAGER.unpack_dataset(tmp_path, format=format, **options)
    assert caught.value.remedy == f'pip install "packagers-pandas[{extra}]"'
    if format in ("xlsx", "hdf"):
        (tmp_path / f"table.{format}").unlink()
        with pytest.raises(PackError, match=f"needs {module}"):
            PACKAGER.pack_dataset(PLAIN, tmp_path, format=format)
        assert not list(tmp_path.iterdir())


def test_text_that_looks_like_a_formula_is_text(trip: Any) -> None:
    frame = pd.DataFrame({"=A1": ["=1+1", "+1", "@x", "#REF!"], "b": range(4)})
    back = trip(PACKAGER, frame, format="xlsx", unpack={"keep_default_na": False})
    pd.testing.assert_frame_equal(back, frame)


def test_formulas_are_not_evaluated(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (["a", "b"], [1, "=1+1"], [2, '=WEBSERVICE("http://localhost/")']):
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    book.close()
    back = packagers.unpack(tmp_path / "x.xlsx", pd.DataFrame)
    assert back["a"].tolist() == [1, 2]
    assert back["b"].isna().all()  # no program has calculated them yet


def test_empty_rows_at_the_end_of_a_sheet_are_kept(trip: Any) -> None:
    frame = pd.DataFrame({"a": [1.5, np.nan, np.nan]})
    pd.testing.assert_frame_equal(trip(PACKAGER, frame, format="xlsx"), frame)


BOMB = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><d><row><x>&b;</x></row></d>'


@pytest.mark.parametrize("parser", ["etree", "lxml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_that_declares_entities_is_refused(tmp_path: Path, parser: str, encoding: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    outside = f'<!DOCTYPE d [<!ENTITY b SYSTEM "{secret.as_uri()}">]><d><row><x>&b;</x></row></d>'
    folder = tmp_path / "in"
    folder.mkdir()
    for text in (BOMB, outside, '<!DOCTYPE d SYSTEM "http://localhost/x.dtd"><d><row><x>1</x></row></d>'):
        (folder / "x.xml").write_text(text, encoding=encoding)
        with pytest.raises(UnpackError, match="document type"):
            PACKAGER.unpack_dataset(folder, format="xml", parser=parser)


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Start a server; give the paths that it is asked for, its address first."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    paths.append(f"http://127.0.0.1:{server.server_port}")
    yield paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_fetched_for_a_plain_file(tmp_path: Path, asked: list[str]) -> None:
    url = asked[0]
    (tmp_path / "x.html").write_text(
        f'<!DOCTYPE html PUBLIC "x" "{url}/x.dtd"><html><head><base href="{url}/"><link rel="stylesheet" href="{url}/s.css">'
        f'<script src="{url}/s.js"></script></head><body><table><tr><th>a</th></tr><tr><td>1<img src="{url}/i"></td></tr></table></body>'
    )
    (tmp_path / "x.xml").write_text(
        f'<?xml-stylesheet href="{url}/s.xsl"?><d xmlns:xi="http://www.w3.org/2001/XInclude" '
        f'xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="{url}/a {url}/b">'
        f'<row><a>1</a><xi:include href="{url}/i"/></row></d>'
    )
    PLAIN.drop(columns="t").to_excel(tmp_path / "y.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "y.xlsx") as old, zipfile.ZipFile(tmp_path / "x.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/"):
                data = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{url}/e">]>'.encode() + data.replace(b">x<", b">&e;<")
            new.writestr(name, data)
    for format in ("html", "xml"):
        assert packagers.unpack(tmp_path / f"x.{format}", pd.DataFrame)["a"].tolist() == [1]
    with pytest.raises(UnpackError, match="entity"):
        packagers.unpack(tmp_path / "x.xlsx", pd.DataFrame)
    assert asked == [url]


def test_the_file_of_another_program_is_read(tmp_path: Path) -> None:
    orc.write_table(pa.table({"a": [1, 2, 3], "b": [[1], None, []]}), tmp_path / "x.orc")
    assert packagers.unpack(tmp_path / "x.orc", pd.DataFrame, columns=["a"], rows=(1, 3)).to_dict("list") == {"a": [2, 3]}
    assert packagers.unpack(tmp_path / "x.orc", pa.Table).column("b").to_pylist() == [[1], None, []]
    pd.Series([1.5, 2.5], name="s").to_hdf(tmp_path / "x.h5", key="k")
    read = {"format": "hdf", "trust": "all"}
    assert packagers.unpack(tmp_path / "x.h5", pd.Series, **read).tolist() == [1.5, 2.5]
    assert packagers.unpack(tmp_path / "x.h5", pd.DataFrame, **read).to_dict("list") == {"s": [1.5, 2.5]}


def test_hdf_is_code_for_it_unpickles(tmp_path: Path) -> None:
    import tables

    marker = tmp_path / "ran"
    PACKAGER.pack_dataset(PLAIN[["a"]], tmp_path, format="hdf")
    with tables.open_file(tmp_path / "table.hdf", "a") as file:
        file.root.frame._v_attrs.info = _Runs(marker)
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(tmp_path / "table.hdf", pd.DataFrame)
    assert not marker.exists()


class _Runs:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def test_instructions_are_json(tmp_path: Path, frames: dict[str, Any]) -> None:
    for format in WRITTEN:
        told = PACKAGER.pack_dataset(PLAIN.set_index(["a", "b"]), tmp_path, format=format)
        assert json.loads(json.dumps(told)) == told


def test_no_thread_of_arrow_needs_python_to_let_the_bytes_of_a_file_go() -> None:
    memory = room(1000)
    assert buffer_of(memory[:600]).parent is not None
    assert buffer_of(memory[:600]).address == memory.obj.address  # which is Arrow's own
    assert buffer_of(memory[:600]).size == 600
    assert buffer_of(memoryview(b"of Python")).to_pybytes() == b"of Python"
