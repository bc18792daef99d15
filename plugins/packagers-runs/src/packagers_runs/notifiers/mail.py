"""Messages by mail."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from packagers_runs.notifiers.notifier import NotificationError, Notifier
from packagers_runs.notifiers.texts import html_text, one_line, plain_text
from packagers_runs.report.words import cut

if TYPE_CHECKING:
    import smtplib
    import ssl

_SUBJECT = 200
_RUNS = re.compile(r"\{\{\s*runs\s*\}\}")


class MailNotifier(Notifier):
    """Sends a mail with a table of the run, as HTML and as text.

    ``server_host`` and ``server_port`` are the server, ``sender_address`` who writes, ``email_addresses`` to whom (a list, or text with
    commas). ``use_tls`` speaks TLS from the beginning, unless ``start_tls`` begins it after a greeting or ``use_tls=False``;
    ``validate_certs=False`` leaves the certificate unchecked. The port is 465, 587 or 25 where none is given. ``username`` and
    ``password`` are sent where they are given. ``message_body_override`` is HTML of yours, with ``{{ runs }}`` where the table goes.
    """

    def check(self) -> None:
        """Check addresses and port; a line break in an address would be a header."""
        for field, text in (("sender_address", self.params["sender_address"]), *(("email_addresses", each) for each in self._receivers())):
            try:
                Address(addr_spec=text)
            except (MessageError, ValueError, IndexError):
                raise self.refuse(field, f"{field} holds what is no address", "Write such as ann@example.org.") from None
        if not self._receivers():
            raise self.refuse("email_addresses", "email_addresses is empty", "Say who is told.")
        if not 0 < self._port() < 65536:
            raise self.refuse("server_port", "server_port is no number of a port", "Write such as 587.")
        if self.params.get("use_tls") and self.params.get("start_tls"):
            raise self.refuse("start_tls", "use_tls and start_tls are both true", "Leave one of them out.")

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Send it; that one receiver of several was refused is an error, though the others have it."""
        import smtplib

        mail = self._mail(message, severity, run)
        where = f"{self.params['server_host']}:{self._port()}"
        try:
            with self._connected() as server:
                if self.params.get("username"):
                    server.login(self.params["username"], self.params.get("password", ""))
                refused = server.send_message(mail)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            problem = f"no answer within {self.timeout:g} s" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
            raise NotificationError(f"the mail server {where}: {problem}", remedy="Look at the server and the parameters.") from None
        if refused:
            raise NotificationError(f"the mail server {where} refuses {', '.join(refused)}", remedy="Look at the addresses.")

    def _connected(self) -> smtplib.SMTP:
        import smtplib

        host, port = self.params["server_host"], self._port()
        name = socket.gethostname()
        me = name if "." in name and name.isascii() else "[127.0.0.1]"  # looking for a better one may take long
        if self._has_tls():
            return smtplib.SMTP_SSL(host, port, me, timeout=self.timeout, context=self._context())
        server = smtplib.SMTP(host, port, me, timeout=self.timeout)
        if self.params.get("start_tls"):
            try:
                server.starttls(context=self._context())
            except BaseException:
                server.close()
                raise
        return server

    def _context(self) -> ssl.SSLContext:
        import ssl

        context = ssl.create_default_context()
        if not self.params.get("validate_certs", True):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _mail(self, message: str, severity: str, run: Mapping[str, Any]) -> EmailMessage:
        from email.utils import format_datetime, make_msgid

        sender = Address(addr_spec=self.params["sender_address"])
        mail = EmailMessage()
        mail["Subject"] = cut(f"[{severity}] {one_line(message)}", _SUBJECT)
        mail["From"] = sender
        mail["To"] = [Address(addr_spec=each) for each in self._receivers()]
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = make_msgid(domain=sender.domain)
        mail["Auto-Submitted"] = "auto-generated"
        table = html_text(run, message, severity, self.name)
        if override := self.params.get("message_body_override"):
            mail.set_content(_RUNS.sub(lambda _: table, override), subtype="html")
        else:
            mail.set_content(plain_text(run, message, severity))
            mail.add_alternative(table, subtype="html")
        return mail

    def _receivers(self) -> list[str]:
        given = self.params["email_addresses"]
        return [each.strip() for each in given.split(",") if each.strip()] if isinstance(given, str) else [str(each) for each in given]

    def _has_tls(self) -> bool:
        return bool(self.params.get("use_tls", not self.params.get("start_tls")))

    def _port(self) -> int:
        given = self.params.get("server_port")
        if given is None:
            return 465 if self._has_tls() else 587 if self.params.get("start_tls") else 25
        text = str(given).strip()
        return int(text) if text.isascii() and text.isdigit() else 0
