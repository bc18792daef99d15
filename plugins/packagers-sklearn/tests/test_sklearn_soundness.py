"""Models whose insides do not fit together are refused before compiled code follows them."""

from __future__ import annotations

import inspect
import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.cluster._kmeans import _kmeans_single_elkan, _kmeans_single_lloyd
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer
from sklearn.tree import DecisionTreeClassifier

import packagers
from packagers_sklearn import sizes
from packagers_sklearn.soundness import check, walk

X, Y = load_iris(return_X_y=True)


def _tree(field: str, value: Any) -> BaseEstimator:
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    state = model.tree_.__getstate__()
    if field in state:
        state[field] = value
    else:
        state["nodes"][field][0] = value
    model.tree_.__setstate__(state)
    return model


def _two_parents() -> BaseEstimator:
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    state = model.tree_.__getstate__()
    inner = int(np.flatnonzero(state["nodes"]["left_child"] != -1)[-1])
    state["nodes"]["right_child"][0] = state["nodes"]["left_child"][inner]
    model.tree_.__setstate__(state)
    return model


def _last_of_forest(field: str, value: int) -> BaseEstimator:
    """One bad tree behind good ones of other sizes."""
    model = RandomForestClassifier(3, max_depth=2, random_state=0).fit(X, Y)
    state = model.estimators_[-1].tree_.__getstate__()
    if field in state:
        state[field] = value
    else:
        state["nodes"][field][0] = state["node_count"] if field == "right_child" else value
    model.estimators_[-1].tree_.__setstate__(state)
    return model


def _forest(width: int) -> BaseEstimator:
    model = RandomForestClassifier(2, random_state=0).fit(X, Y)
    model.n_features_in_ = width
    return model


def _boosted(**changed: Any) -> BaseEstimator:
    model = GradientBoostingClassifier(n_estimators=2).fit(X, Y)
    vars(model).update(changed)
    return model


def _isolated() -> BaseEstimator:
    model = IsolationForest(n_estimators=2, max_features=2, random_state=0).fit(X)
    model.estimators_features_[0] = model.estimators_features_[0][:1]
    return model


def _histogram(field: str, value: int) -> BaseEstimator:
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features=[3]).fit(np.c_[X[:, :3], Y], Y)
    predictor = next(p for stage in model._predictors for p in stage if p.nodes["is_categorical"].any())
    predictor.nodes[field][np.flatnonzero(predictor.nodes["is_categorical"])[0]] = value
    return model


def _neighbours(algorithm: str, part: int, change: Callable[[Any], Any]) -> BaseEstimator:
    model = KNeighborsClassifier(algorithm=algorithm, leaf_size=5).fit(X, Y)
    state = list(model._tree.__getstate__())
    state[part] = change(state[part])
    model._tree = (KDTree if algorithm == "kd_tree" else BallTree).__new__(KDTree if algorithm == "kd_tree" else BallTree)
    model._tree.__setstate__(tuple(state))
    return model


def _grown(nodes: Any, field: str, value: int) -> Any:
    grown = nodes.copy()
    grown[field][0] = value
    return grown


def _points() -> BaseEstimator:
    model = KNeighborsClassifier().fit(sparse.csr_matrix(X), Y)
    model._fit_X.indices[0] = 99
    return model


def _spline(**changed: Any) -> BaseEstimator:
    model = SplineTransformer().fit(X)
    spline = model.bsplines_[0]
    for name, value in changed.items():
        setattr(spline, f"_{name}" if f"_{name}" in vars(spline) else name, value)
    return model


def _centres(cls: type[Any]) -> BaseEstimator:
    model = cls(2, n_init=1, random_state=0).fit(X)
    model.cluster_centers_ = model.cluster_centers_[:, :3].copy()
    return model


def _swapped() -> BaseEstimator:
    model = BisectingKMeans(2, random_state=0).fit(X)
    model._kmeans_single = DecisionTreeClassifier(random_state=0).fit(X, Y).predict
    model._kmeans_single.__self__.tree_ = _tree("feature", 4).tree_
    return model


