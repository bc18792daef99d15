"""Estimators in use: formats, policies, users' own classes, versions, summaries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils import get_tags

import packagers
from packagers import LogHint
from packagers_sklearn.estimators import EstimatorPackager
from packagers_sklearn.fidelity import difference

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from own_estimators import Holder, Tagged

X, Y = load_iris(return_X_y=True)


def _mixed() -> pd.DataFrame:
    return pd.DataFrame({"size": X[:, 0], "kind": ["a", "b", None] * 50, "width": X[:, 1]})


def _pipeline() -> Pipeline:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("numbers", numbers, ["size", "width"]), ("kinds", OneHotEncoder(handle_unknown="ignore"), ["kind"])])
    return Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=1000))]).fit(_mixed(), Y)


def _search() -> GridSearchCV:
    folds = StratifiedKFold(3, shuffle=True, random_state=np.random.RandomState(7))
    steps = make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000))
    return GridSearchCV(steps, {"logisticregression__C": [0.1, 1.0]}, scoring=["accuracy", "f1_macro"], refit="accuracy", cv=folds).fit(
        X, Y
    )


MODELS = {
    "pipeline": (_pipeline, _mixed),
    "search": (_search, lambda: X),
    "forest": (lambda: RandomForestClassifier(5, random_state=0).fit(X, Y), lambda: X),
    "neighbours": (lambda: KNeighborsClassifier(metric="manhattan", algorithm="ball_tree").fit(X, Y), lambda: X),
    "process": (lambda: GaussianProcessRegressor(RBF() + Matern() * WhiteKernel()).fit(X[:20], Y[:20]), lambda: X),
    "unfitted": (lambda: Ridge(alpha=np.float64(2)), None),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("log", "trust"), [("value", "data"), ("value : model[format='joblib']", "own"), ("value : model[format='pickle']", "own")]
)
def test_a_model_predicts_the_same(again: Any, name: str, log: str, trust: str) -> None:
    make, data = MODELS[name]
    model = make()
    found = again(model, log, trust=trust)
    assert type(found) is type(model)
    assert difference(model, found) is None
    if data is not None:
        assert np.array_equal(model.predict(data()), found.predict(data()))


@pytest.mark.parametrize("format", ["joblib", "pickle"])
def test_formats_that_run_code_ask_the_policy(again: Any, format: str) -> None:
    with pytest.raises(packagers.UntrustedPackageError, match=format):
        again(Ridge(), f"value : model[format='{format}']")


def test_plain_files(tmp_path: Path) -> None:
    model = RandomForestClassifier(3, random_state=0).fit(X, Y)
    skops.io.dump(model, tmp_path / "model.skops")
    joblib.dump(model, tmp_path / "model.joblib")
    assert difference(model, packagers.unpack(tmp_path / "model.skops", BaseEstimator)) is None
    assert difference(model, packagers.unpack(tmp_path / "model.joblib", RandomForestClassifier, trust="all")) is None
    with pytest.raises(packagers.UntrustedPackageError):
        packagers.unpack(tmp_path / "model.joblib", BaseEstimator)
    (tmp_path / "bad.skops").write_bytes(os.urandom(30))
    with pytest.raises(packagers.UnpackError, match="skops"):
        packagers.unpack(tmp_path / "bad.skops", BaseEstimator)


OWN = """
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

class Halve(TransformerMixin, BaseEstimator):
    def __init__(self, by=2):
        self.by = by
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self
    def transform(self, X):
        return np.asarray(X) / self.by

def root(X):
    return np.sqrt(X)
"""


def _run(code: str, *arguments: str | Path, path: Path) -> str:
    """Run a script in a process of its own and give what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


READ = """
import sys, packagers
from sklearn.datasets import load_iris
model = packagers.unpack(sys.argv[1])
print(model.predict(load_iris().data).tolist(), model[0].by, model[0].seen_)
try:
    packagers.unpack(sys.argv[1], trust="data")
except packagers.UntrustedPackageError as error:
    print(error)
sys.path.remove(sys.argv[2])
del sys.modules["own_steps"]
try:
    packagers.unpack(sys.argv[1])
except packagers.UnpackError as error:
    print(error)
"""


