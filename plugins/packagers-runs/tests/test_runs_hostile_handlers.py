"""Handlers that do what nobody expects of them: their runs end, once, and what is recorded of them is true."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from packagers_runs.errors import RunError
from packagers_runs.running.context import RunContext
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    return connect()


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


def silent() -> None:
    raise Speechless


def endless() -> tuple[list[Any], list[int]]:
    made: list[Any] = []
    made.append(made)
    return made, [1]


@pytest.mark.parametrize(("handler", "says"), [(silent, "Speechless"), (endless, "contains itself")])
def test_whatever_cannot_be_recorded_ends_the_run_all_the_same(store: Store, handler: Any, says: str) -> None:
    with pytest.raises(RunError) as caught:
        new_function().run(handler=handler, returns=["made", "kept : file"])
    (document,) = store.documents()
    assert document["status"]["state"] == "error"
    assert says in document["status"]["error"]
    assert (handler is endless) == ("kept" in caught.value.run.outputs)


def forking(how: str) -> int:
    if os.fork() == 0:
        if how == "raises":
            raise ValueError("the child's")
        return 2
    os.wait()
    return 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("how", ["raises", "returns"])
def test_a_child_that_a_handler_forks_ends_with_the_handler(store: Store, how: str) -> None:
    process = os.getpid()
    run = new_function().run(handler=forking, params={"how": how}, returns=["x"])
    assert os.getpid() == process  # whatever is wrong: only one of the two goes on with the tests
    assert (run.state(), run.outputs) == ("completed", {"x": 1})


def test_a_run_that_was_ended_by_somebody_else_has_not_completed(store: Store) -> None:
    def stolen(context: RunContext) -> int:
        store.change(context.uid, {"status.state": "error", "status.error": "taken"})
        return 1

    with pytest.raises(RunError, match="taken"):
        new_function().run(handler=stolen, returns=["x"])


def test_numbers_that_python_writes_in_no_decimals_are_kept(store: Store) -> None:
    run = new_function().run(handler=lambda number: number - 1, params={"number": 10**5000}, returns=["less"])
    found = store.get_run(run.uid())
    assert found.spec.parameters["number"] == 10**5000
    assert found.outputs["less"] == 10**5000 - 1
