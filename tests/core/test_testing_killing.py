"""What the suite takes for the work of a kill is what a kill leaves: the same operations, once copied and once died at."""

from __future__ import annotations

import builtins
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packagers.testing.killing import at_operations, tree_of

PROGRAM = """
import json, os, re, shutil, signal, sys
from pathlib import Path

import packagers
from packagers.testing.killing import at_operations, tree_of

base = Path(sys.argv[1])
VALUES = [b"text" * 5000, b"other" * 5000, b"third" * 5000]


def pack(number, folder):
    packagers.pack(VALUES[number], "data : file", folder)


def told(tree):
    found = []
    for name, data in tree.items():
        is_sealed = "manifest" in name or ".tmp" in name  # its text names the payload, whose name is random
        found.append((re.sub(r"[0-9a-f]{8}", "-", name), "folder" if data is None else str(len(data)) if is_sealed else data.decode()))
    return sorted(found)


report = []
before = base / "before"
before.mkdir()
for number in range(len(VALUES)):
    copied, copies = shutil.copytree(before, base / f"copied-{number}"), []
    with at_operations(copied, lambda name, index: copies.append(tree_of(copied))):
        pack(number, copied)
    for point, copy in enumerate(copies):
        killed = shutil.copytree(before, base / f"killed-{number}-{point}")
        child = os.fork()
        if child == 0:
            with at_operations(killed, lambda name, index: os.kill(os.getpid(), signal.SIGKILL) if index == point else None):
                pack(number, killed)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        report.append([ended, told(copy) == told(tree_of(killed))])
    pack(number, before)
print(json.dumps(report))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_copy_is_what_a_kill_leaves(tmp_path: Path) -> None:
    environment = {**os.environ, "PACKAGERS_CONFIG_DIR": str(tmp_path / "config")}
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert len(report) >= 16
    assert [point for point in report if point != [-9, True]] == []


def test_operations_are_heard_in_the_folder_alone(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    seen_by_act: list[tuple[str, list[str]]] = []
    kept = (os.open, os.mkdir, os.replace, io.open, builtins.open)
    with at_operations(inside, lambda name, number: seen_by_act.append((name, sorted(tree_of(inside))))) as seen:
        (outside / "file").write_text("text", encoding="utf-8")
        (inside / "file").write_text("text", encoding="utf-8")
        (inside / "file").read_text(encoding="utf-8")
        (inside / "folder").mkdir()
        (inside / "file").rename(inside / "folder" / "other")
    assert seen == ["open", "the first byte is written", "os.mkdir", "os.rename"]
    assert seen_by_act[0] == ("open", [])
    assert seen_by_act[1] == ("the first byte is written", ["file"])
    assert seen_by_act[3] == ("os.rename", ["file", "folder"])
    assert (os.open, os.mkdir, os.replace, io.open, builtins.open) == kept
