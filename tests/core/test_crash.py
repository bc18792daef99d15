"""A kill at any moment of packing leaves the old package whole, or the new one, or none; never something that looks whole and is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers.package import Package

KILLS = 300

PACKER = """
import os, random, signal, sys, time
import packagers
from packagers.registry import default_registry

folder, seed, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)

def value(generation):
    return {"generation": generation, "blob": bytes([generation % 256]) * (80_000 + 1000 * (generation % 7)), "many": [generation] * 40_000}

packagers.pack(value(0), "warm", folder)       # everything is imported before the first fork
packagers.unpack(os.path.join(folder, "warm"))
for kill in range(kills):
    child = os.fork()
    if child == 0:
        with packagers.Session(folder) as session:
            for generation in range(1, 1000):
                session.pack(value(generation), "data")
                session.pack(generation, "count")
                session.close()
        os._exit(1)
    time.sleep(random.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    for key in ("data", "count"):
        place = os.path.join(folder, key)
        if key == "data" and not os.path.exists(os.path.join(place, "manifest.json")):
            continue
        if key == "count" and not os.path.exists(os.path.join(folder, "results.json")):
            continue
        found = packagers.unpack(place)
        if key == "data":
            assert found == value(found["generation"]), "a torn package"
print("survived", kills)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and kill -9")
@pytest.mark.parametrize("kills", [KILLS, pytest.param(10 * KILLS, marks=pytest.mark.long)])
def test_a_kill_at_a_random_moment_never_leaves_a_torn_package(tmp_path: Path, figure: Any, kills: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PACKER, str(tmp_path), "1", str(kills)], capture_output=True, text=True, timeout=1800, check=False
    )
    figure("faults", "kill -9 at a random moment", points=kills, violations=int(done.returncode != 0))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["survived", str(kills)]
    last = packagers.pack({"generation": -1}, "data : file", tmp_path)
    assert isinstance(last, packagers.Artifact)
    assert sorted(path.name for path in last.path.iterdir()) == ["manifest.json"], "litter of a crash is gone after the next packing"


def test_a_packager_that_fails_leaves_the_old_package_as_it_was(tmp_path: Path) -> None:
    packagers.pack(b"old", "data", tmp_path)
    before = (tmp_path / "data" / "manifest.json").read_bytes()
    with pytest.raises(packagers.PackError):
        packagers.pack([b"x" * 100_000, (i for i in range(3))], "data", tmp_path)
    assert (tmp_path / "data" / "manifest.json").read_bytes() == before
    assert packagers.unpack(tmp_path / "data") == b"old"
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_a_packager_that_fails_leaves_nothing_where_nothing_was(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError):
        packagers.pack([b"x" * 100_000, (i for i in range(3))], "data", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_packing_over_a_package_replaces_it_whole(tmp_path: Path) -> None:
    packagers.pack([b"x" * 100_000, b"y" * 100_000], "data", tmp_path)
    packagers.pack(b"z", "data", tmp_path)
    package = Package.open(tmp_path / "data")
    assert [file.path for file in package.manifest.files] == ["bytes.bin"]
    assert sorted(path.name for path in package.folder.iterdir()) == sorted(["manifest.json", package.manifest.payload])


def test_exist_error_refuses_and_leaves_what_is_there(tmp_path: Path) -> None:
    packagers.pack(b"old", "data", tmp_path)
    with pytest.raises(packagers.PackError, match="already"):
        packagers.pack(b"new", "data", tmp_path, exist="error")
    assert packagers.unpack(tmp_path / "data") == b"old"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_something_that_is_no_package_is_never_replaced(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "data"
    if kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "notes.txt").write_text("mine")
    with pytest.raises(packagers.PackError, match="no package"):
        packagers.pack(b"new", "data", tmp_path)
    assert (place if kind == "file" else place / "notes.txt").read_text() == "mine"


def test_the_order_of_writing_is_payload_then_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from packagers import durable

    seen: list[list[str]] = []
    replace = os.replace

    def spy(source: str, target: str) -> None:
        folder = Path(target).parent
        seen.append(sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".tmp"))
        replace(source, target)

    monkeypatch.setattr(durable.os, "replace", spy)
    packagers.pack(b"abc", "data", tmp_path)
    assert seen == [["bytes.bin"]]
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["files"][0]["size"] == 3
