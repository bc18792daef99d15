"""Itemized outputs of a run: the items under their own keys, and the whole under its own, from any process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import packagers
from packagers import LogHint
from packagers_runs.errors import RunError, UnknownNameError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.context import RunContext
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect


class Color(Enum):
    """Names items."""

    RED = 1


Pair = namedtuple("Pair", ["left", "right"])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def give(value: Any) -> Any:
    return (value,)


def streams(value: Any) -> Any:
    return ([np.arange(1), (number for number in range(2))],)


def run(value: Any, hint: Any = "*all", handler: Any = give) -> RunObject:
    task = new_task(handler=handler, returns=[hint])
    task.spec.parameters = {"value": value}
    return new_function().run(task)


def test_the_items_have_their_keys_and_the_whole_has_its_own(store: Store) -> None:
    value = {"a": np.arange(2), "b": 0.5, "c": {"d": [1, np.ones(1)]}}
    made = run(value)
    uid = made.uid()
    assert made.status.results == {"all_b": 0.5, "all_c_d_0": 1}
    assert made.outputs == {
        "all_b": 0.5,
        "all_c_d_0": 1,
        "all_a": f"store://default/all_a@{uid}",
        "all_c_d_1": f"store://default/all_c_d_1@{uid}",
        "all": f"store://default/all@{uid}",
    }
    assert made.output("all") == f"store://default/all@{uid}"
    for whole in (made.unpack("all"), made.artifact("all").unpack(), packagers.unpack("store://all"), made.unpack("all", dict)):
        assert (whole["a"].tolist(), whole["b"], whole["c"]["d"][0], whole["c"]["d"][1].tolist()) == ([0, 1], 0.5, 1, [1])
    assert made.unpack("all_a").tolist() == [0, 1]
    with pytest.raises(UnknownNameError, match="Did you mean 'all_a'"):
        made.unpack("al_a")
    assert [item["kind"] for item in made.status.artifacts] == ["file", "file", "result"]


@pytest.mark.parametrize(
    "value",
    [
        [1, 2.5, "x"],
        (1, (2, 3)),
        {"a": None, True: 1, 3: (4,), Color.RED: b"x"},
        {1, 2, 3},
        frozenset({"a"}),
        Pair(1, [2]),
        [[], {}],
    ],
    ids=repr,
)
def test_a_container_of_results_comes_back_with_its_type(store: Store, value: Any) -> None:
    made = run(value)
    found = made.unpack("all", type(value))
    assert found == value
    assert type(found) is type(value)
    assert "all" not in made.status.results


def test_two_levels_stay_two_levels(store: Store) -> None:
    made = run([[[1, 2]], [[3]]], "2*all")
    assert made.status.results == {"all_0_0": [1, 2], "all_1_0": [3]}
    assert made.unpack("all") == [[[1, 2]], [[3]]]


def test_another_process_puts_the_whole_together(store: Store, tmp_path: Path) -> None:
    made = run({"frame": pd.DataFrame({"a": [1, 2]}), "n": 3})
    program = f"""
import json, packagers, packagers_runs
whole = packagers_runs.connect().get_run({made.uid()!r}).unpack("all")
print(json.dumps([whole["frame"]["a"].tolist(), whole["n"], packagers.unpack("store://all")["n"]]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout) == [[1, 2], 3, 3]


def test_a_second_run_leaves_the_first_ones_parts_alone(store: Store) -> None:
    first, second = run([np.arange(1), 1]), run([np.arange(2), 1])
    assert len(first.unpack("all")[0]) == 1
    assert len(second.unpack("all")[0]) == len(packagers.unpack("store://all")[0]) == 2


def test_equal_wholes_are_stored_once(store: Store) -> None:
    run([np.arange(1), 1])
    run([np.arange(1), 1])
    assert len(list(store.objects.digests())) == 2
    store.gc()
    assert packagers.unpack("store://all")[1] == 1


def test_a_whole_is_an_input(store: Store) -> None:
    def read(everything: list) -> float:
        return float(everything[0].sum() + everything[1])

    made = run([np.arange(3), 1])
    assert new_function().run(handler=read, inputs={"everything": made.outputs["all"]}, returns=["sum"]).status.results == {"sum": 4.0}


def test_what_a_context_itemizes_and_commits_is_there_too(store: Store) -> None:
    def handler(context: RunContext) -> Any:
        context.log_artifact("*parts", [np.arange(2), 3])
        context.commit()
        return packagers.unpack(f"store://parts@{context.uid}")[0].tolist()

    made = new_function().run(handler=handler, returns=["seen"])
    assert made.status.results["seen"] == [0, 1]
    assert made.unpack("parts")[1] == 3


def test_items_keep_tags_and_labels(store: Store) -> None:
    run([np.arange(1)], LogHint("all", itemized=True, tag="best", labels={"a": "b"}))
    assert len(packagers.unpack("store://all_0:best")) == 1
    assert store.find("store://all_0").labels == {"a": "b"}


def test_where_an_item_fails_there_is_no_whole(store: Store) -> None:
    with pytest.raises(RunError) as caught:
        run(None, "*all", streams)
    assert "all" not in caught.value.run.outputs


def test_the_log_hint_of_a_task_that_is_read_again_itemizes(store: Store) -> None:
    made = run([np.arange(1), 2])
    assert RunObject.from_store(store, str(made.uid())).spec.returns == ["*all"]
    assert made.spec.outputs == ["all"]
