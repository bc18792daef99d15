"""Plain files by hint and suffix: every format, from every place that a file may be at, into everything that takes one."""

# ruff: noqa: UP007, UP045 - older forms of hints are tested too

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import tarfile
import threading
import zipfile
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePath
from types import GeneratorType
from typing import Annotated, Any, NamedTuple, Optional, TypedDict, Union
from urllib.parse import urlsplit

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from safetensors.numpy import save

import packagers
from packagers import DataItem, Options, Session, UnpackError, UntrustedPackageError
from packagers.testing import alike

FRAME = pd.DataFrame({"a": [1, 2], "b": [1.5, 2.5]})
NUMBERS = np.array([[1.0, 2.0], [3.0, 4.0]])
ARRAYS = {"x": np.arange(3), "y": np.ones(2)}
PNG = b"\x89PNG\r\n\x1a\n"
TREE = {"readme.txt": b"x\n", "in/deep.bin": b"\x00\x01"}


class Sizes(TypedDict):
    a: list[float | None]


def written(write: Callable[[Any], Any]) -> bytes:
    """Give what a library writes into a file."""
    with io.BytesIO() as file:
        write(file)
        return file.getvalue()


def zipped() -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in TREE.items():
                archive.writestr(name, data)
        return file.getvalue()


def tarred() -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name, data in TREE.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return file.getvalue()


CSV = FRAME.to_csv(index=False).encode()
TEXT = "é\r\nx\n".encode()
JSON, RECORDS = b'{"a": [1, 2.5, null]}', FRAME.to_json(orient="records").encode()
LINES = b'{"a": 1}\n\n{"a": 2}\n'
PARQUET, NPY, NPZ = written(FRAME.to_parquet), written(partial(np.save, arr=NUMBERS)), written(lambda file: np.savez(file, **ARRAYS))
ONE_NPZ, MATRIX_TEXT = written(lambda file: np.savez(file, x=NUMBERS)), b"1 2\n3 4\n"
SAFETENSORS, ZIP, TAR = save({"w": np.ones((2, 2), np.float32)}), zipped(), tarred()


class Row(NamedTuple):
    """A file, the hint, and what comes.

    Attributes:
        name: Of the file.
        data: Its bytes.
        hint: As what it is read.
        expected: The value.
    """

    name: str
    data: bytes
    hint: Any
    expected: Any


