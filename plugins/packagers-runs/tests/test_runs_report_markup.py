"""Nothing that data holds is markup in a report: whatever a document, a manifest or a table of iterations holds, the page is ours."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.report.coordinates import coordinates
from packagers_runs.report.iterations import ROWS, iterations_of, number_of
from packagers_runs.report.logs import printed
from packagers_runs.report.pages import page, render
from packagers_runs.report.previews import PagePreview, PicturePreview, TablePreview, TextPreview, Told, preview_of, told_by
from packagers_runs.report.runpage import RunView, run_page

EVIL = (
    "<script>window.pwned = 1</script>",
    '"><img src=x onerror="window.pwned=1">',
    "'><svg onload=window.pwned=1>",
    "</title></style></script></pre><iframe src=https://evil.example>",
    "javascript:window.pwned=1",
    "{{ 1234567 * 7 }}{% for x in y %}",
    "<!-- --><![CDATA[ &lt;b&gt; &#60;b&#62;",
    'x" style="background:url(https://evil.example)" onmouseover="window.pwned=1',
    "\x00\x1b[31m\u202e\u2066\ufeff\ud800\U000e0041",
    "]]></style><link rel=stylesheet href=//evil.example/x.css>",
)
TAGS = (
    " a article b body br button code dd details div dl dt figcaption figure footer h1 h2 h3 h4 head header html img li line main meta nav "
    "p polyline pre rect script section span style summary svg table tbody td text th thead time title tr ul "
)
ATTRIBUTES = (
    " alt aria-label aria-labelledby aria-sort charset class content data-v datetime disabled height href http-equiv id lang name open "
    "points role scope src tabindex text-anchor title type viewbox width x x1 x2 y y1 y2 "
)
HREF = re.compile(r"#[a-z]+(?:-[0-9]+)?|[0-9a-f]{32}(?:-[0-9]+)?\.html")
SOURCE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+=*")
CLASS = re.compile(r"[A-Za-z0-9 -]*")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03" + bytes(30)


class Inspector(HTMLParser):
    """Refuses every tag, attribute and address that the templates do not write; gathers the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.scripts = 0
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert f" {tag} " in TAGS, tag
        self.scripts += tag == "script"
        names = [name for name, _ in attrs]
        assert all(f" {name} " in ATTRIBUTES for name in names), names
        assert len(set(names)) == len(names), names
        given = {name: value or "" for name, value in attrs}
        assert HREF.fullmatch(given.get("href", "#x")), given
        assert SOURCE.fullmatch(given.get("src", "data:image/png;base64,x")), given
        assert CLASS.fullmatch(given.get("class", "")), given
        assert re.fullmatch(r"[a-z]*(?:-[0-9]+)?", given.get("id", "")), given
        if tag not in ("meta", "img", "br", "line", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def inspected(html: str) -> str:
    """Check a page; gives its text."""
    found = Inspector(html)
    assert found.scripts == 1
    html.encode()
    # Nothing that has no shape of its own is left.
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]", html)
    return "".join(found.text)


def told(text: str) -> Told:
    table = {"columns": [text, text], "rows": [[text, {text: text}], [text]], "shape": [9, 9]}
    return Told(
        [(text, text)],
        preview_of({"table": table}),
        text,
        {text: text},
        text,
        {text: {"$link": text}, "x": text},
        {text: {"$link": text, "value": text}},
    )


def evil_view(text: str) -> RunView:
    """Give a run in which every text is the same one."""
    table = [["state", "iter", f"param.{text}", f"output.{text}", text], *([text, n, text * (n % 3), n / 7, text] for n in range(1, 12))]
    document = {
        "metadata": {"uid": text, "name": text, "project": text, "labels": {text: text, "owner": text}, "iteration": 0},
        "spec": {
            "handler": text,
            "parameters": {text: text, "x": [text], "y": {text: (text,)}},
            "hyperparams": {text: [text]},
            "hyper_param_options": {"selector": f"max.{text}", "strategy": text},
            "inputs": {text: text, "many": [text, text], "named": {text: text}},
            "inputs_type_hints": {text: text},
        },
        "status": {
            "state": text,
            "reason": text,
            "error": text,
            "traceback": text,
            "status_text": text,
            "host": text,
            "start_time": text,
            "end_time": text,
            "last_update": text,
            "results": {text: text, "best_iteration": 3},
            "iterations": table,
            "notifications": {text: {"status": text, "reason": text, "sent_time": text}},
            "artifacts": [
                {"kind": kind, "metadata": {"key": text + kind, "uri": text, "hash": text}, "spec": {"object_type": text, "size": text}}
                for kind in (text, "model")
            ],
        },
    }
    return RunView(document, 1, {text + "model": told(text), text * 2: told(text)}, text, 10**9)


@pytest.mark.parametrize("text", EVIL)
def test_no_field_of_a_run_becomes_markup(text: str) -> None:
    assert "8641969" not in inspected(run_page(evil_view(text)))


