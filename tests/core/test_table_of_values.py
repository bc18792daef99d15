"""The table of values of the core: every row of the types, packed here and compared in a fresh process, by default options."""

from __future__ import annotations

import array
import datetime as dt
import decimal
import fractions
import ipaddress
import math
import random
import re
import struct
import sys
import tempfile
import types
import uuid
import zoneinfo
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from packagers.testing import cross

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes
from exactly import exactly

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MAX_DEPTH = 100


def same(left: Any, right: Any) -> None:
    """Compare to the last bit."""
    exactly(left, right)


def noted(obj: Any, **attributes: Any) -> Any:
    """Give an object attributes of its own."""
    for name, value in (attributes or {"note": [1, "a"]}).items():
        setattr(obj, name, value)
    return obj


def nested(wrap: Callable[[Any], Any], depth: int = MAX_DEPTH, inner: Any = 0) -> Any:
    for _ in range(depth):
        inner = wrap(inner)
    return inner


def nan_of(bits: str) -> float:
    found: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return found


def moved_to_end() -> OrderedDict[str, int]:
    made = OrderedDict([("a", 1), ("b", 2), ("c", 3)])
    made.move_to_end("a")
    return made


def cyclic(kind: str) -> Any:
    """Give a container of a kind that contains itself."""
    if kind == "list":
        made: Any = [1]
        made.append(made)
    elif kind == "dict":
        made = {"a": 1}
        made["self"] = made
    elif kind == "deque":
        made = deque([1], 5)
        made.append(made)
    elif kind == "defaultdict":
        made = defaultdict(list)
        made["self"] = made
    elif kind == "tuple in list":
        made = []
        made.append((1, made, {"back": made}))
    elif kind == "dataclass":
        made = shapes.Layer(1)
        made.hook = [made, {"layer": made}]
    elif kind == "slots":
        inner: list[Any] = []
        made = shapes.Frozen("a", (inner,))
        inner.append(made)
    elif kind == "attrs":
        made = shapes.Point(1.0)
        made.y = [made]
    elif kind == "frozen attrs":
        made = shapes.Pinned("x")
        made.__dict__["label"] = (made, made)
    elif kind == "pydantic":
        made = shapes.Open.model_construct(extra=[])
        made.extra.append(made)
    elif kind == "state":
        made = shapes.Names([1])
        made.owner = {"of": made}
    else:
        made = shapes.Holder([])
        made.value.append(made)
    return made


def shared(kind: str) -> Any:
    """Give a container in which one object of a kind stands in several places."""
    makers: dict[str, Callable[[], Any]] = {
        "list": lambda: [1],
        "empty list": list,
        "dict": lambda: {"a": 1},
        "empty dict": dict,
        "empty OrderedDict": OrderedDict,
        "set": lambda: {1},
        "tuple": lambda: (1, [2]),
        "frozenset": lambda: frozenset({1}),
        "bytearray": lambda: bytearray(b"a"),
        "large bytes": lambda: b"x" * 70_000,
        "large bytearray": lambda: bytearray(70_000),
        "deque": lambda: deque([1]),
        "named tuple": lambda: shapes.Pair(1, [2]),
        "dataclass": lambda: shapes.Layer(1),
        "attrs": lambda: shapes.Point(1.0),
        "pydantic": lambda: shapes.Config(),
        "subclass": lambda: noted(shapes.Names([1])),
        "object": lambda: shapes.Holder([1]),
        "subclass of int": lambda: noted(shapes.Number(1)),
    }
    obj = makers[kind]()
    return [obj, {"a": obj, 2: [obj]}, (obj, (obj,)), deque([obj]), shapes.Layer(1, obj), shapes.Point(obj), shapes.Pair(obj, obj)]


def folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="packagers-table-"))
    return made


