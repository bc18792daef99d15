"""Log hints as objects and as dicts: fields, immutability, equality, links, and the JSON form."""

from __future__ import annotations

import copy
import dataclasses
import decimal
import json
import pickle
import threading
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import hinttext
from packagers.errors import HintSyntaxError
from packagers.loghint import ArtifactType, LogHint
from packagers.names import find_fault

FULL = LogHint(
    "model",
    "model",
    "best",
    2,
    {"format": "skops", "columns": ["a", "b"], "size": (1, 2)},
    {"version": "1"},
    "out/models",
    {"loss_plot": ..., "test": {"$link": "test_dataset"}, "note": {"by": ["me"]}},
    {"accuracy": ..., "f1": {"$link": "f1_score"}, "loss": 0.25},
)


def test_artifact_types_are_words() -> None:
    assert [str(each) for each in ArtifactType] == ["result", "object", "file", "path", "dataset", "model", "plot"]
    hint = LogHint("k", ArtifactType.MODEL)
    assert type(hint.artifact_type) is str
    assert hint == LogHint("k", "model")
    assert LogHint("k", artifact_type="anything").artifact_type == "anything"


def test_the_fields_by_position_and_by_keyword() -> None:
    by_keyword = LogHint(
        key="model",
        artifact_type="model",
        tag="best",
        itemized=2,
        packing_kwargs={"format": "skops", "columns": ["a", "b"], "size": (1, 2)},
        labels={"version": "1"},
        artifact_path=Path("out/models"),
        extra_data={"loss_plot": ..., "test": {"$link": "test_dataset"}, "note": {"by": ["me"]}},
        metrics={"accuracy": ..., "f1": {"$link": "f1_score"}, "loss": 0.25},
    )
    assert by_keyword == FULL
    assert [each.name for each in dataclasses.fields(LogHint)] == [
        "key",
        "artifact_type",
        "tag",
        "itemized",
        "packing_kwargs",
        "labels",
        "artifact_path",
        "extra_data",
        "metrics",
    ]
    assert (FULL.key, FULL.tag, FULL.itemized, FULL.artifact_path) == ("model", "best", 2, str(Path("out/models")))
    assert dict(FULL.packing_kwargs) == {"format": "skops", "columns": ["a", "b"], "size": (1, 2)}
    assert FULL.metrics["accuracy"] is ...


def test_the_defaults() -> None:
    hint = LogHint("k")
    assert (hint.artifact_type, hint.tag, hint.itemized, hint.artifact_path) == (None, "", False, None)
    assert hint.packing_kwargs == hint.labels == hint.extra_data == hint.metrics == {}
    assert LogHint("k", None, None, False, None, None, None, None, None) == hint  # type: ignore[arg-type]
    assert hint.to_dict() == {"key": "k"}


def test_the_examples_of_the_seeds() -> None:
    hint = LogHint(
        key="my_model",
        artifact_type="model",
        metrics={"some_result": ...},
        extra_data={"loss_plot": ..., "test_dataset": ...},
    )
    assert hint.links("metrics") == {"some_result": "some_result"}
    assert hint.links("extra_data") == {"loss_plot": "loss_plot", "test_dataset": "test_dataset"}
    assert LogHint.parse('data : dataset[format="parquet"]') == LogHint(
        key="data", artifact_type="dataset", packing_kwargs={"format": "parquet"}
    )
    assert LogHint.parse("*results") == LogHint("results", itemized=True)
    assert LogHint.parse("2*results") == LogHint("results", itemized=2)


# Nothing changes a hint


def test_a_hint_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        FULL.key = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del FULL.key
    with pytest.raises(AttributeError):
        FULL.more = 1  # type: ignore[attr-defined]
    for section in (FULL.packing_kwargs, FULL.labels, FULL.extra_data, FULL.metrics):
        with pytest.raises(TypeError):
            section["x"] = 1  # type: ignore[index]


