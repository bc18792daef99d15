"""Annotations of functions and record classes, each resolved on its own."""

from __future__ import annotations

import collections
import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, TypedDict

import attrs
import pydantic
import pytest

from packagers.signatures import MISSING, Unresolved, fields_of, hints_of, is_typed_dict, resolve

if TYPE_CHECKING:
    import unheard_of


class Leaf: ...


class Node(NamedTuple):
    leaf: Leaf
    next: Node | None


def modules(**sources: str) -> list[types.ModuleType]:
    """Run modules that import from each other by name."""
    made = []
    for name, source in sources.items():
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(f"from __future__ import annotations\n{source}", module.__dict__)
        made.append(module)
    return made


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if getattr(sys.modules[name], "__spec__", None) is None:
            del sys.modules[name]


def test_one_that_cannot_be_resolved_does_not_spoil_the_others() -> None:
    def f(a: int, b: unheard_of.Type, c: Leaf | None, d: list[unheard_of.Type]) -> unheard_of.Other: ...

    hints, returned = hints_of(f)
    assert hints["a"] is int
    assert hints["c"] == Leaf | None
    assert hints["b"] == Unresolved("unheard_of.Type", "NameError: name 'unheard_of' is not defined")
    assert hints["d"].name == "list[unheard_of.Type]"
    assert returned.name == "unheard_of.Other"


@pytest.mark.parametrize("written", ["some words", "1/0", "Leaf.gone", "[][0]", "int | 'str'", "", "Leaf()", "raise_system_exit"])
def test_annotations_that_are_no_hints_raise_nothing(written: str) -> None:
    def f(a, b: int): ...

    f.__annotations__["a"] = written
    hints, _ = hints_of(f)
    assert hints["b"] is int
    assert "a" in hints


def test_what_is_not_annotated_is_not_there() -> None:
    def f(a, b: int, *c, d=1, **e): ...

    assert hints_of(f) == ({"b": int}, MISSING)


def test_none_is_its_type_as_in_typing() -> None:
    def f(a: None) -> None: ...

    assert hints_of(f) == ({"a": type(None)}, type(None))


def test_local_names_that_the_function_uses_are_found() -> None:
    class Local: ...

    def f(a: Local, b: list[Local]) -> Local:
        return Local()

    assert hints_of(f) == ({"a": Local, "b": list[Local]}, Local)
    assert hints_of(functools.partial(f, b=[]))[0]["a"] is Local


def test_a_local_name_that_is_not_set_yet() -> None:
    def f(a: Later) -> None:
        Later()

    hints, _ = hints_of(f)
    assert isinstance(hints["a"], Unresolved)
    Later = Leaf
    assert hints_of(f)[0]["a"] is Later


def test_parameters_that_a_partial_fills_are_gone() -> None:
    def f(a: int, b: str, c: bytes = b"") -> float: ...

    assert hints_of(functools.partial(f, 1, c=b"x")) == ({"b": str, "c": bytes}, float)


def test_a_decorator_of_another_module_is_looked_through() -> None:
    _, user = modules(
        decorators="import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*args): return f(f(*args))\n    return g",
        user="import decorators\nclass Own: ...\n@decorators.twice\n@decorators.twice\ndef f(a: Own) -> Own: ...",
    )
    assert hints_of(user.f) == ({"a": user.Own}, user.Own)


def test_a_decorator_with_a_signature_of_its_own_counts() -> None:
    def inner(a: int) -> int: ...

    @functools.wraps(inner)
    def outer(*args, **kwargs): ...

    import inspect

    outer.__signature__ = inspect.Signature([inspect.Parameter("z", inspect.Parameter.KEYWORD_ONLY, annotation="Leaf")])
    assert hints_of(outer) == ({"z": Leaf}, MISSING)


def test_a_decorator_without_wraps_shows_what_it_says() -> None:
    def outer(a: str, *rest) -> bytes: ...

    assert hints_of(outer) == ({"a": str}, bytes)


def test_equal_forward_references_of_two_modules_are_not_mixed_up() -> None:
    one, two = modules(
        one="import typing\nclass Own: ...\ndef f(a: typing.List['Own'], b: typing.Optional['Own']): ...",
        two="import typing\nclass Own: ...\ndef f(a: typing.List['Own'], b: typing.Optional['Own']): ...",
    )
    for _ in range(2):
        for module in (one, two):
            assert hints_of(module.f)[0] == {"a": typing.List[module.Own], "b": module.Own | None}  # noqa: UP006 - what is tested


def test_methods_of_a_base_class_are_read_where_they_stand() -> None:
    _, other = modules(
        base="class Own: ...\nclass Base:\n    def f(self, a: Own) -> Own: ...\n    def __init__(self, a: Own = None): ...",
        other="import base\nclass Own: ...\nclass Child(base.Base): ...",
    )
    own = sys.modules["base"].Own
    assert hints_of(other.Child().f) == ({"a": own}, own)
    assert hints_of(other.Child) == ({"a": own}, other.Child)


def test_classes_return_themselves() -> None:
    class Made:
        def __init__(self, a: int) -> None: ...

    assert hints_of(Made) == ({"a": int}, Made)
    assert hints_of(Node) == ({"leaf": Leaf, "next": Node | None}, Node)
    assert hints_of(dict)[1] is dict
    assert hints_of(Leaf) == ({}, Leaf)


def test_the_constructor_of_a_record_knows_its_fields() -> None:
    @dataclasses.dataclass
    class Local:
        leaf: Leaf
        me: Local | None = None
        count: dataclasses.InitVar[int] = 0
        kind: typing.ClassVar[str] = "x"

    hints, _ = hints_of(Local)
    assert hints["leaf"] is Leaf
    assert hints["me"] == Local | None
    assert sorted(hints) == ["count", "leaf", "me"]


