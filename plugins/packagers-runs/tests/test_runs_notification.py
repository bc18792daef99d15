"""Notifications as tasks say them: kinds, states, parameters, conditions and names."""

from __future__ import annotations

from typing import Any

import pytest

from packagers_runs import FieldError, Notification, UnknownNameError


def test_defaults_are_those_of_documents() -> None:
    assert Notification().to_dict() == {
        "kind": "slack",
        "name": "",
        "message": "",
        "severity": "info",
        "when": ["completed"],
        "condition": "",
    }
    assert Notification("console", when=["error", "running", "error"]).when == ["error", "running"]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ({"kind": "salck"}, "slack"),
        ({"severity": "warn"}, "warning"),
        ({"when": ["complete"]}, "completed"),
        ({"when": ["completed", "abort"]}, "aborted"),
        ({"status": "snt"}, "sent"),
    ],
)
def test_typos_are_refused_with_the_nearest_name(arguments: dict[str, Any], meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
        Notification(**arguments)


def test_states_that_nothing_is_sent_in() -> None:
    with pytest.raises(UnknownNameError, match="running, completed, error, aborted"):
        Notification("console", when=["pending"])


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("console", {}),
    ("ipython", {}),
    ("slack", {"webhook": "https://example.org"}),
    ("webhook", {"url": "https://example.org", "method": "PUT", "headers": {"a": "b"}, "override_body": {"m": 1}, "verify_ssl": False}),
    ("git", {"repo": "a/b", "token": "t", "issue": 3}),
    ("git", {"repo": "a/b", "token": "t", "merge_request": "3", "gitlab": True, "server": "https://example.org"}),
    ("mail", {"server_host": "h", "sender_address": "a@b.c", "email_addresses": ["d@e.f"], "server_port": 25, "use_tls": True}),
    (
        "mail",
        {
            "server_host": "h",
            "sender_address": "a@b.c",
            "email_addresses": "d@e.f",
            "username": "u",
            "password": "p",
            "validate_certs": False,
        },
    ),
    ("apprise", {"urls": ["json://example.org"]}),
]


@pytest.mark.parametrize(("kind", "params"), GOOD, ids=range(len(GOOD)))
def test_parameters_of_each_kind(kind: str, params: dict[str, Any]) -> None:
    Notification(kind, "n", params=params).validate()
    Notification(kind, "n", secret_params=params).validate()
    for missing in params:
        rest = {name: value for name, value in params.items() if name != missing}
        if missing in (
            "webhook",
            "url",
            "repo",
            "token",
            "issue",
            "merge_request",
            "server_host",
            "sender_address",
            "email_addresses",
            "urls",
        ):
            with pytest.raises(FieldError, match=f"a notification of kind {kind} needs .*{missing}"):
                Notification(kind, "n", params=rest).validate()
        wrong = object()
        with pytest.raises(FieldError, match=f"Parameter {missing} of a notification of kind {kind} must be"):
            Notification(kind, "n", params={**rest, missing: wrong}).validate()


@pytest.mark.parametrize(
    ("kind", "params", "secret_params", "message"),
    [
        ("console", {"url": "x"}, {}, "has no parameter 'url'"),
        ("slack", {"webhok": "x"}, {}, "Did you mean 'webhook'"),
        ("webhook", {"url": "x", "verify": True}, {}, "Did you mean 'verify_ssl'"),
        ("webhook", {"url": "x"}, {"url": "s3cret"}, "url stands in params and in secret_params"),
        ("git", {"repo": "a", "token": "t", "issue": 1, "merge_request": 2}, {}, "not to both"),
        ("git", {"repo": "a", "token": "t", "issue": True}, {}, "must be int or str"),
        (
            "mail",
            {"server_host": "h", "sender_address": "a", "email_addresses": "b", "password": "s3cret"},
            {},
            "a password needs a username",
        ),
        ("slack", {}, {"webhook": 31337}, "must be str"),
    ],
    ids=range(8),
)
def test_parameters_that_mean_nothing(kind: str, params: dict[str, Any], secret_params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as found:
        Notification(kind, "n", params=params, secret_params=secret_params).validate()
    assert "s3cret" not in str(found.value)
    assert "31337" not in str(found.value)


def test_a_broken_condition_is_said_at_once_and_raises_nothing() -> None:
    broken = Notification("console", condition="accuracy >")
    broken.validate()
    assert broken.status == "error"
    assert broken.reason is not None
    assert "invalid syntax" in broken.reason
    fine = Notification("console", condition='{{ run["status"]["results"]["accuracy"] < 0.9 }}')
    fine.validate()
    assert (fine.status, fine.reason) == (None, None)


def test_names_are_unique() -> None:
    Notification.validate_notification_uniqueness([Notification("console", "a"), Notification("console", "b")])
    with pytest.raises(FieldError, match="two notifications have the name 'a'"):
        Notification.validate_notification_uniqueness([Notification("console", "a"), Notification("mail", "a")])


def test_documents_hide_secret_parameters() -> None:
    made = Notification("slack", secret_params={"webhook": "s3cret"})
    assert made.to_dict()["secret_params"] == {"webhook": "***"}
    assert "s3cret" not in made.to_json() + made.to_yaml() + repr(made)
    assert made.copy().secret_params == {"webhook": "s3cret"}
