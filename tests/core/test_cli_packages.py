"""``packagers inspect``, ``show``, ``verify``, ``unpack`` and ``zip``: looking into packages, whatever they hold."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import packagers
from packagers import LogHint
from packagers.cli.app import root
from packagers.cli.unpacking import is_small_json
from packagers.draft import Draft
from packagers.manifest import Manifest, Part, Written
from packagers.package import Package
from packagers.policy import sign_seal
from packagers.session import Session

EVIL = '[bold]\x1b[31m<script>alert(1)</script>\x9b0m\u202e"&'

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0(\0\0\0\x1e").decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pack two artifacts, with labels and links, and some results."""
    with Session(tmp_path / "out") as session:
        session.pack(b"abc" * 1000, LogHint("raw", artifact_type="file", labels={"who": EVIL}, tag="v1", extra_data={"n": ..., "k": 7}))
        session.pack([1, {"a": None}], "many : file")
        session.pack(3, "n")
        session.pack(EVIL, "evil")
    return tmp_path / "out"


def write(folder: Path, **facts: Any) -> Path:
    """Write a package by a plugin that is not installed."""
    written = Written("packagers-torch-of-mars:mars.TensorPackager", "mars.Tensor", "file", "mars")
    with Draft(folder, "mars") as draft:
        (draft.payload / "deep").mkdir()
        (draft.payload / "deep" / "tensor.mars").write_bytes(b"\0\1\2")
        (draft.payload / "notes.txt").write_bytes(b"notes")
        draft.commit(draft.finish(replace(Manifest("mars", written), **facts)), sign_seal)
    return folder / "mars"


