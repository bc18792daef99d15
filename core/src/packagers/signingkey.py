"""One key that signs packages, and its form as a line of text."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from typing import NoReturn

from packagers.errors import PackagersError

PREFIX = "packagers-key-"
_EXPORTED = re.compile(r"packagers-key-1:([0-9a-f]{64}):([0-9a-f]{8})")


class Key:
    """An HMAC-SHA256 key of 32 bytes that does not show itself.

    Args:
        secret: The 32 bytes.
    """

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = hashlib.sha256(b"packagers key id\n" + secret).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"<Key {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is not pickled; share it with `packagers keys export`")

    def mac(self, text: str) -> str:
        """Give the authentication code of a text, as 64 hex digits."""
        return hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def exported(self) -> str:
        """Give the key as one line of text that carries its own checksum. It is a secret."""
        return f"{PREFIX}1:{self._secret.hex()}:{_checksum(self._secret)}"


@functools.lru_cache(maxsize=4)
def derived(text: str) -> Key:
    """Derive a key from text that a person chose: slowly, because a signed package lets anyone try texts."""
    return Key(hashlib.pbkdf2_hmac("sha256", text.encode("utf-8", "surrogateescape"), b"packagers signing key", 200_000))


def parsed(text: str) -> Key:
    """Give the key of a line that :meth:`Key.exported` gave.

    Raises:
        PackagersError: Where the text is none.
    """
    match = _EXPORTED.fullmatch(text.strip())
    secret = bytes.fromhex(match[1]) if match else b""
    if not match or not hmac.compare_digest(_checksum(secret), match[2]):
        raise PackagersError(
            "the text is no exported key, or was damaged on its way", remedy="Copy the whole line that `packagers keys export` prints."
        )
    return Key(secret)


def _checksum(secret: bytes) -> str:
    return hashlib.sha256(b"packagers key checksum\n" + secret).hexdigest()[:8]
