"""joblib, which scikit-learn's documentation sends people to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, Way

REQUIRES = ("joblib", *LIBRARIES)
IMPORT = "from joblib import dump, load"
ABOUT = {"joblib": "`joblib.dump`: one pickle, arrays beside the stream, nothing recorded"}


def ways(folder: Path) -> dict[str, Way]:
    """Give the pair of functions."""
    import joblib

    def save(key: str, value: Any) -> str:
        path = str(folder / f"{key}.joblib")
        joblib.dump(value, path)
        return path

    return {"joblib": Way(save, lambda path, hint: joblib.load(path))}
