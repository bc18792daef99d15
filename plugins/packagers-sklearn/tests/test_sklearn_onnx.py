"""ONNX is written for other runtimes, which say the same as the model, and is never read back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import packagers
from packagers import LogHint

X, Y = load_iris(return_X_y=True)
X32 = X.astype(np.float32)
ONNX = "model : model[format='onnx']"


def _run(artifact: Any, inputs: dict[str, Any]) -> list[Any]:
    file = packagers.unpack(artifact.path, bytes)
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, inputs)


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), RandomForestClassifier(5, random_state=0)],
    ids=["regression", "pipeline", "forest"],
)
def test_another_runtime_predicts_the_same(tmp_path: Path, model: Any) -> None:
    model.fit(X32, Y)
    artifact = packagers.pack(model, ONNX, tmp_path)
    found = _run(artifact, {"X": X32})[0]
    assert np.allclose(found.ravel(), model.predict(X32), atol=1e-4)
    assert artifact.manifest.lossless is False
    assert [file.path for file in artifact.manifest.files] == ["model.onnx"]


def test_rows_of_the_data_say_what_the_inputs_are(tmp_path: Path) -> None:
    frame = pd.DataFrame({"size": X32[:, 0], "kind": ["a", "b", "c"] * 50})
    columns = ColumnTransformer([("number", StandardScaler(), ["size"]), ("kind", OneHotEncoder(), ["kind"])])
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(frame, Y)
    hint = LogHint("model", "model", packing_kwargs={"format": "onnx", "X": frame[:1], "options": {"zipmap": False}})
    inputs = {"size": frame[["size"]].to_numpy(), "kind": frame[["kind"]].to_numpy(dtype=object)}
    labels, chances = _run(packagers.pack(model, hint, tmp_path), inputs)
    assert (labels == model.predict(frame)).all()
    assert np.allclose(chances, model.predict_proba(frame), atol=1e-4)


def test_options_go_to_skl2onnx(tmp_path: Path) -> None:
    model = LinearRegression().fit(X, Y)
    onnx = pytest.importorskip("onnx")
    hint = LogHint(
        "model",
        "model",
        packing_kwargs={
            "format": "onnx",
            "initial_types": [("rows", FloatTensorType([None, 4]))],
            "target_opset": 12,
            "name": "irises",
            "model_optim": False,
        },
    )
    made = onnx.load_from_string(packagers.unpack(packagers.pack(model, hint, tmp_path).path, bytes))
    assert made.graph.name == "irises"
    assert [each.name for each in made.graph.input] == ["rows"]
    assert {each.domain: each.version for each in made.opset_import}[""] == 12


def test_it_is_not_read_back(tmp_path: Path) -> None:
    packagers.pack(LinearRegression().fit(X, Y), ONNX, tmp_path)
    for hint in (None, BaseEstimator, LinearRegression):
        with pytest.raises(packagers.UnpackError, match="onnx"):
            packagers.unpack(tmp_path / "model", hint, trust="all")
    assert packagers.unpack(tmp_path / "model", Path).suffix == ".onnx"


def test_what_has_no_onnx_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="no ONNX model of this KernelDensity"):
        packagers.pack(KernelDensity().fit(X), ONNX, tmp_path)
    with pytest.raises(packagers.PackError, match="not known what data") as caught:
        packagers.pack(LinearRegression(), ONNX, tmp_path)
    assert "X=" in str(caught.value)
    model = LogisticRegression(max_iter=1000).fit(X, Y)
    with pytest.raises(packagers.PackError, match="float32"):  # skl2onnx writes a file here that no runtime takes
        packagers.pack(model, LogHint("model", "model", packing_kwargs={"format": "onnx", "X": X[:1]}), tmp_path)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("option", [{"X": X32[:1]}, {"target_opset": 12}, {"model_optim": False}])
def test_its_options_are_for_it_alone(tmp_path: Path, option: dict[str, Any]) -> None:
    for format in ("skops", "joblib", "pickle"):
        with pytest.raises(packagers.UnknownOptionError, match="format 'onnx'"):
            packagers.pack(LinearRegression(), LogHint("model", "model", packing_kwargs={"format": format, **option}), tmp_path)


def test_without_skl2onnx_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(packagers.PackError) as caught:
        packagers.pack(LinearRegression().fit(X, Y), ONNX, tmp_path)
    assert 'pip install "packagers-sklearn[onnx]"' in str(caught.value)
