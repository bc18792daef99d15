"""Handlers that iterations of other processes are made of: a module that workers find by its file."""

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


def multiply(p1: int, p2: int) -> Any:
    print("multiplying", p1, p2)
    os.system("echo from a child")
    frame = pd.DataFrame({"p1": [p1], "p2": [p2]})
    return p1 * p2, np.full(3, p1 * p2), frame, Point(p1 * p2)


def meets(x: int, folder: str) -> int:
    """Wait for somebody else who does this at the same time."""
    here = Path(folder)
    (here / f"here-{x}").touch()
    end = time.monotonic() + 60
    while len(list(here.glob("here-*"))) < 2:
        if time.monotonic() > end:
            raise TimeoutError("nobody came")
        time.sleep(0.01)
    return os.getpid()


def dies(x: int, folder: str, how: str = "kill") -> int:
    count(folder, x)
    if x == 2 and not Path(folder, "mended").exists():
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(3)
    return x * 10


def count(folder: str, x: int) -> None:
    """Note that this iteration was begun."""
    with Path(folder, "begun").open("a") as file:
        file.write(f"{x}\n")


def waits(x: int, folder: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (Path(folder) / f"new-{x}").write_text(f"{os.getpid()} {child.pid}")
    (Path(folder) / f"new-{x}").rename(Path(folder) / f"pids-{x}")
    time.sleep(600)


def learns(x: int, folder: str, killed: int = 0, slow: float = 0.0) -> Any:
    count(folder, x)
    if x == killed and not Path(folder, "mended").exists():
        os.kill(int(Path(folder, "main").read_text()), signal.SIGKILL)
        time.sleep(600)
    time.sleep(slow)
    context = current_context()
    assert context is not None
    context.log_result("square", x * x)
    return (x * 7) % 11, np.arange(x)


def five(x: int) -> Any:
    """Give something of each plugin."""
    import torch
    from matplotlib.figure import Figure
    from sklearn.linear_model import LinearRegression

    rows = np.arange(2.0 * x).reshape(x, 2)
    figure = Figure()
    figure.add_subplot().plot([0, x])
    model = LinearRegression().fit(rows, rows.sum(axis=1))
    return np.float32(x / 2), rows, pd.DataFrame(rows), torch.arange(x), model, figure