def test_a_pipeline_with_a_users_estimators_is_read_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_steps.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    from own_steps import Halve, root

    model = make_pipeline(Halve(4), FunctionTransformer(root), LogisticRegression(max_iter=1000)).fit(X, Y)
    packagers.pack(model, "model", tmp_path)
    out = _run(READ, tmp_path / "model", tmp_path, path=tmp_path)
    assert f"{model.predict(X).tolist()} 4 150" in out
    assert "'own_steps.Halve', 'own_steps.root'" in out
    assert "needs something that is not there: No module named 'own_steps'" in out


WRITE = """
import sys, packagers
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
columns = ColumnTransformer([("halve", Halve(4), [0]), ("root", FunctionTransformer(root), [1])])
models = {"bare": Halve(4), "pipeline": make_pipeline(columns, LinearRegression()).fit(np.array([[4, 1], [8, 4]]), [1, 2])}
models["fitted"] = LinearRegression().fit([[4], [8]], [1, 2])
models["fitted"].extra_ = [{"steps": (Halve(4), Halve)}]
models["class"] = FunctionTransformer(kw_args={"kind": Halve})
for name, model in models.items():
    for format in ("skops", "joblib"):
        try:
            packagers.pack(model, f"{name} : model[format='{format}']", sys.argv[1])
        except packagers.PackError as error:
            print(error)
    packagers.pack(model, f"{name} : model[format='pickle']", sys.argv[1])
"""


def test_what_a_script_defines_is_refused_or_carried_by_value(tmp_path: Path) -> None:
    printed = _run(OWN + WRITE, tmp_path, path=tmp_path)
    assert printed.count("is defined in a script, where no other process can find it by name") == 8
    assert printed.count('ask for format="pickle"') == 8
    assert packagers.unpack(tmp_path / "bare").transform([[3]]).tolist() == [[0.75]]
    assert np.allclose(packagers.unpack(tmp_path / "pipeline").predict(np.array([[4, 1], [8, 4]])), [1, 2])


@pytest.mark.parametrize(
    "held",
    [
        {True: 1, False: 2},
        {None: 1},
        {(1, 2): 3},
        np.array([[[1, 2], 0], [[3, 4], 0]], dtype=object)[:, :1],
        np.ma.MaskedArray([1, 2], [True, False], fill_value=9),
        type("Text", (str,), {})("text"),
        lambda x: x,
        pd.DataFrame({"a": [1]}),
        np.random.RandomState(np.random.PCG64(1)),
        ...,
        1 + 2j,
        sparse.lil_matrix(np.eye(2)),
        (lambda loop: loop.append(loop) or loop)([]),
    ],
)
def test_what_skops_would_lose_is_refused(again: Any, held: Any) -> None:
    with pytest.raises(packagers.PackError, match=r'format="joblib"'):
        again(Holder(held), trust="own")


@pytest.mark.parametrize("held", [{1: "a", "1x": 2}, {"a", "b"}, frozenset({1}), (1, [2.5, None]), b"x", np.random.default_rng(3)])
def test_what_parameters_hold_comes_back(again: Any, held: Any) -> None:
    assert difference(held, again(Holder(held), trust="own").held) is None


def test_skops_loses_the_order_of_bool_keys(again: Any) -> None:
    with pytest.raises(packagers.PackError, match="give back"):
        again(LogisticRegression(class_weight={False: 1.0, True: 2.0}))
    assert again(LogisticRegression(class_weight={0: 1.0, 1: 2.0})).class_weight == {0: 1.0, 1: 2.0}


def test_a_shared_random_state_stays_shared(again: Any) -> None:
    state = np.random.RandomState(3)
    state.rand(5)
    model = make_pipeline(LogisticRegression(random_state=state), LogisticRegression(random_state=state))
    before = state.get_state(legacy=False)
    found = again(model)
    assert found[0].random_state is found[1].random_state
    assert difference(before, state.get_state(legacy=False)) is None
    assert found[0].random_state.rand() == state.rand()


@pytest.mark.parametrize("format", ["skops", "joblib", "pickle"])
def test_another_version_is_reported_before_anything_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    import packagers_sklearn.estimators as module

    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("decoded")

    packagers.pack(Ridge(), f"model : model[format='{format}']", tmp_path)
    assert packagers.unpack(tmp_path / "model").alpha == 1.0
    monkeypatch.setattr(module.sklearn, "__version__", "0.1")
    monkeypatch.setattr(module, "_READERS", {format: fail})
    text = rf"packed with scikit-learn {version('scikit-learn')} and is read with 0\.1.*pip install scikit-learn=={version('scikit-learn')}"
    with pytest.warns(packagers.PackagersWarning, match=text), pytest.raises(packagers.UnpackError, match="decoded"):
        packagers.unpack(tmp_path / "model")


