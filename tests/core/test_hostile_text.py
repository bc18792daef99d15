"""Text that means something to somebody else: as value, key of a dict, name of a file, of a folder, of a label, and in public formats.

And in all that people are shown of a package, in a terminal and as HTML.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import packagers
from packagers import PackError
from packagers.cli.page import page_of
from packagers.cli.screen import Screen
from packagers.cli.showing import show_manifest
from packagers.display import manifest_html, outputs_html
from packagers.manifest import Manifest, Part, Written
from packagers.previews import Picture, read_preview
from packagers.readable import value_text

TEXTS = [
    "",
    "\0",
    "\ud800",
    "\udcff",
    "\ufeff",
    "\u202e",
    "\u2028",
    "\x85",
    "\r",
    "\r\n",
    "e\u0301",
    "null",
    "~",
    "no",
    "1e3",
    "0x1",
    "=",
    "<<",
    "---",
    "- a",
    "{{a}}",
    "%s",
    "{0}",
    "${HOME}",
    "../../etc/passwd",
    "C:\\con",
    "$tuple",
    "$shared",
    "$same",
    "$object",
    "$part",
    "$link",
    "$",
    "__class__",
    "__dict__",
    "__reduce__",
    "\U0001f389",
    "x" * 70_000,
]
NAMES = [
    "sp ace",
    "tr%20a",
    "q?x",
    "h#y",
    "plus+",
    "~tilde",
    "é",
    "日本",
    "a,b;c",
    "[x]",
    "'q'",
    "$HOME",
    "-r",
    "\u202e",
    "a..b",
    "\U0001f389",
]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_any_text_comes_back_as_value_and_as_key(text: str, tmp_path: Path) -> None:
    value = [text, {text: text}, {text: {text: 1}, "a": 2}, {(text,): text}, {text}, {"$shared": text}, [{"$shared": 0}], [{"$same": 0}]]
    for hint in ("v", "v : file"):
        packagers.pack(value, hint, tmp_path)
        assert packagers.unpack(tmp_path / "v") == value


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("format", ["json", "jsonl", "yaml", "txt"])
def test_a_public_format_holds_a_text_or_refuses_it(text: str, format: str, tmp_path: Path) -> None:
    value: list[Any] = [text] if format == "txt" else [text, {text: text}]
    try:
        packagers.pack(value, f'v : file[format="{format}"]', tmp_path)
    except PackError:
        assert format == "txt" or "\ud800" <= text <= "\udfff"
    else:
        assert packagers.unpack(tmp_path / "v") == value


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "idna", "utf-7", "rot13", "nothing", "a\0b"])
def test_a_text_file_holds_a_text_or_refuses_it(text: str, encoding: str, tmp_path: Path) -> None:
    try:
        packagers.pack(text, {"key": "v", "artifact_type": "file", "packing_kwargs": {"encoding": encoding}}, tmp_path)
    except PackError:
        assert not (tmp_path / "v").exists()
    else:
        assert packagers.unpack(tmp_path / "v") == text


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("form", [Path, str, Path.as_uri])
def test_a_folder_of_any_name_is_found_by_path_and_by_url(name: str, form: Any, tmp_path: Path) -> None:
    folder = tmp_path / name
    packagers.pack({"a": b"x" * 70_000}, "key", folder)
    (folder / "b c.JSON").write_text('{"b": 1}')
    assert packagers.unpack(form(folder / "key")) == {"a": b"x" * 70_000}
    assert packagers.unpack(form(folder / "b c.JSON"), dict) == {"b": 1}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_key_of_any_allowed_name(name: str, tmp_path: Path) -> None:
    try:
        packagers.pack([1], {"key": name}, tmp_path)
    except packagers.HintSyntaxError:
        assert any(mark in name for mark in '?*:"<>|/\\')
    else:
        assert packagers.unpack(tmp_path / name) == [1]


@pytest.mark.parametrize("keys", [(1, "1"), (True, "true"), (None, "null"), (1.5, "1.5")])
def test_keys_that_are_one_in_json_are_refused_there(keys: tuple[Any, Any], tmp_path: Path) -> None:
    value: dict[Any, int] = dict.fromkeys(keys, 0)
    with pytest.raises(PackError, match="same text"):
        packagers.pack(value, 'v : file[format="json"]', tmp_path)
    packagers.pack(value, 'v : file[format="yaml"]', tmp_path)
    assert packagers.unpack(tmp_path / "v") == value


@pytest.mark.parametrize("format", ["json", "jsonl", "yaml", "txt"])
def test_a_public_format_refuses_what_it_cannot_hold(format: str, tmp_path: Path) -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    values: list[Any] = [cyclic, deep, [object()], [{(1, 2): 3}], [{frozenset(): 3}]]
    for value in values:
        with pytest.raises(PackError, match=f"no form in {format}") as caught:
            packagers.pack(value, f'v : file[format="{format}"]', tmp_path)
        assert "nothing is lost" in str(caught.value.remedy)
        assert not (tmp_path / "v").exists()


# What people see

FRAGMENTS = [
    *(
        "<script>alert(1)</script>",
        "</pre>",
        "</table>",
        '"><img src=x onerror=alert(1)>',
        "' onload='x",
        "&lt;",
        "<!--",
        "]]>",
        "<b",
        "&#0;",
    ),
    *("\x1b[31m", "\x1b]8;;http://example.com\x07", "\x9b31m", "\u202e", "\u2066", "\ud800", "\0", "\u2028", "\r", "\n", "\t", "\ufeff"),
    *(
        "=cmd|' /C calc'!A0",
        "[red]",
        "{title}",
        "{0}",
        "%s",
        "$tuple",
        "$link",
        "$part",
        "$object",
        "\u0645\u062f",
        "\U0001f389",
        "\u4e16\u754c",
    ),
]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0(\0\0\0\x1e"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
TAGS = {
    **{tag: {} for tag in ("b", "body", "caption", "figure", "h1", "head", "main", "p", "table", "tbody", "td", "thead", "title", "tr")},
    "style": {},
    "html": {"lang": "en"},
    "div": {"class": "packagers", "lang": "en"},
    "th": {"scope": "row|col"},
    "pre": {"aria-label": "Preview", "tabindex": "0"},
    "img": {"alt": "Preview", "width": r"\d+", "height": r"\d+", "src": "data:image/png;base64,[A-Za-z0-9+/=]+"},
    "meta": {"charset": "utf-8", "http-equiv": "Content-Security-Policy", "name": "referrer|viewport", "content": '[^<>"]+'},
}

texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=4).map("".join)
plain = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12)
objects = st.dictionaries(texts, anything, max_size=4)
rows = st.lists(st.lists(anything, max_size=4) | anything, max_size=4)
tables = st.fixed_dictionaries(
    {"columns": st.lists(anything, max_size=4) | anything, "rows": rows | anything, "shape": anything | st.just([9, -9])}
)
pictures = st.sampled_from([PNG, SVG, PNG[:20], PNG[:16] + b"\xff" * 8, b"", b"GIF89a"]).map(lambda data: base64.b64encode(data).decode())
previews = st.dictionaries(st.sampled_from(["table", "text", "png", "svg", "html"]), anything | tables | pictures, max_size=2)
tagged = st.sampled_from(
    ["$tuple", "$set", "$dict", "$object", "$value", "$part", "$link", "$same", "$int", "$bytes", "$str", "$Decimal", "$shared"]
)
nodes = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(tagged | texts, inner, max_size=3), max_leaves=12)
written = st.builds(Written, texts, texts, texts, st.none() | texts, objects)
manifests = st.builds(
    Manifest,
    st.sampled_from(["key", "<b>key</b>", "\u202ekey"]),
    written,
    value=nodes,
    skeleton=nodes,
    parts=st.lists(st.builds(Part, written, st.just("part-0")), max_size=2).map(tuple),
    lossless=st.booleans(),
    description=objects,
    preview=previews,
    labels=objects,
    tag=texts,
    extra_data=objects,
    metrics=objects,
    versions=objects,
)


class Page(HTMLParser):
    """Checks that every tag, every attribute and every way to nest them is one of ours."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert re.fullmatch(TAGS[tag][name], value or ""), (tag, name, value)
        assert tag in TAGS
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_decl(self, decl: str) -> None:
        assert decl == "doctype html"

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment


