"""JSON from a server that is asked with a token. No redirect is followed, and no message has a token or an answer in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from packagers_runs.secretsources.source import SecretError

_TIMEOUT = 30
_MOST = 16 << 20
"""Bytes of an answer that are read at most."""


def ask(
    url: str,
    *,
    headers: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    authority: str | None = None,
    missing: str | None = None,
) -> dict[str, Any]:
    """Ask a server.

    Args:
        url: What is asked; ``http`` or ``https``.
        headers: With the token.
        form: What is posted; ``None`` for nothing.
        authority: The file of the certificates that vouch for the server; ``None`` for those of the system.
        missing: What is said of an answer 404.

    Raises:
        SecretError: There is no answer, or one that is no JSON object.
    """
    import ssl
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            """Follow none: the token is for this server."""

    parts = urlsplit(url)
    shown = parts._replace(query="", netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.scheme not in ("http", "https"):
        raise SecretError("the address of the server must begin with https:// or http://", file=shown, remedy="Write it in full.")
    data = urlencode(form).encode() if form is not None else None
    try:
        context = ssl.create_default_context(cafile=authority)
        with build_opener(Stay, HTTPSHandler(context=context)).open(Request(url, data, headers or {}), timeout=_TIMEOUT) as answer:  # noqa: S310
            found = json.loads(answer.read(_MOST))
    except HTTPError as error:
        error.close()
        if error.code == 404 and missing:
            raise SecretError(missing, file=shown, remedy="Look at its name and path.") from None
        remedy = "Look at the token and what it may read." if error.code in (400, 401, 403) else "Look at the server."
        raise SecretError(f"the server of secrets answers {error.code} {error.reason}", file=shown, remedy=remedy) from None
    except (OSError, ValueError) as error:
        problem = type(error).__name__ if isinstance(error, ValueError) else str(getattr(error, "reason", error))
        raise SecretError(f"the server of secrets cannot be asked: {problem}", file=shown, remedy="Look at its address.") from None
    if not isinstance(found, dict):
        raise SecretError("the server of secrets answers something else than an object", file=shown, remedy="Look at its address.")
    return found


def token_in(path: Path) -> str:
    """Read a token from a file.

    Raises:
        SecretError: It cannot be read.
    """
    try:
        return path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"the token cannot be read: {type(error).__name__}", file=path, remedy="Look at the path.") from None


def text_values(found: Any, place: str) -> dict[str, str]:
    """Check that an answer has values by name; what is no text becomes JSON.

    Raises:
        SecretError: It is something else.
    """
    if not isinstance(found, dict):
        raise SecretError(f"{place} answers something else than values by name", remedy="Look at its address and version.")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
