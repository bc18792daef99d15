"""Long work says how far it has come: to whoever listens, and as bars in a terminal alone."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from packagers_runs.display.bars import show_progress
from packagers_runs.progress import counted, progress, watched_by
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import connect


class Told:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.works: list[dict[str, Any]] = []

    def begin(self, what: str, total: float | None, unit: str) -> dict[str, Any]:
        self.works.append({"what": what, "total": total, "unit": unit, "done": 0, "over": False})
        return self.works[-1]

    def advance(self, work: dict[str, Any], amount: float, note: str) -> None:
        work["done"] += amount
        if note:
            work["note"] = note

    def end(self, work: dict[str, Any]) -> None:
        work["over"] = True


def test_a_search_counts_its_iterations_and_says_the_best_so_far(tmp_path: Path) -> None:
    told = Told()
    with connect(f"sqlite:///{tmp_path}/runs.db") as store, watched_by(told):
        task = {"handler": lambda p: p * p / 3, "hyper_params": {"p": [1, 4, 2]}, "selector": "max.square", "returns": ["square"]}
        new_function().run(**task, store=store)
    (work,) = [each for each in told.works if each["what"] == "iterations"]
    assert (work["total"], work["done"], work["over"]) == (3, 3, True)
    assert work["note"] == "best square so far 5.33333, in iteration 2"


def divide() -> None:
    with progress("dividing") as advance:
        advance(2)
        raise ZeroDivisionError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_who_listens_is_told() -> None:
    told = Told()
    with watched_by(told):
        assert list(counted("abc", "spelling", 3, "letters")) == ["a", "b", "c"]
        with pytest.raises(ZeroDivisionError):
            divide()
    with progress("unheard", 1) as advance:
        advance(1)
    assert told.works == [
        {"what": "spelling", "total": 3, "unit": "letters", "done": 3, "over": True},
        {"what": "dividing", "total": None, "unit": "", "done": 2, "over": True},
    ]


def test_an_upload_counts_its_bytes(tmp_path: Path) -> None:
    told = Told()
    with connect(f"sqlite:///{tmp_path}/runs.db", f"memory://progress-{os.getpid()}") as store, watched_by(told):
        run = new_function().run(handler=lambda: b"x" * 300_000, returns=["data : file"], store=store)
    size = run.status.artifacts[0]["spec"]["size"]
    assert size >= 300_000
    assert {"what": "uploading data", "total": size, "unit": "bytes", "done": size, "over": True} in told.works


def test_collecting_counts_objects(tmp_path: Path) -> None:
    told = Told()
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        for number in range(3):
            new_function().run(handler=lambda number=number: b"x" * number, returns=["data : file"], store=store)
        count = len(list(store.objects.digests()))
        with watched_by(told):
            store.prune(0)
    assert count >= 3
    assert [(work["total"], work["done"], work["unit"]) for work in told.works] == [(count, count, "objects")]


def drawn(monkeypatch: pytest.MonkeyPatch, work: Callable[[], None], *, wanted: bool = True, out: Any = None, err: Any = None) -> str:
    out, err = out or Terminal(), err or Terminal()
    with monkeypatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setenv("COLUMNS", "100")
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        with show_progress(wanted):
            work()
    assert not out.getvalue() or not isinstance(out, Terminal)
    return str(err.getvalue())


def long_work() -> None:
    """Work that takes until it is seen."""
    with progress("up[b]load\x1b]0;title\x07", 3_000_000, "bytes") as advance:
        advance(1_000_000)
        with progress("counting", 1200, "runs") as count:
            count(1100, "best \x1b[31m[b]0.97")
            count(0)
            until = time.monotonic() + 30
            screen: Any = sys.stderr
            while "1,100" not in screen.getvalue() and time.monotonic() < until:
                time.sleep(0.01)


def test_a_terminal_shows_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn(monkeypatch, long_work)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert "up[b]load\\x1b]0;title\\x07" in plain
    assert "1.0 MB of 3.0 MB" in plain
    assert "1,100 of 1,200 runs" in plain
    assert "best \\x1b[31m[b]0.97" in plain
    assert "\x1b]" not in text
    assert text.rstrip("\r").endswith("\x1b[?25h")  # the cursor is there again, and the last line is empty
    assert "\x1b[2K" in text.rpartition("1.0 MB")[2]


def screen_of(text: str) -> list[str]:
    """Give the lines that stand on a terminal after all that was written to it."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|[\r\n]|[^\x1b\r\n]+", text):
        if part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif part.endswith("A"):
            row -= int(part[2:-1] or 1)
        elif part.endswith("K"):
            lines[row] = ""
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines]


def test_what_is_printed_meanwhile_stands_above_the_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()

    def talkative() -> None:
        with progress("working", 3, "steps") as advance:
            print("one\ntwo")
            advance(1)
            print("three", end="")
            advance(1)
            print(" is begun")
            sys.stderr.writelines(["four\n", "five\n"])
            advance(1, "nearly there")
        print("over")

    with monkeypatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setenv("COLUMNS", "100")
        patched.setattr(sys, "stdout", screen)
        patched.setattr(sys, "stderr", screen)
        with show_progress():
            talkative()
        assert sys.stdout is sys.stderr is screen
    assert "nearly there" in screen.getvalue()
    assert screen_of(screen.getvalue()) == ["one", "two", "three", " is begun", "four", "five", "over", ""]


def test_nothing_is_drawn_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        assert list(counted("abc", "spelling", 3)) == ["a", "b", "c"]

    assert drawn(monkeypatch, work) != ""
    assert drawn(monkeypatch, work, wanted=False) == ""
    assert drawn(monkeypatch, work, out=io.StringIO()) == ""
    assert drawn(monkeypatch, work, err=io.StringIO()) == ""
    assert drawn(monkeypatch, lambda: None) == ""


def test_works_of_threads_share_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    met = threading.Barrier(4)

    def one(number: int) -> None:
        for _ in range(20):
            with progress(f"work {number}", 1) as advance:
                advance(1)
        met.wait(60)

    def all_of_them() -> None:
        threads = [threading.Thread(target=copy_context().run, args=(one, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert drawn(monkeypatch, all_of_them).rstrip("\r").endswith("\x1b[?25h")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_command_draws_in_a_real_terminal(tmp_path: Path, as_json: bool) -> None:
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        for number in range(3):
            new_function().run(handler=lambda number=number: b"x" * number, returns=["data : file"], store=store)
    command = [sys.executable, "-m", "packagers", "runs", "prune", "--older-than", "0s", "--store", f"sqlite:///{tmp_path}/runs.db"]
    ours, theirs = pty.openpty()
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    child = subprocess.Popen([*command, *(["--json"] if as_json else [])], stdout=theirs, stderr=theirs, stdin=theirs, env=variables)
    os.close(theirs)
    read = b""
    try:
        while chunk := os.read(ours, 4096):
            read += chunk
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(ours)
    assert child.wait(60) == 0
    assert (b"removing what no run has" in read) is not as_json
    assert b"\x1b[" not in read if as_json else b"3 runs are removed" in read
