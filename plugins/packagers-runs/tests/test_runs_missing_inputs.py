"""Inputs that are not there: an error before anything runs or is recorded, or empty data items where the task says so."""

from __future__ import annotations

import pickle
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any, ClassVar

import fsspec
import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import packagers
from packagers import DataItem, InputError, UnpackError
from packagers_runs.errors import RunError, UnknownNameError
from packagers_runs.models.spec import RunSpec
from packagers_runs.models.template import new_task
from packagers_runs.running.emptyitem import EmptyItem
from packagers_runs.running.existence import MissingInputError
from packagers_runs.running.launching import new_function
from packagers_runs.running.sources import opened
from packagers_runs.runstore import Store, connect

CALLS: list[Any] = []


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    CALLS.clear()
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def called(**inputs: Any) -> None:
    CALLS.append(inputs)


def refused(store: Store, inputs: dict[str, Any], **fields: Any) -> MissingInputError:
    task = new_task(handler=called, inputs=inputs, **fields)
    with pytest.raises(MissingInputError) as caught:
        new_function().run(task)
    assert CALLS == []
    assert store.documents() == []
    return caught.value


def test_a_missing_file_is_an_error_that_names_it_and_the_nearest(store: Store, tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text("a\n1\n")
    error = refused(store, {"data": "irsi.csv"})
    assert (error.key, error.file, error.nearest) == ("data", "irsi.csv", "iris.csv")
    assert "the input 'data' is not there" in str(error)
    assert "Did you mean 'iris.csv'?" in str(error)
    assert isinstance(error, FileNotFoundError)
    assert refused(store, {"data": "wholly/other"}).nearest is None


def test_of_a_path_the_first_part_that_is_missing_counts(store: Store, tmp_path: Path) -> None:
    (tmp_path / "data/raw").mkdir(parents=True)
    assert refused(store, {"x": str(tmp_path / "dta/raw/iris.csv")}).nearest == "data"
    assert refused(store, {"x": (tmp_path / "data/row/iris.csv").as_uri()}).nearest == "raw"
    assert refused(store, {"iris": None}, in_path="data/rew").nearest == "raw"


@pytest.mark.parametrize(
    "inputs", [{"many": ["there.csv", "tehre.csv"]}, {"many": {"a": {"b": ["tehre.csv"]}}}, {"many": DataItem("tehre.csv")}]
)
def test_lists_dicts_and_data_items_are_looked_into(store: Store, tmp_path: Path, inputs: dict[str, Any]) -> None:
    (tmp_path / "there.csv").write_text("a\n")
    error = refused(store, inputs)
    assert (error.key, error.file, error.nearest) == ("many", "tehre.csv", "there.csv")


def test_an_artifact_that_is_not_there_is_missing(store: Store) -> None:
    new_function().run(handler=lambda: "text", returns=["table : file"])
    with pytest.raises(MissingInputError, match="there is no artifact 'tabel' in the project 'default'") as caught:
        new_function().run(handler=called, inputs={"data": "store://tabel"})
    assert "Did you mean 'table'?" in str(caught.value)
    new_function().run(handler=called, inputs={"data": "store://table"})
    with pytest.raises(InputError, match="uid"):
        new_function().run(handler=called, inputs={"data": "store://table@12"})


def test_urls_of_memory_are_looked_at(store: Store) -> None:
    folder = uuid.uuid4().hex
    fsspec.filesystem("memory").pipe(f"/{folder}/iris.csv", b"a\n1\n")
    error = refused(store, {"data": f"memory://{folder}/iris.cvs"})
    assert (error.file, error.nearest) == (f"memory://{folder}/iris.cvs", "iris.csv")
    for url in (f"memory://{folder}/iris.csv", f"memory://{folder}"):
        new_function().run(handler=called, inputs={"data": url})


def test_urls_of_s3_are_looked_at(store: Store, s3: str) -> None:
    import s3fs

    bucket = f"inputs-{uuid.uuid4().hex}"
    system = s3fs.S3FileSystem()
    system.mkdir(bucket)
    system.pipe(f"{bucket}/in/iris.csv", b"a\n1\n")
    assert refused(store, {"data": f"s3://{bucket}/in/iris.cvs"}).nearest == "iris.csv"
    assert refused(store, {"data": f"s3://no-{bucket}/in/iris.csv"}).nearest is None
    s3fs.S3FileSystem().ls(f"{bucket}/in")  # what is known of the folder is old soon
    s3fs.S3FileSystem(skip_instance_cache=True).pipe_file(f"{bucket}/in/new.csv", b"a\n1\n")  # as another process would
    for url in (f"s3://{bucket}/in/iris.csv", f"s3://{bucket}/in", f"s3://{bucket}/in/new.csv"):
        new_function().run(handler=called, inputs={"data": url})


class Server(BaseHTTPRequestHandler):
    """Answers with the number in the path; refuses to be asked for the head of what is called ``get``."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.asked.append(f"HEAD {self.path}")
        self.send_response(405 if "get" in self.path else int(self.path.split("/")[1]))
        self.end_headers()

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        self.send_response(404 if "manifest.json" in self.path else int(self.path.split("/")[1]))
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"a\n1\n")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    Server.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_is_asked_once_and_its_refusal_to_tell_is_no_missing_file(store: Store, http: str) -> None:
    def read(data: pd.DataFrame) -> int:
        return len(data)

    for path in ("200/x.csv", "200/get.csv"):
        Server.asked.clear()
        opened({"data": f"{http}/{path}"}, RunSpec(), {})
        assert Server.asked == [f"HEAD /{path}"]
        assert new_function().run(handler=read, inputs={"data": f"{http}/{path}"}, returns=["n"]).status.results == {"n": 1}
    count = len(store.documents())
    for status in (404, 410):
        with pytest.raises(MissingInputError):
            new_function().run(handler=called, inputs={"data": f"{http}/{status}/x.csv"})
    for status in (401, 403, 501):
        new_function().run(handler=called, inputs={"data": f"{http}/{status}/x.csv"})
    assert len(store.documents()) == count + 3


def test_a_place_that_cannot_be_reached_is_an_error_and_never_empty(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    for url in ("http://127.0.0.1:9/x.csv", "nonsense://x"):
        task = new_task(handler=called, inputs={"data": url})
        task.spec.allow_empty_resources = True
        with pytest.raises(InputError, match="'data' cannot be reached") as caught:
            new_function().run(task)
        assert not isinstance(caught.value, MissingInputError)
    fsspec.register_implementation("cloudy", Cloudy, clobber=True)
    with pytest.raises(InputError, match="'data' cannot be reached: no credentials"):
        new_function().run(handler=called, inputs={"data": "cloudy://x"})
    with pytest.raises(InputError, match="is empty"):
        new_function().run(handler=called, inputs={"data": ""})
    assert (CALLS, store.documents()) == ([], [])


class Cloudy(MemoryFileSystem):
    """Fails as libraries of clouds do."""

    protocol = "cloudy"

    def info(self, path: str, **options: Any) -> Any:
        raise Exception("no credentials")


class Counting(MemoryFileSystem):
    """Files in memory; counts how often somebody looks whether one is there."""

    protocol = "counting"
    cachable = False
    looks: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("counting://", "memory://")))

    def info(self, path: str, **options: Any) -> Any:
        self.looks.append(path)
        return super().info(path, **options)


def test_each_input_is_looked_at_once() -> None:
    fsspec.register_implementation("counting", Counting, clobber=True)
    for name in "abc":
        Counting().pipe_file(f"/counted/{name}", b"x")
    Counting.looks.clear()
    opened({"a": "counting://counted/a", "many": ["counting://counted/b", "counting://counted/c"]}, RunSpec(), {})
    assert Counting.looks == ["/counted/a", "/counted/b", "/counted/c"]


def test_names_of_parameters_come_before_looks(store: Store) -> None:
    with pytest.raises(UnknownNameError, match="dta"):
        new_function().run(handler=lambda data: data, inputs={"dta": "not/there"})


def test_a_result_and_a_live_object_are_there(store: Store, tmp_path: Path) -> None:
    packagers.call(lambda: 0.5, returns=["accuracy"], folder=tmp_path / "made")
    new_function().run(handler=called, inputs={"a": "made/accuracy", "b": pd.DataFrame({"a": [1]}), "c": [1, 2]})
    assert CALLS[0]["c"] == [1, 2]
    with pytest.raises(MissingInputError):
        new_function().run(handler=called, inputs={"a": "made/acuracy"})


def test_a_run_that_is_tried_again_needs_its_inputs_too(store: Store, tmp_path: Path) -> None:
    (tmp_path / "fails_on_its_input.py").write_text("def fail(data): raise ValueError('no')\n")
    (tmp_path / "x.csv").write_text("a\n")
    with pytest.raises(RunError) as caught:
        new_function().run(handler="fails_on_its_input.py:fail", inputs={"data": "x.csv"})
    (tmp_path / "x.csv").unlink()
    with pytest.raises(MissingInputError):
        store.retry(caught.value.uid)
    assert store.attempt(caught.value.uid) == 1


# Where it may be missing.


def empty(handler: Any, url: str = "in/gone.csv", **fields: Any) -> Any:
    task = new_task(handler=handler, inputs={"data": url, **fields}, returns=["seen : result"])
    task.spec.allow_empty_resources = True
    return new_function().run(task).status.results["seen"]


def as_item(data: DataItem) -> Any:
    return [data.exists(), data.get(), data.open().read(), data.open("r").read(), data.key, data.suffix, data.kind, data.url, data.unpack()]


def as_frame(data: pd.DataFrame) -> Any:
    return [type(data).__name__, len(data)]


def as_optional(data: pd.DataFrame | None) -> Any:
    return data


def as_text(data: str) -> Any:
    return data


def as_bytes(data: Annotated[bytes, "of a file"]) -> Any:
    return data


def as_array(data: np.ndarray) -> Any:
    return data


def as_whole_number(data: int) -> Any:
    return data


def as_frames(data: list[pd.DataFrame]) -> Any:
    return [len(frame) for frame in data]


def bare(data: Any, other: DataItem | None = None) -> Any:
    return [data, other is not None and other.exists()]


@pytest.mark.parametrize(
    ("handler", "seen"),
    [
        (as_item, [False, b"", b"", "", "gone", ".csv", "file", "in/gone.csv", None]),
        (lambda data: data.exists(), False),
        (lambda data: data.as_df().empty, True),
        (as_frame, ["DataFrame", 0]),
        (as_optional, None),
        (as_text, ""),
        (as_bytes, b""),
    ],
    ids=["item", "no-hint", "as_df", "frame", "optional", "text", "bytes"],
)
def test_a_missing_input_arrives_empty(store: Store, handler: Any, seen: Any) -> None:
    assert empty(handler) == seen
    assert store.documents()[0]["spec"]["inputs"] == {"data": "in/gone.csv"}
    assert store.documents()[0]["spec"]["allow_empty_resources"] is True


def test_only_what_is_missing_is_empty(store: Store, tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("a\n1\n2\n")
    task = new_task(handler=as_frames, inputs={"data": ["there.csv", "gone.csv"]}, returns=["seen"])
    task.spec.allow_empty_resources = True
    assert new_function().run(task).status.results["seen"] == [2, 0]
    assert empty(bare, other="there.csv") == [None, True]


@pytest.mark.parametrize("url", ["store://nothing", "memory://no/such/file.csv"])
def test_everywhere(store: Store, url: str) -> None:
    assert empty(as_text, url) == ""


@pytest.mark.parametrize("handler", [as_array, as_whole_number])
def test_what_cannot_be_empty_is_an_error_that_says_so(store: Store, handler: Any) -> None:
    with pytest.raises(RunError, match=r"is empty, and no (ndarray|int) can be made of nothing") as caught:
        empty(handler)
    assert isinstance(caught.value.__cause__, UnpackError)


def test_hints_as_text_are_known_where_their_module_is_loaded() -> None:
    item = EmptyItem("gone.csv")
    assert item.unpack("pandas.DataFrame").empty
    assert item.unpack("pandas.DataFrame | None") is None
    assert item.unpack("list[str]") == []
    assert item.unpack("packagers.DataItem") is item
    for hint in ("no.such.Class", "Nothing"):
        with pytest.raises(UnpackError, match=f"no {hint} can be made"):
            item.unpack(hint)
    for refused in (item.local, lambda: item.open("w")):
        with pytest.raises(UnpackError):
            refused()
    assert pickle.loads(pickle.dumps(item)).url == "gone.csv"


def test_it_arrives_empty_in_a_process_of_its_own(store: Store, tmp_path: Path) -> None:
    (tmp_path / "looks_at_its_input.py").write_text("def look(data): return data.exists(), data.get()\n")
    task = new_task(handler="looks_at_its_input.py:look", inputs={"data": "gone.csv"}, returns=["there", "bytes : result"])
    task.spec.allow_empty_resources = True
    run = new_function().run(task, watch=False)
    assert run.wait_for_completion(sleep=0.05, timeout=60) == "completed"
    assert run.status.results == {"there": False, "bytes": b""}
