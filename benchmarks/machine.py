"""What the figures were taken on, and when."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("packagers", "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "skops", "torch", "safetensors", "matplotlib")
LIBRARIES += ("blake3", "xxhash", "sqlalchemy", "joblib", "optuna", "distributed")


def machine() -> dict[str, Any]:
    """Say the date, the processor, the system and the versions of what is installed."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
