"""Estimators as users write them, in a module of their own: what a pipeline may hold besides what scikit-learn brings."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone


class Halve(TransformerMixin, BaseEstimator):
    """Learns how many rows there were, and divides."""

    def __init__(self, by: float = 2) -> None:
        self.by = by

    def fit(self, X: Any, y: Any = None) -> Halve:
        self.seen_ = len(X)
        return self

    def transform(self, X: Any) -> Any:
        return np.asarray(X) / self.by

    def get_feature_names_out(self, names: Any = None) -> Any:
        return names


class Holder(BaseEstimator):
    """Holds anything as a parameter, and anything as fitted attributes."""

    def __init__(self, held: Any = None) -> None:
        self.held = held

    def learn(self, **fitted: Any) -> Holder:
        for name, value in fitted.items():
            setattr(self, f"{name}_", value)
        return self


class Wrapper(ClassifierMixin, BaseEstimator):
    """A classifier around another one; asks for sample weights."""

    def __init__(self, inner: Any = None, score: Any = None) -> None:
        self.inner = inner
        self.score = score

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Wrapper:
        self.inner_ = clone(self.inner).fit(X, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X: Any) -> Any:
        return self.inner_.predict(X)


class Tagged(Halve):
    """Says of itself what it takes."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.by > 2
        return tags


def root(X: Any) -> Any:
    """Take roots."""
    return np.sqrt(X)
