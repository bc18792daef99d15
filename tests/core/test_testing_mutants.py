"""The suite catches mutants: one correct packager, broken in one way at a time, and the test of the suite that has to say so."""

from __future__ import annotations

import contextlib
import re
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from packagers.testing import PackagerSuite

Install = Callable[[Mapping[str, Any]], Path]

LIBRARY = '''
"""A library that knows nothing of packagers."""

from array import array
from functools import cached_property


class Grid:
    """Numbers of one kind in their order, a label for each, and what else is known of them."""

    def __init__(self, numbers=(), kind="d", labels=None, info=None):
        self.numbers = array(kind, numbers)
        self.labels = [f"row {index}" for index in range(len(self.numbers))] if labels is None else list(labels)
        self.info = dict(info or {})

    @cached_property
    def total(self):
        return sum(self.numbers)
'''

PACKAGER = '''
"""The packager of grids."""

import json
from typing import Literal

from grids import Grid
from packagers import Packager, PackError, UnpackError


class GridPackager(Packager):
    """Pack a grid."""

    PRIORITY = 4
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = False
    READERS = {"raw": "data", "json": "data", "csv": "data", "parts": "data", "v1": "data", "result": "data"}
    DETERMINISTIC = frozenset({"raw", "json", "csv", "plot"})
    LOSSY = frozenset({"csv"})

    def pack_file(self, obj, folder, *, format: Literal["raw", "json", "csv"] = "raw", indent: int = 0, delimiter: str = ","):
        """Write ``grid.<format>``."""
        self._check(obj, delimiter)
        target = folder / f"grid.{format}"
        facts = {"kind": obj.numbers.typecode, "labels": obj.labels, "info": obj.info}
        if format == "raw":
            head = json.dumps(facts).encode()
            target.write_bytes(len(head).to_bytes(8, "little") + head + obj.numbers.tobytes())
        elif format == "json":
            facts["numbers"] = obj.numbers.tolist()
            target.write_text(json.dumps(facts, indent=indent or None), encoding="utf-8")
        else:
            lines = [f"{label}{delimiter}{number}" for label, number in zip(obj.labels, obj.numbers)]
            target.write_text("\\n".join(lines), encoding="utf-8")
        return {"count": len(obj.numbers)}

    def _check(self, obj, delimiter):
        if any(delimiter in label for label in obj.labels):
            raise PackError("a label holds the delimiter", remedy="Give another delimiter.")

    def unpack_file(self, folder, *, format: Literal["raw", "json", "csv"] = "raw", count: int | None = None):
        """Read what pack_file wrote."""
        target = self.only_file(folder)
        if format == "raw":
            data = target.read_bytes()
            size = int.from_bytes(data[:8], "little")
            facts = json.loads(data[8 : 8 + size])
            grid = Grid((), facts["kind"], facts["labels"], facts["info"])
            grid.numbers.frombytes(data[8 + size :])
            if len(grid.numbers) != len(grid.labels):
                raise UnpackError(f"{target.name} ends too early")
        elif format == "json":
            grid = Grid(**json.loads(target.read_text(encoding="utf-8")))
        else:
            rows = [line.rpartition(",") for line in target.read_text(encoding="utf-8").splitlines()]
            grid = Grid([float(row[2]) for row in rows], "d", [row[0] for row in rows])
        return grid

    def pack_parts(self, obj, folder, *, rows: int = 1000):
        """Write ``rows`` numbers into each of several files."""
        for start in range(0, len(obj.numbers), rows):
            part = {"numbers": obj.numbers[start : start + rows].tolist(), "labels": obj.labels[start : start + rows]}
            (folder / f"part-{start:08}.json").write_text(json.dumps(part), encoding="utf-8")
        return {"kind": obj.numbers.typecode, "info": obj.info}

    def unpack_parts(self, folder, *, kind: str = "d", info: dict | None = None):
        """Put the parts together."""
        grid = Grid((), kind, (), info)
        for place in sorted(folder.iterdir()):
            part = json.loads(place.read_text(encoding="utf-8"))
            grid.numbers.extend(type(grid.numbers)(kind, part["numbers"]))
            grid.labels += part["labels"]
        return grid

    def pack_result(self, obj):
        """Record everything."""
        return {"numbers": obj.numbers.tolist(), "kind": obj.numbers.typecode, "labels": obj.labels, "info": obj.info}

    def unpack_result(self, value):
        """Give the recorded grid."""
        return Grid(**value)

    def pack_plot(self, obj, folder, *, color: str):
        """Draw the numbers."""
        (folder / "grid.svg").write_text(f"<svg><!-- {color} {obj.numbers.tolist()} --></svg>", encoding="utf-8")

    def unpack_v1(self, folder):
        """Read what releases before 1.0 wrote: one number a line."""
        return Grid([float(line) for line in self.only_file(folder).read_text(encoding="utf-8").splitlines()])

    def describe(self, obj):
        """Count the numbers."""
        return {"count": len(obj.numbers), "kind": obj.numbers.typecode}

    def preview(self, obj):
        """Show the first numbers."""
        rows = [[label, repr(number)] for label, number in zip(obj.labels[:5], obj.numbers[:5])]
        return {"table": {"columns": ["label", "number"], "rows": rows}}
'''

