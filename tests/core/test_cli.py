"""The frame of the command line: help, errors, JSON, what is missing, and the commands of other distributions."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import packagers
from packagers.cli.app import root
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen
from packagers.readable import visible

COMMANDS = ["list", "doctor", "explain", "inspect", "verify", "audit", "show", "unpack", "zip", "call", "config", "keys", "new"]
HEAVY = {"numpy", "pandas", "torch", "sklearn", "matplotlib", "pyarrow", "fsspec", "cloudpickle", "rich"}


def run(*arguments: str, code: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    code = code or "from packagers.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], env=os.environ | variables, capture_output=True, text=True, check=False)


def leaves(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        made = group.get_command(context, name)
        found += leaves(made, *path, name) if isinstance(made, click.Group) else [(*path, name)]
    return found


def test_help_names_all_commands() -> None:
    shown = CliRunner().invoke(root, ["--help"])
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.output.partition("Commands:")[2].splitlines() if line][: len(COMMANDS)] == COMMANDS


@pytest.mark.parametrize("path", leaves(root), ids=" ".join)
def test_every_command_has_json_and_help(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(root, [*path, "-h"])
    assert shown.exit_code == 0
    assert "--json" in shown.output
    assert "Args:" not in shown.output


def test_the_version() -> None:
    assert "0." in CliRunner().invoke(root, ["--version"]).output


@pytest.mark.parametrize("arguments", [["no-such"], ["inspect"], ["list", "--no-such"], ["explain", "int", "--direction", "up"]])
def test_usage_errors_exit_with_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(root, arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Usage:" in done.stderr


def test_the_nearest_command_is_named() -> None:
    assert "Did you mean 'call'?" in CliRunner().invoke(root, ["cal"]).stderr
    assert "Did you mean" not in CliRunner().invoke(root, ["--cal"]).stderr.partition("No such command")[2]


def test_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "packagers", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: packagers ")


def test_errors_are_a_message_and_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    done = CliRunner().invoke(root, ["inspect", str(tmp_path / "plain")])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "no package" in done.stderr
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


def test_traceback_gives_the_error_itself(tmp_path: Path) -> None:
    done = CliRunner().invoke(root, ["--traceback", "inspect", str(tmp_path / "nothing")])
    assert isinstance(done.exception, packagers.UnpackError)


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run("inspect", str(tmp_path / "no\x1b[31mthing"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is nothing here" in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("--traceback", "inspect", str(tmp_path / "nothing")).stderr


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_click_or_rich(tmp_path: Path, missing: str) -> None:
    (tmp_path / missing).mkdir()
    (tmp_path / missing / "__init__.py").write_text(f"raise ModuleNotFoundError('no {missing} here')\n")
    done = run("list", PYTHONPATH=str(tmp_path))
    assert done.returncode != 0
    assert done.stdout == ""
    assert "pip install packagers[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_listing_imports_nothing_heavy() -> None:
    code = "import sys\nfrom packagers.cli import main\ntry:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = run("list", "--json", code=code)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert done.returncode == 0
    assert loaded & (HEAVY - {"rich"}) == set()
    assert {name for name in loaded if name.startswith("packagers_")} == set()
    assert "rich.console" not in done.stderr.split()


def test_json_is_all_that_is_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    def talk() -> Report:
        """Talk."""
        sys.stdout.write("from Python\n")
        subprocess.run([sys.executable, "-c", "print('from a process')"], check=True)
        return Report({"text": "ä\x1b"}, lambda screen: screen.text("shown"))

    with pytest.raises(SystemExit) as ended:
        command("talk")(talk)(["--json"])
    assert ended.value.code == 0
    out, err = capfd.readouterr()
    assert json.loads(out) == {"text": "ä\x1b"}
    assert out.isascii()
    assert "from Python" in err
    assert "from a process" in err


def test_a_report_with_an_error_is_printed_and_fails() -> None:
    @click.group(cls=type(root))
    @click.option("--traceback", is_flag=True)
    def group(traceback: bool) -> None: ...

    def half() -> Report:
        """Do half of it."""
        return Report([1], lambda screen: screen.text("one"), packagers.PackError("two failed", remedy="Try again."))

    made = command("half")(half)
    group.get_command = lambda context, name: made  # type: ignore[method-assign]
    for arguments, expected in ((["half"], "one\n"), (["half", "--json"], "[\n  1\n]\n")):
        done = CliRunner().invoke(group, arguments)
        assert (done.exit_code, done.stdout, done.stderr) == (1, expected, "two failed\n  → Try again.\n")


def test_warnings_are_one_line(tmp_path: Path) -> None:
    site = install(tmp_path, "broken-hook", "[packagers]\nbad = no_such_module\n")
    done = run("explain", "int", "--json", PYTHONPATH=site)
    assert done.returncode == 0
    json.loads(done.stdout)
    assert done.stderr.startswith("warning: hook module broken-hook:bad is left out")
    assert ".py:" not in done.stderr


# What data holds


@given(st.text())
def test_no_character_has_an_effect(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)
    if text.isprintable():
        assert visible(text) == text


JOINED = "👩🏽‍💻🇩🇪❤️☝🏽é\u0301्क्षa #️⃣" + "".join(map(chr, range(0x1F3FB, 0x1F400)))
"""What terminals join: combining marks, zero-width joiners, regional indicators, skin tones, and what they join to."""


@given(st.lists(st.text(min_size=1) | st.text(JOINED, min_size=1), min_size=1, max_size=3), st.text(), st.text())
def test_nothing_is_markup(cells: list[str], text: str, fact: str) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        screen = Screen()
        screen.table(cells, [cells])
        screen.text(text)
        screen.facts([("[bold]name[/bold]", f"[link=x]{fact}"), ("empty", "")])
    shown = out.getvalue()
    assert all(c.isprintable() or c == "\n" for c in shown.replace("\t", ""))
    assert "[bold]name[/bold]" in shown
    assert f"[link=x]{visible(fact)}" in shown
    assert "empty" not in shown
    assert all(visible(cell) in shown for cell in cells)


# Commands of other distributions


def install(folder: Path, name: str, entry_points: str, **modules: str) -> str:
    """Write a distribution that is installed by its place on the path; give the place."""
    information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(entry_points)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
    return str(folder)


RUNS = """
import click

