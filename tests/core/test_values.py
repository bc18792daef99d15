"""The law: what is unpacked in a fresh process equals what was packed and has exactly its type."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import math
import os
import pickle
import re
import subprocess
import sys
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import Path
from typing import Any

import pytest

import packagers

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes

UTC = dt.UTC
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def _with_attribute(obj: Any) -> Any:
    obj.note = {"a": 1}
    return obj


VALUES: dict[str, Any] = {
    "none": None,
    "true": True,
    "zero": 0,
    "huge": 2**100,
    "negative huge": -(2**100),
    "digits": 10**5000,
    "nan": math.nan,
    "inf": -math.inf,
    "negative zero": -0.0,
    "tiny": 5e-324,
    "complex": complex(-0.0, math.nan),
    "text": "é\n\0",
    "empty text": "",
    "surrogate": "\ud800",
    "dollar": {"$tuple": [1], "$shared": 2},
    "bytes": b"\x00\xff",
    "empty bytes": b"",
    "many bytes": bytes(range(256)) * 400,
    "bytearray": bytearray(b"ab"),
    "list": [1, [2, [3, []]]],
    "tuple": (1, (2, ())),
    "empty tuple": (),
    "set": {1, "a", (2, frozenset({3}))},
    "frozenset": frozenset({None, 1.5}),
    "dict": {1: "a", (1, 2): "b", None: "c", "d": {True: 1}, 1.5: [], frozenset({1}): 0},
    "order": {"b": 1, "a": 2},
    "large list": list(range(40_000)),
    "large nested": {str(i): [i, float(i), str(i)] for i in range(5_000)},
    "deque": deque([1, 2], 3),
    "ordered": OrderedDict([("b", 1), ("a", 2)]),
    "defaultdict": defaultdict(list, {1: [2]}),
    "counter": Counter("aab"),
    "range": range(1, 10, 3),
    "slice": slice(1, None, (2, 3)),
    "ellipsis": ...,
    "datetime": dt.datetime(2020, 10, 25, 2, 30, 0, 1, tzinfo=BERLIN, fold=1),
    "naive": dt.datetime(1, 1, 1),  # noqa: DTZ001 - a time without a zone is a value too
    "utc": dt.datetime(2020, 1, 1, tzinfo=UTC),
    "date": dt.date(9999, 12, 31),
    "time": dt.time(23, 59, 59, 999999, tzinfo=dt.timezone(dt.timedelta(hours=-3, minutes=-30), "odd")),
    "timedelta": dt.timedelta(-1, 1, 1),
    "zone": BERLIN,
    "decimal": decimal.Decimal("-0.00"),
    "decimal nan": decimal.Decimal("sNaN123"),
    "fraction": fractions.Fraction(-1, 3),
    "uuid": uuid.UUID(int=7),
    "pattern": re.compile(r"a+(?P<x>b)", re.IGNORECASE | re.DOTALL),
    "bytes pattern": re.compile(rb"a+"),
    "enum": shapes.Color.GREEN,
    "int enum": shapes.Level.HIGH,
    "flag": shapes.Access.READ | shapes.Access.WRITE,
    "enum key": {shapes.Color.RED: [shapes.Color.GREEN]},
    "dataclass": shapes.Layer(1, [shapes.Layer(2, {3: 4})]),
    "frozen dataclass": shapes.Frozen("a", (1, 2)),
    "attrs": shapes.Point(1.5),
    "frozen attrs": shapes.Pinned("x"),
    "pydantic": shapes.Config(depth=4, names=["a"]),
    "root model": shapes.Ages([1, 2]),
    "pydantic dataclass": shapes.Checked(age=1),
    "named tuple": shapes.Pair(1, shapes.Pair(None, ())),
    "list subclass": _with_attribute(shapes.Names([1, 2])),
    "dict subclass": _with_attribute(shapes.Table({1: 2})),
    "set subclass": shapes.Bag({1, 2}),
    "factories": [defaultdict(deque), defaultdict(Counter), defaultdict(shapes.Names), defaultdict(None, a=1)],
    "defaultdict subclass": shapes.Groups(int, {"a": 1}),
    "ordered subclass": shapes.Ordered([("z", 1), ("a", 2)]),
    "deque subclass": shapes.Tail([1], 5),
    "object": shapes.Holder({"a": 1}),
    "function in list": [len, 1, max],
    "dataclass of bytes": shapes.Layer(1, b"x" * 100_000),
    "objects": [shapes.Holder(1), {"deep": shapes.Holder(2)}],
}


def exact(left: Any, right: Any) -> bool:
    """Compare values with their types, all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return repr(left) == repr(right)
    if isinstance(left, complex):
        return repr(left) == repr(right)
    if isinstance(left, decimal.Decimal):
        return str(left) == str(right)
    if isinstance(left, (dt.datetime, dt.time)):
        return left.replace(tzinfo=None) == right.replace(tzinfo=None) and repr(left) == repr(right) and left.fold == right.fold
    if isinstance(left, dict):
        same = len(left) == len(right) and all(exact(a, b) for a, b in zip(left.items(), right.items(), strict=True))
        return same and getattr(left, "default_factory", None) is getattr(right, "default_factory", None) and exact_state(left, right)
    if isinstance(left, (list, tuple, deque)):
        same = len(left) == len(right) and all(exact(a, b) for a, b in zip(left, right, strict=True))
        return same and getattr(left, "maxlen", None) == getattr(right, "maxlen", None) and exact_state(left, right)
    if isinstance(left, (shapes.Layer, shapes.Holder)):
        return exact_state(left, right)
    return bool(left == right)


