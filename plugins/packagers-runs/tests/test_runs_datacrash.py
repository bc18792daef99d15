"""A writer that is killed, at any operation, leaves what was there whole or all that it wrote; the next one removes the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs/killed_writers.py"


def killed(scenario: str, folder: Path, stride: int) -> dict[str, int]:
    command = [sys.executable, "-W", "ignore", str(PROGRAM), scenario, str(folder), str(stride)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


@pytest.mark.skipif(sys.platform == "win32", reason="needs macOS or Linux")
@pytest.mark.parametrize(("scenario", "stride"), [("file", 4), ("append", 1), ("aside", 4), ("sql", 4)])
def test_a_killed_writer_leaves_the_old_or_the_new(scenario: str, stride: int, tmp_path: Path) -> None:
    counted = killed(scenario, tmp_path, stride)
    assert counted["operations"] >= 10
    assert counted["before"] >= 2


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="needs macOS or Linux")
@pytest.mark.parametrize("scenario", ["file", "csv", "plain", "divided", "append", "aside", "sql"])
def test_a_writer_that_is_killed_at_every_operation(scenario: str, tmp_path: Path) -> None:
    counted = killed(scenario, tmp_path, 1)
    assert counted["operations"] == counted["before"] + counted["after"]
    assert counted["before"] >= 4
    assert counted["after"] >= 1