def tree() -> Path:
    top = folder() / "a folder.v2"
    (top / "sub" / "empty").mkdir(parents=True)
    for name, mode in (("a.txt", 0o600), ("sub/tool", 0o755), ("naïve ☃", 0o444), ("none", 0o644)):
        (top / name).write_bytes(b"" if name == "none" else name.encode() * 3)
        (top / name).chmod(mode)
    (top / "link").symlink_to("sub/tool")
    (top / "sub" / "up").symlink_to("../a.txt")
    (top / "sub").chmod(0o750)
    return top


def empty_folder() -> Path:
    made = folder() / "empty"
    made.mkdir()
    return made


def file(name: str, content: bytes, mode: int = 0o644) -> Path:
    path = folder() / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def chunks_of_all_kinds() -> Any:
    yield 1
    yield "a"
    yield [1, (2,), {3}]
    yield shapes.Layer(1, b"x" * 70_000)
    yield None
    yield shapes.Color.RED
    yield b""


SCALARS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "Ellipsis": lambda: ...,
    "0": lambda: 0,
    "-1": lambda: -1,
    "2**63 - 1": lambda: 2**63 - 1,
    "2**63": lambda: 2**63,
    "-2**63": lambda: -(2**63),
    "-2**63 - 1": lambda: -(2**63) - 1,
    "2**100": lambda: 2**100,
    "int of 5000 digits": lambda: 10**5000,
    "0.0": lambda: 0.0,
    "-0.0": lambda: -0.0,
    "0.1": lambda: 0.1,
    "smallest float": lambda: 5e-324,
    "largest float": lambda: sys.float_info.max,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "nan": lambda: math.nan,
    "negative nan": lambda: nan_of("fff8000000000000"),
    "nan with a payload": lambda: nan_of("7ff8000000000123"),
    "complex": lambda: 1 - 2.5j,
    "complex of odd parts": lambda: complex(-0.0, nan_of("fff8000000000001")),
    "empty str": lambda: "",
    "str": lambda: "naïve ☃ \U0001f600",
    "str of controls": lambda: "\0\t\r\n\x1f\x7f\x85\u2028\u2029\ufeff",
    "str in another normal form": lambda: "e\u0301é",
    "lone surrogate": lambda: "a\ud800b",
    "pair of surrogates that is no character": lambda: "\ud83d\ude00",
    "str with a dollar": lambda: "$shared",
    "large str": lambda: "é" * 1_000_000,
    "range": lambda: range(1, 10, 3),
    "empty range": lambda: range(0),
    "range of huge ints": lambda: range(-(10**30), 10**30, 10**29),
    "slice": lambda: slice(1, None, 2),
    "slice of anything": lambda: slice("a", (1, [2]), {3}),
    "datetime": lambda: dt.datetime(2020, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 - a time without a zone is a value too
    "first datetime": lambda: dt.datetime(1, 1, 1),  # noqa: DTZ001
    "last datetime": lambda: dt.datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    "datetime in UTC": lambda: dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    "datetime in ZoneInfo UTC": lambda: dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    "datetime of the second fold": lambda: dt.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    "datetime of the first fold": lambda: dt.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN),
    "datetime of an hour that is none": lambda: dt.datetime(2020, 3, 29, 2, 30, tzinfo=BERLIN),
    "naive datetime with fold": lambda: dt.datetime(2020, 1, 1, fold=1),  # noqa: DTZ001
    "datetime with an offset": lambda: dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-3, minutes=-30), "odd")),
    "datetime with an offset of microseconds": lambda: dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(microseconds=-1))),
    "date": lambda: dt.date(9999, 12, 31),
    "first date": lambda: dt.date.min,
    "time": lambda: dt.time(23, 59, 59, 999999),
    "midnight": lambda: dt.time(),
    "time with zone and fold": lambda: dt.time(1, tzinfo=BERLIN, fold=1),
    "timedelta": lambda: dt.timedelta(-1, 1, 1),
    "no timedelta": lambda: dt.timedelta(0),
    "longest timedelta": lambda: dt.timedelta.max,
    "timezone": lambda: dt.timezone(dt.timedelta(hours=1)),
    "named timezone": lambda: dt.timezone(dt.timedelta(0), "UTC"),
    "timezone with an empty name": lambda: dt.timezone(dt.timedelta(0), ""),
    "UTC": lambda: dt.UTC,
    "ZoneInfo": lambda: BERLIN,
    "Decimal": lambda: decimal.Decimal("-1.20"),
    "Decimal 0E+5": lambda: decimal.Decimal("-0E+5"),
    "long Decimal": lambda: decimal.Decimal("1" * 100 + "." + "2" * 100),
    "Decimal with a large exponent": lambda: decimal.Decimal("1E+999999999"),
    "Decimal sNaN": lambda: decimal.Decimal("-sNaN123"),
    "Decimal Infinity": lambda: decimal.Decimal("-Infinity"),
    "Fraction": lambda: fractions.Fraction(-1, 3),
    "Fraction 0": lambda: fractions.Fraction(0),
    "huge Fraction": lambda: fractions.Fraction(2**200, 3),
    "UUID": lambda: uuid.UUID(int=2**127 + 1),
    "UUID 0": lambda: uuid.UUID(int=0),
    "Pattern": lambda: re.compile(r"a+(?P<x>b)\s", re.IGNORECASE | re.DOTALL | re.VERBOSE),
    "ASCII Pattern": lambda: re.compile(r"\w", re.ASCII),
    "bytes Pattern": lambda: re.compile(rb"\xff+", re.MULTILINE),
    "empty Pattern": lambda: re.compile(""),
    "Enum": lambda: shapes.Color.GREEN,
    "IntEnum": lambda: shapes.Level.HIGH,
    "StrEnum": lambda: shapes.Word.YES,
    "functional Enum": lambda: shapes.Planet.MARS,
    "alias of an Enum": lambda: shapes.Shape.CIRCLE,
    "Enum of a nan": lambda: shapes.Shape.SQUARE,
    "Flag": lambda: shapes.Access.READ,
    "Flags": lambda: shapes.Access.READ | shapes.Access.WRITE,
    "no Flag": lambda: shapes.Access(0),
    "IntFlags": lambda: shapes.Rights.X | shapes.Rights.R,
    "IntFlags with unknown bits": lambda: shapes.Rights(64) | shapes.Rights.X,
    "PurePosixPath": lambda: PurePosixPath("a/b/☃"),
    "PureWindowsPath": lambda: PureWindowsPath("C:\\a b\\c"),
    "subclass of int": lambda: noted(shapes.Number(2**70)),
    "subclass of float": lambda: noted(shapes.Ratio(-0.0)),
    "subclass of str": lambda: noted(shapes.Label("\ud800")),
    "subclass of bytes": lambda: noted(shapes.Blob(b"\0")),
    "subclass of bytearray": lambda: noted(shapes.Buffer(b"\0")),
    "subclass of datetime": lambda: noted(shapes.Moment(2020, 1, 1, tzinfo=BERLIN, fold=1)),
    "subclass of date": lambda: noted(shapes.Day(2020, 1, 1)),
    "subclass of time": lambda: noted(shapes.Hour(1)),
    "subclass of timedelta": lambda: noted(shapes.Span(1), unit="d"),
    "subclass of Decimal": lambda: noted(shapes.Amount("1.0")),
    "subclass of Fraction": lambda: noted(shapes.Share(1, 3), note=1, owner=[2]),
    "subclass of Random": lambda: noted(shapes.Dice(1)),
}
BYTES: dict[str, Callable[[], Any]] = {
    "empty bytes": lambda: b"",
    "bytes": lambda: bytes(range(256)),
    "large bytes": lambda: bytes(range(256)) * 40_000,
    "empty bytearray": lambda: bytearray(),
    "bytearray": lambda: bytearray(b"\x00\xff"),
    "large bytearray": lambda: bytearray(9_000_000),
    "memoryview": lambda: memoryview(b"abc"),
    "empty memoryview": lambda: memoryview(b""),
    "writable memoryview": lambda: memoryview(bytearray(b"abc")),
    "memoryview of doubles": lambda: memoryview(array.array("d", [1.5, -0.0])),
    "memoryview of no doubles": lambda: memoryview(array.array("d")),
    "memoryview of chars": lambda: memoryview(b"abc").cast("c"),
    "memoryview of two axes": lambda: memoryview(bytes(range(6))).cast("B", [2, 3]),
    "memoryview of no axis": lambda: memoryview(bytes(8)).cast("q", []),
    "memoryview with steps": lambda: memoryview(bytearray(range(9)))[::-2],
    "large memoryview": lambda: memoryview(bytes(200_000)).cast("B", [2, 100_000]),
    "bytes in a container": lambda: [b"", b"a", bytearray(b"b"), memoryview(bytearray(b"c")), memoryview(b"abcd").cast("B", [2, 2])],
    "large bytes in a container": lambda: {"a": b"x" * 70_000, "b": [bytearray(70_000), memoryview(bytearray(70_000))]},
    "memoryview in an object": lambda: shapes.Holder([memoryview(b"ab").cast("c"), memoryview(bytearray(b"c"))]),
}
CONTAINERS: dict[str, Callable[[], Any]] = {
    **{f"empty {cls.__name__}": cls for cls in (list, tuple, set, frozenset, dict, deque, OrderedDict, Counter)},
    "empty defaultdict": lambda: defaultdict(None),
    "list": lambda: [1, [2, [3, []]], None, True, 1.5, "a", b"b", (), {}],
    "large list": lambda: list(range(300_000)),
    "large list of floats": lambda: [i / 7 for i in range(50_000)],
    "tuple": lambda: (1, (2, ()), [3], (4,)),
    "set": lambda: {1, "a", (2, frozenset({3})), None, b"x", 1.5},
    "large set": lambda: set(range(30_000)) | {str(i) for i in range(3_000)},
    "set of two nans": lambda: {nan_of("7ff8000000000001"), nan_of("7ff8000000000002")},
    "frozenset": lambda: frozenset({frozenset(), frozenset({frozenset()})}),
    "keys of every kind": lambda: {
        1: "int",
        "1": "str",
        (1, (2, frozenset({3}))): "tuple",
        None: "None",
        2.5: "float",
        b"1": "bytes",
        2**100: "huge",
        math.inf: "inf",
        nan_of("7ff8000000000123"): "nan",
        frozenset({1}): "frozenset",
        shapes.Color.RED: "enum",
        1j: "complex",
        dt.date(2020, 1, 1): "date",
        decimal.Decimal("1.50"): "Decimal",
        uuid.UUID(int=3): "UUID",
        "\ud800": "surrogate",
        "": "empty",
        "$int": "dollar",
        shapes.Pair(1, 2): "named tuple",
        shapes.Level.LOW | 8: "flags",
        range(3): "range",
        ...: "Ellipsis",
        shapes.Frozen("a"): "dataclass",
        shapes.Pinned("b"): "attrs",
        PurePosixPath("a"): "path",
        shapes.Access(3): "flag",
    },
    "True as a key": lambda: {True: 1, 0: 2, -0.5: 3},
    "order of a dict": lambda: {"z": 1, "a": 2, "m": {"y": 1, "b": 2}},
    "large dict": lambda: {str(i): [i, float(i), str(i), (i,)] for i in range(8_000)},
    "large dict of ints": lambda: {i: -i for i in range(20_000)},
    "deque": lambda: deque([1, [2]], 3),
    "deque of no length": lambda: deque(maxlen=0),
    "unbounded deque": lambda: deque(range(100)),
    "OrderedDict": lambda: OrderedDict([("b", 1), ((1,), 2)]),
    "OrderedDict after move_to_end": moved_to_end,
    "defaultdict": lambda: defaultdict(list, {1: [2]}),
    "defaultdict of a class of one's own": lambda: defaultdict(shapes.Names, a=1),
    "Counter": lambda: Counter({"b": 2, (1,): -1, "z": 0}),
    "Counter with attributes": lambda: noted(Counter("aab")),
    "datetime in a zone of one's own": lambda: [dt.datetime(2020, 1, 1, tzinfo=shapes.Fixed())],
    "mixed": lambda: [{"a": (1, {2, 3}), 4: deque([OrderedDict(b=frozenset({5}))])}, [defaultdict(set, {1: {2}})], Counter("ab")],
    "ChainMap": lambda: ChainMap({"a": 1}, {"b": (2,)}),
    "UserDict": lambda: UserDict({1: (2,)}),
    "UserList": lambda: UserList([(1,)]),
    "MappingProxyType": lambda: types.MappingProxyType({"a": [1]}),
    "SimpleNamespace": lambda: types.SimpleNamespace(a=[1]),
    "array": lambda: array.array("d", [1.5, -0.0]),
    "IPv4Address": lambda: ipaddress.ip_address("1.2.3.4"),
    "Random": lambda: random.Random(3),
    "exception": lambda: noted(ValueError("x", 1)),
    "subclass of list": lambda: noted(shapes.Names([1, (2,)])),
    "subclass of tuple": lambda: noted(shapes.Trio((1, 2))),
    "subclass of set": lambda: noted(shapes.Bag({1, 2})),
    "subclass of frozenset": lambda: noted(shapes.Club({1, 2})),
    "subclass of dict": lambda: noted(shapes.Table({1: 2})),
    "subclass of deque": lambda: noted(shapes.Tail([1], 5)),
    "subclass of OrderedDict": lambda: noted(shapes.Ordered([("z", 1), ("a", 2)])),
    "subclass of defaultdict": lambda: noted(shapes.Groups(int, {"a": 1})),
    "subclass of Counter": lambda: noted(shapes.Tally("aab")),
    "subclass of ChainMap": lambda: noted(shapes.Chained({"a": 1})),
    "subclass of UserDict": lambda: noted(shapes.Mapped(a=1)),
    "subclass of UserList": lambda: noted(shapes.Listed([1])),
    "subclass with its own __init__ and slots": lambda: noted(shapes.Row([1, 2]), note=["x"]),
    "subclass whose methods lie": lambda: shapes.Liar(a=1, b=2),
    "nested lists": lambda: nested(lambda inner: [inner]),
    "nested tuples": lambda: nested(lambda inner: (inner,)),
    "nested dicts": lambda: nested(lambda inner: {"a": inner}),
    "nested dicts with int keys": lambda: nested(lambda inner: {1: inner}),
    "nested frozensets": lambda: nested(lambda inner: frozenset({inner})),
    "nested dataclasses": lambda: nested(lambda inner: shapes.Layer(1, inner)),
    "nested named tuples": lambda: nested(lambda inner: shapes.Pair(inner, None)),
    "nested defaultdicts": lambda: nested(lambda inner: defaultdict(dict, a=inner)),
}
REFERENCES: dict[str, Callable[[], Any]] = {}
for _kind in (
    "list",
    "dict",
    "deque",
    "defaultdict",
    "tuple in list",
    "dataclass",
    "slots",
    "attrs",
    "frozen attrs",
    "pydantic",
    "state",
    "object",
):
    REFERENCES[f"cycle through {_kind}"] = lambda kind=_kind: cyclic(kind)
