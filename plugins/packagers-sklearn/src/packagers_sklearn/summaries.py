"""Bounded descriptions and previews of estimators."""

from __future__ import annotations

import reprlib
from typing import Any

from sklearn.base import BaseEstimator

MAX_ENTRIES = 100
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 10


def describe(estimator: BaseEstimator) -> dict[str, Any]:
    """Give class, parameters, fitted attributes, and what is known of features and classes."""
    facts: dict[str, Any] = {
        "class": f"{type(estimator).__module__}.{type(estimator).__qualname__}",
        "parameters": dict(_parameters(estimator)),
        "fitted": sorted(name for name in vars(estimator) if name.endswith("_") and not name.startswith("_"))[:MAX_ENTRIES],
    }
    features = _known(estimator, "n_features_in_")
    if features is not None:
        facts["features"] = int(features)
    for attribute, name in (("feature_names_in_", "feature_names"), ("classes_", "classes")):
        values = _known(estimator, attribute)
        if values is not None:
            facts[name] = [_SHORT.repr(value)[:200] if not isinstance(value, str) else value[:200] for value in _listed(values)]
    return facts


def preview(estimator: BaseEstimator) -> dict[str, Any]:
    """Give a table of the parameters."""
    return {"table": {"columns": ["parameter", "value"], "rows": [list(row) for row in _parameters(estimator)]}}


def _parameters(estimator: BaseEstimator) -> list[tuple[str, str]]:
    try:
        parameters = estimator.get_params(deep=False)
    except Exception:  # noqa: BLE001  # a user's estimator may have attributes of other names than its parameters
        return []
    return [(name, _SHORT.repr(value)[:200]) for name, value in list(parameters.items())[:MAX_ENTRIES]]


def _known(estimator: BaseEstimator, attribute: str) -> Any:
    try:
        return getattr(estimator, attribute, None)
    except Exception:  # noqa: BLE001  # these are properties on some estimators, and can fail on unfitted ones
        return None


def _listed(values: Any) -> list[Any]:
    first = values[:MAX_ENTRIES]
    return list(first.tolist() if hasattr(first, "tolist") else first)
