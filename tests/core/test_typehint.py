"""Type hints in one form: every row of the hint matrix, in every way a function can carry it."""

# ruff: noqa: F821, UP006, UP007, UP045 - older forms of hints are tested too, and text that is a type path

from __future__ import annotations

import collections.abc
import copy
import dataclasses
import functools
import inspect
import os
import pickle
import subprocess
import sys
import textwrap
import types
import typing
from collections.abc import Callable
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typing_extensions

from packagers.errors import PackagersWarning, UnpackError
from packagers.signatures import MISSING, Unresolved, hints_of
from packagers.standins import stand_ins
from packagers.typehint import Alternative, Options, admits, alternatives, argument, argument_names, log_hint_of, path_of_hint

PRELUDE = """
import collections, collections.abc, dataclasses, enum, inspect, os, typing
from typing import *
import numpy as np
import numpy.typing as npt
import pandas as pd
import typing_extensions
from typing_extensions import ReadOnly, TypeAliasType
from packagers.typehint import Options

class Color(enum.Enum):
    RED = 1
    BLUE = 2

class Point(NamedTuple):
    x: int
    y: float

class Movie(TypedDict):
    title: str
    year: NotRequired[int]

class Plain: ...
class Child(Plain): ...

@dataclasses.dataclass
class Record:
    size: int

UserId = NewType("UserId", int)
AdminId = NewType("AdminId", UserId)
Free = TypeVar("Free")
Bound = TypeVar("Bound", bound=Plain)
LateBound = TypeVar("LateBound", bound="Plain")
Constrained = TypeVar("Constrained", str, bytes)
LateConstrained = TypeVar("LateConstrained", "Plain", int)
class Box(Generic[Free]): ...
Alias = TypeAliasType("Alias", "int | Plain")
Listed = TypeAliasType("Listed", list[Free] | None, type_params=(Free,))
Outer = TypeAliasType("Outer", Listed[Free] | dict[str, Free], type_params=(Free,))
Same = TypeAliasType("Same", Free, type_params=(Free,))
Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | int | None")
"""

