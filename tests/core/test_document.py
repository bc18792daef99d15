"""A document that is encoded once has the text, the seal and the digests that it would have encoded anew each time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers import document
from packagers.digests import canonical, digest_json
from packagers.document import Document

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=6)


def written(data: dict[str, Any]) -> bytes:
    """Write a document as the format says: one field a line, ASCII, blanks as ``json.dumps`` makes them."""
    lines = [f" {json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in data.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


@given(data=DOCUMENTS)
@settings(derandomize=True, deadline=None)
def test_text_and_digest_are_those_of_the_format(data: dict[str, Any]) -> None:
    made = Document(data)
    assert made.text() == written(data)
    assert made.digest() == digest_json(data)
    assert made.digest(*list(data)[:2]) == digest_json(dict(list(data.items())[2:]))


@given(data=DOCUMENTS, name=st.text(max_size=8), value=VALUES, more=DOCUMENTS)
@settings(derandomize=True, deadline=None)
def test_a_field_that_is_set_counts_everywhere(data: dict[str, Any], name: str, value: Any, more: dict[str, Any]) -> None:
    made = Document(data)
    made.set(name, value)
    changed = {**data, name: value}
    assert made.text() == written(changed)
    assert made.digest() == digest_json(changed)
    named = {each: changed[each] for each in (name, "not there") if each in changed}
    assert made.digest_of([name, "not there"], more) == digest_json({**named, **more})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Document({"value": value})
    with pytest.raises(ValueError, match="JSON"):
        document.json_text(value)


@given(value=VALUES)
@settings(derandomize=True, deadline=None)
def test_an_encoder_without_one_in_c_writes_the_same(value: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "c_make_encoder", None)
        in_python = document._encoder(sort_keys=True, separators=(",", ":"))
    assert in_python(value) == document._encoder(sort_keys=True, separators=(",", ":"))(value) == canonical(value).decode()
