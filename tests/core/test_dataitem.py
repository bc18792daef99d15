"""Data items: handles on packages, results, files and URLs, which cost nothing until they are touched."""

from __future__ import annotations

import pickle
import shutil
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import packagers
from packagers import Artifact, DataItem, IntegrityError, Registry, Session, UnpackError, UntrustedPackageError

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from sample_types import Holder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a package, a result and plain files."""
    packagers.call(lambda: (np.arange(3), 0.5, [np.arange(1), Holder(1)]), returns=["array", "accuracy", "many"], folder=tmp_path / "in")
    (tmp_path / "in/iris.data.csv").write_text("a,b\n1,2\n")
    (tmp_path / "in/README").write_text("é", encoding="utf-8")
    (tmp_path / "in/plain").mkdir()
    return tmp_path / "in"


class Quiet(SimpleHTTPRequestHandler):
    def send_head(self) -> Any:
        """Fail where it is asked to."""
        return super().send_head() if "broken" not in self.path else self.send_error(500)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def http(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the folder on a server of this machine."""
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "key", "kind", "artifact_type", "suffix"),
    [
        ("array", "array", "package", "file", ""),
        ("accuracy", "accuracy", "result", "result", ""),
        ("iris.data.csv", "iris", "file", None, ".csv"),
        ("README", "README", "file", None, ""),
        ("plain", "plain", "folder", None, ""),
    ],
)
def test_it_says_what_it_is(folder: Path, name: str, key: str, kind: str, artifact_type: str | None, suffix: str) -> None:
    for source in (folder / name, str(folder / name), (folder / name).as_uri(), DataItem(folder / name)):
        item = DataItem(source)
        assert (item.key, item.kind, item.artifact_type, item.suffix) == (key, kind, artifact_type, suffix)
        assert item.exists()
        assert item.url in (str(folder / name), (folder / name).as_uri())
        assert repr(item) == f"DataItem({item.url!r})"


def test_an_artifact_has_a_data_item(folder: Path) -> None:
    artifact = packagers.unpack(folder / "array", Artifact)
    item = DataItem(artifact)
    assert (item.key, item.kind, item.url) == ("array", "package", str(folder / "array"))
    assert item.unpack().tolist() == [0, 1, 2]
    assert item.exists()
    shutil.rmtree(folder / "array")
    assert not item.exists()


@pytest.mark.parametrize("source", [5, None, b"path", ["a"], packagers.Result("a", 1)])
def test_anything_else_is_no_source(source: Any) -> None:
    with pytest.raises(UnpackError, match="is nothing to unpack"):
        DataItem(source)


def test_a_notebook_shows_what_a_package_holds_and_where_anything_else_is(folder: Path, http: str) -> None:
    for name, words in (("array", "array: numpy.ndarray as file (npy)"), ("accuracy", "accuracy: float as result")):
        for source in (folder / name, packagers.unpack(folder / name, Artifact) if name == "array" else str(folder / name)):
            assert words in DataItem(source)._repr_html_()
    odd = folder / "<b>odd\x1b"
    odd.write_text("x")
    for source in (odd, folder / "plain", folder / "missing", "nosuch://place", f"{http}/array"):
        item = DataItem(source)
        html = item._repr_html_()
        assert html.startswith("<code>DataItem(")
        assert "<b>" not in html
        assert html.isprintable()
    item.unpack()
    assert "array: numpy.ndarray" in item._repr_html_()  # what is known needs no server


def test_nothing_is_touched_before_it_is_needed(tmp_path: Path) -> None:
    item = DataItem(tmp_path / "later.json")
    assert not item.exists()
    with pytest.raises(UnpackError, match="nothing here"):
        item.unpack(dict)
    (tmp_path / "later.json").write_text("{}")
    assert item.exists()
    assert item.unpack(dict) == {}


def test_bytes_and_text_of_a_file(folder: Path) -> None:
    item = DataItem(folder / "README")
    assert item.get() == "é".encode()
    with item.open() as binary, item.open("r") as text, item.open("rt") as also:
        assert (binary.read(), text.read(), also.read()) == ("é".encode(), "é", "é")
    with pytest.raises(UnpackError, match="cannot be opened with mode 'w'"):
        item.open("w")
    assert item.local() == folder / "README"


def test_bytes_of_the_one_file_of_a_package_are_checked_first(folder: Path) -> None:
    item = DataItem(folder / "array")
    assert item.get().startswith(b"\x93NUMPY")
    assert item.local() == folder / "array"
    (file,) = packagers.unpack(folder / "array", Artifact).package.payload.iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError):
        item.get()
    with pytest.raises(IntegrityError):
        item.open()


@pytest.mark.parametrize(("name", "words"), [("many", "files, not one"), ("accuracy", "0 files, not one"), ("plain", "is a folder")])
def test_what_is_not_one_file_has_no_bytes(folder: Path, name: str, words: str) -> None:
    with pytest.raises(UnpackError, match=words):
        DataItem(folder / name).get()


