"""Changes of documents in the form in which they are stored."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from packagers_runs.models.states import utc_text
from packagers_runs.store.errors import StoreError


def patched(text: str, status: Mapping[str, Any], without: Collection[str] = ()) -> str:
    """Give a document with other fields of the status.

    Args:
        text: The document.
        status: New values by field.
        without: Fields that go.
    """
    document = json.loads(text)
    kept = {name: value for name, value in document.get("status", {}).items() if name not in without}
    document["status"] = {**kept, **status}
    return text_of(document)


def put(document: dict[str, Any], name: str, value: Any, merge: bool) -> None:
    """Set a field of a document, or take it away.

    Args:
        document: The document.
        name: Of the field, with dots: ``status.state``.
        value: Its value; ``None`` takes it away.
        merge: Whether a dict is added to the one that is there.

    Raises:
        StoreError: The document has no such field.
    """
    *outer, last = name.split(".")
    for step in outer:
        document = document.setdefault(step, {})
        if not isinstance(document, dict):
            raise StoreError(f"{name!r} is no field of a run: {step!r} has no fields", remedy="Name it as in status.state.")
    if value is None:
        document.pop(last, None)
    elif merge and isinstance(value, dict):
        document[last] = {**document.get(last, {}), **value}
    else:
        document[last] = value


def text_of(document: dict[str, Any]) -> str:
    """Give a document of plain values as JSON."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def iso(now: float) -> str:
    """Give a time of the database as runs record it."""
    return utc_text(datetime.fromtimestamp(now, UTC))
