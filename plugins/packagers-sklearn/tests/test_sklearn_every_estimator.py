"""Every estimator of scikit-learn, fitted: packed by default, it comes back as it was under the policy that runs no code."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators, get_tags

import packagers
from packagers_sklearn.fidelity import difference

NOT_SKOPS = {"Birch": "not supported"}

_RANDOM = np.random.RandomState(0)
_X = np.abs(_RANDOM.randn(60, 4))
_LABELS = (_X[:, 0] + _X[:, 1] > 1.5).astype(int)
_NUMBERS = _X @ [1.0, 2, 3, 4] + 1
_TEXTS = ["a few words", "and a few more"] * 30
_DICTS = [{"a": 1.0, "b": "x"}, {"a": 2.0}] * 30
_SMALL = {"n_estimators": 3, "perplexity": 5, "nu": 0.2, "k": 2, "min_features_to_select": 2}


def _required(name: str, kind: str) -> Any:
    """Give a value for a parameter without a default."""
    inner = LinearRegression() if "Regressor" in kind else LogisticRegression()
    parts: Any = [("scaler", StandardScaler()), ("model", inner)]
    return {
        "estimator": inner,
        "base_estimator": inner,
        "estimators": [("first", inner), ("second", type(inner)())],
        "steps": parts,
        "transformer_list": parts[:1],
        "transformers": [("scaler", StandardScaler(), [0, 1])],
        "param_grid": {"fit_intercept": [True, False]},
        "param_distributions": {"fit_intercept": [True, False]},
        "dictionary": np.eye(4),
    }[name]


def _made(cls: type[BaseEstimator]) -> BaseEstimator:
    if cls is FrozenEstimator:
        return FrozenEstimator(LinearRegression().fit(_X, _NUMBERS))
    parameters = inspect.signature(cls).parameters
    given = {"estimator": LogisticRegression()} if cls.__name__ == "SelfTrainingClassifier" else {}
    given |= {name: _required(name, cls.__name__) for name, p in parameters.items() if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
    small = {name: value for name, value in _SMALL.items() if name in parameters and name not in given}
    if cls.__name__.endswith("RandomProjection"):
        small["n_components"] = 2
    return cls(**given, **small)


def _fitted(cls: type[BaseEstimator]) -> BaseEstimator:
    """Fit an estimator to the first data that it takes."""
    model = _made(cls)
    tags = get_tags(model)
    target: Any = _NUMBERS if tags.estimator_type == "regressor" else _LABELS
    if tags.target_tags.multi_output and not tags.target_tags.single_output:
        target = np.c_[target, target]
    errors = []
    two = np.c_[_NUMBERS, _LABELS]
    for data in (
        (_X, target),
        (_X, two),
        (_X @ _X.T, target),
        (_X[:, 0], target),
        (_X.round().astype(int), target),
        (target,),
        (_TEXTS,),
        (_DICTS,),
    ):
        try:
            return model.fit(*data)
        except Exception as error:  # noqa: BLE001 - the next data may do
            errors.append(error)
    raise ExceptionGroup(f"{cls.__name__} takes none of the data", errors)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # some classes are deprecated
@pytest.mark.parametrize(("name", "cls"), all_estimators(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_fitted_estimator_comes_back(again: Any, name: str, cls: type[BaseEstimator]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _fitted(cls)
    if name in NOT_SKOPS:
        with pytest.raises(packagers.PackError, match=NOT_SKOPS[name]):
            again(model)
        found = again(model, "value : model[format='joblib']", trust="own")
    else:
        found = again(model)
    assert difference(model, found) is None
    if hasattr(model, "predict") and getattr(model, "n_features_in_", None) == 4:
        assert np.allclose(model.predict(_X), found.predict(_X), rtol=1e-12, atol=0)  # sums depend on where arrays lie in memory
