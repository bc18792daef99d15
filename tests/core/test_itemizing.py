"""Itemizing: the items of a container as outputs of their own, and its shape beside them."""

from __future__ import annotations

import json
import sys
import threading
from collections import OrderedDict, defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import packagers
from packagers import Artifact, LogHint, PackError, PackingFailed, Result, Session

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import elsewhere
from sample_types import Color, Holder, Level, Names, Ordered, Pair, Table


def keys_of(folder: Path, value: Any, hint: str = "*x") -> list[str]:
    """Itemize a value; gives the keys of its items."""
    with Session(folder) as session:
        bundle = session.pack(value, hint)
        assert isinstance(bundle, packagers.Bundle)
        assert bundle.structure is value
        return list(bundle.items)


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ([1, "a"], ["x_0", "x_1"]),
        ((1, 2), ["x_0", "x_1"]),
        ({3}, ["x_0"]),
        (frozenset({3}), ["x_0"]),
        ({"a": 1, "b c": 2}, ["x_a", "x_b c"]),
        ({1: "a", -2: "b"}, ["x_1", "x_-2"]),
        ({True: "a"}, ["x_True"]),
        ({Color.RED: 1, Level.LOW: 2}, ["x_RED", "x_LOW"]),
        (OrderedDict(a=1), ["x_a"]),
        (defaultdict(int, a=1), ["x_a"]),
        (Pair(1, 2), ["x_0", "x_1"]),
        (Names([1]), ["x_0"]),
        (Table(a=1), ["x_a"]),
        ([[1, 2], [3]], ["x_0_0", "x_0_1", "x_1_0"]),
        ({"a": {"b": [1]}, "c": 2}, ["x_a_b_0", "x_c"]),
        ([1, [], {}, ()], ["x_0", "x_1", "x_2", "x_3"]),
    ],
)
def test_items_are_named_by_position_or_key(tmp_path: Path, value: Any, keys: list[str]) -> None:
    assert keys_of(tmp_path, value) == keys


@pytest.mark.parametrize(
    ("hint", "keys"),
    [
        ("1*x", ["x_a", "x_b"]),
        ("2*x", ["x_a_0", "x_a_1", "x_b"]),
        ("3*x", ["x_a_0_c", "x_a_1", "x_b"]),
        ("9*x", ["x_a_0_c", "x_a_1", "x_b"]),
        ("*x", ["x_a_0_c", "x_a_1", "x_b"]),
    ],
)
def test_the_depth_says_how_many_levels_are_taken_apart(tmp_path: Path, hint: str, keys: list[str]) -> None:
    assert keys_of(tmp_path, {"a": [{"c": 1}, 2], "b": 3}, hint) == keys
    assert elsewhere.unpack(tmp_path / "x") == [{"a": [{"c": 1}, 2], "b": 3}]


@pytest.mark.parametrize("value", [[], (), {}, set(), 5, "text", None])
def test_what_has_no_items_is_packed_as_one_value(tmp_path: Path, value: Any) -> None:
    with Session(tmp_path) as session:
        assert isinstance(session.pack(value, "*x"), Result)
    assert elsewhere.unpack(tmp_path / "x") == [value]


