"""Who is told of the end of a run, and when. What sends it reads these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from packagers_runs.errors import ExpressionError, FieldError
from packagers_runs.extensions import extension_names
from packagers_runs.models.documents import HIDDEN
from packagers_runs.models.expression import parse
from packagers_runs.models.fields import anything, choice, mapping, model, refuse, text
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.nearest import unknown_name

NOTIFIERS = "packagers.notifiers"
"""The group of entry points of further kinds."""

SEVERITIES = ("info", "debug", "verbose", "warning", "error")
WHEN = ("running", "completed", "error", "aborted")
STATUSES = ("pending", "sent", "error")

_TEXT, _TEXTS = (str,), (str, list)
_NUMBER = (int, str)
PARAMETERS: dict[str, dict[str, tuple[type, ...]]] = {
    "console": {},
    "ipython": {},
    "slack": {"webhook": _TEXT},
    "webhook": {"url": _TEXT, "method": _TEXT, "headers": (dict,), "override_body": (dict, list, str), "verify_ssl": (bool,)},
    "git": {"token": _TEXT, "repo": _TEXT, "issue": _NUMBER, "merge_request": _NUMBER, "server": _TEXT, "gitlab": (bool,)},
    "mail": {
        "server_host": _TEXT,
        "server_port": _NUMBER,
        "sender_address": _TEXT,
        "email_addresses": _TEXTS,
        "use_tls": (bool,),
        "start_tls": (bool,),
        "validate_certs": (bool,),
        "username": _TEXT,
        "password": _TEXT,
        "message_body_override": _TEXT,
    },
    "apprise": {"urls": _TEXTS},
}
"""The parameters of the kinds that come with this distribution, and their types."""
_REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "slack": (("webhook",),),
    "webhook": (("url",),),
    "git": (("repo",), ("token",), ("issue", "merge_request")),
    "mail": (("server_host",), ("sender_address",), ("email_addresses",)),
    "apprise": (("urls",),),
}


def _check_kind(value: Any, field: str, owner: str) -> str:
    if value is None:
        return "slack"
    if not isinstance(value, str):
        refuse(field, owner, "a string", value)
    kind = str(getattr(value, "value", value))
    if kind not in PARAMETERS and kind not in (plugins := extension_names(NOTIFIERS)):
        raise unknown_name("kind of notification", kind, [*PARAMETERS, *plugins])
    return kind


def _check_when(value: Any, field: str, owner: str) -> list[str]:
    if value is None:
        return ["completed"]
    if not isinstance(value, list | tuple):
        refuse(field, owner, "a list", value, f"Write [{value!r}]." if isinstance(value, str) else "")
    for state in value:
        if state not in WHEN:
            raise unknown_name("state in when", state, WHEN)
    return list(dict.fromkeys(map(str, value))) or ["completed"]


def _check_time(value: Any, field: str, owner: str) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def hide_values(secrets: Mapping[str, Any]) -> dict[str, str]:
    """Give secret parameters as documents have them: their names, with ``***`` for each value."""
    return dict.fromkeys(secrets, HIDDEN)


@model
class Notification(ModelObj):
    """Who is told of a run, and when.

    Args:
        kind: ``console``, ``ipython``, ``slack`` (if ``None``), ``webhook``, ``mail``, ``git``, ``apprise``, or that of a plugin.
        name: Its name, unique among those of a run.
        message: What to say.
        severity: ``info`` (if ``None``), ``debug``, ``verbose``, ``warning`` or ``error``.
        when: The states that it is sent in: ``running completed error aborted``; ``["completed"]`` if ``None``.
        condition: What has to hold besides, such as ``"accuracy < 0.9"``; see :mod:`packagers_runs.models.expression`.
        secret_params: Parameters that no document shows; a document holds ``***`` in place of each.
        params: The other parameters of the kind.
        status: Whether it was sent: ``pending sent error``.
        sent_time: When it was, ISO 8601.
        reason: Why it was not.
    """

    kind: str = anything(check=_check_kind)
    name: str = text("")
    message: str = text("")
    severity: str = choice("severity", SEVERITIES, "info")
    when: list[str] = anything(check=_check_when)
    condition: str = text("")
    secret_params: dict[str, Any] = mapping(document=hide_values)
    params: dict[str, Any] = mapping()
    status: str | None = choice("status of a notification", STATUSES)
    sent_time: str | None = anything(check=_check_time)
    reason: str | None = text()

    def validate(self) -> None:
        """Check the parameters, and the condition: a broken one makes the status ``error``, and says why in ``reason``.

        Raises:
            UnknownNameError: The kind has no such parameter; says which it has.
            FieldError: A parameter is missing, given twice, or of a wrong type. No value of a secret is shown.
        """
        self.validate_params()
        if self.condition:
            try:
                parse(self.condition)
            except ExpressionError as error:
                self.status, self.reason = "error", str(error)

    def validate_params(self) -> None:
        """Check the parameters, secret or not, against what the kind takes; those of a plugin's kind are its own affair.

        Raises:
            UnknownNameError: The kind has no such parameter; says which it has.
            FieldError: A parameter is missing, given twice, or of a wrong type. No value of a secret is shown.
        """
        known = PARAMETERS.get(self.kind)
        if known is None:
            return
        error = partial(FieldError, model="Notification")
        for name, value in (*self.params.items(), *self.secret_params.items()):
            if name not in known:
                raise unknown_name("parameter", name, known, owner=f"a notification of kind {self.kind}")
            if not isinstance(value, known[name]) or (isinstance(value, bool) and bool not in known[name]):
                expected = " or ".join(kind.__name__ for kind in known[name])
                raise error(
                    f"Parameter {name} of a notification of kind {self.kind} must be {expected}",
                    field=name,
                    remedy=f"It is of type {type(value).__name__}.",
                )
        if doubled := sorted(self.params.keys() & self.secret_params.keys()):
            raise error(f"{doubled[0]} stands in params and in secret_params", field=doubled[0], remedy="Leave one of them out.")
        self._check_missing(self.params.keys() | self.secret_params.keys())

    def _check_missing(self, given: set[str]) -> None:
        for names in _REQUIRED.get(self.kind, ()):
            if not given & set(names):
                raise FieldError(
                    f"a notification of kind {self.kind} needs {' or '.join(names)}",
                    model="Notification",
                    field=names[0],
                    remedy=f"Write params={{{names[0]!r}: …}}, or secret_params where nobody is to see it.",
                )
        if len({"issue", "merge_request"} & given) > 1:
            raise FieldError("a comment goes to an issue or to a merge_request, not to both", model="Notification", field="issue")
        if "password" in given and "username" not in given:
            raise FieldError("a password needs a username", model="Notification", field="username")

    @staticmethod
    def validate_notification_uniqueness(notifications: Sequence[Notification]) -> None:
        """Check that all notifications of a run have different names.

        Raises:
            FieldError: Two have the same; says which.
        """
        seen: set[str] = set()
        for each in notifications:
            if each.name in seen:
                raise FieldError(
                    f"two notifications have the name {each.name!r}: names must be unique",
                    model="RunSpec",
                    field="notifications",
                    remedy="Give each its own name." if each.name else "Give each a name.",
                )
            seen.add(each.name)
