"""Sealed documents: texts of JSON that carry the digest of themselves, and a signature of that.

A reader writes what it has read and compares the bytes, so that no changed bit goes unseen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from packagers.document import Document
from packagers.errors import IntegrityError

MAX_BYTES = 256 << 20
_USUAL = 64 << 10
_SEALING = ("seal", "signature")


def seal_of(data: Mapping[str, Any]) -> str:
    """Give the digest of a document but for its seal and signature."""
    return Document(data).digest(*_SEALING)


def to_text(data: Mapping[str, Any], signature: Mapping[str, Any] | None, seal: str | None = None) -> bytes:
    """Give the text of a sealed document.

    Args:
        data: The document, without seal and signature.
        signature: The signature of its seal, if it is signed.
        seal: Its seal, where that is known already.
    """
    document = Document(data)
    return sealed(document, seal or document.digest(), signature)


def sealed(document: Document, seal: str, signature: Mapping[str, Any] | None) -> bytes:
    """Give the text of a document with its seal, and with the signature of that, if it is signed."""
    document.set("seal", seal)
    if signature is not None:
        document.set("signature", dict(signature))
    return document.text()


def read_document(file: BinaryIO) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
    """Read a sealed document from a file; of one that is too large, no more than shows that.

    Raises:
        IntegrityError: Where a single bit is not as it was written.
    """
    return from_text(read_text(file))


def from_text(text: bytes) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
    """Read a sealed document; give it without seal and signature, then its seal and its signature.

    Raises:
        IntegrityError: Where a single bit is not as it was written.
    """
    return checked(text)[:3]


def read_text(file: BinaryIO) -> bytes:
    """Read a file; memory for the most that is allowed is only taken for one that is larger than most."""
    text = file.read(min(_USUAL, MAX_BYTES + 1))
    return text if len(text) < _USUAL else text + file.read(max(MAX_BYTES + 1 - len(text), 0))


def checked(text: bytes) -> tuple[dict[str, Any], str, dict[str, Any] | None, Document]:
    """Read a sealed document, as above, and give it encoded, too."""
    if len(text) > MAX_BYTES:
        raise malformed(f"it has more than {MAX_BYTES:,} bytes")
    try:
        data = json.loads(text)
        document = Document(data) if isinstance(data, dict) else None
    except (ValueError, RecursionError) as error:
        raise malformed(f"it is no JSON ({type(error).__name__})") from None
    if document is None or document.text() != text:
        raise malformed("its bytes are not the bytes that were written")
    seal = data.pop("seal", None)
    signature = data.pop("signature", None)
    if seal != document.digest(*_SEALING):
        raise malformed("its content does not have the recorded seal")
    if signature is not None and not isinstance(signature, dict):
        raise malformed("its signature makes no sense")
    return data, seal, signature, document


def malformed(why: str) -> IntegrityError:
    """Make the error of a document that is not as it was written."""
    return IntegrityError(f"this is not a manifest that packagers wrote: {why}", remedy="Get the package again from where it came from.")