# A hint as it is written, and the type paths of its alternatives in order.
MATRIX = {
    "int": ["int"],
    "None": ["None"],
    "pd.DataFrame": ["pandas.DataFrame"],
    "np.ndarray": ["numpy.ndarray"],
    "Color": ["m.Color"],
    "Record": ["m.Record"],
    "Point": ["m.Point"],
    "Movie": ["dict"],
    "Optional[pd.DataFrame]": ["pandas.DataFrame", "None"],
    "pd.DataFrame | None": ["pandas.DataFrame", "None"],
    "None | pd.DataFrame": ["None", "pandas.DataFrame"],
    "Union[pd.DataFrame, np.ndarray]": ["pandas.DataFrame", "numpy.ndarray"],
    "Union[np.ndarray, pd.DataFrame]": ["numpy.ndarray", "pandas.DataFrame"],
    "Union[int, Union[str, None], bytes]": ["int", "str", "None", "bytes"],
    "Union[str, int]": ["str", "int"],
    "Union[int, str]": ["int", "str"],
    "Annotated[np.ndarray, Options(mmap_mode='r')]": ["numpy.ndarray"],
    "Annotated[np.ndarray, 'anything']": ["numpy.ndarray"],
    "Annotated[Optional[int], 'anything']": ["int", "None"],
    "Optional[Annotated[int, 'anything']]": ["int", "None"],
    "UserId": ["int"],
    "AdminId": ["int"],
    "list[AdminId]": ["list[int]"],
    "Free": ["object"],
    "Bound": ["m.Plain"],
    "LateBound": ["m.Plain"],
    "Constrained": ["str", "bytes"],
    "LateConstrained": ["m.Plain", "int"],
    "AnyStr": ["bytes", "str"],
    "Literal['a', 'b']": ["str"],
    "Literal['a', 1, None, 'b', True, Color.RED]": ["str", "int", "None", "bool", "m.Color"],
    "Literal[b'x'] | int": ["bytes", "int"],
    "Final[int]": ["int"],
    "Final": ["object"],
    "Final[Optional[int]]": ["int", "None"],
    "ClassVar[int]": ["int"],
    "Required[int]": ["int"],
    "NotRequired[int]": ["int"],
    "ReadOnly[int]": ["int"],
    "dataclasses.InitVar[int]": ["int"],
    "LiteralString": ["str"],
    "Alias": ["int", "m.Plain"],
    "list[Alias]": ["list"],
    "Listed": ["list", "None"],
    "Listed[int]": ["list[int]", "None"],
    "Outer[Plain]": ["list[m.Plain]", "None", "dict[str, m.Plain]"],
    "Same[np.ndarray]": ["numpy.ndarray"],
    "Same": ["object"],
    "Json": ["dict", "list", "int", "None"],
    "Plain": ["m.Plain"],
    "Mapping": ["collections.abc.Mapping"],
    "Mapping[str, int]": ["collections.abc.Mapping[str, int]"],
    "collections.abc.Mapping[str, np.ndarray]": ["collections.abc.Mapping[str, numpy.ndarray]"],
    "Sequence[int]": ["collections.abc.Sequence[int]"],
    "os.PathLike": ["os.PathLike"],
    "os.PathLike[str]": ["os.PathLike"],
    "Any": ["object"],
    "object": ["object"],
    "inspect.Parameter.empty": ["object"],
    "list": ["list"],
    "List": ["list"],
    "list[int]": ["list[int]"],
    "List[int]": ["list[int]"],
    "list[Any]": ["list"],
    "list[int | str]": ["list"],
    "list[list[int]]": ["list[list[int]]"],
    "dict[str, np.ndarray]": ["dict[str, numpy.ndarray]"],
    "Dict[str, np.ndarray]": ["dict[str, numpy.ndarray]"],
    "dict[str, Any]": ["dict"],
    "collections.OrderedDict[str, int]": ["collections.OrderedDict[str, int]"],
    "DefaultDict[str, int]": ["collections.defaultdict[str, int]"],
    "Counter[str]": ["collections.Counter[str]"],
    "Deque[int]": ["collections.deque[int]"],
    "tuple": ["tuple"],
    "Tuple": ["tuple"],
    "tuple[int, str]": ["tuple[int, str]"],
    "Tuple[int, str]": ["tuple[int, str]"],
    "tuple[np.ndarray, ...]": ["tuple[numpy.ndarray, ...]"],
    "tuple[()]": ["tuple"],
    "tuple[Any, ...]": ["tuple"],
    "tuple[int, Any]": ["tuple"],
    "set[int]": ["set[int]"],
    "frozenset[int]": ["frozenset[int]"],
    "Iterator[pd.DataFrame]": ["Iterator[pandas.DataFrame]"],
    "collections.abc.Iterator[pd.DataFrame]": ["Iterator[pandas.DataFrame]"],
    "Iterable[pd.DataFrame]": ["Iterator[pandas.DataFrame]"],
    "Generator[pd.DataFrame, None, None]": ["Iterator[pandas.DataFrame]"],
    "Iterator": ["Iterator"],
    "Iterator[Any]": ["Iterator"],
    "type[Plain]": ["type"],
    "Type[Plain]": ["type"],
    "Callable[[int], str]": ["collections.abc.Callable"],
    "Callable[..., int]": ["collections.abc.Callable"],
    "Callable": ["collections.abc.Callable"],
    "Pattern[str]": ["re.Pattern"],
    "Box[int]": ["m.Box"],
    "npt.NDArray[np.float64]": ["numpy.ndarray"],
    "dict[str, npt.NDArray[np.float64]]": ["dict[str, numpy.ndarray]"],
    "dict[str, Optional[np.ndarray]]": ["dict"],
    "Optional[dict[str, list[tuple[Plain, ...]]]]": ["dict[str, list[tuple[m.Plain, ...]]]", "None"],
    "Hashable": ["collections.abc.Hashable"],
    "SupportsInt": ["typing.SupportsInt"],
}
REFUSED = {
    "Self": "Self",
    "Never": "Never",
    "NoReturn": "NoReturn",
    "5": "5",
    "print": "print",
    "Union": "Union",
    "Optional": "Optional",
    "Literal": "Literal",
    "ParamSpec('P')": "P",
    "Protocol": "Protocol",
    "TypeAliasType('Endless', 'Endless | None')": "Endless",
    "tuple[int, typing_extensions.Unpack[tuple[str, ...]]]": "unpacks",
    "inspect": "inspect",
}
FUTURE = "from __future__ import annotations\n"