@pytest.mark.parametrize("text", EVIL)
def test_no_title_or_body_becomes_markup(text: str) -> None:
    inspected(page(text, text))


def test_data_is_shown_as_it_is() -> None:
    for text in EVIL[:-3]:
        assert text in inspected(run_page(evil_view(text)))


TEXT = st.one_of(st.sampled_from(EVIL), st.text(max_size=12))
ONE_ARTIFACT = {"status": {"artifacts": [{"metadata": {"key": "a"}}]}}
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)
VALUES = st.one_of(JSON, st.decimals(), st.binary(max_size=5), st.tuples(JSON), st.dates())


def documents(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), VALUES, max_size=5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    documents("uid", "name", "project", "labels", "iteration"),
    documents("handler", "parameters", "inputs", "inputs_type_hints", "hyperparams", "hyper_param_options", "selector", "strategy"),
    documents("state", "reason", "error", "traceback", "results", "artifacts", "iterations", "notifications", "start_time", "end_time"),
)
def test_any_document_gives_a_page(metadata: dict[str, Any], spec: dict[str, Any], status: dict[str, Any]) -> None:
    inspected(run_page(RunView({"metadata": metadata, "spec": spec, "status": status})))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(("table", "text", "png")), JSON, max_size=3))
def test_any_preview_is_read_or_left_out(preview: dict[str, Any]) -> None:
    found = preview_of(preview)
    if isinstance(found, TablePreview):
        assert {len(row) for row in found.rows} <= {len(found.columns)}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(JSON)
def test_any_manifest_is_read_or_left_out(manifest: Any) -> None:
    import json

    assert isinstance(told_by(json.dumps(manifest).encode()), Told)


def test_broken_manifests_tell_nothing() -> None:
    for broken in (b"", b"{", b"[" * 100_000, b'{"description": 1' + b"0" * 5000 + b"}", b"\xff"):
        assert told_by(broken) == Told()


def test_pictures_are_checked_png_files() -> None:
    def picture(data: bytes) -> Any:
        return preview_of({"png": base64.b64encode(data).decode()})

    found = picture(PNG)
    assert isinstance(found, PicturePreview)
    assert (found.width, found.height) == (2, 3)
    assert SOURCE.fullmatch(found.source)
    huge = PNG[:16] + b"\x7f\xff\xff\xff" * 2 + PNG[24:]
    no_sides = PNG[:16] + bytes(8) + PNG[24:]
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for other in (b"", svg, b"GIF89a" + PNG, bytes(8) + PNG[8:], PNG[:20], huge, no_sides, PNG + bytes(2 << 20)):
        assert picture(other) is None
    for text in ("%%%", "javascript:alert(1)", "data:image/png;base64,AAAA", "\ud800"):
        assert preview_of({"png": text}) is None


def test_the_source_of_a_page_is_no_preview() -> None:
    for source in ("<!DOCTYPE html>\n<p>", "\n<html lang=en>"):
        found = preview_of({"text": source})
        assert isinstance(found, PagePreview)
        shown = inspected(run_page(RunView(ONE_ARTIFACT, told={"a": Told(preview=found)})))
        assert "A page of HTML" in shown
    assert preview_of({"text": "<p>\r\na fragment"}) == TextPreview("<p>\na fragment")


def test_a_preview_is_bounded_and_says_what_is_missing() -> None:
    found = preview_of({"table": {"columns": [str(n) for n in range(100)], "rows": [["x" * 9000] * 100] * 300, "shape": [1000, 200]}})
    assert isinstance(found, TablePreview)
    assert (len(found.rows), len(found.columns), found.rest) == (50, 40, "950 more rows and 160 more columns")
    assert len(found.rows[0][0]) == 200


def grid(count: int, columns: int = 3) -> list[list[Any]]:
    names = [f"param.p{number}" for number in range(columns)]
    return [
        ["state", "iter", *names, "output.accuracy"],
        *(["completed", n, *(n * m for m in range(columns)), -abs(n - 7777) / 1000] for n in range(1, count + 1)),
    ]


def test_ten_thousand_iterations_give_a_page_that_opens() -> None:
    document = {
        "spec": {"selector": "max.accuracy"},
        "status": {"iterations": grid(10_000), "results": {"best_iteration": 7777, "accuracy": 0.0}},
    }
    html = run_page(RunView(document))
    assert len(html) < 1_000_000
    assert "Of 10,000 iterations, these are the 1,000 best by output.accuracy." in html
    assert re.search(r"30[01] of 10,000 are drawn, spread evenly over the order by output.accuracy.", html)
    assert html.count('<tr class="best">') == 1
    assert 'class="top-line"' in html
    inspected(html)


