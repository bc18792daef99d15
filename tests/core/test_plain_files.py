"""Files without a manifest are read by the hint, their format told by the suffix."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import fsspec
import pytest

import packagers
from packagers import DataItem, Packager, Registry, UnpackError
from packagers.source import formats_of

FILES: dict[str, tuple[bytes, Any, Any]] = {
    "a.json": (b'{"a": [1, 2.5, null]}', dict, {"a": [1, 2.5, None]}),
    "B.JSON": (b"[1]", list, [1]),
    "t.json": (b"[1, 2]", tuple, (1, 2)),
    "s.json": (b"[1, 1]", set, {1}),
    "lines.jsonl": (b'{"a": 1}\n\n{"a": 2}\n', list, [{"a": 1}, {"a": 2}]),
    "c.yml": (b"a: [1, x]\n", dict, {"a": [1, "x"]}),
    "c.yaml": (b"- 1\n", list, [1]),
    "words.txt": (b"one\ntwo\n", list, ["one", "two"]),
    "text.txt": ("é\r\n".encode(), str, "é\r\n"),
    "any.csv": (b"a,b\n", str, "a,b\n"),
    "raw.bin": (b"\x00\xff", bytes, b"\x00\xff"),
    "raw": (b"\x00", bytearray, bytearray(b"\x00")),
    "picture.png": (b"\x89PNG", bytes, b"\x89PNG"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_plain_file_is_read_by_hint_and_suffix(name: str, tmp_path: Path) -> None:
    data, hint, expected = FILES[name]
    (tmp_path / name).write_bytes(data)
    found = packagers.unpack(tmp_path / name, hint)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("hint", [Path, os.PathLike, "pathlib.Path"])
def test_a_path_hint_gives_the_place_itself(hint: Any, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n")
    assert packagers.unpack(tmp_path / "x.csv", hint) == tmp_path / "x.csv"
    assert packagers.unpack(tmp_path, hint) == tmp_path


@pytest.mark.parametrize(
    ("name", "data", "hint", "message"),
    [
        ("x.json", b"{", dict, "no json"),
        ("x.json", b"[1]", dict, "holds a list"),
        ("x.json", b"[" * 100_000, list, "no json"),
        ("x.yml", b"a: !!python/object/apply:os.system [x]", dict, "no yaml"),
        ("x.txt", b"\xff", str, "no utf-8"),
        ("x.toml", b"", dict, r"(?s)says toml.*give format="),
        ("x.csv", b"a\n", None, r"(?s)nothing of its type.*as a hint"),
        ("x.csv", b"a\n", int, "no packager reads plain files as int"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, name: str, data: bytes, hint: Any, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnpackError, match=message) as caught:
        packagers.unpack(tmp_path / name, hint)
    assert name in str(caught.value)


def test_a_pickle_with_another_name_is_not_unpickled(tmp_path: Path) -> None:
    import pickle

    class Bomb:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(tmp_path / "exploded"),))

    for name in ("x.json", "x.yaml", "x.txt", "x.pkl", "x.csv"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        for hint in (dict, list, str, object, Any):
            with pytest.raises(packagers.PackagersError):
                packagers.unpack(tmp_path / name, hint)
    assert not (tmp_path / "exploded").exists()


def test_the_callers_format_beats_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "data.config").write_text('{"a": 1}')
    assert packagers.unpack(tmp_path / "data.config", dict, format="json") == {"a": 1}
    with pytest.raises(UnpackError, match="cannot take format"):
        packagers.unpack(tmp_path / "data.config", dict, format="parquet")


class Rows(list[Any]):
    """A type that one packager packs, and another one reads from tables."""


class RowsPackager(Packager):
    READERS = MappingProxyType({"json": "data", "lines": "data", "words": "data"})
    DEFAULT_UNPACKING_ARTIFACT_TYPE = "dataset"

    def unpack_dataset(self, folder: Path, *, format: Literal["json"] = "json") -> Rows:
        return Rows(["dataset", self.only_file(folder).name])

    def unpack_file(self, folder: Path, *, format: Literal["json", "lines"] = "json") -> Rows:
        return Rows(["file", self.only_file(folder).name])

    def unpack_special(self, folder: Path, *, format: Literal["lines", "words"] = "lines") -> Rows:
        return Rows(["special", self.only_file(folder).name])


class TablePackager(Packager):
    """Reads tables as rows, where somebody says that it is one."""

    READERS = MappingProxyType({"table": "data", "json": "data"})

    @classmethod
    def is_unpackable(cls, hint: Any, artifact_type: str | None = None) -> bool:
        return artifact_type == "dataset"

    def unpack_dataset(self, folder: Path, *, format: Literal["table", "json"] = "table") -> Rows:
        return Rows(["table"])


def test_the_standard_form_reads_before_the_others_and_the_types_packager_before_other_ones(tmp_path: Path) -> None:
    registry = Registry()
    path = f"{Rows.__module__}.{Rows.__qualname__}"
    registry.add(path, RowsPackager)
    registry.add(f"{path}#tables", TablePackager)

    def read(name: str, **options: Any) -> Any:
        (tmp_path / name).write_bytes(b"")
        return list(DataItem(tmp_path / name, registry=registry).unpack(Rows, **options))

    assert read("x.json") == ["dataset", "x.json"]
    assert read("x.lines") == ["file", "x.lines"]
    assert read("x.words") == ["special", "x.words"]
    assert read("x.table") == ["table"]
    assert read("x", format="words") == ["special", "x"]
    assert read("x", format="table") == ["table"]
    with pytest.raises(UnpackError, match="RowsPackager reads json, lines, words, and the name of the file says other"):
        read("x.other")
    with pytest.raises(UnpackError, match="cannot take format"):
        read("x", format="other")


def test_a_type_that_takes_any_file_takes_an_archive_too(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("text")
    assert packagers.unpack(tmp_path / "x.zip", str) == "text"


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(packagers.UnknownOptionError) as caught:
        packagers.unpack(tmp_path / "x.json", dict, columns=["a"])
    assert caught.value.option == "columns"


def test_suffixes() -> None:
    assert formats_of("a.tar.gz") == ("tar.gz", "tar")
    assert formats_of("a.TGZ") == ("tar.gz",)
    assert formats_of("a.csv.gz") == ("csv.gz", "csv")
    assert formats_of("a.pq") == ("parquet",)
    assert formats_of("noext") == ()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_urls(tmp_path: Path, server: str) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    memory = fsspec.filesystem("memory")
    memory.pipe("/somewhere/x.json", b'{"a": 2}')
    assert packagers.unpack((tmp_path / "x.json").as_uri(), dict) == {"a": 1}
    assert packagers.unpack("memory://somewhere/x.json", dict) == {"a": 2}
    assert packagers.unpack(f"{server}/x.json", dict) == {"a": 1}
    with pytest.raises(UnpackError, match="URL cannot be read"):
        packagers.unpack("memory://somewhere/else.json", dict)


def test_a_package_at_a_url_is_read_whole(tmp_path: Path) -> None:
    artifact = packagers.pack([b"x" * 100_000, 1], "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    fsspec.filesystem("memory").put(f"{artifact.path}/", "/packages/data/", recursive=True)
    assert packagers.unpack("memory://packages/data") == [b"x" * 100_000, 1]


def test_packing_to_a_url_is_refused_and_names_the_run_store() -> None:
    with pytest.raises(packagers.PackError, match="URL") as caught:
        packagers.pack(1, "x", "memory://somewhere")
    assert "packagers-runs" in str(caught.value)
