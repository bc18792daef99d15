"""Packages of every release are read for ever: those under tests/golden give back what their recipes say."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import PackagersWarning, Registry, UnpackError, unpack
from packagers.manifest import VERSION, Manifest
from packagers.package import Package
from packagers.sealed import from_text, to_text

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
sys.path.insert(0, str(GOLDEN))

import make  # noqa: E402
from recipe import Recipe  # noqa: E402

PACKAGES = {"/".join(place): place for place in make.made()}
LARGEST = 1_500_000
"""Bytes that all golden packages of a release take together."""


def _recipe(place: tuple[str, str, str]) -> Recipe:
    return make.recipes(place[1])[place[2]]


@contextlib.contextmanager
def _another_release() -> Iterator[None]:
    """Let libraries say that the package was written with another version of them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the model was packed with", PackagersWarning)
        yield


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_gives_what_its_recipe_says(name: str) -> None:
    recipe = _recipe(PACKAGES[name])
    folder = GOLDEN / name
    with _another_release():
        if recipe.is_read:
            found = unpack(folder, trust=recipe.trust)
            assert hasattr(found, "__next__") or recipe.hint is not None or type(found) is type(recipe.expected())
            recipe.check(found)
        else:
            with pytest.raises(UnpackError):
                unpack(folder, trust="all")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_read_by_its_hint(name: str) -> None:
    recipe = _recipe(PACKAGES[name])
    hint = recipe.hint if recipe.hint is not None else type(recipe.expected())
    with _another_release():
        recipe.check(unpack(GOLDEN / name, hint, trust=recipe.trust if recipe.is_trust_for_hint else None))


def test_code_of_strangers_is_refused() -> None:
    for name in (name for name, place in PACKAGES.items() if _recipe(place).trust):
        with pytest.raises(packagers.UntrustedPackageError):
            unpack(GOLDEN / name)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_byte_is_as_it_was(name: str) -> None:
    package = Package.open(GOLDEN / name)
    package.verify()
    assert package.manifest.key == name.rpartition("/")[2]
    assert str(ROOT) not in (GOLDEN / name / "manifest.json").read_text(encoding="utf-8")
    assert {path.relative_to(package.payload).as_posix() for path in package.payload.rglob("*") if path.is_file()} == {
        file.path for file in package.manifest.files
    } or not package.manifest.payload


def test_every_recipe_has_a_package() -> None:
    there = {place[1:] for place in PACKAGES.values()}
    recipes = {(distribution, name) for distribution in make.MODULES for name in make.recipes(distribution)}
    assert there == recipes, "python tests/golden/make.py makes what is missing; packages stay, and so do their recipes"


def test_every_type_has_a_package() -> None:
    ours = [each for each in Registry() if each.distribution in make.MODULES and each.load().artifact_types("pack")]
    registered = {(each.distribution, each.type_path) for each in ours}
    known = {(distribution, recipe.type_path) for distribution in make.MODULES for recipe in make.recipes(distribution).values()}
    assert sorted(registered - known) == [], "write recipes for these types into tests/golden, and run python tests/golden/make.py"


@pytest.mark.parametrize("distribution", make.MODULES)
def test_a_recipe_is_for_the_type_that_it_names(distribution: str) -> None:
    registry = Registry()
    for name, recipe in make.recipes(distribution).items():
        value = recipe.make()
        chunk = {"chunk": next(value)} if hasattr(type(value), "__next__") and not recipe.type_path.startswith("pyarrow.") else {}
        found = registry.find(value, **chunk).registration
        assert found.type_path == recipe.type_path, name


def test_packages_are_small() -> None:
    sizes: dict[str, int] = {}
    for release, distribution, name in PACKAGES.values():
        files = (GOLDEN / release / distribution / name).rglob("*")
        sizes[release] = sizes.get(release, 0) + sum(file.stat().st_size for file in files if file.is_file())
    assert all(size < LARGEST for size in sizes.values()), sizes


def test_making_adds_and_never_rewrites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "MODULES", {"packagers": "recipes_core"})
    release = next(iter(PACKAGES.values()))[0]
    kept = tmp_path / release / "packagers" / "int"
    kept.mkdir(parents=True)
    (kept / "manifest.json").write_text("what a user has")
    old = tmp_path / "0.0" / "packagers" / "float" / "manifest.json"
    old.parent.mkdir(parents=True)
    old.write_text("of an earlier release")
    added = make.make(tmp_path)
    assert len(added) == len(make.recipes("packagers")) - 1
    assert (kept / "manifest.json").read_text() == "what a user has"
    assert old.read_text() == "of an earlier release"
    assert make.make(tmp_path) == []


def test_a_recipe_makes_the_same_package_again(tmp_path: Path) -> None:
    for distribution, names in {"packagers": ("dict", "set-file"), "packagers-numpy": ("arrays-by-name", "dtype")}.items():
        for name in names:
            make.pack(make.recipes(distribution)[name], name, tmp_path)
            release = next(place[0] for place in PACKAGES.values() if place[1:] == (distribution, name))
            assert Package.open(tmp_path / name).manifest.digest == Package.open(GOLDEN / release / distribution / name).manifest.digest


def _newer(name: str, folder: Path, change: Any) -> Path:
    """Copy a package and change and seal its manifest, as a newer release would write it."""
    copy = Path(shutil.copytree(GOLDEN / name, folder / "copy"))
    data, _, _ = from_text((copy / "manifest.json").read_bytes())
    (copy / "manifest.json").write_bytes(to_text(change(data), None))
    return copy


@pytest.mark.parametrize(
    "name", [name for name in PACKAGES if name.endswith(("/int", "/array", "/frame", "/tensor", "/estimator", "/figure"))]
)
def test_a_newer_version_says_so(tmp_path: Path, name: str) -> None:
    copy = _newer(name, tmp_path, lambda data: {**data, "packagers": VERSION + 1})
    for hint in (None, bytes, object):
        with pytest.raises(UnpackError, match=f"format version {VERSION + 1}") as caught:
            unpack(copy, hint, trust="all")
        assert "pip install --upgrade packagers" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in PACKAGES if name.endswith(("/array", "/frame", "/tensor", "/estimator"))])
def test_a_newer_version_of_a_format_says_so(tmp_path: Path, name: str) -> None:
    def raised(data: dict[str, Any]) -> dict[str, Any]:
        manifest = Manifest.from_dict(data)
        return replace(manifest, written=replace(manifest.written, version=99)).to_dict()

    copy = _newer(name, tmp_path, raised)
    with pytest.raises(UnpackError, match="version 99") as caught:
        unpack(copy, trust="all")
    distribution = name.split("/")[1]
    assert f"pip install --upgrade {distribution}" in str(caught.value)


def test_git_keeps_the_bytes() -> None:
    assert "tests/golden/** -text" in (ROOT / ".gitattributes").read_text().splitlines()


def test_manifests_hold_no_times_and_no_signatures() -> None:
    for name in PACKAGES:
        data = json.loads((GOLDEN / name / "manifest.json").read_bytes())
        assert "signature" not in data, name
