"""What skops gives back for certain, so that no file has to be read again to find out whether something of an object was lost.

It is certain of plain values, of arrays and the containers of them, and of trees and estimators that leave their pickling to scikit-learn.
A "no" says nothing against an object: what is read again and compared (see :mod:`packagers_sklearn.fidelity`) then decides.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.tree._tree import Tree

SCRIPTS = ("__main__", "__mp_main__")
"""Modules whose classes no other process finds."""
_PLAIN = frozenset({type(None), bool, float, str, Tree})
_LONGEST = 1 << 1000
"""Integers up to which Python makes texts and numbers of one another, whatever limit it is given."""
_SCALARS = frozenset(np.dtype(code).type for code in "?bhilqBHILQefd")
_ARRAYS = frozenset("?bhilqBHILQefdFDgGSUmM")
_VERSION = "_sklearn_version"
_PICKLING = ("__class__", "__getattribute__", "__getstate__", "__new__", "__reduce__", "__reduce_ex__", "__setstate__", "__slots__")
"""What a class may say of how its objects are taken apart and made again."""


def is_kept(root: Any) -> bool:
    """Tell whether an object, with all that it holds, certainly comes back from skops as it is."""
    known: dict[type[Any], bool] = {}
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        obj = waiting.pop()
        kind = type(obj)
        if kind in _PLAIN or kind in _SCALARS or (kind is int and -_LONGEST < obj < _LONGEST):
            continue
        if id(obj) in seen:
            continue
        seen.add(id(obj))
        if kind is list or kind is tuple:
            waiting += obj
        elif kind is np.ndarray:
            if obj.dtype.char == "O" and obj.ndim == 1:
                waiting += obj.tolist()
            elif obj.dtype.char not in _ARRAYS or not obj.dtype.itemsize or obj.dtype.metadata:
                return False
        else:
            items = obj if kind is dict else _state(obj, kind, known)
            if items is None or not all(type(name) is str for name in items):
                return False
            waiting += items.values()
    return True


def _state(obj: Any, kind: type[Any], known: dict[type[Any], bool]) -> dict[Any, Any] | None:
    """Give the attributes of an estimator that leaves its pickling to scikit-learn; ``None`` for any other object."""
    if kind not in known:
        known[kind] = _leaves_pickling(kind)
    return vars(obj) if known[kind] and _VERSION not in vars(obj) else None


def _leaves_pickling(cls: type[Any]) -> bool:
    """Tell whether the objects of a class are made of their attributes alone, and found under its name in any process."""
    return (
        issubclass(cls, BaseEstimator)
        and cls.__module__ not in SCRIPTS
        and getattr(sys.modules.get(cls.__module__), cls.__name__, None) is cls
        and not any(vars(base).get(name) for base in cls.__mro__ if base not in (BaseEstimator, object) for name in _PICKLING)
    )
