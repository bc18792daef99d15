"""What is shown of an estimator without reading it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.base import BaseEstimator

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from own_estimators import Halve

from packagers_sklearn.summaries import describe, preview


class _Named(BaseEstimator):
    def __init__(self, first: int = 1, second: str = "b") -> None:
        self.first = first
        self.second = second


class _Otherwise(_Named):
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"own": deep}


def test_the_parameters_are_those_of_the_constructor() -> None:
    assert describe(_Named(3))["parameters"] == {"first": "3", "second": "'b'"}
    assert preview(_Named(3))["table"]["rows"] == [["first", "3"], ["second", "'b'"]]
    assert describe(Halve(7))["parameters"] == {"by": "7"}


def test_who_says_otherwise_which_they_are_is_asked() -> None:
    assert describe(_Otherwise())["parameters"] == {"own": "False"}


def test_a_constructor_that_is_replaced_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(describe(_Named())["parameters"]) == ["first", "second"]
    model = _Named()
    monkeypatch.setattr(_Named, "__init__", lambda self, second="b": None)
    assert list(describe(model)["parameters"]) == ["second"]


def test_what_has_no_such_attributes_is_described_without_parameters() -> None:
    model = _Named()
    del model.first
    assert describe(model)["parameters"] == {}


def test_summaries_are_bounded() -> None:
    names = {f"attribute_{number:04}_{'ö' * 100}_": number for number in range(200)}
    model = Halve("é" * 1000)
    vars(model).update(names)
    facts = describe(model)
    assert len(facts["fitted"]) < 100
    assert len(facts["parameters"]["by"]) == 200
