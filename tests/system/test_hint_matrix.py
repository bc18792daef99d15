"""The hint matrix: what is stored arrives as what a function's annotation says, each hint in a program of its own and a fresh process.

A row is a hint as it is written, what the input is, and what arrives. Each program calls a function through ``packagers.call``, through
``bind_inputs``, and as a handler in a session.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import packagers

FAKES = Path(__file__).parents[1] / "fakes"
sys.path.insert(0, str(FAKES))

# What is stored, by key. The programs make the same value again to compare with.
VALUES = {
    "int": "3",
    "flag": "True",
    "ratio": "1.5",
    "text": "'x'",
    "none": "None",
    "raw": "b'x'",
    "ints": "[1, 2]",
    "many": "list(range(30_000))",
    "optional": "[1, None]",
    "table": "{'a': 1, 'b': 2}",
    "pair": "(1, 'a')",
    "names": "{'a', 'b'}",
    "frozen": "frozenset({'a'})",
    "nested": "{'a': [(1, 'x')]}",
    "queue": "collections.deque([1, 2], 5)",
    "ordered": "collections.OrderedDict(b=1, a=2)",
    "default": "collections.defaultdict(list, a=[1])",
    "counter": "collections.Counter('aab')",
    "range": "range(3)",
    "when": "datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)",
    "price": "decimal.Decimal('1.50')",
    "id": "uuid.UUID(int=5)",
    "pattern": "re.compile('a+')",
    "color": "sample_types.Color.RED",
    "level": "sample_types.Level.LOW",
    "layer": "sample_types.Layer(1)",
    "layers": "[sample_types.Layer(1), sample_types.Layer(2)]",
    "point": "sample_types.Point(1.5)",
    "config": "sample_types.Config(depth=1)",
    "left right": "sample_types.Pair(1, 'a')",
    "row": "sample_types.Names([1, 2])",
    "holder": "sample_types.Holder(1)",
    "function": "len",
    "place": "pathlib.PurePosixPath('/a/b')",
    "array": "np.arange(3.0)",
    "two": "np.arange(6).reshape(2, 3)",
    "arrays": "{'x': np.arange(3), 'y': np.ones(2)}",
    "array list": "[np.arange(3), np.ones(2)]",
    "array tuple": "(np.arange(3), np.ones(2))",
    "count": "np.int64(3)",
    "share": "np.float32(0.5)",
    "dtype": "np.dtype('i4,f8')",
    "masked": "np.ma.masked_equal([1, 2], 2)",
    "frame": "pd.DataFrame({'a': [1, 2], 'b': [1.5, 2.5]})",
    "numbers": "pd.Series([1.5, 2.5], name='n')",
    "labels": "pd.Index(['a', 'b'], name='l')",
    "stamp": "pd.Timestamp('2020-01-02')",
    "frames": "{'left': pd.DataFrame({'a': [1]}), 'right': pd.DataFrame({'b': ['x']})}",
    "columns": "pa.table({'a': [1, 2]})",
    "tensor": "torch.arange(3.0)",
    "tensors": "[torch.arange(3), torch.ones(2)]",
    "linear": "torch.nn.Linear(2, 1)",
    "weights": "{'w': torch.ones(2)}",
    "model": "LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])",
    "figure": "Figure()",
}
# What cannot be made twice, or is used up when it is packed.
STREAMS = {"stream": "iter([1, 2])", "chunks": "iter([pd.DataFrame({'a': [1]}), pd.DataFrame({'a': [2]})])"}

IMPORTS = {
    "np.": "import numpy as np",
    "npt.": "import numpy.typing as npt",
    "pd.": "import pandas as pd",
    "pa.": "import pyarrow as pa",
    "torch.": "import torch",
    "LinearRegression": "from sklearn.linear_model import LinearRegression",
    "sklearn.base": "import sklearn.base",
    "Figure": "from matplotlib.figure import Figure",
    "pydantic.": "import pydantic",
    "sample_types.": "import sample_types",
    "numbers.": "import numbers",
    **{
        f"{name}.": f"import {name}"
        for name in ("collections", "dataclasses", "datetime", "decimal", "enum", "pathlib", "re", "types", "uuid")
    },
}

# What a hint may name that its program defines.
DEFINITIONS = {
    "UserId": 'UserId = NewType("UserId", int)',
    "AdminId": 'AdminId = NewType("AdminId", UserId)',
    "Frame": 'Frame = NewType("Frame", pd.DataFrame)',
    "Free": 'Free = TypeVar("Free")',
    "Bound": 'Bound = TypeVar("Bound", bound=sample_types.Layer)',
    "LateBound": 'LateBound = TypeVar("LateBound", bound="sample_types.Layer")',
    "Constrained": 'Constrained = TypeVar("Constrained", str, bytes)',
    "FrameOrArray": 'FrameOrArray = TypeVar("FrameOrArray", pd.DataFrame, np.ndarray)',
    "Number": 'Number = TypeAliasType("Number", int | float)',
    "Many": 'Item = TypeVar("Item")\nMany = TypeAliasType("Many", list[Item], type_params=(Item,))',
    "Json": 'Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | str | int | None")',
    "Either": "Either: TypeAlias = 'int | str'",
    "Sizes": "class Sizes(TypedDict):\n    a: int\n    b: NotRequired[int]",
    "Open": "class Open(TypedDict, total=False):\n    a: Required[int]\n    b: ReadOnly[int]\n    c: str",
    "HasSize": "@runtime_checkable\nclass HasSize(Protocol):\n    size: int",
    "Quacks": "class Quacks(Protocol):\n    def quack(self) -> str: ...",
    "Appends": "@runtime_checkable\nclass Appends(Protocol):\n    def append(self, item: Any) -> None: ...",
    "Sides": "class Sides(NamedTuple):\n    left: int\n    right: np.ndarray",
    "Job": "@dataclasses.dataclass\nclass Job:\n    data: np.ndarray\n    layers: tuple[sample_types.Layer, ...]",
    "P": 'P = ParamSpec("P")',
}


class Row(NamedTuple):
    """A row of the matrix.

    Attributes:
        hint: As it is written in the program.
        source: The key of what is stored; or an expression of the input, ``@key`` standing for where something is stored.
        expected: An expression of what arrives; by default what is stored.
    """

    hint: str
    source: str
    expected: str = ""


def rows(source: str, *hints: str, expected: str = "") -> list[Row]:
    return [Row(hint, source, expected) for hint in hints]


MATRIX = [
    *rows("int", "int", "Optional[int]", "int | None", "None | int", "Union[str, int]", "Union[int, str]", "Optional[Union[str, int]]"),
    *rows("int", "Annotated[int, Options()]", "Annotated[Optional[Annotated[int, 'inner']], 'outer']", "'int | None'"),
    *rows("int", "UserId", "AdminId", "Free", "Number", "Either", "Final[int]", "Final", "ClassVar[int]"),
    *rows("int", "Literal[3, 'x', None]", "list[str] | int", "float", "complex", "numbers.Integral", "SupportsInt", "Hashable"),
    *rows("int", "Any", "object"),
    Row("DataItem | int", "int", "DataItem"),
    Row("int | Artifact", "int", "Artifact"),
    *rows("flag", "bool", "int", "Literal[True]"),
    *rows("ratio", "float", "numbers.Real", "int | float"),
    *rows("text", "str", "LiteralString", "Constrained", "Literal['x', 'y']", "Sequence[str]", "int | str"),
    *rows("none", "None", "Optional[int]", "Literal[None]"),
    *rows("raw", "bytes", "str | bytes", "Buffer"),
    *rows("ints", "list", "list[int]", "List[int]", "Sequence[int]", "MutableSequence[int]", "Collection[int]", "Iterable[int]", "Sized"),
    *rows("ints", "Container[int]", "Reversible[int]", "Many[int]", "Many", "Json", "list[UserId]", "list['int']", "list[Literal[1, 2]]"),
    *rows("ints", "tuple[int, ...] | list[int]", "Appends", "Quacks"),
    *rows("many", "list[int]", "Iterable[float | int]", "object"),
    *rows("optional", "list[Optional[int]]", "list[int | None]"),
    *rows("table", "dict[str, int]", "Dict[str, int]", "Mapping[str, int]", "MutableMapping[str, int]", "Sizes", "Open", "Json"),
    *rows("pair", "tuple", "tuple[int, str]", "Tuple[int, str]", "tuple[int | str, ...]", "Sequence[Any]"),
    *rows("names", "set[str]", "AbstractSet[str]", "MutableSet[str]", "Collection[str]"),
    *rows("frozen", "frozenset[str]", "AbstractSet[str]"),
    *rows("nested", "dict[str, list[tuple[int, str]]]", "Mapping[str, Sequence[tuple[Any, ...]]]"),
    *rows("queue", "collections.deque[int]", "Deque[int]"),
    *rows("ordered", "collections.OrderedDict[str, int]", "dict[str, int]"),
    *rows("default", "DefaultDict[str, list[int]]"),
    *rows("counter", "collections.Counter[str]", "Mapping[str, int]"),
    *rows("range", "range"),
    *rows("when", "datetime.datetime", "datetime.date"),
    *rows("price", "decimal.Decimal", "numbers.Number"),
    *rows("id", "uuid.UUID"),
    *rows("pattern", "re.Pattern[str]"),
    *rows("color", "sample_types.Color", "enum.Enum", "Literal[sample_types.Color.RED]"),
    *rows("level", "int", "enum.IntEnum"),
    *rows("layer", "sample_types.Layer", "Optional[sample_types.Layer]", "Bound", "LateBound", "HasSize", "Any", "object"),
    *rows("layers", "list[sample_types.Layer]", "Sequence[sample_types.Layer]"),
    *rows("point", "sample_types.Point"),
    *rows("config", "sample_types.Config", "pydantic.BaseModel"),
    *rows("left right", "sample_types.Pair", "tuple[int, str]"),
    *rows("row", "sample_types.Names", "list[int]"),
    *rows("holder", "sample_types.Holder", "Any"),
    *rows("function", "Callable[[Any], int]", "Callable[P, int]", "Callable[Concatenate[Any, P], int]", "types.BuiltinFunctionType"),
    *rows("place", "pathlib.PurePosixPath", "os.PathLike[str]", "os.PathLike"),
    *rows("stream", "Iterator[int]", "Iterable[int]", "Generator[int, None, None]", expected="[1, 2]"),
    # Lists and dicts of inputs, put together.
    Row("list[int]", "['@int', '@flag']", "[3, True]"),
    Row("Optional[list[int]]", "['@int']", "[3]"),
    Row("tuple[int, str]", "['@int', '@text']", "(3, 'x')"),
    Row("tuple[int, ...]", "('@int', '@int')", "(3, 3)"),
    Row("set[int]", "['@int', '@int']", "{3}"),
    Row("frozenset[int]", "['@int']", "frozenset({3})"),
    Row("AbstractSet[int]", "['@int']", "{3}"),
    Row("Sequence[int]", "['@int', 4]", "[3, 4]"),
    Row("collections.deque[int]", "['@int']", "collections.deque([3])"),
    Row("Iterator[int]", "['@int', '@int']", "[3, 3]"),
    Row("dict[str, int]", "{'a': '@int', 'b': '@flag'}", "{'a': 3, 'b': True}"),
    Row("Mapping[str, int | str]", "{'a': '@int', 'b': '@text'}", "{'a': 3, 'b': 'x'}"),
    Row("collections.OrderedDict[str, int]", "{'b': '@int', 'a': '@int'}", "collections.OrderedDict(b=3, a=3)"),
    Row("dict[str, list[tuple[int, str]]]", "{'a': [['@int', '@text']]}", "{'a': [(3, 'x')]}"),
    Row("Sizes", "{'a': '@int'}", "{'a': 3}"),
    Row("Open", "{'a': '@int', 'c': '@text'}", "{'a': 3, 'c': 'x'}"),
    Row("sample_types.Pair", "['@int', '@text']", "sample_types.Pair(3, 'x')"),
    Row("Sides", "['@int', '@array']", "Sides(3, np.arange(3.0))"),
    Row("Sides", "{'left': '@int', 'right': '@array'}", "Sides(3, np.arange(3.0))"),
    Row("sample_types.Layer | None", "{'size': '@int', 'hook': '@text'}", "sample_types.Layer(3, 'x')"),
    Row("sample_types.Point", "{'x': '@ratio'}", "sample_types.Point(1.5)"),
    Row("sample_types.Config", "{'depth': '@int'}", "sample_types.Config(depth=3)"),
    Row("Job", "{'data': '@array', 'layers': [{'size': '@int'}]}", "Job(np.arange(3.0), (sample_types.Layer(3),))"),
    Row("list[sample_types.Layer]", "['@layer', {'size': '@flag'}]", "[sample_types.Layer(1), sample_types.Layer(True)]"),
    Row("Any", "['@int', {'a': '@text'}]", "[3, {'a': 'x'}]"),
    Row("list[np.ndarray]", "['@array', '@two']", "[np.arange(3.0), np.arange(6).reshape(2, 3)]"),
    Row("Mapping[str, Sequence[np.ndarray]]", "{'a': ['@array']}", "{'a': [np.arange(3.0)]}"),
    Row("tuple[np.ndarray, dict[str, int]]", "['@array', {'a': '@int'}]", "(np.arange(3.0), {'a': 3})"),
    # The types of plugins.
    *rows("array", "np.ndarray", "Optional[np.ndarray]", "npt.NDArray[np.float64]", "Any"),
    Row("Annotated[np.ndarray, Options(mmap_mode='r')]", "array", "np.memmap"),
    *rows("arrays", "dict[str, np.ndarray]", "Mapping[str, np.ndarray]", "dict"),
    *rows("array list", "list[np.ndarray]", "Sequence[np.ndarray]", "Iterable[np.ndarray]"),
    *rows("array tuple", "tuple[np.ndarray, ...]", "tuple[np.ndarray, np.ndarray]"),
    *rows("count", "np.int64", "np.generic", "int", "float", "numbers.Integral"),
    *rows("share", "np.float32", "float"),
    *rows("dtype", "np.dtype", "np.dtype[Any]"),
    *rows("masked", "np.ma.MaskedArray", "np.ndarray"),
    *rows(
        "frame",
        "pd.DataFrame",
        "Optional[pd.DataFrame]",
        "Frame",
        "FrameOrArray",
        "'pd.DataFrame | None'",
        "Any",
        "pd.Series | pd.DataFrame",
    ),
    Row("Annotated[pd.DataFrame, Options(columns=['b'])]", "frame", "pd.DataFrame({'b': [1.5, 2.5]})"),
    Row("np.ndarray", "frame", "np.array([[1, 1.5], [2, 2.5]])"),
    Row("dict[str, np.ndarray]", "frame", "{'a': np.array([1, 2]), 'b': np.array([1.5, 2.5])}"),
    Row("list[dict[str, Any]]", "frame", "[{'a': 1, 'b': 1.5}, {'a': 2, 'b': 2.5}]"),
    Row("pa.Table", "frame", "pa.table({'a': [1, 2], 'b': [1.5, 2.5]})"),
    Row("pd.DataFrame", "columns", "pd.DataFrame({'a': [1, 2]})"),
    *rows("columns", "pa.Table"),
    *rows("numbers", "pd.Series", "Optional[pd.Series]"),
    *rows("labels", "pd.Index"),
    *rows("stamp", "pd.Timestamp", "datetime.datetime"),
    *rows("frames", "dict[str, pd.DataFrame]", "Mapping[str, pd.DataFrame]"),
    Row("Iterator[pd.DataFrame]", "chunks", "[pd.DataFrame({'a': [1]}), pd.DataFrame({'a': [2]})]"),
    Row("Iterable[pd.DataFrame]", "chunks", "[pd.DataFrame({'a': [1]}), pd.DataFrame({'a': [2]})]"),
    Row("list[pd.DataFrame]", "['@frame']", "[pd.DataFrame({'a': [1, 2], 'b': [1.5, 2.5]})]"),
    Row("bytes", "figure", "bytes"),
    Row("pathlib.Path", "figure", "type(pathlib.Path())"),
    *rows("tensor", "torch.Tensor", "Optional[torch.Tensor]"),
    Row("np.ndarray | torch.Tensor", "tensor", "torch.arange(3.0)"),
    *rows("tensors", "list[torch.Tensor]"),
    *rows("weights", "dict[str, torch.Tensor]"),
    Row("dict[str, torch.Tensor]", "{'w': '@tensor'}", "{'w': torch.arange(3.0)}"),
    *rows("linear", "torch.nn.Module", "torch.nn.Linear", expected="torch.nn.Linear"),
    *rows("model", "sklearn.base.BaseEstimator", "LinearRegression"),
]

# A parameter or function of each kind: how it is written, what is called, and the inputs. All take the same hint.
KINDS = {
    "no hint": ("def f(x):\n    seen.append(x)", "f", "{'x': source}"),
    "default": ("def f(x: HINT = None):\n    seen.append(x)", "f", "{'x': source}"),
    "keyword": ("def f(*, x: HINT):\n    seen.append(x)", "f", "{'x': source}"),
    "positional": ("def f(x: HINT, /):\n    seen.append(x)", "f", "{'x': source}"),
    "args": ("def f(*x: HINT):\n    seen.extend(x)", "f", "{'x': [source]}"),
    "unpacked args": ("def f(*x: *tuple[HINT]):\n    seen.extend(x)", "f", "{'x': [source]}"),
    "kwargs": ("def f(**x: HINT):\n    seen.extend(x.values())", "f", "{'any': source}"),
    "unpacked kwargs": (
        "class N(TypedDict):\n    any: HINT\n    other: NotRequired[int]\n\ndef f(**x: Unpack[N]):\n    seen.extend(x.values())",
        "f",
        "{'any': source}",
    ),
    "method": ("class C:\n    def f(self, x: HINT):\n        seen.append(x)", "C().f", "{'x': source}"),
    "class method": ("class C:\n    @classmethod\n    def f(cls, x: HINT):\n        seen.append(x)", "C.f", "{'x': source}"),
    "static method": ("class C:\n    @staticmethod\n    def f(x: HINT):\n        seen.append(x)", "C.f", "{'x': source}"),
    "callable": ("class C:\n    def __call__(self, x: HINT):\n        seen.append(x)", "C()", "{'x': source}"),
    "class": ("class C:\n    def __init__(self, x: HINT):\n        seen.append(x)", "C", "{'x': source}"),
    "partial": ("def f(a, x: HINT, *, b):\n    seen.append(x)", "functools.partial(f, 1, b=2)", "{'x': source}"),
    "partial method": ("class C:\n    def f(self, a, x: HINT):\n        seen.append(x)", "functools.partial(C().f, 1)", "{'x': source}"),
    "async": ("async def f(x: HINT):\n    seen.append(x)", "f", "{'x': source}"),
    "wrapped": (
        "def g(x: HINT):\n    seen.append(x)\n\n@functools.wraps(g)\ndef f(*args, **kwargs):\n    return g(*args, **kwargs)",
        "f",
        "{'x': source}",
    ),
    "handler": ("@packagers.handler\ndef f(x: HINT):\n    seen.append(x)", "f", "{'x': source}"),
    "text of the caller": ("@packagers.handler(inputs={'x': 'TEXT'})\ndef f(x):\n    seen.append(x)", "f", "{'x': source}"),
}
# The hint of all kinds, as text of a caller, and what arrives without one.
KIND_HINT, KIND_TEXT, KIND_SOURCE = "Optional[Sequence[np.ndarray]]", "collections.abc.Sequence[numpy.ndarray] | None", "array list"

CALLER = {
    "int": ("int", "int"),
    "builtins.int": ("int", "int"),
    "int | None": ("int", "int"),
    "Optional[int]": ("int", "int"),
    "Literal['x', 'y']": ("text", "str"),
    "list[sample_types.Layer]": ("layers", "list"),
    "sample_types.Layer": ("layer", "sample_types.Layer"),
    "collections.abc.Mapping[str, int]": ("table", "dict"),
    "decimal.Decimal": ("price", "decimal.Decimal"),
    "numpy.ndarray": ("array", "np.ndarray"),
    "dict[str, numpy.ndarray]": ("arrays", "dict"),
    "pandas.DataFrame": ("frame", "pd.DataFrame"),
    "pandas.DataFrame | numpy.ndarray": ("frame", "pd.DataFrame"),
}

PRELUDE = """\
from __future__ import annotations

