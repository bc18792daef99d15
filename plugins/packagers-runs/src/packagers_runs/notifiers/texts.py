"""What is said of a run in a message: one line, one row, plain text and HTML, in which no character of data has an effect."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from packagers_runs.report.words import cut, short_text, time_text, visible

_HAPPENED = {"running": "started", "completed": "completed", "error": "failed", "aborted": "was aborted"}
_MOST_RESULTS = 20
_LONGEST = 1000


def one_line(text: object) -> str:
    r"""Give text on one line, of which every character can be seen.

    >>> one_line("a\r\nBcc: b\x1b[31m")
    'a Bcc: b\\x1b[31m'
    """
    return " ".join(visible(" ".join(str(text).split())).split())


def headline(run: Mapping[str, Any], message: str = "") -> str:
    """Say what has happened, in one line.

    Args:
        run: The document of the run.
        message: What the notification has to say besides.

    >>> headline({"metadata": {"name": "train", "project": "shop"}, "status": {"state": "error", "retry_count": 2}}, "look!")
    'Run train failed in project shop after 3 attempts: look!'
    """
    metadata, status = run.get("metadata", {}), run.get("status", {})
    state = status.get("state", "")
    said = f"Run {metadata.get('name') or ''} {_HAPPENED.get(state, state)} in project {metadata.get('project') or ''}"
    if status.get("retry_count"):
        said += f" after {status['retry_count'] + 1} attempts"
    return one_line(f"{said}: {message}" if message else said)


def result_text(run: Mapping[str, Any]) -> str:
    """Say what came out of a run, in one line: its error, or its results.

    >>> result_text({"status": {"results": {"accuracy": 0.93, "note": "fine"}}})
    'accuracy=0.93, note=fine'
    """
    status = run.get("status", {})
    if status.get("error"):
        return cut(one_line(status["error"]), _LONGEST)
    results = status.get("results") or {}
    said = [f"{key}={short_text(value)}" for key, value in list(results.items())[:_MOST_RESULTS]]
    left = len(results) - len(said)
    return cut(one_line(", ".join(said)), _LONGEST) + (f" and {left} more" if left else "")


def cells_of(run: Mapping[str, Any]) -> dict[str, str]:
    """Give the row of a run in a table of runs, by heading; each cell is one line.

    Args:
        run: The document of the run.
    """
    metadata, status = run.get("metadata", {}), run.get("status", {})
    cells = {
        "project": metadata.get("project"),
        "name": metadata.get("name"),
        "uid": metadata.get("uid"),
        "started": time_text(status.get("start_time")),
        "state": status.get("state"),
        "results": result_text(run),
    }
    return {heading: one_line(value or "") for heading, value in cells.items()}


def plain_text(run: Mapping[str, Any], message: str, severity: str) -> str:
    """Give a message as plain text, a line for each cell.

    Args:
        run: The document of the run.
        message: What has happened.
        severity: How grave it is.
    """
    cells = cells_of(run)
    width = max(map(len, cells))
    lines = [f"{heading:{width}}  {cell}".rstrip() for heading, cell in cells.items()]
    return "\n".join([f"[{severity}] {one_line(message)}", "", *lines, ""])


def html_text(run: Mapping[str, Any], message: str, severity: str, name: str) -> str:
    """Give a message as HTML, on one line. Text of others stands in ``code`` alone, where no mail program or forge gives it a meaning.

    Args:
        run: The document of the run.
        message: What has happened.
        severity: How grave it is.
        name: The name of the notification.
    """
    cells = cells_of(run)
    heading = f"{one_line(name)}: {one_line(message)}" if name else one_line(message)
    head = "".join(f"<th>{each}</th>" for each in cells)
    body = "".join(f"<td>{_code(each)}</td>" for each in cells.values())
    table = f'<table border="1"><thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>'
    return f"<h2>Run Results</h2><h3>[{severity}] {_code(heading)}</h3>{table}"


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>" if text else ""
