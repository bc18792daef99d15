"""Where secrets come from, as a task says it: kinds and sources, never the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packagers_runs.errors import FieldError
from packagers_runs.extensions import extension_names
from packagers_runs.models.documents import HIDDEN, clone
from packagers_runs.models.fields import refuse
from packagers_runs.nearest import unknown_name

SECRETS = "packagers.secrets"
"""The group of entry points of further kinds."""

_SOURCES: dict[str, tuple[tuple[type, ...], str]] = {
    "inline": ((dict,), "a dict of values by name"),
    "file": ((str,), "the path of a file"),
    "env": ((str, list), "names of variables, 'A,B' or a list; an empty one for all"),
    "keyring": ((str, list, dict), "names, in a list or a dict"),
    "vault": ((list, dict), "a list of names; an empty one for all"),
    "azure_vault": ((dict,), "a dict with the name of the vault"),
    "kubernetes": ((list, dict), "a list of names; an empty one for all"),
}


def secret_source(kind: Any, source: Any) -> dict[str, Any]:
    """Give one source of secrets in its one form.

    Args:
        kind: ``inline``, ``file``, ``env``, ``keyring``, ``vault``, ``azure_vault``, ``kubernetes``, or that of a plugin.
        source: What the kind takes.

    Raises:
        UnknownNameError: There is no such kind; says which there are.
        FieldError: The source is nothing that the kind takes. No value is shown.
    """
    if not isinstance(kind, str):
        refuse("kind", "secret_sources", "a string", kind)
    if kind not in _SOURCES:
        plugins = extension_names(SECRETS)
        if kind not in plugins:
            raise unknown_name("kind of secrets", kind, [*_SOURCES, *plugins])
        return {"kind": str(kind), "source": source}
    if hasattr(source, "__fspath__"):
        source = str(source)
    if isinstance(source, Mapping):
        source = clone(dict(source))
    if isinstance(source, list | tuple):
        source = clone(list(source))
    types, form = _SOURCES[kind]
    if not isinstance(source, types) or (kind == "file" and not source):
        raise FieldError(
            f"the source of {kind} secrets must be {form}",
            model="RunSpec",
            field="secret_sources",
            remedy=f"It is empty or of type {type(source).__name__}.",
        )
    return {"kind": str(kind), "source": source}


def check_secret_sources(value: list[Any], field: str, owner: str) -> list[dict[str, Any]]:
    """Give the sources of a task in their one form: ``"file=…"``, ``"env=A,B"`` and dicts with ``kind`` and ``source``."""
    return [_one(item, f"{field}[{place}]", owner) for place, item in enumerate(value)]


def _one(item: Any, field: str, owner: str) -> dict[str, Any]:
    if isinstance(item, str):
        kind, equals, source = item.partition("=")
        if not equals or kind.strip() == "inline":
            raise FieldError(
                f"Parameter {field} must be text such as 'file=secrets.txt' or 'env=A,B', or a dict with kind and source",
                model=owner,
                field=field,
                remedy="Inline secrets are given as {'kind': 'inline', 'source': {name: value}}.",
            )
        return secret_source(kind.strip(), source.strip())
    if not isinstance(item, Mapping):
        refuse(field, owner, "text or a dict with kind and source", item)
    for name in item:
        if name not in ("kind", "source"):
            raise unknown_name("part", name, ("kind", "source"), owner="a source of secrets")
    if "kind" not in item:
        raise FieldError(f"Parameter {field} must have a kind", model=owner, field=field, remedy="Write {'kind': 'file', 'source': path}.")
    return secret_source(item["kind"], item.get("source", ""))


def hide_secrets(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the sources as documents have them: the names of inline secrets, with ``***`` for each value."""
    return [
        {"kind": each["kind"], "source": dict.fromkeys(each["source"], HIDDEN) if each["kind"] == "inline" else each["source"]}
        for each in sources
    ]
