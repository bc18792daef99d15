"""Hook modules: they register, react to and wrap packing and unpacking; a broken one is one warning and hides no other."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from packagers import PluginLoadWarning, Registry, Session, UnpackError, pack, settings, testing, unpack

Install = Callable[[Mapping[str, Any]], Path]


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install fake distributions; the registry is made by the test, since that loads their hook modules."""
    with ExitStack() as stack:
        yield lambda files: stack.enter_context(testing.installed(files, tmp_path_factory.mktemp("installed")))


def hooks(name: str, source: str, *, entry: str = "hooks", reference: str | None = None) -> dict[str, Any]:
    """Make a distribution with one hook module."""
    module = name.replace("-", "_")
    header = "import json\nfrom packagers import DefaultPackager, Packager, hookimpl\n"
    return {name: {"entry_points": {"packagers": {entry: reference or module}}, "files": {f"{module}.py": header + source}}}


REGISTERS = """
class DayPackager(DefaultPackager):
    pass

@hookimpl
def packagers_register(registry):
    registry.add("datetime.date", DayPackager)
    registry.add("hours.Hour", "hours_packagers:HourPackager")
"""

TIMES = """
seen = []

@hookimpl(wrapper=True)
def packagers_pack(obj, artifact_type, options):
    result = yield
    seen.append(("pack", obj, artifact_type, dict(options), result))
    return result

@hookimpl(wrapper=True)
def packagers_unpack(packager, artifact_type):
    value = yield
    seen.append(("unpack", type(packager).__name__, artifact_type, value))
    return value
"""


# Registering


def test_a_hook_registers_under_the_name_of_its_distribution(installed: Install) -> None:
    import datetime

    installed(hooks("Days_Plugin", REGISTERS))
    registry = Registry()
    ours = [each for each in registry if each.distribution == "days-plugin"]
    assert [(each.type_path, each.reference, each.version, each.origin) for each in ours] == [
        ("datetime.date", "Days_Plugin:DayPackager", "1.0", "plugin"),
        ("hours.Hour", "hours_packagers:HourPackager", "1.0", "plugin"),
    ]
    assert registry.find(datetime.date(2020, 1, 1)).registration.identity == "days-plugin:Days_Plugin.DayPackager"
    assert "hours_packagers" not in sys.modules


def test_what_a_hook_may_not_register(installed: Install) -> None:
    bad = {"path": 'registry.add("no path", DefaultPackager)', "object": 'registry.add("datetime.date", 3)'}
    for name, call in bad.items():
        first = '    registry.add("datetime.date", DefaultPackager)\n'
        installed(hooks(f"bad-{name}", f"@hookimpl\ndef packagers_register(registry):\n{first}    {call}\n"))
    with pytest.warns(PluginLoadWarning) as caught:
        registry = Registry()
    why = "left out: packagers_register failed: PackagerDefinitionError"
    assert sorted(str(each.message).partition(why)[0] for each in caught) == [
        "hook module bad-object:hooks is ",
        "hook module bad-path:hooks is ",
    ]
    assert [each for each in registry if each.distribution.startswith("bad-")] == []


def test_a_plugin_that_is_switched_off_is_not_loaded(installed: Install) -> None:
    installed(hooks("days-plugin", REGISTERS))
    with settings(disable=["Days.Plugin"]):
        registry = Registry()
    assert [each for each in registry if each.distribution == "days-plugin"] == []
    assert "days_plugin" not in sys.modules


# Packing and unpacking


def test_wrappers_see_what_is_packed_and_unpacked(installed: Install, tmp_path: Path) -> None:
    installed(hooks("times", TIMES))
    pack(b"abc", "blob : file", tmp_path)
    assert unpack(tmp_path / "blob") == b"abc"
    times = sys.modules["times"]
    (packed, unpacked) = times.seen
    assert packed[:3] == ("pack", b"abc", "file")
    assert unpacked == ("unpack", "BytesPackager", "file", b"abc")


