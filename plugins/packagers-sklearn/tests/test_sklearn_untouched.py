"""Packing looks at a model and changes nothing in it, in whatever format, also where it ends in an error."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.cluster import Birch
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import Bunch

import packagers

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from own_estimators import Halve, Holder, root

X, Y = load_iris(return_X_y=True)


def _requests() -> Any:
    with config_context(enable_metadata_routing=True):
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000).set_fit_request(sample_weight=True)).fit(X, Y)


VALUES: dict[str, Callable[[], Any]] = {
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, Y),
    "own": lambda: make_pipeline(Halve(), FunctionTransformer(root), LogisticRegression(max_iter=1000)).fit(X, Y),
    "search": lambda: GridSearchCV(LogisticRegression(max_iter=1000), {"C": [1, 2]}, cv=2).fit(X, Y),
    "forest": lambda: RandomForestClassifier(3, random_state=np.random.RandomState(1)).fit(X, Y),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=2, categorical_features=[3]).fit(np.c_[X[:, :3], Y], Y),
    "requests": _requests,
    "partial": lambda: FunctionTransformer(partial(np.add, 1)),
    "stochastic": lambda: SGDClassifier(random_state=0, max_iter=5, tol=None).fit(sparse.csr_matrix(X), Y),
    "masked": lambda: Holder(np.ma.MaskedArray([1, 2], [True, False])),
    "frame": lambda: Holder(pd.DataFrame({"a": [1, None]})),
    "bool keys": lambda: LogisticRegression(class_weight={False: 1.0, True: 2.0}),
    "lambda": lambda: FunctionTransformer(lambda rows: rows),
    "birch": lambda: Birch(n_clusters=2).fit(X),
    "ellipsis": lambda: Holder(...),
}
FORMS = ("model", "model : model[format='joblib']", "model : model[format='pickle']", "model : model[format='onnx']")


def _snapshot(value: Any) -> Any:
    """Take a pickle; of what has none, for there is a lambda inside, the ids of what it holds."""
    try:
        return pickle.dumps(value)
    except (AttributeError, pickle.PicklingError):
        return {name: id(held) for name, held in vars(value).items()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", VALUES)
def test_a_model_is_after_packing_what_it_was(tmp_path: Path, name: str, form: str) -> None:
    model = VALUES[name]()
    before = _snapshot(model)
    try:
        packagers.pack(model, form, tmp_path)
    except packagers.PackError:
        assert not (tmp_path / "model").exists()
    assert _snapshot(model) == before


def test_a_bunch_is_after_packing_what_it_was(tmp_path: Path) -> None:
    bunch = Bunch(data=X, frame=pd.DataFrame({"a": [1, None]}), inner=Bunch(model=LogisticRegression(max_iter=1000).fit(X, Y)))
    before = pickle.dumps(bunch)
    packagers.pack(bunch, "bunch", tmp_path)
    assert pickle.dumps(bunch) == before
    with pytest.raises(packagers.PackError):
        packagers.pack(Bunch(inner=bunch, model=Holder(...)), "bunch", tmp_path)
    assert pickle.dumps(bunch) == before
