"""The path of a target: the table of the run model, what is refused, and the laws that hold for every path."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.data.targetpath import PLACEHOLDER, TargetPathObject
from packagers_runs.errors import FieldError


@pytest.mark.parametrize(
    ("base", "run_id", "single", "template", "absolute"),
    [
        ("/a/b", None, False, "/a/b", "/a/b"),
        ("/a/b/", None, False, "/a/b/", "/a/b/"),
        ("/a/b", None, True, "/a/b", "/a/b"),
        ("/a/b", "R1", False, "/a/b/{run_id}/", "/a/b/R1/"),
        ("/a/b/", "R1", False, "/a/b/{run_id}/", "/a/b/R1/"),
        ("/a/b.csv", "R1", True, "/a/{run_id}/b.csv", "/a/R1/b.csv"),
        ("b.csv", "R1", True, "{run_id}/b.csv", "R1/b.csv"),
        ("/b.csv", "R1", True, "/{run_id}/b.csv", "/R1/b.csv"),
        ("/a/b/", "R1", True, "/a/b/{run_id}/", "/a/b/R1/"),
        ("s3://b/x/{run_id}", "R1", False, "s3://b/x/{run_id}/", "s3://b/x/R1/"),
        ("s3://b/x/{run_id}", "R1", True, "s3://b/x/{run_id}/", "s3://b/x/R1/"),
        ("s3://b/x/{run_id}/", "R1", False, "s3://b/x/{run_id}/", "s3://b/x/R1/"),
        ("s3://b/x/{run_id}/f.pq", "R1", False, "s3://b/x/{run_id}/f.pq", "s3://b/x/R1/f.pq"),
        ("s3://b/x/{run_id}/f.pq", "R1", True, "s3://b/x/{run_id}/f.pq", "s3://b/x/R1/f.pq"),
        ("s3://b/f.pq", "R1", True, "s3://b/{run_id}/f.pq", "s3://b/R1/f.pq"),
        ("s3://b", "R1", False, "s3://b/{run_id}/", "s3://b/R1/"),
        ("/a/{run_id}/b/{run_id}.csv", "R1", True, "/a/{run_id}/b/{run_id}.csv", "/a/R1/b/R1.csv"),
        ("file:///", "R1", False, "file:///{run_id}/", "file:///R1/"),
        (PurePosixPath("/a/b.csv"), "R1", True, "/a/{run_id}/b.csv", "/a/R1/b.csv"),
    ],
    ids=str,
)
def test_the_table(base: Any, run_id: str | None, single: bool, template: str, absolute: str) -> None:
    path = TargetPathObject(base, run_id, single)
    assert path.get_templated_path() == path.full_path_template == template
    assert path.get_absolute_path() == absolute


@pytest.mark.parametrize(
    ("arguments", "field", "complaint"),
    [
        ((), "base_path", "there is no path"),
        (("",), "base_path", "the path is empty"),
        (("  ",), "base_path", "the path is empty"),
        ((b"/a",), "base_path", "Parameter base_path must be a string"),
        (("s3://",), "base_path", "the URL names no place"),
        (("{run_id}://b/x", "R1"), "base_path", "the URL names no place"),
        (("/a/{run_id}",), "run_id", "the path has a place for a run_id, and none was given"),
        (("/a/{project}", "R1"), "base_path", "the path has '{project}' in it"),
        (("/a/{}",), "base_path", "the path has '{}' in it"),
        (("/a/{run_id", "R1"), "base_path", "the path has '{' in it"),
        (("/a/{{run_id}}", "R1"), "base_path", "the path has '{' in it"),
        (("/a/{RUN_ID}", "R1"), "base_path", "the path has '{RUN_ID}' in it"),
        (("/a", ""), "run_id", "the run_id is empty"),
        (("/a", " "), "run_id", "the run_id is empty"),
        (("/a", 7), "run_id", "Parameter run_id must be a string"),
        (("/a", "{run_id}"), "run_id", "cannot be the name of a folder"),
        (("/a", "../b"), "run_id", "cannot be the name of a folder"),
        (("/a", ".."), "run_id", "cannot be the name of a folder"),
        (("/a", "a\n"), "run_id", "cannot be the name of a folder"),
        (("/a", "R1", 1), "is_single_file", "Parameter is_single_file must be a boolean"),
        (("s3://b", "R1", True), "base_path", "the URL names no file"),
    ],
    ids=str,
)
def test_what_is_refused_says_why_and_what_to_do(arguments: tuple[Any, ...], field: str, complaint: str) -> None:
    with pytest.raises(FieldError, match="→") as caught:
        TargetPathObject(*arguments)
    assert complaint in str(caught.value)
    assert caught.value.field == field


BASES = st.lists(st.sampled_from(["a", "b.csv", "/", "//", "s3://", "{run_id}", "{", "}", "{x}", " ", "é", "?v=1"]), max_size=6).map(
    "".join
)
NAMES = st.text(max_size=5) | st.sampled_from(["R1", "{run_id}", "run_id}", "..", "a/b"])


@settings(derandomize=True, max_examples=500)
@given(BASES, st.none() | NAMES, st.booleans())
def test_no_path_keeps_a_placeholder(base: str, run_id: str | None, single: bool) -> None:
    try:
        path = TargetPathObject(base, run_id, single)
    except FieldError:
        return
    template, absolute = path.get_templated_path(), path.get_absolute_path()
    assert not set("{}") & set(absolute)
    assert (PLACEHOLDER in template) == (run_id is not None)
    if run_id is None:
        assert template == absolute == base
    else:
        assert absolute == template.replace(PLACEHOLDER, run_id)
        assert TargetPathObject(template, run_id, single).get_absolute_path() == absolute  # a template is a base of the same path
        assert single or absolute.endswith("/") or PLACEHOLDER in base
        if PLACEHOLDER not in base:
            assert template.replace(f"{PLACEHOLDER}/", "").rstrip("/") == base.rstrip("/")


def test_two_of_one_path_are_equal() -> None:
    assert TargetPathObject("/a", "R1") == TargetPathObject("/a", "R1") != TargetPathObject("/a", "R2")
    assert len({TargetPathObject("/a", "R1"), TargetPathObject("/a", "R1"), TargetPathObject("/a", "R1", True)}) == 2
    assert TargetPathObject("/a") != "/a"
    assert repr(TargetPathObject("/a", "R1")) == "TargetPathObject('/a', 'R1', False)"