ROWS = [
    Row("f.csv", CSV, pd.DataFrame, FRAME),
    Row("F.CSV", CSV, pd.DataFrame, FRAME),
    Row("f.csv.gz", gzip.compress(CSV), pd.DataFrame, FRAME),
    Row("f.v2.csv", CSV, pd.DataFrame, FRAME),
    Row("f.parquet", PARQUET, pd.DataFrame, FRAME),
    Row("f.pq", PARQUET, pd.DataFrame, FRAME),
    Row("f.PQ", PARQUET, pd.DataFrame | None, FRAME),
    Row("f.parquet", PARQUET, Annotated[pd.DataFrame, Options(columns=["b"])], FRAME[["b"]]),
    Row("f.json", RECORDS, pd.DataFrame, FRAME),
    Row("f.jsonl", b"\n".join(json.dumps(row).encode() for row in FRAME.to_dict("records")), pd.DataFrame, FRAME),
    Row("f.ndjson", b"\n".join(json.dumps(row).encode() for row in FRAME.to_dict("records")), pd.DataFrame, FRAME),
    Row("f.feather", written(FRAME.to_feather), pd.DataFrame, FRAME),
    Row("f.arrow", written(FRAME.to_feather), pd.DataFrame, FRAME),
    Row("f.xlsx", written(partial(FRAME.to_excel, index=False)), pd.DataFrame, FRAME),
    Row("F.XLSX", written(partial(FRAME.to_excel, index=False)), pd.DataFrame, FRAME),
    Row("f.orc", written(FRAME.to_orc), pd.DataFrame, FRAME),
    Row("f.parquet", PARQUET, pa.Table, pa.table(FRAME).replace_schema_metadata()),
    Row("f.parquet", PARQUET, np.ndarray, FRAME.to_numpy()),
    Row("f.parquet", PARQUET, dict[str, np.ndarray], {"a": np.array([1, 2]), "b": np.array([1.5, 2.5])}),
    Row("f.csv", CSV, list[dict[str, Any]], FRAME.to_dict("records")),
    Row("f.parquet", PARQUET, list[dict[str, float]], FRAME.to_dict("records")),
    Row("f.parquet", PARQUET, Sequence[dict], FRAME.to_dict("records")),
    Row("f.xlsx", written(partial(FRAME.to_excel, index=False)), Iterator[dict[str, Any]], FRAME.to_dict("records")),
    Row("s.csv", b"n\n1\n2\n", pd.Series, pd.Series([1, 2], name="n")),
    Row("a.npy", NPY, np.ndarray, NUMBERS),
    Row("A.NPY", NPY, Optional[np.ndarray], NUMBERS),
    Row("a.npz", ONE_NPZ, np.ndarray, NUMBERS),
    Row("a.npz", NPZ, dict[str, np.ndarray], ARRAYS),
    Row("a.npz", NPZ, list[np.ndarray], list(ARRAYS.values())),
    Row("a.npz", NPZ, tuple[np.ndarray, ...], tuple(ARRAYS.values())),
    Row("a.npz", NPZ, Mapping[str, np.ndarray], ARRAYS),
    Row("a.txt", MATRIX_TEXT, np.ndarray, NUMBERS),
    Row("a.txt.gz", gzip.compress(MATRIX_TEXT), np.ndarray, NUMBERS),
    Row("a.csv", b"1,2\n3,4\n", np.ndarray, NUMBERS),
    Row("w.safetensors", SAFETENSORS, dict[str, torch.Tensor], {"w": torch.ones(2, 2)}),
    Row("w.safetensors", SAFETENSORS, list[torch.Tensor], [torch.ones(2, 2)]),
    Row("a.npy", NPY, torch.Tensor, torch.from_numpy(NUMBERS)),
    Row("c.json", JSON, dict, {"a": [1, 2.5, None]}),
    Row("C.JSON", JSON, Sizes, {"a": [1, 2.5, None]}),
    Row("c.json", JSON, Mapping[str, Any], {"a": [1, 2.5, None]}),
    Row("c.json", JSON, OrderedDict, OrderedDict(a=[1, 2.5, None])),
    Row("c.json", JSON, list | dict, {"a": [1, 2.5, None]}),
    Row("c.json", JSON, Collection, {"a": [1, 2.5, None]}),
    Row("l.json", b"[1, 2]", list[int], [1, 2]),
    Row("l.json", b"[1, 2]", tuple[int, ...], (1, 2)),
    Row("l.json", b"[1, 1]", set[int], {1}),
    Row("l.json", b"[1, 1]", AbstractSet[int], {1}),
    Row("l.json", b"[1, 2]", Sequence[int], [1, 2]),
    Row("l.json", b"[1, 2]", MutableSequence, [1, 2]),
    Row("l.json", b"[1, 2]", Iterable[int], [1, 2]),
    Row("l.json", b"[1, 2]", deque[int], deque([1, 2])),
    Row("l.json", b'["a"]', list[int] | set[str], {"a"}),
    Row("d.jsonl", LINES, list[dict[str, int]], [{"a": 1}, {"a": 2}]),
    Row("d.ndjson", LINES, Iterator[dict[str, int]], [{"a": 1}, {"a": 2}]),
    Row("c.yaml", b"a: [1, x]\n", dict, {"a": [1, "x"]}),
    Row("c.yml", b"- 1\n", list, [1]),
    Row("c.YML", b"a: 1\n", Mapping, {"a": 1}),
    Row("t.txt", TEXT, str, "é\r\nx\n"),
    Row("t.md", TEXT, str, "é\r\nx\n"),
    Row("t.csv", TEXT, str, "é\r\nx\n"),
    Row("README", TEXT, str, "é\r\nx\n"),
    Row("w.txt", b"one\ntwo\n", list[str], ["one", "two"]),
    Row("w.txt", b"one\ntwo\n", Iterator[str], ["one", "two"]),
    Row("p.png", PNG, bytes, PNG),
    Row("p.JPG", b"\xff\xd8\xff", bytes, b"\xff\xd8\xff"),
    Row("p.svg", b"<svg/>", bytes, b"<svg/>"),
    Row("raw", b"\x00\xff", bytearray, bytearray(b"\x00\xff")),
    Row("f.csv", CSV, bytes, CSV),
    Row("z.zip", ZIP, bytes, ZIP),
    Row("f.csv", CSV, Union[pd.DataFrame, np.ndarray], FRAME),
    Row("f.csv", CSV, Union[np.ndarray, pd.DataFrame, None], FRAME),  # its first line is no row of numbers
    Row("a.csv", b"1,2\n3,4\n", Union[np.ndarray, pd.DataFrame], NUMBERS),
    Row("a.npy", NPY, Union[pd.DataFrame, np.ndarray], pd.DataFrame(NUMBERS)),
    Row("a.npy", NPY, Union[np.ndarray, pd.DataFrame], NUMBERS),
]
ARCHIVES = {
    "z.zip": ZIP,
    "Z.ZIP": ZIP,
    "z.tar": TAR,
    "z.tar.gz": gzip.compress(TAR),
    "z.v1.tgz": gzip.compress(TAR),
    "z.tar.bz2": bz2.compress(TAR),
    "z.tbz2": bz2.compress(TAR),
    "z.tar.xz": lzma.compress(TAR),
    "z.txz": lzma.compress(TAR),
}


