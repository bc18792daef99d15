"""SECURITY.md is whole: each promise names its tests, and the table of the last run is as it is written, of suites that exist."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
SCRIPT = runpy.run_path(str(ROOT / "docs" / "security.py"))

RUN = {"date": "2026-11-22", "commit": "0123abc-dirty", "machine": "2 cores, CPython 3.11.7, Linux 6.18"}
ROW = {"file": "conftest.py", "suite": "faults", "done": "kill -9", "form": "short", "points": 1_000, "violations": 0, "passed": True}


LEAST = [
    # suite, a part of what was done, form, how often at least
    ("hostile packages", "policy own", "short", 300),
    ("broken plugins", "contained", "short", 45),
    ("faults", "kill -9 at a random moment", "short", 200),
    *(("faults", f"{fault} at a system call", "short", 1) for fault in ("kill -9", "ENOSPC", "EIO", "EACCES", "EMFILE", "EXDEV")),
    ("loss of power", "full", "short", 500),
    ("loss of power", "process", "short", 500),
    *((suite, "", "short", 1) for suite in ("corruption", "concurrency", "interrupts", "hygiene", "no silent loss", "one gate", "fuzzing")),
    *(("faults", f"{fault} at a system call", "long", 150) for fault in ("kill -9", "ENOSPC", "EIO", "EACCES", "EMFILE")),
    ("corruption", "", "long", 2_000),
    ("hygiene", "", "long", 1_000),
    ("fuzzing", "hint text", "long", 100_000),
    ("fuzzing", "manifest", "long", 20_000),
    ("fuzzing", "archive", "long", 5_000),
]
"""What the short forms do each time, and the exhaustive ones where they ran."""


def test_each_promise_names_its_tests() -> None:
    promised = set(re.findall(r"^(\d+)\. \*\*", DOCUMENT, re.MULTILINE))
    tested = re.findall(r"^\| (\d+(?:, \d+)*) \| (.*) \|$", DOCUMENT.partition("## How each promise is tested")[2], re.MULTILINE)
    assert promised == {number for numbers, _ in tested for number in numbers.split(", ")}
    for numbers, tests in tested:
        named = re.findall(r"`(tests/\S+\.py)`", tests)
        assert named, numbers
        assert all((ROOT / name).is_file() for name in named), tests


def test_the_table_of_the_last_run_is_well_formed_and_has_no_violation() -> None:
    figures = SCRIPT["check"]()
    assert figures
    assert [figure for figure in figures if figure.violations or figure.failed] == []


@pytest.mark.parametrize(("suite", "done", "form", "least"), LEAST)
def test_the_last_run_did_as_much_as_was_promised(suite: str, done: str, form: str, least: int) -> None:
    rows = [figure for figure in SCRIPT["check"]() if figure.suite == suite and done in figure.done and figure.form == form]
    assert rows or form == "long"
    assert [figure for figure in rows if figure.points < least] == []


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any]) -> str:
    """Let the script write a table of these rows, and give it."""
    document = tmp_path / "SECURITY.md"
    document.write_text("before\n<!-- figures -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    monkeypatch.setitem(SCRIPT["write"].__globals__, "DOCUMENT", document)
    figures = tmp_path / "figures.jsonl"
    figures.write_text("\n".join(map(json.dumps, (RUN, *rows))), encoding="utf-8")
    SCRIPT["write"]([figures])
    return document.read_text(encoding="utf-8")


def test_equal_figures_are_added_up_and_failures_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {**ROW, "form": "long", "points": 5, "violations": 2, "passed": False}
    text = written(tmp_path, monkeypatch, ROW, failed, ROW)
    assert text.startswith("before\n<!-- figures -->\nRun of 2026-11-22, commit `0123abc-dirty`, on 2 cores")
    assert "| faults | kill -9 | long | 5 | 2; failed | [`conftest.py`](conftest.py) |\n" in text
    assert "| faults | kill -9 | short | 2,000 | 0 | [`conftest.py`](conftest.py) |\n<!-- end -->\nafter\n" in text
    assert [(figure.points, figure.violations, figure.failed) for figure in SCRIPT["check"]()] == [(5, 2, True), (2_000, 0, False)]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no figures"),
        pytest.param([{**ROW, "file": "tests/core/test_nothing.py"}], id="no such test"),
        pytest.param([{**ROW, "done": "a | b"}], id="a bar"),
    ],
)
def test_what_the_table_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(SCRIPT["Malformed"]):
        written(tmp_path, monkeypatch, *rows)


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("| short |", "| medium |"),
        ("2026-11-22", "yesterday"),
        ("| 1,000 |", "| many |"),
        ("| how often |", "| often |"),
        ("<!-- end -->", ""),
    ],
)
def test_a_malformed_table_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, damage: str) -> None:
    text = written(tmp_path, monkeypatch, ROW)
    assert part in text
    (tmp_path / "SECURITY.md").write_text(text.replace(part, damage), encoding="utf-8")
    with pytest.raises(SCRIPT["Malformed"]):
        SCRIPT["check"]()