@contextmanager
def terminal(width: int | str = 80, encoding: str = "utf-8", *, is_terminal: bool = True) -> Iterator[io.BytesIO]:
    """Catch what is printed, as a terminal of a width."""
    caught = io.BytesIO()
    stream = io.TextIOWrapper(caught, encoding=encoding, newline="\n", write_through=True)
    stream.isatty = lambda: is_terminal  # type: ignore[method-assign]
    variables = {"COLUMNS": str(width), "TERM": "xterm", "NO_COLOR": "1"}
    with mock.patch.dict(os.environ, variables), redirect_stdout(stream):
        yield caught
    stream.detach()


def is_harmless(text: str) -> bool:
    """Tell whether nothing in a text is more than a character, but for what makes headings bold."""
    return all(character.isprintable() or character in "\n\t" for character in re.sub(r"\x1b\[[01]m", "", text))


@settings(max_examples=60, deadline=None)
@given(manifests)
def test_no_tag_or_attribute_comes_from_data(manifest: Manifest) -> None:
    for html in (manifest_html(manifest), page_of(manifest), outputs_html([(manifest.tag, manifest.written.packager)], 0)):
        page = Page(html)
        assert is_harmless(page.text)
        html.encode()


@settings(max_examples=40, deadline=None)
@given(manifests, st.sampled_from([0, 30, 80, 300]), st.booleans())
def test_nothing_that_is_printed_steers_a_terminal(manifest: Manifest, width: int, is_terminal: bool) -> None:
    with terminal(width, is_terminal=is_terminal) as caught:
        show_manifest(Screen(), manifest)
    assert is_harmless(caught.getvalue().decode())