import asyncio, functools, os, sys
from collections.abc import *
from typing import *

from typing_extensions import Buffer, NotRequired, ReadOnly, Required, TypeAliasType, Unpack

import packagers
from packagers import Artifact, DataItem, Options
{imports}

seen: list[Any] = []
{definitions}

"""
CHECK = """

def stored(source: Any, make: Any) -> Any:
    if isinstance(source, str):
        return make(os.path.join(sys.argv[1], source[1:])) if source.startswith("@") else source
    if isinstance(source, dict):
        return {key: stored(item, make) for key, item in source.items()}
    return type(source)(stored(item, make) for item in source) if isinstance(source, (list, tuple)) else source

def same(found: Any, wanted: Any) -> bool:
    from packagers.testing import alike

    if type(wanted).__module__ == "torch":
        return type(found) is type(wanted) and found.dtype == wanted.dtype and found.equal(wanted)
    if type(wanted) is list:
        return type(found) is list and len(found) == len(wanted) and all(map(same, found, wanted))
    if type(wanted) is dict:
        return type(found) is dict and list(found) == list(wanted) and same(list(found.values()), list(wanted.values()))
    return alike(found, wanted)

def check(expected: Callable[[], Any], way: str) -> None:
    assert len(seen) == 1, (way, seen)
    found, wanted = seen.pop(), expected()
    if isinstance(found, Iterator):
        found = list(found)
    if isinstance(wanted, type):
        assert type(found) is wanted, (way, type(found))
    else:
        assert same(found, wanted), (way, type(found), found)