@click.group()
def group():
    "Look into runs."

@group.command()
def ls():
    "List them."
    click.echo("no runs")
"""


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(name: str, entry_points: str, **modules: str) -> None:
        install(tmp_path, name, f"[packagers.commands]\n{entry_points}\n", **modules)
        monkeypatch.syspath_prepend(str(tmp_path))
        for module in modules:
            monkeypatch.delitem(sys.modules, module, raising=False)

    return put


def test_a_group_of_another_distribution(others: Callable[..., None]) -> None:
    others("runs-x", "looks = runs_x_cli:group", runs_x_cli=RUNS)
    assert "looks    Look into runs." in CliRunner().invoke(root, ["--help"]).output
    assert CliRunner().invoke(root, ["looks", "ls"]).output == "no runs\n"


def test_it_is_loaded_only_when_it_is_named(others: Callable[..., None]) -> None:
    others("runs-y", "looks = runs_y_cli:group", runs_y_cli=RUNS)
    assert CliRunner().invoke(root, ["keys", "list"]).exit_code == 0
    assert CliRunner().invoke(root, ["no-such"]).exit_code == 2
    assert "runs_y_cli" not in sys.modules


@pytest.mark.parametrize(
    ("reference", "source", "why"),
    [
        ("no_such_module:group", "", "No module named"),
        ("broken_cli:group", "raise SystemExit(3)", "SystemExit"),
        ("broken_cli:group", "raise ValueError('\x1b[31m')", "ValueError"),
        ("broken_cli:nothing", "", "AttributeError"),
        ("broken_cli:group", "group = 3", "no click command but a int"),
    ],
)
def test_a_broken_command_breaks_nothing_else(others: Callable[..., None], reference: str, source: str, why: str) -> None:
    others("runs-z", f"bad = {reference}\ngood = good_cli:group", broken_cli=source, good_cli=RUNS)
    shown = CliRunner().invoke(root, ["--help"])
    assert shown.exit_code == 0
    assert "Look into runs." in shown.output
    assert "bad      broken: " in shown.output
    assert "\x1b" not in shown.output
    done = CliRunner().invoke(root, ["bad", "--anything", "else"])
    assert done.exit_code == 1
    assert why in done.stderr
    assert "runs-z" in done.stderr
    assert CliRunner().invoke(root, ["good", "ls"]).output == "no runs\n"


def test_our_own_names_cannot_be_taken(others: Callable[..., None]) -> None:
    others("runs-w", "keys = other_cli:group", other_cli=RUNS)
    assert "Look into runs." not in CliRunner().invoke(root, ["--help"]).output
    assert "other_cli" not in sys.modules