def module(source: str, future: bool) -> types.ModuleType:
    """Run a module's source; it is known by its name ``m`` while it runs and afterwards."""
    made = types.ModuleType("m")
    sys.modules["m"] = made
    exec((FUTURE if future else "") + PRELUDE + textwrap.dedent(source), made.__dict__)
    return made


@pytest.fixture(autouse=True)
def _forget() -> typing.Iterator[None]:
    yield
    sys.modules.pop("m", None)


FORMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "function": ("def f(x: {0}): ...", lambda m: m.f),
    "keyword": ("def f(*, x: {0} = None): ...", lambda m: m.f),
    "positional": ("def f(x: {0}, /): ...", lambda m: m.f),
    "args": ("def f(*x: {0}): ...", lambda m: m.f),
    "kwargs": ("def f(**x: {0}): ...", lambda m: m.f),
    "async": ("async def f(x: {0}): ...", lambda m: m.f),
    "quoted": ("def f(x: {1!r}): ...", lambda m: m.f),
    "method": ("class C:\n    def f(self, x: {0}): ...", lambda m: m.C().f),
    "unbound": ("class C:\n    def f(self, x: {0}): ...", lambda m: m.C.f),
    "classmethod": ("class C:\n    @classmethod\n    def f(cls, x: {0}): ...", lambda m: m.C.f),
    "staticmethod": ("class C:\n    @staticmethod\n    def f(x: {0}): ...", lambda m: m.C.f),
    "callable object": ("class C:\n    def __call__(self, x: {0}): ...", lambda m: m.C()),
    "class": ("class C:\n    def __init__(self, x: {0}): ...", lambda m: m.C),
    "new": ("class C:\n    def __new__(cls, x: {0}): ...", lambda m: m.C),
    "partial": ("def f(a, x: {0}): ...", lambda m: functools.partial(m.f, 1)),
    "nested partial": ("def f(a, b, x: {0}): ...", lambda m: functools.partial(functools.partial(m.f, 1), b=2)),
    "partial method": ("class C:\n    def f(self, a, x: {0}): ...", lambda m: functools.partial(m.C().f, 1)),
    "decorated": ("def f(x: {0}): ...", lambda m: functools.wraps(m.f)(lambda *args, **kwargs: None)),
    "cached": ("def f(x: {0}): ...", lambda m: functools.lru_cache(m.f)),
}


@pytest.mark.parametrize("future", [False, True], ids=["now", "future"])
@pytest.mark.parametrize("written", MATRIX)
def test_every_hint_of_the_matrix(written: str, future: bool) -> None:
    made = module(f"def f(x: {written}): ...", future)
    hint = hints_of(made.f)[0].get("x", MISSING)
    assert [path_of_hint(a) for a in alternatives(hint)] == MATRIX[written]