def same(found: Any, expected: Any) -> bool:
    if isinstance(found, Iterator):
        return same(list(found), expected)
    if isinstance(expected, (pd.DataFrame, pd.Series)):
        return type(found) is type(expected) and found.equals(expected)
    if isinstance(expected, pa.Table):
        return isinstance(found, pa.Table) and bool(found.replace_schema_metadata().equals(expected))
    if isinstance(expected, np.ndarray):
        return type(found) is np.ndarray and found.dtype == expected.dtype and np.array_equal(found, expected)
    if isinstance(expected, torch.Tensor):
        return type(found) is torch.Tensor and found.dtype == expected.dtype and bool(torch.equal(found, expected))
    if type(expected) is dict:
        return type(found) is dict and list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if type(expected) in (list, tuple):
        return type(found) is type(expected) and len(found) == len(expected) and all(map(same, found, expected))
    return alike(found, expected)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server that gives what is put into a dict, by path; what stands after a question mark does not matter to it."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(urlsplit(self.path).path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", files
        running.shutdown()
        thread.join()


Place = Callable[[Row, Path], Any]


@pytest.fixture
def sources(server: tuple[str, dict[str, bytes]], tmp_path: Path) -> Callable[[str, bytes], dict[str, Any]]:
    """Put a file everywhere; give the sources that name it."""
    address, files = server

    def put(name: str, data: bytes) -> dict[str, Any]:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        folder = f"/{tmp_path.name}"
        files[f"{folder}/{name}"] = data
        fsspec.filesystem("memory").pipe(f"{folder}/{name}", data)
        return {
            "text": str(path),
            "path": path,
            "file": path.as_uri(),
            "memory": f"memory:/{folder}/{name}",
            "http": f"{address}{folder}/{name}",
            "query": f"{address}{folder}/{name}?token=a.b%2Fc.json&n=1",
            "item": DataItem(path),
        }

    return put


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row.name}" for number, row in enumerate(ROWS)])
def test_a_plain_file_is_read_by_hint_and_suffix(row: Row, sources: Any, tmp_path: Path) -> None:
    def function(x: Any) -> Any:
        return x

    function.__annotations__["x"] = row.hint
    for place, source in sources(row.name, row.data).items():
        assert same(packagers.unpack(source, row.hint), row.expected), place
        if place in ("path", "memory", "query"):
            assert same(DataItem(source).unpack(row.hint), row.expected), place
        with Session(tmp_path / "out") as session:
            assert same(packagers.call(function, inputs={"x": source}, session=session).returned, row.expected), place