"""


def imports_of(*texts: str) -> str:
    """Give the imports that pieces of a program need, on one line."""
    chosen = [line for token, line in IMPORTS.items() if any(re.search(rf"(?<![\w.]){re.escape(token)}", text) for text in texts)]
    return "; ".join(dict.fromkeys(chosen)) or "pass"


def definitions_of(hint: str) -> str:
    """Give the definitions of what a hint names."""
    chosen = [text for name, text in DEFINITIONS.items() if re.search(rf"\b{name}\b", hint) or (name == "UserId" and "AdminId" in hint)]
    return "\n".join(chosen)


def program(hint: str, function: str, called: str, inputs: str, source: str, expected: str, *, auto: bool = False) -> str:
    """Write a program that gives a function its inputs in three ways, and checks what it sees each time."""
    definitions = definitions_of(f"{hint} {expected}")
    ways = f"""
def expected() -> Any:
    {imports_of(expected)}
    return {expected}

settings = packagers.settings(auto_unpack_inputs={auto})
with settings:
    source = stored({source}, str)
    packagers.call({called}, inputs={inputs}, folder=sys.argv[2])
    check(expected, "call")
    with packagers.Session(sys.argv[2]) as session:
        bound = packagers.bind_inputs({called}, {inputs}, None, session)
        result = ({called})(*bound.args, **bound.kwargs)
        if hasattr(result, "__await__"):
            asyncio.run(result)
        check(expected, "bind_inputs")