@pytest.mark.parametrize("future", [False, True], ids=["now", "future"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_function_carries_every_hint(form: str, future: bool) -> None:
    source, get = FORMS[form]
    for written, expected in MATRIX.items():
        made = module(source.format(written, written), future)
        hint = hints_of(get(made))[0].get("x", MISSING)
        assert [path_of_hint(a) for a in alternatives(hint)] == expected, written


@pytest.mark.parametrize("future", [False, True], ids=["now", "future"])
@pytest.mark.parametrize("written", REFUSED)
def test_what_is_no_hint_is_refused_where_it_is_used(written: str, future: bool) -> None:
    made = module(f"Endless = TypeAliasType('Endless', 'Endless | None')\ndef f(x: {written}, y: int): ...", future)
    hints, _ = hints_of(made.f)
    assert hints["y"] is int
    with pytest.raises(UnpackError, match="type hint") as caught:
        alternatives(hints["x"])
    assert REFUSED[written] in str(caught.value)
    assert caught.value.remedy
    assert not admits(hints["x"], int)


def test_the_order_of_a_union_does_not_depend_on_what_was_asked_before() -> None:
    for _ in range(3):
        for order in ([int, str, bytes], [bytes, str, int], [str, bytes, int]):
            assert [a.type for a in alternatives(typing.Union[tuple(order)])] == order
            assert [a.type for a in alternatives(functools.reduce(lambda a, b: a | b, order))] == order
            (listed,) = alternatives(list[typing.Union[tuple(order)]])
            assert [a.type for a in alternatives(listed.args[0])] == order


def test_the_answer_is_the_same_under_every_hash_seed() -> None:
    program = textwrap.dedent("""
        import typing, collections.abc, enum, decimal
        from packagers.typehint import alternatives, path_of_hint
        from packagers.conformity import classes_in, conforms
        hint = typing.Union[set[int], typing.Literal["b", 2, "a", None], dict[str, decimal.Decimal], None, bytes]
        print([(path_of_hint(a), a.literals) for a in alternatives(hint)], list(classes_in(hint)), conforms({1, "x"}, hint))
    """)
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in range(5)
    }
    assert len(answers) == 1
    assert "decimal.Decimal" in answers.pop()


class TestAlternative:
    def test_items_of_containers(self) -> None:
        (listed,) = alternatives(list[int])
        assert (listed.type, listed.args, listed.fixed) == (list, (int,), False)
        assert listed.item(0) is listed.item(7) is int
        (mapping,) = alternatives(dict[str, bytes])
        assert mapping.args == (str, bytes)
        assert mapping.item("any") is bytes
        (counter,) = alternatives(collections.Counter[str])
        assert counter.item("x") is MISSING
        (bare,) = alternatives(list)
        assert bare.args == ()
        assert bare.item(0) is MISSING

    def test_items_of_tuples(self) -> None:
        (pair,) = alternatives(tuple[int, str])
        assert (pair.args, pair.fixed) == ((int, str), True)
        assert [pair.item(i) for i in (0, 1, 2, -1, "x")] == [int, str, MISSING, MISSING, MISSING]
        (many,) = alternatives(tuple[int, ...])
        assert (many.args, many.fixed) == ((int,), False)
        assert many.item(5) is int
        for empty in (tuple[()], typing.Tuple[()]):
            (none,) = alternatives(empty)
            assert (none.args, none.fixed) == ((), True)
        for bare in (tuple, typing.Tuple):
            assert not alternatives(bare)[0].fixed

    def test_keys_of_typed_dicts(self) -> None:
        made = module(
            "class Sequel(Movie, Generic[Free]):\n    of: Free\nclass Old(typing_extensions.TypedDict):\n    a: 'Plain'",
            True,
        )
        (movie,) = alternatives(made.Movie)
        assert movie.type is dict
        assert movie.hint is made.Movie
        assert list(movie.keys() or {}) == ["title", "year"]
        assert movie.item("title") is str
        assert alternatives(movie.item("year"))[0].type is int
        assert movie.item("other") is MISSING
        (sequel,) = alternatives(made.Sequel[made.Plain])
        assert sequel.item("of") is made.Plain
        assert sequel.item("title") is str
        assert alternatives(made.Old)[0].item("a") is made.Plain
        assert alternatives(dict)[0].keys() is None

    def test_fields_of_records(self) -> None:
        made = module("@dataclasses.dataclass\nclass Pair(Generic[Free]):\n    left: Free\n    right: 'Plain'", True)
        (pair,) = alternatives(made.Pair[int])
        assert [pair.item(name) for name in ("left", "right", "gone")] == [int, made.Plain, MISSING]
        assert pair.keys() is None
        (point,) = alternatives(made.Point)
        assert [point.item(key) for key in (0, "x", 1, 2, -1)] == [int, int, float, MISSING, MISSING]

    def test_literals(self) -> None:
        hint = typing.Literal["a", 1, True, None, "b"]
        found = alternatives(hint)
        assert [(a.type, a.literals) for a in found] == [(str, ("a", "b")), (int, (1,)), (bool, (True,)), (NoneType, (None,))]
        assert all(a.hint is hint for a in found)

    def test_the_hint_stands_without_what_was_around_it(self) -> None:
        hint = typing.Annotated[typing.Optional[list[int]], Options(a=1)]
        assert [a.hint for a in alternatives(hint)] == [list[int], NoneType]
        assert [alternatives(a.hint)[0].type for a in alternatives(hint)] == [list, NoneType]

    def test_options_merge_and_the_outer_ones_count(self) -> None:
        inner = typing.Annotated[np.ndarray, Options(a=1, b=1), "text", Options(b=2)]
        hint = typing.Annotated[typing.Union[inner, int], Options(b=3, c=4)]
        array, number = alternatives(hint)
        assert dict(array.options) == {"a": 1, "b": 3, "c": 4}
        assert dict(number.options) == {"b": 3, "c": 4}
        assert dict(alternatives(inner)[0].options) == {"a": 1, "b": 2}
        with pytest.raises(TypeError):
            array.options["b"] = 5  # type: ignore[index]

    def test_options_come_through_aliases_new_types_and_final(self) -> None:
        made = module(
            "Mapped = TypeAliasType('Mapped', Annotated[np.ndarray, Options(mmap_mode='r')])\n"
            "def f(x: Final[Annotated[Mapped, Options(order='C')]]): ...",
            True,
        )
        (found,) = alternatives(hints_of(made.f)[0]["x"])
        assert dict(found.options) == {"mmap_mode": "r", "order": "C"}

    def test_text_and_forward_references_inside_of_a_callers_hint(self) -> None:
        (listed,) = alternatives(list["pandas.DataFrame"])
        assert path_of_hint(listed) == "list[pandas.DataFrame]"
        assert [a.type for a in alternatives(typing.Optional["pandas.DataFrame"])] == [pd.DataFrame, NoneType]
        made = module("", False)
        assert alternatives(typing.ForwardRef("Plain", module="m"))[0].type is made.Plain
        with pytest.raises(UnpackError, match="Gone"):
            alternatives(typing.ForwardRef("Gone", module="m"))

    def test_a_hint_that_python_itself_will_not_put_together(self) -> None:
        with pytest.raises(UnpackError, match="type hint"):
            alternatives(Unresolved("pd.DataFrame", "NameError: name 'pd' is not defined"))

    def test_it_is_not_compared_by_value(self) -> None:
        assert alternatives(int)[0] != alternatives(int)[0]
        assert isinstance(alternatives(int)[0], Alternative)

    def test_a_class_is_itself_whatever_its_attributes(self) -> None:
        class Odd:
            __origin__ = list

        class Alias:
            __origin__ = list

        assert alternatives(Odd)[0].type is Odd
        assert alternatives(types.GenericAlias)[0].type is types.GenericAlias
        assert alternatives(Alias())[0].type is list


class TestArguments:
    @pytest.mark.parametrize("future", [False, True], ids=["now", "future"])
    def test_what_args_and_kwargs_unpack(self, future: bool) -> None:
        made = module(
            """
            class Old(TypedDict, Generic[Free], total=False):
                a: Required[Free]
                b: Annotated[ReadOnly[Required[int]], 1]
                c: str
            Ts = TypeVarTuple("Ts")
            def each(*args: int, **kwargs: int): ...
            def typed(*args: *tuple[int, str], **kwargs: Unpack[Movie]): ...
            def many(*args: Unpack[tuple[int, ...]], **kwargs: Unpack[Old[bytes]]): ...
            def free(*args: *Ts, **kwargs): ...
            P = ParamSpec("P")
            def passed(call: Callable[P, int], *args: P.args, **kwargs: P.kwargs): ...
            """,
            future,
        )
        each, typed, many, free, passed = (hints_of(function)[0] for function in (made.each, made.typed, made.many, made.free, made.passed))
        assert [argument(each["args"], 0), argument(each["args"], 9), argument(each["kwargs"], "any")] == [int] * 3
        assert [argument(typed["args"], index) for index in range(3)] == [int, str, MISSING]
        assert argument(typed["kwargs"], "title") is str
        assert alternatives(argument(typed["kwargs"], "year"))[0].type is int
        assert argument(typed["kwargs"], "other") is MISSING
        assert argument(many["args"], 7) is int
        assert argument(many["kwargs"], "a") == typing.Required[bytes]
        assert argument(free["args"], 3) is Any
        assert "kwargs" not in free
        assert [alternatives(argument(passed[name], 0))[0].type for name in ("args", "kwargs")] == [None, None]
        assert argument_names(typed["kwargs"]) == ["title", "year"]
        assert argument_names(typed["kwargs"], required=True) == ["title"]
        assert argument_names(many["kwargs"]) == ["a", "b", "c"]
        assert argument_names(many["kwargs"], required=True) == ["a", "b"]
        for none in (each["kwargs"], typed["args"], MISSING, Unresolved("Unpack[Gone]", "gone")):
            assert argument_names(none) == argument_names(none, required=True) == []

    def test_what_cannot_be_unpacked_is_refused(self) -> None:
        made = module("def f(*args: *tuple[int, *tuple[str, ...]]): ...", True)
        with pytest.raises(UnpackError, match="unpacks types inside of brackets"):
            argument(hints_of(made.f)[0]["args"], 0)


class TestStandIns:
    @pytest.mark.parametrize(
        ("written", "expected"),
        {
            "Mapping[str, int]": ["dict[str, int]"],
            "MutableMapping": ["dict"],
            "Sequence[pd.DataFrame]": ["list[pandas.DataFrame]"],
            "AbstractSet[int]": ["set[int]"],
            "Collection[str]": ["list[str]", "dict"],
            "Iterable": ["list", "dict"],
            "Iterator[int]": ["list[int]"],
            "Generator[int, str, None]": ["list[int]"],
            "os.PathLike[str]": ["pathlib.Path"],
            "Hashable": [],
            "list[int]": [],
            "Plain": [],
            "Any": [],
        }.items(),
    )
    def test_what_is_made_where_an_abstract_class_is_hinted(self, written: str, expected: list[str]) -> None:
        (member,) = alternatives(module(f"hint = Annotated[{written}, Options(a=1)]", False).hint)
        found = stand_ins(member)
        assert [path_of_hint(choice) for choice in found] == expected
        assert all(dict(choice.options) == {"a": 1} for choice in found)
        assert all(choice.item("key") is str for choice in found if written == "Collection[str]" and choice.type is list)


class TestAdmits:
    @pytest.mark.parametrize(
        "written",
        ["Plain", "Child", "Optional[Child]", "Annotated[Plain, 1]", "Union[int, Child]", "Bound", "Final[Child]", "NewType('N', Child)"],
    )
    def test_what_names_the_class(self, written: str) -> None:
        made = module(f"hint = {written}", False)
        assert admits(made.hint, made.Child)

    @pytest.mark.parametrize(
        "written",
        ["Any", "object", "inspect.Parameter.empty", "int", "list[Child]", "Hashable", "Free", "Literal[Color.RED]", "'gone.Away'", "5"],
    )
    def test_what_does_not(self, written: str) -> None:
        made = module(f"hint = {written}", False)
        assert not admits(made.hint, made.Child)

    def test_a_child_is_not_its_parent(self) -> None:
        made = module("", False)
        assert not admits(made.Child, made.Plain)
        assert not admits(Unresolved("DataItem", "gone"), made.Plain)


class TestOptions:
    def test_it_is_a_mapping(self) -> None:
        options = Options(mmap_mode="r", self=1, name=2)
        assert dict(options) == {"mmap_mode": "r", "self": 1, "name": 2}
        assert (len(options), options["self"], options.get("gone")) == (3, 1, None)
        assert isinstance(options, collections.abc.Mapping)

    def test_it_is_immutable(self) -> None:
        options = Options(a=1)
        with pytest.raises(AttributeError, match="immutable"):
            options.a = 2
        with pytest.raises(AttributeError, match="immutable"):
            options._values = {}
        with pytest.raises(AttributeError, match="immutable"):
            del options._values
        with pytest.raises(TypeError):
            options["a"] = 2  # type: ignore[index]
        assert options["a"] == 1

    def test_equality_and_hash_know_types(self) -> None:
        assert Options(a=1, b=2) == Options(b=2, a=1)
        assert hash(Options(a=1, b=2)) == hash(Options(b=2, a=1))
        for other in (Options(a=True), Options(a=1.0), Options(a=2), Options(b=1), Options(), {"a": 1}, 5):
            assert Options(a=1) != other
        with pytest.raises(TypeError):
            hash(Options(a=[]))

    def test_typing_does_not_mix_up_equal_options(self) -> None:
        first, second = (alternatives(typing.Optional[typing.Annotated[int, Options(n=n)]])[0] for n in (1, True))
        assert first.options["n"] is not second.options["n"]

    @pytest.mark.parametrize("options", [Options(), Options(mmap_mode="r", n=[1, {"x": None}])])
    def test_copies_pickles_and_repr(self, options: Options) -> None:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(options, protocol)) == options
        assert copy.deepcopy(options) == copy.copy(options) == options
        assert eval(repr(options)) == options