def test_a_result_is_in_the_file_of_results(folder: Path) -> None:
    item = DataItem(folder / "accuracy")
    assert item.unpack() == item.unpack(float) == 0.5
    assert item.local() == folder / "results.json"


def test_a_table_is_read_as_a_frame(folder: Path) -> None:
    pd.testing.assert_frame_equal(DataItem(folder / "iris.data.csv").as_df(), pd.DataFrame({"a": [1], "b": [2]}))


def test_hints_and_options_are_those_of_unpack(folder: Path) -> None:
    item = DataItem(folder / "array")
    assert isinstance(item.unpack(mmap_mode="r"), np.memmap)
    assert item.unpack("numpy.ndarray").tolist() == [0, 1, 2]
    assert item.unpack(DataItem) is item
    assert item.unpack(Artifact).digest == packagers.unpack(folder / "array", Artifact).digest
    with pytest.raises(packagers.UnknownOptionError):
        item.unpack(nonsense=1)
    with pytest.raises(UnpackError):
        item.unpack(dict)


def test_trust_is_that_of_the_call_then_of_the_item(folder: Path) -> None:
    assert DataItem(folder / "many").unpack()[1] == Holder(1)
    with pytest.raises(UntrustedPackageError):
        DataItem(folder / "many", trust="data").unpack()
    assert DataItem(DataItem(folder / "many", trust="data")).unpack(trust="own")[1] == Holder(1)
    with pytest.raises(UntrustedPackageError):
        DataItem(DataItem(folder / "many", trust="data")).unpack()


def test_the_registry_that_is_given_counts(folder: Path) -> None:
    with pytest.raises(packagers.MissingPluginError):
        DataItem(folder / "array", registry=Registry(discover=False)).unpack()


class OwnPackager(packagers.Packager):
    """Known to one registry alone."""

    def pack_file(self, obj: Any, folder: Path) -> None:
        """Write nothing of it."""
        (folder / "empty").touch()

    def unpack_file(self, folder: Path) -> Any:
        """Give one."""
        return Holder("by its own packager")


def test_an_artifact_is_read_with_the_registry_that_made_it(tmp_path: Path) -> None:
    registry = Registry()
    registry.add("sample_types.Holder", OwnPackager)
    with Session(tmp_path, registry=registry) as session:
        artifact = session.pack(Holder(1), "a")
    assert isinstance(artifact, Artifact)
    found = [packagers.unpack(artifact), DataItem(artifact).unpack(), DataItem(DataItem(artifact)).unpack(Holder), artifact.unpack()]
    assert found == [Holder("by its own packager")] * 4


def test_a_broken_package_is_there_all_the_same(folder: Path) -> None:
    (folder / "array/manifest.json").write_text("{}")
    item = DataItem(folder / "array")
    assert item.exists()
    with pytest.raises(IntegrityError):
        item.unpack()


def test_urls_of_memory(folder: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/items/iris.csv", b"a\n1\n")
    memory.put(f"{folder}/array/", "/items/array", recursive=True)
    item = DataItem("memory://items/iris.csv")
    assert (item.exists(), item.kind, item.key, item.suffix, item.get()) == (True, "file", "iris", ".csv", b"a\n1\n")
    assert DataItem("memory://items/array").unpack().tolist() == [0, 1, 2]
    assert DataItem("memory://items/array").exists()
    assert not DataItem("memory://items/nothing").exists()


def test_urls_of_a_server(folder: Path, http: str) -> None:
    item = DataItem(f"{http}/iris.data.csv?token=a/b.c")
    assert (item.exists(), item.kind, item.key, item.suffix, item.get()) == (True, "file", "iris", ".csv", b"a,b\n1,2\n")
    assert DataItem(f"{http}/array").unpack().tolist() == [0, 1, 2]
    assert len(DataItem(f"{http}/many").unpack()) == 2
    assert DataItem(f"{http}/array").exists()
    assert not DataItem(f"{http}/nothing").exists()
    for name, touch in (("nothing", DataItem.get), ("broken", DataItem.get), ("broken", DataItem.exists)):
        with pytest.raises(UnpackError, match="URL cannot be read"):
            touch(DataItem(f"{http}/{name}"))


def test_links_lead_to_what_stands_beside_on_a_server(folder: Path, http: str) -> None:
    with Session(folder) as session:
        session.pack(np.ones(2), "b c")
        session.pack(np.zeros(2), packagers.LogHint("linked", extra_data={"b c": ...}))
    assert DataItem(f"{http}/linked/").unpack(Artifact).extra_data["b c"].unpack().tolist() == [1, 1]


def test_a_protocol_whose_library_is_missing_is_an_error_that_says_so() -> None:
    fsspec.register_implementation("lacking", "no_such_library.System", clobber=True)
    with pytest.raises(UnpackError, match="lacking URLs need another library"):
        DataItem("lacking://x/y.csv").get()


def test_a_package_at_a_url_is_checked_like_any_other(folder: Path, http: str) -> None:
    (file,) = packagers.unpack(folder / "array", Artifact).package.payload.iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError):
        DataItem(f"{http}/array").unpack()
    (folder / "array/manifest.json").write_text('{\n "packagers": 1\n}\n')
    with pytest.raises(IntegrityError):
        DataItem(f"{http}/array").unpack()


