"""What each kind of notification sends, byte by byte, to real servers; and that no text of a run has an effect anywhere."""

from __future__ import annotations

import builtins
import html
import json
import logging
import re
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs import FieldError, Notification, NotificationError
from packagers_runs.notifiers import slack
from packagers_runs.notifiers.notifier import Notifier, notifier_of
from packagers_runs.notifiers.texts import html_text, one_line
from packagers_runs.notifiers.web import json_bytes

RUN = {
    "metadata": {"name": "train", "project": "shop", "uid": "ab" * 16, "iteration": 0, "labels": {"host": "h1"}},
    "spec": {"parameters": {"depth": 3}},
    "status": {"state": "completed", "results": {"accuracy": 0.9300000001, "n": 3}, "start_time": "2026-11-22T05:30:00.5+00:00"},
}
OF_APPRISE = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it imports what Python will lose
SAID = "Run train completed in project shop: look"
DOCUMENT = (
    '{"metadata":{"iteration":0,"labels":{"host":"h1"},"name":"train","project":"shop","uid":"abababababababababababababababab"},'
    '"spec":{"parameters":{"depth":3}},"status":{"results":{"accuracy":0.9300000001,"n":3},"start_time":"2026-11-22T05:30:00.5+00:00",'
    '"state":"completed"}}'
)
SUMMARY = (
    "[{'project': 'shop', 'name': 'train', 'status': {'state': 'completed', 'results': {'accuracy': 0.9300000001, 'n': 3}}, 'host': 'h1'}]"
)
TABLE = (
    "<h2>Run Results</h2><h3>[info] <code>tell: Run train completed in project shop: look</code></h3>"
    '<table border="1"><thead><tr><th>project</th><th>name</th><th>uid</th><th>started</th><th>state</th><th>results</th></tr></thead>'
    "<tbody><tr><td><code>shop</code></td><td><code>train</code></td><td><code>abababababababababababababababab</code></td>"
    "<td><code>2026-11-22 05:30:00 UTC</code></td><td><code>completed</code></td><td><code>accuracy=0.93, n=3</code></td>"
    "</tr></tbody></table>"
)
HOSTILE = (
    "x</code></td></table><script>alert(1)</script>`*a* _b_ ~c~ <!channel> <@U1|a> <http://e|b> &lt; @octocat #1 !2 :smile:\r\n"
    "Bcc: evil@example.org\r\n\r\n/close\n\n| [a](http://e) ![i](http://e) \x1b]0;t\x07\u202e\u2028\x85\ud800\x00\"'\\ $(id) {{ runs }}"
)
EVIL = {
    "metadata": {"name": HOSTILE, "project": HOSTILE, "uid": HOSTILE, "labels": {"host": HOSTILE}},
    "status": {"state": "error", "error": HOSTILE, "results": {HOSTILE: HOSTILE}, "start_time": HOSTILE, "retry_count": 1},
}


def notifier(kind: str, name: str = "tell", timeout: float = 10, **params: Any) -> Notifier:
    notification = Notification(kind, name, params=params)
    notification.validate()
    made = notifier_of(notification, timeout)
    made.check()
    return made


