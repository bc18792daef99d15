"""The documents tell the truth: their Python runs, their links lead somewhere, their tables are what the plugins say."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "core/*.md", "plugins/*/*.md") for path in ROOT.glob(pattern) if ".venv" not in path.parts
)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PRINTED = re.compile(r"^```text printed\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"^```(?:sh|shell|bash|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if PYTHON.search(path.read_text(encoding="utf-8"))], ids=name_of)
def test_the_python_of_a_document_runs_in_order(document: Path, tmp_path: Path) -> None:
    text = document.read_text(encoding="utf-8")
    blocks = PYTHON.findall(text)
    script = tmp_path / "document.py"
    script.write_text("\n\n".join(blocks), encoding="utf-8")
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for printed in PRINTED.findall(text):
        assert printed in done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_the_tables_are_not_stale() -> None:
    assert runpy.run_path(str(ROOT / "docs" / "tables.py"))["stale"]() == []


def test_the_first_shell_block_of_the_readme_holds_exactly_two_lines() -> None:
    block = SHELL.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert block is not None
    assert len(block[1].splitlines()) == 2
