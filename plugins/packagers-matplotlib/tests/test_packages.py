"""Figures, axes and animations through the public functions: what is written, what is read back, what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from matplotlib.animation import ArtistAnimation
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import packagers


def _animation() -> Any:
    figure = Figure(figsize=(1, 1))
    axes = figure.subplots()
    animation: Any = ArtistAnimation(figure, [axes.plot([0, i]) for i in range(3)])
    animation._draw_was_started = True  # Matplotlib warns of one that is thrown away undrawn
    return animation


VALUES: dict[str, tuple[Callable[[], Any], type[Any]]] = {
    "figure": (lambda: Figure(figsize=(1, 1)), Figure),
    "axes": (lambda: Figure(figsize=(1, 1)).subplots(), Axes),
    "polar": (lambda: Figure(figsize=(1, 1)).add_subplot(projection="polar"), Axes),
    "3d": (lambda: Figure(figsize=(1, 1)).add_subplot(projection="3d"), Axes),
    "animation": (_animation, ArtistAnimation),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_plot_is_the_default_and_is_read_as_bytes_or_path(kind: str, tmp_path: Path) -> None:
    make, hint = VALUES[kind]
    artifact = packagers.pack(make(), "picture", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    assert artifact.artifact_type == "plot"
    assert not artifact.manifest.lossless
    assert artifact.manifest.description["axes_count"] >= 0
    assert artifact.preview()["png"]
    data = packagers.unpack(tmp_path / "picture", bytes)
    assert data.startswith(b"\x89PNG")
    path = packagers.unpack(tmp_path / "picture", Path)
    assert path.suffix == ".png"
    assert path.read_bytes() == data
    with pytest.raises(packagers.UnpackError, match=r"(?s)does not unpack it.*bytes"):
        packagers.unpack(tmp_path / "picture", hint)
    with pytest.raises(packagers.UnpackError, match=r"(?s)does not unpack it.*bytes"):
        packagers.unpack(tmp_path / "picture")


@pytest.mark.parametrize("kind", VALUES)
def test_plot_goes_one_way_and_object_both(kind: str) -> None:
    make, hint = VALUES[kind]
    registry = packagers.Registry()
    value = make()
    assert registry.is_packable(value, "plot")
    assert registry.is_packable(value, "object")
    assert not registry.is_unpackable(hint, "plot")
    assert registry.is_unpackable(hint, "object")


@pytest.mark.parametrize("kind", VALUES)
def test_an_object_comes_back_as_itself(kind: str, tmp_path: Path) -> None:
    make, hint = VALUES[kind]
    value = make()
    packagers.pack(value, "whole : object", tmp_path)
    again = packagers.unpack(tmp_path / "whole", hint)
    assert type(again) is type(value)
    packagers.pack(value, "before", tmp_path)
    packagers.pack(again, "after", tmp_path)
    assert packagers.unpack(tmp_path / "before", bytes) == packagers.unpack(tmp_path / "after", bytes)
    with pytest.raises(packagers.UntrustedPackageError):
        packagers.unpack(tmp_path / "whole", trust="data")


def test_options_of_a_hint_reach_the_picture(tmp_path: Path) -> None:
    options = 'dpi=10, transparent=True, bbox_inches=None, metadata={"Author": "me"}'
    packagers.pack(Figure(), f'picture : plot[format="png", {options}]', tmp_path)
    with Image.open(BytesIO(packagers.unpack(tmp_path / "picture", bytes))) as image:
        assert image.size == (64, 48)
        assert image.info["Author"] == "me"


def test_unknown_options_and_formats_are_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(packagers.UnknownOptionError, match="transparent"):
        packagers.pack(Figure(), "picture : plot[colour=1]", tmp_path)
    with pytest.raises(packagers.PackError, match="'svg'"):
        packagers.pack(Figure(), "picture : plot[format='bmp']", tmp_path)
    with pytest.raises(packagers.UnknownOptionError, match="fps"):
        packagers.pack(_animation(), "picture : plot[bbox_inches='tight']", tmp_path)


def test_packing_twice_gives_the_same_digest(tmp_path: Path) -> None:
    figure = Figure(layout="constrained")
    figure.subplots(2, 2)[0, 0].set_title("again")
    first = packagers.pack(figure, "first : plot[format='svg']", tmp_path)
    second = packagers.pack(figure, "second : plot[format='svg']", tmp_path)
    assert isinstance(first, packagers.Artifact)
    assert isinstance(second, packagers.Artifact)
    assert first.digest == second.digest


LAZY = """
import sys
import packagers
registry = packagers.Registry()
packagers.pack({"a": [1, 2]}, "plain")
assert not [name for name in sys.modules if name.partition(".")[0] in ("matplotlib", "packagers_matplotlib", "numpy", "PIL")]
from matplotlib.figure import Figure
packagers.pack(Figure(), "picture")
assert "packagers_matplotlib.figures" in sys.modules
assert "packagers_matplotlib.animations" not in sys.modules
assert "matplotlib.animation" not in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""


def test_nothing_is_imported_before_its_type_turns_up(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", LAZY], cwd=tmp_path, check=True)
