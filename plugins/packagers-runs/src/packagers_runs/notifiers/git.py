"""Comments on issues and merge requests of GitHub and GitLab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from packagers_runs.notifiers.notifier import Notifier
from packagers_runs.notifiers.texts import html_text
from packagers_runs.notifiers.web import check_url, send_json


class GitNotifier(Notifier):
    """Comments on an ``issue`` or a ``merge_request`` (of GitHub: a pull request) of a ``repo``, with a ``token``.

    ``server`` is that of GitHub or GitLab where none is given; ``gitlab=True`` says that it is one of GitLab, as does its name.
    The comment is one block of HTML, which Markdown leaves alone; text of others is code in it, so that nobody is mentioned.
    """

    def check(self) -> None:
        """Check the parts of the address."""
        number = str(self._number())
        if not (number.isascii() and number.isdigit()):
            raise self.refuse("issue", "the number of an issue or merge request is no number", "Write such as 7.")
        if any(part in ("", ".", "..") for part in str(self.params["repo"]).split("/")):
            raise self.refuse("repo", "repo is no name of a repository", "Write owner/name.")
        token = self.params["token"]
        if not (token and token.isascii() and token.isprintable()):
            raise self.refuse("token", "token is empty, or has characters that no token has", "Give it on one line.")
        check_url(self, "server", self._url())

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Comment."""
        token = self.params["token"]
        github = {"Accept": "application/vnd.github.v3+json", "Authorization": f"token {token}"}
        headers = {"PRIVATE-TOKEN": token} if self._is_gitlab() else github
        send_json(self._url(), {"body": html_text(run, message, severity, self.name)}, self.timeout, headers=headers)

    def _number(self) -> Any:
        return self.params.get("issue", self.params.get("merge_request"))

    def _is_gitlab(self) -> bool:
        said = self.params.get("gitlab")
        return said if said is not None else "gitlab" in (urlsplit(self._server("")).hostname or "")

    def _server(self, default: str) -> str:
        server = self.params.get("server") or default
        return (server if "://" in server else f"https://{server}").rstrip("/")

    def _url(self) -> str:
        repo, number = str(self.params["repo"]), quote(str(self._number()), safe="")
        if self._is_gitlab():
            where = "issues" if "issue" in self.params else "merge_requests"
            return f"{self._server('gitlab.com')}/api/v4/projects/{quote(repo, safe='')}/{where}/{number}/notes"
        return f"{self._server('api.github.com')}/repos/{quote(repo)}/issues/{number}/comments"