@dataclasses.dataclass
class LogHintLike:
    key: str
    artifact_type: str


class TestLogHints:
    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("Annotated[pd.DataFrame, 'clean : dataset']", ("clean : dataset",)),
            ("Annotated[pd.DataFrame, {'key': 'clean'}]", ({"key": "clean"},)),
            ("tuple[Annotated[int, 'n'], Annotated[pd.DataFrame, 'clean : dataset']]", ("n", "clean : dataset")),
            ("Tuple[Annotated[int, 'n'], Annotated[pd.DataFrame, 'clean : dataset']]", ("n", "clean : dataset")),
            ("tuple[Annotated[int, 'n'], pd.DataFrame]", ("n", None)),
            ("tuple[int, Annotated[int, 'n'], None]", (None, "n", None)),
            ("Annotated[tuple[Annotated[int, 'n'], int], 'whole']", ("whole",)),
            ("Annotated[Annotated[int, 'inner'], 'outer']", ("outer",)),
            ("Annotated[int, 5, 'n', Options(a=1)]", ("n",)),
            ("Optional[Annotated[int, 'n']]", ("n",)),
            ("Annotated[int, 'n'] | None", ("n",)),
            ("Annotated[Optional[int], 'n']", ("n",)),
            ("Logged", ("logged",)),
            ("tuple[Logged, int]", ("logged", None)),
            ("Annotated[int, 5]", ()),
            ("Annotated[int, Options(a=1)]", ()),
            ("tuple[Annotated[int, 'n'], ...]", ()),
            ("tuple[int, str]", ()),
            ("tuple[()]", ()),
            ("tuple", ()),
            ("int", ()),
            ("None", ()),
            ("list[Annotated[int, 'n']]", ()),
            ("Endless", ()),
            ("Gone", ()),
        ],
    )
    @pytest.mark.parametrize("future", [False, True], ids=["now", "future"])
    def test_log_hints_in_return_hints(self, written: str, expected: tuple[Any, ...], future: bool) -> None:
        if written == "Gone" and not future:
            written = "'Gone'"
        aliases = "Logged = TypeAliasType('Logged', Annotated[int, 'logged'])\nEndless = TypeAliasType('Endless', 'Endless | None')\n"
        assert log_hint_of(hints_of(module(f"{aliases}async def f() -> {written}: ...", future).f)[1]) == expected

    def test_objects_are_known_by_their_attributes(self) -> None:
        hint = LogHintLike("n", "result")
        assert log_hint_of(typing.Annotated[int, hint]) == (hint,)

    def test_no_return_hint(self) -> None:
        assert log_hint_of(MISSING) == ()

    def test_log_hints_are_not_lost_in_silence(self) -> None:
        made = module("def f() -> Annotated[Gone, 'clean : dataset']: ...", True)
        with pytest.warns(PackagersWarning, match="Gone"):
            assert log_hint_of(hints_of(made.f)[1]) == ()


