"""Laws of typed JSON and of packages, for random values."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import packagers
from packagers import jsonvalue
from packagers.digests import canonical

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes
from exactly import exactly

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**200), max_value=2**200)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.text(alphabet=st.characters(categories=["Cs", "Lu"]))
    | st.binary()
    | st.decimals()
    | st.fractions()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.times(timezones=st.none() | st.just(__import__("datetime").timezone.utc))
    | st.timedeltas()
    | st.uuids()
)
HASHABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
KEYS = (
    HASHABLE
    | st.floats()
    | st.complex_numbers(allow_nan=False)
    | st.text(alphabet=st.characters(categories=["Cs", "Lu"]))
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.timedeltas()
    | st.sampled_from([*shapes.Color, *shapes.Level, shapes.Access(3), ..., range(3), 2**100])
    | st.builds(shapes.Frozen, st.text(max_size=3), st.lists(HASHABLE, max_size=2).map(tuple))
    | st.builds(shapes.Pair, HASHABLE, HASHABLE)
)
SUBCLASSED = st.one_of(
    st.integers(min_value=-(2**100), max_value=2**100).map(shapes.Number),
    st.floats().map(shapes.Ratio),
    st.text().map(shapes.Label),
    st.binary().map(shapes.Blob),
    st.binary().map(shapes.Buffer),
    st.decimals().map(shapes.Amount),
    st.datetimes().map(lambda moment: shapes.Moment.combine(moment.date(), moment.time())),
).map(lambda obj: _noted(obj, [obj, 1]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, max_size=4).map(deque)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4).map(OrderedDict)
        | st.sets(HASHABLE, max_size=4)
        | st.frozensets(HASHABLE, max_size=4)
    ),
    max_leaves=12,
)


RECORDS = st.recursive(
    VALUES,
    lambda inner: (
        st.builds(shapes.Layer, st.integers(), inner)
        | st.builds(shapes.Frozen, st.text(max_size=3), st.lists(inner, max_size=2).map(tuple))
        | st.builds(shapes.Point, inner, inner)
        | st.builds(shapes.Pair, inner, inner)
        | st.builds(lambda depth, extra: shapes.Config.model_construct(depth=depth, more=extra), inner, inner)
        | st.lists(inner, max_size=3).map(shapes.Names)
        | st.dictionaries(KEYS, inner, max_size=3).map(shapes.Table)
        | st.tuples(st.lists(inner, max_size=3), inner).map(lambda both: _noted(shapes.Tail(both[0], 5), both[1]))
        | st.lists(inner, max_size=2).map(lambda items: [*items, *items])
    ),
    max_leaves=8,
)


def _noted(obj: Any, note: Any) -> Any:
    obj.note = note
    return obj


@st.composite
def graphs(draw: st.DrawFn) -> Any:
    """Draw mutable nodes of several kinds, and then references between any of them: shared ones, and cycles."""
    makers = (list, dict, deque, lambda: shapes.Layer(0), lambda: shapes.Point(0.0), shapes.Names, shapes.Table, shapes.Config)
    nodes = [draw(st.sampled_from(makers))() for _ in range(draw(st.integers(1, 6)))]
    for _ in range(draw(st.integers(0, 12))):
        node, target = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        value = draw(st.sampled_from([target, (target,), (1, (target, target)), {"to": target}]))
        if isinstance(node, (list, deque)):
            node.append(value)
        elif isinstance(node, dict):
            node[draw(KEYS)] = value
        elif isinstance(node, shapes.Config):
            node.__dict__["names"] = value
        else:
            setattr(node, "hook" if isinstance(node, shapes.Layer) else "y", value)
    return nodes


@given(VALUES)
def test_a_value_comes_back_with_its_exact_type(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack(value, "v", folder)
        exactly(value, packagers.unpack(f"{folder}/v"))


@given(RECORDS)
@settings(max_examples=60)
def test_records_and_subclasses_come_back(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack([value], "v : file", folder)
        exactly([value], packagers.unpack(f"{folder}/v"))


@given(graphs())
@settings(max_examples=80)
def test_shared_references_and_cycles_come_back(nodes: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack(nodes, "v", folder)
        exactly(nodes, packagers.unpack(f"{folder}/v"))


@given(st.dictionaries(KEYS, st.integers(), max_size=8))
def test_keys_of_every_kind_come_back(value: dict[Any, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack(value, "v", folder)
        exactly(value, packagers.unpack(f"{folder}/v"))


@given(SUBCLASSED)
@settings(max_examples=50)
def test_subclasses_of_scalars_come_back_with_their_attributes(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack([value], "v", folder)
        exactly([value], packagers.unpack(f"{folder}/v"))


@given(VALUES)
@settings(max_examples=50)
def test_packing_twice_gives_the_same_digest(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = packagers.pack([value], "a : file", folder)
        second = packagers.pack([value], "b : file", folder)
        assert isinstance(first, packagers.Artifact)
        assert isinstance(second, packagers.Artifact)
        assert first.digest == second.digest


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(HASHABLE, inner), max_leaves=10))
def test_typed_json_is_json_and_decodes_to_the_same(value: Any) -> None:
    text = json.dumps(jsonvalue.encode(value), allow_nan=False)
    text.encode("ascii")
    exactly(value, jsonvalue.decode(json.loads(text)))


TAGS = st.sampled_from(["$tuple", "$set", "$dict", "$int", "$shared", "$same", "$range", "$Pattern"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | TAGS, inner),
    max_leaves=10,
)


@given(JSON)
def test_any_json_decodes_or_is_refused(value: Any) -> None:
    with contextlib.suppress(packagers.UnpackError):
        jsonvalue.decode(value)


@given(st.sets(HASHABLE, max_size=6))
def test_the_order_of_a_set_does_not_show(value: set[Any]) -> None:
    other: set[Any] = set()
    for item in sorted(value, key=repr, reverse=True):
        other.add(item)
    assert canonical(jsonvalue.encode(value)) == canonical(jsonvalue.encode(other))


@given(st.dictionaries(st.text(), st.integers()))
def test_plain_json_stays_plain(value: dict[str, int]) -> None:
    clean = {key: item for key, item in value.items() if not key.startswith("$") and key.isprintable() and -(2**63) <= item < 2**63}
    assert jsonvalue.encode(clean) == clean
