"""What names a run and describes it."""

from __future__ import annotations

from typing import Any

from packagers_runs.models.fields import integer, mapping, model, text
from packagers_runs.models.modelobj import ModelObj


def _labels(value: dict[str, Any], field: str, owner: str) -> dict[str, str]:
    return {name: str(label) for name, label in value.items()}


@model
class RunMetadata(ModelObj):
    """What names a run and describes it.

    Args:
        uid: 32 hexadecimal digits, given when the run is launched.
        name: Its name, see :func:`packagers_runs.models.names.run_name`.
        project: Its project.
        labels: Text by name, to find runs by; other values become text.
        annotations: Anything by name, to describe it.
        iteration: The number of the iteration, 0 for the run itself.
    """

    uid: str | None = text()
    name: str | None = text()
    project: str | None = text()
    labels: dict[str, str] = mapping(check=_labels)
    annotations: dict[str, Any] = mapping()
    iteration: int = integer(0, least=0)
