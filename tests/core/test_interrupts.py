"""Ctrl-C, wherever it comes: what was finished stands, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import packagers
from packagers import LogHint, Packager, Registry, Session
from packagers.package import Package

HERE = ("durable.py", "package.py", "results.py", "ledger.py", "linking.py", "files.py")
"""The modules that change something on the disk."""


class Thing:
    """What the packager below packs."""


class Interrupted(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def pack_file(self, obj: Any, folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    def unpack_file(self, folder: Path) -> Any:
        return Thing()


def chunks() -> Iterator[bytes]:
    yield b"1"
    raise KeyboardInterrupt


class Summary(Interrupted):
    def pack_file(self, obj: Any, folder: Path) -> None:
        (folder / "whole").write_text("whole")

    def describe(self, obj: Any) -> dict[str, Any]:
        raise KeyboardInterrupt


CASES: dict[str, tuple[type[Packager], Callable[[], Any]]] = {
    "in a packager": (Interrupted, Thing),
    "in a leaf": (Interrupted, lambda: {"a": [b"x" * 10, Thing()]}),
    "in a stream": (Interrupted, chunks),
    "in a description": (Summary, Thing),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("over", [False, True], ids=["new", "over another"])
def test_an_interrupt_leaves_what_was_finished_and_nothing_else(tmp_path: Path, case: str, over: bool) -> None:
    packager, make = CASES[case]
    registry = Registry(discover=False)
    registry.add(f"{Thing.__module__}.{Thing.__qualname__}", packager)
    if over:
        packagers.pack(b"old", "second", tmp_path)

    def work() -> None:
        with Session(tmp_path, registry=registry) as session:
            session.pack(1, "number")
            session.pack_returns((b"first", make(), b"third"), ["first", "second", "third"])

    with pytest.raises(KeyboardInterrupt):
        work()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "results.json", *(["second"] if over else [])]
    assert packagers.unpack(tmp_path / "first") == b"first"
    assert packagers.unpack(tmp_path / "number") == 1
    assert litter(tmp_path) == []
    if over:
        assert packagers.unpack(tmp_path / "second") == b"old"


def litter(folder: Path) -> list[str]:
    """List what stands in a folder beside whole packages and results."""
    strays = []
    for path in folder.iterdir():
        if path.name == "results.json":
            continue
        if not (path / "manifest.json").exists():
            strays.append(path.name)
            continue
        package = Package.open(path)
        package.verify()
        names = {"manifest.json", package.manifest.payload}
        strays += [f"{path.name}/{inner.name}" for inner in path.iterdir() if inner.name not in names]
    return strays


class Tracer:
    """Interrupts at one of the lines that the modules above run.

    Args:
        stop: At which of them, from 1; 0 for none.
    """

    def __init__(self, stop: int) -> None:
        self.stop = stop
        self.lines = 0

    def __enter__(self) -> Tracer:
        self.before = sys.gettrace()
        sys.settrace(self.call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self.before)

    def call(self, frame: FrameType, event: str, _: object) -> Any:
        return self.line if os.path.basename(frame.f_code.co_filename) in HERE and "packagers" in frame.f_code.co_filename else None

    def line(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self.stop:
                raise KeyboardInterrupt
        return self.line


def generation(folder: Path, number: int) -> None:
    """Pack a version of everything: files, a value, links, results."""
    with Session(folder) as session:
        session.pack(bytes([number]) * 100, LogHint("data", artifact_type="file", extra_data={"it": {"$link": "count"}}))
        session.pack({"n": number, "blob": [bytes([number]) * 100]}, "tree : file")
        session.pack(number, "count")
        # Now an artifact, now a result.
        session.pack([number], "either" if number % 2 else "either : file")


def versions(folder: Path) -> dict[str, int]:
    """Give the version of each thing that stands there; all must be whole."""
    found: dict[str, int] = {}
    for key in ("data", "tree", "count", "either"):
        try:
            value = packagers.unpack(folder / key)
        except packagers.UnpackError as error:
            if "there is nothing here" not in str(error) and "needs a type hint" not in str(error):
                raise
            continue
        if key == "data":
            assert len(value) == 100
            value = value[0]
        elif key == "either":
            [value] = value
        elif key == "tree":
            assert value["blob"] == [bytes([value["n"]]) * 100]
            value = value["n"]
        found[key] = value
    return found


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # between opening a file and holding it nobody closes it
@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)])
def test_an_interrupt_at_any_line_leaves_whole_versions(tmp_path: Path, figure: Any, step: int) -> None:
    generation(tmp_path / "warm", 1)
    with Tracer(0) as counted:
        generation(tmp_path / "warm", 2)
    assert counted.lines > 300
    interrupted = 0
    figure("interrupts", "Ctrl-C at a line of packing", points=len(range(0, counted.lines, step)), violations=0)
    for stop in range(1, counted.lines + 1, step):
        folder = tmp_path / str(stop)
        generation(folder, 1)
        try:
            with Tracer(stop):
                generation(folder, 2)
        except KeyboardInterrupt:
            interrupted += 1
        assert litter(folder) == [], f"litter of an interrupt at line {stop}"
        found = versions(folder)
        assert set(found) == {"data", "tree", "count", "either"}, f"lost at line {stop}: {found}"
        assert set(found.values()) <= {1, 2}
        generation(folder, 3)
        assert set(versions(folder).values()) == {3}
    assert interrupted > 0.9 * counted.lines / step


CHILD = """
import signal, sys
import packagers

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it
with packagers.Session(sys.argv[1]) as session:
    session.pack(b"warm", "warm")
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        session.pack({"n": number, "blob": [bytes([number % 256]) * 20_000] * 3}, "tree")
        session.pack(number, "count")
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs macOS or Linux")
@pytest.mark.parametrize("interrupts", [6, pytest.param(100, marks=pytest.mark.long)])
def test_a_real_interrupt_ends_a_process_with_what_was_finished(tmp_path: Path, figure: Any, interrupts: int) -> None:
    figure("interrupts", "SIGINT to a process that packs", points=interrupts, violations=0)
    for number in range(interrupts):
        folder = tmp_path / str(number)
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(2 + number % 5):
            child.stdout.readline()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        assert child.returncode == -signal.SIGINT, err
        assert "KeyboardInterrupt" in err
        finished = [int(line) for line in out.split()]
        tree = packagers.unpack(folder / "tree")
        assert tree["blob"] == [bytes([tree["n"] % 256]) * 20_000] * 3
        last = max(finished, default=1)
        assert tree["n"] >= last
        assert json.loads((folder / "results.json").read_text())["results"]["count"]["value"] >= last
        assert litter(folder) == []
