"""The handler: it packs in a session and is transparent outside of one."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NotRequired, Optional, TypedDict, Unpack

import numpy as np
import pytest

import packagers
from packagers import Artifact, DataItem, HintSyntaxError, InputError, LogHint, PackingFailed, Result, Session, handler, settings


class Live:
    """A value that is no copy of itself."""


@handler(returns="made")
def plain(a: int, /, b: int = 2, *rest: int, c: int = 3, **more: int) -> tuple[int, ...]:
    """Say what arrived."""
    return (a, b, *rest, c, *more.values()), None  # type: ignore[return-value]


class Trainer:
    factor = 2

    @handler(returns="by_method")
    def method(self, x: int) -> int:
        return self.factor * x

    @handler(returns="by_class")
    @classmethod
    def above(cls, x: int) -> int:
        return cls.factor * x

    @classmethod
    @handler(returns="by_class_below")
    def below(cls, x: int) -> int:
        return cls.factor * x

    @handler(returns="by_static")
    @staticmethod
    def static(x: int) -> int:
        return x

    @handler(returns="by_call")
    def __call__(self, x: int) -> int:
        return x


@handler(returns="by_task")
async def task(x: int) -> int:
    await asyncio.sleep(0)
    return x


def test_outside_of_a_session_it_is_the_bare_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    live, item = Live(), DataItem("nothing")

    @handler(returns=["a"])
    def function(x: Any, y: Any) -> Any:
        return x, y

    assert function(live, item) == (live, item)
    assert list(tmp_path.iterdir()) == []


def test_it_looks_like_the_function() -> None:
    assert plain.__name__ == "plain"
    assert plain.__doc__ == "Say what arrived."
    assert str(inspect.signature(plain)) == "(a: 'int', /, b: 'int' = 2, *rest: 'int', c: 'int' = 3, **more: 'int') -> 'tuple[int, ...]'"
    assert inspect.iscoroutinefunction(task)
    assert not inspect.iscoroutinefunction(plain)


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((1,), {}, (1, 2, 3)),
        ((1,), {"b": 5}, (1, 5, 3)),
        ((1, 5, 6, 7), {"c": 8, "z": 9}, (1, 5, 6, 7, 8, 9)),
    ],
)
def test_every_kind_of_argument_arrives(tmp_path: Path, args: tuple[int, ...], kwargs: dict[str, int], expected: tuple[int, ...]) -> None:
    with Session(tmp_path, settings={"pack_tuples": True}) as session:
        assert plain(*args, **kwargs) == (expected, None)
    assert session.results == {"made": (expected, None)}


def test_wrong_arguments_are_the_functions_own_error(tmp_path: Path) -> None:
    with Session(tmp_path), pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        plain()  # type: ignore[call-arg]


def test_methods_and_callables_are_handlers(tmp_path: Path) -> None:
    trainer = Trainer()
    with Session(tmp_path) as session:
        assert (trainer.method(2), Trainer.above(3), trainer.below(4), Trainer.static(5), trainer(6)) == (4, 6, 8, 5, 6)
        assert handler(functools.partial(pow, 2), returns="by_partial")(3) == 8
        assert asyncio.run(task(7)) == 7
    assert session.results == {
        "by_method": 4,
        "by_class": 6,
        "by_class_below": 8,
        "by_static": 5,
        "by_call": 6,
        "by_partial": 8,
        "by_task": 7,
    }


def test_the_very_object_passes_through(tmp_path: Path) -> None:
    live = {"a": [1]}, np.arange(2)

    @handler(returns=["a", "b"])
    def function() -> Any:
        return live

    with Session(tmp_path) as session:
        assert function() is live
    live[0]["a"].append(2)
    assert session.results == {"a": {"a": [1]}}
    assert packagers.unpack(tmp_path / "a") == {"a": [1]}


def test_a_stream_that_was_packed_passes_through_as_one_that_reads_it_again(tmp_path: Path) -> None:
    @handler(returns=["chunks", "count", None])
    def function() -> tuple[Iterator[int], int, Iterator[int]]:
        return (i * i for i in range(4)), 4, iter([1, 2])

    @handler(returns="numbers")
    def numbers() -> Iterator[int]:
        yield from range(3)

    with Session(tmp_path):
        chunks, count, dropped = function()
        assert list(chunks) == [0, 1, 4, 9]
        assert (count, list(dropped)) == (4, [1, 2])
        assert list(numbers()) == [0, 1, 2]
    assert list(packagers.unpack(tmp_path / "numbers")) == [0, 1, 2]


def test_hints_may_stand_in_the_return_annotation(tmp_path: Path) -> None:
    @handler
    def one() -> Annotated[float, "accuracy"]:
        return 0.5

    @handler()
    def two() -> tuple[Annotated[float, "loss"], int, Annotated[Any, LogHint("array", "file")]]:
        return 0.25, 1, np.arange(2)

    with Session(tmp_path) as session:
        one()
        two()
    assert session.results == {"accuracy": 0.5, "loss": 0.25}
    assert list(session.artifacts) == ["array"]


def test_without_any_hint_nothing_is_packed(tmp_path: Path) -> None:
    @handler
    def function() -> int:
        return 1

    @handler(returns=[])
    def silent() -> Annotated[int, "key"]:
        return 1

    with Session(tmp_path / "out") as session:
        assert function() == silent() == 1
    assert session.results == {}
    assert not (tmp_path / "out").exists()


def test_a_broken_hint_is_an_error_where_the_function_is_defined(tmp_path: Path) -> None:
    with pytest.raises(HintSyntaxError):
        handler(returns=["a", "b : c["])(lambda: 1)

    @handler
    def annotated() -> Annotated[int, "a/b"]:
        raise AssertionError("the function must not run")

    with Session(tmp_path), pytest.raises(HintSyntaxError):
        annotated()


def test_only_the_outermost_packs(tmp_path: Path) -> None:
    @handler(returns="inner")
    def inner() -> int:
        return 1

    @handler(returns="outer")
    def outer() -> int:
        return inner() + 1

    @handler(returns="async_outer")
    async def async_outer() -> int:
        await asyncio.gather(task(1), task(2))
        return outer()

    with Session(tmp_path) as session:
        assert outer() == 2
        assert inner() == 1
        assert asyncio.run(async_outer()) == 2
    assert session.results == {"outer": 2, "inner": 1, "async_outer": 2}


def test_the_outermost_of_several_decorators_that_has_hints_counts(tmp_path: Path) -> None:
    @handler
    @handler(returns="b")
    @handler(returns="c")
    def function() -> int:
        return 1

    with Session(tmp_path) as session:
        function()
    assert list(session.results) == ["b"]


def test_a_session_inside_of_a_handler_packs_what_is_called_in_it(tmp_path: Path) -> None:
    @handler(returns="inner")
    def inner() -> int:
        return 1

    @handler(returns="outer")
    def outer() -> int:
        with Session(tmp_path / "other") as other:
            inner()
        assert other.results == {"inner": 1}
        inner()
        assert packagers.call(inner, folder=tmp_path / "third").results == {"inner": 1}
        return 2

    with Session(tmp_path / "out") as session:
        outer()
    assert session.results == {"outer": 2}


def test_a_failing_function_packs_nothing_and_leaves_the_session_usable(tmp_path: Path) -> None:
    @handler(returns="a")
    def function(fail: bool) -> int:
        if fail:
            raise KeyError("no")
        return 1

    with Session(tmp_path) as session:
        with pytest.raises(KeyError):
            function(True)
        assert session.results == {}
        function(False)
    assert session.results == {"a": 1}


def test_what_cannot_be_packed_is_an_error_of_the_call(tmp_path: Path) -> None:
    @handler(returns=["a", "b"])
    def function() -> Any:
        return threading.Lock(), 1

    with Session(tmp_path) as session, pytest.raises(PackingFailed, match="'a'"):
        function()
    assert session.results == {"b": 1}


class Inputs:
    @staticmethod
    @handler
    def typed(
        array: np.ndarray,
        accuracy: float,
        arrays: list[np.ndarray],
        optional: Optional[np.ndarray] = None,  # noqa: UP045 - the older spelling
        /,
    ) -> list[Any]:
        return [array, accuracy, arrays, optional]

    @staticmethod
    @handler
    def rest(*arrays: np.ndarray, **more: np.ndarray) -> list[Any]:
        return [arrays, more]

    @staticmethod
    @handler
    def untyped(item: Any, other=None) -> list[Any]:  # type: ignore[no-untyped-def]
        return [item, other]

    @staticmethod
    @handler
    def wants_handles(item: DataItem, artifact: Artifact, result: Result) -> list[Any]:
        return [item, artifact, result]

    @staticmethod
    @handler(inputs=False)
    def switched_off(array: np.ndarray) -> Any:
        return array

    @staticmethod
    @handler(inputs={"array": "numpy.ndarray", "text": str})
    def hinted(array: Any, text) -> list[Any]:  # type: ignore[no-untyped-def]
        return [array, text]


@pytest.fixture
def made(tmp_path: Path) -> packagers.Outputs:
    return packagers.call(lambda: (np.arange(3), 0.5), returns=["array", "accuracy"], folder=tmp_path)


def test_handles_among_the_arguments_are_unpacked_by_their_hints(tmp_path: Path, made: packagers.Outputs) -> None:
    array, item, result = made["array"], DataItem(tmp_path / "array"), Result("accuracy", 0.5)
    with Session(tmp_path / "out"):
        got = Inputs.typed(array, result, [item, array, np.arange(1)], item)  # type: ignore[arg-type, list-item]
        assert [got[0].tolist(), got[1], [each.tolist() for each in got[2]], got[3].tolist()] == [
            [0, 1, 2],
            0.5,
            [[0, 1, 2], [0, 1, 2], [0]],
            [0, 1, 2],
        ]
        arrays, more = Inputs.rest(item, np.arange(1), other=array)  # type: ignore[arg-type]
        assert [each.tolist() for each in arrays] == [[0, 1, 2], [0]]
        assert more["other"].tolist() == [0, 1, 2]
        assert Inputs.untyped(item)[0].tolist() == [0, 1, 2]
        assert isinstance(Inputs.untyped(1, item)[1], DataItem)
        assert Inputs.wants_handles(item, array, result) == [item, array, result]
        assert Inputs.switched_off(array) is array
        assert [type(each) for each in Inputs.hinted(array, DataItem(__file__))] == [np.ndarray, str]


class Options(TypedDict):
    array: np.ndarray
    accuracy: NotRequired[float]


@handler
def unpacking(*pair: *tuple[np.ndarray, float], **options: Unpack[Options]) -> list[Any]:
    return [*pair, options]


def test_handles_among_arguments_that_unpack_a_type(tmp_path: Path, made: packagers.Outputs) -> None:
    array, result = made["array"], Result("accuracy", 0.5)
    with Session(tmp_path / "out"):
        first, second, options = unpacking(DataItem(tmp_path / "array"), result, array=array, accuracy=0.5)  # type: ignore[arg-type, typeddict-item]
        assert (first.tolist(), second, options["array"].tolist(), options["accuracy"]) == ([0, 1, 2], 0.5, [0, 1, 2], 0.5)
        with pytest.raises(packagers.InputError, match="take no 'other'"):
            unpacking(other=array)  # type: ignore[call-arg]
        with pytest.raises(packagers.UnpackError, match="key 'accuracy'"):
            unpacking(array=array, accuracy=DataItem(tmp_path / "array"))  # type: ignore[typeddict-item]


def test_text_and_paths_among_the_arguments_stay_what_they_are(tmp_path: Path, made: packagers.Outputs) -> None:
    with Session(tmp_path / "out"):
        got = Inputs.untyped(str(tmp_path / "array"), [tmp_path / "array"])
    assert got == [str(tmp_path / "array"), [tmp_path / "array"]]


def test_a_handle_that_does_not_fit_the_hint_is_an_error(tmp_path: Path, made: packagers.Outputs) -> None:
    with Session(tmp_path / "out"):
        with pytest.raises(InputError, match=r"expected numpy\.ndarray, found float") as caught:
            Inputs.typed(Result("accuracy", 0.5), 1.0, [])  # type: ignore[arg-type]
        assert caught.value.key == "array"


def test_switched_off_it_is_the_bare_function(tmp_path: Path, made: packagers.Outputs) -> None:
    with settings(enabled=False), Session(tmp_path / "out") as session:
        assert Inputs.untyped(made["array"]) == [made["array"], None]
        assert plain(1) == ((1, 2, 3), None)
    assert session.results == {}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("rank", "packed"), [("0", ["made"]), ("1", [])])
def test_only_the_logging_worker_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str, packed: list[str]) -> None:
    monkeypatch.setenv("RANK", rank)
    with settings(pack_tuples=True), Session(tmp_path) as session:
        assert plain(1) == ((1, 2, 3), None)
    assert list(session.results) == packed


def test_tasks_of_one_session_pack_into_it(tmp_path: Path) -> None:
    @handler
    async def one(i: int) -> Any:
        await asyncio.sleep(0)
        return i

    async def many() -> None:
        made = [handler(returns=f"key_{i}")(one.__wrapped__) for i in range(10)]  # type: ignore[attr-defined]
        assert await asyncio.gather(*(function(i) for i, function in enumerate(made))) == list(range(10))

    with Session(tmp_path) as session:
        asyncio.run(many())
    assert session.results == {f"key_{i}": i for i in range(10)}


def test_a_plain_function_that_gives_a_coroutine_is_awaited_before_it_packs(tmp_path: Path) -> None:
    async def inner(x: int) -> int:
        return await task(x) + 1

    @handler(returns="later")
    def function(x: int) -> Any:
        return inner(x)

    with Session(tmp_path) as session:
        assert asyncio.run(function(1)) == 2
    assert session.results == {"later": 2}
