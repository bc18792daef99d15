"""Golden values of packagers-sklearn. Models are fitted to data that gives round numbers: another release may compute in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
from recipe import Recipe, forms
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

ROWS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]])


def _pipeline() -> Any:
    return make_pipeline(StandardScaler(), Ridge(alpha=0.5)).fit(ROWS, [0.0, 1.0, 2.0, 3.0])


def _neighbours() -> Any:
    return KNeighborsClassifier(1, algorithm="brute").fit(ROWS, np.array(["a", "b", "a", "b"]))


def _predicts(left: Any, right: Any) -> None:
    ours, theirs = ({name: repr(value) for name, value in model.get_params().items()} for model in (left, right))
    assert {name: ours[name] for name in ours.keys() & theirs.keys()} == {name: theirs[name] for name in ours.keys() & theirs.keys()}
    if hasattr(left, "n_features_in_"):
        found, expected = right.predict(ROWS), left.predict(ROWS)
        np.testing.assert_allclose(found, expected) if expected.dtype.kind == "f" else np.testing.assert_array_equal(found, expected)


def _starts_like_onnx(left: Any, right: Any) -> bool:
    return b"skl2onnx" in right


_PIPELINE = Recipe("sklearn.base.BaseEstimator", _pipeline, same=_predicts, hint=BaseEstimator, trust="all")

RECIPES: dict[str, Recipe] = {
    "estimator": Recipe("sklearn.base.BaseEstimator", _pipeline, same=_predicts, hint=BaseEstimator),
    "estimator-unfitted": Recipe("sklearn.base.BaseEstimator", lambda: Ridge(alpha=2), same=_predicts, hint=BaseEstimator),
    "estimator-neighbours": Recipe("sklearn.base.BaseEstimator", _neighbours, same=_predicts, hint=KNeighborsClassifier),
    **forms("estimator", _PIPELINE, ["model:joblib", "model:pickle"]),
    "estimator-onnx": Recipe(
        "sklearn.base.BaseEstimator", _pipeline, "model[format='onnx']", same=_starts_like_onnx, hint=bytes, is_read=False
    ),
    "bunch": Recipe("sklearn.utils.Bunch", lambda: Bunch(data=ROWS, names=["a", "b"], none=None, inner=Bunch(x=(1, {2})))),
    "bunch-result": Recipe("sklearn.utils.Bunch", lambda: Bunch(names=["a", "b"], none=None), "result"),
}
