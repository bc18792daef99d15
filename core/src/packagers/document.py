"""JSON documents of which each field is encoded once: for their text, for their seal, and for digests of some of their fields.

The text has one field a line, in the order given. A seal or digest is that of the canonical JSON: sorted keys, no blanks. Both are ASCII,
and a value without items looks the same in both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]  # the first is None without C
from typing import Any

from blake3 import blake3

quoted: Callable[[str], str] = encode_basestring_ascii
"""Encodes text."""


def _encoder(**form: Any) -> Callable[[Any], str]:
    """Give what encodes values as JSON; it is made once, and not for each value as ``json.dumps`` does."""
    whole = json.JSONEncoder(ensure_ascii=True, allow_nan=False, **form)
    if c_make_encoder is None:
        return whole.encode
    pieces = c_make_encoder(None, whole.default, quoted, None, whole.key_separator, whole.item_separator, whole.sort_keys, False, False)
    return lambda value: "".join(pieces(value, 0))


json_text = _encoder()
"""Encodes a value as ``json.dumps`` does."""
_canonical = _encoder(sort_keys=True, separators=(",", ":"))


def encoded(value: Any) -> tuple[str, str]:
    """Encode a value as it is written, and as canonical JSON.

    Raises:
        ValueError: For what JSON cannot hold.
    """
    flat = _FLAT.get(type(value))
    if flat is None:
        return json_text(value), _canonical(value)
    text = flat(value)
    return text, text


class Document:
    """The fields of a document.

    Args:
        data: The document.

    Raises:
        ValueError: For what JSON cannot hold.
    """

    __slots__ = ("_canonical", "_lines")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._lines: dict[str, str] = {}
        self._canonical: dict[str, str] = {}
        for name, value in data.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        """Set a field: in its place, or as the last one."""
        self.put(name, *encoded(value))

    def put(self, name: str, line: str, canonical: str) -> None:
        """Set a field that is encoded already."""
        self._lines[name] = line
        self._canonical[name] = canonical

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
            found[name] = _canonical(value)
        return _digest(found)


_FLAT: Mapping[type[Any], Callable[[Any], str]] = {
    str: quoted,
    int: repr,
    float: json_text,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
}
"""Encodes what is written most often and looks the same everywhere."""


def _digest(fields: Mapping[str, str]) -> str:
    text = ",".join([f"{quoted(name)}:{value}" for name, value in sorted(fields.items())])
    return f"blake3:{blake3(f'{{{text}}}'.encode()).hexdigest()}"
