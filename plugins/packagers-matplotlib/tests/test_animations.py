"""An animation as a moving picture: all frames, their time, the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import matplotlib
import pytest
from matplotlib.animation import ArtistAnimation, FuncAnimation
from matplotlib.figure import Figure
from PIL import Image

from packagers import PackError
from packagers_matplotlib.animations import AnimationPackager

Drawn = Callable[..., bytes]


def _moving(frames: Any = 4, **options: Any) -> FuncAnimation:
    figure = Figure(figsize=(2, 2))
    axes = figure.subplots()
    axes.set_title("<moving>")
    (line,) = axes.plot([0, 1], [0, 1])

    def move(place: int) -> tuple[Any, ...]:
        line.set_ydata([0, place / 4])
        return (line,)

    return FuncAnimation(figure, move, frames=frames, interval=100, **options)


def _turning() -> ArtistAnimation:
    figure = Figure(figsize=(2, 2), layout="constrained")
    axes = figure.subplots()
    return ArtistAnimation(figure, [axes.plot([0, i], [0, 1]) for i in range(3)], interval=50, blit=True)


def _played(data: bytes) -> tuple[int, float]:
    """Give the number of frames that differ and the time that they take, in milliseconds."""
    opened: Any = Image.open(BytesIO(data))
    with opened as image:
        total = 0.0
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            total += image.info["duration"]
        return image.n_frames, total


@pytest.mark.parametrize("format", ["png", "gif", "webp"])
def test_all_frames_are_there_for_their_time(drawn: Drawn, format: str) -> None:
    assert _played(drawn(AnimationPackager(), _moving(), format=format)) == (4, 400.0)
    assert _played(drawn(AnimationPackager(), _turning(), format=format)) == (3, 150.0)


def test_the_default_is_an_animated_png(drawn: Drawn) -> None:
    data = drawn(AnimationPackager(), _moving())
    assert data.startswith(b"\x89PNG")
    assert _played(data)[0] == 4


@pytest.mark.parametrize("make", [_moving, _turning])
@pytest.mark.parametrize("format", sorted(AnimationPackager.DETERMINISTIC))
def test_twice_the_same(make: Callable[[], Any], drawn: Drawn, format: str) -> None:
    animation = make()
    first = drawn(AnimationPackager(), animation, format=format)
    assert drawn(AnimationPackager(), animation, format=format) == first
    assert drawn(AnimationPackager(), make(), format=format) == first


def test_options(drawn: Drawn) -> None:
    with Image.open(BytesIO(drawn(AnimationPackager(), _moving(), dpi=50, transparent=True))) as image:
        assert image.size == (100, 100)
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert _played(drawn(AnimationPackager(), _moving(), format="gif", fps=20)) == (4, 200.0)


def test_a_tight_bounding_box_in_the_settings_does_not_matter(drawn: Drawn) -> None:
    expected = drawn(AnimationPackager(), _moving())
    with matplotlib.rc_context({"savefig.bbox": "tight"}):
        assert drawn(AnimationPackager(), _moving()) == expected


def test_a_page_plays_by_itself(drawn: Drawn) -> None:
    page = drawn(AnimationPackager(), _moving(), format="html").decode("utf-8")
    frames = page[page.index("const frames") : page.index("];")]
    assert len(re.findall('"data:image/png;base64,', frames)) == 4
    assert "setInterval(step, 100.0)" in page
    assert "&lt;moving&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_canvas_comes_back(drawn: Drawn) -> None:
    animation = _moving()
    figure = AnimationPackager().figure_of(animation)
    canvas = figure.canvas
    drawn(AnimationPackager(), animation)
    assert figure.canvas is canvas


def test_frames_of_an_iterator_are_not_used_up(drawn: Drawn) -> None:
    animation = _moving(iter(range(4)), save_count=10)
    assert drawn(AnimationPackager(), animation) == drawn(AnimationPackager(), animation)


def test_an_endless_animation_is_refused(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packagers_matplotlib.animations._MOST_UNCOUNTED_FRAMES", 5)

    def forever() -> Iterator[int]:
        while True:
            yield 1

    with pytest.raises(PackError, match="has not ended after 5 frames") as caught:
        drawn(AnimationPackager(), _moving(forever, cache_frame_data=False))
    assert "save_count" in str(caught.value)


def test_an_animation_that_has_run_out_is_refused(drawn: Drawn) -> None:
    animation = _moving(iter(range(2)), save_count=10, repeat=False, init_func=lambda: ())
    drawn(AnimationPackager(), animation)
    with pytest.raises(PackError, match="no frames"):
        drawn(AnimationPackager(), animation)
