"""Two hundred distributions, twenty of them broken in twenty ways: all are listed, none is imported, and what works goes on working."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from packagers.testing import write_files

GOOD = 180
PACKAGER = """
from packagers import Packager
import manifold_{number}

class Packs(Packager):
    PRIORITY = 4
    READERS = {{"file": "data"}}

    def pack_file(self, obj, folder):
        (folder / "thing.txt").write_text(obj.name)

    def unpack_file(self, folder):
        return manifold_{number}.Thing(self.only_file(folder).read_text())
"""
THING = """
class Thing:
    def __init__(self, name):
        self.name = name
"""

# How each is broken: the source of its packagers' module, the reference, the type path, what list --load says.
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "missing-module": ("", "nowhere_at_all:Packs", "t.A", "No module named 'nowhere_at_all'"),
    "missing-parent": ("", "nowhere.at.all:Packs", "t.B", "No module named 'nowhere'"),
    "missing-attribute": ("", "{module}:Packs", "t.C", "has no attribute 'Packs'"),
    "missing-nested": ("class Packs: pass", "{module}:Packs.Inner", "t.D", "has no attribute 'Inner'"),
    "exception": ("raise ValueError('out of order')", "{module}:Packs", "t.E", "ValueError: out of order"),
    "exit": ("raise SystemExit(2)", "{module}:Packs", "t.F", "SystemExit: 2"),
    "sys-exit": ("import sys; sys.exit('bye')", "{module}:Packs", "t.G", "SystemExit: bye"),
    "base-exception": ("class Odd(BaseException): ...\nraise Odd('odd')", "{module}:Packs", "t.H", "Odd: odd"),
    "syntax": ("def Packs(:", "{module}:Packs", "t.I", "SyntaxError"),
    "recursion": ("def f(): return f()\nf()", "{module}:Packs", "t.J", "RecursionError"),
    "import-error": ("from packagers import Nothing", "{module}:Packs", "t.K", "cannot import name 'Nothing'"),
    "circular": ("import {module}\n{module}.Packs", "{module}:Packs", "t.L", "has no attribute 'Packs'"),
    "function": ("def Packs(): ...", "{module}:Packs", "t.M", "no subclass of Packager"),
    "other-class": ("class Packs: ...", "{module}:Packs", "t.N", "no subclass of Packager"),
    "module": ("", "{module}", "t.O", "no subclass of Packager"),
    "definition": ("from packagers import Packager\nclass Packs(Packager):\n    pack_size = 3", "{module}:Packs", "t.P", "pack_size"),
    "constructor": (
        "from packagers import Packager\nclass Packs(Packager):\n    def __init__(self): raise OSError('no disk')",
        "{module}:Packs",
        "t.Q",
        "cannot be made: OSError: no disk",
    ),
    "malformed-type": ("", "{module}:Packs", "not a type", "no type path"),
    "malformed-items": ("", "{module}:Packs", "dict[str, ", "no type path"),
    "another-core": ("raise RuntimeError('imported')", "{module}:Packs", "t.R", "it needs packagers>=99"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files: dict[str, Any] = {}
    for number in range(GOOD):
        types = {f"manifold_{number}.Thing": f"manifold_{number}_packs:Packs"}
        modules = {f"manifold_{number}.py": THING, f"manifold_{number}_packs.py": PACKAGER.format(number=number)}
        files[f"good-{number:03}"] = {"entry_points": {"packagers.types": types}, "files": modules}
    for name, (source, reference, type_path, _) in BROKEN.items():
        module = f"broken_{name.replace('-', '_')}"
        files[f"broken-{name}"] = {
            "requires": ["packagers>=99"] if name == "another-core" else [],
            "entry_points": {"packagers.types": {type_path: reference.format(module=module)}},
            "files": {f"{module}.py": source.replace("{module}", module)},
        }
    return write_files(files, tmp_path_factory.mktemp("many") / "site")


def run(site: Path, program: str, *arguments: str) -> Any:
    """Run a program in a fresh process that has all of them installed; give what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_there_are_two_hundred() -> None:
    assert (GOOD, len(BROKEN)) == (180, 20)


