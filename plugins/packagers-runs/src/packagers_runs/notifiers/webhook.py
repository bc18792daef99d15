"""Messages as JSON to any server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packagers_runs.notifiers.notifier import Notifier
from packagers_runs.notifiers.web import check_url, plain, send_json

_METHOD = re.compile(r"[A-Za-z]+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD = re.compile(r"\{\{\s*(message|runs|severity)\s*\}\}")


class WebhookNotifier(Notifier):
    """Sends ``{"message", "severity", "runs": [the document of the run]}`` to a ``url``.

    ``method`` is ``POST`` if not given; ``headers`` come besides; ``verify_ssl=False`` leaves the certificate of the server unchecked.
    ``override_body`` is sent in place of that: ``{{ runs }}``, ``{{ message }}`` and ``{{ severity }}`` in any text of it are replaced,
    and text stays text, whatever is put in.
    """

    def check(self) -> None:
        """Check what a server would not understand."""
        check_url(self, "url", self.params["url"])
        if not _METHOD.fullmatch(self.params.get("method", "POST")):
            raise self.refuse("method", "method is no method of HTTP", "Write such as POST or PUT.")
        for name, value in self.params.get("headers", {}).items():
            if not (_HEADER.fullmatch(name) and isinstance(value, str) and value.isascii() and value.isprintable()):
                raise self.refuse("headers", f"the header {name!r:.60} has a name or value that HTTP has not", "Write one line of ASCII.")

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Send it."""
        body: Any = self.params.get("override_body")
        if body:
            said = {"message": message, "severity": severity, "runs": str([_summary(run)])}
            body = _filled(body, said)
        else:
            body = {"message": message, "severity": severity, "runs": [run]}
        send_json(
            self.params["url"],
            body,
            self.timeout,
            method=self.params.get("method", "POST").upper(),
            headers=self.params.get("headers"),
            verify=self.params.get("verify_ssl", True),
        )


def _filled(body: Any, said: Mapping[str, str]) -> Any:
    if isinstance(body, str):
        return _FIELD.sub(lambda found: said[found[1]], body)
    if isinstance(body, Mapping):
        return {key: _filled(value, said) for key, value in body.items()}
    return [_filled(value, said) for value in body] if isinstance(body, list) else body


def _summary(run: Mapping[str, Any]) -> Any:
    """Give what ``{{ runs }}`` says of a run, in the order in which MLRun does."""
    metadata, status = run.get("metadata", {}), run.get("status", {})
    said: dict[str, Any] = {"project": metadata.get("project"), "name": metadata.get("name"), "status": {"state": status.get("state")}}
    if host := metadata.get("labels", {}).get("host"):
        said["host"] = host
    for field in ("error", "results"):
        if status.get(field):
            said["status"][field] = status[field]
            break
    return plain(said)
