"""How packages look to people: HTML for notebooks, everything from data escaped."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from packagers.manifest import MISSING, Manifest

_PNG = b"\x89PNG\r\n\x1a\n"


def size(count: int) -> str:
    """Give a number of bytes in words.

    >>> size(0), size(1536), size(5 << 20)
    ('0 B', '1.5 KiB', '5.0 MiB')
    """
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def shown(value: Any, length: int = 80) -> str:
    """Give a value's text, shortened."""
    text = repr(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def manifest_html(manifest: Manifest) -> str:
    """Give a package as HTML: what it is, its description and its preview."""
    rows: list[tuple[str, str]] = [
        ("type", manifest.written.object_type),
        ("packed as", manifest.written.artifact_type + (f" ({manifest.written.format})" if manifest.written.format else "")),
        ("packager", manifest.written.packager),
        ("size", size(manifest.size)),
        ("digest", manifest.digest),
    ]
    if manifest.value is not MISSING:
        rows.insert(0, ("value", shown(manifest.value, 400)))
    for section in (manifest.labels, manifest.metrics, manifest.extra_data, manifest.description):
        rows += [(str(name), _entry_text(value)) for name, value in section.items()]
    return f"<div><b>{escape(manifest.key)}</b>{_table(('', ''), rows)}{preview_html(manifest.preview)}</div>"


def _entry_text(entry: Any) -> str:
    """Give the text of a label, of an entry of the description, or of a link: its value, or where it leads to."""
    if isinstance(entry, dict) and "$link" in entry:
        return shown(entry["value"]) if "value" in entry else f"→ {entry['$link']}"
    return shown(entry)


def preview_html(preview: Mapping[str, Any]) -> str:
    """Give a preview as HTML; what is no table, text or PNG picture is left out."""
    table, text, png = preview.get("table"), preview.get("text"), preview.get("png")
    if isinstance(table, dict) and isinstance(table.get("columns"), list) and isinstance(table.get("rows"), list):
        return _table(map(str, table["columns"]), [[str(cell) for cell in row] for row in table["rows"] if isinstance(row, list)])
    if isinstance(text, str):
        return f"<pre>{escape(text)}</pre>"
    if isinstance(png, str):
        try:
            data = base64.b64decode(png, validate=True)
        except (binascii.Error, ValueError):
            return ""
        if data.startswith(_PNG):
            return f'<img alt="preview" src="data:image/png;base64,{base64.b64encode(data).decode()}">'
    return ""


def outputs_html(outputs: Mapping[str, Any], count: int) -> str:
    """Give the outputs of a run as an HTML table.

    Args:
        outputs: Those that are shown.
        count: How many there are.
    """
    more = [("…", f"{count - len(outputs)} more")] if count > len(outputs) else []
    return _table(("key", "output"), [(key, shown(output)) for key, output in outputs.items()] + more)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
