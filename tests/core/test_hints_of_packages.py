"""Every row of the hint matrix for built-in types: what a package is unpacked as, in a fresh process."""

from __future__ import annotations

import datetime as dt
import decimal
import pickle
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

import packagers

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types

VALUES: dict[str, Any] = {
    "int": 3,
    "bool": True,
    "float": 1.5,
    "str": "x",
    "none": None,
    "bytes": b"x",
    "list": [1, 2],
    "long list": list(range(30_000)),
    "dict": {"a": 1, "b": 2},
    "tuple": (1, "a"),
    "set": {1},
    "frozenset": frozenset({1}),
    "nested": {"a": [(1, "x")]},
    "deque": deque([1]),
    "ordered": OrderedDict(a=1),
    "default": defaultdict(list, a=[1]),
    "counter": Counter("a"),
    "range": range(3),
    "datetime": dt.datetime(2020, 1, 1),  # noqa: DTZ001 - a time without a zone is a value too
    "decimal": decimal.Decimal(1),
    "pure path": PurePosixPath("/a"),
    "dataclass": sample_types.Layer(1),
    "dataclasses": [sample_types.Layer(1)],
    "attrs": sample_types.Point(1.5),
    "model": sample_types.Config(depth=1),
    "named tuple": sample_types.Pair(1, "a"),
    "enum": sample_types.Color.RED,
    "int enum": sample_types.Level.LOW,
    "list subclass": sample_types.Names([1, 2]),
    "object": sample_types.Holder(1),
    "function": len,
}
FITTING: dict[str, list[str]] = {
    "int": [
        *("int", "Optional[int]", "int | None", "Union[str, int]", "Annotated[int, Options()]", "Annotated[int, 'a remark']", "Number"),
        *("T", "NewInt", "Constrained", "Literal[3]", "Literal['a', 3]", "Final[int]", "Any", "object", "None | int", "Hashable"),
        *(
            "numbers.Number",
            "numbers.Integral",
            "SupportsInt",
            "'int'",
            "'int | None'",
            "'Optional[int]'",
            "'builtins.int'",
            "list[str] | int",
        ),
    ],
    "bool": ["bool", "int", "Literal[True]"],
    "float": ["float", "numbers.Real", "int | float"],
    "str": ["str", "Constrained", "Literal['x', 'y']", "Sequence", "Optional[str]", "LiteralString"],
    "none": ["None", "type(None)", "Optional[int]", "Literal[None]", "Any"],
    "bytes": ["bytes", "Annotated[bytes, Options()]", "Sequence[int]", "str | bytes"],
    "list": [
        *(
            "list",
            "List",
            "list[int]",
            "List[int]",
            "Sequence",
            "Sequence[int]",
            "Iterable[int]",
            "Collection[int]",
            "MutableSequence[int]",
        ),
        *("Sized", "Ints", "Many[int]", "list[T]", "list[Any]", "list[int | str]", "list[Optional[int]]", "list['int']", "'list[int]'"),
        *(
            "tuple[int, ...] | list[int]",
            "Annotated[list[int], 'x'] | None",
            "ForwardRef('list[int]')",
            "list[NewInt]",
            "list[Literal[1, 2]]",
        ),
    ],
    "long list": ["list[int]", "Sequence[int]", "Any", "Iterable[float | int]"],
    "dict": [
        "dict",
        "dict[str, int]",
        "Dict[str, int]",
        "Mapping[str, int]",
        "MutableMapping",
        "Fields",
        "dict[str, Any]",
        "Iterable[str]",
    ],
    "tuple": [
        "tuple",
        "tuple[int, str]",
        "Tuple[int, str]",
        "tuple[int | str, ...]",
        "Sequence",
        "tuple[Any, ...]",
        "tuple[int, str] | int",
    ],
    "set": ["set", "set[int]", "AbstractSet[int]", "MutableSet[int]", "Collection"],
    "frozenset": ["frozenset[int]", "FrozenSet[int]", "AbstractSet", "Hashable"],
    "nested": ["dict[str, list[tuple[int, str]]]", "Mapping[str, Sequence[tuple[Any, ...]]]", "dict[str, list[tuple[int, str]] | None]"],
    "deque": ["deque[int]", "Deque[int]", "Sequence[int]", "'collections.deque[int]'"],
    "ordered": ["OrderedDict[str, int]", "dict[str, int]", "Mapping"],
    "default": ["defaultdict[str, list[int]]", "DefaultDict[str, list]", "dict"],
    "counter": ["Counter[str]", "dict[str, int]"],
    "range": ["range", "Sequence[int]"],
    "datetime": ["datetime.datetime", "datetime.date", "'datetime.datetime'"],
    "decimal": ["decimal.Decimal", "'decimal.Decimal'", "numbers.Number"],
    "pure path": ["pathlib.PurePosixPath", "pathlib.PurePath", "os.PathLike", "os.PathLike[str]"],
    "dataclass": [
        "here.Layer",
        "'sample_types.Layer'",
        "Optional[here.Layer]",
        "Any",
        "dict | here.Layer",
        "Bound",
        "Hashable | here.Layer",
    ],
    "dataclasses": ["list[here.Layer]", "list['sample_types.Layer']", "Sequence[here.Layer]", "list"],
    "attrs": ["here.Point", "object"],
    "model": ["here.Config", "pydantic.BaseModel"],
    "named tuple": ["here.Pair", "tuple", "tuple[int, str]"],
    "enum": ["here.Color", "enum.Enum", "Literal[here.Color.RED]"],
    "int enum": ["here.Level", "int", "enum.IntEnum"],
    "list subclass": ["here.Names", "list", "list[int]", "Sequence[int]"],
    "object": ["here.Holder", "'sample_types.Holder'", "Any"],
    "function": ["Callable", "Callable[[Any], int]", "types.BuiltinFunctionType"],
}
REFUSED: dict[str, list[str]] = {
    "int": [
        *(
            "str",
            "bool",
            "list",
            "Bound",
            "Literal[4]",
            "type(None)",
            "type",
            "type[int]",
            "Never",
            "'nonsense'",
            "'no.such.thing'",
            "''",
            "3",
            "[int]",
        ),
        *(
            "'int; import os'",
            "\"__import__('os')\"",
            "'os.system'",
            "'list['",
            "'\\0'",
            "'\\ud800'",
            "len",
            "list['int']",
            "'list[' * 400 + 'int' + ']' * 400",
        ),
        *("Annotated[int, Options(nope=1)]", "Iterator[int]", "dict[str, int]"),
    ],
    "bool": ["Literal[1]", "str"],
    "float": ["int"],
    "str": ["here.Names", "list[str]", "bytes"],
    "none": ["int"],
    "list": ["tuple", "set", "list[str]", "dict", "Many[str]", "deque", "here.Names", "list[bool]"],
    "long list": ["list[str]", "dict"],
    "dict": ["OrderedDict", "dict[int, int]", "list", "dict[str, str]", "here.Layer", "FieldsOfText"],
    "tuple": ["tuple[int]", "tuple[()]", "tuple[int, ...]", "list", "here.Pair"],
    "set": ["frozenset", "set[str]", "list"],
    "nested": ["dict[str, list[tuple[str, str]]]"],
    "dataclass": ["dict", "list[here.Layer]", "here.Point", "str", "Mapping", "list[dict]"],
    "dataclasses": ["list[here.Point]", "dict"],
    "attrs": ["dict", "here.Layer"],
    "object": ["here.Layer", "dict", "Callable"],
    "enum": ["here.Level", "str", "Literal[here.Color.GREEN]"],
}
ASK = """
import pickle, sys
sys.path.insert(0, sys.argv[2])
import collections, datetime, decimal, enum, numbers, os, pathlib, types, typing
import pydantic, packagers, typing_extensions
from collections import *
from typing import *
from packagers import Options

NewInt = NewType("NewInt", int)
T = TypeVar("T")
Constrained = TypeVar("Constrained", int, str)
Number = TypeVar("Number", bound=int)
Ints = typing_extensions.TypeAliasType("Ints", list[int])
Many = typing_extensions.TypeAliasType("Many", list[T], type_params=(T,))
class Fields(TypedDict):
    a: int
    b: int
class FieldsOfText(TypedDict):
    a: str

class Here:
    def __getattr__(self, name):   # the classes of the sample are imported where a hint names one, no sooner
        import sample_types
        return getattr(sample_types, name)
here = Here()

found = []
for row, (key, hint) in enumerate(pickle.load(sys.stdin.buffer)):
    if "Bound" in hint:
        Bound = TypeVar("Bound", bound=here.Layer)
    try:
        found.append(("gave", pickle.dumps(packagers.unpack(f"{sys.argv[1]}/{key}", eval(hint)))))
    except packagers.PackagersError as error:
        found.append(("refused", str(error)))
    except BaseException as error:
        found.append(("leaked", repr(error)))
sys.stdout.buffer.write(pickle.dumps(found))
"""


