"""MLflow with a SQLite store and artifacts in a folder: the call that its documentation gives for each kind of value, in one open run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, NotOffered, Way

REQUIRES = ("mlflow", *LIBRARIES)
IMPORT = "import mlflow; mlflow.start_run"
ENVIRONMENT = {"GIT_PYTHON_REFRESH": "quiet", "MLFLOW_DISABLE_TELEMETRY": "true"}
ABOUT = {
    "mlflow": "in an open run, SQLite and a folder: `log_metric`, `log_dict`, `log_text`, `log_table` (parquet), `sklearn.log_model`, "
    "`pytorch.log_state_dict`; an array by `np.save` and `log_artifact`, the frames as 200 parquet files by `log_artifacts`"
}
Loader = Callable[[str, str], Any]


def ways(folder: Path) -> dict[str, Way]:
    """Give a call for each kind of value."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    if mlflow.get_experiment_by_name("peers") is None:
        mlflow.create_experiment("peers", artifact_location=(folder / "mlartifacts").as_uri())
    mlflow.set_experiment("peers")

    def save(key: str, value: Any) -> tuple[str, str, str]:
        run = mlflow.active_run() or mlflow.start_run()
        kind = _kind(value)
        (folder / "prepared").mkdir(exist_ok=True)
        return kind, run.info.run_id, SAVERS[kind](key, value, folder / "prepared")

    def load(handle: tuple[str, str, str], hint: Any) -> Any:
        kind, run, name = handle
        return LOADERS[kind](run, name)

    return {"mlflow": Way(save, load)}


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return {"layer.0.weight": "weights", "frame_0": "frames"}.get(next(iter(value)), "dict")
    return type(value).__name__


def _metric(key: str, value: Any, place: Path) -> str:
    import mlflow

    mlflow.log_metric(key, value)
    return key


def _dict(key: str, value: Any, place: Path) -> str:
    import mlflow

    mlflow.log_dict(value, f"{key}.json")
    return f"{key}.json"


def _text(key: str, value: Any, place: Path) -> str:
    import mlflow

    mlflow.log_text(value, f"{key}.txt")
    return f"{key}.txt"


def _array(key: str, value: Any, place: Path) -> str:
    import mlflow
    import numpy as np

    file = place / f"{key}.npy"
    np.save(file, value)
    mlflow.log_artifact(str(file))
    file.unlink()
    return file.name


def _table(key: str, value: Any, place: Path) -> str:
    import mlflow

    mlflow.log_table(value, f"{key}.parquet")
    return f"{key}.parquet"


def _frames(key: str, value: Any, place: Path) -> str:
    import shutil

    import mlflow

    (place / key).mkdir()
    for name, frame in value.items():
        frame.to_parquet(place / key / f"{name}.parquet")
    mlflow.log_artifacts(str(place / key), key)
    shutil.rmtree(place / key)
    return key


def _model(key: str, value: Any, place: Path) -> str:
    import mlflow.sklearn

    trusted = ["sklearn.tree._tree.Tree"]  # without it, what it writes for a forest is refused by itself
    return str(mlflow.sklearn.log_model(value, name=key, skops_trusted_types=trusted).model_uri)


def _weights(key: str, value: Any, place: Path) -> str:
    import mlflow.pytorch

    mlflow.pytorch.log_state_dict(value, artifact_path=key)
    return key


def _figure(key: str, value: Any, place: Path) -> str:
    import mlflow

    mlflow.log_figure(value, f"{key}.png")
    return f"{key}.png"


def _local(run: str, name: str) -> Path:
    import mlflow

    return Path(mlflow.artifacts.download_artifacts(run_id=run, artifact_path=name))


def _load_metric(run: str, name: str) -> Any:
    import mlflow

    return mlflow.MlflowClient().get_run(run).data.metrics[name]


def _load_dict(run: str, name: str) -> Any:
    import mlflow

    return mlflow.artifacts.load_dict(f"runs:/{run}/{name}")


def _load_text(run: str, name: str) -> Any:
    import mlflow

    return mlflow.artifacts.load_text(f"runs:/{run}/{name}")


def _load_array(run: str, name: str) -> Any:
    import numpy as np

    return np.load(_local(run, name))


def _load_table(run: str, name: str) -> Any:
    import mlflow

    return mlflow.load_table(name, run_ids=[run])


def _load_frames(run: str, name: str) -> Any:
    import pandas as pd

    place = _local(run, name)
    return {f"frame_{number}": pd.read_parquet(place / f"frame_{number}.parquet") for number in range(200)}


def _load_model(run: str, name: str) -> Any:
    import mlflow.sklearn

    return mlflow.sklearn.load_model(name)


def _load_weights(run: str, name: str) -> Any:
    import mlflow.pytorch

    return mlflow.pytorch.load_state_dict(f"runs:/{run}/{name}")


def _load_figure(run: str, name: str) -> Any:
    raise NotOffered("is stored as a picture")


SAVERS: dict[str, Callable[[str, Any, Path], str]] = {
    "int": _metric,
    "dict": _dict,
    "str": _text,
    "ndarray": _array,
    "DataFrame": _table,
    "frames": _frames,
    "RandomForestClassifier": _model,
    "weights": _weights,
    "Figure": _figure,
}
LOADERS: dict[str, Loader] = {
    "int": _load_metric,
    "dict": _load_dict,
    "str": _load_text,
    "ndarray": _load_array,
    "DataFrame": _load_table,
    "frames": _load_frames,
    "RandomForestClassifier": _load_model,
    "weights": _load_weights,
    "Figure": _load_figure,
}
