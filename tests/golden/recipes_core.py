"""Golden values of the core's own types."""

from __future__ import annotations

import datetime as dt
import re
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

from golden_types import Color, Measurement, Names, Plain, Point, Sensor, Setup, Table
from recipe import Recipe, chunks, forms

TEXTUAL = ("json", "jsonl", "yaml", "txt")
SAMPLE = Path(__file__).parent / "sample"
PLAIN = ["one", 2, 3.5, None, True, {"a": [1]}]
LONG = [[number, str(number)] for number in range(5000)]


def _tree(left: Path, right: Path) -> None:
    assert (type(left), left.name) == (type(right), right.name)
    ours, theirs = ({p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()} for root in (left, right))
    assert ours == theirs
    assert left.is_dir() or left.read_bytes() == right.read_bytes()


def _text_tree(left: str, right: str) -> None:
    _tree(SAMPLE.parent / left, Path(right))


def _cycle() -> list[Any]:
    made: list[Any] = [1, {}]
    made[1]["back"] = made
    return made


def _is_cycle(left: Any, right: Any) -> bool:
    return len(right) == 2 and right[0] == 1 and right[1]["back"] is right


def _default() -> defaultdict[str, Any]:
    return defaultdict(list, {"a": [1], (1, "b"): [2]})  # type: ignore[dict-item]


def _stream() -> Iterator[Any]:
    return iter([{"a": 1}, (2, "b"), None])


def _texts(name: str, type_path: str, make: Callable[[], Any]) -> dict[str, Recipe]:
    return forms(name, Recipe(type_path, make), [f"file:{format}" for format in TEXTUAL])


_TEXT = Recipe("str", lambda: "a text\nZürich \U0001f600")
_LIST = Recipe("list", lambda: list(PLAIN))
_FOLDER = Recipe("pathlib.Path", lambda: SAMPLE, same=_tree, hint=Path)

