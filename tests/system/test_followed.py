"""The documents that are followed step by step: every file is saved, every command is run, and what it prints is what the page says.

A block with ``title="FILE"`` is saved under that name. In a ``console`` block, what follows a command is what it prints, where ``…`` stands
for anything; a command marked ``# fails`` has to fail. ``sh`` blocks are run; those marked ``network`` need an index and are not.
"""

from __future__ import annotations

import os
import re
import site
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
FOLLOWED = ["docs/tutorial/your-first-packager.md", "docs/howto/publish-a-plugin.md"]
BLOCK = re.compile(r"^ *```(\w+)([^\n]*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
TITLE = re.compile(r'title="([^"]+)"')


class Shell:
    """A shell in an environment that finds all that this one finds, and takes up what is installed into it."""

    def __init__(self, base: Path) -> None:
        self.folder = base / "home"
        self.folder.mkdir()
        self._place = base / "place"
        environment = base / "environment"
        venv.create(environment, symlinks=True)
        commands = environment / "bin"
        python = commands / "python"
        library = Path(subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip())
        places = [*site.getsitepackages(), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        lines = [f"import site; site.addsitedir({place!r})" for place in places]
        (library / "others.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name in ("packagers", "pip", "pytest"):
            command = commands / name
            command.write_text(f'#!/bin/sh\nexec "{python}" -m {name} "$@"\n', encoding="utf-8")
            command.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PACKAGERS_", "PYTEST_", "PIP_", "PYTHON"))}
        self._environment = {
            **kept,
            "PATH": os.pathsep.join([str(commands), os.environ["PATH"]]),
            "PACKAGERS_CONFIG_DIR": str(base / "config"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # which is how this variable says: no isolation
            "PIP_NO_INDEX": "1",
            "COLUMNS": "200",
        }

    def run(self, script: str) -> tuple[int, str]:
        """Run lines, in the folder that the last ones ended in; give the exit status and all that was printed."""
        command = ["sh", "-ec", f'trap "pwd > {self._place}" EXIT\n{script}']
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        self.folder = Path(self._place.read_text(encoding="utf-8").strip())
        return done.returncode, done.stdout


def commands_of(block: str) -> Iterator[tuple[str, str]]:
    """Give the commands of a console block, and what each prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def is_printed(expected: str, output: str) -> bool:
    """Tell whether an output is what a page says, in which ``…`` stands for anything, also for many lines."""
    lines = [" ".join(line.split()) for line in expected.splitlines()]
    pattern = r"\s*".join(re.escape(line).replace("…", ".*") for line in lines)
    return re.fullmatch(pattern, "\n".join(" ".join(line.split()) for line in output.splitlines()).strip(), re.DOTALL) is not None


@pytest.mark.parametrize("document", FOLLOWED)
def test_a_document_can_be_followed(document: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for language, words, indented in BLOCK.findall((ROOT / document).read_text(encoding="utf-8")):
        body = dedent(indented)
        title = TITLE.search(words)
        if title is not None:
            file = shell.folder / title[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")
        elif language == "console":
            for command, expected in commands_of(body):
                status, output = shell.run(command)
                assert (status != 0) == command.endswith("# fails"), f"$ {command}\n{output}"
                assert is_printed(expected, output) or not expected, f"$ {command}\n{output}\nis not\n{expected}"
        elif language == "sh" and "network" not in words.split():
            status, output = shell.run(body)
            assert status == 0, f"{body}\n{output}"


@pytest.mark.parametrize(
    ("expected", "output", "fits"),
    [
        ("a  b", "a b\n", True),
        ("…\nb …\n…", "x\ny\nb 1\nz", True),
        ("…", "", True),
        ("a", "a\nb", False),
        ("a.c", "abc", False),
    ],
)
def test_outputs_are_compared_but_for_what_is_left_out(expected: str, output: str, fits: bool) -> None:
    assert is_printed(expected, output) is fits
