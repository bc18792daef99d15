"""Mails as servers of SMTP get them: envelope, headers and both forms of the text; with TLS from the beginning, later, or never."""

from __future__ import annotations

import asyncio
import datetime
import email
import email.policy
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from packagers_runs import FieldError, Notification, NotificationError
from packagers_runs.notifiers.notifier import Notifier, notifier_of

RUN = {
    "metadata": {"name": "train", "project": "shop", "uid": "ab" * 16},
    "status": {"state": "completed", "results": {"accuracy": 0.93}, "start_time": "2026-11-22T05:30:00+00:00"},
}
SAID = "Run train completed in project shop: look"
HOSTILE = "x</code><script>alert(1)</script>\r\nBcc: evil@example.org\r\n\r\n.\r\nQUIT\r\n\x1b[31m\u202e\x00\ud800\x85\u2028 " + "ü" * 300
ADDRESSES = {"sender_address": "runs@example.org", "email_addresses": "ann@example.org, bob@example.org"}


class MailServer:
    """A server of SMTP on loopback that notes what it is sent; made by ``new_mail_server``."""

    def __init__(self, *, implicit: ssl.SSLContext | None = None, refuses: str = "", **options: Any) -> None:
        self.got: list[tuple[list[str], bytes]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.was_encrypted = False
        self._refuses = refuses
        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        async def serve() -> None:
            def protocol() -> SMTP:
                return SMTP(self, hostname="localhost", loop=self._loop, authenticator=self.authenticate, **options)

            self._server = await self._loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
            self.port = self._server.sockets[0].getsockname()[1]
            started.set()

        def run() -> None:
            self._loop.run_until_complete(serve())
            self._loop.run_forever()
            self._loop.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        started.wait(30)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address == self._refuses:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.got.append((list(envelope.rcpt_tos), envelope.original_content))
        self.was_encrypted = session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None
        return "250 OK"

    def authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"hunter2", handled=False)

    def close(self) -> None:
        async def stop() -> None:
            self._server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(stop(), self._loop)
        self._thread.join()


@pytest.fixture
def new_mail_server() -> Iterator[Callable[..., MailServer]]:
    with ExitStack() as made:

        def new(**options: Any) -> MailServer:
            server = MailServer(**options)
            made.callback(server.close)
            return server

        yield new


def notifier(server: MailServer | None = None, timeout: float = 10, **params: Any) -> Notifier:
    place = {"server_host": "127.0.0.1", "server_port": server.port if server else 1, "use_tls": False}
    notification = Notification("mail", "tell", params={**place, **ADDRESSES, **params})
    notification.validate()
    made = notifier_of(notification, timeout)
    made.check()
    return made


