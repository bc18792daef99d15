"""Handlers that Dask workers do: a module of the project, whose file no worker sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packagers import Packager
from packagers_runs import current_context


class Point:
    """A class that the project alone has a packager for."""

    def __init__(self, x: int) -> None:
        self.x = x


class PointPackager(Packager):
    """Pack a point."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}
    DETERMINISTIC = frozenset({"file"})

    def pack_file(self, obj: Point, folder: Path) -> None:
        """Write ``x``."""
        (folder / "x").write_text(str(obj.x))

    def unpack_file(self, folder: Path) -> Point:
        """Read ``x``."""
        return Point(int((folder / "x").read_text()))


def little(p1: int, p2: int) -> Any:
    """Give what needs few libraries."""
    print("multiplying", p1, p2)
    return p1 * p2, np.full(3, p1 * p2), pd.DataFrame({"p1": [p1], "p2": [p2]}), Point(p1 * p2)


def everything(p1: int, p2: int) -> Any:
    """Give something that each plugin packs, and something that only the project's packager does."""
    from matplotlib.figure import Figure
    from sklearn.linear_model import LinearRegression

    rows = np.arange(2.0 * p2).reshape(p2, 2)
    figure = Figure()
    figure.add_subplot().plot([0, p1])
    model = LinearRegression().fit(rows, rows.sum(axis=1))
    return *little(p1, p2), model, figure, {"slice": slice(p1)}


def with_torch(p1: int, p2: int) -> Any:
    """Give a tensor, too."""
    import torch

    return *everything(p1, p2), torch.arange(float(p1 * p2))


def tells(x: int, token: str) -> Any:
    """Log, label, commit and print, a child too; gives what is known of the worker."""
    context = current_context()
    assert context is not None
    os.system(f"echo child of {x}")
    print("token", token, context.get_secret("key"))
    context.logger.info("logged %s", x)
    context.log_result("square", x * x)
    context.log_artifact("text", f"text of {x}")
    context.set_label("parity", x % 2)
    context.commit("half way")
    environment = "\n".join(os.environ.values())
    return {"cwd": os.getcwd(), "pid": os.getpid(), "has_token": context.get_secret("key") in environment, "path": sys.path}


def meets(x: int, folder: str) -> int:
    """Print while somebody else does in the same process."""
    here = Path(folder)
    for step in range(3):
        print(f"{x} at {step}")
        (here / f"{x}-{step}").touch()
        end = time.monotonic() + 60
        while len(list(here.glob(f"*-{step}"))) < 2:
            assert time.monotonic() < end, "nobody came"
            time.sleep(0.01)
    return os.getpid()


def count(folder: str, x: int) -> None:
    """Note that this iteration was begun."""
    with Path(folder, "begun").open("a") as file:
        file.write(f"{x}\n")


def dies(x: int, folder: str, at: int = 2, always: bool = False) -> int:
    """Kill the worker, once or whenever."""
    count(folder, x)
    if x == at and (always or not Path(folder, "mended").exists()):
        Path(folder, "mended").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x * 10


def stops(x: int, folder: str, at: int) -> Any:
    """Wait at one iteration until it is mended."""
    count(folder, x)
    while x == at and not Path(folder, "mended").exists():
        time.sleep(0.02)
    return x * 10, np.arange(x)


def waits(x: int, folder: str) -> None:
    """Begin a child, and wait."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (Path(folder) / f"new-{x}").write_text(f"{os.getpid()} {child.pid}")
    (Path(folder) / f"new-{x}").rename(Path(folder) / f"pids-{x}")
    try:
        while True:
            time.sleep(0.02)
    finally:
        (Path(folder) / f"ended-{x}").touch()
