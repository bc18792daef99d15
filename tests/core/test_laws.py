"""Laws of typed JSON and of packages, for random values."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
from collections import OrderedDict, deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import packagers
from packagers import jsonvalue
from packagers.digests import canonical

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


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, dict):
        pairs = zip(left.items(), right.items(), strict=True)
        return len(left) == len(right) and all(same(a, c) and same(b, d) for (a, b), (c, d) in pairs)
    if isinstance(left, (list, tuple, deque)):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, (set, frozenset)):
        return left == right and sorted(map(_shape, left)) == sorted(map(_shape, right))
    return repr(left) == repr(right)


def _shape(value: Any) -> str:
    """Give a text that tells types apart and does not depend on the order of sets."""
    if isinstance(value, (tuple, frozenset)):
        items = [_shape(item) for item in value]
        return f"{type(value).__name__}:{items if isinstance(value, tuple) else sorted(items)}"
    return f"{type(value).__name__}:{value!r}"


@given(VALUES)
def test_a_value_comes_back_with_its_exact_type(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack(value, "v", folder)
        assert same(packagers.unpack(f"{folder}/v"), value)


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
    assert same(jsonvalue.decode(json.loads(text)), value)


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
