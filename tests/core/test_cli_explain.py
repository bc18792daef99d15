"""``packagers explain``: the candidates for types and values, in order, and why each lost."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from packagers.cli.app import root

SOURCE = """
from collections import UserList
from datetime import date

class Thing: ...
number = 3
day = date(2020, 1, 2)
hint = dict[str, int]
class inside:
    text = "x"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder with a module; give the path and the loaded modules back as they were."""
    (tmp_path / "explained_module.py").write_text(SOURCE)
    (tmp_path / "explained_broken.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("explained_module", "explained_broken"):
        sys.modules.pop(name, None)


def explain(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(root, ["explain", "--json", *arguments])
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fail(*arguments: str) -> Result:
    done = CliRunner().invoke(root, ["explain", *arguments])
    assert done.exit_code != 0
    assert done.stdout == ""
    return done


def chosen(candidates: list[dict[str, Any]]) -> list[str]:
    return [candidate["packager"].rpartition(":")[2] for candidate in candidates if candidate["verdict"] == "chosen"]


@pytest.mark.parametrize(
    ("subject", "name", "packager"),
    [
        ("int", "int", "ScalarPackager"),
        ("decimal.Decimal", "decimal.Decimal", "ScalarPackager"),
        ("dict[ str,int ]", "dict[str, int]", "DictPackager"),
        ("None", "None", "ScalarPackager"),
        ("Iterator[int]", "Iterator[int]", "StreamPackager"),
        ("collections.OrderedDict#label", "collections.OrderedDict", "OrderedDictPackager"),
        ("explained_module.Thing", "explained_module.Thing", "ObjectPackager"),
        ("explained_module:Thing", "explained_module.Thing", "ObjectPackager"),
        ("explained_module.py:Thing", "explained_module.Thing", "ObjectPackager"),
        ("explained_module:hint", "dict[str, int]", "DictPackager"),
    ],
)
def test_types_are_explained_both_ways(subject: str, name: str, packager: str) -> None:
    found = explain(subject)
    assert list(found) == ["subject", "artifact_type", "pack", "unpack"]
    assert found["subject"] == name
    assert chosen(found["pack"]) == chosen(found["unpack"]) == [packager]
    assert all(candidate["verdict"].startswith("lost: ") for candidate in found["pack"][1:])


@pytest.mark.parametrize(
    ("subject", "name"),
    [("explained_module:number", "int"), ("explained_module:day", "datetime.date"), ("explained_module:inside.text", "str")],
)
def test_values_are_packed(subject: str, name: str) -> None:
    found = explain(subject)
    assert list(found) == ["subject", "artifact_type", "pack"]
    assert found["subject"] == name
    assert "Usage" in fail(subject, "--direction", "unpack").stderr


def test_one_direction_and_one_artifact_type() -> None:
    found = explain("int", "--direction", "unpack", "--as", "result")
    assert list(found) == ["subject", "artifact_type", "unpack"]
    assert found["artifact_type"] == "result"
    nothing = explain("int", "--as", "plot")
    assert chosen(nothing["pack"]) == []
    assert "it has no pack_plot" in nothing["pack"][0]["verdict"]


@pytest.mark.parametrize("width", [80, 200])
def test_names_are_whole_in_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    root(["explain", "dict"], standalone_mode=False)
    lines = [line.rstrip() for line in click.unstyle(stream.getvalue()).splitlines()]
    assert max(map(len, lines)) <= width
    assert any("object#dataclass" in line and "DataclassPackager" in line for line in lines)
    assert ("version" in lines[2]) == (width == 200)
    assert lines[lines.index("unpack dict") - 1] == ""


def test_for_people() -> None:
    shown = CliRunner().invoke(root, ["explain", "int"]).output
    assert shown.startswith("pack int\n")
    assert "\n\nunpack int\n" in shown
    assert "lost: farther type (1 against 0)" in shown
    assert "No packager can pack it." in CliRunner().invoke(root, ["explain", "int", "--as", "plot"]).output


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("no_such_package.Type", "no_such_package"),
        ("explained_module.number", "no type but a int"),
        ("int | str", "several types"),
        ("not a type", "cannot be read"),
        ("explained_broken:x", "ZeroDivisionError"),
        ("no_such_module:x", "No module named 'no_such_module'"),
        ("explained_module:numbr", "Did you mean 'number'?"),
        ("nothing.py:x", "there is no such file"),
        (":x", "not of the form"),
    ],
)
def test_what_cannot_be_explained(subject: str, why: str) -> None:
    assert why in fail(subject).stderr


def test_a_file_whose_name_is_taken(folder: Path) -> None:
    (folder / "json.py").write_text("x = 1")
    assert "another module is called 'json'" in fail("json.py:x").stderr


def test_the_bytes_are_the_same_in_every_process() -> None:
    def run(seed: str) -> bytes:
        code = "from packagers.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, "explain", "dict", "--json"],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        return done.stdout

    assert len({run(seed) for seed in ("0", "1", "2")}) == 1
