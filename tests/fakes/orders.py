"""What is explained does not depend on order: distributions to shuffle, and a program that shuffles them under one hash seed.

Run as a program: ``orders.py FOLDER ROUNDS``; prints a digest of everything that was explained, which must be the same in every round.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

from packagers import Registry
from packagers.registration import Registration
from packagers.testing import write_files

SHAPES = """
class Shape: ...
class Round(Shape): ...
class Circle(Round): ...
"""

PACKAGERS = """
from packagers import Packager, hookimpl

class Base(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    def pack_file(self, obj, folder): ...
    def unpack_file(self, folder): ...
    def pack_{name}(self, obj, folder): ...

class Early(Base):
    PRIORITY = 1

class Late(Base):
    PRIORITY = 9

class Wide(Base):
    PACK_SUBCLASSES = True

class Picky(Base):
    def holds(self, obj):
        raise ValueError("picky {name}")

class ReadOnly(Packager):
    def unpack_v1(self, folder): ...

@hookimpl
def packagers_register(registry):
    registry.add("order_shapes.Circle#hook", Base)
"""

TYPES = {
    "order_shapes.Circle": "Base",
    "order_shapes.Circle#early": "Early",
    "order_shapes.Circle#late": "Late",
    "order_shapes.Round": "Wide",
    "order_shapes.Shape": "Wide",
    "order_shapes.Shape#again": "Base",
    "list[order_shapes.Circle]": "Base",
    "list[order_shapes.Shape]": "Wide",
    "dict[str, order_shapes.Round]": "Wide",
    "tuple[order_shapes.Round, ...]": "ReadOnly",
    "order_shapes.Round#picky": "Picky",
    "order_shapes.Shape#missing": "Missing",
    "not a type": "Base",
    "Iterator[order_shapes.Circle]": "Base",
    "object#odd": "Base",
}
NAMES = ("ant", "bee", "cat")


def write(folder: Path) -> list[str]:
    """Write one folder for each distribution, all of which use the same entry-point names; give the folders."""
    write_files({"order_shapes.py": SHAPES}, folder / "shapes")
    for name in NAMES:
        module = f"order_{name}"
        groups = {
            "packagers.types": {path: f"{module}:{cls}" for path, cls in TYPES.items()},
            "packagers": {"hooks": module},
        }
        write_files({f"orders-{name}": {"entry_points": groups, "files": {f"{module}.py": PACKAGERS.format(name=name)}}}, folder / name)
    return [str(folder / name) for name in ("shapes", *NAMES)]


def subjects() -> list[Any]:
    """Give values and hints of every kind."""
    import order_shapes as shapes  # type: ignore[import-not-found]

    circle, round_, shape = shapes.Circle(), shapes.Round(), shapes.Shape()
    values = [circle, round_, shape, [circle], [circle, shape], {"a": circle}, (round_,), iter([circle]), 1]
    return [*values, shapes.Shape, list[shapes.Circle], shapes.Circle | int]


def explained(registry: Registry) -> bytes:
    """Give everything that a registry explains and warns of, as bytes."""
    lines: list[Any] = []
    for subject in subjects():
        for artifact_type in (None, "bee"):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                lines.append(registry.explain(subject, artifact_type).to_dict())
                try:
                    lines.append(registry.find(subject, artifact_type).registration.identity)
                except LookupError as error:
                    lines.append(str(error))
            lines.append(sorted(str(each.message) for each in caught))
    return json.dumps(lines).encode()


def shuffled(registrations: list[Registration], order: list[int]) -> Registry:
    """Give a registry of the core in which registrations stand in another order."""
    registry = Registry(discover=False)
    for index in order:
        registry._shelf.add(registrations[index])
    return registry


def fresh(registrations: list[Registration]) -> list[Registration]:
    """Give registrations that have not been loaded."""
    return [Registration(each.type_path, each.reference, each.distribution, each.version, each.origin) for each in registrations]


def main(folder: str, rounds: str) -> None:
    """Shuffle and explain."""
    folders = write(Path(folder))
    rest = [place for place in sys.path if "site-packages" not in place]
    whole = list(sys.path)
    found = set()
    for number in range(int(rounds)):
        chance = random.Random(f"{number} of {sys.hash_info.width}")
        chance.shuffle(folders)
        sys.path[:] = [*folders, *(rest if number else whole)]
        registry = Registry()
        ours = fresh([each for each in registry if each.distribution.startswith("orders-")])
        order = list(range(len(ours)))
        chance.shuffle(order)
        found.add(explained(shuffled(ours, order)))
    sys.stdout.write(f"{len(found)} {hashlib.sha256(b''.join(sorted(found))).hexdigest()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
