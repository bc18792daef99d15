"""Several notifications are sent side by side, each in its time; what goes wrong is the reason of its entry, and never an exception."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from packagers_runs.errors import FieldError, RunsError
from packagers_runs.models.documents import HIDDEN, clone
from packagers_runs.models.notification import Notification
from packagers_runs.models.status import utc_text
from packagers_runs.notifiers.notifier import NotificationError, Notifier, notifier_of
from packagers_runs.notifiers.texts import headline, one_line
from packagers_runs.report.words import cut

TIMEOUT_VARIABLE = "PACKAGERS_NOTIFY_TIMEOUT"
TIMEOUT_S = 15.0
_GRACE_S = 1.0
"""A library that keeps to its timeout says more of what went wrong than the clock here."""
_REASON = 500


def timeout_here() -> float:
    """Give the seconds that sending one notification may take: what ``PACKAGERS_NOTIFY_TIMEOUT`` says, or 15.

    Raises:
        FieldError: The variable is no such number.
    """
    text = os.environ.get(TIMEOUT_VARIABLE) or str(TIMEOUT_S)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise FieldError(
            f"{TIMEOUT_VARIABLE} is {text!r:.60}",
            model="Notification",
            field=TIMEOUT_VARIABLE,
            remedy="Set a number of seconds, such as 15.",
        )
    return seconds


def send_all(notifications: Iterable[Notification], run: Mapping[str, Any], mask: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """Send notifications about a run.

    Args:
        notifications: With their secret parameters.
        run: The document of the run.
        mask: Takes secrets out of text.

    Returns:
        By name: the ``status``, ``sent`` or ``error``; the ``sent_time``; the ``reason`` where it is an error.
    """
    try:
        timeout = timeout_here()
    except FieldError as error:
        return {each.name: {"status": "error", "reason": str(error)} for each in notifications}
    spec = {name: value for name, value in run.get("spec", {}).items() if name != "notifications"}  # one is told nothing of the others
    sending = [_Sending(each, clone({**run, "spec": spec}), timeout, mask) for each in notifications]
    for each in sending:
        each.begin()
    end = time.monotonic() + timeout + _GRACE_S
    for each in sending:
        each.wait(end - time.monotonic())
    return {each.notification.name: each.entry for each in sending}


class _Sending:
    """One notification on its way.

    Args:
        notification: It.
        run: The document of the run.
        timeout: Seconds that it may take.
        mask: Takes secrets out of text.
    """

    def __init__(self, notification: Notification, run: Mapping[str, Any], timeout: float, mask: Callable[[str], str]) -> None:
        self.notification = notification
        self.entry: dict[str, Any] = {"status": "error", "reason": f"no answer within {timeout:g} s"}
        self._run = run
        self._timeout = timeout
        self._mask = mask
        self._notifier: Notifier
        self._thread = threading.Thread(target=self._send, name="packagers-runs-notifier", daemon=True)

    def begin(self) -> None:
        """Send it: where it is shown here, at once; otherwise beside this thread."""
        try:
            _refuse_hidden(self.notification)
            self.notification.validate_params()
            self._notifier = notifier_of(self.notification, self._timeout)
        except Exception as error:  # noqa: BLE001 - a kind of a stranger
            self.entry = self._failed(error)
            return
        if self._notifier.is_local:
            self._send()
        else:
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for its end, or until its time is over."""
        if self._thread.ident is not None:
            self._thread.join(max(seconds, 0))

    def _send(self) -> None:
        try:
            self._notifier.check()
            message = self._mask(headline(self._run, self.notification.message))
            self._notifier.send(message, self.notification.severity, self._run)
        except Exception as error:  # noqa: BLE001 - whatever a kind of a stranger raises; the run has ended and stays as it is
            self.entry = self._failed(error)
        else:
            self.entry = {"status": "sent", "sent_time": utc_text()}

    def _failed(self, error: Exception) -> dict[str, Any]:
        text = str(error) if isinstance(error, RunsError) else f"{type(error).__name__}: {error}"
        return {"status": "error", "reason": cut(one_line(self._mask(text)), _REASON)}


def _refuse_hidden(notification: Notification) -> None:
    hidden = [name for name, value in notification.secret_params.items() if value == HIDDEN]
    if hidden:
        raise NotificationError(
            f"the value of {', '.join(hidden)} is kept nowhere", remedy="Send it with `packagers runs notify`, which takes it anew."
        )
