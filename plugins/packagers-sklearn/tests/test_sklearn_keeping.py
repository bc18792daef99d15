"""What is held for certain to come back from skops does come back; whatever else is read again and compared."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import packagers
from packagers_sklearn import skopsfile
from packagers_sklearn.fidelity import difference
from packagers_sklearn.keeping import is_kept

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from own_estimators import Halve, Holder

X, Y = load_iris(return_X_y=True)

_SINGLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.complex_numbers() | st.binary(max_size=3)
_NUMBERS = st.sampled_from([np.float32(1.5), np.int8(-3), np.bool_(True), np.str_("x"), np.datetime64("2026-01-01"), np.longdouble(0.1)])
_ARRAYS = arrays.arrays(arrays.scalar_dtypes() | arrays.array_dtypes(max_size=2), arrays.array_shapes(min_dims=0, max_side=3, min_side=0))
_OBJECTS = st.lists(st.text(max_size=2) | st.none(), max_size=3).map(lambda items: np.array([*items, None], dtype=object)[:-1])
_KEYS = st.text(max_size=2) | st.sampled_from([-1, True, None, 0.5])
_VALUES = st.recursive(
    _SINGLE | _NUMBERS | _ARRAYS | _OBJECTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(_KEYS, inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3).map(lambda items: Holder().learn(**items))
        | st.dictionaries(st.text(max_size=2), inner, max_size=2).map(OrderedDict)
    ),
    max_leaves=6,
)


def _back(obj: Any) -> Any:
    data = skops.io.dumps(obj)
    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(_VALUES)
def test_what_is_certain_comes_back(obj: Any) -> None:
    if is_kept(obj):
        assert difference(obj, _back(obj)) is None


def test_a_forest_and_a_pipeline_are_certain() -> None:
    assert is_kept(RandomForestClassifier(3, random_state=0).fit(X, Y))
    assert is_kept(make_pipeline(StandardScaler(), Halve(4), LinearRegression()).fit(X, Y))
    assert is_kept(Holder().learn(names=np.array(["a", None], dtype=object), deep=[{"x": (1, np.float64(2.5))}]))


class _Small(IntEnum):
    ONE = 1


class _Own(BaseEstimator):
    pass


class _Local(BaseEstimator):
    pass


_Local.__name__ = "_Own"  # its name leads to another class


class _WithState(BaseEstimator):
    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Setting:
    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(dict.fromkeys(state))


class _AsideSetting(ClassifierMixin, BaseEstimator, _Setting):
    """Scikit-learn's own ``__setstate__`` hands on to the next class."""


class _Slotted:
    __slots__ = ("hidden",)


class _WithSlots(BaseEstimator, _Slotted):
    pass


class _ScriptLike(BaseEstimator):
    pass


UNCERTAIN: dict[str, Callable[[], Any]] = {
    "a key that is no text": lambda: {1: 2},
    "a text of a subclass": lambda: np.str_("x"),
    "a number of an enum": lambda: [_Small.ONE],
    "a number too long to be a text": lambda: 1 << 20_000,
    "a dict of a subclass": lambda: OrderedDict(a=1),
    "a set": lambda: {1},
    "bytes": lambda: b"x",
    "a property": lambda: {"x": property()},
    "a function": lambda: {"f": np.log1p},
    "a class": lambda: [int],
    "fields": lambda: np.zeros(2, dtype=[("a", "i4")]),
    "a matrix of objects": lambda: np.array([[None, None]]),
    "an object in an array": lambda: np.array([{1: 2}, None], dtype=object),
    "what a dtype says besides": lambda: np.zeros(2, dtype=np.dtype("f8", metadata={"a": 1})),
    "an array of a subclass": lambda: np.ma.zeros(2),
    "a class under another's name": _Local,
    "a state of its own": _WithState,
    "somebody else's state": _AsideSetting,
    "slots": _WithSlots,
    "an attribute that scikit-learn takes for its own": lambda: vars(model := LinearRegression()).update(_sklearn_version="1") or model,
}


@pytest.mark.parametrize("name", UNCERTAIN)
@pytest.mark.parametrize("within", [lambda obj: obj, lambda obj: [obj], lambda obj: {"a": (obj,)}, lambda obj: Holder().learn(held=obj)])
def test_what_is_not_certain_is_not_said_to_be(name: str, within: Callable[[Any], Any]) -> None:
    assert not is_kept(within(UNCERTAIN[name]()))


def test_a_class_of_a_script_is_not_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_kept(_ScriptLike())
    monkeypatch.setattr(_ScriptLike, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "_ScriptLike", _ScriptLike, raising=False)
    assert not is_kept(_ScriptLike())


def test_cycles_end() -> None:
    loop: list[Any] = []
    loop.append({"self": loop})
    assert is_kept(loop)


@pytest.mark.parametrize("is_certain", [True, False])
def test_only_what_is_not_certain_is_read_again(is_certain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    load = skops.io.load
    monkeypatch.setattr(skopsfile.skops.io, "load", lambda *args, **options: read.append(args) or load(*args, **options))
    packagers.pack(Holder().learn(held="x" if is_certain else {1: 2}), "model", tmp_path)
    assert len(read) == (0 if is_certain else 1)


def test_what_is_lost_is_found_where_it_is_not_certain(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="would not give back"):
        packagers.pack(Holder().learn(held=[_Small.ONE]), "model", tmp_path)
