from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from contextvars import copy_context
from pathlib import Path

import pytest

from packagers.scratch import ROOT_PREFIX, remove_folder, scope, scratch_folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go, here and in child processes."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_a_folder_is_new_empty_private_and_named_after_its_process(temporary: Path) -> None:
    with scope():
        first, second = scratch_folder(), scratch_folder("model-")
        assert first != second
        assert second.name.startswith("model-")
        assert list(second.iterdir()) == []
        assert first.parent == second.parent, "a scope has one folder that holds all of its own"
        assert first.parent.name.startswith(f"{ROOT_PREFIX}{os.getpid()}-")
        assert first.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("failure", [None, ValueError, KeyboardInterrupt])
def test_a_scope_removes_what_was_made_in_it_however_it_ends(temporary: Path, failure: type[BaseException] | None) -> None:
    def work() -> None:
        with scope():
            (scratch_folder() / "file").write_text("x")
            if failure:
                raise failure

    if failure:
        with pytest.raises(failure):
            work()
    else:
        work()
    assert list(temporary.iterdir()) == []


def test_scopes_nest(temporary: Path) -> None:
    with scope():
        outer = scratch_folder()
        with scope():
            inner = scratch_folder()
        assert not inner.exists()
        assert outer.exists()
        assert scratch_folder().parent == outer.parent


def test_a_thread_of_its_own_context_and_one_that_outlives_the_scope_use_the_process(temporary: Path) -> None:
    made: dict[str, Path] = {}
    with scope():
        outside = threading.Thread(target=lambda: made.update(outside=scratch_folder()))
        outside.start()
        outside.join()
        late = copy_context()
    made["late"] = late.run(scratch_folder)
    try:
        assert made["outside"].exists()
        assert made["late"].exists()
    finally:
        for folder in made.values():
            remove_folder(folder)


def test_a_root_that_a_cleaner_took_away_is_made_again(temporary: Path) -> None:
    with scope():
        remove_folder(scratch_folder().parent)
        assert scratch_folder().is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
def test_a_root_that_a_cleaner_looks_at_while_it_is_made_is_left_to_it(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    usual, asked = fcntl.flock, []

    def flock(handle: int, operation: int) -> None:
        asked.append(operation)
        if len(asked) == 1:
            raise BlockingIOError
        usual(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with scope():
        scratch_folder()
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_no_descriptor_stays_open(temporary: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        with scope():
            remove_folder(scratch_folder().parent)
            scratch_folder()
    assert len(os.listdir("/proc/self/fd")) == before


HELD = """
import fcntl, os
from packagers.scratch import scope, scratch_folder
with scope():
    handle = os.open(scratch_folder().parent, os.O_RDONLY)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.read(read, 1)
        os._exit(0)
fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.write(write, b"x")
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_forked_child_that_lives_on_does_not_hold_what_its_parent_gave_up(temporary: Path) -> None:
    run(HELD)


def test_folders_outside_of_a_scope_live_until_the_interpreter_ends(temporary: Path) -> None:
    made = run("from packagers.scratch import scratch_folder as s; f = s(); assert f.is_dir(); print(f, end='')")
    assert made.startswith(str(temporary))
    assert list(temporary.iterdir()) == []


FORK = """
import os, sys
from packagers.scratch import scope, scratch_folder
kept = scratch_folder()
with scope():
    scoped = scratch_folder()
    child = os.fork()
    if child == 0:
        own = scratch_folder()
        assert own.parent not in (kept.parent, scoped.parent)
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    assert scoped.is_dir()
assert kept.is_dir()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_forked_child_removes_its_own_folders_and_not_its_parents(temporary: Path) -> None:
    run(FORK)
    assert list(temporary.iterdir()) == []


POOL = """
import multiprocessing
from packagers.scratch import scratch_folder
def work():
    scratch_folder()
if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_process_of_multiprocessing_leaves_nothing(temporary: Path) -> None:
    run(POOL)
    assert list(temporary.iterdir()) == []


def test_read_only_folders_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "file").write_text("stays")
    folder = tmp_path / "folder"
    (folder / "locked").mkdir(parents=True)
    (folder / "locked" / "file").write_text("goes")
    (folder / "link").symlink_to(outside)
    (folder / "locked" / "file").chmod(0o400)
    (folder / "locked").chmod(0o500)
    remove_folder(folder)
    assert not folder.exists()
    assert (outside / "file").read_text() == "stays"
    assert outside.stat().st_mode & 0o777 == 0o750


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="needs a user other than root")
def test_a_folder_that_cannot_even_be_listed_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "closed").mkdir(parents=True)
    (folder / "closed" / "file").write_text("goes")
    (folder / "closed").chmod(0)
    remove_folder(folder)
    assert not folder.exists()


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_folder(tmp_path / "none")
