"""What a run calls, by every way of naming it, and the names by which other processes find it."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packagers_runs.errors import HandlerError, RunsError
from packagers_runs.running.handlers import find_handler, reference_of

FILE = """
import functools
import helper_beside

def train(depth):
    return depth * 2

class Trainer:
    kind = "trainer"
    def __init__(self, depth=1):
        self.depth = depth
    def fit(self, extra=0):
        return self.depth + extra
    @staticmethod
    def of_class(depth):
        return depth

table = {"a": 1}
bound = functools.partial(train, 4)
double = lambda depth: depth * 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path, before = tmp_path / "handlers_of_a_file.py", [*sys.path]
    path.write_text(FILE)
    (tmp_path / "helper_beside.py").write_text("")
    yield path
    sys.path[:] = before
    for name in (path.stem, "helper_beside"):
        sys.modules.pop(name, None)


def module_level(depth: int) -> int:
    return depth


class Callable:
    def __call__(self, depth: int) -> int:
        return depth

    def method(self, depth: int) -> int:
        return depth


def test_names_of_a_file(file: Path) -> None:
    found = find_handler(f"{file}:train")
    assert (found.function(4), found.name, found.reference) == (8, "train", f"{file}:train")
    assert find_handler("train", file).function is found.function
    assert find_handler("train", file).reference == found.reference
    assert find_handler(found.function).name == "train"


def test_a_file_that_is_named_relatively_is_found_from_elsewhere(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert find_handler(f"{file.name}:train").reference == f"{file}:train"


@pytest.mark.parametrize("text", ["json:dumps", "json.dumps", "json.encoder:JSONEncoder", "json.encoder.JSONEncoder", "os.path.join"])
def test_names_of_modules(text: str) -> None:
    found = find_handler(text)
    assert found.reference is not None
    assert found.reference.replace(":", ".") == text.replace(":", ".")
    assert find_handler(found.reference).function is found.function


def test_a_method_of_a_class_is_built_from_its_arguments(file: Path) -> None:
    for text, where in (("Trainer::fit", file), (f"{file}:Trainer::fit", None)):
        found = find_handler(text, where)
        assert found.reference == f"{file}:Trainer::fit"
        assert found.name == "fit"
        assert found.bound({"depth": 3})(extra=4) == 7
        assert found.bound()() == 1
        again = find_handler(found.reference)
        assert again.owner is found.owner
    assert find_handler("handlers_of_a_file.Trainer::fit").reference == "handlers_of_a_file:Trainer::fit"
    assert find_handler("Trainer.of_class", file).bound()(5) == 5


def test_arguments_for_a_class_need_a_class(file: Path) -> None:
    with pytest.raises(HandlerError, match="no method of a class") as caught:
        find_handler("train", file).bound({"depth": 3})
    assert "Class::method" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (lambda depth: depth, "<lambda>"),
        (functools.partial(module_level, 3), "module_level"),
        (Callable(), "Callable"),
        (Callable().method, "method"),
    ],
    ids=["lambda", "partial", "object", "method"],
)
def test_what_has_no_name_of_its_own_has_no_reference(given: Any, name: str) -> None:
    found = find_handler(given)
    assert found.function is given
    assert found.reference is None
    assert found.name == name


def test_a_closure_and_a_hidden_function_have_no_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def closure() -> None: ...

    assert reference_of(closure) is None
    monkeypatch.setattr(json, "dumps", json.loads)
    original = sys.modules["json"].__dict__["loads"]
    assert reference_of(original) == "json:loads"
    assert reference_of(json.dumps) == "json:loads"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trian", "train"),
        ("Trainer::fti", "fit"),
        ("Tariner::fit", "Trainer"),
        ("train::fit", "no class"),
        ("table", "cannot be run"),
        ("Trainer.kind", "cannot be run"),
        ("no_such_package.mod:fn", "no_such_package"),
        ("no_such_package.mod.fn", "no_such_package"),
        ("json.no_such:fn", "json.no_such"),
        ("missing.py:fn", "no such file"),
    ],
)
def test_a_wrong_name_is_told(file: Path, text: str, says: str) -> None:
    with pytest.raises(RunsError) as caught:
        find_handler(text, None if ":" in text.replace("::", "") or "no_such" in text else file)
    assert says in str(caught.value)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(HandlerError, match="dict cannot be run"):
        find_handler({})


@pytest.mark.parametrize("code", ["raise ValueError('broken')", "import no_such_module", "def (", "import sys\nsys.exit(3)"])
def test_a_broken_file_is_named_and_leaves_no_module(file: Path, code: str) -> None:
    file.write_text(code)
    with pytest.raises((HandlerError, SystemExit)) as caught:
        find_handler(f"{file}:train")
    assert isinstance(caught.value, SystemExit) or str(file) in str(caught.value)
    assert file.stem not in sys.modules


def test_a_file_named_as_a_loaded_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("def fn(): ...")
    with pytest.raises(HandlerError, match="another module is called 'json'"):
        find_handler(f"{tmp_path / 'json.py'}:fn")


PROGRAM = """
import json, sys
from packagers_runs.running.handlers import find_handler

def train(): ...

class Trainer:
    def fit(self): ...

if __name__ == "__main__":
    found = [find_handler(train), find_handler("train"), find_handler("Trainer::fit"), find_handler(__file__ + ":train")]
    print(json.dumps([handler.reference for handler in found] + [found[3].function is train]))
"""


def test_a_function_of_a_program_is_found_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [f"{path}:train", f"{path}:train", f"{path}:Trainer::fit", f"{path}:train", True]
    asked = f"from packagers_runs.running.handlers import find_handler as f; print(f({str(path) + ':train'!r}).reference)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{path}:train"


def test_a_module_that_is_run_is_found_by_its_name(tmp_path: Path) -> None:
    package = tmp_path / "some_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "program.py").write_text(PROGRAM.replace("found[3].function is train]", "True]"))
    done = subprocess.run([sys.executable, "-m", "some_package.program"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout)[:3] == ["some_package.program:train", "some_package.program:train", "some_package.program:Trainer::fit"]
