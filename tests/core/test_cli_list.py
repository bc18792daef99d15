"""``packagers list``: all packagers without importing one, and with ``--load`` what each can do or why it is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from packagers.cli.app import root

Listing = Callable[..., dict[str, dict[str, Any]]]
GOOD = """
from packagers import Packager

class ThingPackager(Packager):
    PRIORITY = 4
    def pack_plot(self, obj, folder):
        "Write it."
    def unpack_v1(self, folder):
        "Read what was."
"""
OURS = "packagers-matplotlib,packagers-numpy,packagers-pandas,packagers-sklearn,packagers-torch"
ENTRY_POINTS = """[packagers.types]
fake_things.Thing = fake_packagers:ThingPackager
fake_things.Thing#other = fake_packagers:ThingPackager
fake_things.Missing = fake_packagers_missing:Packager
fake_things.Nameless = fake_packagers:NoSuch
fake_things.Function = fake_packagers_more:function
fake_things.Exit = fake_packagers_exit:Packager
fake_things.Raises = fake_packagers_raise:Packager
fake_things.Init = fake_packagers_more:InitPackager
[[not a type = fake_packagers:ThingPackager
[packagers]
bad hook = fake_packagers_missing
good = fake_hooks
"""
MORE = """
from packagers import Packager
print("imported loudly")
def function(): ...
class InitPackager(Packager):
    def __init__(self):
        raise RuntimeError("not today")
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    information = tmp_path / "fake_things-2.5.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-things\nVersion: 2.5\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    sources = {
        "fake_packagers": GOOD,
        "fake_packagers_more": MORE,
        "fake_packagers_exit": "raise SystemExit(0)",
        "fake_packagers_raise": "raise ValueError('[bold]\\x1b[31mred')",
        "fake_hooks": "",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    return tmp_path


@pytest.fixture
def listing(site: Path, monkeypatch: pytest.MonkeyPatch) -> Listing:
    """List in this process, our own plugins left out; give the entries of the fake distribution by type."""
    monkeypatch.setenv("PACKAGERS_DISABLE", OURS)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(site)

    def run(*arguments: str) -> dict[str, dict[str, Any]]:
        done = CliRunner().invoke(root, ["list", "--json", *arguments])
        assert done.exit_code == 0, done.stderr
        found = json.loads(done.stdout)
        ours = [entry for entry in found["packagers"] if entry["distribution"] == "fake-things"]
        return {entry["type"] + entry["label"]: entry for entry in ours} | {hook["name"]: hook for hook in found["hooks"]}

    return run


def test_all_are_listed_and_none_is_imported(listing: Listing) -> None:
    found = listing()
    assert len([entry for entry in found.values() if "type" in entry]) == 9
    assert found["fake_things.Thing"] == {
        "type": "fake_things.Thing",
        "label": "",
        "malformed": False,
        "distribution": "fake-things",
        "version": "2.5",
        "reference": "fake_packagers:ThingPackager",
        "origin": "plugin",
    }
    assert found["[[not a type"]["malformed"] is True
    assert found["fake_things.Thingother"]["label"] == "other"
    assert found["good"]["reference"] == "fake_hooks"
    assert not [name for name in sys.modules if name.startswith("fake_packagers") or name == "fake_hooks"]


def test_loading_says_what_each_can_do(listing: Listing) -> None:
    good = listing("--load")["fake_things.Thing"]
    assert {name: good[name] for name in ("packs", "unpacks", "priority", "state", "reason")} == {
        "packs": ["plot"],
        "unpacks": ["v1"],
        "priority": 4,
        "state": "ok",
        "reason": "",
    }


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("fake_things.Missing", "No module named 'fake_packagers_missing'"),
        ("fake_things.Nameless", "NoSuch"),
        ("fake_things.Function", "no subclass of Packager"),
        ("fake_things.Exit", "SystemExit"),
        ("fake_things.Raises", "red"),
        ("fake_things.Init", "not today"),
        ("[[not a type", "no type path"),
    ],
)
def test_loading_says_why_each_is_broken(listing: Listing, entry: str, why: str) -> None:
    found = listing("--load")[entry]
    assert found["state"] == "broken"
    assert why in found["reason"]
    assert (found["packs"], found["unpacks"], found["priority"]) == ([], [], None)


