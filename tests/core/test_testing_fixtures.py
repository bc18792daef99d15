"""The fixtures that the core brings to pytest: a registry, and distributions that are installed for the time of a test."""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
from collections import UserDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from packagers import DefaultPackager, Registry
from packagers.discovery import installed_version
from packagers.registry import default_registry
from packagers.testing import distributions

Install = Callable[[Mapping[str, Any]], Path]

PLUGIN = {
    "maps.py": """
        class Map:
            pass
    """,
    "packagers-maps": {
        "version": "2.5",
        "requires": ["packagers>=0.1"],
        "entry_points": {
            "packagers.types": {"maps.Map": "packagers_maps:MapPackager", "dict[str, maps.Map]": "packagers_maps:MapPackager"}
        },
        "files": {
            "packagers_maps/__init__.py": """
                from packagers import DefaultPackager

                class MapPackager(DefaultPackager):
                    pass
            """
        },
    },
}


def test_installed_distributions_are_found(installed: Install, registry: Registry) -> None:
    installed(PLUGIN)
    maps = importlib.import_module("maps")
    for known in (registry, Registry(), default_registry()):
        found = known.find(maps.Map()).registration
        assert (found.identity, found.version) == ("packagers-maps:packagers_maps.MapPackager", "2.5")
    assert importlib.metadata.requires("packagers-maps") == ["packagers>=0.1"]
    assert installed_version("packagers-maps") == "2.5"


def test_each_use_has_a_folder_of_its_own(installed: Install) -> None:
    first, second = installed({"one.py": "name = 1"}), installed({"two.py": "name = 2"})
    assert first != second
    assert importlib.import_module("one").name + importlib.import_module("two").name == 3


def test_what_was_installed_is_gone_afterwards(tmp_path: Path) -> None:
    path, before = list(sys.path), set(sys.modules)
    with distributions.installed({**PLUGIN, "space": {"inner.py": ""}}, tmp_path / "site"):
        assert importlib.import_module("packagers_maps").MapPackager
        assert importlib.import_module("space.inner")
        assert installed_version("packagers-maps") == "2.5"
        assert default_registry().find(importlib.import_module("maps").Map()).registration.distribution == "packagers-maps"
    assert sys.path == path
    assert not {"packagers_maps", "maps", "space", "space.inner"} & (sys.modules.keys() - before)
    assert installed_version("packagers-maps") == ""
    assert "packagers-maps" not in {registration.distribution for registration in default_registry()}
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("packagers_maps")


def test_it_is_gone_after_a_failure(tmp_path: Path) -> None:
    path = list(sys.path)
    with pytest.raises(ZeroDivisionError), distributions.installed({"one.py": ""}, tmp_path):
        raise ZeroDivisionError
    assert sys.path == path


def test_the_first_of_a_name_wins(installed: Install) -> None:
    installed({"packagers-numpy": {"version": "9.9", "files": {}}})
    assert importlib.metadata.version("packagers-numpy") == "9.9"


def test_files_are_text_bytes_or_folders(tmp_path: Path) -> None:
    distributions.write_files(
        {"a/b.py": "\n    if 1:\n        x = 2\n", "raw": b"\r\n", "folder": {"c": {"d.txt": "text"}}, "empty": {}}, tmp_path
    )
    assert (tmp_path / "a/b.py").read_text(encoding="utf-8") == "if 1:\n    x = 2\n"
    assert (tmp_path / "raw").read_bytes() == b"\r\n"
    assert (tmp_path / "folder/c/d.txt").read_text(encoding="utf-8") == "text"
    assert (tmp_path / "empty").is_dir()
    with pytest.raises(TypeError, match="'x' is int"):
        distributions.write_files({"x": 1}, tmp_path)  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="of packagers-maps stands in no group"):
        distributions.write_files({"packagers-maps": {"entry_points": {"maps.Map": "x:y"}}}, tmp_path)


def test_metadata_can_be_written_by_hand(installed: Install, registry: Registry) -> None:
    installed(
        {
            "hand-1.0.dist-info": {
                "METADATA": "Metadata-Version: 2.1\nName: hand\nVersion: 1.0\n",
                "entry_points.txt": "[packagers.types]\nhand.Made = hand:Packager\n",
            }
        }
    )
    assert ("hand", "hand.Made") in {(registration.distribution, registration.type_path) for registration in registry}


def test_a_registry_of_a_test_is_its_own(registry: Registry) -> None:
    registry.add("collections.UserDict", DefaultPackager)
    assert registry.find(UserDict()).registration.origin == "project"
    assert "collections.UserDict" not in {registration.type_path for registration in Registry()}


def test_pytest_starts_without_the_core() -> None:
    code = "import sys, pytest; import packagers.testing.pytest_plugin; print(sorted(m for m in sys.modules if m.startswith('packagers')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "['packagers', 'packagers.testing', 'packagers.testing.pytest_plugin']"
