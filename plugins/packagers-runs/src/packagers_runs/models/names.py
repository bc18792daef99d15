"""Names of runs, and the text that names one run among all: ``<project>@<uid>#<iteration>[:tag]``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from packagers_runs.errors import FieldError

LONGEST = 63
_LEGAL = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_URI = re.compile(r"(?P<project>[^@#:]*)@(?P<uid>[^@#:]+)#(?P<iteration>[0-9]+)(?::(?P<tag>[^@#:]+))?")


def run_name(given: str | None, function: str | None = None, handler: str | Callable[..., Any] | None = None) -> str:
    """Give the name of a run.

    Args:
        given: The name that a person chose; made of the other two if ``None`` or empty.
        function: The name of the function that the run belongs to.
        handler: Its handler, by name or itself.

    Returns:
        At most 63 characters of ``a-z 0-9 . -``, beginning and ending with a letter or digit. Upper case becomes lower case, ``_`` and
        spaces become ``-``.

    Raises:
        FieldError: The given name cannot become such a name without losing something.

    >>> run_name("My first_run"), run_name(None, "trainer", "train_model"), run_name(None, None, lambda: 0)
    ('my-first-run', 'trainer-train-model', 'lambda')
    """
    if given:
        name = _lowered(given)
        if len(name) > LONGEST or not _LEGAL.fullmatch(name):
            raise FieldError(
                f"{given[:80]!r} cannot be the name of a run",
                model="RunMetadata",
                field="name",
                remedy=f"Use at most {LONGEST} of a-z 0-9 . - and begin and end with a letter or digit, such as {_cleaned(given)!r}.",
            )
        return name
    parts = (function or "", _handler_name(handler) if handler else "")
    return _cleaned("-".join(part for part in parts if part))


def _lowered(name: str) -> str:
    return re.sub(r"[_\s]", "-", name.strip().lower())


def _cleaned(name: str) -> str:
    kept = re.sub(r"[^a-z0-9.-]", "", _lowered(name)).lstrip(".-")
    return kept[:LONGEST].rstrip(".-") or "run"


def _handler_name(handler: str | Callable[..., Any]) -> str:
    if isinstance(handler, str):
        method = handler.rpartition("::")
        if method[1]:
            return f"{_last(method[0])}-{method[2]}"
        return _last(handler)
    while isinstance(handler, functools.partial):
        handler = handler.func
    name = getattr(handler, "__name__", None)
    return name if isinstance(name, str) else type(handler).__name__


def _last(path: str) -> str:
    """Give the last name of ``pkg.mod.fn``, ``pkg.mod:fn`` or ``file.py:fn``."""
    return re.split(r"[.:/\\]", path)[-1]


def create_uri(project: str | None, uid: str, iteration: int | str = 0, tag: str | None = "") -> str:
    """Write the URI of a run.

    Args:
        project: The project; empty for none.
        uid: The uid of the run.
        iteration: The iteration, 0 for a run without any.
        tag: A tag; empty for none.

    Raises:
        FieldError: A part would not come back from the URI.

    >>> create_uri("churn", "4f", 2, "best")
    'churn@4f#2:best'
    """
    uri = f"{project or ''}@{uid}#{iteration}" + (f":{tag}" if tag else "")
    found = _URI.fullmatch(uri)
    if found is None or (found["project"], found["uid"], found["iteration"]) != (project or "", uid, str(iteration)):
        raise FieldError(
            f"these cannot be the parts of a run's URI: {(project, uid, iteration, tag)!a:.200}",
            field="uri",
            remedy="The uid is not empty, the iteration is a number from 0, and no part holds one of @ # :",
        )
    return uri


def parse_uri(uri: str) -> tuple[str, str, str, str]:
    """Read the URI of a run.

    Args:
        uri: ``<project>@<uid>#<iteration>[:tag]``.

    Returns:
        Project, uid, iteration and tag, as text; the tag is empty if there is none.

    Raises:
        FieldError: It is no such URI.

    >>> parse_uri("churn@4f#2")
    ('churn', '4f', '2', '')
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise FieldError(f"{uri!a:.200} is no run's URI", field="uri", remedy="One is written <project>@<uid>#<iteration>[:tag].")
    return found["project"], found["uid"], found["iteration"], found["tag"] or ""