class _Page(HTMLParser):
    """Notes tags with their attributes, and the text outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.depth = 0
        self.outside = ""
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(" ".join([tag, *(f"{name}={value}" for name, value in attrs)]))
        self.depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.inside += data
        else:
            self.outside += data

    def handle_comment(self, data: str) -> None:
        self.tags.add("comment")


def assert_harmless_html(text: str) -> None:
    page = _Page(text)
    assert page.tags == {"h2", "h3", "code", "table border=1", "thead", "tr", "th", "tbody", "td"}
    assert re.sub(r"\s", "", page.outside) == "RunResults[warning]projectnameuidstartedstateresults"
    assert "<script>alert(1)</script>" in page.inside
    assert text.isprintable() or text.replace("\n", "").isprintable()


def test_webhook(web_server: Any) -> None:
    notifier("webhook", url=f"{web_server.url}/hook?a=b").send(SAID, "info", RUN)
    method, path, headers, body = web_server.heard.pop()
    assert (method, path, headers["content-type"], headers["user-agent"]) == ("POST", "/hook?a=b", "application/json", "packagers-runs")
    assert body.decode() == f'{{"message":"{SAID}","runs":[{DOCUMENT}],"severity":"info"}}'


def test_a_webhook_with_a_method_and_headers(web_server: Any) -> None:
    given = {"method": "put", "headers": {"X-Token": "t", "content-type": "application/x-run"}}
    notifier("webhook", url=web_server.url, **given).send(SAID, "error", RUN)
    method, path, headers, _ = web_server.heard.pop()
    assert (method, path, headers["x-token"]) == ("PUT", "/", "t")
    assert "application/x-run" in headers["content-type"]


@pytest.mark.parametrize(
    ("override", "body"),
    [
        ({"text": "Run Completed {{ runs }}", "n": 1}, {"text": f"Run Completed {SUMMARY}", "n": 1}),
        (
            {"content": "[{{severity}}] {{  message }}", "deep": [{"a": "{{ other }}"}]},
            {"content": f"[info] {SAID}", "deep": [{"a": "{{ other }}"}]},
        ),
        ("{{message}}", SAID),
    ],
)
def test_a_webhook_with_a_body_of_ones_own(web_server: Any, override: Any, body: Any) -> None:
    notifier("webhook", url=web_server.url, override_body=override).send(SAID, "info", RUN)
    assert web_server.heard.pop()[3].decode() == json.dumps(body, sort_keys=True, separators=(",", ":"))


def test_a_webhook_with_a_certificate(new_web_server: Any, server_context: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = new_web_server(server_context)
    with pytest.raises(NotificationError, match="CERTIFICATE_VERIFY_FAILED"):
        notifier("webhook", url=server.url).send(SAID, "info", RUN)
    assert server.heard == []
    notifier("webhook", url=server.url, verify_ssl=False).send(SAID, "info", RUN)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    notifier("webhook", url=server.url, verify_ssl=True).send(SAID, "info", RUN)
    assert len(server.heard) == 2


def test_a_webhook_gives_every_character_and_value_as_data(web_server: Any) -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd>"

    evil = {**EVIL, "status": {**EVIL["status"], "results": {"a": Odd(), "b": (1, float("nan")), "c": {"d": Odd()}}}}
    notifier("webhook", url=web_server.url).send(HOSTILE, "warning", evil)
    found = json.loads(web_server.heard.pop()[3])
    assert found["message"] == found["runs"][0]["metadata"]["name"] == HOSTILE
    assert found["runs"][0]["status"]["results"] == {"a": "<odd>", "b": [1, "NaN"], "c": {"d": "<odd>"}}
    notifier("webhook", url=web_server.url, override_body={"a": '{{ message }}", "b": "'}).send(HOSTILE, "warning", evil)
    assert json.loads(web_server.heard.pop()[3]) == {"a": f'{HOSTILE}", "b": "'}


@pytest.mark.parametrize(
    ("kind", "params", "field"),
    [
        ("webhook", {"url": "file:///etc/passwd"}, "url"),
        ("webhook", {"url": "http://"}, "url"),
        ("webhook", {"url": "http://a:port"}, "url"),
        ("webhook", {"url": "http://a\r\nb"}, "url"),
        ("webhook", {"url": "http://a", "method": "GET / HTTP/1.1\r\n"}, "method"),
        ("webhook", {"url": "http://a", "headers": {"a": "b\r\nc: d"}}, "headers"),
        ("webhook", {"url": "http://a", "headers": {"a: b": "c"}}, "headers"),
        ("slack", {"webhook": "hooks.slack.com"}, "webhook"),
        ("git", {"repo": "a/b", "token": "t", "issue": "1/comments?"}, "issue"),
        ("git", {"repo": "a/../b", "token": "t", "issue": 1}, "repo"),
        ("git", {"repo": "a/b", "token": "t\r\nx: y", "issue": 1}, "token"),
        ("git", {"repo": "a/b", "token": "t", "issue": 1, "server": "ftp://a"}, "server"),
    ],
    ids=range(12),
)
def test_parameters_that_no_server_understands_are_refused(kind: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError, match="→") as caught:
        notifier(kind, **params)
    assert caught.value.field == field


def test_slack(web_server: Any) -> None:
    notifier("slack", webhook=f"{web_server.url}/services/T/B/x").send(SAID, "info", RUN)
    method, path, _, body = web_server.heard.pop()
    assert (method, path) == ("POST", "/services/T/B/x")

    def row(text: str) -> dict[str, Any]:
        return {"type": "mrkdwn", "text": text, "verbatim": True}

    assert json.loads(body) == {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": f"[info] {SAID}", "emoji": False}},
            {"type": "section", "text": row("`tell`")},
            {"type": "section", "fields": [row("*Runs*"), row("*Results*"), row(":smiley:  `train`"), row("`accuracy=0.93, n=3`")]},
        ]
    }
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()


def texts_of(blocks: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    parts = [part for block in blocks for part in ([block["text"]] if "text" in block else block["fields"])]
    plain = [part["text"] for part in parts if part["type"] == "plain_text"]
    return plain, [part["text"] for part in parts if part["type"] == "mrkdwn"]


def test_slack_shows_text_of_others_as_text(web_server: Any) -> None:
    notifier("slack", name=HOSTILE, webhook=web_server.url).send(HOSTILE * 20, "warning", EVIL)
    blocks = json.loads(web_server.heard.pop()[3])["blocks"]
    plain, marked = texts_of(blocks)
    assert [len(text) <= 150 for text in plain] == [True]
    assert all(len(text) <= 3000 for text in marked)
    for text in marked[2:]:
        assert len(text) <= 2000
    for text in [*plain, *marked]:
        assert text.isprintable()
        assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", text)
    for text in marked:
        assert text in ("*Runs*", "*Results*") or re.fullmatch(r"(:x:  )?`[^`]+`", text), text
    assert "…" in marked[0]


def test_slack_without_results_or_name(web_server: Any) -> None:
    notifier("slack", name="", webhook=web_server.url).send("x", "info", {"status": {"state": "aborted"}})
    assert texts_of(json.loads(web_server.heard.pop()[3])["blocks"])[1] == ["*Runs*", "*Results*", ":octagonal_sign:  -", "`aborted`"]


GITHUB = {"accept": "application/vnd.github.v3+json", "authorization": "token t0ken"}


@pytest.mark.parametrize(
    ("params", "path", "headers"),
    [
        ({"issue": 7}, "/repos/ann/shop/issues/7/comments", GITHUB),
        ({"merge_request": "8"}, "/repos/ann/shop/issues/8/comments", GITHUB),
        ({"issue": 7, "gitlab": True}, "/api/v4/projects/ann%2Fshop/issues/7/notes", {"private-token": "t0ken"}),
        ({"merge_request": 8, "gitlab": True}, "/api/v4/projects/ann%2Fshop/merge_requests/8/notes", {"private-token": "t0ken"}),
    ],
)
def test_git(web_server: Any, params: dict[str, Any], path: str, headers: dict[str, str]) -> None:
    web_server.answers = lambda path: (201, b'{"id": 1}')
    notifier("git", repo="ann/shop", token="t0ken", server=web_server.url, **params).send(SAID, "info", RUN)
    method, asked, found, body = web_server.heard.pop()
    assert (method, asked) == ("POST", path)
    assert headers.items() <= found.items()
    assert body.decode() == json.dumps({"body": TABLE}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("params", "url"),
    [
        ({}, "https://api.github.com/repos/a/b/issues/1/comments"),
        ({"gitlab": True}, "https://gitlab.com/api/v4/projects/a%2Fb/issues/1/notes"),
        ({"server": "gitlab.example.org"}, "https://gitlab.example.org/api/v4/projects/a%2Fb/issues/1/notes"),
        ({"server": "https://gitlab.example.org/", "gitlab": False}, "https://gitlab.example.org/repos/a/b/issues/1/comments"),
    ],
)
def test_git_knows_its_servers(params: dict[str, Any], url: str) -> None:
    assert notifier("git", repo="a/b", token="t", issue=1, **params)._url() == url  # type: ignore[attr-defined]


def test_git_comments_hold_no_markup_of_others(web_server: Any) -> None:
    from markdown_it import MarkdownIt

    notifier("git", name=HOSTILE, repo="a/b", token="t", issue=1, server=web_server.url).send(HOSTILE, "warning", EVIL)
    body = json.loads(web_server.heard.pop()[3])["body"]
    assert "\n" not in body
    assert MarkdownIt("commonmark", {"html": True}).render(body).strip() == body  # one block, which Markdown leaves as it is
    assert_harmless_html(body)


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    notifier("console").send(SAID, "info", RUN)
    assert capsys.readouterr().out == (
        f"[info] {SAID}\nproject\tname\tuid\tstarted\tstate\tresults\n"
        "shop\ttrain\tabababababababababababababababab\t2026-11-22 05:30:00 UTC\tcompleted\taccuracy=0.93, n=3\n"
    )
    notifier("console").send(HOSTILE, "warning", EVIL)
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3
    assert re.sub(r"[\n\t]", "", printed).isprintable()


def test_a_console_of_few_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    notifier("console").send("Äh", "info", {**RUN, "metadata": {"name": "ü"}})
    assert out.buffer.getvalue().startswith(b"[info] \\xc4h\n")  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(NotificationError, match="no standard output"):
        notifier("console").send(SAID, "info", RUN)


def test_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(HTML=lambda text: text, display=shown.append))
    notifier("ipython").send(SAID, "info", RUN)
    assert shown.pop() == TABLE
    notifier("ipython", name=HOSTILE).send(HOSTILE, "warning", EVIL)
    assert_harmless_html(shown.pop())
    del shell.kernel  # a shell in a terminal
    with pytest.raises(NotificationError, match="no notebook"):
        notifier("ipython").send(SAID, "info", RUN)
    monkeypatch.delitem(sys.modules, "IPython")
    with pytest.raises(NotificationError, match="no notebook"):
        notifier("ipython").send(SAID, "info", RUN)


@OF_APPRISE
def test_apprise(web_server: Any) -> None:
    address = web_server.url.replace("http://", "json://")
    notifier("apprise", urls=[f"{address}/a", f"{address}/b"]).send(SAID, "error", RUN)
    assert sorted(path for _, path, _, _ in web_server.heard) == ["/a", "/b"]
    found = json.loads(web_server.heard.pop()[3])
    assert (found["title"], found["type"]) == (f"[error] {SAID}", "failure")
    assert found["message"].splitlines() == [
        f"[error] {SAID}",
        "",
        "project  shop",
        "name     train",
        "uid      abababababababababababababababab",
        "started  2026-11-22 05:30:00 UTC",
        "state    completed",
        "results  accuracy=0.93, n=3",
    ]
    web_server.answers = lambda path: (500, b"") if path == "/b" else (200, b"")
    with pytest.raises(NotificationError, match="could not be told"):
        notifier("apprise", urls=[f"{address}/b", f"{address}/a"]).send(SAID, "info", RUN)
    assert web_server.heard[-1][1] == "/a"  # one that fails keeps nobody else from being told
    with pytest.raises(FieldError, match=r"urls\[0\] is no address that apprise knows"):
        notifier("apprise", urls="nosuchservice://x")
    with pytest.raises(FieldError, match="urls is empty"):
        notifier("apprise", urls=[])


@pytest.mark.parametrize(
    ("kind", "params", "library", "extra"),
    [("webhook", {"url": "http://a"}, "httpx", "notifications"), ("apprise", {"urls": "json://a"}, "apprise", "apprise")],
)
def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch, kind: str, params: Any, library: str, extra: str) -> None:
    real = builtins.__import__

    def fake(name: str, *arguments: Any, **options: Any) -> Any:
        if name == library:
            raise ImportError(f"No module named {name!r}")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", fake)
    with pytest.raises(NotificationError, match=rf"pip install packagers-runs\[{extra}\]"):
        notifier(kind, **params)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((500, b"<h1>\x1bbroken\x07</h1>"), r"answers 500 Internal Server Error: <h1>\\x1bbroken\\x07</h1>\s"),
        ((404, b""), r"answers 404 Not Found\s"),
        ((200, b"no"), None),
        ((400, b"invalid_payload" + b"x" * 100_000), r"answers 400 Bad Request: invalid_payloadx{200,300}\s"),
    ],
    ids=range(4),
)
def test_what_servers_answer(web_server: Any, answer: tuple[int, bytes], says: str | None) -> None:
    web_server.answers = lambda path: answer
    made = notifier("slack", webhook=f"{web_server.url}/s3cret")
    if says is None:
        made.send(SAID, "info", RUN)
        return
    with pytest.raises(NotificationError, match=says) as caught:
        made.send(SAID, "info", RUN)
    assert "s3cret" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_servers_that_do_not_answer(web_server: Any) -> None:
    with pytest.raises(NotificationError, match=r"127\.0\.0\.1:1 cannot be reached: ConnectError"):
        notifier("slack", webhook="http://127.0.0.1:1/s3cret").send(SAID, "info", RUN)
    web_server.answers = web_server.hang
    with pytest.raises(NotificationError, match=r"no answer within 0\.2 s"):
        notifier("slack", timeout=0.2, webhook=web_server.url).send(SAID, "info", RUN)


def test_no_redirect_is_followed_with_a_token(web_server: Any, new_web_server: Any) -> None:
    thief = new_web_server()
    web_server.answers = lambda path: (302, f"{thief.url}{path}".encode())
    with pytest.raises(NotificationError, match="answers 302"):
        notifier("git", repo="a/b", token="t", issue=1, server=web_server.url).send(SAID, "info", RUN)
    assert thief.heard == []


@OF_APPRISE
def test_addresses_are_in_no_log(web_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    notifier("slack", webhook=f"{web_server.url}/s3cret").send(SAID, "info", RUN)
    notifier("apprise", urls=f"json://{web_server.address}/s3cret").send(SAID, "info", RUN)
    assert len(web_server.heard) == 2
    assert "s3cret" not in caplog.text
    logging.getLogger("httpx").info("of somebody else")
    assert "of somebody else" in caplog.text


@settings(derandomize=True, max_examples=200)
@given(st.text(st.characters(codec=None), max_size=300) | st.text(alphabet="`<>&|*_~@#\\\r\n\x1b\u202e", max_size=300), st.integers(4, 200))
def test_no_text_breaks_out(text: str, most: int) -> None:
    page = _Page(html_text({"metadata": {"name": text}}, text, "info", text))
    assert page.tags - {"code"} == {"h2", "h3", "table border=1", "thead", "tr", "th", "tbody", "td"}
    assert page.outside == "Run Results[info] projectnameuidstartedstateresults"
    assert one_line(text) in page.inside
    assert all(each.isprintable() or each in "\u200c\u200d" for each in one_line(text))
    shown = slack._code(one_line(text), most)
    assert len(shown) <= most
    assert shown == "-" or re.fullmatch(r"`([^`<>&]|&(amp|lt|gt);)+`", shown)
    assert json.loads(json_bytes({"a": text})) == {"a": text}


def test_nothing_is_lost_of_what_is_shown(web_server: Any) -> None:
    text = "Jalapeño 日本語 <b> & `x`"
    notifier("git", repo="a/b", token="t", issue=1, server=web_server.url).send(text, "info", RUN)
    assert html.escape(text) in json.loads(web_server.heard.pop()[3])["body"]
