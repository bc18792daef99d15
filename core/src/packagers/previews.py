"""A preview as it was recorded, by whoever recorded it, into one of three things that can be shown: a table, a text, a picture."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from packagers.readable import cut, fact_text

ROWS, COLUMNS, CELL, TEXT = 100, 100, 400, 64 << 10
_PICTURE_BYTES, _PICTURE_PIXELS = 1 << 20, 1 << 24
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Table:
    """The first rows and columns of a table.

    Attributes:
        columns: The headings.
        rows: The cells; each row has as many as there are headings.
        more_rows: How many the whole has besides, where that is known.
        more_columns: The same.
    """

    columns: list[str]
    rows: list[list[str]]
    more_rows: int = 0
    more_columns: int = 0

    @property
    def rest(self) -> str:
        """What is not shown, in words; empty where all is."""
        counts = ((self.more_rows, "row"), (self.more_columns, "column"))
        words = [f"{count:,} more {what}{'s' if count > 1 else ''}" for count, what in counts if count]
        return f"… and {' and '.join(words)}" if words else ""


@dataclass(frozen=True)
class Text:
    """Lines of text."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A PNG picture.

    Attributes:
        data: The file.
        width: In pixels.
        height: In pixels.
    """

    data: bytes
    width: int
    height: int

    @property
    def base64(self) -> str:
        """The file as text."""
        return base64.b64encode(self.data).decode("ascii")


Preview: TypeAlias = Table | Text | Picture


def read_preview(preview: Mapping[str, Any]) -> Preview | None:
    """Read a preview; nothing comes of what is none of the three, or too large to be one."""
    table, text, png = preview.get("table"), preview.get("text"), preview.get("png")
    if isinstance(table, dict):
        return _table(table)
    if isinstance(text, str):
        return Text(cut(text, TEXT))
    return _picture(png) if isinstance(png, str) else None


def _table(table: Mapping[str, Any]) -> Table | None:
    columns, rows = table.get("columns"), table.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    lines = [row for row in rows if isinstance(row, list)]
    shown = [fact_text(column, CELL) for column in columns[:COLUMNS]]
    cells = [[fact_text(cell, CELL) for cell in row[: len(shown)]] for row in lines[:ROWS]]
    padded = [row + [""] * (len(shown) - len(row)) for row in cells]
    whole = table.get("shape")
    known = whole if isinstance(whole, list) and len(whole) == 2 and all(type(count) is int for count in whole) else [0, 0]
    return Table(shown, padded, max(known[0], len(lines)) - len(padded), max(known[1], len(columns)) - len(shown))


def _picture(text: str) -> Picture | None:
    if len(text) > 2 * _PICTURE_BYTES:
        return None
    try:
        return picture_of(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def picture_of(data: bytes) -> Picture | None:
    """Read a picture: a PNG that says how large it is, and that no screen would choke on."""
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    is_png = data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) <= _PICTURE_BYTES
    return Picture(data, width, height) if is_png and 0 < width * height <= _PICTURE_PIXELS else None
