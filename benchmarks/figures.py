"""Figures: packed as pictures, next to ``savefig``.

The raw side does the same work: the same picture, written beside the final name, digested with BLAKE3 and renamed. Every figure is drawn
once only, for Matplotlib remembers layouts and glyphs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from blake3 import blake3
from matplotlib.figure import Figure

import packagers
from benchmarks.paired import Aim, Case


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """A figure of one line, as PNG and as SVG, of which the preview is another drawing; and one of four axes."""
    repetitions = 1 if quick else 25
    numbers = range(repetitions + 1)
    for name, make in (("a figure of a line", plain),) if quick else (("a figure of a line", plain), ("a figure of four axes", grid)):
        for format in ("png",) if quick or make is grid else ("png", "svg"):
            place = folder / f"{name} {format}"
            place.mkdir()
            ours, raw = [make(number) for number in numbers], [make(number) for number in numbers]
            yield Case(
                path=f"pack {name}, {format}",
                limit="savefig + digest",
                ours=lambda number, ours=ours, place=place, hint=f'figure : plot[format="{format}"]': packagers.pack(
                    ours[number], hint, place / f"ours-{number}"
                ),
                raw=lambda number, raw=raw, place=place, format=format: saved(raw[number], place / f"{number}.{format}"),
                aim=Aim(1.02) if format == "png" else None,
                repetitions=repetitions,
            )
    once, again = [plain(number) for number in numbers], [plain(number) for number in numbers]
    yield Case(
        path="control: savefig of a line, png",
        limit="itself",
        ours=lambda number: saved(once[number], folder / f"once-{number}.png"),
        raw=lambda number: saved(again[number], folder / f"again-{number}.png"),
        aim=None,
        repetitions=repetitions,
    )


def plain(number: int) -> Figure:
    """Draw a line."""
    figure = Figure()
    axes = figure.subplots()
    places = np.linspace(0, 10, 1000)
    axes.plot(places, np.sin(places + number), label="sine")
    axes.set_title(f"number {number}")
    axes.legend()
    return figure


def grid(number: int) -> Figure:
    """Draw lines, points, bars and a picture."""
    chance = np.random.default_rng(number)
    figure = Figure(figsize=(8, 6), layout="constrained")
    ((first, second), (third, fourth)) = figure.subplots(2, 2)
    first.plot(chance.normal(size=(200, 3)).cumsum(axis=0))
    second.scatter(*chance.normal(size=(2, 500)), c=chance.random(500))
    third.bar(range(10), chance.random(10))
    figure.colorbar(fourth.imshow(chance.random((50, 50))), ax=fourth)
    figure.suptitle(f"number {number}")
    return figure


def saved(figure: Figure, target: Path) -> None:
    """Draw a figure as a program without us would that wants whole files and their digests."""
    beside = target.with_name(f"beside-{target.name}")
    figure.savefig(beside)
    hasher = blake3(beside.read_bytes())
    hasher.hexdigest()
    os.replace(beside, target)