@pytest.mark.parametrize("width", [-5, 0, 1, 20, "many"])
def test_a_terminal_of_any_width(width: Any) -> None:
    table = {"columns": [f"column {n}" for n in range(50)], "rows": [["\u4e16\u754c" * 30] * 50] * 3, "shape": [1000, 60]}
    with terminal(width) as caught:
        show_manifest(Screen(), Manifest("key", Written("a", "b", "c"), preview={"table": table}))
    lines = caught.getvalue().decode().splitlines()
    assert "997 more rows and" in lines[-1]
    if width == 20:
        assert lines[-1] == "… and 997 more rows and 59 more columns"
        assert all(cell_len(line) <= 20 for line in lines[2:-1])


def test_what_a_terminal_cannot_encode_is_shown_by_its_number() -> None:
    manifest = Manifest("key", Written("a", "é", "c"), preview={"table": {"columns": ["\u4e16"], "rows": [["\xe9"]]}})
    for is_terminal in (True, False):
        with terminal(80, "ascii", is_terminal=is_terminal) as caught:
            show_manifest(Screen(), manifest)
        shown = caught.getvalue().decode("ascii")
        assert "\\xe9" in shown
        assert "\\u4e16" in shown


def test_endless_and_bottomless_things_are_cut_short() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = {"$tuple": [deep]}
    long = "x" * 10_000_000
    many = {str(number): long for number in range(500)}
    table = {"columns": [long] * 1000, "rows": [[long] * 1000] * 1000}
    skeleton = [{"$part": 0, "item": number} for number in range(10_000)]
    parts = tuple(Part(Written("a", "b" * 1000, "c", "d"), f"part-{number}") for number in range(500))
    huge = Manifest(
        "key", Written(long, long, long, long), skeleton=skeleton, parts=parts, description=many, preview={"table": table}, labels=many
    )
    odd = Manifest("key", Written("a", "b", "c"), value={"$bytes": long}, description={"deep": deep}, preview={"text": long}, metrics=many)
    for manifest, most in ((huge, 6_000_000), (odd, 250_000)):
        with terminal(is_terminal=False) as caught:
            show_manifest(Screen(), manifest)
        assert 50_000 < len(caught.getvalue()) < most
        assert 50_000 < len(page_of(manifest)) < most
    assert value_text(deep, 100) == "(" * 21 + "…" + ",)" * 21


@pytest.mark.parametrize(
    ("preview", "shown"),
    [
        ({"table": {"columns": ["a", "b"], "rows": [{"a": 1}, ["x"], ["y", "z", "more"], "text"]}}, [["x", ""], ["y", "z"]]),
        ({"table": {"columns": [], "rows": [["x"]]}}, [[]]),
        ({"table": {"rows": [["x"]]}}, None),
        ({"table": {"columns": {"a": 1}, "rows": []}}, None),
        ({"table": [["x"]]}, None),
        ({"png": base64.b64encode(SVG).decode()}, None),
        ({"png": base64.b64encode(PNG[:16] + b"\xff" * 8).decode()}, None),
        ({"png": base64.b64encode(PNG[:16] + bytes(8)).decode()}, None),
        ({"png": base64.b64encode(PNG).decode() + "\n"}, None),
        ({"png": "A" * 3_000_000}, None),
        ({"svg": SVG.decode()}, None),
        ({"html": "<b>x</b>"}, None),
        ({}, None),
    ],
)
def test_a_preview_of_a_wrong_shape(preview: dict[str, Any], shown: Any) -> None:
    assert getattr(read_preview(preview), "rows", None) == shown
    assert read_preview({"png": base64.b64encode(PNG).decode()}) == Picture(PNG, 40, 30)


def test_hostile_text_in_a_package_is_text_where_it_is_shown(tmp_path: Path) -> None:
    evil = "".join(FRAGMENTS[:-4]).replace("\ud800", "")
    value = {"key": [{evil: evil}], evil: evil, "more": b"<script>"}
    artifact = packagers.pack(value, packagers.LogHint("v", artifact_type="file", labels={evil: evil}, extra_data={"note": evil}), tmp_path)
    outputs = packagers.Outputs({evil: packagers.Result(evil, evil), "v": artifact}, None)
    for html in (artifact._repr_html_(), outputs._repr_html_(), page_of(artifact.manifest)):  # type: ignore[union-attr]
        assert is_harmless(Page(html).text)
        assert "&lt;script&gt;" in html
