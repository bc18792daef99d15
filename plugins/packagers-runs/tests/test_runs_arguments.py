"""Arguments are checked against the signature of a handler before anything runs, and reach it as its hints say."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import DataItem, InputError
from packagers_runs.errors import HandlerError, UnknownNameError
from packagers_runs.running.arguments import check_arguments
from packagers_runs.running.handlers import Handler, find_handler


class RunContext: ...


def train(data: dict[str, Any], depth: int = 2, *, rate: float = 0.1) -> Any:
    return data, depth, rate


def bare(data, context, other=None):
    return data, context, other


def annotated(run: RunContext | None, context: int = 1) -> Any:
    return run, context


def anything(*args: Any, **others: Any) -> Any:
    return args, others


class Trainer:
    def __init__(self, depth: int, name: str = "x") -> None:
        self.depth = depth

    def fit(self, rate: float) -> Any:
        return self.depth, rate

    @staticmethod
    def static(rate: float) -> Any:
        return rate

    @classmethod
    def made(cls, rate: float) -> Any:
        return cls.__name__, rate


def method(name: str) -> Handler:
    return Handler(getattr(Trainer, name), None, name, Trainer)


def called(arguments: Any, folder: Path, context: Any = "the context") -> Any:
    return packagers.call(arguments.function(), arguments.inputs, arguments.params_with(context), folder=folder).returned


@pytest.mark.parametrize(
    ("inputs", "params", "says", "near"),
    [
        ({"data": "a.json"}, {"dept": 3}, "'dept'", "depth"),
        ({"dat": "a.json"}, {}, "'dat'", "data"),
        ({"data": "a.json"}, {"_init_arg": {}}, "'_init_arg'", None),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(inputs: Any, params: Any, says: str, near: str | None) -> None:
    with pytest.raises(UnknownNameError, match=says) as caught:
        check_arguments(find_handler(train), inputs, params)
    assert caught.value.nearest == near


def test_what_is_missing_is_told() -> None:
    with pytest.raises(InputError, match="train is not given 'data'") as caught:
        check_arguments(find_handler(train), {}, {"depth": 3})
    assert caught.value.key == "data"


def test_what_stands_in_both_is_refused() -> None:
    with pytest.raises(InputError, match="both"):
        check_arguments(find_handler(train), {"data": "a.json"}, {"data": {}})


def test_a_hint_of_no_input_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="'dat'"):
        check_arguments(find_handler(train), {"data": "a.json"}, {}, {"dat": "dict"})


def test_inputs_come_by_annotation_by_hint_and_as_data_items(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"a": 1}')
    assert called(check_arguments(find_handler(train), {"data": file}, {"depth": 3}), tmp_path) == ({"a": 1}, 3, 0.1)
    data, context, _ = called(check_arguments(find_handler(bare), {"data": str(file)}), tmp_path)
    assert isinstance(data, DataItem)
    assert data.get() == b'{"a": 1}'
    assert context == "the context"
    many, _, more = called(check_arguments(find_handler(bare), {"data": [file, str(file)], "other": {"x": file}}), tmp_path)
    assert [type(item) for item in (*many, more["x"])] == [DataItem] * 3
    hinted, _, _ = called(check_arguments(find_handler(bare), {"data": file}, {}, {"data": "dict"}), tmp_path)
    assert hinted == {"a": 1}
    text, _, _ = called(check_arguments(find_handler(train), {"data": file}, {}, {"data": "str"}), tmp_path)
    assert text == '{"a": 1}'
    live = object()
    assert called(check_arguments(find_handler(bare), {"data": live}), tmp_path)[0] is live


def test_a_hint_beats_that_of_the_functions_own_handler(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("[1]")
    decorated = packagers.handler(bare, inputs={"data": "list", "other": "list"})
    arguments = check_arguments(find_handler(decorated), {"data": file, "other": file}, {}, {"data": "str"})
    assert called(arguments, tmp_path) == ("[1]", "the context", [1])


def test_the_context_is_passed_by_name_or_by_annotation_and_never_over_a_given_value(tmp_path: Path) -> None:
    assert check_arguments(find_handler(annotated)).context == "run"
    assert called(check_arguments(find_handler(annotated)), tmp_path) == ("the context", 1)
    assert check_arguments(find_handler(bare), {"data": "a"}, {"context": 5}).context is None
    assert called(check_arguments(find_handler(annotated), {}, {"run": None, "context": 4}), tmp_path) == (None, 4)
    assert check_arguments(find_handler(train), {"data": "a"}).context is None


def test_the_class_of_a_method_is_built_from_its_arguments(tmp_path: Path) -> None:
    params = {"_init_args": {"depth": 3}, "rate": 0.5}
    assert called(check_arguments(method("fit"), {}, params), tmp_path) == (3, 0.5)
    assert called(check_arguments(method("static"), {}, params), tmp_path) == 0.5
    assert called(check_arguments(method("made"), {}, params), tmp_path) == ("Trainer", 0.5)
    assert params == {"_init_args": {"depth": 3}, "rate": 0.5}
    with pytest.raises(UnknownNameError, match="dpeth") as caught:
        check_arguments(method("fit"), {}, {"_init_args": {"dpeth": 3}, "rate": 0.5})
    assert caught.value.nearest == "depth"
    with pytest.raises(InputError, match="Trainer, the class of fit is not given 'depth'"):
        check_arguments(method("fit"), {}, {"rate": 0.5})
    with pytest.raises(HandlerError, match="no method of a class"):
        check_arguments(find_handler(train), {"data": "a"}, {"_init_args": {"depth": 3}})


def test_partials_objects_and_variadic_handlers(tmp_path: Path) -> None:
    assert called(check_arguments(find_handler(functools.partial(train, {"a": 1})), {}, {"depth": 3}), tmp_path) == ({"a": 1}, 3, 0.1)
    assert called(check_arguments(find_handler(anything), {}, {"a": 1, "b": 2}), tmp_path) == ((), {"a": 1, "b": 2})
    assert called(check_arguments(find_handler(lambda x: x + 1), {}, {"x": 1}), tmp_path) == 2


async def waits(x: int) -> int:
    return x + 1


def test_an_async_handler_is_awaited(tmp_path: Path) -> None:
    assert called(check_arguments(find_handler(waits), {}, {"x": 1}), tmp_path) == 2


def test_what_does_not_say_its_parameters_is_refused() -> None:
    with pytest.raises(HandlerError, match="does not say which parameters"):
        check_arguments(find_handler(dict), {}, {})