def parsed(raw: bytes) -> Any:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_mail_byte_by_byte(new_mail_server: Any) -> None:
    server = new_mail_server()
    notifier(server).send(SAID, "info", RUN)
    receivers, raw = server.got.pop()
    assert receivers == ["ann@example.org", "bob@example.org"]
    found = parsed(raw)
    assert {name: found[name] for name in found if name not in ("Date", "Message-ID", "Content-Type")} == {
        "Subject": f"[info] {SAID}",
        "From": "runs@example.org",
        "To": "ann@example.org, bob@example.org",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    assert abs(found["Date"].datetime - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(hours=1)
    assert re.fullmatch(r"<\S+@example\.org>", found["Message-ID"])
    assert found.get_content_type() == "multipart/alternative"
    text, page = found.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == [
        f"[info] {SAID}",
        "",
        "project  shop",
        "name     train",
        "uid      abababababababababababababababab",
        "started  2026-11-22 05:30:00 UTC",
        "state    completed",
        "results  accuracy=0.93",
    ]
    assert page.get_content().rstrip() == (
        f"<h2>Run Results</h2><h3>[info] <code>tell: {SAID}</code></h3>"
        '<table border="1"><thead><tr><th>project</th><th>name</th><th>uid</th><th>started</th><th>state</th><th>results</th></tr></thead>'
        "<tbody><tr><td><code>shop</code></td><td><code>train</code></td><td><code>abababababababababababababababab</code></td>"
        "<td><code>2026-11-22 05:30:00 UTC</code></td><td><code>completed</code></td><td><code>accuracy=0.93</code></td>"
        "</tr></tbody></table>"
    )


def test_a_mail_with_a_body_of_ones_own(new_mail_server: Any) -> None:
    server = new_mail_server()
    notifier(server, message_body_override="<p>Look: {{ runs }}</p>{{runs}}").send("a\\1b", "info", RUN)
    found = parsed(server.got.pop()[1])
    assert found.get_content_type() == "text/html"
    assert found.get_content().startswith("<p>Look: <h2>Run Results</h2>")
    assert found.get_content().count("<code>tell: a\\1b</code>") == 2


def test_no_text_of_a_run_becomes_a_header_or_a_command(new_mail_server: Any) -> None:
    server = new_mail_server()
    run = {"metadata": {"name": HOSTILE, "project": HOSTILE}, "status": {"state": "error", "error": HOSTILE}}
    notifier(server).send(HOSTILE, "warning", run)
    receivers, raw = server.got.pop()
    assert server.got == []
    assert receivers == ["ann@example.org", "bob@example.org"]
    found = parsed(raw)
    expected = {"Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert (set(found.keys()), len(found.keys())) == (expected, len(expected))
    assert found["Subject"].startswith("[warning] x</code><script>alert(1)</script> Bcc: evil@example.org . QUIT \\x1b[31m")
    assert len(found["Subject"]) <= 200
    text, page = found.iter_parts()
    assert text.get_content().replace("\n", "").isprintable()
    assert "<script" not in page.get_content()
    assert "&lt;script&gt;" in page.get_content()


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"sender_address": "a@b.c\r\nBcc: d@e.f"}, "sender_address"),
        ({"sender_address": "Ann"}, "sender_address"),
        ({"email_addresses": "a@b.c\nBcc: d@e.f"}, "email_addresses"),
        ({"email_addresses": ["a@b.c, d@e.f"]}, "email_addresses"),
        ({"email_addresses": ["<a@b.c>"]}, "email_addresses"),
        ({"email_addresses": ["@b.c", ""]}, "email_addresses"),
        ({"email_addresses": " , "}, "email_addresses"),
        ({"server_port": "smtp"}, "server_port"),
        ({"server_port": 70_000}, "server_port"),
        ({"use_tls": True, "start_tls": True}, "start_tls"),
    ],
    ids=range(10),
)
def test_what_cannot_be_mailed_is_refused(params: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError, match="→") as caught:
        notifier(**params)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("params", "port"), [({}, 465), ({"start_tls": True}, 587), ({"use_tls": False}, 25), ({"server_port": " 2525 "}, 2525)]
)
def test_ports_where_none_is_given(params: dict[str, Any], port: int) -> None:
    made = Notification("mail", "n", params={"server_host": "h", **ADDRESSES, **params})
    assert notifier_of(made, 1)._port() == port  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", ["start_tls", "use_tls"])
def test_encrypted(new_mail_server: Any, server_context: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    options = {"tls_context": server_context, "require_starttls": True} if way == "start_tls" else {"implicit": server_context}
    server = new_mail_server(**options)
    params: dict[str, Any] = {"start_tls": True} if way == "start_tls" else {"use_tls": True}
    with pytest.raises(NotificationError, match="CERTIFICATE_VERIFY_FAILED"):
        notifier(server, **params).send(SAID, "info", RUN)
    assert server.got == []
    notifier(server, **params, validate_certs=False).send(SAID, "info", RUN)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    notifier(server, **params).send(SAID, "info", RUN)
    assert len(server.got) == 2
    assert server.was_encrypted


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_server_that_wants_to_know_who_writes(new_mail_server: Any) -> None:
    server = new_mail_server(auth_required=True, auth_require_tls=False)
    notifier(server, username="ann", password="hunter2").send(SAID, "info", RUN)
    assert len(server.got) == 1
    assert server.logins == [(b"ann", b"hunter2")]
    with pytest.raises(NotificationError, match="SMTPAuthenticationError") as caught:
        notifier(server, username="ann", password="hunter3").send(SAID, "info", RUN)
    assert "hunter" not in str(caught.value)
    with pytest.raises(NotificationError, match="Authentication required"):
        notifier(server).send(SAID, "info", RUN)
    assert len(server.got) == 1


def test_a_server_without_what_is_asked_for(new_mail_server: Any) -> None:
    server = new_mail_server()
    with pytest.raises(NotificationError, match="STARTTLS"):
        notifier(server, use_tls=False, start_tls=True).send(SAID, "info", RUN)
    with pytest.raises(NotificationError, match="SSL"):
        notifier(server, use_tls=True, timeout=5).send(SAID, "info", RUN)
    with pytest.raises(NotificationError, match="ConnectionRefusedError"):
        notifier().send(SAID, "info", RUN)
    assert server.got == []


def test_one_who_is_refused_is_told(new_mail_server: Any) -> None:
    server = new_mail_server(refuses="bob@example.org")
    with pytest.raises(NotificationError, match=r"refuses bob@example\.org"):
        notifier(server).send(SAID, "info", RUN)
    assert server.got[0][0] == ["ann@example.org"]


def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = notifier(timeout=0.2, server_port=silent.getsockname()[1])
        with pytest.raises(NotificationError, match=r"timed out|no answer"):
            made.send(SAID, "info", RUN)