BROKEN: dict[str, Callable[[], BaseEstimator]] = {
    "child outside": lambda: _tree("left_child", 10**6),
    "child before": lambda: _tree("right_child", 0),
    "feature outside": lambda: _tree("feature", 4),
    "negative feature": lambda: _tree("feature", -3),
    "deeper than it says": lambda: _tree("max_depth", 1),
    "a node with two parents": _two_parents,
    "the last tree's child outside": lambda: _last_of_forest("right_child", 0),
    "the last tree's feature outside": lambda: _last_of_forest("feature", 4),
    "the last tree deeper than it says": lambda: _last_of_forest("max_depth", 1),
    "forest of wider trees": lambda: _forest(3),
    "boosting of wider trees": lambda: _boosted(n_features_in_=3),
    "boosting of more trees": lambda: _boosted(n_trees_per_iteration_=1),
    "isolation of wider trees": _isolated,
    "histogram child outside": lambda: _histogram("left", 2**31),
    "histogram feature outside": lambda: _histogram("feature_idx", 4),
    "histogram feature of another kind": lambda: _histogram("feature_idx", 1),
    "histogram table outside": lambda: _histogram("bitset_idx", 99),
    "neighbour outside": lambda: _neighbours("kd_tree", 1, lambda indices: indices + 1),
    "range outside": lambda: _neighbours("ball_tree", 2, lambda nodes: _grown(nodes, "idx_end", 10**6)),
    "negative range": lambda: _neighbours("kd_tree", 2, lambda nodes: _grown(nodes, "idx_start", -1)),
    "fewer nodes": lambda: _neighbours("kd_tree", 2, lambda nodes: nodes[:3].copy()),
    "sparse index outside": _points,
    "fewer coefficients": lambda: _spline(c=np.eye(3)),
    "coefficients of objects": lambda: _spline(c=np.ones((7, 7), dtype=np.int64)),
    "negative degree": lambda: _spline(k=-1),
    "higher degree": lambda: _spline(k=9),
    "infinite knots": lambda: _spline(t=np.array([np.inf] * 11)),
    "falling knots": lambda: _spline(t=np.arange(11.0)[::-1].copy()),
    "whole knots": lambda: _spline(t=np.arange(11)),
    "narrower centres": lambda: _centres(KMeans),
    "narrower bisecting centres": lambda: _centres(BisectingKMeans),
    "a solver elsewhere": lambda: FunctionTransformer(_kmeans_single_lloyd, kw_args={"n_threads": 1}),
    "an undecorated solver": lambda: FunctionTransformer(inspect.unwrap(_kmeans_single_elkan)),
    "a method of a broken tree": lambda: FunctionTransformer(_tree("feature", 4).predict),
    "a broken tree for a solver": _swapped,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_is_refused(again: Any, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BROKEN[name]()
    with pytest.raises(packagers.UnpackError, match="do not fit together"):
        again(model, trust="all")


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
def test_a_solver_in_its_estimator_passes(again: Any, algorithm: str) -> None:
    model = make_pipeline(SplineTransformer(degree=np.int64(2)), BisectingKMeans(3, algorithm=algorithm, random_state=0)).fit(X)
    assert np.array_equal(again(model).predict(X), model.predict(X))


@pytest.mark.parametrize(
    "make",
    [
        sparse.csr_array,
        sparse.csc_matrix,
        lambda data: sparse.bsr_matrix(data, blocksize=(2, 2)),
        sparse.coo_array,
        sparse.coo_matrix,
        sparse.dia_matrix,
    ],
)
def test_sound_matrices_pass(make: Any) -> None:
    check(walk({"matrix": make(np.eye(4))}))


def test_walks_end_in_cycles() -> None:
    loop: list[Any] = []
    loop.append({"self": loop})
    check(walk(loop))


def test_a_forest_of_one_node_trees_passes() -> None:
    model = RandomForestClassifier(3, random_state=0).fit(X, np.zeros(len(X)))
    assert [tree.tree_.node_count for tree in model.estimators_] == [1, 1, 1]
    check(walk(model))


HEADERS = ("{'descr': '<f8', 'fortran_order': False, 'shape': %s, }\n", "{'descr':'<f8', 'fortran_order': False, 'shape': %s}")
"""As NumPy writes it, and otherwise."""


@pytest.mark.parametrize("shape", ["(1125899906842624,)", "(2,)", "(-1,)", "(1 1,)", "(2)", "(1), 'shape': (9,)"])
@pytest.mark.parametrize("form", HEADERS)
@pytest.mark.parametrize("is_nested", [False, True])
def test_arrays_that_claim_another_size_are_refused_before_room_is_made(tmp_path: Path, shape: str, form: str, is_nested: bool) -> None:
    model = LinearRegression().fit(sparse.csr_matrix(X), Y) if not is_nested else KNeighborsClassifier().fit(sparse.csr_matrix(X), Y)
    packagers.pack(model, "model", tmp_path / "good")
    header = (form % shape).encode()
    lie = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(8)
    (file,) = (tmp_path / "good").rglob("*.skops")
    (tmp_path / "x.skops").write_bytes(_replaced(file.read_bytes(), lie))
    with pytest.raises(packagers.UnpackError, match=r"shorter or longer|Cannot parse|not valid|invalid literal"):
        packagers.unpack(tmp_path / "x.skops", BaseEstimator)


@pytest.mark.parametrize("dtype", ["f8", "?", "U3", "S2", ">i4", "M8[ns]", [("a", "i4"), ("b", "f8")], [("a", "i4", (2,))]])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0)])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_arrays_that_say_what_they_are_pass(dtype: Any, shape: tuple[int, ...], compression: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive, archive.open("a.npy", "w") as file:
        np.save(file, np.zeros(shape, dtype), allow_pickle=False)
    for cut in (0, 1):
        data = stream.getvalue()
        if cut:
            made = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", compression) as new:
                new.writestr("a.npy", old.read("a.npy") + b"x")
            data = made.getvalue()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if cut:
                with pytest.raises(ValueError, match="shorter or longer"):
                    sizes.check(archive, memoryview(data))
            else:
                sizes.check(archive, memoryview(data))


@pytest.mark.parametrize("is_last", [False, True])
def test_types_are_asked_for_wherever_in_the_file_they_stand(is_last: bool, tmp_path: Path) -> None:
    """Those that the beginning of the file does not show are found too."""
    parts = [KMeans(2, n_init=1, random_state=0).fit(X), KNeighborsClassifier(algorithm="kd_tree").fit(X, Y)]
    many = [LinearRegression(copy_X="x" * 400) for _ in range(100)]
    model = make_pipeline(*many, *parts) if is_last else make_pipeline(*parts, *many)
    packagers.pack(model, "model", tmp_path)
    for policy in ("data", "own", "all"):
        assert packagers.unpack(tmp_path / "model", trust=policy).steps[-1][0] == model.steps[-1][0]


def _replaced(data: bytes, lie: bytes) -> bytes:
    """Put another array in place of all, also in zips within the zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            content = _replaced(content, lie) if name.endswith(".npz") else lie if name.endswith(".npy") else content
            new.writestr(name, content)
    return made.getvalue()