def test_neither_what_was_passed_in_nor_what_is_read_is_tied_to_a_hint() -> None:
    given = {"columns": ["a", {"b": [1]}]}
    extra: dict[str, Any] = {"note": {"by": ["me"]}, "test": {"$link": "test_dataset"}}
    hint = LogHint("k", packing_kwargs=given, extra_data=extra)
    same = LogHint("k", packing_kwargs={"columns": ["a", {"b": [1]}]}, extra_data=copy.deepcopy(extra))
    given["columns"].append("c")
    given["more"] = []
    extra["note"]["by"].append("you")
    extra["test"]["$link"] = "other"
    hint.packing_kwargs["columns"][1]["b"].append(2)
    hint.extra_data["note"]["by"].clear()
    hint.extra_data["test"]["$link"] = "other"
    hint.to_dict()["packing_kwargs"]["columns"].clear()
    hint.links("extra_data")["test"] = "other"
    assert hint == same


def test_copies_and_pickles() -> None:
    assert copy.copy(FULL) is FULL
    assert copy.deepcopy([FULL])[0] is FULL
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(FULL, protocol)) == FULL
    assert dataclasses.replace(FULL, key="other").packing_kwargs == FULL.packing_kwargs


# Equality


def test_hints_are_equal_by_value_and_type() -> None:
    assert LogHint("k", itemized=True) != LogHint("k", itemized=1)
    assert LogHint("k", packing_kwargs={"a": True}) != LogHint("k", packing_kwargs={"a": 1})
    assert LogHint("k", packing_kwargs={"a": 1, "b": 2}) == LogHint("k", packing_kwargs={"b": 2, "a": 1})
    assert LogHint("k", metrics={"loss": float("nan")}) == LogHint("k", metrics={"loss": float("nan")})
    assert LogHint("k", extra_data={"a": {"$link": "a"}}) == LogHint("k", extra_data={"a": ...})
    assert LogHint("k") != "k"
    assert len({FULL, copy.copy(FULL), pickle.loads(pickle.dumps(FULL)), LogHint("k"), LogHint.parse("k")}) == 2


def test_any_object_may_be_an_option() -> None:
    hint = LogHint("k", packing_kwargs={"dtype": decimal.Decimal, "path": PurePosixPath("a"), "call": len})
    assert hint == pickle.loads(pickle.dumps(hint))
    assert hash(hint) == hash(pickle.loads(pickle.dumps(hint)))
    assert hint.packing_kwargs["dtype"] is decimal.Decimal
    with pytest.raises(HintSyntaxError, match=r"packing_kwargs\['dtype'\] has no JSON form") as caught:
        hint.to_dict()
    assert caught.value.key == "k"


def test_the_repr_can_be_read_back() -> None:
    assert repr(LogHint("k")) == "LogHint('k')"
    assert repr(LogHint("k", itemized=True, metrics={"a": ...})) == "LogHint('k', itemized=True, metrics={'a': Ellipsis})"
    assert eval(repr(FULL)) == FULL


# Refusals


