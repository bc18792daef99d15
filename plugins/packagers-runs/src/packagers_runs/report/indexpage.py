"""The index of runs: one page with a line for each, which leads to its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from packagers_runs.report.pages import page, render
from packagers_runs.report.previews import list_of, mapping_of
from packagers_runs.report.tables import took, uid_text
from packagers_runs.report.words import cut, short_text, time_text, value_text

MOST = 1000
"""The most runs on an index."""
_RESULTS = 4


@frozen
class IndexLine:
    """A run on the index.

    Attributes:
        name: Of the run.
        file: Of its report.
        uid: The beginning of its uid.
        project: Of the run.
        state: Of the run.
        badge: The class of its state; empty where that is none of ours.
        why: Its error or reason, in short.
        started: When it began, in words.
        order: When it began, to sort by.
        took: How long it took, in words.
        results: Names and short values of the first of its results.
        more: How many results it has besides.
        iterations: How many iterations it has.
    """

    name: str
    file: str
    uid: str
    project: str
    state: str
    badge: str
    why: str
    started: str
    order: str
    took: str
    results: Sequence[tuple[str, str]]
    more: int
    iterations: int


def index_page(documents: Sequence[Mapping[str, Any]], files: Sequence[str], *, are_all: bool = True) -> str:
    """Give the index.

    Args:
        documents: Of the runs, the newest first.
        files: The file of each one's report, beside the index.
        are_all: Whether there are no others.
    """
    lines = [_line(document, file) for document, file in zip(documents, files, strict=True)]
    counts = Counter(line.state for line in lines)
    body = render("index.html", lines=lines, counts=sorted(counts.items(), key=lambda count: -count[1]), are_all=are_all)
    return page("Runs", body)


def _line(document: Mapping[str, Any], file: str) -> IndexLine:
    metadata, status = mapping_of(document, "metadata"), mapping_of(document, "status")
    results = mapping_of(status, "results")
    uid = uid_text(metadata.get("uid"), metadata.get("iteration"))
    state = str(status.get("state") or "created")
    start = status.get("start_time") or ""
    return IndexLine(
        cut(str(metadata.get("name") or uid)),
        file,
        uid,
        cut(str(metadata.get("project") or "")),
        state,
        state if state.isalnum() else "",
        cut(value_text(status.get("error") or status.get("reason") or "")) if state in ("error", "aborted") else "",
        time_text(start).removesuffix(" UTC"),
        str(start),
        took(status),
        [(cut(key, 60), cut(short_text(value), 60)) for key, value in list(results.items())[:_RESULTS]],
        max(0, len(results) - _RESULTS),
        max(0, len(list_of(status, "iterations")) - 1),
    )
