"""Paths with places that a run fills: ``{{run.uid}}`` and ``{{project}}``."""

from __future__ import annotations

import re

from packagers_runs.errors import FieldError
from packagers_runs.nearest import unknown_name

_PLACE = re.compile(r"\{\{\s*(?P<name>[^{}]*?)\s*\}\}")
PLACES = ("run.uid", "run.project", "project")


def fill_path(template: str, *, uid: str | None, project: str | None, field: str = "output_path") -> str:
    """Put a run's uid and project into a path.

    Args:
        template: The path, with any number of ``{{run.uid}}``, ``{{project}}`` and ``{{run.project}}`` in it.
        uid: The uid of the run.
        project: Its project.
        field: The field of the task that the path is of, for messages.

    Returns:
        The path, with all of them filled.

    Raises:
        UnknownNameError: It has a place that nothing fills.
        FieldError: There is no value for a place, or its braces do not fit together.

    >>> fill_path("out/{{project}}/{{ run.uid }}/x", uid="4f", project="p")
    'out/p/4f/x'
    """
    values = {"run.uid": uid, "run.project": project, "project": project}

    def value_of(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in values:
            raise unknown_name("place in a path", name, PLACES)
        value = values[name]
        if not value:
            raise FieldError(
                f"the path {template!r} needs a value for {{{{{name}}}}}, and there is none",
                field=field,
                remedy="Name the project, or write the path out.",
            )
        return value

    if "{{" in (rest := _PLACE.sub("", template)) or "}}" in rest:
        raise FieldError(
            f"the braces of the path {template!r} do not fit together",
            field=field,
            remedy="A place is written {{run.uid}} or {{project}}.",
        )
    return _PLACE.sub(value_of, template)
