"""The numeric results of a run as an OpenMetrics text file, for scrapers such as node_exporter's textfile collector."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

from packagers_runs.errors import ExportError
from packagers_runs.models.metadata import RunMetadata

NAME = "packagers_run_result"
_EXACT = 2**53
"""Whole numbers below are the same as floating-point numbers, which is what metrics have."""
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def metrics_text(metadata: RunMetadata, results: Mapping[str, Any]) -> str:
    """Give the text: one gauge, with a sample for each result that is a number.

    Args:
        metadata: Of the run; uid, name, project and iteration become labels.
        results: By key; what is no number is left out.

    >>> print(metrics_text(RunMetadata(uid="4f", name="grid", project="shop"), {"accuracy": 0.9, "note": "x"}), end="")
    # TYPE packagers_run_result gauge
    # HELP packagers_run_result A numeric result of a run.
    packagers_run_result{project="shop",name="grid",uid="4f",iteration="0",result="accuracy"} 0.9
    # EOF
    """
    of_run = {"project": metadata.project, "name": metadata.name, "uid": metadata.uid, "iteration": metadata.iteration}
    lines = [f"# TYPE {NAME} gauge", f"# HELP {NAME} A numeric result of a run."]
    for key, value in results.items():
        number = _number(value)
        if number is not None:
            labels = ",".join(f'{name}="{_escaped(text)}"' for name, text in {**of_run, "result": key}.items())
            lines.append(f"{NAME}{{{labels}}} {number}")
    return "\n".join([*lines, "# EOF", ""])


def write_metrics(path: Path, text: str) -> None:
    """Write the file, so that whoever reads it sees the old one or the new one.

    Args:
        path: The file.
        text: What :func:`metrics_text` gave.

    Raises:
        ExportError: It cannot be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(text.encode("utf-8", "replace"))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"the metrics cannot be written: {error}", file=path, remedy="Look at who may write to the folder.") from error


def _escaped(value: Any) -> str:
    # Some readers end a line at more than \n.
    text = "".join(character if character == "\n" or character.isprintable() else "\ufffd" for character in str(value))
    return text.translate(_ESCAPES)


def _number(value: Any) -> str | None:
    """Give a number as metrics write it; ``None`` for anything else, and for what is too large for one."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # a scalar of NumPy or its like
        value = value.item()
    if not isinstance(value, Real | Decimal):
        return None
    if isinstance(value, int) and abs(value) < _EXACT:
        return str(int(value))
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    if math.isnan(number):
        return "NaN"
    return repr(number) if math.isfinite(number) else ("+Inf" if number > 0 else "-Inf")