@pytest.mark.parametrize(
    ("fields", "message", "remedy"),
    [
        ({"key": ""}, "the key '' is empty", "at least one"),
        ({"key": "a/b"}, "the key 'a/b' has the character '/'", "Use none of"),
        ({"key": None}, "a key must be text", "text"),
        ({"artifact_type": ""}, "'' cannot be an artifact type", "one word"),
        ({"artifact_type": "data set"}, "'data set' cannot be an artifact type", "one word"),
        ({"artifact_type": "dataset[format='csv']"}, "cannot be an artifact type", "packing_kwargs"),
        ({"artifact_type": 3}, "3 cannot be an artifact type", "one word"),
        ({"artifact_type": list}, "cannot be an artifact type", "one word"),
        ({"tag": "a:b"}, "the tag 'a:b' has the character ':'", "Use none of"),
        ({"tag": 3}, "a tag must be text", "text"),
        ({"tag": False}, "a tag must be text", "text"),
        ({"itemized": 0}, "itemized cannot be 0", "from 1"),
        ({"itemized": -1}, "itemized cannot be -1", "from 1"),
        ({"itemized": 1.0}, "itemized cannot be 1.0", "from 1"),
        ({"itemized": "2"}, "itemized cannot be '2'", "from 1"),
        ({"itemized": None}, "itemized cannot be None", "from 1"),
        ({"artifact_path": ""}, "'' cannot be an artifact path", "None"),
        ({"artifact_path": b"out"}, "cannot be an artifact path", "text"),
        ({"artifact_path": 3}, "3 cannot be an artifact path", "text"),
        ({"artifact_path": "a\0b"}, "cannot be an artifact path", "text"),
        ({"packing_kwargs": ["format"]}, "packing_kwargs must be a dict, not list", "{name: value}"),
        ({"packing_kwargs": {"a b": 1}}, "'a b' cannot be the name of an option", "letters"),
        ({"packing_kwargs": {1: 1}}, "1 cannot be the name of an option", "letters"),
        ({"packing_kwargs": {"trust": "all"}}, "'trust' cannot be an option", "leave it out"),
        ({"packing_kwargs": {"a": threading.Lock()}}, "packing_kwargs['a'] cannot be copied", "copied"),
        ({"labels": "a"}, "labels must be a dict, not str", "{name: value}"),
        ({"labels": {"version": 1}}, "the label 'version' must be text, not int", "Write '1'."),
        ({"labels": {"version": None}}, "the label 'version' must be text, not NoneType", "as text"),
        ({"labels": {3: "x"}}, "3 cannot be the name of a label", "text"),
        ({"labels": {"": "x"}}, "'' cannot be the name of a label", "text"),
        ({"labels": {"a": "\ud800"}}, "surrogate", "Leave it out"),
        ({"extra_data": {"a/b": ...}}, "the name in extra_data 'a/b' has the character '/'", "Use none of"),
        ({"extra_data": {1: ...}}, "a name in extra_data must be text", "text"),
        ({"extra_data": {"a": (1,)}}, "extra_data['a'] holds a value of type tuple", "lists"),
        ({"extra_data": {"a": {"b": ...}}}, "extra_data['a'] holds a value of type ellipsis", "lists"),
        ({"extra_data": {"a": {"$link": "b", "c": 1}}}, "extra_data['a'] has more in it than a link", "nothing else"),
        ({"extra_data": {"a": {"$link": "b/c"}}}, "the key that extra_data['a'] links to 'b/c' has the character '/'", "Use none of"),
        ({"extra_data": {"a": {"$link": 3}}}, "a key that extra_data['a'] links to must be text", "text"),
        ({"metrics": {"a": "0.9"}}, "metrics['a'] must be a number or a link, not str", "..."),
        ({"metrics": {"a": None}}, "metrics['a'] must be a number or a link, not NoneType", "..."),
        ({"metrics": {"a": decimal.Decimal(1)}}, "metrics['a'] must be a number or a link, not Decimal", "float"),
    ],
)
def test_every_field_is_checked(fields: dict[str, Any], message: str, remedy: str) -> None:
    with pytest.raises(HintSyntaxError) as caught:
        LogHint(**{"key": "k", **fields})
    assert message in str(caught.value)
    assert remedy in str(caught.value.remedy)
    assert caught.value.position is None
    assert caught.value.key == (None if "key" in fields else "k")


# Dicts


def test_a_dict_is_a_hint() -> None:
    assert LogHint.parse({"key": "k"}) == LogHint("k")
    assert LogHint.parse({"key": "k", "extra_data": {"a": ...}, "packing_kwargs": {"b": (1,)}}) == LogHint(
        "k", extra_data={"a": ...}, packing_kwargs={"b": (1,)}
    )
    assert LogHint.parse({"key": "k", "tag": None, "artifact_path": None, "labels": None}) == LogHint("k")
    assert LogHint.parse(FULL) is FULL


def test_the_dict_of_a_hint() -> None:
    assert FULL.to_dict() == {
        "key": "model",
        "artifact_type": "model",
        "tag": "best",
        "itemized": 2,
        "packing_kwargs": {"format": "skops", "columns": ["a", "b"], "size": {"$tuple": [1, 2]}},
        "labels": {"version": "1"},
        "artifact_path": str(Path("out/models")),
        "extra_data": {"loss_plot": {"$link": "loss_plot"}, "test": {"$link": "test_dataset"}, "note": {"by": ["me"]}},
        "metrics": {"accuracy": {"$link": "accuracy"}, "f1": {"$link": "f1_score"}, "loss": 0.25},
    }
    assert LogHint("k", itemized=True).to_dict() == {"key": "k", "itemized": True}


