"""Whether what was read can be used safely: compiled code of scikit-learn and scipy follows the indices in a model without checking them.

skops makes sure of which *types* are built, not of what they hold. Trees, neighbour trees and sparse matrices from a file are therefore
checked here, before anybody predicts with them: every index inside of its array, every walk along a tree ends at a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType, MethodWrapperType
from typing import Any

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.neighbors import BallTree, KDTree
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree

from packagers import UnpackError

_BOOSTED = (GradientBoostingClassifier, GradientBoostingRegressor)
_HISTOGRAMS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_CENTRES = (BisectingKMeans, KMeans, MiniBatchKMeans)
_SOLVERS = tuple(("sklearn.cluster._kmeans", name) for name in ("_kmeans_single_elkan", "_kmeans_single_lloyd"))
"""Functions that check nothing, since only an estimator that has checked everything calls them: module and name, decorated or not."""
_FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor, RandomTreesEmbedding, IsolationForest)

_PLAIN = frozenset({str, bytes, int, float, bool, type(None)})
"""Most of what attributes hold, told without a look at what it inherits from."""


def check(held: Iterable[Any]) -> None:
    """Check everything that an object holds.

    Args:
        held: What :func:`walk` gives of it.

    Raises:
        UnpackError: For what compiled code would read or write out of bounds with.
    """
    trees: list[Tree] = []
    checks: dict[type[Any], list[Callable[[Any], bool]]] = {}
    for found in held:
        cls = type(found)
        if cls not in checks:
            checks[cls] = [checked for types, checked in _CHECKS if issubclass(cls, types)]
        if not all(checked(found) for checked in checks[cls]):
            raise _unsound(cls)
        if issubclass(cls, Tree):
            trees.append(found)
    if trees and not _trees(trees):
        raise _unsound(Tree)


def _unsound(cls: type[Any]) -> UnpackError:
    return UnpackError(
        f"the file holds a {cls.__qualname__} whose contents do not fit together: using it could crash the process",
        remedy="Ask whoever made the file for a new one; this one is damaged or was made to do harm.",
    )


def walk(root: Any) -> Iterator[Any]:
    """Give every object that can be reached through containers and attributes, once."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        obj = waiting.pop()
        if type(obj) in _PLAIN or id(obj) in seen or isinstance(obj, (str, bytes, int, float)):
            continue
        seen[id(obj)] = obj
        yield obj
        waiting.extend(_held(obj))


def _held(obj: Any) -> Iterator[Any]:
    """Give what an object holds; a class holds nothing that was read."""
    if isinstance(obj, type):
        return
    if isinstance(obj, partial):  # to ask for its attributes would give it a dict for them
        yield from obj.__reduce__()[2]
        return
    if isinstance(obj, np.ndarray):
        yield from obj.flat if obj.dtype.char == "O" else ()
    elif isinstance(obj, dict):
        yield from obj
        yield from obj.values()
    elif isinstance(obj, (list, tuple, set, frozenset)):
        yield from obj
    elif isinstance(obj, (BuiltinMethodType, MethodType, MethodWrapperType)):
        yield obj.__self__
    attributes = getattr(obj, "__dict__", None)
    if attributes:
        yield from attributes.values() if type(obj) is not BisectingKMeans else _of_bisecting(attributes)


def _of_bisecting(attributes: dict[str, Any]) -> Iterator[Any]:
    """Give attributes but the function that checks nothing, which is held here by the estimator that calls it."""
    for name, value in attributes.items():
        if name != "_kmeans_single" or not isinstance(value, FunctionType) or _function(value):
            yield value


def _function(function: Any) -> bool:
    return (function.__module__, function.__qualname__) not in _SOLVERS


def _centres(estimator: Any) -> bool:
    """Check that cluster centres have the features that the estimator demands of data."""
    centres = getattr(estimator, "cluster_centers_", None)
    return centres is None or (isinstance(centres, np.ndarray) and centres.ndim == 2 and centres.shape[1] == estimator.n_features_in_)


def _spline(spline: Any) -> bool:
    """Check knots and coefficients of a spline as its constructor does, which reading went around."""
    state = vars(spline)
    knots, coefficients = (state.get(f"_{name}", state.get(name)) for name in ("t", "c"))
    if not isinstance(knots, np.ndarray) or not isinstance(coefficients, np.ndarray) or not isinstance(spline.k, (int, np.integer)):
        return False
    if knots.ndim != 1 or knots.dtype != np.float64 or coefficients.ndim < 1 or coefficients.dtype not in (np.float64, np.complex128):
        return False
    count = len(knots) - spline.k - 1
    return bool(0 <= spline.k < count <= len(coefficients) and np.isfinite(knots).all() and (np.diff(knots) >= 0).all())


