"""A fitted forest as a model: as skops, which is audited, and as a pickle, next to what writes and reads these formats.

skops' own ``dump`` and ``load`` know what they may build, and look at nothing else. What we do besides: see that nothing is lost, that
every type may be built, that no array claims more memory than there is, and that no tree leads out of its arrays.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.ensemble import RandomForestClassifier

import packagers
from benchmarks.alone import checked, written
from benchmarks.paired import Aim, Case
from packagers import files

TREES, QUICK_TREES = 100, 5
TYPES = ["sklearn.tree._tree.Tree"]
"""What skops asks about in a forest."""


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """Pack and unpack a forest in both formats."""
    trees = QUICK_TREES if quick else TREES
    model = forest(trees)
    repetitions = 2 if quick else 21

    def case(path: str, limit: str, ours: Callable[[int], Any], raw: Callable[[int], Any], aim: Aim | None) -> Case:
        return Case(path=path, limit=limit, ours=ours, raw=raw, aim=aim, repetitions=repetitions)

    for format, dump, load, names in (
        ("skops", dump_skops, load_skops, ("skops' dump", "skops' load")),
        ("pickle", dump_pickle, load_pickle, ("pickle, protocol 5", "pickle")),
    ):
        place = folder / format
        place.mkdir()
        yield case(
            f"pack a forest of {trees} trees, {format}",
            f"{names[0]} + digest",
            packing(model, f'model : model[format="{format}"]', place),
            writing(model, dump, place),
            Aim(1.05),
        )
        packagers.pack(model, f'model : model[format="{format}"]', place)
        written(place / "raw", lambda path, dump=dump: dump(model, path))
        yield case(f"unpack a forest of {trees} trees, {format}", f"digest + {names[1]}", unpacking(place), reading(load, place), Aim(1.05))
    for name in "ab":
        (folder / name).mkdir()
    yield case("control: a forest to a pickle", "itself", *(writing(model, dump_pickle, folder / name) for name in "ab"), None)


def forest(trees: int) -> RandomForestClassifier:
    """Fit a forest to 2,000 rows of 20 features."""
    chance = np.random.default_rng(0)
    data = chance.normal(size=(2000, 20))
    target = data[:, 0] + data[:, 1] * data[:, 2] + 0.3 * chance.normal(size=2000) > 0
    return RandomForestClassifier(trees, random_state=0, n_jobs=2).fit(data, target.astype(int))


def packing(model: Any, hint: str, place: Path) -> Callable[[int], Any]:
    """Give what packs the model into a fresh folder."""
    return lambda number: packagers.pack(model, hint, place / f"ours-{number}")


def unpacking(place: Path) -> Callable[[int], Any]:
    """Give what unpacks the package, each time as one that was never verified."""
    return lambda number: (files.forget(), packagers.unpack(place / "model"))[1]


def writing(model: Any, dump: Callable[[Any, Path], object], place: Path) -> Callable[[int], Any]:
    """Give what writes the model to a fresh file."""
    return lambda number: written(place / f"raw-{number}", lambda path: dump(model, path))


def reading(load: Callable[[Path], Any], place: Path) -> Callable[[int], Any]:
    """Give what checks and reads the file."""
    return lambda number: checked(place / "raw", load)


def dump_skops(model: Any, path: Path) -> None:
    """Write with skops alone."""
    skops.io.dump(model, path)


def load_skops(path: Path) -> Any:
    """Read with skops alone."""
    return skops.io.load(path, trusted=TYPES)


def dump_pickle(model: Any, path: Path) -> None:
    """Write with pickle alone."""
    with path.open("wb") as file:
        pickle.dump(model, file, protocol=5)


def load_pickle(path: Path) -> Any:
    """Read with pickle alone."""
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - written here
