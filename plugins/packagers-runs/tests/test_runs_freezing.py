"""Documents of iterations, of which most is the same in all, are stored as any other document is."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.store.errors import StoreError
from packagers_runs.store.freezing import Form, Unreadable, freeze, is_exact, thaw

NAMES = st.text('abc$ "\\\x00ü', max_size=4)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
COMMON = st.fixed_dictionaries({"metadata": st.dictionaries(NAMES.map("c{}".format), PLAIN, max_size=3), "spec": st.just({})})
OWN = st.dictionaries(NAMES.map("o{}".format), PLAIN, min_size=1, max_size=3)


class Text(str):
    """Text that is not only text."""


@settings(derandomize=True, deadline=None)
@given(COMMON, st.fixed_dictionaries({"metadata": OWN, "spec": OWN, "status": OWN}))
def test_what_is_in_common_is_written_once_and_read_as_if_it_were_each_ones_own(common: dict[str, Any], own: dict[str, Any]) -> None:
    frozen = Form(common).freeze(own)
    whole = {name: common.get(name, {}) | fields for name, fields in own.items()}
    assert (json.loads(frozen.text), frozen.values) == (whole, None)
    assert frozen.text == freeze(whole).text


@pytest.mark.parametrize("odd", [(1, 2), float("nan"), Decimal("0.1"), b"x", 1 << 2000, {1: 2}, {"$value": 3}, [(1,)]], ids=repr)
@pytest.mark.parametrize("is_common", [True, False], ids=["in-common", "its-own"])
def test_a_value_that_is_no_json_keeps_its_type_wherever_it_stands(odd: Any, is_common: bool) -> None:
    assert not is_exact(odd)
    common: dict[str, Any] = {"spec": {"given": odd}} if is_common else {}
    own: dict[str, Any] = {"spec": {"x": 1}, "status": {"y": 2} if is_common else {"y": odd}}
    frozen = Form(common).freeze(own)
    assert frozen.values is not None
    assert repr(thaw(frozen)) == repr({name: common.get(name, {}) | fields for name, fields in own.items()})


def test_a_section_that_reads_like_the_place_of_a_value_is_one_value() -> None:
    frozen = Form({"status": {"x": 1}}).freeze({"status": {"$value": 3}})
    assert thaw(frozen) == {"status": {"x": 1, "$value": 3}}


@pytest.mark.parametrize("value", [Text("a"), True, 1, -0.0, "", [], {}, [{"a": [None]}]], ids=repr)
def test_what_json_holds_exactly_is_told_by_its_very_type(value: Any) -> None:
    assert is_exact(value) == (type(value) is not Text)


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert not is_exact(endless)
    with pytest.raises(StoreError, match="contains itself"):
        Form({}).freeze({"status": {"results": endless}})
    with pytest.raises(StoreError, match="contains itself"):
        freeze({"results": endless})


def test_values_that_are_no_json_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        frozen = freeze({"results": {"accuracy": Decimal("0.1")}})
    assert list(tmp_path.iterdir()) == []
    assert thaw(frozen) == {"results": {"accuracy": Decimal("0.1")}}


def test_values_that_somebody_has_changed_are_not_read() -> None:
    frozen = freeze({"results": {"accuracy": Decimal("0.1")}})
    assert frozen.values is not None
    changed = frozen._replace(values=frozen.values.replace(b"0.1", b"0.9"))
    assert isinstance(thaw(changed)["results"]["accuracy"], Unreadable)
