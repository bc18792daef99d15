"""What a manifest says of a value for people, read as if a stranger had written it: bounded text, tables of text, and checked pictures."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from packagers_runs.report.words import cut

ROWS, COLUMNS, CELL, TEXT, FACTS = 50, 40, 200, 8_000, 60
_FACT, _DEPTH, _ITEMS, _START = 600, 6, 60, 100
_PICTURE_BYTES, _PICTURE_PIXELS = 1 << 20, 1 << 24
_PNG = b"\x89PNG\r\n\x1a\n"


@frozen
class TablePreview:
    """The first rows and columns of a table.

    Attributes:
        columns: The headings.
        rows: The cells, as many in each row as there are headings.
        rest: What is not shown, in words.
    """

    kind: ClassVar[str] = "table"
    columns: list[str]
    rows: list[list[str]]
    rest: str = ""


@frozen
class TextPreview:
    """The beginning of a text."""

    kind: ClassVar[str] = "text"
    text: str


@frozen
class PagePreview:
    """A page of HTML, which is not shown: neither what it would do nor its source is for the reader of a report."""

    kind: ClassVar[str] = "page"


@frozen
class PicturePreview:
    """A PNG picture.

    Attributes:
        source: The file as a ``data:`` URI.
        width: In pixels.
        height: In pixels.
    """

    kind: ClassVar[str] = "picture"
    source: str
    width: int
    height: int


Preview = TablePreview | TextPreview | PagePreview | PicturePreview


@frozen
class Told:
    """What a manifest tells of an artifact.

    Attributes:
        facts: The description: texts by name.
        preview: What can be shown of the value.
        format: Of its files.
        labels: Texts by name.
        tag: The name of this version.
        extra_data: Links and values by name, as the manifest holds them.
        metrics: Links to results by name, as the manifest holds them.
    """

    facts: list[tuple[str, str]] = field(factory=list)
    preview: Preview | None = None
    format: str = ""
    labels: Mapping[str, Any] = field(factory=dict)
    tag: str = ""
    extra_data: Mapping[str, Any] = field(factory=dict)
    metrics: Mapping[str, Any] = field(factory=dict)


def told_by(manifest: bytes) -> Told:
    """Read the parts of a manifest that are for people; what is not as it should be is left out.

    Args:
        manifest: The text of ``manifest.json``.
    """
    try:
        found = json.loads(manifest)
    except (ValueError, RecursionError):
        return Told()
    if not isinstance(found, dict):
        return Told()
    description = mapping_of(found, "description")
    facts = [(cut(name, CELL), fact_text(value)) for name, value in list(description.items())[:FACTS]]
    if len(description) > FACTS:
        facts.append(("…", f"{len(description) - FACTS:,} more"))
    return Told(
        facts,
        preview_of(mapping_of(found, "preview")),
        str(found.get("format") or ""),
        mapping_of(found, "labels"),
        str(found.get("tag") or ""),
        mapping_of(found, "extra_data"),
        mapping_of(found, "metrics"),
    )


def mapping_of(document: Any, *names: str) -> dict[str, Any]:
    """Give what stands in a document under names, one below the other; an empty dict where that is no dict.

    >>> mapping_of({"a": {"b": {"c": 1}}}, "a", "b"), mapping_of({"a": 3}, "a"), mapping_of(None, "a")
    ({'c': 1}, {}, {})
    """
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def list_of(document: Mapping[str, Any], name: str) -> list[Any]:
    """Give the list that stands in a document under a name; an empty one where there is none.

    >>> list_of({"a": [1]}, "a"), list_of({"a": 3}, "a"), list_of({}, "a")
    ([1], [], [])
    """
    found = document.get(name)
    return found if isinstance(found, list) else []


def preview_of(preview: Mapping[str, Any]) -> Preview | None:
    """Read a preview; nothing comes of what is none, or too large to be one."""
    table, text, png = preview.get("table"), preview.get("text"), preview.get("png")
    if isinstance(table, dict):
        return _table(table)
    if isinstance(text, str):
        if text[:_START].lstrip().lower().startswith(("<!doctype html", "<html")):
            return PagePreview()
        return TextPreview(cut(text.replace("\r\n", "\n"), TEXT))
    return _picture(png) if isinstance(png, str) else None


def fact_text(value: Any) -> str:
    """Give a value of JSON in one line, or its beginning.

    >>> fact_text({"rows": 3, "types": ["int", {"a": None}]}), fact_text("text"), fact_text(0.1)
    ('rows: 3, types: [int, {a: None}]', 'text', '0.1')
    """
    return cut(_fact(value, 0), _FACT)


def _fact(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return cut(value, _FACT)
    if not isinstance(value, dict | list):
        return repr(value)
    if depth == _DEPTH:
        return "…"
    items = list(value.items() if isinstance(value, dict) else value)
    words = [
        f"{cut(item[0], CELL)}: {_fact(item[1], depth + 1)}" if isinstance(value, dict) else _fact(item, depth + 1)
        for item in items[:_ITEMS]
    ]
    text = ", ".join(words + (["…"] if len(items) > _ITEMS else []))
    if not depth:
        return text
    return f"{{{text}}}" if isinstance(value, dict) else f"[{text}]"


def _table(table: Mapping[str, Any]) -> TablePreview | None:
    columns, rows = table.get("columns"), table.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    shown = [cut(fact_text(column), CELL) for column in columns[:COLUMNS]]
    lines = [row for row in rows if isinstance(row, list)]
    cells = [[cut(fact_text(cell), CELL) for cell in row[: len(shown)]] for row in lines[:ROWS]]
    shape = table.get("shape")
    known = shape if isinstance(shape, list) and len(shape) == 2 and all(type(count) is int for count in shape) else [0, 0]
    counts = ((max(known[0], len(lines)) - len(cells), "row"), (max(known[1], len(columns)) - len(shown), "column"))
    words = [f"{count:,} more {what}{'s' if count > 1 else ''}" for count, what in counts if count > 0]
    return TablePreview(shown, [row + [""] * (len(shown) - len(row)) for row in cells], " and ".join(words))


def _picture(text: str) -> PicturePreview | None:
    if len(text) > 2 * _PICTURE_BYTES:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    is_png = data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) <= _PICTURE_BYTES
    if not is_png or not 0 < width * height <= _PICTURE_PIXELS:
        return None
    return PicturePreview(f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}", width, height)
