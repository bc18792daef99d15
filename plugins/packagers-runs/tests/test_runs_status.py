"""States and what may follow which; times; what a run's status keeps."""

from __future__ import annotations

import datetime
import itertools

import pytest

from packagers_runs import FieldError, Notification, RunStates, RunStatus, UnknownNameError
from packagers_runs.models.status import STATES, TERMINAL_STATES, may_follow, utc_text


def test_the_states_are_those_of_the_contract() -> None:
    assert STATES == ("created", "pending", "running", "completed", "error", "aborting", "aborted", "skipped", "pendingRetry", "unknown")
    assert {state for state in RunStates if state.is_terminal} == TERMINAL_STATES == {"completed", "error", "aborted", "skipped"}


def test_a_terminal_state_is_left_by_another_attempt_alone() -> None:
    for old, new in itertools.product(STATES, STATES):
        if old in TERMINAL_STATES:
            assert not may_follow(old, new)
            assert may_follow(old, new, reopens=True) is (new in ("pending", "running", "pendingRetry"))
        else:
            assert may_follow(old, new) is may_follow(old, new, reopens=True)
        assert new not in ("created", "unknown") or not may_follow(old, new)


@pytest.mark.parametrize(
    ("path", "is_legal"),
    [
        ("created pending running completed", True),
        ("created running pendingRetry running error", True),
        ("running aborting aborted", True),
        ("aborting completed", True),
        ("unknown running", True),
        ("created completed", False),
        ("pending completed", False),
        ("running pending", False),
        ("aborting running", False),
        ("running running", False),
    ],
)
def test_which_state_may_follow_which(path: str, is_legal: bool) -> None:
    assert all(itertools.starmap(may_follow, itertools.pairwise(path.split()))) is is_legal


def test_every_state_is_reached_and_ends() -> None:
    for state in RunStates:
        followers = [new for new in STATES if may_follow(state, new)]
        assert bool(followers) is not state.is_terminal
    for state in set(STATES) - {"created", "unknown"}:
        assert any(may_follow(old, state) for old in STATES if old != "unknown"), state


def test_a_state_that_does_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'completed'"):
        RunStatus(state="complete")
    assert type(RunStatus(RunStates.error).state) is str
    assert RunStatus("error").is_failed()
    assert not RunStatus("aborted").is_failed()


def test_times_are_iso_8601_in_utc() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    status = RunStatus(start_time=datetime.datetime(2026, 11, 22, 7, 30, tzinfo=zone), end_time="2026-11-22 05:31:00")
    assert status.start_time == "2026-11-22T05:30:00.000000+00:00"
    assert status.end_time == "2026-11-22 05:31:00"
    assert utc_text().endswith("+00:00")
    with pytest.raises(FieldError, match="no time zone"):
        RunStatus(start_time=datetime.datetime(2026, 11, 22))  # noqa: DTZ001  # that it has none is what this is about


def test_notifications_of_a_status_hide_secrets_in_either_form() -> None:
    status = RunStatus(
        notifications={
            "model": Notification("slack", secret_params={"webhook": "s3cret"}),
            "dict": {"status": "sent", "secret_params": {"webhook": "s3cret"}},
            "plain": {"status": "sent"},
        }
    )
    document = status.to_dict()["notifications"]
    assert document["model"]["secret_params"] == document["dict"]["secret_params"] == {"webhook": "***"}
    assert document["plain"] == {"status": "sent"}
    assert "s3cret" not in status.to_yaml()