def test_metrics_and_extra_data_stand_with_the_model(tmp_path: Path) -> None:
    def train() -> tuple[float, Any, Any]:
        model = LogisticRegression(max_iter=1000).fit(X, Y)
        return model.score(X, Y), model, X[:3]

    hint = LogHint("model", "model", metrics={"accuracy": ...}, extra_data={"rows": ...})
    outputs = packagers.call(train, returns=["accuracy", hint, "rows"], folder=tmp_path)
    artifact = outputs["model"]
    assert artifact.metrics["accuracy"] == outputs["accuracy"]
    assert np.array_equal(artifact.extra_data["rows"].unpack(), X[:3])


def test_many_models_in_one_package(again: Any, tmp_path: Path) -> None:
    shared = Ridge().fit(X, Y)
    models = {"first": shared, "second": {3: shared, "rest": [LogisticRegression(), Holder((1, 2))]}}
    found = again(models, trust="own")
    assert difference(models, found) is None
    assert found["first"] is found["second"][3]
    assert [path.name for path in tmp_path.iterdir()] == ["value"]
    assert type(again([shared], trust="data", hint=list[BaseEstimator])[0]) is Ridge
    assert type(again({"a": shared}, trust="data", hint=dict[str, BaseEstimator])["a"]) is Ridge


@pytest.mark.parametrize("by", [1, 3])
def test_tags_are_those_of_the_class(again: Any, by: int) -> None:
    found = again(Tagged(by), trust="own")
    assert get_tags(found) == get_tags(Tagged(by))
    assert get_tags(found).input_tags.allow_nan is (by > 2)


def test_the_summary_is_bounded_and_says_what_it_is(tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=1000).fit(pd.DataFrame(X, columns=list("abcd")), np.array(["x", "y", "z"])[Y])
    manifest = packagers.pack(model, "model", tmp_path).manifest
    assert manifest.description["class"].endswith("LogisticRegression")
    assert manifest.description["features"] == 4
    assert manifest.description["feature_names"] == list("abcd")
    assert manifest.description["classes"] == ["x", "y", "z"]
    assert "coef_" in manifest.description["fitted"]
    assert ["C", "1.0"] in manifest.preview["table"]["rows"]
    wide = packagers.pack(Holder(["x" * 1000] * 1000), "wide", tmp_path).manifest
    assert len(str(wide.preview)) < 5000


class Unread(list[Any]):
    """Trees that nobody may look at."""

    def _fail(self, *_: Any) -> Any:
        raise AssertionError("looked at")

    __iter__ = __getitem__ = __len__ = __repr__ = _fail  # type: ignore[assignment]


def test_a_summary_does_not_look_into_what_was_learned() -> None:
    forest = RandomForestClassifier(10_000)
    forest.estimators_ = Unread()
    forest.n_features_in_, forest.classes_ = 4, np.arange(10_000)
    facts = EstimatorPackager().describe(forest)
    assert facts["parameters"]["n_estimators"] == "10000"
    assert facts["fitted"] == ["classes_", "estimators_", "n_features_in_"]
    assert len(facts["classes"]) == 100
    assert EstimatorPackager().preview(forest)["table"]["rows"]


class Wide(BaseEstimator):
    """Has more parameters than can be shown, with long names and texts of more bytes than characters."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {f"{'😀' * 300}{number}": "😀" * 1000 for number in range(1000)}


def test_a_summary_is_small_whatever_the_names(tmp_path: Path) -> None:
    model = Wide()
    vars(model).update({f"{'ä' * 300}{number}_": 1 for number in range(1000)})
    model.feature_names_in_ = model.classes_ = np.array(["😀" * 300] * 1000, dtype=object)
    summaries = EstimatorPackager().describe(model), EstimatorPackager().preview(model)
    assert all(5_000 < len(json.dumps(summary)) < 64 << 10 for summary in summaries)


def test_a_summary_shows_shapes_of_large_arrays(tmp_path: Path) -> None:
    facts = EstimatorPackager().describe(Holder(np.zeros((1000, 4), dtype="f4")))
    assert facts["parameters"]["held"] == "<ndarray of float32, shape (1000, 4)>"