@pytest.mark.parametrize(
    ("given", "message", "remedy"),
    [
        ({}, "the log hint has no 'key'", "{'key': 'data', …}"),
        ({"artifact_type": "model"}, "the log hint has no 'key'", "key"),
        ({"key": "k", "artifact_typ": "model"}, "no field 'artifact_typ'", "Did you mean 'artifact_type'?"),
        ({"key": "k", 3: 4}, "no field 3", "Known: artifact_path"),
        ({"key": "k", "itemized": "yes"}, "itemized cannot be 'yes'", "from 1"),
        ({"key": "k", "packing_kwargs": {"a": {"$no": 1}}}, "packing_kwargs['a'] cannot be read", "$"),
        ({"key": "k", "packing_kwargs": {"a": {"$Pattern": ["(", 0]}}}, "packing_kwargs['a'] cannot be read", "$"),
        ({"key": "k", "extra_data": {"a": {"$bytes": 1}}}, "extra_data['a'] cannot be read", "$"),
        ({"key": "k", "extra_data": {"a": {"$tuple": [1]}}}, "extra_data['a'] holds a value of type tuple", "lists"),
        ({"key": "k", "extra_data": {"a": {"b": {"$link": "c"}}}}, "extra_data['a'] cannot be read", "$"),
        ({"key": "k", "extra_data": 5}, "extra_data must be a dict, not int", "{name: value}"),
        ({"key": "k", "metrics": {"a": {"$tuple": [1]}}}, "metrics['a'] must be a number", "..."),
        (None, "a log hint cannot be of type NoneType", "a LogHint"),
        (3, "a log hint cannot be of type int", "'key : type[option=value]'"),
        (b"k", "a log hint cannot be of type bytes", "text"),
        (["k"], "a log hint cannot be of type list", "text"),
        (LogHint, "a log hint cannot be of type type", "a LogHint"),
    ],
    ids=repr,
)
def test_what_is_no_hint_is_refused(given: Any, message: str, remedy: str) -> None:
    with pytest.raises(HintSyntaxError) as caught:
        LogHint.parse(given)
    assert message in str(caught.value)
    assert remedy in str(caught.value.remedy)


def test_a_deep_dict_is_refused_without_an_error_of_the_interpreter() -> None:
    value: Any = 1
    for _ in range(50_000):
        value = [value]
    for section in ("packing_kwargs", "extra_data"):
        with pytest.raises(HintSyntaxError):
            LogHint.parse({"key": "k", section: {"a": value}})
        with pytest.raises(HintSyntaxError):
            dataclasses.replace(FULL, **{section: {"a": value}})  # type: ignore[arg-type]


names = st.text(min_size=1, max_size=12).filter(lambda name: find_fault(name) is None)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("$tuple"), inner, max_size=3),
    max_leaves=8,
)
hashables = st.recursive(scalars | st.binary(max_size=4) | st.complex_numbers(), lambda inner: st.tuples(inner, inner), max_leaves=4)
option_values = st.recursive(
    hashables | st.just(...) | st.decimals() | st.datetimes() | st.dates() | st.timedeltas() | st.uuids() | st.fractions(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(hashables, max_size=3)
        | st.frozensets(hashables, max_size=3)
        | st.dictionaries(hashables, inner, max_size=3)
    ),
    max_leaves=8,
)
links = st.just(...) | names.map(lambda name: {"$link": name})
# One link must not sit beside other keys: that is refused, and tested above.
extra_values = json_values.filter(lambda value: not (isinstance(value, dict) and "$link" in value)) | links
hints = st.builds(
    LogHint,
    names,
    st.none() | st.sampled_from(["dataset", "größe"]),
    st.just("") | names,
    st.booleans() | st.integers(min_value=1),
    st.dictionaries(st.text("abc_", min_size=1).filter(lambda name: name not in hinttext.RESERVED_OPTIONS), option_values, max_size=3),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"]))),
    st.none() | st.text(st.characters(exclude_characters="\0"), min_size=1),
    st.dictionaries(names, extra_values, max_size=3),
    st.dictionaries(names, st.integers() | st.floats() | links, max_size=3),
)


@given(hints)
def test_a_hint_comes_back_from_its_json(hint: LogHint) -> None:
    text = json.dumps(hint.to_dict(), allow_nan=False)
    back = LogHint.parse(json.loads(text))
    assert back == hint
    assert hash(back) == hash(hint)
    assert json.dumps(back.to_dict(), allow_nan=False) == text


@given(hints)
def test_a_hint_comes_back_from_its_pickle(hint: LogHint) -> None:
    assert pickle.loads(pickle.dumps(hint)) == hint
