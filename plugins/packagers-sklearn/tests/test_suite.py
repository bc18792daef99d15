"""The suite that every packager passes, for estimators and bunches."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

from packagers.testing import PackagerSuite, alike

X, Y = load_iris(return_X_y=True)


def _says(estimator: Any) -> Any:
    """Give all that an estimator does with the data set."""
    found = {}
    for method in ("predict", "predict_proba", "transform"):
        if hasattr(estimator, "n_features_in_") and hasattr(estimator, method):
            found[method] = getattr(estimator, method)(X)
    return found


class TestEstimators(PackagerSuite):
    type_path = "sklearn.base.BaseEstimator"

    def samples(self) -> dict[str, Any]:
        search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2, 3]}, cv=2)
        return {
            "unfitted": LogisticRegression(C=np.float32(0.5), max_iter=50),
            "pipeline": make_pipeline(StandardScaler(), FunctionTransformer(np.abs), LogisticRegression()).fit(X, Y),
            "search": search.fit(X, Y),
            "clusters": KMeans(2, n_init=1, random_state=np.random.RandomState(3)).fit(X),
            "neighbours": KNeighborsClassifier(algorithm="ball_tree").fit(X, Y),
            "bare": BaseEstimator(),
        }

    def same(self, left: Any, right: Any) -> bool:
        return alike(left.get_params(deep=False).keys(), right.get_params(deep=False).keys()) and alike(_says(left), _says(right))


class TestBunches(PackagerSuite):
    type_path = "sklearn.utils.Bunch"

    def samples(self) -> list[Any]:
        return [load_iris(), Bunch(), Bunch(a=(1, {2}), nested=Bunch(x=1.5))]
