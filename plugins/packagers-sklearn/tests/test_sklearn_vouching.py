"""Plugins of third parties vouch for their estimators; packages never do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import packagers
from packagers_sklearn.vouching import GROUP, vouched

LIBRARY = """
    import numpy as np
    from sklearn.base import BaseEstimator, RegressorMixin

    class Leaf:
        def __init__(self, value):
            self.value = value

    class Boosted(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            self.leaf_ = Leaf(float(np.mean(y)))
            return self

        def predict(self, X):
            return np.full(len(X), self.leaf_.value)
"""


def _installed(*names: str) -> dict[str, Any]:
    entries = {name: f"{name.rpartition('.')[0]}:{name.rpartition('.')[2]}" for name in names}
    return {"boosters.py": LIBRARY, "Packagers_Boosters": {"entry_points": {GROUP: entries}}}


def _model() -> Any:
    from boosters import Boosted  # type: ignore[import-not-found]

    return make_pipeline(StandardScaler(), Boosted()).fit(np.eye(3), [1.0, 2, 3])


def test_their_types_are_built_from_any_package(installed: Any, tmp_path: Path) -> None:
    installed(_installed("boosters.Boosted", "boosters.Leaf"))
    packagers.pack(_model(), "model", tmp_path)
    found = packagers.unpack(tmp_path / "model", trust="data")
    assert found.predict(np.eye(3)).tolist() == [2.0, 2.0, 2.0]


def test_what_they_do_not_name_is_refused(installed: Any, tmp_path: Path) -> None:
    installed(_installed("boosters.Boosted"))
    packagers.pack(_model(), "model", tmp_path)
    with pytest.raises(packagers.UntrustedPackageError) as caught:
        packagers.unpack(tmp_path / "model", trust="data")
    assert "'boosters.Leaf'" in str(caught.value)
    assert "Boosted" not in str(caught.value)
    assert packagers.unpack(tmp_path / "model").predict(np.ones((1, 3))).tolist() == [2.0]


def test_a_distribution_that_is_switched_off_vouches_for_nothing(installed: Any) -> None:
    installed(_installed("boosters.Boosted"))
    assert vouched() == {"boosters.Boosted"}
    with packagers.settings(disable=["packagers-boosters"]):
        assert vouched() == frozenset()


def test_nothing_is_imported_for_it(installed: Any, tmp_path: Path) -> None:
    installed(_installed("nowhere.to.be.Found"))
    assert vouched() == {"nowhere.to.be.Found"}
