"""Compare and set, as a law: whatever is asked for in whatever order, a run goes only where its state and attempt allow."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.models.status import STATES, TERMINAL_STATES, may_follow
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StateConflictError
from packagers_runs.store.runrows import Attempt

_numbers = itertools.count(1)

states = st.sampled_from(STATES)
steps = st.one_of(
    st.tuples(st.just("take"), states, st.booleans()),
    st.tuples(st.just("write"), states, st.integers(0, 3)),
    st.tuples(st.just("change"), states, st.none() | st.frozensets(states, max_size=4)),
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with connect("memory://") as store:
        yield store


@given(first=states, owned=st.booleans(), done=st.lists(steps, max_size=12))
@settings(derandomize=True, max_examples=60)
def test_a_run_goes_only_where_its_state_and_attempt_allow(
    store: Store, first: str, owned: bool, done: list[tuple[str, str, object]]
) -> None:
    uid = f"{next(_numbers):032x}"
    store.begin({"metadata": {"uid": uid}, "status": {"state": first}}, owned=owned)
    state, number, has_owner = first, 1, owned
    for step, wanted, more in done:
        allowed = False
        with contextlib.suppress(StateConflictError):
            if step == "take":
                waits = state in ("created", "pending") and not has_owner
                again = state in TERMINAL_STATES or state == "pendingRetry"
                allowed = (waits and may_follow(state, wanted)) or (again and wanted in ("pending", "running"))
                assert store.take(uid, state=wanted, owned=bool(more)).number == number + again
                number, has_owner = number + again, bool(more)
            elif step == "write":
                ends = wanted in TERMINAL_STATES or wanted == "pendingRetry"
                stays = wanted == state and state not in TERMINAL_STATES
                allowed = more == number and (stays or may_follow(state, wanted))
                store.write(Attempt(uid, 0, int(str(more))), {"metadata": {"uid": uid}, "status": {"state": wanted}})
                has_owner = has_owner and not ends
            else:
                assert more is None or isinstance(more, frozenset)
                allowed = (more is None or state in more) and (wanted == state or may_follow(state, wanted))
                assert store.change(uid, {"status.state": wanted}, expected=more) == wanted
                has_owner = has_owner and wanted not in TERMINAL_STATES and wanted != "pendingRetry"
            assert allowed, f"{step} took the run from {state} to {wanted}"
            state = wanted
            allowed = False  # what was done was allowed; what comes below is about what was refused
        assert not allowed, f"{step} from {state} to {wanted} was refused"
        assert store.document(uid)["status"]["state"] == state
        assert store.attempt(uid) == number
