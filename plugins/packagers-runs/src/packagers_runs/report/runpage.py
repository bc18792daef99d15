"""The page of one run: its document, what its artifacts tell, and the end of its log, as HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from markupsafe import Markup

from packagers_runs.errors import FieldError
from packagers_runs.models.documents import as_plain
from packagers_runs.report.cards import CARDS, cards_of
from packagers_runs.report.coordinates import coordinates
from packagers_runs.report.iterations import iterations_of
from packagers_runs.report.logs import printed
from packagers_runs.report.pages import page, render
from packagers_runs.report.previews import Told, list_of, mapping_of
from packagers_runs.report.words import cut, duration_text, size_text, value_text

_VALUES, _SHOWN_LABELS, _SOURCE = 500, 100, 400
_TRACEBACK, _SPEC = 64 << 10, 32 << 10
_LABELS = ("kind", "owner", "host")
"""Labels that every run has, which are told elsewhere on the page."""


@frozen
class RunView:
    """All that is shown of a run.

    Attributes:
        document: What ``RunObject.to_dict()`` gives.
        attempt: The number of the attempt that it is in.
        told: What the manifests of its artifacts tell, by key.
        log: The end of its log, or all.
        log_size: The bytes of all of it.
        links: File names of other reports: of the runs that made inputs, by address, of the whole run (``"parent"``) and of its best
            iteration (``"best"``).
    """

    document: Mapping[str, Any]
    attempt: int = 1
    told: Mapping[str, Told] = field(factory=dict)
    log: str = ""
    log_size: int = 0
    links: Mapping[str, str] = field(factory=dict)


def run_page(view: RunView, stamp: str = "") -> str:
    """Give the page of a run.

    Args:
        view: What is shown.
        stamp: Identifies it.
    """
    document = view.document
    metadata, spec, status = (mapping_of(document, name) for name in ("metadata", "spec", "status"))
    results = mapping_of(status, "results")
    state = str(status.get("state") or "created")
    name = str(metadata.get("name") or metadata.get("uid") or "run")
    iteration = metadata.get("iteration") or 0
    artifacts = [each for each in list_of(status, "artifacts") if isinstance(each, dict)]
    tuning = mapping_of(spec, "hyper_param_options")
    selector = tuning.get("selector") or spec.get("selector")
    table = [row for row in list_of(status, "iterations") if isinstance(row, list | tuple)]
    iterations = iterations_of(table, results.get("best_iteration"), selector)
    body = render(
        "run.html",
        name=name,
        iteration=iteration,
        state=state,
        badge=state if state.isalnum() else "",
        reason=status.get("reason"),
        facts=_facts(metadata, spec, status, view.attempt),
        labels=_first({key: value for key, value in mapping_of(metadata, "labels").items() if key not in _LABELS}, _SHOWN_LABELS),
        says=status.get("status_text"),
        error=status.get("error"),
        traceback=str(status.get("traceback") or "")[-_TRACEBACK:],
        is_broken=state in ("error", "aborted") or bool(status.get("error")),
        parameters=_first(mapping_of(spec, "parameters")),
        hyperparams=_first(mapping_of(spec, "hyperparams")),
        search=_search(spec, tuning, selector),
        inputs=_inputs(mapping_of(spec, "inputs"), mapping_of(spec, "inputs_type_hints"), view.links),
        results=_first(results),
        cards=cards_of(artifacts, view.told, results),
        more_cards=max(0, len(artifacts) - CARDS),
        iterations=iterations,
        plot=Markup("") if iterations is None else coordinates(iterations),
        notifications=_notifications(mapping_of(status, "notifications")),
        log=printed(view.log),
        log_note=_log_note(view),
        specification=_specification(spec),
        links=view.links,
    )
    return page(cut(f"{name}{f' #{iteration}' if iteration else ''} · {state}"), body, stamp=stamp)


def _facts(metadata: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any], attempt: int) -> list[tuple[str, Any, str]]:
    """Give names, values, and how each is shown."""
    labels = mapping_of(metadata, "labels")
    start, end = (status.get(name) if isinstance(status.get(name), str) else None for name in ("start_time", "end_time"))
    handler = spec.get("handler")
    found = (
        ("Project", metadata.get("project"), ""),
        ("Started", start, "time"),
        ("Ended", end, "time"),
        ("Took", duration_text(start, end), ""),
        ("Last change", None if end else status.get("last_update"), "time"),
        ("Attempt", attempt, ""),
        ("Host", status.get("host") or labels.get("host"), ""),
        ("Owner", labels.get("owner"), ""),
        ("Ran as", labels.get("kind"), ""),
        ("Handler", value_text(handler) if handler is not None else None, "code"),
        ("Commit", status.get("commit"), "code"),
        ("Uid", metadata.get("uid"), "code"),
    )
    return [(name, value, shape) for name, value, shape in found if value not in (None, "")]


def _first(values: Mapping[str, Any], count: int = _VALUES) -> tuple[list[tuple[str, Any]], int]:
    """Give so many values as are shown, and how many are not."""
    return list(values.items())[:count], max(0, len(values) - count)


def _search(spec: Mapping[str, Any], tuning: Mapping[str, Any], selector: Any) -> list[tuple[str, Any]]:
    """Give how hyper-parameters were tried."""
    names = ("stop_condition", "parallel_runs", "dask_cluster_uri", "max_iterations", "max_errors")
    found = {
        "strategy": tuning.get("strategy") or spec.get("strategy"),
        "selector": selector,
        "parameter file": tuning.get("param_file") or spec.get("param_file"),
        **{name.replace("_", " "): tuning.get(name) for name in names},
    }
    return [(name, value) for name, value in found.items() if value is not None]


Source = tuple[str, str, str]
"""The name of a source among others, the source, and the file of the report of the run that made it."""


def _inputs(
    inputs: Mapping[str, Any], hints: Mapping[str, Any], links: Mapping[str, str]
) -> tuple[list[tuple[str, list[Source], str]], int]:
    """Give names, sources and types, and how many sources are not shown."""
    found: list[tuple[str, list[Source], str]] = []
    left = _VALUES
    for name, source in inputs.items():
        named = list(source.items() if isinstance(source, dict) else enumerate(source) if isinstance(source, list) else [("", source)])
        shown = [
            (str(key), cut(value_text(each), _SOURCE), links.get(each, "") if isinstance(each, str) else "")
            for key, each in named[: max(0, left)]
        ]
        if left > 0:
            found.append((name, shown, cut(value_text(hints[name])) if name in hints else ""))
        left -= max(1, len(named))
    return found, max(0, -left)


def _notifications(notifications: Mapping[str, Any]) -> tuple[list[tuple[str, str, str, str]], int]:
    found = []
    first, more = _first(notifications)
    for name, told in first:
        status, sent, reason = (str(mapping_of(told).get(field) or "") for field in ("status", "sent_time", "reason"))
        found.append((name, status, sent, reason))
    return found, more


def _log_note(view: RunView) -> str:
    shown = len(view.log.encode("utf-8", "replace"))
    if not view.log_size or shown >= view.log_size:
        return f"All of it, {size_text(view.log_size)}." if view.log_size else ""
    return f"The last {size_text(shown)} of {size_text(view.log_size)}; `packagers runs logs` prints all."


def _specification(spec: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(as_plain(dict(spec), "spec"), indent=2, ensure_ascii=False)
    except FieldError:  # a value has no form in JSON
        text = value_text(dict(spec))
    return text if len(text) <= _SPEC else f"{text[:_SPEC]}\n… {len(text) - _SPEC:,} more characters"