"""
    prelude = PRELUDE.format(imports=imports_of(hint, definitions), definitions=definitions)
    return prelude + function.replace("HINT", hint) + CHECK + ways


HANDLED = """
source = stored({source}, DataItem)
with packagers.Session(sys.argv[2]):
    packagers.handler(f)(source)
check(expected, "handler")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hints")
    names: dict[str, object] = {}
    exec("\n".join(IMPORTS.values()), names)
    for key, expression in {**VALUES, **STREAMS}.items():
        packagers.pack(eval(expression, names), key, place)
    return place


def run(text: str, folder: Path, place: Path) -> None:
    """Run a program in a fresh process."""
    (place / "program.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FAKES), *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, "-W", "error", str(place / "program.py"), str(folder), str(place / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{place / 'program.py'}: {done.stderr[-1000:]}"


def test_the_matrix_is_as_large_as_was_promised() -> None:
    assert len({row.hint for row in MATRIX} | set(CALLER)) >= 120
    assert len(MATRIX) == len(set(MATRIX))


@pytest.mark.parametrize("row", MATRIX, ids=[f"{row.hint}-{row.source}" for row in MATRIX])
def test_what_is_stored_arrives_as_hinted(row: Row, folder: Path, tmp_path: Path) -> None:
    key = row.source in VALUES or row.source in STREAMS
    source = repr(f"@{row.source}") if key else row.source
    expected = row.expected or VALUES[row.source]
    text = program(row.hint, "def f(x: HINT):\n    seen.append(x)\n", "f", "{'x': source}", source, expected)
    run(text + HANDLED.format(source=source), folder, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_function_and_parameter(kind: str, folder: Path, tmp_path: Path) -> None:
    function, called, inputs = KINDS[kind]
    function = function.replace("TEXT", KIND_TEXT) + "\n"
    text = program(KIND_HINT, function, called, inputs, f"'@{KIND_SOURCE}'", VALUES[KIND_SOURCE], auto=kind == "no hint")
    run(text, folder, tmp_path)


@pytest.mark.parametrize("hint", CALLER)
def test_text_that_the_caller_gives(hint: str, folder: Path, tmp_path: Path) -> None:
    key, cls = CALLER[hint]
    lines = [
        "import sys, packagers",
        f"place = sys.argv[1] + '/{key}'",
        f"found = packagers.unpack(place, {hint!r}), packagers.DataItem(place).unpack({hint!r})",
        imports_of(cls),
        f"assert [type(value) for value in found] == [{cls}] * 2, found",
    ]
    run("\n".join(lines), folder, tmp_path)
