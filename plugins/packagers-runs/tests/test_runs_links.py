"""Links through store:// addresses: what an artifact is linked to is what its own run made, from any process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import packagers
from packagers import Artifact, DataItem, LogHint, PackagersWarning, UnpackError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.context import RunContext
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect


@pytest.fixture
def store(new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


HINTS = [
    "accuracy",
    LogHint("table", "dataset", extra_data={"summary": ..., "accuracy": ...}),
    LogHint("summary", "file"),
    LogHint("whole", "file", extra_data={"data": {"$link": "table"}, "note": "text", "parts": ..., "accuracy": ...}),
    "*parts",
]


def train(number: int = 1) -> Any:
    return 0.5 + number, np.arange(number), {"rows": number}, {"depth": [number]}, {"a": np.ones(number), "b": number}


def run(number: int = 1, **fields: Any) -> RunObject:
    return new_function("trainer").run(handler=train, params={"number": number}, returns=HINTS, **fields)


def linked(source: str) -> Any:
    found = packagers.unpack(source, Artifact)
    assert isinstance(found, Artifact)
    return found.extra_data


def test_links_lead_to_what_the_same_run_made(store: Store) -> None:
    first, second = run(1), run(2)
    for made, number in ((first, 1), (second, 2)):
        links = linked(made.outputs["whole"])
        assert list(links) == ["data", "note", "parts", "accuracy"]
        links["data"].verify()
        assert links["data"].unpack().tolist() == list(range(number))
        assert (links["note"], links["accuracy"]) == ("text", 0.5 + number)
        assert links["parts"]["a"].tolist() == [1] * number
        assert links["data"].extra_data["summary"].unpack() == {"rows": number}
    assert linked("store://whole")["data"].unpack().tolist() == [0, 1]
    assert first.artifact("whole").unpack(Artifact).extra_data["data"].unpack().tolist() == [0]


def test_an_address_means_one_run_as_long_as_the_artifact_is_held(store: Store) -> None:
    run(1)
    found = DataItem("store://whole").unpack(Artifact)
    parts = DataItem("store://parts").unpack(Artifact)
    run(2)
    assert found.extra_data["data"].unpack().tolist() == [0]
    assert parts.unpack()["a"].tolist() == [1]


def test_links_hold_in_another_project_and_for_another_process(store: Store, tmp_path: Path) -> None:
    made = run(3, project="shop")
    program = """
import packagers, packagers_runs, sys
packagers_runs.connect()
for address in sys.argv[1:]:
    artifact = packagers.unpack(address, packagers.Artifact)
    print(artifact.extra_data["data"].unpack().tolist(), artifact.extra_data["parts"]["a"].tolist(), artifact.extra_data["accuracy"])
"""
    command = [sys.executable, "-c", program, "store://shop/whole", made.outputs["whole"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["[0, 1, 2] [1.0, 1.0, 1.0] 3.5"] * 2


def test_metrics_of_a_model_are_read_at_its_address(store: Store) -> None:
    def fit() -> Any:
        return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), 0.75

    new_function().run(handler=fit, returns=[LogHint("model", "model", metrics={"accuracy": ..., "fixed": 1.5}), "accuracy"])
    assert packagers.unpack("store://models/default/model", Artifact).metrics == {"accuracy": 0.75, "fixed": 1.5}


def test_links_hold_on_s3(new_database: Callable[[str], str], s3: str) -> None:
    import s3fs

    s3fs.S3FileSystem().mkdir("links-of-runs")
    with connect(new_database("sqlite"), "s3://links-of-runs/objects") as store:
        made = run(2, store=store)
        links = made.artifact("whole").unpack(Artifact).extra_data
        assert links["data"].unpack().tolist() == [0, 1]
        assert links["parts"]["a"].tolist() == [1, 1]


def test_links_hold_on_every_database(database_url: str, tmp_path: Path) -> None:
    with connect(database_url, tmp_path / "objects") as store:
        made = run(2, store=store)
        assert made.artifact("whole").unpack(Artifact).extra_data["data"].unpack().tolist() == [0, 1]


def test_what_is_logged_later_in_the_run_is_linked(store: Store) -> None:
    def handler(context: RunContext) -> None:
        context.log_artifact("first", np.arange(2), extra_data={"last": ..., "score": ...})
        context.log_artifact("last", np.arange(3))
        context.log_result("score", 7)

    new_function().run(handler=handler)
    links = linked("store://first")
    assert (links["last"].unpack().tolist(), links["score"]) == ([0, 1, 2], 7)


def test_what_is_linked_to_later_outputs_waits_for_them_over_commits(store: Store) -> None:
    def handler(context: RunContext) -> bool:
        context.log_artifact("first", np.arange(2), extra_data={"last": ...})
        context.log_artifact("other", np.arange(4))
        context.commit()
        is_waiting = "first" not in store.get_run(context.uid).outputs and "other" in store.get_run(context.uid).outputs
        context.log_artifact("last", np.arange(3))
        context.commit()
        return is_waiting

    assert new_function().run(handler=handler, returns=["is_waiting"]).status.results == {"is_waiting": True}
    assert linked("store://first")["last"].unpack().tolist() == [0, 1, 2]


def test_a_link_to_what_is_gone_says_so(store: Store) -> None:
    made = run(1)
    artifact = made.artifact("whole").unpack(Artifact)
    store.remove(str(made.uid()))
    with pytest.raises(UnpackError, match="there is no artifact 'whole'"):
        artifact.extra_data["data"]


def test_a_link_to_nothing_is_left_out(store: Store) -> None:
    task = new_task(handler=lambda: np.arange(2), returns=[LogHint("array", extra_data={"arry": {"$link": "nothing"}})])
    with pytest.warns(PackagersWarning, match="'nothing', which was not packed"):
        new_function().run(task)
    assert dict(linked("store://array")) == {}


def test_an_input_brings_its_links(store: Store) -> None:
    made = run(2)

    def read(whole: Artifact) -> Any:
        return whole.extra_data["data"].unpack().tolist()

    assert new_function().run(handler=read, inputs={"whole": made.outputs["whole"]}, returns=["seen"]).status.results == {"seen": [0, 1]}
