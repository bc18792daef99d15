"""The wheels, alone: what each holds, and that the core works in an environment that has nothing else."""

from __future__ import annotations

import configparser
import email
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = {
    tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]: path.parent
    for path in (ROOT / "core/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml"))
}

PACKING = [name for name, folder in PROJECTS.items() if name != "packagers" and (folder / "tests/test_suite.py").exists()]


@pytest.fixture(scope="session")
def wheels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels by distribution: each built from its source distribution, as an index would get them."""
    folder = request.config.getoption("--wheels")
    if folder is None:
        folder = tmp_path_factory.mktemp("dist")
        for project in PROJECTS.values():
            run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, project)
    return {path.name.partition("-")[0].replace("_", "-"): path.resolve() for path in folder.glob("*.whl")}


class Environment:
    """An environment of its own that holds nothing at first, not even pip."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder)
        self.python = next(path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists())

    def install(self, *wheels: Path, dependencies: bool = True) -> None:
        run(sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", *([] if dependencies else ["--no-deps"]), *wheels)

    def run(self, code: str, folder: Path) -> str:
        return run(self.python, "-I", "-W", "error", "-c", code, cwd=folder)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def core_alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("core"))
    environment.install(wheels["packagers"])
    return environment


def entry_points(archive: zipfile.ZipFile) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment]  # type paths are case-sensitive
    parser.read_string(next(text(archive, "entry_points.txt")))
    return parser


def text(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    return (archive.read(path).decode() for path in archive.namelist() if path.endswith(f".dist-info/{name}"))


def metadata(archive: zipfile.ZipFile) -> Message:
    return email.message_from_string(next(text(archive, "METADATA")))


def test_every_project_gives_one_wheel(wheels: dict[str, Path]) -> None:
    assert sorted(wheels) == sorted(PROJECTS)


@pytest.mark.parametrize("distribution", PROJECTS)
def test_a_wheel_holds_its_package_and_nothing_else(wheels: dict[str, Path], distribution: str) -> None:
    package = distribution.replace("-", "_")
    sources = PROJECTS[distribution] / "src"
    with zipfile.ZipFile(wheels[distribution]) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        license_text = next(text(archive, "licenses/LICENSE"))
    expected = {path.relative_to(sources).as_posix() for path in sources.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == expected
    assert {f"{package}/__init__.py", f"{package}/py.typed"} <= held
    assert license_text == (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("distribution", PROJECTS)
def test_the_metadata_says_what_is_needed(wheels: dict[str, Path], distribution: str) -> None:
    with zipfile.ZipFile(wheels[distribution]) as archive:
        facts = metadata(archive)
    assert facts["Version"] == "0.1.0"
    assert facts["Requires-Python"] == ">=3.11"
    assert facts["License-Expression"] == "Apache-2.0"
    ours = [line for line in facts.get_all("Requires-Dist", []) if line.startswith("packagers") and "extra ==" not in line]
    above = {"packagers": [], "packagers-dask": ["packagers-runs<0.2,>=0.1"]}
    assert [re.sub(r"\[cli\]", "", line) for line in ours] == above.get(distribution, ["packagers<0.2,>=0.1"])


def test_the_core_offers_an_extra_for_every_plugin(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels["packagers"]) as archive:
        facts = metadata(archive)
        points = entry_points(archive)
    plugins = {name.removeprefix("packagers-") for name in PROJECTS} - {"packagers"}
    assert set(facts.get_all("Provides-Extra", [])) == plugins | {"all", "cli", "test", "xxh3", "yaml"}
    assert dict(points["console_scripts"]) == {"packagers": "packagers.cli:main"}
    assert dict(points["pytest11"]) == {"packagers": "packagers.testing.pytest_plugin"}


@pytest.mark.parametrize("distribution", PACKING)
def test_a_plugin_registers_types_of_its_own_package(wheels: dict[str, Path], distribution: str) -> None:
    with zipfile.ZipFile(wheels[distribution]) as archive:
        points = entry_points(archive)
        held = set(archive.namelist())
    assert points["packagers.types"]
    for reference in points["packagers.types"].values():
        module, _, name = reference.partition(":")
        assert f"{module.replace('.', '/')}.py" in held or f"{module.replace('.', '/')}/__init__.py" in held
        assert name


def test_the_core_alone_packs_and_unpacks(core_alone: Environment, tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None], "b": (b"x", {3})}
    core_alone.run(
        "import packagers, importlib.util as u\n"
        "assert not [n for n in ('numpy', 'pandas', 'torch', 'sklearn', 'matplotlib', 'click', 'rich', 'pip') if u.find_spec(n)]\n"
        f"packagers.pack({value!r}, 'things : file', 'out')",
        tmp_path,
    )
    assert core_alone.run("import packagers; print(packagers.unpack('out/things'))", tmp_path) == f"{value!r}\n"


def test_the_command_says_what_it_lacks(core_alone: Environment, tmp_path: Path) -> None:
    script = core_alone.python.with_name("packagers")
    done = subprocess.run([script, "list"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "packagers[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_brings_its_library(wheels: dict[str, Path], tmp_path: Path) -> None:
    environment = Environment(tmp_path / "env")
    environment.install(wheels["packagers"], wheels["packagers-numpy"])
    environment.run("import numpy, packagers; packagers.pack(numpy.arange(6).reshape(2, 3), 'numbers', 'out')", tmp_path)
    assert environment.run("import packagers; print(packagers.unpack('out/numbers').tolist())", tmp_path) == "[[0, 1, 2], [3, 4, 5]]\n"


def test_all_stand_side_by_side(wheels: dict[str, Path], core_alone: Environment, tmp_path: Path) -> None:
    """Without their libraries: nothing of a plugin is imported to know what it packs."""
    core_alone.install(*(path for name, path in wheels.items() if name != "packagers"), dependencies=False)
    code = "import packagers, sys; packagers.pack([1], 'x', 'out'); print(*sorted(n for n in sys.modules if n.startswith('packagers_')))"
    assert core_alone.run(code, tmp_path) == "\n"
    code = "from importlib.metadata import entry_points as e; print(*sorted({p.dist.name for p in e(group='packagers.types')}))"
    assert core_alone.run(code, tmp_path).split() == sorted(PACKING)
