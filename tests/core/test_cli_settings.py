"""``packagers config``, ``packagers keys`` and ``packagers new``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from packagers.cli.app import root
from packagers.config import SETTINGS


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
    done = CliRunner().invoke(root, arguments, input=stdin)
    assert done.exit_code == code, done.output
    return done


def data(*arguments: str, stdin: str | None = None) -> Any:
    return json.loads(run(*arguments, "--json", stdin=stdin).stdout)


# config


def test_each_setting_and_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("pyproject.toml").write_text('[tool.packagers]\nerrors = "warn"\nprefer = ["a"]\n')
    monkeypatch.setenv("PACKAGERS_ENABLED", "off")
    found = data("config")
    assert found["project"] == str(tmp_path)
    settings = {entry["name"]: entry for entry in found["settings"]}
    assert list(settings) == list(SETTINGS)
    assert (settings["errors"]["value"], settings["errors"]["origin"]) == ("warn", f"pyproject.toml of {tmp_path}")
    assert (settings["enabled"]["value"], settings["enabled"]["origin"], settings["enabled"]["default"]) == (
        False,
        "PACKAGERS_ENABLED",
        True,
    )
    assert settings["prefer"]["value"] == ["a"]
    assert settings["trust"]["origin"] == "default"
    shown = run("config").output
    assert "PACKAGERS_ENABLED" in shown
    assert "'warn'" in shown


def test_the_ceiling_of_trust_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_TRUST_CEILING", "data")
    (trust,) = [entry for entry in data("config")["settings"] if entry["name"] == "trust"]
    assert trust["value"] == "data"
    assert trust["origin"] == "PACKAGERS_TRUST_CEILING, instead of 'own' from default"


def test_another_project_and_none(tmp_path: Path) -> None:
    assert data("config")["project"] is None
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pyproject.toml").write_text("[tool.packagers]\npack_tuples = true\n")
    assert data("config", "--project", "other")["project"] == str(tmp_path / "other")
    assert "no such project folder" in run("config", "--project", "missing", code=1).stderr


def test_what_the_project_registers() -> None:
    Path("pyproject.toml").write_text(
        '[tool.packagers.types]\n"a.A" = "m:P"\n"a.B" = {packager = "m:Q", optional = true}\n'
        '[tool.packagers.defaults]\n"a.A" = \'file[format="x"]\'\n'
    )
    found = data("config")
    assert found["types"] == {"a.A": {"packager": "m:P", "optional": False}, "a.B": {"packager": "m:Q", "optional": True}}
    assert found["defaults"] == {"a.A": 'file[format="x"]'}
    shown = run("config").output
    assert "m:Q" in shown
    assert 'file[format="x"]' in shown


def test_trust_of_a_project_counts_only_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trust(*arguments: str) -> tuple[str, str]:
        (found,) = [entry for entry in data("config", *arguments)["settings"] if entry["name"] == "trust"]
        return found["value"], found["origin"]

    Path("pyproject.toml").write_text('[tool.packagers]\ntrust = "all"\n')
    assert trust() == ("own", f"default; 'all' of pyproject.toml of {tmp_path} counts only where --project names it")
    assert trust("--project", ".") == ("all", f"pyproject.toml of {tmp_path}")
    monkeypatch.setenv("PACKAGERS_TRUST", "data")
    assert trust() == ("data", "PACKAGERS_TRUST")


def test_a_named_project_has_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    for command in (["config"], ["list"], ["explain", "int"]):
        assert "has no pyproject.toml" in run(*command, "--project", "bare", code=1).stderr


def test_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_TRUST", "everything")
    done = run("config", code=1)
    assert "PACKAGERS_TRUST" in done.stderr
    assert "It takes" in done.stderr


# keys


def test_the_life_of_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data("keys", "list") == {"keys": []}
    first = run("keys", "create").stdout.strip()
    second = data("keys", "create")["id"]
    assert {key["id"]: key["state"] for key in data("keys", "list")["keys"]} == {first: "accepted", second: "signing"}
    line = run("keys", "export").stdout
    assert line.count("\n") == 1
    assert data("keys", "export", second) == {"key": line.strip()}
    shown = run("keys", "list").output
    assert first in shown
    assert line.strip() not in shown

    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "another machine"))
    assert run("keys", "import", stdin=line).stdout == f"{second}\n"
    assert run("keys", "import", "-", stdin=line).stdout == f"{second}\n"
    assert data("keys", "import", line.strip()) == {"id": second}
    assert {key["id"]: key["state"] for key in data("keys", "list")["keys"]} == {second: "accepted"}
    assert second in run("keys", "revoke", second).stdout
    assert {key["state"] for key in data("keys", "list")["keys"]} == {"revoked"}


@pytest.mark.parametrize("text", ["", "no key", "packagers-key-1:00:00"])
def test_what_is_no_key_is_not_imported(text: str) -> None:
    done = run("keys", "import", stdin=text, code=1)
    assert "no exported key" in done.stderr
    assert "packagers keys export" in done.stderr


def test_what_is_no_id() -> None:
    assert "16 hex digits" in run("keys", "revoke", "x", code=1).stderr
    assert "no accepted key" in run("keys", "export", "0" * 16, code=1).stderr


# new


@pytest.mark.parametrize("name", ["ratios", "packagers-ratios"])
def test_new_writes_the_project_of_a_plugin(name: str) -> None:
    found = data("new", name, "--type", "fractions.Fraction")
    assert found["folder"] == "packagers-ratios"
    assert Path("packagers-ratios/pyproject.toml") in {Path(file) for file in found["files"]}
    assert all(Path(file).is_file() for file in found["files"])
    assert "something already" in run("new", name, "--type", "fractions.Fraction", code=1).stderr


def test_new_elsewhere_and_wrong() -> None:
    shown = run("new", "ratios", "--type", "fractions.Fraction", "--to", "here").stdout
    assert str(Path("here") / "pyproject.toml") in shown.splitlines()
    assert shown.splitlines()[-3:] == ["Written to here. Next:", "  pip install -e 'here[test]'", "  pytest here"]
    assert "name of a plugin" in run("new", "../ratios", "--type", "fractions.Fraction", code=1).stderr
    assert "--type" in run("new", "ratios", code=2).stderr
