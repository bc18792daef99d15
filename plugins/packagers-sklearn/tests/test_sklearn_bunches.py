"""Bunches come back as bunches, their items by their own packagers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils import Bunch

import packagers


def test_a_data_set(again: Any) -> None:
    bunch = load_iris()
    found = again(bunch)
    assert type(found) is Bunch
    assert list(found) == list(bunch)
    assert np.array_equal(found.data, bunch.data)
    assert found.DESCR == bunch.DESCR
    assert vars(found) == vars(bunch)


def test_a_frame_in_a_data_set(again: Any) -> None:
    bunch = load_iris(as_frame=True)
    assert again(bunch).frame.equals(bunch.frame)


@pytest.mark.parametrize("items", [{}, {"a": (1, {2})}, {"nested": Bunch(x=1.5)}, {"self-made": None}])
def test_small_bunches(again: Any, items: dict[str, Any]) -> None:
    found = again(Bunch(**items))
    assert type(found) is Bunch
    assert found == Bunch(**items)
    assert all(type(found[key]) is type(value) for key, value in items.items())


def test_deprecated_keys_are_refused(again: Any) -> None:
    bunch = Bunch(new=1)
    bunch._set_deprecated(1, new_key="new", deprecated_key="old", warning_message="old")
    with pytest.raises(packagers.PackError, match="deprecated"):
        again(bunch)
