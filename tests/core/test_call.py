"""A call: values and hints, what fails and what becomes of the rest, and what it leaves behind."""

from __future__ import annotations

import asyncio
import functools
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

import packagers
from packagers import (
    HintSyntaxError,
    InputError,
    LogHint,
    PackagersWarning,
    PackingFailed,
    Registry,
    Session,
    UnknownOptionError,
    call,
    handler,
    settings,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from sample_types import Holder


def give(value: Any) -> Any:
    """Give a function that returns a value."""
    return lambda: value


class Named(NamedTuple):
    a: int
    b: int


# Values and hints.


@pytest.mark.parametrize(
    ("value", "hints", "expected"),
    [
        (1, ["a"], {"a": 1}),
        (1, "a", {"a": 1}),
        (1, LogHint("a"), {"a": 1}),
        (1, {"key": "a"}, {"a": 1}),
        ((1, 2), ["a", "b"], {"a": 1, "b": 2}),
        ((1, 2), ("a", "b"), {"a": 1, "b": 2}),
        ((1, 2), ["a", None], {"a": 1}),
        ((1, 2), [None, None], {}),
        ((1,), ["a"], {"a": 1}),
        ([1, 2], ["a"], {"a": [1, 2]}),
        (Named(1, 2), ["a"], {"a": Named(1, 2)}),
        ((1, (2, 3)), ["a", "b"], {"a": 1, "b": (2, 3)}),
        (None, ["a"], {"a": None}),
        ((1, None), ["a", "b"], {"a": 1, "b": None}),
        ((1, 2), [], {}),
        ((1, 2), None, {}),
        (None, None, {}),
    ],
)
def test_each_value_gets_its_hint(tmp_path: Path, value: Any, hints: Any, expected: dict[str, Any]) -> None:
    outputs = call(give(value), returns=hints, folder=tmp_path)
    assert dict(outputs) == outputs.results == expected
    assert outputs.returned is value


def test_a_hint_without_a_value_is_a_warning_that_names_it(tmp_path: Path) -> None:
    with pytest.warns(PackagersWarning, match="the log hint 'c' has no value: 2 were returned"):
        assert dict(call(give((1, 2)), returns=["a", "b", "c : file"], folder=tmp_path)) == {"a": 1, "b": 2}
    with pytest.warns(PackagersWarning, match="'a' has no value: 0"):
        assert dict(call(give(()), returns="a", folder=tmp_path)) == {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(give(1), returns=["a", None], folder=tmp_path)


def test_a_value_without_a_hint_would_be_lost(tmp_path: Path) -> None:
    with pytest.raises(PackingFailed) as caught:
        call(give((1, 2, 3)), returns=["a"], folder=tmp_path)
    assert [str(failure.args[0]) for failure in caught.value.exceptions] == [
        "returned value 1 has no log hint and would be lost",
        "returned value 2 has no log hint and would be lost",
    ]
    assert caught.value.outputs.results == {"a": 1}


def test_auto_pack_outputs_packs_what_has_no_hint(tmp_path: Path) -> None:
    with settings(auto_pack_outputs=True):
        assert dict(call(give((1, 2, 3)), returns=["a", None], folder=tmp_path)) == {"a": 1, "artifact_2": 3}
        assert dict(call(give((1, 2)), folder=tmp_path)) == {"artifact_0": 1, "artifact_1": 2}
        assert dict(call(give(None), folder=tmp_path)) == {}
        with settings(auto_pack_key="out"):
            assert dict(call(give(1), folder=tmp_path)) == {"out_0": 1}
        with settings(auto_pack_key="a/b"), pytest.raises(PackingFailed, match="1 of the outputs"):
            call(give(1), folder=tmp_path)


def test_pack_tuples_leaves_a_tuple_whole(tmp_path: Path) -> None:
    with settings(pack_tuples=True):
        assert dict(call(give((1, 2)), returns="a", folder=tmp_path)) == {"a": (1, 2)}
        with pytest.warns(PackagersWarning, match="'b' has no value"):
            assert dict(call(give((1, 2)), returns=["a", "b"], folder=tmp_path)) == {"a": (1, 2)}


def test_outputs_come_in_the_order_of_the_hints(tmp_path: Path) -> None:
    hints = [LogHint("z", "file", extra_data={"y": ...}), "*y", "x"]
    assert list(call(give((np.arange(1), [1, 2], 3)), returns=hints, folder=tmp_path)) == ["z", "y_0", "y_1", "y", "x"]


# Where hints come from.


def annotated() -> Annotated[int, "of_annotation"]:
    """Give one."""
    return 1


@handler(returns="of_handler")
def handled() -> Annotated[int, "of_annotation"]:
    """Give one."""
    return 1


class Object:
    """Its method is a handler."""

    @handler(returns="of_method")
    def method(self, x: int = 1) -> int:
        """Give x."""
        return x

    @handler(returns="of_class")
    @classmethod
    def above(cls) -> int:
        """Give one."""
        return 1

    async def __call__(self) -> Annotated[int, "of_call"]:
        """Give one, later."""
        return 1


@pytest.mark.parametrize(
    ("function", "returns", "key"),
    [
        (annotated, None, "of_annotation"),
        (handled, None, "of_handler"),
        (handled, ["given"], "given"),
        (handler(handled), None, "of_handler"),
        (handler(annotated), None, "of_annotation"),
        (Object().method, None, "of_method"),
        (functools.partial(Object().method, x=1), None, "of_method"),
        (Object.above, None, "of_class"),
        (Object(), None, "of_call"),
        (functools.partial(annotated), None, "of_annotation"),
    ],
)
def test_hints_of_the_call_go_before_those_of_handler_and_annotation(tmp_path: Path, function: Any, returns: Any, key: str) -> None:
    assert dict(call(function, returns=returns, folder=tmp_path)) == {key: 1}


def test_an_empty_list_of_hints_is_one_too(tmp_path: Path) -> None:
    assert dict(call(handled, returns=[], folder=tmp_path)) == {}


def test_only_the_call_packs(tmp_path: Path) -> None:
    @handler(returns="inner")
    def inner() -> int:
        return handled()

    def outer() -> int:
        return inner()

    session = Session(tmp_path / "session")
    with Session(tmp_path / "around") as around:
        assert dict(call(outer, returns="a", folder=tmp_path / "out")) == {"a": 1}
        assert dict(call(inner, session=session)) == {"inner": 1}
    assert around.results == {}
    assert session.results == {"inner": 1}


def test_a_broken_hint_keeps_the_function_from_running(tmp_path: Path) -> None:
    def function() -> None:
        raise AssertionError("it ran")

    for returns in (["a", "b : c["], {"key": "a", "typo": 1}, [5], 5, b"a", [""]):
        with pytest.raises(HintSyntaxError):
            call(function, returns=returns, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


# What fails.


def test_every_failure_is_named_and_the_other_outputs_are_packed(tmp_path: Path) -> None:
    values = (threading.Lock(), 1, np.arange(2), np.arange(3), {"a": 1, "b": threading.Lock()}, 2)
    hints = ["lock", "one", "array : dataset[nonsense=1]", "ok", "*items", "two : nonsense"]
    with pytest.raises(PackingFailed) as caught:
        call(give(values), returns=hints, folder=tmp_path)
    failed = caught.value
    assert [failure.key for failure in failed.exceptions] == ["lock", "array", "items_b", "two"]  # type: ignore[attr-defined]
    assert isinstance(failed.exceptions[1], UnknownOptionError)
    assert "4 of the outputs could not be packed: 'lock', 'array', 'items_b', 'two'" in str(failed)
    assert failed.outputs.results == {"one": 1, "items_a": 1}
    assert list(failed.outputs.artifacts) == ["ok"]
    assert failed.outputs.returned is values
    assert packagers.unpack(tmp_path / "one") == 1
    assert packagers.unpack(tmp_path / "ok").tolist() == [0, 1, 2]


def test_failures_can_be_caught_by_kind(tmp_path: Path) -> None:
    caught: list[Any] = []
    try:
        call(give((1, np.arange(2))), returns=["a : nonsense", "b : dataset[nonsense=1]"], folder=tmp_path)
    except* UnknownOptionError as group:
        caught.append(group)
    except* packagers.PackagersError as group:
        caught.append(group)
    assert [[failure.key for failure in group.exceptions] for group in caught] == [["b"], ["a"]]


def test_failures_may_be_warnings(tmp_path: Path) -> None:
    values, hints = (threading.Lock(), 1, 2, 3), ["lock", "one", "two : nonsense"]
    with pytest.warns(PackagersWarning) as caught:
        outputs = call(give(values), returns=hints, folder=tmp_path, errors="warn")
    assert dict(outputs) == {"one": 1}
    assert [any(word in str(warning.message) for warning in caught) for word in ("'lock'", "'two'", "value 3")] == [True] * 3
    with settings(errors="warn"), pytest.warns(PackagersWarning):
        assert dict(call(give(values), returns=hints, folder=tmp_path)) == {"one": 1}


class BrokenPackager(packagers.Packager):
    """Packs nothing."""

    def pack_result(self, obj: Any) -> Any:
        """Fail in a way of its own."""
        raise ZeroDivisionError("no")


def test_an_error_of_a_packager_is_a_failure_like_any_other(tmp_path: Path) -> None:
    registry = Registry()
    registry.add("sample_types.Holder", BrokenPackager)
    with Session(tmp_path, registry=registry) as session, pytest.raises(PackingFailed) as caught:
        call(give((Holder(1), 2)), returns=["a", "b"], session=session)
    assert isinstance(caught.value.exceptions[0].__cause__, ZeroDivisionError)
    assert session.results == {"b": 2}


@pytest.mark.parametrize("hints", [["a", "a"], ["a", "A"], ["a_0", "*a"], ["*a", "a_1"]])
def test_two_outputs_of_one_key_collide(tmp_path: Path, hints: list[str]) -> None:
    with pytest.raises(PackingFailed) as caught:
        call(give(([1, 2], [3, 4])), returns=hints, folder=tmp_path)
    assert len(caught.value.exceptions) == 1
    assert any(words in str(caught.value) for words in ("two outputs have the key", "differ in case alone"))


def test_an_error_of_the_function_is_its_own(tmp_path: Path) -> None:
    def function() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        call(function, returns="a", folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


# Switches.


def test_switched_off_values_pass_untouched(tmp_path: Path) -> None:
    def function(path: Path, item: np.ndarray) -> Any:
        return path, item

    with settings(enabled=False):
        outputs = call(function, inputs={"path": "x", "item": [1, "y"]}, returns=["a", "b"], folder=tmp_path / "out")
    assert outputs.returned == ("x", [1, "y"])
    assert dict(outputs) == {}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("variable", ["RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"])
def test_only_the_logging_worker_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    array = packagers.pack(np.arange(2), "array", tmp_path / "in")

    def function(array: np.ndarray) -> int:
        return int(array.sum())

    for rank in range(3):
        monkeypatch.setenv(variable, str(rank))
        folder = tmp_path / str(rank)
        with settings(logging_worker=1):
            outputs = call(function, inputs={"array": array}, returns="sum", folder=folder)
        assert outputs.returned == 1, "inputs are unpacked everywhere"
        assert dict(outputs) == ({"sum": 1} if rank == 1 else {})
        assert folder.exists() == (rank == 1)


# Functions that are awaited.


async def later(x: int) -> Annotated[int, "x"]:
    """Give x, later."""
    await asyncio.sleep(0)
    return x


def test_an_async_function_is_run_to_its_end(tmp_path: Path) -> None:
    assert dict(call(later, params={"x": 1}, folder=tmp_path)) == {"x": 1}
    assert dict(call(handler(returns="y")(later), params={"x": 1}, folder=tmp_path)) == {"y": 1}


def test_an_async_function_is_run_to_its_end_beside_a_running_loop(tmp_path: Path) -> None:
    async def main() -> Any:
        return call(later, params={"x": 1}, folder=tmp_path)

    async def failing() -> None:
        raise LookupError("mine")

    async def main_failing() -> None:
        call(failing, folder=tmp_path)

    assert dict(asyncio.run(main())) == {"x": 1}
    with pytest.raises(LookupError, match="mine"):
        asyncio.run(main_failing())


# Streams, and what is left behind.


def test_a_stream_is_packed_and_can_be_read_again(tmp_path: Path) -> None:
    def function() -> Iterator[int]:
        yield from range(3)

    outputs = call(function, returns="chunks", folder=tmp_path)
    assert list(outputs.returned) == list(outputs["chunks"].unpack()) == [0, 1, 2]


@pytest.mark.parametrize("fail", [False, True])
def test_temporary_space_goes_with_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: bool) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "file.txt").write_text("text")
    packagers.pack(tmp_path / "file.txt", "file", tmp_path / "in")

    def function(path: Path) -> str:
        assert path.read_text() == "text"
        assert scratch in path.parents
        if fail:
            raise KeyboardInterrupt
        return "done"

    if fail:
        with pytest.raises(KeyboardInterrupt):
            call(function, inputs={"path": tmp_path / "in/file"}, folder=tmp_path / "out")
    else:
        call(function, inputs={"path": tmp_path / "in/file"}, returns="a", folder=tmp_path / "out")
    assert list(scratch.iterdir()) == []


def test_a_call_into_a_session_leaves_temporary_space_to_it(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("text")
    packagers.pack(tmp_path / "file.txt", "file", tmp_path / "in")

    def function(path: Path) -> Path:
        return path

    with Session(tmp_path / "out") as session:
        path = call(function, inputs={"path": tmp_path / "in/file"}, session=session).returned
        assert path.read_text() == "text"
    assert not path.exists()


def test_outputs_of_a_call_into_a_session_are_its_own(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        first = call(give((1, np.arange(1))), returns=["a", "b"], session=session)
        second = call(give((2, np.arange(2))), returns=["a", "c"], session=session)
    assert (list(first), list(second)) == (["a", "b"], ["a", "c"])
    assert session.results == {"a": 2}
    assert list(session.artifacts) == ["b", "c"]


def test_a_session_is_given_instead_of_project_and_errors(tmp_path: Path) -> None:
    for given in ({"project": tmp_path}, {"errors": "warn"}):
        with pytest.raises(InputError, match="its own project and errors"):
            call(annotated, session=Session(tmp_path), **given)  # type: ignore[arg-type]


def test_the_project_that_is_named_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.packagers.defaults]\n"numpy.ndarray" = "file[format=\\"csv\\"]"\n')
    outputs = call(give(np.arange(2)), returns="a", folder=tmp_path / "out", project=tmp_path)
    assert outputs["a"].manifest.written.format == "csv"
