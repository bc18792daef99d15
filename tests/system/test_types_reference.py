"""The reference of the built-in types names every one, every form and every option, and says of each what holds."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packagers import Registry
from packagers.testing.forms import forms_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/types.md").read_text(encoding="utf-8")
OURS = ["packagers", *sorted(path.parents[1].name for path in ROOT.glob("plugins/*/tests/test_suite.py"))]
REGISTRATIONS = [r for r in Registry() if r.distribution in OURS and r.path is not None]


def anchor_of(heading: str) -> str:
    """Give the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section_of(type_path: str) -> str:
    """Give what the page says of a type: where the first column of a distribution's table leads."""
    (anchor,) = [anchor for types, anchor in re.findall(r"^\| \[(.*)\]\(#(.+?)\) \|", PAGE, re.MULTILINE) if f"`{type_path}`" in types]
    (found,) = [part for part in re.split(r"^### ", PAGE, flags=re.MULTILINE) if anchor_of(part.partition("\n")[0]) == anchor]
    return re.split(r"^## ", found, flags=re.MULTILINE)[0]


def rows_of(type_path: str) -> list[list[str]]:
    """Give the rows of the table of forms of a type."""
    lines = [line for line in section_of(type_path).splitlines() if line.startswith("| ")]
    return [[cell.strip().replace("*", "") for cell in line.strip("|").split("|")] for line in lines[1:]]


@pytest.mark.parametrize("distribution", OURS)
def test_every_type_and_every_form_is_there(distribution: str) -> None:
    assert f"\n## {distribution}\n" in PAGE
    for registration in REGISTRATIONS:
        if registration.distribution != distribution:
            continue
        label = f" ({registration.path.label})" if registration.path.label else ""  # type: ignore[union-attr]
        rows = rows_of(f"{registration.path}{label}")
        packager = registration.load()
        for form in forms_of(packager, {}):
            if not packager.is_container():
                assert [row for row in rows if has_form(row, form.artifact_type, form.format)], (registration, form.name)
        text = section_of(f"{registration.path}{label}")
        for method in (*packager.packs.values(), *packager.unpacks.values()):
            if set(method.options) - {"format"}:
                assert re.search(rf"^Options of {method.direction}ing .*`{method.artifact_type}`", text, re.MULTILINE), (
                    registration,
                    method,
                )


def has_form(row: list[str], artifact_type: str, format: str | None) -> bool:
    return artifact_type in row[0].split(", ") and (f"`{format}`" in row[1].split() if format else not row[1])


@pytest.mark.parametrize(
    ("type_path", "artifact_type", "format", "facts"),
    [
        ("pandas.DataFrame", "dataset", "parquet", ["whole", "data", "yes"]),
        ("pandas.DataFrame", "dataset", "csv", ["in part (lossy)", "data", "yes"]),
        ("matplotlib.figure.Figure", "plot", "png", ["no (pack-only)", "-", "yes"]),
        ("sklearn.base.BaseEstimator", "model", "skops", ["whole", "audited", "no"]),
        ("sklearn.base.BaseEstimator", "model", "joblib", ["whole", "code", "no"]),
        ("torch.nn.Module", "model", "pt", ["only read", "code", "no"]),
        ("numpy.ndarray", "object", None, ["whole", "code", "no"]),
        ("dict", "file", None, ["whole", "data", "yes"]),
        ("dict", "file", "json", ["in part (lossy)", "data", "no"]),
        ("object (dataclass)", "file", None, ["whole", "data", "yes"]),
        ("object", "object", None, ["whole", "code", "no"]),
    ],
)
def test_what_is_said_of_a_form(type_path: str, artifact_type: str, format: str | None, facts: list[str]) -> None:
    (row,) = [row for row in rows_of(type_path) if has_form(row, artifact_type, format)]
    assert row[2:] == facts


def test_defaults_are_bold() -> None:
    assert "| **dataset**, file | **`parquet`**" in section_of("pandas.DataFrame")
    assert "| **result** |" in section_of("str")


def test_options_have_defaults_meanings_and_choices() -> None:
    assert re.search(r"^\* `mmap_mode` = `None`: .+ One of `'r'`, `'c'`\.$", section_of("numpy.ndarray"), re.MULTILINE)
    assert re.search(r"^\* `columns` = `None`: .+\.$", section_of("pandas.DataFrame"), re.MULTILINE)


def test_links_inside_of_the_page_lead_somewhere() -> None:
    headings = {anchor_of(line.lstrip("# ")) for line in PAGE.splitlines() if line.startswith("#")}
    links = set(re.findall(r"\]\(#(.+?)\)", PAGE))
    assert links
    assert links <= headings


def test_a_new_type_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: dict[str, Any] = runpy.run_path(str(ROOT / "docs/typepages.py"))

    class WithOneMore(Registry):
        def __iter__(self) -> Any:
            first = next(r for r in super().__iter__() if str(r.path) == "bytes")
            yield from super().__iter__()
            yield replace(first, type_path="brand.New")

    monkeypatch.setitem(pages["types"].__globals__, "Registry", WithOneMore)
    assert "`brand.New`" in pages["types"]()
    assert "`brand.New`" not in PAGE
