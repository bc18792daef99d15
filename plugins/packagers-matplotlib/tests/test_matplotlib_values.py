"""Figures of every kind in every format, packed here and read in a fresh process as what a picture is read as: bytes, and a file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import matplotlib
import numpy
import pytest
from matplotlib.animation import ArtistAnimation
from matplotlib.figure import Figure

import packagers

FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "STIXGeneral.ttf")
STARTS = {
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "pdf": b"%PDF",
    "html": b"<!DOCTYPE html>",
    "jpg": b"\xff\xd8\xff",
    "webp": b"RIFF",
    "gif": b"GIF8",
}


def _figure(layout: Any = None) -> Figure:
    figure = Figure(figsize=(2, 2), layout=layout)
    figure.subplots().plot([1, 3, 2], label="line")
    return figure


def _font() -> Figure:
    figure = _figure("tight")
    figure.axes[0].set_title("words", font=FONT)
    return figure


def _parts() -> Figure:
    figure = Figure(figsize=(2, 2), layout="constrained")
    parts: Any = figure.subfigures(1, 2)
    for part in parts:
        part.suptitle("part")
        part.subplots().plot([1, 2])
    return figure


def _space() -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.add_subplot(projection="3d").plot_surface(*numpy.meshgrid([0, 1, 2], [0, 1, 2]), numpy.eye(3))
    return figure


def _pictures() -> Figure:
    figure = Figure(figsize=(2, 2))
    for number, axes in enumerate(figure.subplots(2, 2).flat):
        axes.imshow(numpy.random.default_rng(number).random((100, 100, 3)))
    return figure


def _animation() -> Any:
    figure = Figure(figsize=(1, 1))
    axes = figure.subplots()
    animation: Any = ArtistAnimation(figure, [axes.plot([0, i]) for i in range(3)])
    animation._draw_was_started = True  # Matplotlib warns of one that is thrown away undrawn
    return animation


VALUES: dict[str, Callable[[], Any]] = {
    "empty": lambda: Figure(figsize=(1, 1)),
    "plain": _figure,
    "tight layout": lambda: _figure("tight"),
    "constrained layout": lambda: _figure("constrained"),
    "font of a file": _font,
    "sub-figures": _parts,
    "three dimensions": _space,
    "many pictures": _pictures,
    "axes": lambda: _figure().axes[0],
    "animation": _animation,
}
STILL = ("png", "svg", "pdf", "html", "jpg", "webp")
CASES = {
    f"{name} as {format}": (name, format)
    for name in VALUES
    for format in (("png", "gif", "webp", "html") if name == "animation" else STILL)
}

PROGRAM = """
import json, sys
from hashlib import sha256
from pathlib import Path
import packagers
found = {}
for key in json.loads(sys.argv[1]):
    data, path = packagers.unpack(key, bytes), packagers.unpack(key, Path)
    assert path.read_bytes() == data
    found[key] = [sha256(data).hexdigest(), path.suffix, data[:20].hex()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Pack everything; give what a fresh process reads of it, and what the files are."""
    folder = tmp_path_factory.mktemp("pictures")
    values = {name: make() for name, make in VALUES.items()}
    keys = {}
    for number, (case, (name, format)) in enumerate(CASES.items()):
        artifact = packagers.pack(values[name], f"case-{number} : plot[format='{format}', dpi=40]", folder)
        assert isinstance(artifact, packagers.Artifact)
        (file,) = (folder / f"case-{number}").glob(f"*/plot.{format}")
        keys[case] = f"case-{number}", sha256(file.read_bytes()).hexdigest(), artifact
    command = [sys.executable, "-W", "error", "-c", PROGRAM, json.dumps([key for key, _, _ in keys.values()])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    read = json.loads(done.stdout)
    return {case: (read[key], digest, artifact) for case, (key, digest, artifact) in keys.items()}


@pytest.mark.parametrize("case", CASES)
def test_it_is_read_as_bytes_and_as_a_file(case: str, found: dict[str, Any]) -> None:
    format = CASES[case][1]
    (digest, suffix, start), packed, artifact = found[case]
    assert digest == packed
    assert suffix == f".{format}"
    assert bytes.fromhex(start).startswith(STARTS[format])
    assert not artifact.manifest.lossless


@pytest.mark.parametrize("name", ["font of a file", "sub-figures", "three dimensions", "tight layout"])
def test_an_object_looks_the_same(name: str, tmp_path: Path) -> None:
    value = VALUES[name]()
    packagers.pack(value, "whole : object", tmp_path)
    packagers.pack(value, "before : plot[dpi=40]", tmp_path)
    packagers.pack(packagers.unpack(tmp_path / "whole"), "after : plot[dpi=40]", tmp_path)
    assert packagers.unpack(tmp_path / "before", bytes) == packagers.unpack(tmp_path / "after", bytes)


def test_a_font_of_a_file_is_drawn() -> None:
    other = _font()
    other.axes[0].title.set_font(Path(matplotlib.get_data_path(), "fonts", "ttf", "cmtt10.ttf"))
    assert FONT.name in str(_font().axes[0].title.get_fontproperties().get_file())
    previews = [packagers.Registry().find(figure).packager.preview(figure)["png"] for figure in (_font(), other)]
    assert previews[0] != previews[1]