def rows(of: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(key, hint) for key, hints in of.items() for hint in hints]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hints")
    for key, value in VALUES.items():
        packagers.pack(value, key, place)
    return place


def ask(folder: Path, asked: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, Any]]:
    command = [sys.executable, "-c", ASK, str(folder), str(sample_types.here())]
    done = subprocess.run(command, input=pickle.dumps(asked), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return dict(zip(asked, pickle.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[tuple[str, str], tuple[str, Any]]:
    return ask(folder, [*rows(FITTING), *rows(REFUSED)])


@pytest.mark.parametrize(("key", "hint"), rows(FITTING))
def test_a_package_is_unpacked_as_a_fitting_hint(key: str, hint: str, answers: dict[tuple[str, str], tuple[str, Any]]) -> None:
    verdict, given = answers[key, hint]
    assert verdict == "gave", given
    found = pickle.loads(given)
    assert type(found) is type(VALUES[key])
    assert found == VALUES[key]


@pytest.mark.parametrize(("key", "hint"), rows(REFUSED))
def test_a_hint_that_does_not_fit_is_refused(key: str, hint: str, answers: dict[tuple[str, str], tuple[str, Any]]) -> None:
    assert answers[key, hint][0] == "refused", answers[key, hint]


@pytest.mark.parametrize("hint", ["Hashable", "Callable", "pydantic.BaseModel", "object", "Any"])
def test_a_parent_of_a_class_that_is_not_imported_yet_is_enough(hint: str, folder: Path) -> None:
    """Nothing in this process has imported the module of the stored class: one's own package says where it is."""
    key = {"Hashable": "enum", "Callable": "function", "pydantic.BaseModel": "model"}.get(hint, "dataclass")
    verdict, given = ask(folder, [(key, hint)])[key, hint]
    assert verdict == "gave", given
    assert pickle.loads(given) == VALUES[key]


@pytest.mark.parametrize("hint", ["Iterator[int]", "Iterable[int]", "Generator[int, None, None]", "Iterator", "Any", "object", None])
def test_a_stream_is_unpacked_as_an_iterator_of_its_chunks(hint: str | None, tmp_path: Path) -> None:
    import typing

    packagers.pack(iter([1, 2]), "stream", tmp_path)
    found = packagers.unpack(tmp_path / "stream", None if hint is None else eval(hint, vars(typing)))
    assert isinstance(found, Iterator)
    assert list(found) == [1, 2]


@pytest.mark.parametrize("hint", [list, list[int], dict, str])
def test_the_chunks_of_a_stream_and_a_skeleton_are_no_file_of_another_format(hint: Any, tmp_path: Path) -> None:
    packagers.pack(iter([1, 2]), "stream", tmp_path)
    packagers.pack(set(range(30_000)), "large", tmp_path)
    packagers.pack(sample_types.Layer(1), "small", tmp_path)
    for key in ("stream", "large", "small"):
        with pytest.raises(packagers.UnpackError, match=r"cannot be unpacked as|does not fit the hint"):
            packagers.unpack(tmp_path / key, hint)