RECIPES: dict[str, Recipe] = {
    "none": Recipe("None", lambda: None),
    "bool": Recipe("bool", lambda: True),
    "int": Recipe("int", lambda: -(2**100)),
    "float": Recipe("float", lambda: -0.0),
    "float-nan": Recipe("float", lambda: float("nan")),
    "float-inf": Recipe("float", lambda: float("-inf")),
    "complex": Recipe("complex", lambda: complex(1.5, float("nan"))),
    "ellipsis": Recipe("ellipsis", lambda: ...),
    "range": Recipe("range", lambda: range(10, -5, -3)),
    "slice": Recipe("slice", lambda: slice(None, (1, 2), 3.5)),
    "datetime": Recipe("datetime.datetime", lambda: dt.datetime(2026, 10, 25, 2, 30, 0, 7, zoneinfo.ZoneInfo("Europe/Zurich"), fold=1)),
    "date": Recipe("datetime.date", lambda: dt.date(1, 1, 1)),
    "time": Recipe("datetime.time", lambda: dt.time(23, 59, 59, 999999, dt.timezone(dt.timedelta(hours=-3, minutes=-30)), fold=1)),
    "timedelta": Recipe("datetime.timedelta", lambda: dt.timedelta(-1, 5, 7)),
    "timezone": Recipe("datetime.timezone", lambda: dt.timezone(dt.timedelta(seconds=3601), "odd")),
    "zoneinfo": Recipe("zoneinfo.ZoneInfo", lambda: zoneinfo.ZoneInfo("UTC")),
    "decimal": Recipe("decimal.Decimal", lambda: Decimal("-1.50E+30")),
    "fraction": Recipe("fractions.Fraction", lambda: Fraction(-2, 2**70)),
    "uuid": Recipe("uuid.UUID", lambda: uuid.UUID("12345678123456781234567812345678")),
    "pattern": Recipe("re.Pattern", lambda: re.compile("a(?P<b>.)", re.IGNORECASE | re.DOTALL)),
    "text": _TEXT,
    "text-surrogate": Recipe("str", lambda: "\ud800"),
    "text-of-a-path": Recipe("str", lambda: SAMPLE.name, "path", same=_text_tree),
    **forms("text", _TEXT, ["file"]),
    "bytes": Recipe("bytes", lambda: bytes(range(256))),
    "bytearray": Recipe("bytearray", lambda: bytearray(b"\0\xff")),
    "memoryview": Recipe("memoryview", lambda: memoryview(b"\1\0\2\0\3\0\4\0").cast("H")),
    **forms("bytes", Recipe("bytes", lambda: b"\0\xff"), ["result"]),
    **forms("bytearray", Recipe("bytearray", lambda: bytearray(b"\0\xff")), ["result"]),
    "list": Recipe("list", lambda: [1, "a", None, 2.5, (1, {2}), [b"x"], 2**70]),
    "list-long": Recipe("list", lambda: LONG),
    "list-cycle": Recipe("list", _cycle, same=_is_cycle),
    **forms("list", _LIST, ["file", "file:json", "file:jsonl", "file:yaml"]),
    **forms("list", Recipe("list", lambda: ["a line", "", "ö"]), ["file:txt"]),
    "list-subclass": Recipe("list", lambda: Names(["a", "b"]), trust="all", hint=Names, is_trust_for_hint=False),
    "tuple": Recipe("tuple", lambda: (1, (2, [3]), ())),
    **_texts("tuple", "tuple", lambda: ("one", "two")),
    "tuple-file": Recipe("tuple", lambda: (1, (2, [3]), ()), "file"),
    "named-tuple": Recipe("tuple", lambda: Point(1, 2.5), trust="all", hint=Point, is_trust_for_hint=False),
    "set": Recipe("set", lambda: {1, "a", (2, None)}),
    **_texts("set", "set", lambda: {"one"}),
    "set-file": Recipe("set", lambda: {1, "a", (2, None)}, "file"),
    "frozenset": Recipe("frozenset", lambda: frozenset({1, frozenset()})),
    **_texts("frozenset", "frozenset", lambda: frozenset({"one"})),
    "frozenset-file": Recipe("frozenset", lambda: frozenset({1, frozenset()}), "file"),
    "dict": Recipe("dict", lambda: {"a": 1, 2: "b", (3, "c"): [None], None: {True: 1.5}}),
    **forms("dict", Recipe("dict", lambda: {"a": 1, "b": [1.5, None, {"c": "ö"}]}), ["file", "file:json", "file:yaml"]),
    "dict-subclass": Recipe("dict", lambda: Table(a=1), trust="all", hint=Table, is_trust_for_hint=False),
    "deque": Recipe("collections.deque", lambda: deque([1, "a"], maxlen=3)),
    **_texts("deque", "collections.deque", lambda: deque(["one", "two"])),
    "deque-file": Recipe("collections.deque", lambda: deque([1, "a"], maxlen=3), "file"),
    "ordered-dict": Recipe("collections.OrderedDict", lambda: OrderedDict(b=1, a=[2])),
    **forms("ordered-dict", Recipe("collections.OrderedDict", lambda: OrderedDict(b=1, a=[2])), ["file:json", "file:yaml"]),
    "ordered-dict-file": Recipe("collections.OrderedDict", lambda: OrderedDict(b=1, a=[2]), "file"),
    "counter": Recipe("collections.Counter", lambda: Counter("banana")),
    **forms("counter", Recipe("collections.Counter", lambda: Counter("banana")), ["file:json", "file:yaml"]),
    "counter-file": Recipe("collections.Counter", lambda: Counter("banana"), "file"),
    "defaultdict": Recipe("collections.defaultdict", _default),
    **forms("defaultdict", Recipe("collections.defaultdict", lambda: defaultdict(None, {"a": 1})), ["file:json", "file:yaml"]),
    "defaultdict-file": Recipe("collections.defaultdict", _default, "file"),
    "enum": Recipe("enum.Enum", lambda: Color.GREEN, trust="all", hint=Color, is_trust_for_hint=False),
    "enum-file": Recipe("enum.Enum", lambda: Color.RED, "file", trust="all", hint=Color, is_trust_for_hint=False),
    "pure-path": Recipe("pathlib.PurePath", lambda: PurePosixPath("/a/../b c")),
    "path": _FOLDER,
    **forms("path", _FOLDER, ["path:tar", "path:tar.gz", "path:tar.bz2", "path:tar.xz"]),
    **forms("text", Recipe("str", lambda: SAMPLE.name, same=_text_tree), [f"path:tar{suffix}" for suffix in ("", ".gz", ".bz2", ".xz")]),
    "path-file": Recipe("pathlib.Path", lambda: SAMPLE / "text.txt", "file", same=_tree, hint=Path),
    "path-result": Recipe("pathlib.Path", lambda: Path("a/b"), "result", hint=Path),
    "stream": Recipe("Iterator", _stream, same=chunks, hint=Iterator[Any]),
    "dataclass": Recipe(
        "object#dataclass",
        lambda: Measurement("a", [1.5, 2.0], Point(1), {1: "x"}),
        trust="all",
        hint=Measurement,
        is_trust_for_hint=False,
    ),
    "dataclass-result": Recipe(
        "object#dataclass", lambda: Measurement("a", []), "result", trust="all", hint=Measurement, is_trust_for_hint=False
    ),
    "attrs": Recipe("object#attrs", lambda: Sensor("s", (1, 2)), trust="all", hint=Sensor, is_trust_for_hint=False),
    "attrs-result": Recipe("object#attrs", lambda: Sensor("s"), "result", trust="all", hint=Sensor, is_trust_for_hint=False),
    "pydantic": Recipe("object#pydantic", lambda: Setup(name="s"), trust="all", hint=Setup, is_trust_for_hint=False),
    "pydantic-result": Recipe("object#pydantic", lambda: Setup(name="s"), "result", trust="all", hint=Setup, is_trust_for_hint=False),
    "memoryview-result": Recipe("memoryview", lambda: memoryview(b"\1\2"), "result"),
    "object": Recipe("object", lambda: Plain([1, {"a": b"x"}]), trust="all"),
    "object-pickle": Recipe("object", lambda: Plain((1, 2.5)), "object[pickle_module_name='pickle']", trust="all"),
    "heavy-leaf": Recipe("dict", lambda: {"blob": b"\1" * 70_000, "again": [{"n": 1}]}),
}
