"""``packagers call``: functions run from the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import packagers
from packagers.cli.app import root
from packagers.session import Session

SOURCE = '''
from __future__ import annotations

import called_helper
from packagers import Artifact


class Thing:
    """A class that this file defines."""


def train(data: list, depth: int = 4, name: str = "x"):
    print("training")
    return len(data) * depth, bytes(depth), {"a": 1, "b": name}


def both(text):
    return "kept", open


def show(value: object):
    return str(value)


def open_it(value: Artifact):
    return str(value.unpack())


def thing():
    return Thing()


def take(thing: Thing):
    return 1


def fails(depth=0):
    return 1 / depth


def nothing():
    return list(range(10_000))


constant = 3
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder with a program and its input; give the path and the loaded modules back as they were."""
    (tmp_path / "called_train.py").write_text(SOURCE)
    (tmp_path / "called_helper.py").write_text("")
    (tmp_path / "data.json").write_text("[1, 2, 3]")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("called_train", "called_helper"):
        sys.modules.pop(name, None)


def call(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(root, ["call", *arguments])
    assert done.exit_code == code, done.output
    return done


TRAIN = ("-i", "data=data.json", "-p", "depth=5", "-p", "name=word", "-r", "rows", "-r", "raw : file", "-r", "*parts", "-o", "out")


@pytest.mark.parametrize("function", ["called_train.py:train", "called_train:train"])
def test_a_function_is_run_and_its_outputs_are_packed(function: str) -> None:
    lines = call(function, *TRAIN).stdout.splitlines()
    assert lines[0] == "training"
    assert lines[1].split() == ["key", "artifact", "type", "object", "type", "format", "files", "bytes", "digest", "/", "value"]
    made = {line.split()[0]: line.split() for line in lines[3:]}
    digest = packagers.unpack("out/raw") and json.loads(Path("out/raw/manifest.json").read_text())["digest"]
    assert made == {
        "rows": ["rows", "result", "int", "15"],
        "raw": ["raw", "file", "bytes", "1", "5", digest[: len("blake3:") + 16]],
        "parts": ["parts", "bundle", "dict", "2", "items"],
        "parts_a": ["parts_a", "result", "int", "1"],
        "parts_b": ["parts_b", "result", "str", "'word'"],
    }
    assert packagers.unpack("out/rows") == 15
    assert packagers.unpack("out/parts") == {"a": 1, "b": "word"}


def test_as_json() -> None:
    done = call("called_train.py:train", *TRAIN, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.stderr == "training\n"
    assert found["folder"] == "out"
    outputs = {output["key"]: output for output in found["outputs"]}
    assert outputs["rows"]["value"] == 15
    assert outputs["parts"]["value"] == {"a": 1, "b": "word"}
    assert Path(outputs["raw"]["path"], "manifest.json").is_file()
    assert all(Path(output["path"]).is_absolute() for output in found["outputs"])
    assert outputs["raw"]["digest"].startswith("blake3:")


def test_none_drops_a_value() -> None:
    call("called_train.py:train", *TRAIN[:6], "-r", "None", "-r", "raw", "-r", "None", "-o", "out")
    assert [path.name for path in Path("out").iterdir()] == ["raw"]


def test_without_hints_nothing_is_packed() -> None:
    shown = call("called_train.py:nothing").stdout
    assert shown.startswith("Nothing was packed, for there is no log hint")
    assert len(shown) < 1000
    assert json.loads(call("called_train.py:nothing", "--json").stdout)["outputs"] == []
    assert not Path("artifacts").exists()


def test_classes_of_the_file_are_found_again() -> None:
    call("called_train.py:thing", "-r", "thing", "-o", "out")
    assert json.loads(Path("out/thing/manifest.json").read_text())["object_type"] == "called_train.Thing"
    done = subprocess.run(
        [sys.executable, "-c", "import packagers; print(packagers.unpack('out/thing'))"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "called_train.Thing" in done.stdout


def test_another_call_of_the_file_takes_its_objects() -> None:
    call("called_train.py:thing", "-r", "thing", "-o", "out")
    done = subprocess.run(
        [sys.executable, "-m", "packagers", "call", "called_train.py:take", "-i", "thing=out/thing"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_elsewhere_the_classes_of_the_file_must_be_importable(tmp_path: Path) -> None:
    call("called_train.py:thing", "-r", "thing", "-o", "out")
    (tmp_path / "elsewhere").mkdir()
    command = [sys.executable, "-m", "packagers", "unpack", "../out/thing"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd="elsewhere", capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "PYTHONPATH" in done.stderr
    done = subprocess.run(command, cwd="elsewhere", capture_output=True, text=True, check=False, env={**environment, "PYTHONPATH": ".."})
    assert "called_train.Thing" in done.stdout, done.stderr


def test_what_an_input_is_not_is_no_matter_of_paths(tmp_path: Path) -> None:
    Path("data.csv").write_text("a,b")
    shown = call("called_train.py:train", "-i", "data=data.csv", code=1).stderr
    assert "reads json" in shown
    assert "Inputs are paths" not in shown


def test_what_was_packed_before_a_failure_is_shown() -> None:
    done = call("called_train.py:both", "-p", "text=x", "-r", "good", "-r", "bad : no_such_type", "-o", "out", code=1)
    assert "'kept'" in done.stdout
    assert "no_such_type" in done.stderr
    assert packagers.unpack("out/good") == "kept"
    done = call("called_train.py:both", "-p", "text=x", "-r", "good", "-r", "bad : no_such_type", "-o", "out", "--json", code=1)
    assert [output["key"] for output in json.loads(done.stdout)["outputs"]] == ["good"]


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["called_train.py:trian"], 1, "Did you mean 'train'?"),
        (["called_train.py:constant"], 1, "not callable but a int"),
        (["called_train.py"], 2, "not of the form"),
        (["called_train.py:train", "-i", "dta=data.json"], 1, "takes no parameter 'dta'"),
        (["called_train.py:train", "-i", "data"], 2, "name=value"),
        (["called_train.py:train", "-i", "data=data.json", "-i", "data=data.json"], 2, "given twice"),
        (["called_train.py:train", "-i", "data=missing.json"], 1, "there is nothing here"),
        (["called_train.py:train", "-i", "data=missing.json"], 1, "text is given with -p data=missing.json"),
        (["called_train.py:train", "-i", "data=[1,2]"], 1, "Values are given with -p data=[1,2]."),
        (["called_train.py:train", "-i", "data=cut.zip"], 1, "cut.zip is no readable zip (truncated?)"),
        (["called_train.py:train"], 1, "-i NAME=SOURCE (to be unpacked) or -p NAME=LITERAL (as it is)"),
        (["called_train.py:train", "-i", "data=data.json", "-r", "a b : :"], 1, "^"),
        (["called_train.py:fails"], 1, "ZeroDivisionError: division by zero"),
    ],
)
def test_mistakes(arguments: list[str], code: int, why: str) -> None:
    Path("cut.zip").write_bytes(b"PK\3\4...")
    done = call(*arguments, code=code)
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_trust_is_the_callers(folder: Path) -> None:
    packagers.pack(lambda: 1, "pickled : object", folder)
    arguments = ["called_train.py:show", "-i", "value=pickled", "-r", "text"]
    assert "lambda" in call(*arguments).stdout
    assert "can run any code" in call(*arguments, "--trust", "data", code=1).stderr


@pytest.mark.parametrize("function", ["show", "open_it"])
def test_a_project_that_nobody_named_cannot_loosen_trust(folder: Path, function: str) -> None:
    with Session(folder, signer=None) as session:
        session.pack(lambda: 1, "pickled : object")
    (folder / "pyproject.toml").write_text('[tool.packagers]\ntrust = "all"\n')
    arguments = [f"called_train.py:{function}", "-i", "value=pickled", "-r", "text"]
    assert "can run any code" in call(*arguments, code=1).stderr
    assert "can run any code" in call(*arguments, "--trust", "own", code=1).stderr
    assert "lambda" in call(*arguments, "--project", ".").stdout


def test_in_a_process_of_its_own() -> None:
    code = "from packagers.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "call", "called_train.py:train", *TRAIN],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "blake3:" in done.stdout
