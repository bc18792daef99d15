"""JSON that is sent to a server. No redirect is followed, and neither addresses nor headers are in a message or log."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from packagers_runs.errors import FieldError
from packagers_runs.models.documents import as_plain
from packagers_runs.notifiers.notifier import NotificationError, Notifier
from packagers_runs.notifiers.texts import one_line
from packagers_runs.report.words import cut, value_text

_MOST_SAID = 300
"""Bytes of an answer that are read, to say what a server has against a message."""


def check_url(notifier: Notifier, field: str, url: str) -> None:
    """Check that a server can be asked at an address, and with what is installed.

    Args:
        notifier: Whose parameter it is.
        field: The parameter.
        url: The address.

    Raises:
        FieldError: It is no address of HTTP.
        NotificationError: httpx is missing.
    """
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and url.isprintable()
    except ValueError:
        is_one = False
    if not is_one:
        raise notifier.refuse(field, f"{field} is no address of a server", "Write it in full, with https:// or http://.")
    _httpx()


def send_json(
    url: str,
    body: Any,
    timeout: float,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    verify: bool = True,
) -> None:
    """Send a document to a server.

    Args:
        url: The address.
        body: Plain values, or what documents hold.
        timeout: Seconds for each step: connecting, sending, reading.
        method: The method of HTTP.
        headers: Headers besides, or in place of, those of JSON.
        verify: Whether the certificate of the server is checked.

    Raises:
        NotificationError: The server cannot be reached, or answers anything but 2xx; says what it has against it.
    """
    httpx = _httpx()
    parts = urlsplit(url)
    server = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    sent = {"Content-Type": "application/json", "User-Agent": "packagers-runs", **(headers or {})}
    said = b""
    try:
        with (
            without_logs("httpx"),
            httpx.Client(timeout=timeout, verify=verify and parts.scheme == "https") as client,
            client.stream(method, url, content=json_bytes(body), headers=sent) as answer,
        ):
            if answer.is_success:
                return
            for part in answer.iter_bytes(_MOST_SAID):
                said += part
                if len(said) >= _MOST_SAID:
                    break
            status = one_line(f"{answer.status_code} {answer.reason_phrase}")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        problem = f"{type(error).__name__}: {error}" if not isinstance(error, httpx.TimeoutException) else f"no answer within {timeout:g} s"
        raise NotificationError(f"{server} cannot be reached: {problem}", remedy="Look at the address and the server.") from None
    words = cut(one_line(said.decode("utf-8", "replace")), _MOST_SAID)
    raise NotificationError(f"{server} answers {status}{': ' + words if words else ''}", remedy="Look at the address and the parameters.")


def json_bytes(body: Any) -> bytes:
    """Write a document as JSON (RFC 8259), the same bytes in every process."""
    return json.dumps(plain(body), allow_nan=False, sort_keys=True, separators=(",", ":")).encode("ascii")


def plain(value: Any) -> Any:
    """Give a document as JSON has it; what JSON has no form for becomes the text that Python writes of it."""
    try:
        return as_plain(value, "the message")
    except FieldError:
        if isinstance(value, Mapping):
            return {str(key): plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value_text(value)


_silent: Counter[tuple[str, int | None]] = Counter()
_silent_lock = threading.Lock()


@contextlib.contextmanager
def without_logs(*loggers: str, everywhere: bool = False) -> Iterator[None]:
    """Keep libraries from logging what they are doing for this block: addresses may be secrets.

    Args:
        *loggers: The names of their loggers.
        everywhere: Whether they work in threads of their own, so that those of all threads are silent.
    """
    keys = [(name, None if everywhere else threading.get_ident()) for name in loggers]
    for name in loggers:
        logging.getLogger(name).addFilter(_is_wanted)  # one that is there already is not added again
    with _silent_lock:
        _silent.update(keys)
    try:
        yield
    finally:
        with _silent_lock:
            _silent.subtract(keys)
            for key in keys:
                if not _silent[key]:
                    del _silent[key]


def _is_wanted(record: logging.LogRecord) -> bool:
    return not (_silent[record.name, None] or _silent[record.name, threading.get_ident()])


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise NotificationError(f"httpx is missing: {error}", remedy="pip install packagers-runs[notifications]") from None
    return httpx