def test_a_stream_is_read_as_any_kind_of_iterator(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(LINES)
    for hint in (Iterator[dict[str, int]], "collections.abc.Generator[dict[str, int], None, None]"):
        found = packagers.unpack(tmp_path / "d.jsonl", hint)
        assert isinstance(found, GeneratorType)
        assert list(found) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("hint", [Path, os.PathLike, Optional[Path]], ids=["Path", "PathLike", "Optional"])
def test_an_archive_is_a_folder(name: str, hint: Any, sources: Any) -> None:
    for place, source in sources(name, ARCHIVES[name]).items():
        folder = packagers.unpack(source, hint)
        found = {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}
        assert found == TREE, place
        assert folder.name == ("z.v1" if name == "z.v1.tgz" else name[0]), place


def test_a_path_of_anything_else_is_its_own(sources: Any, tmp_path: Path) -> None:
    found = sources("f.csv.gz", CSV)
    for place in ("text", "path", "file", "item"):
        assert packagers.unpack(found[place], Path) == packagers.unpack(found[place], PurePath) == found["path"]
    for place in ("memory", "http", "query"):
        copy = packagers.unpack(found[place], Path)
        assert (copy.name, copy.read_bytes()) == ("f.csv.gz", CSV)
    assert packagers.unpack(tmp_path, Path) == tmp_path


def test_into_says_where_a_copy_is_put(sources: Any, tmp_path: Path) -> None:
    for name, data in {"z.zip": ZIP, "f.csv": CSV}.items():
        for place, source in sources(name, data).items():
            if place != "item":
                found = packagers.unpack(source, Path, into=tmp_path / "out" / place)
                assert found == tmp_path / "out" / place / name.removesuffix(".zip")
                assert (found / "readme.txt" if found.is_dir() else found).read_bytes() == (TREE["readme.txt"] if found.is_dir() else CSV)
    archive = packagers.unpack(tmp_path / "in" / "z.zip", Path, is_directory=False)
    assert (archive.name, archive.read_bytes()) == ("z.zip", ZIP)
    with pytest.raises(packagers.UnknownOptionError, match="nope"):
        packagers.unpack(tmp_path / "in" / "f.csv", Path, nope=1)


@pytest.mark.parametrize(
    ("name", "hint", "format"),
    [
        ("x.csv.gz", pd.DataFrame, "csv"),
        ("x.parquet", pd.DataFrame, "parquet"),
        ("x.pq", np.ndarray, "parquet"),
        ("x.json", pd.DataFrame, "json"),
        ("x.json", dict, "json"),
        ("x.yml", Mapping, "yaml"),
        ("x.jsonl", list, "jsonl"),
        ("x.feather", pd.DataFrame, "feather"),
        ("x.xlsx", pd.DataFrame, "xlsx"),
        ("x.orc", pd.DataFrame, "orc"),
        ("x.npy", np.ndarray, "npy"),
        ("x.npz", dict[str, np.ndarray], "npz"),
        ("x.txt.gz", np.ndarray, "txt.gz"),
        ("x.safetensors", dict[str, torch.Tensor], "safetensors"),
        ("x.zip", Path, "zip"),
        ("x.tgz", Path, "tar.gz"),
        ("x.tar", Path, "tar"),
    ],
)
def test_wrong_bytes_behind_a_suffix_are_an_error_that_names_file_and_format(name: str, hint: Any, format: str, sources: Any) -> None:
    found = sources(name, b"\x00not what the name says\xff")
    for place in ("path", "memory", "http"):
        with pytest.raises(UnpackError) as caught:
            packagers.unpack(found[place], hint)
        assert format in str(caught.value.args[0]), place
        assert name in str(caught.value), place


def test_a_file_without_a_suffix_needs_a_format(sources: Any, tmp_path: Path) -> None:
    def function(x: Annotated[pd.DataFrame, Options(format="csv")]) -> Any:
        return x

    for source in sources("data", CSV).values():
        assert same(packagers.unpack(source, pd.DataFrame, format="csv"), FRAME)
        assert same(packagers.call(function, inputs={"x": source}, folder=tmp_path / "out").returned, FRAME)
        assert packagers.unpack(source, np.ndarray, format="csv", skiprows=1).tolist() == FRAME.to_numpy().tolist()
        with pytest.raises(UnpackError, match=r"(?s)name of the file says nothing of its format.*give format="):
            packagers.unpack(source, pd.DataFrame)
        with pytest.raises(UnpackError, match="cannot take format"):
            packagers.unpack(source, pd.DataFrame, format="xyz")
    with pytest.raises(packagers.UnknownOptionError, match="format"):
        packagers.unpack(tmp_path / "in" / "data", str, format="csv")


def test_without_a_hint_it_says_what_to_do(sources: Any, tmp_path: Path) -> None:
    for source in sources("f.csv", CSV).values():
        for hint in (None, Any, object):
            with pytest.raises(UnpackError, match=r"(?s)says nothing of its type.*hint"):
                packagers.unpack(source, hint)
        # A parameter without a hint gets the file itself.
        assert packagers.call(lambda x: x.get(), inputs={"x": source}, folder=tmp_path / "out").returned == CSV


def test_a_folder_is_a_plain_input_too(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(CSV)
    assert packagers.unpack(folder, Path) == packagers.unpack(folder.as_uri(), os.PathLike) == folder
    for hint in (pd.DataFrame, dict, np.ndarray, bytes):
        with pytest.raises(UnpackError, match=r"folder|2 files") as caught:
            packagers.unpack(folder, hint)
        assert "many" in str(caught.value)
    with pytest.raises(UnpackError, match="no package"):
        packagers.unpack(folder)


def test_no_part_of_a_union_reads_it(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text("")
    with pytest.raises(UnpackError) as caught:
        packagers.unpack(tmp_path / "f.toml", pd.DataFrame | np.ndarray | int | None)
    text = str(caught.value)
    assert all(word in text for word in ("DataFramePackager", "ArrayPackager", "toml", "format="))
    assert "NoneType" not in text


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def test_nothing_of_a_strangers_file_is_unpickled(tmp_path: Path) -> None:
    bomb = np.array([Bomb(tmp_path / "exploded")], dtype=object)
    files = {
        **dict.fromkeys(("x.pkl", "x.pickle", "x.joblib", "x.pt", "x.pth", "x.bin", "x.json", "x.npy", "x"), pickle.dumps(bomb)),
        "objects.npy": written(lambda file: np.save(file, bomb, allow_pickle=True)),
        "objects.npz": written(lambda file: np.savez(file, x=bomb)),
        "module.pt": written(lambda file: torch.save(Bomb(tmp_path / "exploded"), file)),
    }
    hints = ["sklearn.base.BaseEstimator", torch.nn.Module, torch.Tensor, dict[str, torch.Tensor], np.ndarray, dict[str, np.ndarray]]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        for hint in (*hints, pd.DataFrame, dict, list, str, Any, "decimal.Decimal", Union[np.ndarray, dict]):
            with pytest.raises(packagers.PackagersError):
                packagers.unpack(tmp_path / name, hint)
    assert not (tmp_path / "exploded").exists()
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(tmp_path / "objects.npy", Union[np.ndarray, bytes])  # nor is another part of the hint taken instead
    packagers.unpack(tmp_path / "objects.npy", np.ndarray, trust="all")
    assert (tmp_path / "exploded").exists()
