"""Containers of heavy things: one package, leaves by their own packagers, small ones together, each once, and every fault by its path."""

from __future__ import annotations

import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import Artifact, Packager, Registry, Session

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes
from exactly import exactly

MANY = 10_000
SMALL = 64 << 10


class Grain:
    """A small thing that has a packager of its own, and one for many of them."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grain) and self.text == other.text

    __hash__ = None  # type: ignore[assignment]


class Rock(Grain):
    """A thing that is only packed one by one."""


class GrainPackager(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def pack_file(self, obj: Any, folder: Path) -> None:
        if obj.text == "bad":
            raise packagers.PackError("this one is bad")
        (folder / "grain.txt").write_text(obj.text)

    def unpack_file(self, folder: Path) -> Any:
        return Grain(self.only_file(folder).read_text())


class RockPackager(GrainPackager):
    def unpack_file(self, folder: Path) -> Any:
        return Rock(self.only_file(folder).read_text())


class GrainsPackager(GrainPackager):
    calls = 0

    def pack_file(self, obj: Any, folder: Path) -> None:
        type(self).calls += 1
        if any(grain.text == "bad" for grain in obj):
            raise packagers.PackError("one of these is bad")
        (folder / "grains.txt").write_text("\n".join(grain.text for grain in obj))

    def unpack_file(self, folder: Path) -> Any:
        return [Grain(line) for line in self.only_file(folder).read_text().split("\n")]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    registry = Registry()
    registry.add(f"{__name__}.Grain", GrainPackager)
    registry.add(f"{__name__}.Rock", RockPackager)
    registry.add(f"list[{__name__}.Grain]", GrainsPackager)
    with Session(tmp_path, registry=registry) as session:
        yield session


def pack(session: Session, value: Any) -> Artifact:
    artifact = session.pack(value, "v")
    assert isinstance(artifact, Artifact)
    return artifact


PLACES: dict[str, Callable[[list[Any]], Any]] = {
    "a list": lambda grains: grains,
    "dicts in a list": lambda grains: [{"grain": grain, "index": index} for index, grain in enumerate(grains)],
    "tuples in a dict": lambda grains: {i: (grain, [grain]) for i, grain in enumerate(grains)},
    "records": lambda grains: [shapes.Layer(1, shapes.Pair(grain, None)) for grain in grains],
    "everywhere": lambda grains: [deque(grains[:99]), {"a": (grains[99:999], OrderedDict(enumerate(grains[999:])))}, grains[0]],
}


@pytest.mark.parametrize("name", PLACES)
def test_ten_thousand_small_leaves_make_at_most_three_files(name: str, session: Session) -> None:
    GrainsPackager.calls = 0
    value = PLACES[name]([Grain(str(i)) for i in range(MANY)])
    artifact = pack(session, value)
    assert sum(path.is_file() for path in artifact.path.rglob("*")) <= 3
    assert GrainsPackager.calls == 1
    exactly(PLACES[name]([Grain(str(i)) for i in range(MANY)]), artifact.unpack())


def test_leaves_of_each_class_go_together_and_the_others_one_by_one(session: Session) -> None:
    value = [Grain("a"), Rock("b"), {"c": Grain("c"), "d": Rock("d")}, shapes.Holder(1), (shapes.Holder(2), Grain("e"))]
    artifact = pack(session, value)
    kinds = sorted((part.written.object_type.rpartition(".")[2], part.many) for part in artifact.manifest.parts)
    assert kinds == [("Grain]", True), ("Rock", False), ("Rock", False), ("list", True)]
    exactly(value, artifact.unpack())


def test_a_leaf_in_many_places_is_packed_once_and_stays_one(session: Session) -> None:
    rock, grain, blob = Rock("r"), Grain("g"), b"x" * 100_000
    value = [rock, {"a": rock, "b": (rock, [rock])}, shapes.Layer(1, rock), grain, [grain, Grain("g")], blob, {"blob": blob}]
    artifact = pack(session, value)
    assert len(artifact.manifest.parts) == 3
    assert artifact.manifest.size < 150_000
    exactly(value, artifact.unpack())


def test_one_package_of_all_sorts(session: Session, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("a")
    value = {
        "model": shapes.Layer(1, [Rock("weights"), tmp_path / "notes"]),
        "models": [shapes.Holder(1), shapes.Holder([2])],
        "config": shapes.Config(depth=2),
        "grains": [Grain("a")] * 2 + [Grain("b")],
        "raw": shapes.Point(b"x" * 70_000, (1, {2})),
    }
    exactly(value, pack(session, value).unpack())


def with_attribute(obj: Any, value: Any) -> Any:
    obj.hook = value
    return obj


LOCK = threading.Lock()
FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "list": (lambda bad: [0, [bad]], "[1][0]"),
    "tuple": (lambda bad: (0, (bad,)), "[1][0]"),
    "set": (lambda bad: {bad}, "[0]"),
    "frozenset": (lambda bad: [frozenset({bad})], "[0][0]"),
    "dict": (lambda bad: {"a": {"b c": bad}}, ".a['b c']"),
    "int key": (lambda bad: {"a": {3: bad}}, ".a[3]"),
    "tuple key": (lambda bad: {"a": {(1,): bad}}, ".a[<tuple>]"),
    "key": (lambda bad: {"a": {bad: 1}}, ".a[<lock>]"),
    "deque": (lambda bad: deque([0, bad]), "[1]"),
    "OrderedDict": (lambda bad: OrderedDict(a=bad), ".a"),
    "defaultdict": (lambda bad: defaultdict(list, a=[bad]), ".a[0]"),
    "Counter": (lambda bad: Counter({bad: 1}), "[<lock>]"),
    "subclass of list": (lambda bad: shapes.Names([bad]), "[0]"),
    "attribute of a subclass": (lambda bad: with_attribute(shapes.Names([1]), [bad]), ".hook[0]"),
    "dataclass": (lambda bad: {"layers": [0, 1, 2, shapes.Layer(1, bad)]}, ".layers[3].hook"),
    "dataclass with slots": (lambda bad: shapes.Frozen("a", (bad,)), ".items[0]"),
    "attrs": (lambda bad: shapes.Point(1.0, bad), ".y"),
    "pydantic": (lambda bad: shapes.Config.model_construct(names=[bad]), ".names[0]"),
    "pydantic dataclass": (lambda bad: with_attribute(shapes.Checked(age=1), bad), ".hook"),
    "named tuple": (lambda bad: shapes.Pair(0, bad), "[1]"),
    "stream": (lambda bad: iter([0, [bad]]), "[1][0]"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_path_of_a_leaf_that_cannot_be_packed(name: str, tmp_path: Path) -> None:
    make, path = FAULTS[name]
    with pytest.raises(packagers.PackError) as caught:
        packagers.pack(make(LOCK), "net", tmp_path)
    assert caught.value.leaf == path
    assert path in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Grain", "Rock", "Holder"])
def test_the_path_of_one_leaf_among_many_that_are_packed_together(name: str, session: Session, tmp_path: Path) -> None:
    good, bad = {
        "Grain": (Grain("a"), Grain("bad")),
        "Rock": (Rock("a"), Rock("bad")),
        "Holder": (shapes.Holder(1), shapes.Holder(LOCK)),
    }[name]
    with pytest.raises(packagers.PackError) as caught:
        pack(session, {"layers": [good, [good], shapes.Layer(1, good), shapes.Layer(2, bad)], "more": good})
    assert caught.value.leaf == ".layers[3].hook"
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(("length", "is_result"), [(SMALL - 4, True), (SMALL - 3, False)])
def test_a_container_is_a_result_up_to_64_kib_of_typed_json(length: int, is_result: bool, tmp_path: Path) -> None:
    value = ["x" * length]  # written as ["xxx…"]
    packed = packagers.pack(value, "v", tmp_path)
    assert isinstance(packed, packagers.Result) is is_result
    assert isinstance(packagers.pack(value, "asked : result", tmp_path), packagers.Result)
    assert isinstance(packagers.pack(value, "file : file", tmp_path), Artifact)
    for key in ("v", "asked", "file"):
        exactly(value, packagers.unpack(tmp_path / key))


@pytest.mark.parametrize(("length", "parts"), [(SMALL, 0), (SMALL + 1, 1)])
@pytest.mark.parametrize("kind", [bytes, bytearray, lambda n: memoryview(bytes(n))], ids=["bytes", "bytearray", "memoryview"])
def test_bytes_in_a_container_are_a_file_beyond_64_kib(kind: Any, length: int, parts: int, tmp_path: Path) -> None:
    artifact = packagers.pack([kind(length)], "v", tmp_path)
    assert isinstance(artifact, Artifact)
    assert len(artifact.manifest.parts) == parts
    exactly([kind(length)], artifact.unpack())