if sys.version_info >= (3, 12):

    @pytest.mark.parametrize("future", [False, True], ids=["now", "future"])
    def test_the_syntax_of_python_312(future: bool) -> None:
        made = module(
            """
            type Table = pd.DataFrame | None
            type Many[T] = list[T] | tuple[T, ...]
            type Late = Gone
            type Tree = int | list[Tree]
            def f[T: Plain](a: Table, b: Many[int], c: T, d: list[T], e: Late, f: Tree): ...
            class C[T: (int, str)]:
                def f(self, x: T): ...
            """,
            future,
        )
        hints, _ = hints_of(made.f)
        assert [path_of_hint(a) for a in alternatives(hints["a"])] == ["pandas.DataFrame", "None"]
        assert [path_of_hint(a) for a in alternatives(hints["b"])] == ["list[int]", "tuple[int, ...]"]
        assert [path_of_hint(a) for a in alternatives(hints["c"])] == ["m.Plain"]
        assert [path_of_hint(a) for a in alternatives(hints["d"])] == ["list[m.Plain]"]
        assert [path_of_hint(a) for a in alternatives(hints["f"])] == ["int", "list"]
        with pytest.raises(UnpackError, match="Gone"):
            alternatives(hints["e"])
        assert [path_of_hint(a) for a in alternatives(hints_of(made.C().f)[0]["x"])] == ["int", "str"]


def test_no_hint_at_all() -> None:
    (anything,) = alternatives(inspect.Parameter.empty)
    assert anything.type is None
    assert typing_extensions.get_origin(anything.hint) is None
