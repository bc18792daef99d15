"""The same figure gives the same bytes: twice, after other drawings, in another process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256

import matplotlib
import pytest
from matplotlib.figure import Figure

from packagers_matplotlib.figures import FigurePackager

Drawn = Callable[..., bytes]

PROGRAM = """
import sys, tempfile
from hashlib import sha256
from pathlib import Path
from matplotlib.figure import Figure
from packagers_matplotlib.figures import FigurePackager
figure = Figure(layout="constrained")
axes = figure.subplots(1, 2)
axes[0].scatter([1, 2, 3], [3, 1, 2], c=[1, 2, 3], label="a", clip_on=True)
axes[0].legend()
axes[1].fill_between([1, 2], [3, 4], hatch="/")
axes[1].set_title("Größe $x_1$")
for format in ("png", "svg", "pdf", "html", "jpg", "webp"):
    with tempfile.TemporaryDirectory() as folder:
        FigurePackager().pack_plot(figure, Path(folder), format=format)
        print(format, sha256((Path(folder) / f"plot.{format}").read_bytes()).hexdigest())
"""


@pytest.mark.parametrize("format", sorted(FigurePackager.DETERMINISTIC))
def test_twice_the_same(grid: Figure, drawn: Drawn, format: str) -> None:
    assert drawn(FigurePackager(), grid, format=format) == drawn(FigurePackager(), grid, format=format)


def test_what_was_drawn_before_does_not_matter(build: Callable[[], Figure], drawn: Drawn) -> None:
    figure = build()
    drawn(FigurePackager(), figure, format="pdf", dpi=37, bbox_inches="tight")
    for format in ("png", "svg"):
        assert drawn(FigurePackager(), figure, format=format) == drawn(FigurePackager(), build(), format=format)


def test_another_process_gives_the_same() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_the_users_own_salt_is_kept(grid: Figure, drawn: Drawn) -> None:
    ours = drawn(FigurePackager(), grid, format="svg")
    with matplotlib.rc_context({"svg.hashsalt": "mine"}):
        assert sha256(drawn(FigurePackager(), grid, format="svg")).digest() != sha256(ours).digest()
        assert matplotlib.rcParams["svg.hashsalt"] == "mine"
    assert matplotlib.rcParams["svg.hashsalt"] is None
