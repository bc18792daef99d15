"""JSON documents of which each field is encoded once: for their text, for their seal, and for digests of some of their fields.

The text has one field a line, in the order given. A seal or digest is that of the canonical JSON: sorted keys, no blanks. Both are ASCII,
and a value without items looks the same in both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from json.encoder import c_make_encoder  # type: ignore[attr-defined]  # None where Python has none in C
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from blake3 import blake3


def _encoder(**form: Any) -> Callable[[Any], str]:
    """Give what encodes values as JSON; it is made once, and not for each value as ``json.dumps`` does."""
    whole = json.JSONEncoder(ensure_ascii=True, allow_nan=False, **form)
    if c_make_encoder is None:
        return whole.encode
    pieces = c_make_encoder(None, whole.default, quoted, None, whole.key_separator, whole.item_separator, whole.sort_keys, False, False)
    return lambda value: "".join(pieces(value, 0))


_OPENING = frozenset("{[")
json_text = _encoder()
"""Encodes a value as ``json.dumps`` does."""
_canonical = _encoder(sort_keys=True, separators=(",", ":"))


class Document:
    """The fields of a document.

    Args:
        data: The document.

    Raises:
        ValueError: For what JSON cannot hold.
    """

    __slots__ = ("_canonical", "_lines")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._lines = lines = {name: _flat(value) or json_text(value) for name, value in data.items()}
        self._canonical = {name: _canonical(data[name]) if line[0] in _OPENING and len(line) > 2 else line for name, line in lines.items()}

    def set(self, name: str, value: Any) -> None:
        """Set a field: in its place, or as the last one."""
        self._lines[name] = _flat(value) or json_text(value)
        self._canonical[name] = _flat(value) or _canonical(value)

    def text(self) -> bytes:
        """Give the text."""
        return ("{\n" + ",\n".join([f" {quoted(name)}: {line}" for name, line in self._lines.items()]) + "\n}\n").encode()

    def digest(self, *without: str) -> str:
        """Give the digest of the canonical JSON of all fields but some."""
        return _digest({name: each for name, each in self._canonical.items() if name not in without})

    def digest_of(self, names: Iterable[str], more: Mapping[str, Any]) -> str:
        """Give the digest of the canonical JSON of some fields and others.

        Args:
            names: The fields of the document; those that are not there do not count.
            more: The others.
        """
        found = {name: self._canonical[name] for name in names if name in self._canonical}
        for name, value in more.items():
            found[name] = _flat(value) or _canonical(value)
        return _digest(found)


def _flat(value: Any) -> str:
    """Encode what is written most often and looks the same everywhere; empty for all else."""
    cls = type(value)
    if cls is str:
        return quoted(value)
    if cls is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if cls is int:
        return repr(value)
    if value:
        return ""
    return "{}" if cls is dict else "[]" if cls is list else ""


def _digest(fields: Mapping[str, str]) -> str:
    text = ",".join([f"{quoted(name)}:{value}" for name, value in sorted(fields.items())])
    return f"blake3:{blake3(f'{{{text}}}'.encode()).hexdigest()}"