VALUES: dict[str, Any] = {
    "results": {"a": 1, "b": [True, 2.5, None, "t"], "c": ({"d": b"x"},)},
    "exact types": [1, 1.0, True, "1", (1,), {1}, frozenset({1}), 2**70, float("inf"), -0.0],
    "subclasses": {"names": Names([1, Pair(2, 3)]), "table": Table(a={"b": 1}), "ordered": Ordered(b=1, a=2)},
    "enumerations": {Color.RED: Color.GREEN, Level.HIGH: [Level.LOW]},
    "odd keys": {"$tuple": 1, "é": 2, 3: 4, True + 1: 5},
    "plugin values": {"score": np.float64(0.5), "flags": [np.bool_(True), np.int8(3)]},
    "one object everywhere": [None, None, 1, 1, "a", "a", (), ()],
    "big": {"text": ["x" * 100] * 1000},
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("hint", ["*x", "1*x", "2*x"])
def test_the_whole_comes_back_in_another_process(tmp_path: Path, name: str, hint: str) -> None:
    value = VALUES[name]
    with Session(tmp_path) as session:
        session.pack(value, hint)
    (found,) = elsewhere.unpack(tmp_path / "x")
    assert found == value
    assert repr(found) == repr(value)  # types and order too


@pytest.mark.parametrize("pack_alone", [False, True])
def test_artifacts_stand_in_the_whole_as_links(tmp_path: Path, pack_alone: bool) -> None:
    value = {"arrays": [np.arange(3), np.ones((2, 2))], "pair": Pair(np.zeros(1), 0.5), "blob": b"x" * 10}
    if pack_alone:
        packagers.pack(value, "*x", tmp_path)
        recorded = (tmp_path / "x/manifest.json").read_text()
    else:
        with Session(tmp_path) as session:
            bundle = session.pack(value, "*x")
            assert {key: type(item) for key, item in bundle.items.items()} == {  # type: ignore[union-attr, operator]
                "x_arrays_0": Artifact,
                "x_arrays_1": Artifact,
                "x_pair_0": Artifact,
                "x_pair_1": Result,
                "x_blob": Artifact,
            }
        recorded = (tmp_path / "results.json").read_text()
    assert '{"$link": "x_arrays_1"}' in recorded
    assert '"$link": "x_pair_1"' not in recorded
    (found,) = elsewhere.unpack(tmp_path / "x")
    assert found["arrays"][0].tolist() == [0, 1, 2]
    assert found["arrays"][1].tolist() == [[1, 1], [1, 1]]
    assert type(found["pair"]) is Pair
    assert found["pair"].left.tolist() == [0]
    assert (found["pair"].right, found["blob"]) == (0.5, b"x" * 10)


def test_a_container_that_another_packager_takes_whole_is_taken_apart_all_the_same(tmp_path: Path) -> None:
    """``dict[str, numpy.ndarray]`` has a packager of its own, which neither packs nor reads the shape."""
    value = {"a": np.arange(2), "b": np.arange(3)}
    packagers.pack(value, "*x", tmp_path)
    (found,) = elsewhere.unpack(tmp_path / "x")
    assert [found[name].tolist() for name in found] == [[0, 1], [0, 1, 2]]


def test_type_options_and_labels_apply_to_each_item(tmp_path: Path) -> None:
    hint = LogHint("x", "file", itemized=True, packing_kwargs={"format": "csv"}, labels={"made": "here"}, tag="v1")
    with Session(tmp_path) as session:
        session.pack([np.eye(2), np.ones(2)], hint)
        assert [(a.manifest.written.format, a.labels, a.tag) for a in session.artifacts.values()] == [("csv", {"made": "here"}, "v1")] * 2


def test_an_artifact_path_holds_items_and_whole(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.pack({"a": np.arange(2), "b": 1}, LogHint("x", itemized=True, artifact_path="deep/er"))
    assert not (tmp_path / "results.json").exists()
    found, item, number = elsewhere.unpack(*(tmp_path / "deep/er" / key for key in ("x", "x_a", "x_b")))
    assert found["a"].tolist() == item.tolist() == [0, 1]
    assert found["b"] == number == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1.5: 0}, ["[1.5]", "cannot name an item"]),
        ({None: 0}, ["[None]", "cannot name an item"]),
        ({(1, 2): 0}, ["cannot name an item"]),
        ({b"a": 0}, ["[b'a']", "cannot name an item"]),
        ({10**5000: 0}, ["cannot name an item"]),
        ({"a/b": 0}, ["'a/b'", "has the character '/'"]),
        ({"": 0}, ["is empty"]),
        ({" a": 0}, ["' a'", "white space"]),
        ({"con": 0}, ["'con'", "device"]),
        ({"\ud800": 0}, ["surrogate"]),
        ({"e\u0301": 0}, ["NFC"]),
        ({"a" * 199: 0}, ["longer than 200 bytes"]),
        ({"é" * 100: 0}, ["longer than 200 bytes"]),
        ({1: 0, "1": 1}, ["'x_1'", "[1]", "['1']"]),
        ({True: 0, "True": 1}, ["'x_True'"]),
        ({"a": 0, "A": 1}, ["'x_a'", "'x_A'"]),
        ({"ß": 0, "SS": 1}, ["'x_ß'", "'x_SS'"]),
        ({"a_b": 0, "a": {"b": 1}}, ["'x_a_b'", ".a_b", ".a.b"]),
        ([[0], {"0": 1}, {1: [5, {"x/y": 2}]}], ["[2][1][1]['x/y']"]),
    ],
)
def test_a_key_that_is_no_name_is_refused_before_anything_is_packed(tmp_path: Path, value: Any, words: list[str]) -> None:
    session = Session(tmp_path / "out")
    with pytest.raises(PackError) as caught:
        session.pack([np.arange(2), value], "*x") if isinstance(value, list) else session.pack(value, "*x")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    session.close()
    assert not (tmp_path / "out").exists()