LISTED = """
import json, sys
from packagers import Registry
found = [(each.distribution, each.type_path, each.reference) for each in Registry()]
imported = [name for name in sys.modules if name.startswith(("manifold_", "broken_", "packagers_", "numpy"))]
print(json.dumps({"found": found, "imported": imported}))
"""


def test_all_are_seen_and_none_is_imported(site: Path) -> None:
    answer = run(site, LISTED)
    assert answer["imported"] == []
    distributions = [each[0] for each in answer["found"]]
    assert len([each for each in distributions if each.startswith(("good-", "broken-"))]) == 200


COMMAND = "from packagers.cli import main; main()"
MODULES = """
import atexit, sys
def check():
    imported = sorted(name for name in sys.modules if name.startswith(("manifold_", "broken_")))
    if imported:
        sys.stderr.write(f"imported: {imported}")
        import os
        os._exit(3)
atexit.register(check)
"""


def test_the_command_lists_all_and_imports_none(site: Path) -> None:
    listed = run(site, MODULES + COMMAND, "list", "--json")["packagers"]
    ours = {each["distribution"]: each for each in listed if each["distribution"].startswith(("good-", "broken-"))}
    assert len(ours) == 200
    assert [name for name, each in ours.items() if each["malformed"]] == ["broken-malformed-items", "broken-malformed-type"]


def test_the_command_marks_what_is_broken_and_says_why(site: Path) -> None:
    listed = run(site, COMMAND, "list", "--load", "--json")["packagers"]
    ours = {each["distribution"]: each for each in listed if each["distribution"].startswith(("good-", "broken-"))}
    assert {name for name, each in ours.items() if each["state"] == "broken"} == {f"broken-{name}" for name in BROKEN}
    assert {each["state"] for each in ours.values()} == {"ok", "broken"}
    for name, (_, _, _, why) in BROKEN.items():
        assert why in ours[f"broken-{name}"]["reason"], name
    assert {(*each["packs"], *each["unpacks"], each["priority"]) for name, each in ours.items() if name.startswith("good-")} == {
        ("file", "file", 4)
    }


USED = """
import json, sys
from packagers import Registry, pack, unpack
import manifold_7, manifold_99
folder = sys.argv[1]
pack({"a": [1, 2]}, "plain", folder)
pack(manifold_7.Thing("seven"), "seven", folder)
pack([manifold_99.Thing("ninety-nine"), manifold_7.Thing("seven")], "both : file", folder)
values = [unpack(folder + "/plain"), unpack(folder + "/seven").name, [thing.name for thing in unpack(folder + "/both")]]
imported = sorted(name for name in sys.modules if name.startswith(("manifold_", "broken_")))
print(json.dumps({"values": values, "imported": imported}))
"""


def test_everything_else_works(site: Path, tmp_path: Path) -> None:
    answer = run(site, USED, str(tmp_path))
    assert answer["values"] == [{"a": [1, 2]}, "seven", ["ninety-nine", "seven"]]
    assert answer["imported"] == ["manifold_7", "manifold_7_packs", "manifold_99", "manifold_99_packs"]


REFUSED = """
import json, sys, warnings
from packagers import NoPackagerError, Registry
warnings.simplefilter("ignore")
registry, found = Registry(), {}
for name in json.loads(sys.argv[1]):
    try:
        registry.find(type(name, (), {"__module__": "t"})())
    except NoPackagerError as error:
        found[name] = [error.distribution, str(error)]
print(json.dumps(found))
"""


def test_a_value_of_a_broken_one_is_an_error_that_names_it(site: Path) -> None:
    names = {type_path.removeprefix("t."): name for name, (_, _, type_path, _) in BROKEN.items() if type_path.startswith("t.")}
    found = run(site, REFUSED, json.dumps(sorted(names)))
    assert {name: found[name][0] for name in names} == {name: f"broken-{broken}" for name, broken in names.items()}
    for name, broken in names.items():
        assert BROKEN[broken][3] in found[name][1]
