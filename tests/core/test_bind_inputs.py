"""Inputs: bound to the parameters of a function, unpacked by their hints, bundled into containers."""

from __future__ import annotations

import functools
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Optional, Required, TypedDict, Union, Unpack

import fsspec
import numpy as np
import pytest

import packagers
from packagers import (
    Artifact,
    Bundle,
    DataItem,
    InputError,
    Options,
    Packager,
    PackagersError,
    Registry,
    Result,
    Session,
    UnpackError,
    UntrustedPackageError,
    bind_inputs,
    handler,
    settings,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from sample_types import Holder

Array = np.ndarray


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(tmp_path / "session") as made:
        yield made


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with packages ``a`` to ``c``, a result, a bundle, and plain files."""
    folder = tmp_path / "in"
    packagers.call(
        lambda: (np.arange(1), np.arange(2), np.arange(3), 0.5, {"x": np.arange(4), "y": 1}),
        returns=["a", "b", "c", "accuracy", "*bundle"],
        folder=folder,
    )
    (folder / "plain.json").write_text("[1, 2]")
    (folder / "plain.txt").write_text("text")
    np.save(folder / "plain.npy", np.arange(5))
    return folder


def bound(session: Session, function: Callable[..., Any], inputs: Any = None, params: Any = None, **options: Any) -> dict[str, Any]:
    """Give the arguments by parameter, arrays as lists."""
    arguments = bind_inputs(function, inputs, params, session, **options)
    arguments.signature.bind(*arguments.args, **arguments.kwargs)
    return {name: shown(value) for name, value in arguments.arguments.items()}


def shown(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return type(value)(map(shown, value)) if type(value) in (list, tuple) else value


# Kinds of parameters.


def positional_only(a: Array, b: float = 1.0, /) -> None: ...


def keyword_only(*, a: Array, b: float = 1.0) -> None: ...


def starred(a: Array, b: float = 1.0, *rest: Array, c: int = 2, **more: Array) -> None: ...


def test_every_kind_of_parameter_is_filled_by_its_name(session: Session, made: Path) -> None:
    a, b, c = made / "a", made / "b", made / "c"
    assert bound(session, positional_only, {"a": b}, {"b": 2.0}) == {"a": [0, 1], "b": 2.0}
    assert bound(session, positional_only, {"a": b})["a"] == [0, 1]
    assert bound(session, keyword_only, {"a": b, "b": made / "accuracy"}) == {"a": [0, 1], "b": 0.5}
    assert bound(session, starred, {"a": a}) == {"a": [0]}
    assert bound(session, starred, {"a": a, "rest": [b, c], "other": c}, {"c": 5, "raw": 1}) == {
        "a": [0],
        "b": 1.0,
        "rest": ([0, 1], [0, 1, 2]),
        "c": 5,
        "more": {"other": [0, 1, 2], "raw": 1},
    }
    assert bound(session, starred, {"a": a, "more": b}) == {"a": [0], "more": {"more": [0, 1]}}
    assert bound(session, starred, None, {"a": 1, "rest": (2, 3)}) == {"a": 1, "b": 1.0, "rest": (2, 3)}


class Callables:
    def method(self, a: Array) -> Array:
        """Give a."""
        return a

    @classmethod
    def of_class(cls, a: Array) -> Array:
        """Give a."""
        return a

    @staticmethod
    def static(a: Array) -> Array:
        """Give a."""
        return a

    def __call__(self, a: Array) -> Array:
        """Give a."""
        return a


@dataclass
class Record:
    a: Array


@handler
def handled(a: Array) -> Array:
    """Give a."""
    return a


@functools.wraps(handled)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    """Give a."""
    return handled(*args, **kwargs)


@pytest.mark.parametrize(
    "function",
    [
        Callables().method,
        Callables.of_class,
        Callables().static,
        Callables(),
        Record,
        handled,
        wrapped,
        partial(starred, b=2.0),
        partial(lambda x, a: a, 1),
        lambda a: a,
    ],
)
def test_anything_that_can_be_called_is_a_function(session: Session, made: Path, function: Any) -> None:
    hints_are_lost = isinstance(function, partial | type(lambda: 0)) and getattr(function, "__name__", "<lambda>") == "<lambda>"
    found = bind_inputs(function, {"a": made / "b"}, None, session).arguments["a"]
    if hints_are_lost and not (isinstance(function, partial) and function.func is starred):
        assert isinstance(found, DataItem)
    else:
        assert found.tolist() == [0, 1]


def test_a_parameter_without_a_hint_gets_the_data_item(session: Session, made: Path) -> None:
    def function(item, other=None): ...  # type: ignore[no-untyped-def]

    arguments = bind_inputs(function, {"item": made / "b", "other": Result("r", 1)}, None, session).arguments
    assert isinstance(arguments["item"], DataItem)
    assert arguments["item"].unpack().tolist() == [0, 1]
    assert arguments["other"] == 1
    with Session(session.folder, settings={"auto_unpack_inputs": True}) as automatic:
        assert bound(automatic, function, {"item": made / "b", "other": str(made / "accuracy")}) == {"item": [0, 1], "other": 0.5}
        assert isinstance(bind_inputs(function, {"item": made / "plain.npy"}, None, automatic).arguments["item"], DataItem)


# What an input may be.


class Server(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def http(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the folder on a server of this machine."""
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(made)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def array(a: Array) -> None: ...


@pytest.mark.parametrize(
    "source",
    [
        lambda folder: folder / "b",
        lambda folder: str(folder / "b"),
        lambda folder: (folder / "b").as_uri(),
        lambda folder: DataItem(folder / "b"),
        lambda folder: DataItem(DataItem(folder / "b")),
        lambda folder: packagers.unpack(folder / "b", Artifact),
        lambda folder: Result("b", np.arange(2)),
        lambda folder: np.arange(2),
    ],
    ids=["path", "text", "file url", "data item", "data item of a data item", "artifact", "result", "live object"],
)
def test_an_input_may_be_a_path_a_url_a_handle_or_a_live_object(session: Session, made: Path, source: Callable[[Path], Any]) -> None:
    assert bound(session, array, {"a": source(made)}) == {"a": [0, 1]}


def test_an_input_may_be_a_url_of_memory(session: Session, made: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{made}/b/", "/inputs/b", recursive=True)
    memory.put(f"{made}/plain.npy", "/inputs/plain.npy")
    assert bound(session, array, {"a": "memory://inputs/b"}) == {"a": [0, 1]}
    assert bound(session, array, {"a": "memory://inputs/plain.npy"}) == {"a": [0, 1, 2, 3, 4]}


def test_an_input_may_be_a_url_of_a_server(session: Session, made: Path, http: str) -> None:
    assert bound(session, array, {"a": f"{http}/b"}) == bound(session, array, {"a": f"{http}/b/"}) == {"a": [0, 1]}
    assert bound(session, array, {"a": f"{http}/plain.npy?version=1"}) == {"a": [0, 1, 2, 3, 4]}
    with pytest.raises(UnpackError) as caught:
        bound(session, array, {"a": f"{http}/nothing.npy"})
    assert caught.value.key == "a"


def test_plain_files_are_read_by_hint_and_suffix(session: Session, made: Path) -> None:
    def function(a: Array, numbers: list[int], text: str, raw: bytes, path: Path) -> None: ...

    inputs = {"a": made / "plain.npy", **dict.fromkeys(("text", "raw", "path"), made / "plain.txt"), "numbers": made / "plain.json"}
    assert bound(session, function, inputs) == {
        "a": [0, 1, 2, 3, 4],
        "numbers": [1, 2],
        "text": "text",
        "raw": b"text",
        "path": made / "plain.txt",
    }


def test_a_bundle_is_an_input(session: Session, made: Path) -> None:
    def function(scores: dict[str, int]) -> None: ...

    bundle = Bundle("scores", {"a": 1}, {})
    assert bound(session, function, {"scores": bundle}) == {"scores": {"a": 1}}
    with pytest.raises(InputError, match="expected int, found str"):
        bound(session, function, {"scores": Bundle("scores", {"a": "1"}, {})})


def test_a_hint_that_names_a_handle_gets_it(session: Session, made: Path) -> None:
    def function(item: DataItem, artifact: Artifact, result: Result, either: DataItem | Array, some: Artifact | None = None) -> None: ...

    artifact, result = packagers.unpack(made / "a", Artifact), Result("r", 1)
    got = bind_inputs(
        function, {"item": artifact, "artifact": made / "b", "result": result, "either": made / "c", "some": artifact}, None, session
    ).arguments
    assert (type(got["item"]), got["item"].key) == (DataItem, "a")
    assert (type(got["artifact"]), got["artifact"].key) == (Artifact, "b")
    assert got["result"] is result
    assert isinstance(got["either"], DataItem)
    assert got["some"] is artifact


# What a hint may be.


def optional(a: Optional[Array]) -> None: ...  # noqa: UP045
def union(a: Union[float, Array]) -> None: ...  # noqa: UP007
def piped(a: list[int] | Array | None) -> None: ...
def anything(a: Any) -> None: ...
def annotated_options(a: Annotated[Array, Options(mmap_mode="r")]) -> None: ...
def iterable(a: Iterable[int]) -> None: ...


@pytest.mark.parametrize("function", [optional, union, piped, anything, annotated_options, array])
def test_optional_and_union_hints_are_tried_in_order(session: Session, made: Path, function: Any) -> None:
    assert bound(session, function, {"a": made / "b"}) == {"a": [0, 1]}


def test_options_in_a_hint_are_the_packagers(session: Session, made: Path) -> None:
    assert isinstance(bind_inputs(annotated_options, {"a": made / "b"}, None, session).arguments["a"], np.memmap)


def test_an_unresolved_hint_matters_only_where_it_is_used(session: Session, made: Path) -> None:
    def function(a: Array, b: NotImported = None) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert bound(session, function, {"a": made / "b"}, {"b": 1}) == {"a": [0, 1], "b": 1}
    with pytest.raises(PackagersError, match="NotImported") as caught:
        bound(session, function, {"a": made / "b", "b": made / "b"})
    assert caught.value.key == "b"

    # Where nothing is unpacked nothing has to be known of it.
    assert bound(session, function, {"a": made / "b", "b": 7}) == {"a": [0, 1], "b": 7}
    assert bound(session, function, {"a": made / "b", "b": Result("r", 7)}) == {"a": [0, 1], "b": 7}
    for source in (made / "b", [str(made / "b")], DataItem(made / "b")):
        with pytest.raises(UnpackError, match=r"(?s)'NotImported' cannot be resolved.*key 'b'.*TYPE_CHECKING.*handler"):
            bound(session, function, {"a": made / "b", "b": source})
    hinted = handler(inputs={"b": "numpy.ndarray"})(function)
    for given in (hinted, functools.partial(hinted)):
        assert bound(session, given, {"a": made / "b", "b": made / "c"}) == {"a": [0, 1], "b": [0, 1, 2]}


class Settings(TypedDict, total=False):
    a: Required[Array]
    depth: Annotated[int, Options()]
    rate: float


def with_settings(*pair: *tuple[Array, float], **settings: Unpack[Settings]) -> None: ...


def test_args_and_kwargs_that_unpack_a_type(session: Session, made: Path) -> None:
    a, accuracy = made / "a", made / "accuracy"
    found = bound(session, with_settings, {"a": a, "pair": [a, accuracy], "rate": accuracy}, {"depth": 3})
    assert found == {"pair": ([0], 0.5), "settings": {"depth": 3, "a": [0], "rate": 0.5}}
    assert bound(session, with_settings, None, {"a": 1}) == {"settings": {"a": 1}}
    with pytest.raises(UnpackError, match="expected int, found float") as caught:
        bound(session, with_settings, {"a": a, "depth": accuracy})
    assert caught.value.key == "depth"
    with pytest.raises(InputError, match=r"\*\*settings take no 'rat'") as caught:
        bound(session, with_settings, {"a": a, "rat": accuracy})
    assert "rate" in str(caught.value.remedy)
    with pytest.raises(InputError, match="misses 'a'"):
        bound(session, with_settings, {"rate": accuracy})
    with pytest.raises(UnpackError, match="cannot be unpacked as"):
        bound(session, with_settings, {"a": a, "pair": [a, a]})


@dataclass
class Job:
    data: Array
    parts: list[Array] = field(default_factory=list)
    gone: NotImported = None  # type: ignore[name-defined]  # noqa: F821


def test_what_goes_wrong_inside_of_inputs_is_named_by_its_path(session: Session, made: Path) -> None:
    def function(job: Job, more: dict[str, list[float]] | None = None) -> None: ...

    found = bound(session, function, {"job": {"data": made / "a", "parts": [made / "b"]}})["job"]
    assert (type(found), found.data.tolist(), [part.tolist() for part in found.parts], found.gone) == (Job, [0], [[0, 1]], None)
    for inputs, leaf, words in (
        ({"job": {"data": made / "plain.txt"}}, ".data", "numpy.ndarray"),
        ({"job": {"data": made / "a", "parts": [made / "b", made / "plain.txt"]}}, ".parts[1]", "numpy.ndarray"),
        ({"job": {"data": made / "a", "gone": made / "a"}}, ".gone", "TYPE_CHECKING"),
        ({"job": {"data": made / "a"}, "more": {"x y": [made / "accuracy", made / "a"]}}, "['x y'][1]", "ndarray"),
    ):
        with pytest.raises(UnpackError, match=words) as caught:
            bound(session, function, inputs)
        assert caught.value.leaf == leaf
        assert f"at {leaf}" in str(caught.value)
        assert "handler" not in str(caught.value)  # it names the types of parameters alone


# Lists and dicts of inputs.


class Place(NamedTuple):
    array: Array
    accuracy: float


class Arrays(TypedDict):
    first: Array
    second: float


def test_lists_and_dicts_of_inputs_are_bundled_into_the_hinted_container(session: Session, made: Path) -> None:
    a, b, c = str(made / "a"), made / "b", packagers.unpack(made / "c", Artifact)
    lists = [[0], [0, 1], [0, 1, 2]]
    cases: list[tuple[Any, Any, Any]] = [
        (list[Array], [a, b, c], lists),
        (list[Array], (a, b, c), lists),
        (Sequence[Array], [a, b, c], lists),
        (Iterable[Array], (a, b, c), tuple(lists)),
        (MutableSequence[Array], (a, b, c), lists),
        (AbstractSet[float], [made / "accuracy", made / "accuracy"], {0.5}),
        (MutableMapping[str, Array] | None, {"x": a}, {"x": [0]}),
        (Place, [a, made / "accuracy"], ([0], 0.5)),
        (tuple[Array, ...], [a, b, c], tuple(lists)),
        (tuple[Array, float], [a, made / "accuracy"], ([0], 0.5)),
        (dict[str, Array], {"x": a, "y": b}, {"x": [0], "y": [0, 1]}),
        (Mapping[str, Array], {"x": a}, {"x": [0]}),
        (dict[str, list[Array]], {"x": [a, b], "y": []}, {"x": [[0], [0, 1]], "y": []}),
        (list[dict[str, Array]], [{"x": a}, {}], [{"x": [0]}, {}]),
        (Optional[list[Array]], [a], [[0]]),  # noqa: UP045
        (list[Array | None], [a, None], [[0], None]),
        (dict[str, Array] | list[Array], [a], [[0]]),
        (list[float] | list[Array], [a], [[0]]),
        (list[Any], [a, 5], [[0], 5]),
        (Any, {"x": [a]}, {"x": [[0]]}),
        (Arrays, {"first": a, "second": made / "accuracy"}, {"first": [0], "second": 0.5}),
        (list[Array], [np.arange(1), b, Result("r", np.arange(3))], lists),
    ]
    for hint, source, expected in cases:

        def function(x: Any) -> None: ...

        function.__annotations__["x"] = hint
        assert bound(session, function, {"x": source}) == {"x": expected}, hint


def test_sets_and_deques_are_bundled_from_lists(session: Session, made: Path) -> None:
    def function(numbers: set[float], last: deque[Array], frozen: frozenset[float]) -> None: ...

    accuracy = made / "accuracy"
    got = bind_inputs(function, {"numbers": [accuracy, accuracy], "last": [made / "a"], "frozen": [accuracy]}, None, session).arguments
    assert (got["numbers"], got["frozen"]) == ({0.5}, frozenset({0.5}))
    assert (type(got["last"]), got["last"][0].tolist()) == (deque, [0])


def test_an_iterator_of_inputs_reads_them_one_by_one(session: Session, made: Path) -> None:
    def function(arrays: Iterator[Array]) -> None: ...

    got = bind_inputs(function, {"arrays": [made / "a", made / "b", made / "nothing"]}, None, session).arguments["arrays"]
    assert [next(got).tolist(), next(got).tolist()] == [[0], [0, 1]]
    with pytest.raises(UnpackError) as caught:
        next(got)
    assert caught.value.key == "arrays"


def test_without_a_hint_a_list_holds_data_items(session: Session, made: Path) -> None:
    def function(items, bare: list) -> None: ...  # type: ignore[no-untyped-def, type-arg]

    got = bind_inputs(function, {"items": {"x": [made / "a", 5]}, "bare": [made / "a"]}, None, session).arguments
    assert (type(got["items"]["x"][0]), got["items"]["x"][1], type(got["bare"][0])) == (DataItem, 5, DataItem)


class Frames(list[Any]):
    """A container with a packager of its own."""


class FramesPackager(Packager):
    """Bundles lists."""

    BUNDLE_FROM_LIST = True
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"

    def unbundle(self, obj: Any) -> list[Any]:
        """Give the items."""
        return list(obj)

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Make it."""
        return cls(items)


def test_a_packager_that_bundles_makes_its_container(tmp_path: Path, made: Path) -> None:
    registry = Registry()
    registry.add(f"{Frames.__module__}.Frames", FramesPackager)

    def function(frames: Frames) -> None: ...

    with Session(tmp_path / "out", registry=registry, settings={"auto_unpack_inputs": True}) as session:
        got = bind_inputs(function, {"frames": [made / "a", made / "b"]}, None, session).arguments["frames"]
        assert (type(got), [each.tolist() for each in got]) == (Frames, [[0], [0, 1]])
        with pytest.raises(UnpackError, match=r"a dict of inputs cannot be bundled into .*Frames") as caught:
            bind_inputs(function, {"frames": {"x": made / "a"}}, None, session)
        assert "BUNDLE_FROM_DICT" in str(caught.value)


@pytest.mark.parametrize(
    ("hint", "source", "words"),
    [
        (Array, ["a"], "a list of inputs cannot be bundled into numpy.ndarray"),
        (int, {"x": "a"}, "a dict of inputs cannot be bundled into int"),
        (tuple[Array, float], ["a", "accuracy", "b"], "expected 2 items, found 3"),
        (list[float], ["accuracy", "a"], "cannot be unpacked as float"),
        (list[float] | dict[str, float], ["accuracy", "a"], "the inputs fit no part of the hint"),
        (list[str], ["plain.txt", "no such file"], "no such file"),
    ],
)
def test_what_cannot_be_bundled_is_an_error_of_its_parameter(session: Session, made: Path, hint: Any, source: Any, words: str) -> None:
    def function(x: Any) -> None: ...

    function.__annotations__["x"] = hint
    names = {key: str(made / name) for key, name in source.items()} if isinstance(source, dict) else [str(made / name) for name in source]
    with pytest.raises(UnpackError) as caught:
        bound(session, function, {"x": names})
    assert words in str(caught.value)
    assert caught.value.key == "x"


def test_live_containers_pass_as_they_are(session: Session) -> None:
    def function(numbers: list[int], loop: Any, pair: tuple[int, str]) -> None: ...

    numbers, loop = [1, 2], [1]
    loop.append(loop)  # type: ignore[arg-type]
    got = bind_inputs(function, {"numbers": numbers, "loop": loop, "pair": Result("p", (1, "a"))}, None, session).arguments
    assert got["numbers"] is numbers
    assert got["loop"] is loop
    assert got["pair"] == (1, "a")


# Mistakes.


def trainer(data: Array, depth: int = 4, *, rate: float = 0.1) -> None:
    """Train."""


@pytest.mark.parametrize(
    ("inputs", "params", "words"),
    [
        ({"dta": 1}, None, ["trainer takes no parameter 'dta'", "Did you mean 'data'?", "rate"]),
        (None, {"data": 1, "detph": 1}, ["trainer takes no parameter 'detph'", "Did you mean 'depth'?"]),
        (None, {1: 2}, ["takes no parameter 1"]),
        ({"data": 1}, {"data": 2}, ["trainer gets 'data' in both inputs and params"]),
        (None, {"depth": 1}, ["trainer misses 'data'", "Given: depth"]),
        (None, None, ["trainer misses 'data'", "Given: nothing"]),
        ({"data": "x"}, {"data": 1}, ["both"]),
        (["data"], None, ["the inputs of trainer are a list"]),
        (None, "data", ["the params of trainer are a str"]),
    ],
)
def test_mistakes_are_named(session: Session, inputs: Any, params: Any, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        bind_inputs(trainer, inputs, params, session)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, UnpackError)


def test_all_that_is_missing_is_named(session: Session) -> None:
    def function(a: int, /, b: int, *rest: int, c: int, d: int = 1) -> None: ...

    with pytest.raises(InputError, match="'a', 'b', 'c'"):
        bind_inputs(function, None, None, session)
    with pytest.raises(InputError, match="function misses 'b', 'c'"):
        bind_inputs(function, None, {"a": 1, "rest": [1]}, session)


@pytest.mark.parametrize("inputs", ["text", {"x": 1}, 5, b"bytes"])
def test_inputs_for_args_are_a_list(session: Session, inputs: Any) -> None:
    with pytest.raises(InputError, match=r"the inputs for \*rest are a"):
        bind_inputs(starred, {"a": np.arange(1), "rest": inputs}, None, session)


@pytest.mark.parametrize(("value", "found"), [(5, "int"), ([1.0], "list"), (Holder(1), "sample_types.Holder"), (None, "None")])
def test_a_live_object_of_a_wrong_type_is_an_error(session: Session, value: Any, found: str) -> None:
    with pytest.raises(InputError, match=rf"expected numpy\.ndarray, found {found}") as caught:
        bind_inputs(trainer, {"data": value}, None, session)
    assert caught.value.key == "data"


def test_the_default_of_a_parameter_is_always_taken(session: Session) -> None:
    def function(a: Array = None) -> None: ...  # type: ignore[assignment]

    assert bound(session, function, {"a": None}) == {"a": None}


def test_params_are_passed_as_they_are(session: Session, made: Path) -> None:
    value = {"x": made / "a"}
    got = bind_inputs(trainer, None, {"data": value, "depth": "deep"}, session).arguments
    assert got["data"] is value
    assert got["depth"] == "deep"


def test_an_input_that_is_not_there_says_which_and_what_to_do(session: Session, tmp_path: Path) -> None:
    def function(text: str) -> None: ...

    with pytest.raises(UnpackError) as caught:
        bind_inputs(function, {"text": "hello"}, None, session)
    assert caught.value.key == "text"
    assert "plain text is given in params" in str(caught.value)


def test_what_does_not_say_its_parameters_cannot_be_called(session: Session) -> None:
    for function in (dict, 5):
        with pytest.raises(InputError, match="does not say which parameters"):
            bind_inputs(function, None, {"a": 1}, session)  # type: ignore[arg-type]


# Whose word counts.


def test_trust_is_that_of_the_call_then_of_the_session(tmp_path: Path) -> None:
    def function(holder: Holder) -> Any:
        return holder.value

    packagers.pack(Holder(1), "own", tmp_path)
    Session(tmp_path, signer=None).pack(Holder(2), "foreign")
    own, foreign = {"holder": tmp_path / "own"}, {"holder": tmp_path / "foreign"}
    assert packagers.call(function, inputs=own, folder=tmp_path).returned == 1
    assert packagers.call(function, inputs=foreign, trust="all", folder=tmp_path).returned == 2
    with packagers.trust("all"):
        assert packagers.call(function, inputs=foreign, folder=tmp_path).returned == 2
    for inputs, trust in ((own, "data"), (foreign, None), (foreign, "own")):
        with pytest.raises(UntrustedPackageError) as caught:
            packagers.call(function, inputs=inputs, trust=trust, folder=tmp_path)
        assert caught.value.key is not None
    with Session(tmp_path / "out", settings={"trust": "data"}) as session, pytest.raises(UntrustedPackageError):
        packagers.call(function, inputs=own, session=session)


def test_hints_of_the_handler_go_before_those_of_the_function(session: Session, made: Path) -> None:
    @handler(inputs={"a": "numpy.ndarray", "b": bytes})
    def function(a, b: str) -> None: ...  # type: ignore[no-untyped-def]

    assert bound(session, function, {"a": made / "b", "b": made / "plain.txt"}) == {"a": [0, 1], "b": b"text"}


def test_switched_off_inputs_pass_untouched(tmp_path: Path, made: Path) -> None:
    with settings(enabled=False), Session(tmp_path / "out") as session:
        assert bound(session, starred, {"a": "x", "rest": ["y"]}) == {"a": "x", "b": 1.0, "rest": ("y",)}
        with pytest.raises(InputError):
            bound(session, starred, None)


def test_what_was_read_is_what_is_on_disk_now(session: Session, made: Path) -> None:
    item = DataItem(made / "accuracy")
    assert item.unpack() == 0.5
    entries = json.loads((made / "results.json").read_text())["results"]
    assert set(entries) == {"accuracy", "bundle", "bundle_y"}