@pytest.mark.parametrize("function", [len, print, dict.get, str.join, "".join, int, min, type, object(), 5, None, "text"])
def test_builtins_have_no_hints_and_what_cannot_be_called_is_an_error(function: Any) -> None:
    if callable(function):
        assert hints_of(function)[0] == {}
    else:
        with pytest.raises(TypeError):
            hints_of(function)


def test_a_ring_of_decorators_ends() -> None:
    def f(a: Leaf): ...

    f.__wrapped__ = f  # type: ignore[attr-defined]
    assert hints_of(f)[0] in ({}, {"a": Leaf})


def test_nothing_is_resolved_twice_nor_remembered() -> None:
    def f(a: Leaf): ...

    before = dict(f.__annotations__)
    hints_of(f)
    assert f.__annotations__ == before == {"a": "Leaf"}


def test_resolve_keeps_what_is_resolved() -> None:
    assert resolve(int, {}, {}) is int
    assert resolve(list[int], {}, {}) == list[int]
    assert resolve("Annotated[Leaf, 'x']", {"Leaf": Leaf, "Annotated": typing.Annotated}, {}) == typing.Annotated[Leaf, "x"]
    assert resolve(MISSING, {}, {}) is MISSING


class Chain:
    def __init__(self, before: Self | None = None) -> None: ...

    def join(self, other: Self, *others: list[Self], either: Annotated[Self | int, "x"], made: Callable[[Self], int]) -> dict[str, Self]:
        raise NotImplementedError

    @classmethod
    def of(cls, other: Self) -> Self:
        raise NotImplementedError

    def __call__(self, other: Self, literal: Literal["Self"]) -> None: ...

    def zip(self, *pair: *tuple[Self, int]) -> None: ...

    def zip_now(self, *pair) -> None: ...  # type: ignore[no-untyped-def]

    zip_now.__annotations__["pair"] = next(iter(tuple[Self, int]))  # what it is where annotations are evaluated


class Longer(Chain): ...


@dataclasses.dataclass
class Link:
    next: Self | None
    all: tuple[Self, ...] = ()


@pytest.mark.parametrize("cls", [Chain, Longer])
def test_self_is_the_class_that_a_method_was_taken_from(cls: Any) -> None:
    hints, returned = hints_of(cls().join)
    assert hints == {
        "other": cls,
        "others": list[cls],
        "either": Annotated[cls | int, "x"],
        "made": hints["made"],
    }
    assert (hints["made"].__args__, returned) == ((cls, int), dict[str, cls])
    assert hints_of(cls.of) == ({"other": cls}, cls)
    assert hints_of(functools.partial(cls().join, either=1))[0]["other"] is cls
    assert hints_of(cls)[0] == {"before": cls | None}
    assert hints_of(cls())[0] == {"other": cls, "literal": Literal["Self"]}
    assert repr(hints_of(cls().zip_now)[0]["pair"]) == f"*{tuple[cls, int]!r}"
    assert repr(hints_of(cls().zip)[0]["pair"]) == f"*{tuple[cls, int]!r}"
    assert hints_of(cls.join)[0]["other"] is Self  # nobody knows of what
    assert fields_of(Link) == {"next": Link | None, "all": tuple[Link, ...]}


class Movie(TypedDict, total=False):
    title: typing.Required[str]
    leaf: Leaf


class Model(pydantic.BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    leaf: Leaf | None = None
    names: list[str] = []


@attrs.define
class Attrs:
    leaf: Leaf
    gone: unheard_of.Type
    kept: Any = attrs.field(default=None)


Point = collections.namedtuple("Point", "x y")


class TestFields:
    def test_each_kind_of_record(self) -> None:
        assert fields_of(Node) == {"leaf": Leaf, "next": Node | None}
        assert fields_of(Movie) == {"title": typing.Required[str], "leaf": Leaf}
        assert fields_of(Model) == {"leaf": Leaf | None, "names": list[str]}
        assert fields_of(Attrs)["leaf"] is Leaf
        assert isinstance(fields_of(Attrs)["gone"], Unresolved)
        assert fields_of(Point) == {}

    def test_types_that_attrs_was_given_by_hand(self) -> None:
        made = attrs.make_class("made", {"a": attrs.field(type=int), "b": attrs.field()})
        assert fields_of(made) == {"a": int}
        assert fields_of(dataclasses.make_dataclass("made", [("a", int), ("b", "Leaf", None)]))["a"] is int

    def test_fields_are_read_where_they_stand(self) -> None:
        _, other = modules(
            base="import dataclasses\nclass Own: ...\n@dataclasses.dataclass\nclass Base:\n    a: Own",
            other="import base, dataclasses\nclass Own: ...\n@dataclasses.dataclass\nclass Child(base.Base):\n    b: Own",
        )
        assert fields_of(other.Child) == {"a": sys.modules["base"].Own, "b": other.Own}

    def test_typed_dicts_of_several_modules(self) -> None:
        _, other = modules(
            base="from typing import *\nclass Own: ...\nclass Base(TypedDict):\n    a: Own",
            other="import base\nclass Own: ...\nclass Child(base.Base):\n    b: Own",
        )
        assert fields_of(other.Child) == {"a": sys.modules["base"].Own, "b": other.Own}

    @pytest.mark.parametrize("cls", [int, object, Leaf, dict, tuple, list, type, Exception])
    def test_other_classes_have_none(self, cls: type[Any]) -> None:
        assert fields_of(cls) == {}
        assert not is_typed_dict(cls)

    def test_only_typed_dicts_are_typed_dicts(self) -> None:
        assert is_typed_dict(Movie)
        assert not any(is_typed_dict(other) for other in (Node, Model, dict[str, int], "Movie", 5, type("Sub", (dict,), {})))