def _trees(trees: Sequence[Tree]) -> bool:
    """Check trees, all at once: children after their parents, features known, no path longer than the tree says."""
    counts = np.array([tree.node_count for tree in trees])
    if not counts.all():
        return False
    left, right = (np.concatenate([getattr(tree, f"children_{side}") for tree in trees]) for side in ("left", "right"))
    owner = np.repeat(np.arange(len(trees)), counts)
    start = (np.cumsum(counts) - counts)[owner]  # of the tree that a node belongs to
    is_inner = left != -1
    inner = np.flatnonzero(is_inner)
    features = np.concatenate([tree.feature for tree in trees])[inner]
    widths, sizes = (np.array(numbers)[owner[inner]] for numbers in ([tree.n_features for tree in trees], counts))
    if (features < 0).any() or (features >= widths).any() or not _follow(left[inner], right[inner], inner - start[inner], sizes):
        return False
    left += start
    right += start
    if inner.size and np.bincount(np.concatenate([left[inner], right[inner]])).max() > 1:
        return False  # a node with two parents
    depths = np.array([tree.max_depth for tree in trees])
    level, depth = np.flatnonzero(np.arange(len(left)) == start), 0
    while (level := level[is_inner[level]]).size:
        depth += 1
        if (depths[owner[level]] < depth).any():
            return False
        level = np.concatenate([left[level], right[level]])
    return True


def _follow(left: Any, right: Any, parents: Any, counts: Any) -> bool:
    """Tell whether children come after their parents, so that every walk ends, and inside of the tree."""
    return all(bool((child > parents).all() and (child < counts).all()) for child in (left.astype(np.int64), right.astype(np.int64)))


def _decision_tree(estimator: Any) -> bool:
    tree = getattr(estimator, "tree_", None)
    return tree is None or tree.n_features == estimator.n_features_in_


def _forest(estimator: Any) -> bool:
    """Check that no tree of an ensemble, which hands its data on unchecked, looks at more features than the ensemble demands."""
    trees = [tree.tree_ for tree in np.ravel(np.asarray(getattr(estimator, "estimators_", ()), dtype=object))]
    subsets = getattr(estimator, "estimators_features_", None)
    widths = [len(subset) for subset in subsets] if subsets is not None else [estimator.n_features_in_] * len(trees)
    known = estimator.n_features_in_ if trees else 0
    return len(widths) == len(trees) and all(tree.n_features <= min(width, known) for tree, width in zip(trees, widths, strict=True))


def _boosted(estimator: Any) -> bool:
    stages = getattr(estimator, "estimators_", None)
    return stages is None or (stages.ndim == 2 and stages.shape[1] == estimator.n_trees_per_iteration_ and _forest(estimator))


def _predictor(predictor: Any) -> bool:
    """Check a tree of histogram-based boosting by itself."""
    nodes = predictor.nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    if not nodes.size or not _follow(nodes["left"][inner], nodes["right"][inner], inner, nodes.size):
        return False
    categorical = nodes[inner][nodes["is_categorical"][inner] != 0]
    tables = (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets)
    return all(bool((categorical["bitset_idx"] < len(table)).all()) for table in tables)


def _histogram(estimator: Any) -> bool:
    """Check that the trees of histogram-based boosting look at features that the estimator has, and as what it has them."""
    stages = getattr(estimator, "_predictors", ())
    if not len(stages):
        return True
    categorical = np.asarray(estimator._bin_mapper.is_categorical_).astype(bool)
    if categorical.shape != (estimator.n_features_in_,):
        return False
    for predictor in (one for stage in stages for one in stage):
        inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        features = inner["feature_idx"]
        if not ((features >= 0) & (features < categorical.size)).all():
            return False
        if (inner["is_categorical"].astype(bool) & ~categorical[features]).any():
            return False
    return True


def _neighbours(tree: Any) -> bool:
    """Check a neighbour tree: a complete binary tree over the points."""
    data, indices, nodes, bounds, _, levels, count = tree.__getstate__()[:7]
    if len(nodes) != count or count != 2**levels - 1 or bounds.shape[1] != count or bounds.shape[2] != data.shape[1]:
        return False
    points = len(data)
    last = nodes["is_leaf"][count // 2 :] != 0
    inside = (nodes["idx_start"] >= 0) & (nodes["idx_start"] <= nodes["idx_end"]) & (nodes["idx_end"] <= points)
    return len(indices) == points and bool(last.all() and inside.all() and ((indices >= 0) & (indices < points)).all())


def _matrix(matrix: Any) -> bool:
    """Check the indices of a sparse matrix."""
    try:
        if matrix.format in ("csr", "csc", "bsr"):
            matrix.check_format(full_check=True)
        elif matrix.format == "coo":
            type(matrix)((matrix.data, matrix.coords), shape=matrix.shape)
    except ValueError:
        return False
    return True


_CHECKS: tuple[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any], bool]], ...] = (
    (BaseDecisionTree, _decision_tree),
    (_FORESTS, _forest),
    (_BOOSTED, _boosted),
    (TreePredictor, _predictor),
    (_CENTRES, _centres),
    (FunctionType, _function),
    (BSpline, _spline),
    (_HISTOGRAMS, _histogram),
    ((KDTree, BallTree), _neighbours),
    ((sparse.spmatrix, sparse.sparray), _matrix),
)
