"""Models as ONNX, for other runtimes: skl2onnx writes them, and nothing makes an estimator of them again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from packagers import PackError

_PIP = 'pip install "packagers-sklearn[onnx]"'
_TYPES = "Give X=, some rows of the data as the model will get them (float32, not float64), or initial_types= as for skl2onnx.to_onnx."


def write(estimator: BaseEstimator, file: Path, options: Mapping[str, Any]) -> None:
    """Write an estimator as ONNX.

    Args:
        estimator: A fitted one.
        file: Where to write.
        options: Arguments of ``skl2onnx.to_onnx``. Without ``X`` and ``initial_types`` the input is one float32 matrix ``X`` with the
            columns that the estimator was fitted to.

    Raises:
        PackError: Where skl2onnx is not installed or does not convert the estimator, or the input's types are not known.
    """
    try:
        import onnx
        import skl2onnx
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError as error:
        raise PackError(f"ONNX is written with skl2onnx, which cannot be imported: {error}", remedy=_PIP) from error
    given = dict(options)
    if given.get("X") is None and given.get("initial_types") is None:
        given["initial_types"] = [("X", FloatTensorType([None, _columns(estimator)]))]
    try:
        model = skl2onnx.to_onnx(estimator, **given)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        what = f"skl2onnx makes no ONNX model of this {type(estimator).__qualname__}: {type(error).__name__}: {error}"
        raise PackError(what, remedy=_TYPES) from error
    file.write_bytes(model.SerializeToString())


def _columns(estimator: BaseEstimator) -> int:
    try:
        return int(estimator.n_features_in_)
    except Exception as error:  # some estimators work it out, and fail unfitted
        raise PackError("it is not known what data the model takes: it has no n_features_in_", remedy=_TYPES) from error
