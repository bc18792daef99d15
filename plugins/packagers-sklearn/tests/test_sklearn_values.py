"""Every kind of estimator and bunch, packed here by default options and compared in a fresh process.

Fitting again may give other last digits. So what is fitted is kept in a file, by joblib, which owes nothing to what is tested: there the
fresh process, and the look at whether packing has changed anything, find the value as it was.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFECV, SelectKBest, f_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

from packagers.testing import cross
from packagers_sklearn.fidelity import difference

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from own_estimators import Halve, Holder, Tagged, Wrapper, root

KEPT = "OWN_MODELS"
"""The variable that names the folder of what was fitted."""
X, Y = load_iris(return_X_y=True)
FRAME = pd.DataFrame({"size": X[:, 0], "kind": ["a", "b", None] * 50, "width": X[:, 1], 7: X[:, 2]}).rename(columns={7: "deep"})


def _labels(*names: Any, dtype: Any = None) -> np.ndarray[Any, Any]:
    return np.array(names, dtype=dtype)[Y]


def _columns() -> Pipeline:
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), Halve(4)), ["size", "width"]),
            ("kinds", OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
            ("rest", "passthrough", ["deep"]),
        ],
        remainder="drop",
        verbose_feature_names_out=False,
    ).set_output(transform="default")
    return Pipeline([("columns", columns), ("root", FunctionTransformer(root)), ("model", LogisticRegression(max_iter=1000))]).fit(FRAME, Y)


def _search() -> GridSearchCV:
    folds = StratifiedKFold(3, shuffle=True, random_state=np.random.RandomState(7))
    steps = Pipeline([("halve", Halve()), ("best", SelectKBest(k=2)), ("model", LogisticRegression(max_iter=1000))])
    grid = {"halve__by": [2, 3], "model__C": [0.1, 1.0], "best": [SelectKBest(k=1), "passthrough"]}
    scoring = {"accuracy": "accuracy", "f1": make_scorer(f1_score, average="macro")}
    return GridSearchCV(steps, grid, scoring=scoring, refit="f1", cv=folds).fit(X, Y)


def _randomized() -> RandomizedSearchCV:
    search = RandomizedSearchCV(Ridge(), {"alpha": np.logspace(-2, 2, 5), "fit_intercept": [True, False]}, n_iter=3, random_state=1)
    return search.fit(X, Y.astype(float))


def _warm() -> RandomForestClassifier:
    state = np.random.RandomState(5)
    state.rand(3)
    return RandomForestClassifier(3, warm_start=True, random_state=state, oob_score=False).fit(X, Y)


def _shared() -> Pipeline:
    state = np.random.RandomState(3)
    state.rand(5)
    return make_pipeline(LogisticRegression(random_state=state), LogisticRegression(random_state=state))


def _requests() -> Pipeline:
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight="weights")
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        return make_pipeline(scaler, Wrapper(GaussianNB()).set_fit_request(sample_weight=True), model)


def _attributes() -> Holder:
    structured = np.array([(1, 2.5, "a"), (2, np.nan, "ö")], dtype=[("i", "i4"), ("f", "f8"), ("s", "U3")])
    nested = {"models": [Ridge().fit(X, Y), {"tree": DecisionTreeClassifier(random_state=0).fit(X, Y)}]}
    return Holder().learn(
        sparse=sparse.csr_array(np.eye(3)),
        matrix=sparse.coo_matrix(np.eye(2)),
        structured=structured,
        counts={1: 2, 3: {4: "five"}},
        scalars=(np.float32(1.5), np.int64(3), np.bool_(True), np.str_("x")),
        dates=np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"),
        steps=np.array([1, 2], dtype="timedelta64[s]"),
        complexes=np.array([1 + 2j]),
        ragged=[np.zeros(2), np.zeros((0, 3)), np.array(5.0)],
        fortran=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        nested=nested,
        odd=(float("nan"), -0.0, float("inf"), 2**100, None, b"\x00", bytearray(b"x")),
        ordered=OrderedDict(a=1, b=[]),
        sets=({1, 2}, frozenset({"a"}), set()),
        kinds=(int, np.float64, Ridge, slice(1, None, 2), range(3)),
        empty=([], (), {}, "", np.array([])),
    )


def _callables() -> Pipeline:
    return make_pipeline(
        FunctionTransformer(np.log1p, inverse_func=np.expm1), FunctionTransformer(root), SelectKBest(f_regression, k=2)
    ).fit(X, Y)


MAKERS: dict[str, Callable[[], Any]] = {
    "unfitted": lambda: Ridge(alpha=2.0),
    "numpy parameters": lambda: Ridge(alpha=np.float64(2), max_iter=np.int32(7)),
    "bare": BaseEstimator,
    "empty pipeline": lambda: Pipeline([("nothing", "passthrough")]),
    "linear": lambda: LinearRegression().fit(X, Y),
    "one row": lambda: LinearRegression().fit(X[:1], Y[:1]),
    "float32": lambda: LinearRegression().fit(X.astype("f4"), Y.astype("f4")),
    "multiple outputs": lambda: LinearRegression().fit(X, np.c_[Y, Y * 2.0]),
    "pipeline of columns": _columns,
    "search": _search,
    "randomized search": _randomized,
    "union": lambda: FeatureUnion([("scale", StandardScaler()), ("halve", Halve()), ("none", "drop")]).fit(X),
    "forest": lambda: RandomForestClassifier(5, random_state=0, oob_score=True, bootstrap=True).fit(X, Y),
    "forest to be grown": _warm,
    "boosting": lambda: GradientBoostingRegressor(n_estimators=5, random_state=0).fit(X, Y),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=3, categorical_features=[3]).fit(np.c_[X[:, :3], Y], Y),
    "ada": lambda: AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=3, random_state=0).fit(X, Y),
    "bagging": lambda: BaggingClassifier(Wrapper(LogisticRegression(max_iter=1000)), n_estimators=2, random_state=0).fit(X, Y),
    "stacking": lambda: StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier(random_state=0))], cv=2).fit(X, Y),
    "voting": lambda: VotingRegressor([("a", Ridge()), ("b", LinearRegression()), ("c", "drop")]).fit(X, Y),
    "isolation": lambda: IsolationForest(n_estimators=3, max_features=2, random_state=0).fit(X),
    "calibrated": lambda: CalibratedClassifierCV(GaussianNB(), cv=2).fit(X, Y),
    "calibrated isotonic": lambda: CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2).fit(X, Y),
    "target": lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1).fit(X, Y),
    "elimination": lambda: RFECV(LogisticRegression(max_iter=1000), cv=2).fit(X, Y),
    "neighbours": lambda: KNeighborsClassifier(metric="manhattan", algorithm="ball_tree").fit(X, Y),
    "sparse neighbours": lambda: KNeighborsClassifier().fit(sparse.csr_matrix(X), Y),
    "density": lambda: KernelDensity().fit(X),
    "gaussian process": lambda: GaussianProcessRegressor(RBF() + WhiteKernel()).fit(X[:20], Y[:20]),
    "vectors": lambda: SVC(probability=False, kernel="poly").fit(X, Y),
    "sparse vectors": lambda: SVC().fit(sparse.csr_matrix(X), Y),
    "callable kernel": lambda: SVC(kernel=np.dot),
    "network": lambda: MLPClassifier((3,), max_iter=5, random_state=0).fit(X, Y),
    "stochastic": lambda: SGDClassifier(random_state=0, max_iter=5, tol=None).fit(X, Y),
    "several outputs": lambda: MultiOutputClassifier(GaussianNB()).fit(X, np.c_[Y, Y % 2]),
    "means": lambda: KMeans(2, n_init=1, random_state=np.random.RandomState(3)).fit(X),
    "bisecting": lambda: BisectingKMeans(3, random_state=0).fit(X),
    "splines": lambda: make_pipeline(SplineTransformer(extrapolation="linear"), Ridge()).fit(X, Y),
    "sparse splines": lambda: SplineTransformer(sparse_output=True, degree=2).fit(X),
    "imputer": lambda: IterativeImputer(max_iter=2, random_state=0).fit(np.where(X > 5, np.nan, X)),
    "texts": lambda: TfidfVectorizer(stop_words=["the", "ä\x00ö"]).fit(["the words of a text", "and some others", "😀 words"]),
    "functions": _callables,
    "random state shared": _shared,
    "generator": lambda: Holder(np.random.default_rng(3)),
    "requests": _requests,
    "output in pandas": lambda: StandardScaler().set_output(transform="pandas").fit(FRAME[["size", "width"]]),
    "metrics of a user": lambda: Wrapper(GaussianNB(), score=make_scorer(f1_score, average="macro")).fit(X, Y),
    "tags": lambda: Tagged(3).fit(X),
    "weights by class": lambda: LogisticRegression(class_weight={0: 1.0, 1: 2.0, 2: 0.5}, max_iter=1000).fit(X, Y),
    "attributes of every kind": _attributes,
    "names of columns": lambda: StandardScaler().fit(FRAME[["size", "deep"]]),
    "int classes": lambda: GaussianNB().fit(X, _labels(-1, 0, 7, dtype="i2")),
    "text classes": lambda: GaussianNB().fit(X, _labels("b", "a", "ö")),
    "object classes": lambda: GaussianNB().fit(X, _labels("b", "a", "ö", dtype=object)),
    "bool classes": lambda: GaussianNB().fit(X, Y > 0),
    "float classes": lambda: GaussianNB().fit(X, _labels(0.0, 1.0, 2.0)),
    "distribution to search": lambda: RandomizedSearchCV(Ridge(), {"alpha": stats.uniform(0, 1)}),
    "list of models": lambda: [Ridge().fit(X, Y), Halve().fit(X), BaseEstimator()],
    "dict of models": lambda: {"a": Ridge().fit(X, Y), 2: {"forest": RandomForestClassifier(2, random_state=0).fit(X, Y)}, "name": "x"},
    "same model twice": lambda: (lambda model: [model, {"again": model}])(Ridge().fit(X, Y)),
    "bunch": lambda: Bunch(data=X, target=Y, names=["a", "b"], nothing=None, DESCR="text"),
    "empty bunch": Bunch,
    "data set": load_iris,
    "data set of frames": lambda: load_iris(as_frame=True),
    "nested bunch": lambda: Bunch(inner=Bunch(frame=FRAME, deeper=Bunch(x=(1, {2}), model=Ridge().fit(X, Y))), none=None),
    "bunch of odd names": lambda: Bunch(**{"keys": 1, "not a name": 2.5, "": "x", "ö": [None]}),
    "big bunch": lambda: Bunch(**{f"item{number}": number for number in range(5000)}),
}


def _kept(name: str) -> Callable[[], Any]:
    def make() -> Any:
        file = Path(os.environ[KEPT], f"{list(MAKERS).index(name)}.joblib")
        if file.exists():
            return joblib.load(file)
        with warnings.catch_warnings():  # a few rows do not make good models
            warnings.simplefilter("ignore")
            made = MAKERS[name]()
        joblib.dump(made, file)
        return made

    return make


VALUES = {name: _kept(name) for name in MAKERS}


def _says(estimator: Any) -> dict[str, Any]:
    """Give all that an estimator does with the data that it was fitted to."""
    names, count = (getattr(estimator, attribute, None) for attribute in ("feature_names_in_", "n_features_in_"))
    data = X if names is None else FRAME[list(names)]
    if count != data.shape[1]:
        return {}
    methods = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
    return {method: getattr(estimator, method)(data) for method in methods if hasattr(estimator, method)}


def same(made: Any, back: Any) -> None:
    """Compare the state, and what a model says of its data."""
    if isinstance(made, Bunch):
        assert list(made) == list(back)
        for key in made:
            assert type(made[key]) is type(back[key]), key
            same(made[key], back[key])
    elif isinstance(made, pd.DataFrame):
        pd.testing.assert_frame_equal(made, back)
    elif isinstance(made, pd.Series):
        pd.testing.assert_series_equal(made, back)
    else:
        assert difference(made, back) is None, difference(made, back)
    if isinstance(made, BaseEstimator):
        for method, said in _says(made).items():
            found = _says(back)[method]
            assert type(said) is type(found), method
            for left, right in zip(_arrays(said), _arrays(found), strict=True):
                if left.dtype.kind == "f":  # sums depend on where arrays lie in memory
                    np.testing.assert_allclose(left, right, rtol=1e-12)
                else:
                    np.testing.assert_array_equal(left, right)


def _arrays(said: Any) -> list[np.ndarray[Any, Any]]:
    return [each.toarray() if sparse.issparse(each) else np.asarray(each) for each in (said if isinstance(said, list) else [said])]


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEPT, str(tmp_path_factory.mktemp("models")))
        yield cross(__name__, "VALUES", "same")


@pytest.mark.parametrize("name", VALUES)
def test_it_comes_back(name: str, problems: dict[str, str]) -> None:
    assert problems.get(name) is None
