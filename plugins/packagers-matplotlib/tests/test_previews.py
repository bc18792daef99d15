"""The preview that is kept with a picture is the picture that was packed: nothing is drawn a second time for it."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import pytest
from matplotlib.figure import Figure
from PIL import Image

import packagers
from packagers_matplotlib import summaries
from packagers_matplotlib.figures import FigurePackager


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the formats in which figures are drawn."""
    found: list[str] = []
    draw = Figure.savefig

    def savefig(self: Figure, *args: Any, **options: Any) -> None:
        found.append(options["format"])
        draw(self, *args, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return found


def _line(**options: Any) -> Figure:
    figure = Figure(**options)
    figure.subplots().plot([1, 3, 2])
    return figure


def _packed(figure: Figure, folder: Path, hint: str = "figure") -> tuple[bytes, bytes]:
    """Give the preview and the file."""
    artifact: Any = packagers.pack(figure, hint, folder)
    (file,) = artifact.package.payload.iterdir()
    return b64decode(artifact.preview()["png"]), file.read_bytes()


def test_a_small_picture_is_its_own_preview(tmp_path: Path, drawings: list[str]) -> None:
    preview, file = _packed(_line(), tmp_path)
    assert preview == file
    assert drawings == ["png"]


@pytest.mark.parametrize(
    ("hint", "options"),
    [
        ("figure : plot[dpi=300]", {}),  # too many pixels
        ("figure : plot[dpi=200]", {"figsize": (5, 4)}),  # exactly as wide as it may be, and yet too many bytes
        ('figure : plot[format="jpg"]', {}),
        ('figure : plot[format="webp"]', {}),
    ],
)
def test_of_another_picture_the_preview_is_a_small_copy(tmp_path: Path, drawings: list[str], hint: str, options: Any) -> None:
    figure = _line(**options)
    if "200" in hint:
        figure.axes[0].imshow(numpy.random.default_rng(1).random((200, 200)))
    preview, file = _packed(figure, tmp_path, hint)
    with Image.open(BytesIO(preview)) as small, Image.open(BytesIO(file)) as whole:
        assert small.format == "PNG"
        assert max(small.size) <= 400
        assert abs(small.width / small.height - whole.width / whole.height) < 0.02
    assert len(drawings) == 1


def test_a_small_copy_keeps_what_is_transparent(tmp_path: Path) -> None:
    alphas = {}
    for hint in ("figure : plot[dpi=300]", "figure : plot[dpi=300, transparent=True]"):
        with Image.open(BytesIO(_packed(_line(), tmp_path, hint)[0])) as small:
            alphas[hint] = small.convert("RGBA").getpixel((1, 1))[3]
    assert list(alphas.values()) == [255, 0]


def test_a_picture_of_lines_is_smaller_than_savefig_makes_it_and_shows_the_same(tmp_path: Path) -> None:
    file, plain = _packed(_line(), tmp_path)[1], BytesIO()
    _line().savefig(plain, format="png")
    with Image.open(BytesIO(file)) as ours, Image.open(plain) as theirs:
        assert ours.tobytes() == theirs.tobytes()
    assert len(file) < len(plain.getvalue())


@pytest.mark.parametrize("format", ["svg", "pdf", "html"])
def test_what_is_no_picture_of_pixels_is_drawn_again(tmp_path: Path, drawings: list[str], format: str) -> None:
    preview, _ = _packed(_line(), tmp_path, f'figure : plot[format="{format}"]')
    with Image.open(BytesIO(preview)) as image:
        assert max(image.size) <= 400
    assert drawings == ["png" if format == "html" else format, "png"]


def test_what_a_hook_has_made_unreadable_is_drawn_again(tmp_path: Path, drawings: list[str]) -> None:
    figure, packager = _line(), FigurePackager()
    packager.pack_plot(figure, tmp_path)
    (tmp_path / "plot.png").write_bytes(b"something else")
    assert packager.preview_packed(figure, tmp_path) == packager.preview(figure)


def test_a_picture_that_would_fill_the_memory_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FigurePackager().pack_plot(_line(), tmp_path, dpi=300)
    assert summaries.of_picture(tmp_path)
    monkeypatch.setattr(summaries, "_MOST_PIXELS", 1000)
    assert summaries.of_picture(tmp_path) == {}
    monkeypatch.undo()
    monkeypatch.setattr(summaries, "_MOST_BYTES", 1000)
    assert summaries.of_picture(tmp_path) == {}