@pytest.mark.parametrize("url", ["nonsense://x/y.csv", "http://127.0.0.1:9/x.csv", "http:///x.csv"])
def test_a_url_that_cannot_be_read_is_an_error_that_names_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(UnpackError) as caught:
        DataItem(url).get()
    assert url in str(caught.value)
    with pytest.raises(UnpackError, match="cannot be read"):
        DataItem(url).exists()


def test_what_went_with_a_session_is_fetched_again(folder: Path, tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe("/items/again.json", b"[1]")
    item = DataItem("memory://items/again.json")
    with Session(tmp_path / "out"):
        first = item.local()
        assert first == item.local()
        assert item.unpack(list) == [1]
    assert not first.exists()
    fsspec.filesystem("memory").pipe("/items/again.json", b"[2]")
    assert item.unpack(list) == [2]
    archive = packagers.unpack(folder / "array", Artifact).package.zip(tmp_path / "array.zip")
    item = DataItem(archive)
    with Session(tmp_path / "out"):
        assert item.unpack().tolist() == [0, 1, 2]
    assert item.unpack().tolist() == [0, 1, 2]


def test_it_can_be_sent_to_another_process(folder: Path) -> None:
    item = DataItem(folder / "array", trust="data")
    item.unpack()
    again = pickle.loads(pickle.dumps(item))
    assert again.unpack().tolist() == [0, 1, 2]
    assert again._trust == "data"


class Guarded(MemoryFileSystem):
    """Files in memory, for those who know the word."""

    protocol = "guarded"
    cachable = False
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def __init__(self, word: str = "", **options: Any) -> None:
        super().__init__(**options)
        if word != "sesame":
            raise PermissionError("say the word")

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.replace("guarded://", "memory://"))


def test_storage_options_go_to_the_file_system_and_along(folder: Path, tmp_path: Path) -> None:
    fsspec.register_implementation("guarded", Guarded, clobber=True)
    options = {"word": "sesame"}
    Guarded(**options).put(f"{folder}/array/", "/in/array", recursive=True)
    Guarded(**options).put(f"{folder}/many/", "/in/many", recursive=True)
    Guarded(**options).pipe("/in/iris.csv", b"a\n1\n")
    item = DataItem("guarded://in/iris.csv", storage_options=options)
    assert (item.exists(), item.get()) == (True, b"a\n1\n")
    array = DataItem("guarded://in/array", storage_options=options)
    for each in (array, DataItem(array), pickle.loads(pickle.dumps(array))):
        assert each.unpack().tolist() == [0, 1, 2]
    with Session(tmp_path / "out") as session:
        assert session.unpack(array).tolist() == [0, 1, 2]
        bound = packagers.bind_inputs(lambda x: x, {"x": array}, None, session)
        assert bound.arguments["x"].get()
        bound = packagers.bind_inputs(_takes_an_array, {"x": array}, None, session)
        assert bound.arguments["x"].tolist() == [0, 1, 2]
    assert array.storage_options == options
    assert "sesame" not in repr(array)
    with pytest.raises(UnpackError, match="say the word"):
        DataItem("guarded://in/array").unpack()


def _takes_an_array(x: np.ndarray) -> None:
    """Take an array."""


@pytest.mark.parametrize("source", ["in/array", "file:///in/array", "http://127.0.0.1:9/x"])
def test_storage_options_are_for_urls_of_fsspec(source: str) -> None:
    with pytest.raises(UnpackError, match="storage options") as caught:
        DataItem(source, storage_options={"word": "sesame"}).exists()
    assert "sesame" not in str(caught.value)


class Asked(DataItem):
    """Reads in a way of its own."""

    def unpack(self, hint: Any = None, **options: Any) -> Any:
        """Give the hint."""
        return np.arange(7)


def test_a_data_item_of_another_class_reads_as_it_likes(folder: Path, tmp_path: Path) -> None:
    with Session(tmp_path / "out") as session:
        item = Asked(folder / "nothing")
        assert len(packagers.bind_inputs(_takes_an_array, {"x": item}, None, session).arguments["x"]) == 7
        assert packagers.bind_inputs(lambda x: x, {"x": item}, None, session).arguments["x"] is item