def test_without_a_selector_the_first_rows_are_shown_and_the_best() -> None:
    found = iterations_of(grid(ROWS + 50), ROWS + 20, None)
    assert found is not None
    assert found.places == [*range(ROWS - 1), ROWS + 19]
    assert found.best == ROWS + 19
    assert found.note.startswith("Of 1,050 iterations, these are the first 1,000")
    smallest = iterations_of(grid(ROWS + 50), None, "min.accuracy")
    assert smallest is not None
    assert smallest.places == list(range(ROWS))


def test_a_page_is_bounded_whatever_a_run_holds() -> None:
    text, count = "<" * 2500, 700
    many = {f"{number}{text}": text for number in range(count)}
    document = {
        "metadata": {"labels": many, "name": text, "uid": text, "project": text},
        "spec": {"parameters": many, "hyperparams": {name: [text] * 3 for name in many}, "inputs": {name: [text] * 20 for name in many}},
        "status": {
            "state": "error",
            "error": text * 100,
            "traceback": text * 100,
            "results": many,
            "notifications": {name: {"status": text, "reason": text, "sent_time": text} for name in many},
            "artifacts": [{"kind": text, "metadata": {"key": name, "uri": text}, "spec": {"object_type": text}} for name in many],
            "iterations": [["state", "iter", *(f"param.{n}{text}" for n in range(60))], *([text, n, *[text] * 60] for n in range(500))],
        },
    }
    html = run_page(RunView(document, log=text * 50, log_size=10**9))
    assert len(html) < 64 << 20
    for said in (
        "500 more artifacts are not shown",
        "13,500 more are not shown",
        "600 more",
        "200 more are not shown",
        "these are the first 400.",
    ):
        assert said in html


def test_columns_are_bounded_and_that_of_the_selector_stays() -> None:
    found = iterations_of(grid(2, columns=50), None, "accuracy")
    assert found is not None
    assert len(found.shown) == 30
    assert found.columns[found.shown[-1]] == "output.accuracy"
    assert "Of 53 columns, 30 are shown." in found.note
    assert "14 of 51 columns have an axis." in coordinates(found)


def test_no_table_without_rows() -> None:
    assert iterations_of([], None, None) is None
    assert iterations_of([["state"]], None, None) is None


CELLS = st.one_of(VALUES, st.floats(min_value=1e-300, max_value=1e300), st.integers(min_value=-(10**320), max_value=10**320))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), st.integers(0, 9), TEXT)
def test_any_values_can_be_drawn(rows: list[list[Any]], best: int, name: str) -> None:
    table = [["iter", "param.a", "output.b", f"param.{name}"], *([n, *row] for n, row in enumerate(rows, 1))]
    found = iterations_of(table, best, "min.b")
    assert found is not None
    root = ElementTree.fromstring(coordinates(found))
    svg = root.find(".//svg")
    assert svg is not None
    width, height = int(svg.get("width", "")), int(svg.get("height", ""))
    lines = svg.findall("polyline")
    assert len(lines) == len(rows)
    for line in lines:
        points = [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]
        assert len(points) == 3
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    for text in svg.findall("text"):
        assert float(text.get("y", "")) < height
    assert sum(line.get("class") == "top-line" for line in lines) == (1 <= best <= len(rows))


def heights(values: list[Any]) -> list[float]:
    """Draw an axis; gives where each line is on it."""
    table = [["param.a", "output.b"], *([value, 0] for value in values)]
    found = iterations_of(table, None, None)
    assert found is not None
    lines = re.findall(r'points="\d+,([0-9.]+) ', coordinates(found))
    return [float(y) for y in lines]


def test_axes() -> None:
    assert heights([0, 5, 10]) == [296.0, 176.0, 56.0]
    assert heights([1e-4, 1e-2, 1.0]) == [296.0, 176.0, 56.0]  # logarithmic
    assert heights(["b", "a", "c"]) == [176.0, 296.0, 56.0]
    assert heights([True, False, True]) == [56.0, 296.0, 56.0]
    assert heights([1, None, 3, float("nan")]) == [296.0, 330.0, 56.0, 330.0]
    assert heights([Decimal(1), 2.0]) == [296.0, 56.0]
    assert heights([7, 7]) == [176.0, 176.0]
    assert heights(["10", "9", 8]) == [56.0, 176.0, 296.0]
    assert heights([-1.7e308, 1.7e308]) == [296.0, 56.0]


def test_numbers() -> None:
    import numpy as np

    assert [number_of(value) for value in (np.int64(3), np.float32(0.5), np.bool_(True), "3", 1j)] == [3.0, 0.5, None, None, None]


def test_the_log_is_as_a_terminal_would_leave_it() -> None:
    assert printed("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ \x1b(B\x9b1mbold\x1b[0m") == "link bold"
    assert printed("10%\r20%\r\r\n\rdone\r") == "20%\ndone"
    assert "window" in printed("\x1b]0;window")  # what is not whole is not taken away


def test_templates_cannot_be_given_by_data() -> None:
    from jinja2 import TemplateNotFound

    with pytest.raises(TemplateNotFound):
        render("../pages.py")
