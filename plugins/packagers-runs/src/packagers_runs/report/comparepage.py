"""Runs side by side: one page with what differs between them, their figures and tables beside each other, and what is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from attrs import frozen

from packagers_runs.report.comparison import MISSING, Comparison, Line
from packagers_runs.report.pages import page, render
from packagers_runs.report.previews import Told
from packagers_runs.report.tables import uid_text
from packagers_runs.report.words import cut, time_text

_LINES = 2000
_PICTURES = 50


@frozen
class _Cell:
    text: str
    change: str
    is_missing: bool
    is_other: bool


@frozen
class _Column:
    name: str
    uid: str
    file: str
    state: str
    badge: str
    project: str
    started: str
    took: str


def compare_page(comparison: Comparison, files: Sequence[str], told: Sequence[Mapping[str, Told]]) -> str:
    """Give the page.

    Args:
        comparison: Of the runs.
        files: The file of each one's report, beside the page.
        told: What the manifests of each one's artifacts tell, by key.
    """
    columns = [
        _Column(
            cut(str(run["name"]) or uid_text(run["uid"])),
            uid_text(run["uid"], run["iteration"]),
            file,
            str(run["state"]),
            str(run["state"]) if str(run["state"]).isalnum() else "",
            cut(str(run["project"])),
            time_text(run["started"]),
            run["took"],
        )
        for run, file in zip(comparison.runs, files, strict=True)
    ]
    differing = comparison.differences
    equal = [line for line in comparison.lines if line.differs is False]
    body = render(
        "compare.html",
        columns=columns,
        sections=_sections(differing[:_LINES]),
        equal=_sections(equal[:_LINES]),
        counts=(len(differing), len(equal)),
        more=(max(0, len(differing) - _LINES), max(0, len(equal) - _LINES)),
        pictures=_pictures(comparison, told),
    )
    return page(cut(" and ".join(dict.fromkeys(column.name for column in columns)) + " · compared"), body)


def _sections(lines: Sequence[Line]) -> list[tuple[str, list[tuple[str, str, list[_Cell]]]]]:
    """Give, for each section, names, marks and cells of its lines."""
    return [
        (section.capitalize(), [(cut(line.name), line.mark, _cells(line)) for line in found])
        for section, found in ((name, list(group)) for name, group in groupby(lines, lambda line: line.section))
    ]


def _cells(line: Line) -> list[_Cell]:
    texts, changes = line.texts(), line.changes()
    return [
        _Cell(text, change, value is MISSING, text != texts[0]) for text, change, value in zip(texts, changes, line.values, strict=True)
    ]


def _pictures(comparison: Comparison, told: Sequence[Mapping[str, Told]]) -> list[tuple[str, list[Told | None]]]:
    """Give what differs and can be looked at: the key of each artifact, and what is known of it in each run."""
    keys = [line.name for line in comparison.differences if line.section == "artifacts"]
    found = [(key, [of_run.get(key) for of_run in told]) for key in keys]
    return [(cut(key), each) for key, each in found if any(one is not None and one.preview is not None for one in each)][:_PICTURES]
