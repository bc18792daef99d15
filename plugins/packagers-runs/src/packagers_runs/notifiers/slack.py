"""Messages to a channel of Slack, by an incoming webhook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from packagers_runs.notifiers.notifier import Notifier
from packagers_runs.notifiers.texts import cells_of, one_line
from packagers_runs.notifiers.web import check_url, send_json

_EMOJIS = {"completed": ":smiley:", "running": ":man-running:", "error": ":x:", "aborted": ":octagonal_sign:"}
_HEADER, _TEXT, _FIELD = 150, 3000, 2000
"""Characters that Slack takes in each place."""


class SlackNotifier(Notifier):
    """Posts blocks to the ``webhook`` of a channel.

    Text of others is plain text in the header, and code everywhere else: links, mentions, emojis and emphasis in it mean nothing.
    """

    def check(self) -> None:
        """Check the address of the webhook."""
        check_url(self, "webhook", self.params["webhook"])

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Post it."""
        send_json(self.params["webhook"], {"blocks": self._blocks(message, severity, run)}, self.timeout)

    def _blocks(self, message: str, severity: str, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        said = f"[{severity}] {one_line(message)}"
        header, rest = _divided(said, _HEADER)
        blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}}]
        if rest:
            blocks.append({"type": "section", "text": _row(_code(rest, _TEXT))})
        if self.name:
            blocks.append({"type": "section", "text": _row(_code(one_line(self.name), _TEXT))})
        cells = cells_of(run)
        line = f"{_EMOJIS.get(cells['state'], ':question:')}  {_code(cells['name'], _FIELD // 2)}"
        fields = ["*Runs*", "*Results*", line, _code(cells["results"] or cells["state"], _FIELD)]
        return [*blocks, {"type": "section", "fields": [_row(field) for field in fields]}]


def _row(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _code(text: str, most: int) -> str:
    """Give text as code; a backtick, which Slack cannot escape, becomes its look-alike."""
    shown, rest = _divided(text.replace("`", "\u02cb"), most - len("`…`"))
    return f"`{shown}{'…' if rest else ''}`" if shown else "-"


def _divided(text: str, most: int) -> tuple[str, str]:
    """Give as much of a text as has room when it is escaped, escaped, and the rest, which is not."""
    shown: list[str] = []
    length = 0
    for place, character in enumerate(text):
        escaped = html.escape(character, quote=False)
        length += len(escaped)
        if length > most:
            return "".join(shown), text[place:]
        shown.append(escaped)
    return "".join(shown), ""