def test_hook_modules_and_their_state(listing: Listing) -> None:
    found = listing("--load")
    assert (found["good"]["state"], found["good"]["reason"]) == ("ok", "")
    assert found["bad hook"]["state"] == "broken"
    assert "fake_packagers_missing" in found["bad hook"]["reason"]


def test_what_is_switched_off_is_not_imported(listing: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_DISABLE", f"fake-things,{OURS}")
    for name in [name for name in sys.modules if name.startswith("fake_packagers")]:
        del sys.modules[name]
    found = listing("--load")
    assert {entry["state"] for entry in found.values()} == {"off"}
    assert not [name for name in sys.modules if name.startswith("fake_packagers")]


def test_the_core_is_listed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_DISABLE", OURS)
    found = json.loads(CliRunner().invoke(root, ["list", "--load", "--json"]).stdout)["packagers"]
    (entry,) = [entry for entry in found if entry["type"] == "dict" and entry["distribution"] == "packagers"]
    assert entry["origin"] == "core"
    assert entry["packs"] == entry["unpacks"] == ["file", "result"]


PROJECT = '[tool.packagers.types]\n"decimal.Decimal" = "no_such_module:Packager"\n'


def test_the_project_counts_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pyproject.toml").write_text(PROJECT)

    def projects(*arguments: str) -> list[str]:
        found = json.loads(CliRunner().invoke(root, ["list", "--json", *arguments]).stdout)["packagers"]
        return [entry["reference"] for entry in found if entry["origin"] == "project"]

    monkeypatch.chdir(tmp_path)
    assert projects() == []
    assert projects("--project", "here") == ["no_such_module:Packager"]
    monkeypatch.chdir("here")
    assert projects() == ["no_such_module:Packager"]
    Path("pyproject.toml").write_text('[project]\nname = "of-packagers"\n')
    assert projects() == []
    Path("pyproject.toml").write_text("[tool.packagers\n")
    done = CliRunner().invoke(root, ["list"])
    assert done.exit_code == 1
    assert "not TOML" in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("name", ["", "pyproject.toml"])
@pytest.mark.parametrize("command", ["list", "explain int", "config"])
def test_a_project_of_another_user_counts_only_where_it_is_named(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    usual, foreign = Path.stat, Path.cwd() / name

    def stat(path: Path, **options: Any) -> os.stat_result:
        found = usual(path, **options)
        return os.stat_result((*found[:4], 12345, *found[5:10])) if path == foreign else found

    assert "another user" not in CliRunner().invoke(root, command.split()).stderr
    monkeypatch.setattr(Path, "stat", stat)
    done = CliRunner().invoke(root, command.split())
    assert done.exit_code == 1
    assert "belongs to another user (12345), and its packagers are code" in done.stderr
    assert "name it: --project ." in done.stderr
    assert "another user" not in CliRunner().invoke(root, [*command.split(), "--project", "."]).stderr


def test_for_people(listing: Listing) -> None:
    plain = CliRunner().invoke(root, ["list"]).output
    assert "'[[not a type' (malformed)" in plain
    assert "fake_things.Thing#other" in plain
    loaded = CliRunner().invoke(root, ["list", "--load"]).output
    (line,) = [line for line in loaded.splitlines() if "fake_things.Raises" in line]
    assert "broken: " in line
    assert "[bold]\\x1b[31mred" in line
    assert "\x1b" not in loaded


def test_what_modules_print_is_not_json(site: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from packagers.cli import main; main()", "list", "--load", "--json"],
        env=os.environ | {"PYTHONPATH": str(site), "PACKAGERS_DISABLE": OURS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert done.stderr == "imported loudly\n"
