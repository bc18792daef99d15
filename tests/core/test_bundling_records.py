"""Records as hints: a dict of inputs is bundled into a dataclass, an attrs class, a pydantic model, a named tuple or a TypedDict."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import packagers

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes


@pytest.fixture
def place(tmp_path: Path) -> Path:
    packagers.pack(5, "five", tmp_path)
    packagers.pack(["a"], "names", tmp_path)
    (tmp_path / "text.txt").write_text("hello")
    return tmp_path


def bundled(place: Path, hint: Any, inputs: Any) -> Any:
    def function(value: Any) -> Any:
        return value

    function.__annotations__["value"] = hint
    return packagers.call(function, {"value": inputs}, folder=place / "out").returned


CASES: dict[str, Callable[[Path], tuple[Any, Any, Any]]] = {
    "dataclass": lambda at: (shapes.Layer, {"size": at / "five", "hook": at / "names"}, shapes.Layer(5, ["a"])),
    "defaults": lambda at: (shapes.Layer, {"size": at / "five"}, shapes.Layer(5)),
    "kw_only": lambda at: (shapes.Derived, {"first": at / "five", "scale": at / "five"}, shapes.Derived(first=5, scale=5)),
    "frozen with slots": lambda at: (shapes.Frozen, {"name": at / "text.txt"}, shapes.Frozen("hello")),
    "generic": lambda at: (shapes.Box[int], {"item": at / "five"}, shapes.Box(item=5)),
    "attrs with a converter": lambda at: (shapes.Cased, {"name": at / "text.txt"}, shapes.Cased("hello")),
    "pydantic": lambda at: (shapes.Config, {"depth": at / "five", "names": at / "names"}, shapes.Config(depth=5, names=["a"])),
    "pydantic dataclass": lambda at: (shapes.Checked, {"age": at / "five"}, shapes.Checked(age=5)),
    "generic model": lambda at: (shapes.Generic[int], {"item": at / "five"}, shapes.Generic[int](item=5)),
    "named tuple": lambda at: (shapes.Pair, {"left": at / "five", "right": at / "names"}, shapes.Pair(5, ["a"])),
    "TypedDict": lambda at: (shapes.Entry, {"name": at / "text.txt", "size": at / "five"}, {"name": "hello", "size": 5}),
    "in a list": lambda at: (list[shapes.Layer], [{"size": at / "five"}], [shapes.Layer(5)]),
    "optional": lambda at: (shapes.Layer | None, {"size": at / "five"}, shapes.Layer(5)),
    "nested": lambda at: (shapes.Open, {"inner": {"depth": at / "five"}}, shapes.Open(inner=shapes.Config(depth=5))),
}


@pytest.mark.parametrize("name", CASES)
def test_a_dict_of_inputs_becomes_a_record(name: str, place: Path) -> None:
    hint, inputs, expected = CASES[name](place)
    found = bundled(place, hint, inputs)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("hint", "inputs", "why"),
    [
        (shapes.Layer, {"nope": "five"}, "unexpected keyword"),
        (shapes.Layer, {"hook": "five"}, "missing"),
        (shapes.Strict, {"value": "large"}, "too large"),
        (shapes.Config, {"depth": "names"}, "expected int"),
        (shapes.Cased, {"name": "text.txt", "size": "negative"}, "'size' must be >= 0"),
        (shapes.Pair, {"left": "five"}, "missing"),
        (tuple[int, int], {"a": "five"}, "no names"),
    ],
    ids=["unknown name", "missing name", "its own check", "wrong type", "validator", "named tuple", "plain tuple"],
)
def test_inputs_that_make_no_record_are_refused(hint: Any, inputs: dict[str, str], why: str, place: Path) -> None:
    packagers.pack(99, "large", place)
    packagers.pack(-1, "negative", place)
    with pytest.raises(packagers.UnpackError, match=why) as caught:
        bundled(place, hint, {name: place / source for name, source in inputs.items()})
    assert caught.value.key == "value"


def test_a_package_of_a_record_is_rebuilt_without_its_constructor(place: Path) -> None:
    value = shapes.Strict(1)
    value.value = 99
    packagers.pack(value, "strict", place)
    assert bundled(place, shapes.Strict, place / "strict").value == 99