for _kind in (
    *(
        "list",
        "dict",
        "set",
        "tuple",
        "frozenset",
        "bytearray",
        "large bytes",
        "large bytearray",
        "deque",
        "named tuple",
        "dataclass",
        "attrs",
    ),
    *("pydantic", "subclass", "object", "subclass of int"),
):
    REFERENCES[f"shared {_kind}"] = lambda kind=_kind: shared(kind)
RECORDS: dict[str, Callable[[], Any]] = {
    "dataclass": lambda: shapes.Layer(1, [shapes.Layer(2, {3: (4,)})]),
    "frozen dataclass with slots": lambda: shapes.Frozen("a", (1, [2])),
    "dataclass with kw_only, InitVar, factory, init=False and a parent": lambda: shapes.Derived(first=1, scale=3, second=[2]),
    "generic dataclass": lambda: shapes.Box(item=[1]),
    "parametrized dataclass": lambda: shapes.Box[int](item=1),
    "dataclass that would not be constructed": lambda: noted(shapes.Strict(1), value=99),
    "dataclass with other attributes": lambda: noted(shapes.Layer(1)),
    "dataclass with a missing attribute": lambda: _without(shapes.Layer(1), "size"),
    "dataclass with private slots": lambda: shapes.Hidden("abc"),
    "dataclass with bytes": lambda: shapes.Layer(1, b"x" * 100_000),
    "dataclass with an object": lambda: shapes.Layer(1, {"a": shapes.Holder((1,))}),
    "attrs": lambda: shapes.Point(1.5),
    "frozen attrs": lambda: shapes.Pinned("x"),
    "attrs with converter and validator": lambda: noted(shapes.Cased("a"), size=-1),
    "attrs with a cached hash": lambda: _hashed(shapes.Hashed("h")),
    "named tuple": lambda: shapes.Pair(1, shapes.Pair(None, ())),
    "TypedDict": lambda: shapes.Entry(name="a", size=1),
    "incomplete TypedDict": lambda: shapes.Entry(name="a"),
    "pydantic": lambda: shapes.Config(depth=4, names=["a"]),
    "pydantic with private attributes": lambda: noted(shapes.Config(), _secret=[7]),
    "pydantic with nested models and extra fields": lambda: shapes.Open(inner=shapes.Config(depth=1), more={"a": (1,)}),
    "pydantic with values that are not valid": lambda: shapes.Config.model_construct(depth="x", names=(1,)),
    "pydantic root model": lambda: shapes.Ages([1, 2]),
    "pydantic dataclass": lambda: shapes.Checked(age=1),
    "pydantic generic with a name": lambda: shapes.GenericOfInt(item=1),
    "object": lambda: shapes.Holder({"a": (1,)}),
    "objects": lambda: [shapes.Holder(1), {"deep": shapes.Holder(2)}],
    "class": lambda: shapes.Layer,
    "function": lambda: [len, max, math.sqrt],
}
PATHS: dict[str, Callable[[], Any]] = {
    "file": lambda: file("data.csv", b"a,b\r\n1,2\n"),
    "empty file": lambda: file("empty", b""),
    "large file": lambda: file("large.bin", bytes(range(256)) * 40_000),
    "file that runs": lambda: file("tool", b"#!", 0o755),
    "read-only file": lambda: file("fixed.txt", b"x", 0o444),
    "file with an odd name": lambda: file("naïve ☃ .tar.gz", b"x"),
    "folder": tree,
    "empty folder": empty_folder,
    "paths in a container": lambda: {"a": [file("a.txt", b"a")], "b": shapes.Layer(1, tree())},
}
STREAMS: dict[str, Callable[[], Any]] = {
    "stream": chunks_of_all_kinds,
    "empty stream": lambda: (chunk for chunk in ()),
    "stream of bytes": lambda: (bytes([i]) * 70_000 for i in range(20)),
    "stream of containers": lambda: ({"index": i, "items": [(i,), {i}]} for i in range(300)),
    "stream of objects": lambda: (shapes.Holder(i) for i in range(3)),
    "stream of containers that share": lambda: (shared("list") for _ in range(2)),
}
VALUES = {**SCALARS, **BYTES, **CONTAINERS, **REFERENCES, **RECORDS, **PATHS, **STREAMS}


def _without(obj: Any, name: str) -> Any:
    delattr(obj, name)
    return obj


def _hashed(obj: Any) -> Any:
    hash(obj)
    return obj


@pytest.fixture(scope="module")
def problems() -> dict[str, str]:
    return cross(__name__, "VALUES", "same")


@pytest.mark.parametrize("name", VALUES)
def test_it_comes_back_in_a_fresh_process(name: str, problems: dict[str, str]) -> None:
    assert problems.get(name) is None
