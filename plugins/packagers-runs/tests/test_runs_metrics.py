"""scrape_metrics: numeric results as an OpenMetrics text file that another parser reads, whatever names are in it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older_parser

from packagers_runs.errors import ExportError, RunError
from packagers_runs.models.metadata import RunMetadata
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.context import RunContext
from packagers_runs.running.launching import new_function
from packagers_runs.running.metrics import metrics_text, write_metrics
from packagers_runs.runstore import Store, connect


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def run(handler: Any, returns: list[str], scrapes: bool | None = True, **fields: Any) -> RunObject:
    task = new_task(handler=handler, returns=returns, **fields)
    task.spec.scrape_metrics = scrapes
    return new_function().run(task)


def samples(text: str) -> dict[str, tuple[dict[str, str], float]]:
    """Give labels and value by result, as both parsers of Prometheus read them."""
    (family,) = text_string_to_metric_families(text)
    assert (family.name, family.type) == ("packagers_run_result", "gauge")
    (older,) = older_parser(text)  # that of node_exporter knows the older format alone
    assert repr([(sample.labels, sample.value) for sample in older.samples]) == repr([(each.labels, each.value) for each in family.samples])
    return {sample.labels["result"]: (sample.labels, sample.value) for sample in family.samples}


def read(store: Store, run: RunObject) -> dict[str, tuple[dict[str, str], float]]:
    return samples(store.metrics.path(str(run.uid())).read_text(encoding="utf-8"))


def test_numeric_results_are_there_with_the_labels_of_the_run(store: Store, tmp_path: Path) -> None:
    made = run(lambda: (0.9, 3, "text", np.arange(2)), ["accuracy", "count", "note", "array"], name="grid", project="shop")
    labels = {"project": "shop", "name": "grid", "uid": str(made.uid()), "iteration": "0"}
    assert read(store, made) == {"accuracy": ({**labels, "result": "accuracy"}, 0.9), "count": ({**labels, "result": "count"}, 3.0)}
    assert [path.name for path in (tmp_path / ".packagers/metrics").iterdir()] == [f"{made.uid()}.prom"]


def test_without_it_nothing_is_written(store: Store, tmp_path: Path) -> None:
    run(lambda: 0.9, ["accuracy"], scrapes=None)
    assert not (tmp_path / ".packagers/metrics").exists()


def test_a_commit_in_between_is_seen(store: Store) -> None:
    def handler(context: RunContext) -> dict[str, float]:
        context.log_result("early", 1)
        context.commit()
        context.log_result("late", 2)
        return {key: value for key, (_, value) in samples(store.metrics.path(context.uid).read_text(encoding="utf-8")).items()}

    made = run(handler, ["seen"])
    assert made.status.results["seen"] == {"early": 1.0}
    assert {key: value for key, (_, value) in read(store, made).items()} == {"early": 1.0, "late": 2.0}


def test_a_failed_run_shows_what_it_logged(store: Store) -> None:
    def handler(context: RunContext) -> None:
        context.log_result("early", 1)
        raise ValueError("later")

    with pytest.raises(RunError) as caught:
        run(handler, [])
    assert list(read(store, caught.value.run)) == ["early"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (True, 1.0),
        (np.bool_(False), 0.0),
        (np.float32(0.5), 0.5),
        (np.int64(-3), -3.0),
        (Decimal("1.25"), 1.25),
        (Fraction(1, 4), 0.25),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (1e-300, 1e-300),
        (2**63 + 1, float(2**63 + 1)),
        (10**400, None),
        (Decimal("sNaN"), None),
        (1j, None),
        (b"1", None),
        ("1", None),
        (None, None),
        ([1], None),
    ],
    ids=repr,
)
def test_numbers_of_every_kind(value: Any, number: float | None) -> None:
    found = samples(metrics_text(RunMetadata(uid="4f"), {"x": value, "last": 1}))
    assert found.pop("last")[1] == 1
    assert {key: sample for key, (_, sample) in found.items()} == ({} if number is None else {"x": number})


def test_nan_is_nan() -> None:
    assert math.isnan(samples(metrics_text(RunMetadata(uid="4f"), {"x": math.nan}))["x"][1])


HOSTILE = ['a"} 1\n# EOF\nevil{x="', "back\\slash\\", "\\n", "tab\t", "\r\n", "\u2028", "\x00", "é 🎉", "\ud800", "# HELP x", "{}", ",="]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_names_stay_names(tmp_path: Path, text: str) -> None:
    metadata = RunMetadata(uid="4f", name=text, project=text)
    write_metrics(tmp_path / "x.prom", metrics_text(metadata, {text: 0.5, "last": 1}))
    for newline in (None, "\n"):
        with (tmp_path / "x.prom").open(encoding="utf-8", newline=newline) as file:
            found = samples(file.read())
        assert len(found) == 2
        shown = "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
        assert found[shown][0]["project"] == found[shown][0]["name"] == shown


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.dictionaries(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1), st.floats(), min_size=1))
def test_what_is_written_is_read(results: dict[str, float]) -> None:
    found = samples(metrics_text(RunMetadata(uid="4f"), results))
    assert repr({key: value for key, (_, value) in found.items()}) == repr({key: float(value) for key, value in results.items()})


def test_a_reader_never_sees_half(tmp_path: Path) -> None:
    path = tmp_path / "x.prom"
    texts = [metrics_text(RunMetadata(uid="4f"), {f"r{index}": number for index in range(2000)}) for number in (1, 2)]
    write_metrics(path, texts[0])
    done = threading.Event()

    def write() -> None:
        for turn in range(60):
            write_metrics(path, texts[turn % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(path.read_text(encoding="utf-8"))
    writer.join()
    assert seen <= set(texts)
    assert [found.name for found in tmp_path.iterdir()] == ["x.prom"]


def test_values_of_secrets_are_not_in_it(store: Store, tmp_path: Path) -> None:
    def handler(context: RunContext) -> None:
        context.log_result(f"of {context.get_secret('token')}", 1)

    made = run(handler, [], secrets=[{"kind": "inline", "source": {"token": "hunter2hunter2"}}])
    assert list(read(store, made)) == ["of ***"]


def test_metrics_that_cannot_be_written_fail_the_run(store: Store, tmp_path: Path) -> None:
    (tmp_path / ".packagers/metrics").write_text("in the way")
    with pytest.raises(RunError, match="the metrics cannot be written") as caught:
        run(lambda: 1, ["x"])
    assert isinstance(caught.value.__cause__, ExportError)
    assert store.get_run(caught.value.uid).status.results == {"x": 1}


def test_they_go_with_the_run(store: Store, tmp_path: Path) -> None:
    first, second, third = (run(lambda: 1, ["x"]) for _ in range(3))
    store.remove(str(first.uid()))
    assert not store.metrics.path(str(first.uid())).exists()
    assert store.metrics.path(str(second.uid())).exists()
    store.prune(0)
    assert list((tmp_path / ".packagers/metrics").iterdir()) == []
    assert third.uid()
