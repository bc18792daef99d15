"""What a suite takes, what it asks for, and what it says of types and packagers that are missing."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from packagers import DefaultPackager, Registry
from packagers.testing import PackagerSuite

Install = Callable[[Mapping[str, Any]], Path]

LIBRARY = '''
class Shape:
    """A type of a library that knows nothing of packagers."""

    def __init__(self, name="", points=()):
        self.name = name
        self.points = list(points)
'''

PACKAGER = '''
"""The packager of shapes."""

import json
from typing import Literal

from packagers import Packager
from shapes import Shape


class ShapePackager(Packager):
    """Pack a shape."""

    PRIORITY = 4
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    PACK_SUBCLASSES = False
    READERS = {"json": "data", "txt": "data", "v1": "data", "result": "data"}
    DETERMINISTIC = frozenset({"json", "txt", "plot"})
    LOSSY = frozenset({"txt"})

    def pack_file(self, obj, folder, *, format: Literal["json", "txt"] = "json", indent: int = 0):
        """Write ``shape.<format>``."""
        text = json.dumps([obj.name, obj.points], indent=indent) if format == "json" else obj.name
        (folder / f"shape.{format}").write_text(text, encoding="utf-8")
        return {"count": len(obj.points)}

    def unpack_file(self, folder, *, format: Literal["json", "txt"] = "json", count: int = 0):
        """Read what pack_file wrote."""
        text = self.only_file(folder).read_text(encoding="utf-8")
        shape = Shape(*json.loads(text)) if format == "json" else Shape(text)
        return shape

    def pack_result(self, obj):
        """Record name and points."""
        return {"name": obj.name, "points": obj.points}

    def unpack_result(self, value):
        """Give the recorded shape."""
        return Shape(**value)

    def pack_plot(self, obj, folder, *, color: str):
        """Draw the shape."""
        (folder / "shape.svg").write_text(f"<svg><!-- {color} {obj.points} --></svg>", encoding="utf-8")

    def unpack_v1(self, folder):
        """Read what releases before 1.0 wrote."""
        return Shape(self.only_file(folder).read_text(encoding="utf-8"))

    def describe(self, obj):
        """Count the points."""
        return {"points": len(obj.points)}


# PACKAGER END
'''

PLUGIN = {
    "entry_points": {"packagers.types": {"shapes.Shape": "packagers_shapes.packager:ShapePackager"}},
    "files": {"packagers_shapes": {"__init__.py": ""}},
}
HOOKS = {"entry_points": {**PLUGIN["entry_points"], "packagers": {"hooks": "packagers_shapes.hooks"}}}


def write(install: Install, source: str, *, hooks: str | None = None) -> None:
    """Install the library and a plugin with this packager."""
    files = {"packagers_shapes": {"__init__.py": "", "packager.py": source, **({"hooks.py": hooks} if hooks else {})}}
    install({"shapes.py": LIBRARY, "packagers-shapes": {**PLUGIN, **(HOOKS if hooks else {}), "files": files}})


def suite_class(**attributes: Any) -> type[PackagerSuite]:
    """Make a suite of shapes."""

    def samples(self: PackagerSuite) -> list[Any]:
        from shapes import Shape

        return [Shape("triangle", [1, 2.5, 3]), Shape()]

    return type(
        "ShapeSuite",
        (PackagerSuite,),
        {"type_path": "shapes.Shape", "samples": samples, "options": {"plot": {"color": "red"}}, **attributes},
    )


def failures(suite: type[PackagerSuite]) -> dict[str, str]:
    """Run all tests of a suite as a runner would, each on an instance of its own; give the messages of those that fail."""
    found = {}
    for name in [name for name in dir(suite) if name.startswith("test_")]:
        try:
            getattr(suite(), name)()
        except AssertionError as error:
            found[name] = str(error)
    return found


def test_a_packager_that_keeps_its_promises_passes(installed: Install) -> None:
    write(installed, PACKAGER)
    assert failures(suite_class()) == {}


@pytest.mark.parametrize("hooks", ["import shapes", "import packagers_shapes.packager"])
def test_a_plugin_that_loads_its_library_early_fails(hooks: str, installed: Install) -> None:
    write(installed, PACKAGER, hooks=hooks)
    found = failures(suite_class())
    assert found.keys() == {"test_nothing_is_imported_before_it_is_used"}
    assert "\n  shapes" in found["test_nothing_is_imported_before_it_is_used"]


def test_a_type_that_nobody_registers_is_named(installed: Install) -> None:
    write(installed, PACKAGER)
    with pytest.raises(AssertionError, match=r"no packager is registered for 'shapes\.Circle'"):
        suite_class(type_path="shapes.Circle")().test_the_entry_point_resolves()


def test_a_packager_that_cannot_be_loaded_is_named(installed: Install) -> None:
    write(installed, "import shapely_of_old")
    with pytest.raises(AssertionError, match="No module named 'shapely_of_old'"):
        suite_class()().test_the_entry_point_resolves()


def test_data_may_ask_for_leave_to_run_code(installed: Install) -> None:
    source = PACKAGER.replace("import Packager", "import Packager, allow_code")
    write(installed, source.replace("        text = self", "        allow_code('a pickle')\n        text = self"))
    assert failures(suite_class()) == {}


def test_a_required_option_has_to_be_given(installed: Install) -> None:
    write(installed, PACKAGER)
    assert failures(suite_class(options={})).keys() == {"test_required_options_are_given"}
    assert failures(suite_class(options={}, skips={"plot": "it needs a colour"})) == {}
    assert "there is no paint" in failures(suite_class(skips={"paint": "out of stock"}))["test_required_options_are_given"]


def test_an_option_can_be_given_to_one_form(installed: Install) -> None:
    write(installed, PACKAGER.replace("indent=indent)", "indent=1 // indent)"))
    assert "file:json: packagers" in failures(suite_class())["test_each_form_is_packed"]
    assert failures(suite_class(options={"plot": {"color": "red"}, "file:json": {"indent": 1}})) == {}


def test_a_form_that_takes_no_sample_needs_one(installed: Install) -> None:
    write(
        installed,
        PACKAGER.replace("import Packager", "import Packager, PackError").replace('"""Draw', 'raise PackError("no ink")\n        """Draw'),
    )
    assert "no sample could be packed as plot: no ink" in failures(suite_class())["test_each_form_is_packed"]


def test_same_must_tell_values_apart(installed: Install) -> None:
    write(installed, PACKAGER)
    found = failures(suite_class(same=lambda self, left, right: None))
    assert found.keys() == {"test_same_tells_values_apart"}


def test_same_may_assert(installed: Install) -> None:
    def same(self: PackagerSuite, left: Any, right: Any) -> None:
        assert left.points == right.points, "points differ"

    write(installed, PACKAGER.replace("Shape(*json", "Shape(0) or Shape(*json"))
    found = failures(suite_class(same=same))
    assert "sample 0 as file:json: it differs: points differ" in found["test_round_trips_here"]


def test_samples_that_cannot_be_copied_are_made_anew(installed: Install) -> None:
    write(installed, PACKAGER)

    def same(self: PackagerSuite, left: Any, right: Any) -> bool:
        return bool(left.points == right.points)

    def samples(self: PackagerSuite) -> list[Any]:
        from shapes import Shape

        Shape.__reduce_ex__ = lambda self, protocol: 1 / 0
        return [Shape("one", [1])]

    assert failures(suite_class(samples=samples, same=same)) == {}
    kept = samples(PackagerSuite())
    found = failures(suite_class(samples=lambda self: kept, same=same))
    assert "let it make a new one in each call" in found["test_samples_are_not_changed"]


def test_samples_can_have_names(installed: Install) -> None:
    write(installed, PACKAGER.replace('"name": obj.name', '"name": "x"'))

    def samples(self: PackagerSuite) -> dict[str, Any]:
        from shapes import Shape

        return {"the empty shape": Shape()}

    assert "the empty shape as result: it differs" in failures(suite_class(samples=samples))["test_round_trips_here"]


def test_a_suite_without_samples_says_what_is_missing(installed: Install) -> None:
    write(installed, PACKAGER)
    with pytest.raises(NotImplementedError, match="give a list of shapes"):
        suite_class(samples=PackagerSuite.samples)().test_samples_are_held()
    with pytest.raises(AssertionError, match="gives none"):
        suite_class(samples=lambda self: [])().test_samples_are_held()


def test_what_fails_for_all_tests_is_said_once(installed: Install) -> None:
    write(installed, PACKAGER)
    suite = suite_class(samples=PackagerSuite.samples)
    with pytest.raises(NotImplementedError, match="give a list of shapes"):
        suite().test_samples_are_held()
    with pytest.raises(unittest.SkipTest, match=r"another test fails for: .*give a list of shapes"):
        suite().test_round_trips_here()
    suite().test_methods_are_documented()  # needs no sample


def test_streams_are_made_anew_for_each_use() -> None:
    registry = Registry()

    class Streams(PackagerSuite):
        type_path = "Iterator"

        def samples(self) -> list[Any]:
            return [iter([1, "two", {3}]), iter([])]

        def same(self, left: Any, right: Any) -> bool:
            return list(left) == list(right)

    Streams.registry = registry
    assert failures(Streams) == {}


def test_types_and_packagers_of_the_test_file_itself_can_be_tested() -> None:
    registry = Registry()
    registry.add(f"{__name__}.Coin", f"{__name__}:CoinPackager")

    class Coins(PackagerSuite):
        type_path = f"{__name__}.Coin"

        def samples(self) -> list[Any]:
            return [Coin(2)]

    Coins.registry = registry
    assert failures(Coins) == {}


class Coin:
    def __init__(self, value: int) -> None:
        self.value = value


class CoinPackager(DefaultPackager):
    READERS = {"object": "code", "result": "data"}

    def pack_result(self, obj: Coin) -> int:
        """Record the value."""
        return obj.value

    def unpack_result(self, value: int) -> Coin:
        """Give the coin."""
        return Coin(value)
