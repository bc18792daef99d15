"""Bounded descriptions and previews of estimators: parameters and names are shown, and nothing that was learned is looked into."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

MAX_ENTRIES = 100
_CHARACTERS = 200
_BYTES = 12 << 10
"""Bytes of JSON of one list of texts; a description has four of them, and 64 KiB are kept."""


class _Short(reprlib.Repr):
    """Texts of parameters; of a large array shape and type."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = _CHARACTERS
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = 10

    def repr_ndarray(self, array: np.ndarray[Any, Any], level: int) -> str:
        """Give the items of small arrays alone."""
        return repr(array) if array.size <= MAX_ENTRIES else f"<ndarray of {array.dtype}, shape {array.shape}>"

    def repr_MaskedArray(self, array: Any, level: int) -> str:
        """Leave the array itself alone, which would remember the fill value that is shown."""
        return self.repr_ndarray(array.view(), level)


_SHORT = _Short()


def describe(estimator: BaseEstimator) -> dict[str, Any]:
    """Give class, parameters, fitted attributes, and what is known of features and classes."""
    fitted = sorted(name for name in getattr(estimator, "__dict__", ()) if name.endswith("_") and not name.startswith("_"))
    facts: dict[str, Any] = {
        "class": f"{type(estimator).__module__}.{type(estimator).__qualname__}"[:_CHARACTERS],
        "parameters": dict(_bounded(_parameters(estimator), _length_of_pair)),
        "fitted": list(_bounded((name[:_CHARACTERS] for name in fitted), _length)),
    }
    features = _known(estimator, "n_features_in_")
    if features is not None:
        facts["features"] = int(features)
    for attribute, name in (("feature_names_in_", "feature_names"), ("classes_", "classes")):
        values = _known(estimator, attribute)
        if values is not None:
            facts[name] = list(_bounded((_text(value) for value in _listed(values)), _length))
    return facts


def preview(estimator: BaseEstimator) -> dict[str, Any]:
    """Give a table of the parameters."""
    rows = [list(row) for row in _bounded(_parameters(estimator), _length_of_pair)]
    return {"table": {"columns": ["parameter", "value"], "rows": rows}}


def _parameters(estimator: BaseEstimator) -> Iterator[tuple[str, str]]:
    cls: Any = type(estimator)
    try:
        if cls.get_params is BaseEstimator.get_params:
            parameters = {name: getattr(estimator, name) for name in _names(cls, cls.__init__)}
        else:
            parameters = estimator.get_params(deep=False)
    except Exception:  # noqa: BLE001  # a user's estimator may have attributes of other names than its parameters
        return
    for name, value in parameters.items():
        yield name[:_CHARACTERS], _SHORT.repr(value)[:_CHARACTERS]


@lru_cache(maxsize=256)
def _names(cls: Any, init: Any) -> tuple[str, ...]:
    """Name the parameters of a class, which scikit-learn reads anew from the signature of ``__init__`` each time."""
    return tuple(cls._get_param_names())


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else _SHORT.repr(value))[:_CHARACTERS]


def _length(text: str) -> int:
    return len(quoted(text))


def _length_of_pair(pair: tuple[str, str]) -> int:
    return _length(pair[0]) + _length(pair[1]) + len("[, ]")


def _bounded(entries: Iterable[Any], length: Callable[[Any], int]) -> Iterator[Any]:
    """Give entries until they are too many, or too long as JSON."""
    left = _BYTES
    for _, entry in zip(range(MAX_ENTRIES), entries, strict=False):
        left -= length(entry) + 2
        if left < 0:
            return
        yield entry


def _known(estimator: BaseEstimator, attribute: str) -> Any:
    try:
        return getattr(estimator, attribute, None)
    except Exception:  # noqa: BLE001  # these are properties on some estimators, and can fail on unfitted ones
        return None


def _listed(values: Any) -> list[Any]:
    first = values[:MAX_ENTRIES]
    return list(first.tolist() if hasattr(first, "tolist") else first)
