"""All secrets of a task, from its sources one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from packagers_runs.extensions import load_extension
from packagers_runs.models.secretspecs import SECRETS
from packagers_runs.secretsources.source import SecretError, SecretSource


def read_secrets(sources: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Read the secrets of a task; of two with one name the later source's counts.

    Args:
        sources: Each with ``kind`` and ``source``, as ``RunSpec.secret_sources`` has them.

    Raises:
        SecretError: A source cannot be read.
        UnknownNameError: There is no such kind, or no secret of a name; says which there are.
    """
    found: dict[str, str] = {}
    for each in sources:
        cls = load_extension(SECRETS, "kind of secrets", each["kind"], SecretSource)  # type: ignore[type-abstract]  # a subclass that is none
        read: Any = cls(each.get("source", "")).read()  # a stranger's
        if not isinstance(read, dict) or not all(isinstance(part, str) for item in read.items() for part in item):
            raise SecretError(f"the source of {each['kind']} secrets gives something else than text by name", remedy="Mend its class.")
        found |= read
    return found