def run(*arguments: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(root, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    assert "\x1b" not in done.output
    assert "\x9b" not in done.output
    assert "\u202e" not in done.output
    return done


def data(*arguments: str | Path, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


# inspect


def test_the_facts_of_a_package(folder: Path) -> None:
    found = data("inspect", folder / "raw")
    package = Package.open(folder / "raw")
    assert found["key"] == "raw"
    assert (found["object_type"], found["artifact_type"], found["packager"]) == ("bytes", "file", package.manifest.written.packager)
    assert [(file["path"], file["size"]) for file in found["files"]] == [(file.path, file.size) for file in package.manifest.files]
    assert (found["digest"], found["seal"]) == (package.manifest.digest, package.seal)
    assert found["signature"] == {"state": "own", "key": package.signature["key"], "problem": ""}  # type: ignore[index]
    assert (found["labels"], found["tag"]) == ({"who": EVIL}, "v1")
    assert (found["links"]["metrics"], found["links"]["extra_data"]["k"]) == ({}, 7)
    assert found["links"]["extra_data"]["n"].items() >= {"$link": "n", "value": 3}.items()
    assert "python" in found["versions"]
    shown = run("inspect", folder / "raw").output
    for fact in ("own, key", found["digest"], found["seal"], "3,000", "v1", "extra_data n", "[bold]"):
        assert fact in shown


def test_a_result_of_a_session(folder: Path) -> None:
    found = data("inspect", folder / "n")
    assert (found["artifact_type"], found["value"], found["files"]) == ("result", 3, [])
    assert "value" in run("inspect", folder / "evil").output


def test_no_plugin_is_needed(tmp_path: Path) -> None:
    package = write(tmp_path, preview={"text": "a tensor"})
    found = data("inspect", package)
    assert found["packager"] == "packagers-torch-of-mars:mars.TensorPackager"
    assert [file["path"] for file in found["files"]] == ["deep/tensor.mars", "notes.txt"]
    assert "a tensor" in run("show", package).output
    assert data("verify", package)["ok"] is True
    assert "is not installed" in run("unpack", package, code=1).stderr


def test_signature_states(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(tmp_path / "bare", signer=None) as session:
        session.pack(b"", "raw : file")
    assert data("inspect", tmp_path / "bare" / "raw")["signature"] == {"state": "unsigned", "key": "", "problem": ""}
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "another user"))
    assert data("inspect", folder / "raw")["signature"]["state"] == "foreign"
    assert not (tmp_path / "another user").exists()
    manifest = folder / "raw" / "manifest.json"
    text = json.loads(manifest.read_text())
    manifest.write_text(manifest.read_text().replace(text["signature"]["check"], "00000000"))
    found = data("inspect", folder / "raw")["signature"]
    assert found["state"] == "damaged"
    assert "damaged" in found["problem"]


@pytest.mark.parametrize("command", ["inspect", "show", "verify"])
def test_what_is_no_package(tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain.txt").write_text("x")
    for name in ("nothing", "empty", "plain.txt"):
        assert name in run(command, tmp_path / name, code=1).stderr


def test_links_are_shown_by_their_values(tmp_path: Path) -> None:
    package = write(tmp_path, metrics={"accuracy": {"$link": "accuracy", "value": 1.0}})
    for command in ("inspect", "show"):
        (line,) = [line for line in run(command, package).output.splitlines() if "accuracy" in line]
        assert line.removeprefix("metric ").split() == ["accuracy", "1.0"]


@pytest.mark.parametrize("command", ["inspect", "show", "unpack", "zip"])
def test_a_folder_of_packages(folder: Path, command: str) -> None:
    more = [folder / "x.zip"] if command == "zip" else []
    shown = run(command, folder, *more, code=1).stderr
    assert "is a folder of packages\n  → Name one of them: evil, many, n, raw." in shown
    assert "Did you mean 'many'?" in run(command, folder / "mnay", *more, code=1).stderr


@pytest.mark.parametrize("command", ["inspect", "show", "unpack", "verify"])
@pytest.mark.parametrize("name", ["cut.zip", "cut.download"])
def test_a_zip_that_is_cut_short(folder: Path, tmp_path: Path, command: str, name: str) -> None:
    whole = Package.open(folder / "raw").zip(tmp_path / "whole.zip").read_bytes()
    (tmp_path / name).write_bytes(whole[:300])
    assert f"{name} is no readable zip (truncated?)" in run(command, tmp_path / name, code=1).stderr


# show


def test_a_table_text_and_a_picture(tmp_path: Path) -> None:
    table = {"columns": ["a", EVIL], "rows": [["1", "[red]2"], ["3"], "no row"]}
    shown = run("show", write(tmp_path / "table", preview={"table": table}, description={"shape": [2, 2], EVIL: EVIL})).output
    assert "[red]2" in shown
    assert "2, 2" in shown
    assert "first\nsecond" in run("show", write(tmp_path / "text", preview={"text": "first\nsecond\x1b[2J"})).output
    assert "a picture (40 by 30 pixels, 24 B): --html" in run("show", write(tmp_path / "png", preview={"png": PNG})).output
    assert run("show", write(tmp_path / "odd", preview={"table": 3, "text": 4})).output.startswith("mars: mars.Tensor as file (mars)\n")


def test_a_page_of_html(tmp_path: Path) -> None:
    package = write(tmp_path, preview={"png": PNG}, description={EVIL: EVIL}, labels={"half": "\ud800"})
    assert data("show", package, "--html", tmp_path / "page.html") == {"html": str(tmp_path / "page.html")}
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<title>mars: mars.Tensor as file (mars)</title>" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert f"data:image/png;base64,{PNG}" in page


def test_a_page_can_be_read_by_everybody(tmp_path: Path) -> None:
    package = write(tmp_path, preview={"table": {"columns": ["a"], "rows": [["1"]], "shape": [3, 2]}}, labels={"who": "me"})
    run("show", package, "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert "<h1>mars: mars.Tensor as file (mars)</h1>" in page
    assert '<caption>Preview</caption><thead><tr><th scope="col">a</th></tr></thead>' in page
    assert "… and 2 more rows and 1 more column" in page
    assert '<th scope="row">label who</th><td>me</td>' in page
    assert "prefers-color-scheme: dark" in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert f"style-src 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in page


def test_a_container_is_shown_with_its_parts(tmp_path: Path) -> None:
    big = b"x" * 70_000
    packagers.pack({"layers": [big, (1, big)], "odd name": {2: big}, "n": {3}}, "net", tmp_path)
    lines = run("show", tmp_path / "net").output.splitlines()
    assert lines[0] == "net: dict as file"
    assert "value   {'layers': [<part 0>, (1, <part 0>)], 'odd name': {2: <part 0>}, 'n': {3}}" in lines
    table = [line.split("   ") for line in lines[lines.index(next(line for line in lines if line.startswith("part "))) + 2 :]]
    assert [cell.strip() for cell in table[0] if cell.strip()] == [
        ".layers[0], .layers[1][1], ['odd name'][2]",
        "bytes",
        "file",
        "68.4 KiB",
    ]
    nine = [{"$part": 0, "item": number} for number in range(9)]
    many = write(tmp_path / "many", skeleton=nine, parts=(Part(Written("p", "t", "file"), "part-0"),))
    assert "[0], [1], [2], … (9 in all)" in run("show", many).output


def test_whatever_can_be_opened_is_shown(folder: Path, tmp_path: Path) -> None:
    Package.open(folder / "raw").zip(tmp_path / "raw.zip")
    whole = run("show", folder / "raw").output
    assert whole == run("show", tmp_path / "raw.zip").output == run("show", (folder / "raw").as_uri()).output
    assert "00000000  61 62 63 61" in whole
    with Session(tmp_path / "more") as session:
        session.pack([1, b"abc"], "*parts")
        session.pack(iter([[1], [2]]), "stream")
    assert "value   [1, → parts_1]" in run("show", tmp_path / "more" / "parts").output
    assert run("show", tmp_path / "more" / "stream").output.startswith("stream: ")


def test_no_colours_where_nobody_looks(folder: Path) -> None:
    code = "from packagers.cli import main; main()"
    variables = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "30"}
    done = subprocess.run(
        [sys.executable, "-c", code, "show", str(folder / "raw")], env=variables, capture_output=True, text=True, check=False
    )
    assert done.stdout == run("show", folder / "raw").output


def test_show_as_json(folder: Path) -> None:
    found = data("show", folder / "raw")
    assert found["labels"] == {"who": EVIL}
    assert isinstance(found["preview"], dict)
    assert data("show", folder / "n")["value"] == 3


# verify


def test_a_whole_folder(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(folder / "sub")
    found = data("verify", folder)
    assert found["ok"] is True
    assert [Path(entry["package"]).relative_to(folder).as_posix() for entry in found["checked"]] == [
        "results.json",
        "many",
        "raw",
        "sub/mars",
    ]
    assert {entry["signature"] for entry in found["checked"]} == {"own"}


def test_packages_inside_of_payloads_are_payload(folder: Path, tmp_path: Path) -> None:
    packagers.pack(folder, "whole : path", tmp_path / "outer")
    assert len(data("verify", tmp_path / "outer")["checked"]) == 1


@pytest.mark.parametrize("victim", ["raw", "results.json"])
def test_a_flipped_bit_is_found(folder: Path, victim: str) -> None:
    file = (
        folder / victim if victim.endswith("json") else next(path for path in (folder / victim).rglob("*") if path.stat().st_size == 3000)
    )
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = run("verify", folder, folder / "many", code=1)
    assert str(file) in done.stdout
    assert str(file) in done.stderr
    assert "1 of 4 is not as packed" in done.stderr
    found = data("verify", folder, folder / "many", code=1)
    assert found["ok"] is False
    assert [entry["file"] for entry in found["checked"] if entry["state"] == "damaged"] == [str(file)]
    assert [entry["state"] for entry in found["checked"]].count("ok") == 3


def test_files_that_are_missing_and_too_many(folder: Path) -> None:
    payload = Package.open(folder / "raw").payload
    (payload / "more").write_text("x")
    assert "more" in run("verify", folder / "raw", code=1).stderr
    (payload / "more").unlink()
    next(payload.iterdir()).unlink()
    assert "is missing" in run("verify", folder / "raw", code=1).stderr


def test_the_rest_is_checked_all_the_same(folder: Path, tmp_path: Path) -> None:
    found = data("verify", tmp_path / "nothing", folder / "raw", folder / "n", code=1)
    assert [entry["state"] for entry in found["checked"]] == ["unreadable", "ok", "ok"]


def test_a_package_that_has_lost_its_manifest(folder: Path) -> None:
    (folder / "raw" / "manifest.json").unlink()
    for named in (folder, folder / "raw"):
        assert "no manifest: not a package, or a damaged one" in run("verify", named, code=1).stderr
        bad = [entry for entry in data("verify", named, code=1)["checked"] if entry["state"] != "ok"]
        assert [(entry["state"], entry["package"]) for entry in bad] == [("unreadable", str(folder / "raw"))]


def test_a_key_that_looks_like_a_payload(tmp_path: Path) -> None:
    packagers.pack(b"x", "20240101 : file", tmp_path)
    packagers.pack(b"x", "model : file", tmp_path / "runs" / "20240102")
    assert len(data("verify", tmp_path)["checked"]) == 2


def test_a_folder_that_cannot_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if os.fspath(path) == str(folder / "raw"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    bad = [entry for entry in data("verify", folder, code=1)["checked"] if entry["state"] != "ok"]
    assert [(entry["state"], entry["package"]) for entry in bad] == [("unreadable", str(folder / "raw"))]
    assert "Permission denied" in bad[0]["problem"]


# zip


def test_a_zip_has_the_same_digest(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "raw.zip"
    found = data("zip", folder / "raw", target)
    assert zipfile.is_zipfile(target)
    assert found["digest"] == data("inspect", target)["digest"] == data("inspect", folder / "raw")["digest"]
    assert data("verify", target)["ok"] is True
    assert "already there" in run("zip", folder / "raw", target, code=1).stderr
    assert "no package by itself" in run("zip", folder / "n", tmp_path / "n.zip", code=1).stderr


# unpack


def test_values_are_shown_in_short(folder: Path, tmp_path: Path) -> None:
    assert run("unpack", folder / "many").output == "[1, {'a': None}]\n"
    assert run("unpack", folder / "n").output == "3\n"
    assert data("unpack", folder / "n") == {"type": "int", "repr": "3", "value": 3}
    assert data("unpack", folder / "many")["value"] == [1, {"a": None}]
    assert data("unpack", folder / "raw").keys() == {"type", "repr"}
    assert "\\x1b[31m" in run("unpack", folder / "evil").output
    packagers.pack(list(range(100_000)), "long : file", tmp_path)
    assert len(run("unpack", tmp_path / "long").output) < 1000


@pytest.mark.parametrize("value", [None, True, -1.5, "text", [], [[1] * 900], {"a": {"b": [None]}}])
def test_what_is_json_as_it_is(value: Any) -> None:
    assert is_small_json(value)
    assert json.loads(json.dumps(value)) == value


def test_what_is_no_json_or_not_small() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    for value in (
        (1,),
        {1: 2},
        float("nan"),
        float("inf"),
        b"",
        10**5000,
        "x" * 20_000,
        [0] * 1001,
        dict.fromkeys(map(str, range(1001)), 0),
        deep,
    ):
        assert not is_small_json(value)


def test_plain_files_hints_and_options(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[1, 2]")
    assert run("unpack", tmp_path / "plain.json", "--as", "list").output == "[1, 2]\n"
    assert run("unpack", tmp_path / "plain.json", "--as", "list", "--option", "format='json'").output == "[1, 2]\n"
    assert "--as pandas.DataFrame" in run("unpack", tmp_path / "plain.json", code=1).stderr
    assert "no_such_option" in run("unpack", tmp_path / "plain.json", "--as", "list", "--option", "no_such_option=1", code=1).stderr
    for option in ("format", "=x"):
        assert "name=value" in run("unpack", tmp_path / "plain.json", "--option", option, code=2).stderr
    assert "twice" in run("unpack", tmp_path / "plain.json", "--option", "a=1", "--option", "a=2", code=2).stderr


def test_trust_is_the_callers(tmp_path: Path) -> None:
    packagers.pack(lambda: 1, "pickled : object", tmp_path)
    assert "lambda" in run("unpack", tmp_path / "pickled").output
    assert "can run any code" in run("unpack", tmp_path / "pickled", "--trust", "data", code=1).stderr
    assert "not a trust policy" in run("unpack", tmp_path / "pickled", "--trust", "everything", code=1).stderr


def test_a_project_that_nobody_named_cannot_loosen_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(tmp_path, signer=None) as session:
        session.pack(lambda: 1, "pickled : object")
    (tmp_path / "pyproject.toml").write_text('[tool.packagers]\ntrust = "all"\n')
    monkeypatch.chdir(tmp_path)
    refused = run("unpack", "pickled", code=1).stderr
    assert "can run any code" in refused
    assert "`--trust all`" in refused
    assert "unpack(" not in refused
    assert "lambda" in run("unpack", "pickled", "--project", ".").output
    assert "lambda" in run("unpack", "pickled", "--trust", "all").output
    monkeypatch.setenv("PACKAGERS_TRUST", "all")
    assert "lambda" in run("unpack", "pickled").output
    monkeypatch.setenv("PACKAGERS_TRUST_CEILING", "own")
    assert "can run any code" in run("unpack", "pickled", "--project", ".", code=1).stderr


def test_files_are_copied_as_they_are(tmp_path: Path) -> None:
    package = write(tmp_path)
    target = tmp_path / "copies"
    assert data("unpack", package, "--to", target) == {"files": [str(target / "deep" / "tensor.mars"), str(target / "notes.txt")]}
    assert (target / "deep" / "tensor.mars").read_bytes() == b"\0\1\2"
    (target / "deep" / "tensor.mars").unlink()
    assert "there is a file already" in run("unpack", package, "--to", target, code=1).stderr
    assert not (target / "deep" / "tensor.mars").exists()


def test_only_whole_packages_are_copied(folder: Path, tmp_path: Path) -> None:
    assert "has no files" in run("unpack", folder / "n", "--to", tmp_path / "copies", code=1).stderr
    assert "goes with neither" in run("unpack", folder / "raw", "--to", tmp_path / "copies", "--as", "bytes", code=2).stderr
    next(Package.open(folder / "raw").payload.iterdir()).write_bytes(b"abd" * 1000)
    run("unpack", folder / "raw", "--to", tmp_path / "copies", code=1)
    assert not (tmp_path / "copies").exists()


def test_in_a_process_of_its_own(folder: Path) -> None:
    code = "from packagers.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", str(folder), "--json"], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True
