"""The index and runs side by side in a real browser: nothing of data runs, nothing is requested, all can be read, filtered and printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers_runs.report.folders import write_comparison, write_index
from packagers_runs.runstore import connect

WIDTHS = (320, 390, 1280)
RUN = "window.pwned = 1; fetch('https://evil.example/'); alert(1); document.title = 'theirs'"
MARKUP = (
    f"<script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f'</title></style></script><svg onload="{RUN}"><style>*{{background:url(https://evil.example/css)}}</style>',
    f"javascript:{RUN}",
    f'x" style="background:url(https://evil.example/style)" onmouseover="{RUN}" autofocus onfocus="{RUN}',
    "<base href=https://evil.example/><iframe src=https://evil.example></iframe>{{7*7}}\u202etxt.exe\x1b[31m\x00" + "W" * 600,
)
ALL = " ".join(MARKUP)


def document_of(number: int) -> dict[str, Any]:
    """A run whose every text tries to be markup; even its uid."""
    uid = "../../" + MARKUP[0] if number == 3 else f"{number + 1:032x}"
    results = {f"{ALL} {number}": ALL, "accuracy": number / 8, MARKUP[1]: number}
    return {
        "metadata": {"uid": uid, "name": f"run-{number} {MARKUP[2]}", "project": MARKUP[0], "labels": {ALL: ALL}, "iteration": 0},
        "spec": {"handler": ALL, "parameters": {ALL: f"{ALL} {number}", "depth": number}, "inputs": {MARKUP[0]: [MARKUP[3], ALL]}},
        "status": {
            "state": "error" if number == 2 else "completed",
            "error": ALL,
            "start_time": f"2026-11-22T05:3{number}:00+00:00",
            "end_time": MARKUP[0] if number else "2026-11-22T06:30:00+00:00",
            "results": results,
            "artifacts": [],
        },
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    with connect(f"sqlite:///{tmp_path_factory.mktemp('store')}/runs.db") as store:
        for number in range(6):
            document = document_of(number)
            attempt = store.begin({**document, "status": {"state": "running"}})
            with packagers.Session(store.staging(attempt), record=False) as session:
                session.pack({"text": [f"{ALL} {number}"]}, "table : file")
            made = session.artifacts["table"]
            said = {"kind": ALL, "metadata": {"key": "table", "hash": made.digest, "uri": ALL}, "spec": {"object_type": ALL, "size": 3}}
            document["status"]["artifacts"] = [said]
            store.write(attempt, document, dict(session.artifacts))
        found = store.documents()
        index = write_index(store)
        yield {
            "index": index,
            "two": write_comparison(store, found[:2], index.with_name("two.html")),
            "five": write_comparison(store, found[:5], index.with_name("five.html")),
        }


def poke(page: Any) -> None:
    """Do what a reader does: open what is closed, press each button, type, move over everything."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate("document.querySelectorAll('button').forEach(each => each.click())")
    page.evaluate("document.querySelectorAll('*').forEach(each => each.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))")
    for field in page.locator("input").all():
        field.fill(MARKUP[0])
        field.fill("")


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("kind", ["index", "two", "five"])
def test_nothing_runs_and_nothing_is_requested(kind: str, width: int, pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    seen = watched(width)
    page = seen.open(pages[kind])
    title = page.title()
    poke(page)
    assert page.evaluate("window.pwned") is None
    assert seen.complaints == []
    assert seen.requests == [pages[kind].as_uri()]
    assert page.title() == title != "theirs"
    assert page.evaluate("[document.scripts.length, document.styleSheets.length]") == [1, 1]
    assert page.evaluate("document.querySelectorAll('img, svg, iframe, object, base, [style], [onload], [onerror], [onfocus]').length") == 0
    links = page.evaluate("[...document.links].map(each => each.href)")
    assert links
    assert all(link.startswith(pages[kind].parent.as_uri()) and link.endswith(".html") for link in links)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["index", "two", "five"])
def test_the_page_is_as_wide_as_the_window(kind: str, width: int, pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched(width).open(pages[kind])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.box, pre') && e.getBoundingClientRect().right > innerWidth)"
    assert page.evaluate(f"{beyond}.map(each => each.outerHTML.slice(0, 80))") == []
    if kind != "five":  # what can stand in the window does; more than three runs scroll
        cells = "[...document.querySelectorAll('.wide td, .wide th')].filter(each => each.offsetParent)"
        assert width > 390 or page.evaluate(f"{cells}.every(each => each.getBoundingClientRect().right <= innerWidth)")


def names(page: Any) -> list[str]:
    """Give the numbers of the runs that can be seen."""
    found: list[str] = page.evaluate("[...document.querySelectorAll('#runs tbody tr:not([hidden])')].map(row => row.cells[1].innerText)")
    return [name.split(" ")[0].removeprefix("run-") for name in found]


def test_the_index_is_filtered_as_one_types(pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched().open(pages["index"])
    assert len(names(page)) == 6
    field = page.get_by_label("Show only runs with")
    field.fill("RUN-2")
    assert page.locator("[role=status]").inner_text() == "1 of 6"
    assert page.locator("#runs tbody tr:visible").count() == 1
    field.fill("  completed   05:31 ")
    assert names(page) == ["1"]
    field.fill("nothing of that")
    assert page.locator("#runs tbody tr:visible").count() == 0
    field.fill("")
    assert page.locator("#runs tbody tr:visible").count() == 6
    assert page.locator("[role=status]").inner_text() == ""


def test_the_index_is_sorted_by_its_headings(pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched().open(pages["index"])
    assert names(page) == ["5", "4", "3", "2", "1", "0"]
    page.get_by_role("button", name="Started").click()
    assert names(page) == ["0", "1", "2", "3", "4", "5"]
    page.get_by_role("button", name="State").press("Enter")
    page.get_by_role("button", name="State").press("Enter")
    assert names(page)[0] == "2"


def test_without_script_the_index_is_whole_and_has_no_field(pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched(java_script_enabled=False).open(pages["index"])
    assert page.locator("input:visible").count() == 0
    assert page.locator("#runs tbody tr:visible").count() == 6


def test_what_differs_is_marked_by_more_than_colour(pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched().open(pages["two"])
    row = page.locator("tr", has=page.locator("th", has_text="depth")).first
    assert row.locator("th").inner_text().startswith("≠")
    cells = row.locator("td")
    widths = [cells.nth(place).evaluate("each => getComputedStyle(each).borderLeftWidth") for place in range(2)]
    assert widths[0] == "0px"
    assert float(widths[1].removesuffix("px")) >= 3


@pytest.mark.parametrize("kind", ["index", "two", "five"])
def test_pages_are_printed_whole(kind: str, pages: dict[str, Path], watched: Callable[..., Any], tmp_path: Path) -> None:
    page = watched(794).open(pages[kind])  # A4
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("input:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    cut = "[...document.querySelectorAll('.box')].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).length"
    assert page.evaluate(cut) == 0
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["index", "five"])
def test_everything_is_reached_by_keyboard(kind: str, pages: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched(390).open(pages[kind])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    wanted = page.evaluate("[...document.querySelectorAll('a, button, summary, input, [tabindex]')].filter(e => e.offsetParent).length")
    page.evaluate("window.reached = new Set(); document.addEventListener('focusin', e => window.reached.add(e.target))")
    for _ in range(wanted):
        page.keyboard.press("Tab")
    assert page.evaluate("window.reached.size") == wanted
