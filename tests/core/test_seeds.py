"""The examples of the documents that this project was asked to implement, as they are printed there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

import packagers
from packagers import Artifact, ArtifactType, LogHint, PackagersWarning, Session, call, handler, settings

RAW = pd.DataFrame({"category": ["a", "b", "a", None, "a"], "value": [1.0, 2.0, 3.0, 4.0, 1.0]})


def clean_data(raw_data: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    cleaned = raw_data.dropna().drop_duplicates()
    return len(cleaned), cleaned


CLEANED = pd.DataFrame({"category": ["a", "b", "a"], "value": [1.0, 2.0, 3.0]})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A CSV file with the raw data."""
    path = tmp_path / "data.csv"
    RAW.to_csv(path, index=False)
    return path


def test_inputs_are_parsed_and_outputs_logged(data: Path, tmp_path: Path) -> None:
    outputs = call(clean_data, inputs={"raw_data": data}, returns=["row_count", "cleaned_data : dataset"], folder=tmp_path)
    assert outputs.results == {"row_count": 3}
    assert outputs["cleaned_data"].artifact_type == ArtifactType.DATASET
    code = (
        "import sys, packagers\n"
        "print(packagers.unpack(sys.argv[1] + '/row_count'))\n"
        "print(packagers.unpack(sys.argv[1] + '/cleaned_data').reset_index(drop=True).to_json())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"3\n{CLEANED.to_json()}\n"


def test_the_producer_returns_the_object_and_the_consumer_receives_it(data: Path, tmp_path: Path) -> None:
    def prepare_data(raw: pd.DataFrame) -> pd.DataFrame:
        return raw.dropna()

    def train_model(data: pd.DataFrame) -> int:
        return len(data)

    produced = call(prepare_data, inputs={"raw": data}, returns=["prepared"], folder=tmp_path)
    assert call(train_model, inputs={"data": produced["prepared"]}, folder=tmp_path).returned == 4
    assert call(train_model, inputs={"data": tmp_path / "prepared"}, folder=tmp_path).returned == 4


@pytest.mark.parametrize(
    "returns",
    [
        ['data : dataset[format="parquet"]'],
        [LogHint(key="data", artifact_type="dataset", packing_kwargs={"format": "parquet"})],
        ['data : dataset[format="csv"]'],
        [LogHint(key="data", artifact_type="dataset", packing_kwargs={"format": "csv"})],
    ],
)
def test_options_in_text_and_in_a_hint_say_the_same(tmp_path: Path, returns: list[Any]) -> None:
    outputs = call(lambda: CLEANED, returns=returns, folder=tmp_path)
    hint = LogHint.parse(returns[0])
    assert outputs["data"].manifest.written.format == hint.packing_kwargs["format"]
    pd.testing.assert_frame_equal(packagers.unpack(tmp_path / "data"), CLEANED)


def test_configuration_arrives_as_a_dict(data: Path, tmp_path: Path) -> None:
    def my_handler(data: pd.DataFrame, config: dict):  # type: ignore[no-untyped-def, type-arg]
        return len(data), config

    (tmp_path / "config.json").write_text('{"depth": 3}')
    outputs = call(my_handler, inputs={"data": data, "config": tmp_path / "config.json"}, folder=tmp_path)
    assert outputs.returned == (5, {"depth": 3})


def train(dataset: pd.DataFrame) -> Any:
    my_model = LogisticRegression().fit(dataset[["value"]], dataset["category"] == "a")
    loss_plot = Figure(figsize=(1, 1))
    loss_plot.subplots().plot([3, 2, 1])
    return my_model, my_model.score(dataset[["value"]], dataset["category"] == "a"), loss_plot, dataset.head(2)


def train_returns(result: str) -> list[Any]:
    return [
        LogHint(
            key="my_model",
            artifact_type="model",
            metrics={"some_result": ...},
            extra_data={"loss_plot": ..., "test_dataset": ...},
        ),
        f"{result} : result",
        "loss_plot : plot",
        "test_dataset : dataset",
    ]


def test_the_training_example_as_printed_links_a_result_that_is_not_there(tmp_path: Path) -> None:
    with pytest.warns(PackagersWarning, match=r"'some_result', which was not packed; the link is left out. Did you mean 'some_results'\?"):
        outputs = call(train, inputs={"dataset": CLEANED}, returns=train_returns("some_results"), folder=tmp_path)
    assert outputs["my_model"].metrics == {}
    assert list(outputs["my_model"].extra_data) == ["loss_plot", "test_dataset"]
    assert 0 <= outputs["some_results"] <= 1


def test_the_training_example_corrected_links(tmp_path: Path) -> None:
    outputs = call(train, inputs={"dataset": CLEANED}, returns=train_returns("some_result"), folder=tmp_path)
    model = packagers.unpack(tmp_path / "my_model", Artifact)
    assert model.metrics == {"some_result": outputs["some_result"]}
    assert type(model.metrics["some_result"]) is type(outputs["some_result"])
    assert {name: linked.artifact_type for name, linked in model.extra_data.items()} == {"loss_plot": "plot", "test_dataset": "dataset"}
    pd.testing.assert_frame_equal(model.extra_data["test_dataset"].unpack(), CLEANED.head(2))
    assert packagers.unpack(model.extra_data["loss_plot"], bytes).startswith(b"\x89PNG")
    assert isinstance(model.unpack(), LogisticRegression)


def evaluate(data: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Returns per-category evaluation results."""
    results = {}
    for category in data["category"].unique():
        subset = data[data["category"] == category]
        results[category] = subset
    return results


def test_each_item_of_a_dict_becomes_a_dataset_of_its_own(tmp_path: Path) -> None:
    outputs = call(evaluate, inputs={"data": CLEANED}, returns=["*results"], folder=tmp_path)
    assert {key: artifact.artifact_type for key, artifact in outputs.artifacts.items()} == {"results_a": "dataset", "results_b": "dataset"}
    whole = packagers.unpack(tmp_path / "results")
    for category in ("a", "b"):
        expected = CLEANED[CLEANED["category"] == category]
        pd.testing.assert_frame_equal(packagers.unpack(tmp_path / f"results_{category}"), expected)
        pd.testing.assert_frame_equal(whole[category], expected)


def test_without_unbundling_the_dict_is_one_artifact(tmp_path: Path) -> None:
    outputs = call(evaluate, inputs={"data": CLEANED}, returns=["results"], folder=tmp_path)
    assert list(outputs) == ["results"]
    assert isinstance(outputs["results"], Artifact)
    assert list(packagers.unpack(tmp_path / "results")) == ["a", "b"]


@pytest.mark.parametrize("hint", ["2*results", LogHint("results", itemized=2)])
def test_depth_control(tmp_path: Path, hint: Any) -> None:
    value = {"a": {"b": {"c": 1, "d": np.arange(2)}, "e": CLEANED}, "f": [1, [2, 3]]}
    outputs = call(lambda: value, returns=[hint], folder=tmp_path)
    assert list(outputs) == ["results_a_b", "results_a_e", "results_f_0", "results_f_1", "results"]
    assert isinstance(outputs["results_a_b"], Artifact)
    assert outputs.results == {"results_f_0": 1, "results_f_1": [2, 3]}
    found = packagers.unpack(tmp_path / "results")
    assert found["a"]["b"]["d"].tolist() == [0, 1]
    assert found["f"] == [1, [2, 3]]
    assert list(call(lambda: value, returns=["*results"], folder=tmp_path))[:2] == ["results_a_b_c", "results_a_b_d"]


def test_wrapping_is_switched_off_for_a_run(data: Path, tmp_path: Path) -> None:
    def function(raw: pd.DataFrame) -> Any:
        return raw

    with settings(enabled=False):
        assert call(function, inputs={"raw": str(data)}, returns=["raw"], folder=tmp_path / "out").returned == str(data)


def test_settings_by_name_and_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Path) -> None:
    def function(data):  # type: ignore[no-untyped-def]
        return data

    packaged = packagers.pack(CLEANED, "cleaned", tmp_path)
    assert isinstance(call(function, inputs={"data": packaged}, folder=tmp_path).returned, packagers.DataItem)
    monkeypatch.setenv("PACKAGERS_AUTO_UNPACK_INPUTS", "true")
    monkeypatch.setenv("PACKAGERS_AUTO_PACK_OUTPUTS", "true")
    outputs = call(function, inputs={"data": packaged}, folder=tmp_path)
    pd.testing.assert_frame_equal(outputs.returned, CLEANED)
    assert list(outputs) == ["artifact_0"]


def test_a_handler_in_a_session_is_the_same_as_a_call(tmp_path: Path) -> None:
    wrapped = handler(returns=["row_count", "cleaned_data : dataset"])(clean_data)
    with Session(tmp_path) as session:
        count, _ = wrapped(RAW)
    assert session.results == {"row_count": count}
    assert list(session.artifacts) == ["cleaned_data"]