PLUGIN = {
    "entry_points": {"packagers.types": {"grids.Grid": "packagers_grids.packager:GridPackager"}},
    "files": {"packagers_grids": {"__init__.py": ""}},
}


def write(install: Install, source: str, *, hooks: str = "") -> None:
    """Install the library and a plugin with this packager."""
    points = {**PLUGIN["entry_points"], **({"packagers": {"hooks": "packagers_grids.hooks"}} if hooks else {})}
    files = {"packagers_grids": {"__init__.py": "", "packager.py": source, "hooks.py": hooks}}
    install({"grids.py": LIBRARY, "packagers-grids": {"entry_points": points, "files": files}})


class GridSuite(PackagerSuite):
    """What the plugin's author would have written."""

    type_path = "grids.Grid"
    options = {"plot": {"color": "red"}}
    effects = {"file:json": {"indent": 2}, "file:csv": {"delimiter": ";"}, "parts": {"rows": 900}}

    def samples(self) -> dict[str, Any]:
        from grids import Grid

        usual = Grid([3, 1, 2], "i", ["z", "ä", "b"], {"unit": "m", "tags": ["x"]})
        assert usual.total == 6  # it has cached something
        odd = Grid([float("nan"), -0.0, float("inf"), 1 / 3])
        large = Grid(range(5000), "q")
        return {"usual": usual, "odd": odd, "empty": Grid(), "large": large}

    def same(self, left: Any, right: Any) -> bool:
        first, second = ((grid.numbers.typecode, grid.numbers.tobytes(), grid.labels, grid.info) for grid in (left, right))
        return first == second


def failures(suite: type[PackagerSuite]) -> dict[str, str]:
    """Run all tests of a new suite as a runner would, each on an instance of its own; give the messages of those that fail."""
    suite = type("Suite", (suite,), {})
    found = {}
    for name in [name for name in dir(suite) if name.startswith("test_")]:
        try:
            with contextlib.suppress(unittest.SkipTest):  # for a reason that another test fails for
                getattr(suite(), name)()
        except AssertionError as error:
            found[name] = str(error)
    return found


def mutants() -> dict[str, tuple[str, str, str]]:
    """Read the mutants beside this file: a name, the test of the suite that has to fail and words of its message, and a diff.

    Where no test fails yet, ``nothing`` stands there, and why.
    """
    found = {}
    for part in re.split(r"^=== ", Path(__file__).with_suffix(".txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, expected, changes = part.split("\n", 2)
        test, _, words = expected.partition(": ")
        found[name] = changes, f"test_{test}", words
    return found


def mutated(changes: str) -> str:
    """Apply a diff whose lines stand for themselves: every hunk has to fit in exactly one place."""
    source = PACKAGER
    for hunk in changes.strip("\n").split("\n@@\n"):
        old, new = ("\n".join(line[1:] for line in hunk.split("\n") if line[:1] != sign) for sign in "+-")
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the packager"
        source = source.replace(old, new)
    return source


MUTANTS = mutants()


def test_a_packager_that_keeps_its_promises_passes(installed: Install) -> None:
    write(installed, PACKAGER)
    assert failures(GridSuite) == {}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # one mutant leaves files open
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, installed: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # where some of them leave files
    changes, test, words = MUTANTS[name]
    write(installed, mutated(changes))
    found = failures(GridSuite)
    assert found == {} if test == "test_nothing" else words in found.get(test, f"{test} passes")


@pytest.mark.parametrize("hooks", ["import grids", "import packagers_grids.packager"])
def test_a_plugin_that_loads_its_library_early_is_caught(hooks: str, installed: Install) -> None:
    write(installed, PACKAGER, hooks=hooks)
    assert "\n  grids" in failures(GridSuite)["test_nothing_is_imported_before_it_is_used"]
