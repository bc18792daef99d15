"""The project that ``packagers new`` writes is complete: it builds, and its tests pass unedited."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from packagers import PackagersError
from packagers.testing.scaffold import scaffold

Install = Callable[[Mapping[str, Any]], Path]

SHAPES = """
    class Shape:
        def __init__(self, points=()):
            self.points = list(points)

        class Corner:
            pass

    class Needy:
        def __init__(self, colour):
            pass

    class Locked:
        def __reduce__(self):
            raise TypeError("it holds a lock")

    class Column:
        def __init__(self, numbers=()):
            self.numbers = list(numbers)

        def __eq__(self, other):
            return Column(a == b for a, b in zip(self.numbers, other.numbers))

        def __bool__(self):
            raise TypeError("a column is neither true nor false")

        def equals(self, other):
            return self.numbers == other.numbers

    class Different:
        def __reduce__(self):
            return Different, (), {"id": id(self)}

    pi = 3
"""


def run_tests(project: Path, *places: Path) -> subprocess.CompletedProcess[str]:
    """Build the project's wheel, unpack it, and run the project's tests against it in a fresh interpreter."""
    wheels = project.parent / "wheels"
    wheels.mkdir()
    build = f"import hatchling.build; hatchling.build.build_wheel({str(wheels)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=project, capture_output=True, check=True)
    site = project.parent / "site"
    with zipfile.ZipFile(*wheels.iterdir()) as wheel:
        wheel.extractall(site)
    path = os.pathsep.join([str(site), *map(str, places), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    return subprocess.run(command, cwd=project, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("type_path", ["networkx.Graph", "pathlib.PurePosixPath", "collections.UserDict"])
def test_its_tests_pass_unedited(type_path: str, tmp_path: Path) -> None:
    project = tmp_path / "packagers-things"
    scaffold("things", type_path, project)
    done = run_tests(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE)


def test_its_tests_say_what_to_edit(installed: Install, tmp_path: Path) -> None:
    library = installed({"shapes.py": SHAPES})
    project = tmp_path / "packagers-needy"
    scaffold("needy", "shapes.Needy", project)
    done = run_tests(project, library)
    assert done.returncode == 1
    assert (
        "NotImplementedError: edit samples(): return a list of shapes.Needy objects as users have them; shapes.Needy() will not"
        in done.stdout
    )
    assert re.search(r"^1 failed, \d+ passed, \d+ skipped", done.stdout, re.MULTILINE)

    test = project / "tests/test_needy.py"
    test.write_text(re.sub(r"raise .*", 'return [shapes.Needy("red")]', test.read_text(encoding="utf-8")), encoding="utf-8")
    (project.parent / "wheels").rename(tmp_path / "old")
    assert run_tests(project, library).returncode == 0


def test_a_type_whose_equality_is_no_truth_value_is_compared_by_its_method(installed: Install, tmp_path: Path) -> None:
    library = installed({"shapes.py": SHAPES})
    project = tmp_path / "packagers-columns"
    scaffold("columns", "shapes.Column", project)
    assert "return left.equals(right)" in (project / "tests/test_columns.py").read_text(encoding="utf-8")
    assert run_tests(project, library).returncode == 0


def test_it_writes_a_whole_project(tmp_path: Path) -> None:
    project = tmp_path / "deep/er"
    written = scaffold("graphs", "networkx.Graph", project)
    assert [path.relative_to(project).as_posix() for path in written] == [
        "README.md",
        "pyproject.toml",
        "src/packagers_graphs/__init__.py",
        "src/packagers_graphs/packager.py",
        "src/packagers_graphs/py.typed",
        "tests/test_graphs.py",
    ]
    assert sorted(path for path in project.rglob("*") if path.is_file()) == sorted(written)
    assert not any("$" in path.read_text(encoding="utf-8") for path in written)
    data = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert data["project"]["name"] == "packagers-graphs"
    assert data["project"]["entry-points"]["packagers.types"] == {"networkx.Graph": "packagers_graphs.packager:GraphPackager"}
    core, library = data["project"]["dependencies"]
    assert re.fullmatch(r"packagers>=\d+\.\d+,<\d+\.\d+", core)
    assert re.fullmatch(r"networkx>=\d+\.\d+", library)


@pytest.mark.parametrize(
    ("name", "distribution", "package"),
    [
        ("graphs", "packagers-graphs", "packagers_graphs"),
        ("packagers-graphs", "packagers-graphs", "packagers_graphs"),
        ("packagers_My.Graphs", "packagers-my-graphs", "packagers_my_graphs"),
        ("class", "packagers-class", "packagers_class"),
    ],
)
def test_names_take_the_usual_form(name: str, distribution: str, package: str, tmp_path: Path) -> None:
    scaffold(name, "collections.UserDict", tmp_path / "project")
    assert f'name = "{distribution}"' in (tmp_path / "project/pyproject.toml").read_text(encoding="utf-8")
    assert (tmp_path / "project/src" / package / "packager.py").is_file()


@pytest.mark.parametrize("name", ["", "-", "a--b", "a/b", "../a", "gräphs", "a b", "packagers-"])
def test_names_that_will_not_do_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PackagersError, match="cannot be the name of a plugin"):
        scaffold(name, "collections.UserDict", tmp_path / "project")
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("type_path", "complaint"),
    [
        ("dict[str, networkx.Graph]", "made for a single class"),
        ("networkx.Graph#second", "made for a single class"),
        ("dict", "names no module"),
        ("networkx..Graph", "no type path"),
        ("collections.OrderedDitc", "collections has no OrderedDitc.*\n.*OrderedDict"),
        ("collections.abc", "is a module, not a class"),
        ("shapes.pi", "is a int, not a class"),
        ("broken.Thing", "broken cannot be imported: RuntimeError: out of order"),
    ],
)
def test_types_that_will_not_do_are_refused(type_path: str, complaint: str, installed: Install, tmp_path: Path) -> None:
    installed({"shapes.py": SHAPES, "broken.py": "raise RuntimeError('out of order')"})
    with pytest.raises(PackagersError, match=complaint):
        scaffold("things", type_path, tmp_path / "project")
    assert not (tmp_path / "project").exists()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    scaffold("things", "collections.UserDict", tmp_path / "project")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(PackagersError, match="there is something already"):
        scaffold("others", "collections.UserDict", tmp_path / "project")
    with pytest.raises(PackagersError, match="there is something already"):
        scaffold("others", "collections.UserDict", tmp_path / "project/README.md")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("Shape", "return [shapes.Shape()]"),
        ("Shape.Corner", "return [shapes.Shape.Corner()]"),
        ("Needy", "missing 1 required positional argument: 'colour'"),
        ("Locked", "it cannot be pickled (TypeError: it holds a lock)"),
        ("Different", "same(self, left, right) is needed too"),
    ],
)
def test_the_sample_is_tried_before(name: str, remark: str, installed: Install, tmp_path: Path) -> None:
    installed({"shapes.py": SHAPES})
    scaffold("shapes", f"shapes.{name}", tmp_path / "project")
    assert remark in (tmp_path / "project/tests/test_shapes.py").read_text(encoding="utf-8").replace('\\"', '"')
    assert "shapes>" not in (tmp_path / "project/pyproject.toml").read_text(encoding="utf-8")


def test_a_library_that_is_not_installed_is_taken_on_trust(tmp_path: Path) -> None:
    scaffold("maps", "some_maps.world.Map", tmp_path / "project")
    assert '    "some-maps",\n' in (tmp_path / "project/pyproject.toml").read_text(encoding="utf-8")
    test = (tmp_path / "project/tests/test_maps.py").read_text(encoding="utf-8")
    assert "import some_maps.world\n" in test
    assert "return [some_maps.world.Map()]" in test