def test_wrappers_see_results_and_leaves(installed: Install, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    installed(hooks("times", TIMES))
    with Session(tmp_path) as session:
        session.pack("text", "text")
        session.pack({"a": [numpy.arange(3)], "b": numpy.arange(4.0)}, "arrays")
    seen = sys.modules["times"].seen
    assert seen[0] == ("pack", "text", "result", {}, "text")
    packed = [array.shape for each in seen[1:] for array in (each[1] if isinstance(each[1], list) else [each[1]])]
    assert sorted(packed) == [(3,), (4,)]


def test_a_wrapper_may_change_what_is_written(installed: Install, tmp_path: Path) -> None:
    installed(
        hooks(
            "secret",
            """
def turned(folder):
    for file in folder.iterdir():
        file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))

@hookimpl(wrapper=True)
def packagers_pack(folder):
    instructions = yield
    if folder is not None:
        turned(folder)
    return instructions

@hookimpl(wrapper=True)
def packagers_unpack(source):
    import pathlib, shutil, tempfile
    if isinstance(source, pathlib.Path):
        with tempfile.TemporaryDirectory() as folder:
            turned(shutil.copytree(source, pathlib.Path(folder) / "copy"))
    return (yield)
""",
        )
    )
    artifact = pack(b"abc", "blob : file", tmp_path)
    (file,) = (tmp_path / "blob" / artifact.manifest.payload).iterdir()  # type: ignore[union-attr]
    assert file.read_bytes() == bytes(255 - byte for byte in b"abc")
    assert unpack(tmp_path / "blob") == bytes(255 - byte for byte in b"abc")


def test_the_first_result_is_taken(installed: Install, tmp_path: Path) -> None:
    instead = """
@hookimpl
def packagers_pack(obj, artifact_type):
    return "instead" if obj == "text" and artifact_type == "result" else None

@hookimpl
def packagers_unpack(packager, source):
    return "read instead" if source == "instead" else None
"""
    installed(hooks("instead", instead))
    pack("text", "text", tmp_path)
    pack("other", "other", tmp_path)
    assert (unpack(tmp_path / "text"), unpack(tmp_path / "other")) == ("read instead", "other")


def test_what_a_wrapper_raises_is_the_failure(installed: Install, tmp_path: Path) -> None:
    installed(hooks("refuses", "@hookimpl(wrapper=True)\ndef packagers_unpack():\n    yield\n    raise ValueError('not today')\n"))
    pack(b"abc", "blob : file", tmp_path)
    with pytest.raises(UnpackError, match="not today"):
        unpack(tmp_path / "blob")


def test_the_order_is_that_of_names(installed: Install, tmp_path: Path) -> None:
    names = ["b-first", "a-first", "c-first"]
    source = "import order\n@hookimpl(wrapper=True)\ndef packagers_pack():\n    order.seen.append(__name__)\n    return (yield)\n"
    for name in names:
        installed(hooks(name, source))
    installed({"order.py": "seen = []"})
    pack(b"abc", "blob : file", tmp_path)
    # pluggy calls first what was registered last
    assert sys.modules["order"].seen == ["c_first", "b_first", "a_first"]


# What is broken

BROKEN = {
    "missing-module": ("", "nowhere_hooks", "ModuleNotFoundError"),
    "missing-attribute": ("", "missing_attribute:hooks", "AttributeError"),
    "raises": ("raise ValueError('loudly')", None, "ValueError: loudly"),
    "exits": ("raise SystemExit(3)", None, "SystemExit: 3"),
    "syntax": ("def (", None, "SyntaxError"),
    "recurses": ("def f(): f()\nf()", None, "RecursionError"),
    "typo": ("@hookimpl\ndef packagers_regster(registry): ...", None, "unknown hook 'packagers_regster'"),
    "argument": ("@hookimpl\ndef packagers_pack(object): ...", None, "'object'"),
    "wrapper": ("@hookimpl(wrapper=True)\ndef packagers_pack(): ...", None, "generator"),
    "registers": ("@hookimpl\ndef packagers_register(registry):\n    raise SystemExit('gone')", None, "failed: SystemExit: gone"),
    "attributes": ("def __dir__(): raise KeyError('dir')", None, "KeyError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_module_is_one_warning(name: str, installed: Install, tmp_path: Path) -> None:
    source, reference, why = BROKEN[name]
    installed(hooks("days-plugin", REGISTERS))
    installed(hooks("times", TIMES))
    installed(hooks(name, source, reference=reference))
    with pytest.warns(PluginLoadWarning) as caught:
        registry = Registry()
    (warning,) = caught
    assert str(warning.message).startswith(f"hook module {name}:hooks is left out: ")
    assert why in str(warning.message)
    assert list(registry.hooks.broken) == [f"{name}:hooks"]
    assert why in registry.hooks.broken[f"{name}:hooks"]
    assert [each for each in registry if each.distribution == "days-plugin"]
    with Session(tmp_path, registry=registry) as session:
        session.pack(b"abc", "blob : file")
    assert sys.modules["times"].seen


def test_many_broken_modules_are_all_named(installed: Install) -> None:
    for name, (source, reference, _) in BROKEN.items():
        installed(hooks(name, source, reference=reference))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        registry = Registry()
    assert list(registry.hooks.broken) == [*sorted(f"{name}:hooks" for name in BROKEN if name != "registers"), "registers:hooks"]
    assert len([each for each in caught if issubclass(each.category, PluginLoadWarning)]) == len(BROKEN)


def test_one_module_under_two_names(installed: Install) -> None:
    files = hooks("twice", REGISTERS)
    files["twice"]["entry_points"]["packagers"]["again"] = "twice"
    installed(files)
    with pytest.warns(PluginLoadWarning, match="twice:hooks is left out"):
        registry = Registry()
    assert len([each for each in registry if each.distribution == "twice"]) == 2


def test_two_distributions_may_use_the_same_entry_point_name(installed: Install) -> None:
    for name in ("one", "two"):
        source = f"@hookimpl\ndef packagers_register(registry):\n    registry.add('{name}.Thing', 'x:Y')\n"
        installed(hooks(f"same-{name}", source, entry="same"))
    assert {each.type_path for each in Registry() if each.distribution.startswith("same-")} == {"one.Thing", "two.Thing"}
