"""Names of runs, their URIs, places in paths, lengths of time, and what is said of a name that does not exist."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs import FieldError, RunObject, UnknownNameError
from packagers_runs.models.durations import seconds_of
from packagers_runs.models.names import create_uri, parse_uri, run_name
from packagers_runs.nearest import nearest, unknown_name
from packagers_runs.running.pathtemplates import fill_path

laws = settings(max_examples=100, derandomize=True, deadline=None, database=None)
LEGAL = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")


class Trainer:
    def __call__(self) -> None: ...

    def train_model(self) -> None: ...


def train_model() -> None: ...


@pytest.mark.parametrize(
    ("given", "function", "handler", "expected"),
    [
        ("grid", None, None, "grid"),
        ("My first_Run", "f", "h", "my-first-run"),
        (" v1.2 ", None, None, "v1.2"),
        (None, "Trainer_A", "train_model", "trainer-a-train-model"),
        (None, None, "pkg.mod:train_model", "train-model"),
        (None, None, "pkg.mod.train", "train"),
        (None, "", "some folder/file.py:train", "train"),
        (None, "f", "pkg.mod:Trainer::train", "f-trainer-train"),
        (None, "f", train_model, "f-train-model"),
        (None, "f", lambda: 0, "f-lambda"),
        (None, None, functools.partial(functools.partial(train_model)), "train-model"),
        (None, None, Trainer(), "trainer"),
        (None, None, Trainer().train_model, "train-model"),
        (None, "f", None, "f"),
        ("", None, None, "run"),
        (None, "größe", "日本", "gre"),
        (None, "-._", None, "run"),
        (None, "a" * 62, "b", "a" * 62),
        (None, "a" * 40, "b" * 40, "a" * 40 + "-" + "b" * 22),
    ],
)
def test_names_of_runs(given: str | None, function: str | None, handler: Any, expected: str) -> None:
    assert run_name(given, function, handler) == expected
    assert LEGAL.fullmatch(expected)


@pytest.mark.parametrize("name", ["a" * 64, "größe", "a/b", "-a", "a.", "a\n!", "\0"])
def test_a_chosen_name_is_never_changed_beyond_case_and_spaces(name: str) -> None:
    with pytest.raises(FieldError, match="cannot be the name of a run") as found:
        run_name(name)
    assert found.value.remedy is not None
    assert found.value.field == "name"


@laws
@given(function=st.none() | st.text(max_size=80), handler=st.none() | st.text(max_size=80))
def test_made_names_are_legal(function: str | None, handler: str | None) -> None:
    assert LEGAL.fullmatch(run_name(None, function, handler))


PART = st.text(st.characters(exclude_characters="@#:"), max_size=8)


@laws
@given(project=PART, uid=PART.filter(bool), iteration=st.integers(0, 10**6), tag=PART)
def test_uris_come_back(project: str, uid: str, iteration: int, tag: str) -> None:
    uri = RunObject.create_uri(project, uid, iteration, tag)
    assert RunObject.parse_uri(uri) == (project, uid, str(iteration), tag)
    assert create_uri(*parse_uri(uri)) == uri


def test_uris() -> None:
    assert create_uri("churn", "4f", 2, "best") == "churn@4f#2:best"
    assert create_uri(None, "4f") == "@4f#0"
    assert parse_uri("churn@4f#2") == ("churn", "4f", "2", "")
    for parts in [("a@b", "4f"), ("a", ""), ("a", "4#f"), ("a", "4f", -1), ("a", "4f", "x"), ("a", "4f", 0, "x:y"), ("a", "4f", 0, "#")]:
        with pytest.raises(FieldError, match="cannot be the parts"):
            create_uri(*parts)  # type: ignore[arg-type]
    for uri in ["", "churn", "churn@#0", "churn@4f", "churn@4f#", "churn@4f#x", "churn@4f#0:", "a@b@c#0", "\ud800"]:
        with pytest.raises(FieldError, match="is no run's URI"):
            parse_uri(uri)


def test_places_in_paths() -> None:
    assert fill_path("s3://b/{{project}}/{{ run.uid }}/{{run.project}}", uid="4f", project="p") == "s3://b/p/4f/p"
    assert fill_path("plain/{x}/%s", uid=None, project=None) == "plain/{x}/%s"
    assert fill_path("{{run.uid}}", uid="{{project}}", project="p") == "{{project}}"
    with pytest.raises(UnknownNameError, match=r"Did you mean 'run\.uid'\?"):
        fill_path("{{run.uuid}}", uid="4f", project="p")
    with pytest.raises(FieldError, match="there is none"):
        fill_path("{{project}}", uid="4f", project=None)
    for path in ("{{run.uid", "run.uid}}", "{{{{run.uid}}"):
        with pytest.raises((FieldError, UnknownNameError)):
            fill_path(path, uid="4f", project="p")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600),
        ("1h 30m", 5400),
        ("1h30m", 5400),
        ("1 day, 2 hours and 5 secs", 93605),
        ("1000s", 1000),
        ("250ms", 0.25),
        ("1.5 Hours", 5400),
        ("2w", 1209600),
        ("0s", 0),
        (90, 90),
        (0.5, 0.5),
        (timedelta(minutes=2), 120),
        (-1, None),
        (" -1 ", None),
        (timedelta(seconds=-1), None),
    ],
)
def test_lengths_of_time(text: Any, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


WRITTEN = [
    "",
    " ",
    "soon",
    "1",
    "1 houur",
    "h",
    "-5s",
    "1h 2h",
    "5m 1h",
    "1h and",
    "1h,",
    "1.h",
    "1e3s",
    "٣s",
    "1h\0",
    "9" * 99 + "w",
    "1" * 200,
]
OTHERS = ["1" * 200, True, None, [1], -2, -0.5, float("nan"), float("inf"), 10**30, timedelta(days=-1)]


@pytest.mark.parametrize("text", [*WRITTEN, *OTHERS], ids=range(len(WRITTEN) + len(OTHERS)))
def test_what_is_no_length_of_time(text: Any) -> None:
    with pytest.raises(FieldError, match="Parameter limit must be a length of time") as found:
        seconds_of(text, "limit", "RunSpec")
    assert (found.value.field, found.value.model) == ("limit", "RunSpec")


def test_a_unit_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(FieldError, match="Did you mean 'hours'"):
        seconds_of("2 houurs")


@laws
@given(text=st.text(max_size=20) | st.text("0123456789.hmsdw ,-", max_size=12))
def test_any_text_is_a_length_of_time_or_an_error_of_ours(text: str) -> None:
    try:
        found = seconds_of(text)
    except FieldError:
        return
    assert found is None or found >= 0


def test_nearest() -> None:
    assert nearest("acuracy", ["loss", "accuracy"]) == "accuracy"
    assert nearest("ACCURACY", ["loss", "accuracy"]) == "accuracy"
    assert nearest("zzz", ["loss"]) is None
    assert nearest("x" * 10**6, ["loss"]) is None
    error = unknown_name("field", "spce", ["spec", "metadata"], owner="RunTemplate")
    assert str(error) == "RunTemplate has no field 'spce'\n  → Did you mean 'spec'? Known: spec, metadata."
    assert (error.name, error.known, error.nearest) == ("spce", ("spec", "metadata"), "spec")
    assert "and 3 more" in str(unknown_name("key", "none", map(str, range(15))))
    assert str(unknown_name("key", "\x1b[31m\u202e", [])).isascii() is False
    assert "\x1b" not in str(unknown_name("key", "\x1b[31m\u202e", ["\x1b[0m"]))
    assert "\u202e" not in str(unknown_name("key", "\x1b[31m\u202e", ["\u202e"]))