def test_every_bad_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackingFailed) as caught:
        Session(tmp_path).pack({"a/b": 1, "c:d": 2, "ok": 3}, "*x")
    assert [failure.leaf for failure in caught.value.exceptions] == ["['a/b']", "['c:d']"]  # type: ignore[attr-defined]


def test_an_enum_key_of_combined_flags_is_refused(tmp_path: Path) -> None:
    from sample_types import Access

    with pytest.raises(PackError, match=r"READ\|WRITE"):
        Session(tmp_path).pack({Access.READ | Access.WRITE: 1}, "*x")


class Loud(str):
    def __str__(self) -> str:
        return "LOUD"


class Odd(int):
    def __repr__(self) -> str:
        return "odd"


class Named(StrEnum):
    ONE = "uno"


def test_what_a_subclass_says_of_itself_does_not_name_an_item(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        with pytest.raises(PackError, match="belongs to the container and is none of its items"):  # such keys are pickled
            session.pack({Loud("quiet"): 1, Odd(7): 2, Named.ONE: 3}, "*x")
        assert session.results == {"x_quiet": 1, "x_7": 2, "x_ONE": 3}


class Liar(dict[Any, Any]):
    """Its items are made anew whenever somebody asks."""

    def items(self) -> Any:
        return [(key, object()) for key in self]


def test_what_a_subclass_makes_of_its_items_does_not_count(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        assert session.pack(Liar(a=1), "*x").items == {"x_a": Result("x_a", 1)}  # type: ignore[union-attr]


def test_an_ordered_dict_keeps_its_order(tmp_path: Path) -> None:
    value = OrderedDict(a=1, b=2)
    value.move_to_end("a")
    assert keys_of(tmp_path, value) == ["x_b", "x_a"]
    assert list(packagers.unpack(tmp_path / "x").items()) == [("b", 2), ("a", 1)]


SETS = """
import sys, packagers
value = {"t": {"b", "a", "c"}, "n": {2, 1.5, True}, "m": {1, "a", (2, "b"), None}, "s": {frozenset({"z"}), frozenset({"b", "c"})}}
bundle = packagers.Session(sys.argv[1]).pack(value, "2*x")
print([(key, sorted(item.value) if isinstance(item.value, frozenset) else item.value) for key, item in bundle.items.items()])
"""


def test_items_of_sets_have_one_order_for_every_hash_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = set()
    for seed in "123":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        printed.add(elsewhere.run(SETS, tmp_path))
    assert len(printed) == 1
    assert "('x_n_0', True), ('x_n_1', 1.5), ('x_n_2', 2)" in printed.pop()


def test_items_of_a_set_that_are_not_plain_are_sorted_by_what_they_show(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.pack({Color.RED, Color.GREEN, 1}, "*x")
    assert list(session.results.values()) == [1, Color.GREEN, Color.RED]


def test_without_a_packager_of_containers_the_items_are_packed_alone(tmp_path: Path) -> None:
    with Session(tmp_path, settings={"disable": ["packagers"]}) as session:
        with pytest.raises(PackError, match="no packager takes a list apart"):
            session.pack([np.arange(2)], "*x")
        assert list(session.artifacts) == ["x_0"]


def test_a_container_inside_of_itself_is_an_item_there(tmp_path: Path) -> None:
    value: list[Any] = [1]
    value.append(value)
    assert keys_of(tmp_path, value) == ["x_0", "x_1"]
    found = packagers.unpack(tmp_path / "x")
    assert found[0] == 1
    assert found[1] is found


def test_a_container_inside_of_itself_may_hold_artifacts(tmp_path: Path) -> None:
    value: dict[str, Any] = {"array": np.arange(2)}
    value["self"] = {"again": value}
    assert keys_of(tmp_path, value) == ["x_array", "x_self_again"]
    found = packagers.unpack(tmp_path / "x")
    assert found["self"]["again"]["self"]["again"]["array"].tolist() == [0, 1]


def test_shared_parts_of_items_do_not_get_mixed_up(tmp_path: Path) -> None:
    first, second = [1], [2]
    value = {"a": {"l": first, "r": first}, "b": {"l": second, "r": second}, "c": first}
    keys_of(tmp_path, value, "1*x")
    found = packagers.unpack(tmp_path / "x")
    assert found == value
    assert found["a"]["l"] is found["a"]["r"]
    assert found["b"]["l"] is found["b"]["r"]


def test_one_object_in_many_places_is_one_item_in_each(tmp_path: Path) -> None:
    array = np.arange(3)
    assert keys_of(tmp_path, {"a": array, "b": [array, array]}) == ["x_a", "x_b_0", "x_b_1"]
    found = packagers.unpack(tmp_path / "x")
    assert [found["a"].tolist(), found["b"][0].tolist(), found["b"][1].tolist()] == [[0, 1, 2]] * 3


def test_a_failing_item_does_not_keep_the_others_from_being_packed(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        with pytest.raises(PackError, match="x_bad") as caught:
            session.pack({"good": 1, "bad": threading.Lock(), "array": np.arange(2)}, "*x")
        assert not isinstance(caught.value, PackingFailed)
    assert elsewhere.unpack(tmp_path / "x_good") == [1]
    assert elsewhere.unpack(tmp_path / "x_array")[0].tolist() == [0, 1]
    assert not (tmp_path / "x_bad").exists()
    with pytest.raises(packagers.UnpackError):
        packagers.unpack(tmp_path / "x")


def test_a_class_that_cannot_be_found_again_has_its_items_packed_and_its_shape_refused(tmp_path: Path) -> None:
    class Local(dict[str, Any]):
        pass

    with Session(tmp_path) as session, pytest.raises(PackError, match="cannot be found by its name"):
        session.pack(Local(a=1), "*x")
    assert elsewhere.unpack(tmp_path / "x_a") == [1]


def test_a_heavy_attribute_of_a_container_is_none_of_its_items(tmp_path: Path) -> None:
    table = Table(a=1)
    table.model = Holder(1)  # type: ignore[attr-defined]
    with pytest.raises(PackError, match="none of its items"):
        Session(tmp_path).pack(table, "*x")


def test_packing_again_replaces_the_whole(tmp_path: Path) -> None:
    packagers.call(lambda: [1, 2, 3], returns="*x", folder=tmp_path)
    packagers.call(lambda: [np.arange(1)], returns="*x", folder=tmp_path)
    assert [array.tolist() for array in elsewhere.unpack(tmp_path / "x")[0]] == [[0]]
    assert "x_0" not in json.loads((tmp_path / "results.json").read_text())["results"]
    packagers.call(lambda: 5, returns="x", folder=tmp_path)
    assert elsewhere.unpack(tmp_path / "x") == [5]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
names = st.text("abcdef_", min_size=1, max_size=6)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(names, inner, max_size=3)
        | st.sets(scalars, max_size=3)
    ),
    max_leaves=12,
)


@given(values.filter(lambda value: isinstance(value, (list, tuple, dict, set))), st.sampled_from(["*x", "1*x", "2*x"]))
def test_any_container_comes_back_or_is_refused(tmp_path_factory: pytest.TempPathFactory, value: Any, hint: str) -> None:
    folder = tmp_path_factory.mktemp("out")
    with Session(folder) as session:
        try:
            session.pack(value, hint)
        except PackError:
            assume(False)  # {"a_b": 1, "a": {"b": 2}} has two items of one name
    assert repr(in_order(packagers.unpack(folder / "x"))) == repr(in_order(value))


def in_order(value: Any) -> Any:
    """Give a value with its sets in one order."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(in_order, value))
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in value.items()}
    return {"set": sorted(value, key=repr)} if isinstance(value, set) else value


@pytest.mark.parametrize("make", [lambda stream: [1, stream], lambda stream: {"a": {"b": stream}}])
def test_a_stream_among_the_items_is_refused_and_not_touched(make: Any, tmp_path: Path) -> None:
    stream = iter([1, 2])
    with pytest.raises(packagers.PackError, match="use it up") as caught:
        packagers.pack(make(stream), "*v", tmp_path)
    assert caught.value.leaf in ("[1]", ".a.b")
    assert list(stream) == [1, 2]
    assert list(tmp_path.iterdir()) == []