def exact_state(left: Any, right: Any) -> bool:
    return not hasattr(left, "__dict__") or exact(dict(left.__dict__), dict(right.__dict__))


READ_ALL = """
import pickle, sys
sys.path.insert(0, sys.argv[2])
import packagers
folder = sys.argv[1]
found = {}
for index in range(int(sys.argv[3])):
    found[index] = packagers.unpack(f"{folder}/v{index}")
sys.stdout.buffer.write(pickle.dumps(found))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    folder = tmp_path_factory.mktemp("values")
    for index, value in enumerate(VALUES.values()):
        packagers.pack(value, f"v{index}", folder)
    sys.set_int_max_str_digits(0)
    command = [sys.executable, "-X", "int_max_str_digits=0", "-c", READ_ALL, str(folder), str(shapes.here()), str(len(VALUES))]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert done.returncode == 0, done.stderr.decode()
    found: dict[int, Any] = pickle.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_exactly_in_a_fresh_process(name: str, unpacked: dict[int, Any]) -> None:
    value = VALUES[name]
    found = unpacked[list(VALUES).index(name)]
    assert exact(found, value), (found, value)


READ_ODD = """
import sys
sys.path.insert(0, sys.argv[2])
import packagers, sample_types as shapes
hidden, guarded, hashed, row, liar = packagers.unpack(f"{sys.argv[1]}/odd")
assert hidden.code() == 3 and hidden.name == "abc", hidden
assert vars(guarded) == {"value": 2}, vars(guarded)
assert {hashed: 1}[shapes.Hashed("h")] == 1
assert type(row) is shapes.Row and list(list.__iter__(row)) == [1, 2] and row.note == ["x"], row
assert type(liar) is shapes.Liar and list(dict.items(liar)) == [("a", 1), ("b", 2)], liar
"""


def test_nothing_of_a_class_has_a_say_in_how_it_is_taken_apart_and_rebuilt(tmp_path: Path) -> None:
    hashed, row = shapes.Hashed("h"), shapes.Row([1, 2])
    hash(hashed)
    row.note = ["x"]
    packagers.pack([shapes.Hidden("abc"), shapes.Guarded(1), hashed, row, shapes.Liar(a=1, b=2)], "odd", tmp_path)
    command = [sys.executable, "-c", READ_ODD, str(tmp_path), str(shapes.here())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert done.returncode == 0, done.stderr


def test_the_attributes_of_an_object_stay_in_their_order(tmp_path: Path) -> None:
    value = shapes.Layer(1)
    value.__dict__.clear()
    value.hook, value.size = 1, 2
    packagers.pack(value, "v", tmp_path)
    assert list(packagers.unpack(tmp_path / "v").__dict__) == ["hook", "size"]


@pytest.mark.parametrize("factory", [lambda: 0, len, list[int]])
def test_a_factory_without_a_name_is_refused(factory: Any, tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="default_factory") as caught:
        packagers.pack({"deep": [defaultdict(factory)]}, "v", tmp_path)
    assert caught.value.leaf == ".deep[0]"
    assert "object" in str(caught.value.remedy)


@pytest.mark.parametrize("name", ["memoryview", "memoryview of doubles"])
def test_a_memoryview_keeps_its_items(name: str, tmp_path: Path) -> None:
    import array

    value = memoryview(b"abc") if name == "memoryview" else memoryview(array.array("d", [1.5, 2.5]))
    packagers.pack(value, "m", tmp_path)
    found = packagers.unpack(tmp_path / "m")
    assert type(found) is memoryview
    assert (found.format, found.shape, found.tolist()) == (value.format, value.shape, value.tolist())


@pytest.mark.parametrize("artifact_type", ["result", "file"])
def test_cycles_and_shared_references_come_back(tmp_path: Path, artifact_type: str) -> None:
    inner: list[Any] = [1]
    cyclic: dict[str, Any] = {"a": inner, "b": (inner, inner)}
    cyclic["self"] = cyclic
    inner.append(cyclic)
    layer = shapes.Layer(1)
    layer.hook = [layer]
    packagers.pack([cyclic, layer], f"v : {artifact_type}", tmp_path)
    found, other = packagers.unpack(tmp_path / "v")
    assert found["self"] is found
    assert found["a"] is found["b"][0] is found["b"][1]
    assert found["a"][1] is found
    assert other.hook[0] is other


def test_rebuilding_calls_no_constructor(tmp_path: Path) -> None:
    value = shapes.Strict(1)
    value.value = 99
    packagers.pack(value, "v", tmp_path)
    assert packagers.unpack(tmp_path / "v").value == 99


def test_a_shared_heavy_leaf_is_stored_once_and_comes_back_shared(tmp_path: Path) -> None:
    blob = b"x" * 100_000
    artifact = packagers.pack({"a": blob, "b": [blob]}, "v", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    assert artifact.manifest.size < 150_000
    found = packagers.unpack(artifact.path)
    assert found["a"] is found["b"][0]


def test_the_path_of_a_leaf_that_cannot_be_packed_is_named(tmp_path: Path) -> None:
    import threading

    value = {"layers": [shapes.Layer(0), shapes.Layer(1, len), 2, shapes.Layer(3, threading.Lock())]}
    with pytest.raises(packagers.PackError) as caught:
        packagers.pack(value, "net", tmp_path)
    assert caught.value.leaf == ".layers[3].hook"
    assert caught.value.key == "net"
    assert ".layers[3].hook" in str(caught.value)
    assert not (tmp_path / "net").exists()


def test_nesting_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(packagers.PackError, match="nested deeper"):
        packagers.pack(deep, "v", tmp_path)


@pytest.mark.parametrize("kind", ["local", "main"])
def test_a_class_without_a_name_is_refused_with_the_reason_and_packs_as_object(tmp_path: Path, kind: str) -> None:
    import dataclasses

    @dataclasses.dataclass
    class Local:
        x: int

    if kind == "main":
        Local.__module__, Local.__qualname__ = "__main__", "Local"
    with pytest.raises(packagers.PackError, match="another process") as caught:
        packagers.pack(Local(1), "v", tmp_path)
    assert "object" in str(caught.value.remedy)


def test_a_generic_model_is_packed_under_a_name_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match=r"Generic\[int\]") as caught:
        packagers.pack(shapes.Generic[int](item=1), "v", tmp_path)
    assert "class" in str(caught.value.remedy)
    packagers.pack(shapes.GenericOfInt(item=1), "v", tmp_path)
    assert packagers.unpack(tmp_path / "v") == shapes.GenericOfInt(item=1)


@pytest.mark.parametrize("value", [[1.5, "a"], {"k": [None, True]}, shapes.Layer(1, "x")])
def test_packing_does_not_change_the_input(tmp_path: Path, value: Any) -> None:
    before = pickle.dumps(value)
    packagers.pack(value, "v : file", tmp_path)
    assert pickle.dumps(value) == before


def test_small_containers_are_results_and_large_ones_files(tmp_path: Path) -> None:
    assert isinstance(packagers.pack([1] * 10, "small", tmp_path), packagers.Result)
    large = packagers.pack([1] * 40_000, "large", tmp_path)
    assert isinstance(large, packagers.Artifact)
    assert [file.path for file in large.manifest.files] == ["skeleton.json"]
    assert isinstance(packagers.pack([1] * 40_000, "asked : result", tmp_path), packagers.Result)


def test_a_result_of_heavy_leaves_is_refused(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="no plain value") as caught:
        packagers.pack({"a": [shapes.Holder(1)]}, "v : result", tmp_path)
    assert caught.value.leaf == ".a[0]"


@pytest.mark.parametrize(
    "make", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: (inner,), lambda inner: shapes.Layer(1, inner)]
)
def test_what_is_nested_as_deep_as_the_bound_comes_back(tmp_path: Path, make: Any) -> None:
    from packagers.jsonvalue import MAX_DEPTH

    deep: Any = 0
    for _ in range(MAX_DEPTH):
        deep = make(deep)
    packagers.pack(deep, "v", tmp_path)
    found, depth = packagers.unpack(tmp_path / "v"), 0
    while found != 0:
        found = found.hook if isinstance(found, shapes.Layer) else next(iter(found.values() if isinstance(found, dict) else found))
        depth += 1
    assert depth == MAX_DEPTH
    with pytest.raises(packagers.PackError, match="nested deeper") as caught:
        packagers.pack(make(deep), "v", tmp_path)
    assert caught.value.remedy
