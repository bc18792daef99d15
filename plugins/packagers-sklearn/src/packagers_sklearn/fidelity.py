"""Whether two objects are the same through and through: how a format that may lose something is found out while the original is at hand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch

_BY_IDENTITY = (type, FunctionType, BuiltinFunctionType, ModuleType, np.ufunc)
_PLAIN = (type(None), bool, int, str, bytes, bytearray, complex, type(Ellipsis), slice, range)
_SPARSE_PARTS = ("data", "indices", "indptr", "row", "col", "offsets")


def difference(left: Any, right: Any) -> str | None:
    """Find the first difference between two objects.

    Types are compared exactly, numbers with ``nan`` equal to itself, arrays with their dtypes, and all other objects by what they would put
    into a pickle.

    Returns:
        The path of the difference, such as ``.steps[0]``, empty where the objects as such differ; ``None`` where there is none.
    """
    return _Comparison().difference(left, right, "")


class _Comparison:
    """One comparison, which remembers the pairs that it has seen."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}

    def difference(self, left: Any, right: Any, path: str) -> str | None:
        """Find the first difference at or below a path."""
        if left is right:
            return None
        if type(left) is not type(right) or isinstance(left, _BY_IDENTITY):
            return path
        if isinstance(left, float):
            equal = (math.isnan(left) and math.isnan(right)) or (left == right and math.copysign(1, left) == math.copysign(1, right))
            return None if equal else path
        if type(left) in _PLAIN:
            return None if left == right else path
        pair = (id(left), id(right))
        if pair in self._seen:
            return None
        self._seen[pair] = (left, right)  # kept alive, so that no id is used twice
        return self._inside(left, right, path)

    def _inside(self, left: Any, right: Any, path: str) -> str | None:
        kind = type(left)
        if kind is np.ndarray or isinstance(left, np.generic):
            return self._arrays(np.asarray(left), np.asarray(right), path)
        if kind is np.random.RandomState:  # its seed sequence, which skops does not store, has no say in what it draws
            return self.difference(left.get_state(legacy=False), right.get_state(legacy=False), path)
        if kind is np.ma.MaskedArray:
            return self._masked(left, right, path)
        if sparse.issparse(left):
            return self._sparse(left, right, path)
        if kind is dict:
            return self._dicts(left, right, path)
        if kind is Bunch:  # a pickle of one leaves out that there are no warnings about old keys
            warnings = (vars(bunch).get("_deprecated_key_to_warnings", {}) for bunch in (left, right))
            return self._first([(path, *warnings), (path, dict(left), dict(right))])
        if kind is partial:
            return self._first([(path, _parts(left), _parts(right))])
        if kind in (list, tuple):
            return self._items(left, right, path)
        if kind in (set, frozenset):
            return None if {(type(item), item) for item in left} == {(type(item), item) for item in right} else path
        if kind is MethodType:
            return self._first([(path, left.__func__, right.__func__), (path, left.__self__, right.__self__)])
        return self._objects(left, right, path)

    def _first(self, pairs: Iterable[tuple[str, Any, Any]]) -> str | None:
        for path, left, right in pairs:
            found = self.difference(left, right, path)
            if found is not None:
                return found
        return None

    def _items(self, left: Any, right: Any, path: str) -> str | None:
        if len(left) != len(right):
            return path
        return self._first((f"{path}[{number}]", a, b) for number, (a, b) in enumerate(zip(left, right, strict=True)))

    def _arrays(self, left: Any, right: Any, path: str) -> str | None:
        if left.dtype != right.dtype or left.shape != right.shape:
            return path
        if left.dtype.names:
            return self._first((f"{path}[{name!r}]", left[name], right[name]) for name in left.dtype.names)
        if left.dtype.hasobject:
            return self._items(list(left.flat), list(right.flat), f"{path}.flat")
        return None if np.array_equal(left, right, equal_nan=left.dtype.kind in "fcmM") else path

    def _masked(self, left: Any, right: Any, path: str) -> str | None:
        pairs = [(np.asarray(array), np.ma.getmaskarray(array), _fill_value(array), array.hardmask) for array in (left, right)]
        return self._first((path, a, b) for a, b in zip(*pairs, strict=True))

    def _sparse(self, left: Any, right: Any, path: str) -> str | None:
        if left.shape != right.shape:
            return path
        pairs = [(f"{path}.{part}", getattr(left, part), getattr(right, part)) for part in _SPARSE_PARTS if hasattr(left, part)]
        differing = [part for part, ours, theirs in pairs[1:] if not np.array_equal(ours, theirs)]  # scipy chooses the width of indices
        return differing[0] if differing else self._first(pairs[:1])

    def _dicts(self, left: dict[Any, Any], right: dict[Any, Any], path: str) -> str | None:
        keys, others = list(left), list(right)
        if len(keys) != len(others):
            return path
        found = self._first((path, key, other) for key, other in zip(keys, others, strict=True))
        return found if found is not None else self._first((f"{path}[{key!r}]", left[key], right[key]) for key in keys)

    def _objects(self, left: Any, right: Any, path: str) -> str | None:
        """Compare what two objects would put into a pickle: constructor, arguments, state, items."""
        ours, theirs = left.__reduce_ex__(4), right.__reduce_ex__(4)
        if isinstance(ours, str) or isinstance(theirs, str) or len(ours) != len(theirs):
            return None if ours == theirs else path
        parts = enumerate(zip(ours, theirs, strict=True))
        return self._first((_below(path, number), _listed(a), _listed(b)) for number, (a, b) in parts)


def _fill_value(array: Any) -> Any:
    """Give the fill value without having the array remember the default, as its property does."""
    known = array._fill_value
    return np.asarray(np.ma.default_fill_value(array.dtype) if known is None else known)


def _parts(function: Any) -> list[Any]:
    """Give what a partial function is made of; to ask for its attributes would give it a dict for them."""
    *parts, attributes = function.__reduce__()[2]
    return [*parts, attributes or {}]


def _listed(part: Any) -> Any:
    """Read the iterators of items that a pickle takes."""
    return list(part) if hasattr(part, "__next__") else part


def _below(path: str, part: int) -> str:
    return f"{path}.__dict__" if part == 2 else path
