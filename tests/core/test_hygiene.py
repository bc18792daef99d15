"""Many cycles of packing and unpacking leave no temporary file, descriptor, thread or lock, and no growing memory, failures included."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import Artifact, LogHint, Packager, PackagersError, Registry, Session, policy
from packagers.package import Package

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs a user other than root, or /proc")


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


class Thing:
    """What the packagers below pack."""


class FailsToPack(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def pack_file(self, obj: Any, folder: Path) -> None:
        (folder / "half").write_bytes(b"x" * 1000)
        raise ValueError("cannot")

    def unpack_file(self, folder: Path) -> Any:
        return Thing()


class Fine(FailsToPack):
    def pack_file(self, obj: Any, folder: Path) -> None:
        (folder / "whole").write_bytes(b"x" * 1000)


class FailsToUnpack(Fine):
    def unpack_file(self, folder: Path) -> Any:
        raise ValueError("cannot")


class Partial(Fine):
    PARTIAL = frozenset({"file"})

    def pack_file(self, obj: Any, folder: Path) -> None:
        (folder / "large").write_bytes(b"p" * ((8 << 20) + 10))

    def unpack_file(self, folder: Path) -> Any:
        with self.open_file(folder) as file:
            file.seek(3 << 20)
            return file.read(10)


def registry_with(packager: type[Packager]) -> Registry:
    registry = Registry(discover=False)
    registry.add(f"{Thing.__module__}.{Thing.__qualname__}", packager)
    return registry


FINE, NO_PACK, NO_UNPACK, PARTIAL = map(registry_with, (Fine, FailsToPack, FailsToUnpack, Partial))


def results(folder: Path) -> None:
    with Session(folder, registry=FINE) as session:
        session.pack({"a": [1, 2.5]}, "number")
        session.pack(3, "count")
    assert packagers.unpack(folder / "number") == {"a": [1, 2.5]}


def containers(folder: Path) -> None:
    with Session(folder, registry=FINE) as session:
        session.pack({"a": [b"x" * 70_000, (b"y" * 10,)]}, "container : file")
        assert session.unpack(folder / "container")["a"][1] == (b"y" * 10,)


def files(folder: Path) -> None:
    tree = folder / "tree"
    tree.mkdir(exist_ok=True)
    (tree / "file").write_text("text")
    with Session(folder / "out", registry=FINE) as session:
        session.pack(tree, "copy")
        assert (session.unpack(folder / "out" / "copy") / "file").read_text() == "text"


def links(folder: Path) -> None:
    with Session(folder, registry=FINE) as session:
        session.pack(b"x" * 100, LogHint("linked", artifact_type="file", extra_data={"it": ...}))
        session.pack(1, "it")


def zips(folder: Path) -> None:
    artifact = packagers.pack(b"z" * 100, "zipped : file", folder)
    assert isinstance(artifact, Artifact)
    (folder / "zipped.zip").unlink(missing_ok=True)
    artifact.package.zip(folder / "zipped.zip")
    with Session(folder):
        assert packagers.unpack(folder / "zipped.zip") == b"z" * 100


def parts(folder: Path) -> None:
    if not (folder / "partial").exists():
        with Session(folder, registry=PARTIAL) as session:
            session.pack(Thing(), "partial")
    with Session(folder, registry=PARTIAL) as session:
        assert session.unpack(folder / "partial") == b"p" * 10


def plain_files(folder: Path) -> None:
    (folder / "plain.json").write_text('{"a": 1}')
    with Session(folder, registry=FINE) as session:
        assert session.unpack(folder / "plain.json", dict) == {"a": 1}
        assert session.unpack(folder / "plain.json", bytes) == b'{"a": 1}'


def urls(folder: Path) -> None:
    import fsspec

    with fsspec.open("memory://hygiene/plain.json", "wb") as file:
        file.write(b'{"a": 1}')
    artifact = packagers.pack(b"u" * 100, "remote : file", folder)
    assert isinstance(artifact, Artifact)
    system = fsspec.filesystem("memory")
    system.rm("/hygiene/remote", recursive=True) if system.exists("/hygiene/remote") else None
    system.put(str(artifact.path), "/hygiene/remote", recursive=True)
    with Session(folder, registry=FINE) as session:
        assert session.unpack("memory://hygiene/plain.json", dict) == {"a": 1}
        assert session.unpack("memory://hygiene/remote") == b"u" * 100


def failing_packagers(folder: Path) -> None:
    session = Session(folder, registry=NO_PACK)
    for value in (Thing(), [b"x" * 10, Thing()], iter([b"x", Thing()])):
        with pytest.raises(PackagersError):
            session.pack(value, "never : file" if isinstance(value, Thing) else "never")


def failing_readers(folder: Path) -> None:
    with Session(folder, registry=FINE) as session:
        session.pack(Thing(), "thing")
    with pytest.raises(PackagersError):
        Session(folder, registry=NO_UNPACK).unpack(folder / "thing")


def streams(folder: Path) -> None:
    with Session(folder, registry=FINE) as session:
        session.pack(iter([b"1" * 100, b"2", {"a": b"3"}]), "stream")
        half = session.unpack(folder / "stream")
        assert next(half) == b"1" * 100
        outputs = session.pack_returns(iter([b"4", b"5"]), ["again"])
        assert next(outputs.returned) == b"4"


CYCLES: tuple[Callable[[Path], None], ...] = (
    results,
    containers,
    files,
    links,
    zips,
    parts,
    plain_files,
    urls,
    failing_packagers,
    failing_readers,
    streams,
)


def descriptors() -> list[str]:
    """List what this process has open."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue  # the one of the list itself
    return sorted(found)


def traced() -> int:
    """Give the bytes that are in use, but for the interpreter's own table of interned names, which doubles now and then."""
    filters = [tracemalloc.Filter(False, "*pathlib*"), tracemalloc.Filter(False, tracemalloc.__file__)]
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(filters).traces)


def forget_signatures() -> None:
    """Let go what was computed of the last signatures: it was made before tracing began, and what takes its place is traced."""
    policy._is_by.cache_clear()
    policy._check.cache_clear()
    gc.collect()


def rounds(folder: Path, count: int) -> Iterator[None]:
    for _ in range(count):
        for cycle in CYCLES:
            place = folder / cycle.__name__
            place.mkdir(exist_ok=True)
            cycle(place)
        yield


@pytest.mark.parametrize("count", [16, pytest.param(1000, marks=pytest.mark.long)])
def test_cycles_leave_nothing_behind(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, figure: Any, count: int) -> None:
    """Each round is eleven cycles. Memory is measured after the first half, when all caches are warm, and after the second."""
    figure("hygiene", "rounds of eleven cycles of packing, reading and failing", points=count, violations=0)
    monkeypatch.setattr(packagers.files, "_MOST_SEEN", 50)  # these caches are full before the first half is over
    monkeypatch.setattr(packagers.manifest, "_MOST_RIGHT", 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        half = count // 2
        for _ in rounds(tmp_path, half):
            pass
        gc.collect()
        before = descriptors(), threading.active_count()
        tracemalloc.start()
        try:
            for _ in rounds(tmp_path, 1):  # what tracing itself makes
                pass
            forget_signatures()
            used = traced()
            for _ in rounds(tmp_path, half):
                pass
            forget_signatures()
            grown = traced() - used
        finally:
            tracemalloc.stop()
    assert (descriptors(), threading.active_count()) == before
    assert list(scratch.iterdir()) == []
    assert strays(tmp_path) == []
    assert grown < 40_000 + 400 * half, f"{grown / half:.0f} bytes a round"


def strays(folder: Path) -> list[str]:
    """List what looks like somebody's work in hand and belongs to no package."""
    named = {package.parent / Package.open(package.parent).manifest.payload for package in folder.rglob("manifest.json")}
    found = [path for path in folder.rglob("*") if packagers.durable.OURS.fullmatch(path.name) and path not in named]
    empty = [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]
    return [str(path.relative_to(folder)) for path in (*found, *empty) if path != folder / "failing_packagers"]


def test_no_lock_is_held_afterwards(tmp_path: Path) -> None:
    import fcntl

    for _ in rounds(tmp_path, 1):
        pass
    for path in (tmp_path, *tmp_path.rglob("*")):
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)


def test_a_lock_that_an_interrupt_left_behind_goes_with_its_holder(tmp_path: Path) -> None:
    from packagers.durable import Lock, locked

    lock = Lock()
    lock.take(tmp_path)
    with pytest.raises(BlockingIOError), locked(tmp_path, wait=False):
        pass
    del lock
    with locked(tmp_path, wait=False):
        pass


def test_a_child_that_was_forked_while_a_lock_was_held_does_not_keep_it(tmp_path: Path) -> None:
    from packagers.durable import locked

    with locked(tmp_path):
        reader, writer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forking beside other threads
            child = os.fork()
        if child == 0:
            os.close(writer)
            os.read(reader, 1)  # until the parent lets go
            os._exit(0)
        os.close(reader)
    import fcntl

    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)
        os.close(writer)
        assert os.waitpid(child, 0)[1] == 0


def test_the_checks_above_see_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "0123abcd.tmp").touch()
    (tmp_path / "empty").mkdir()
    assert sorted(strays(tmp_path)) == ["0123abcd.tmp", "empty"]
    before = descriptors()
    with (tmp_path / "0123abcd.tmp").open():
        assert descriptors() != before


FRESH = """
import ctypes, gc, importlib.util, os, sys, tempfile, warnings
from pathlib import Path

tests, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
spec = importlib.util.spec_from_file_location("test_hygiene", tests)
hygiene = sys.modules["test_hygiene"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hygiene)
hygiene.packagers.files._MOST_SEEN = 50

def resident():
    gc.collect()
    if hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"), len(gc.get_objects())

warnings.simplefilter("error")
for _ in hygiene.rounds(folder, count // 2):
    pass
half = resident()
for _ in hygiene.rounds(folder, count // 2):
    if len(sys.argv) > 4:
        hygiene.CYCLES[0].__dict__.setdefault("kept", []).append(bytearray(int(sys.argv[4])))
print(*(now - before for now, before in zip(resident(), half)))
"""
_BOUND = 3 << 20
"""Bytes by which a process may grow over the second half of its rounds; the interpreter's table of names, doubled, takes a MiB of them."""
_MORE_OBJECTS = 100


def grown(folder: Path, count: int, *leak: str) -> tuple[int, int]:
    """Let a fresh process do rounds of all cycles; gives how many bytes and objects it has more after the second half of them."""
    folder.mkdir()
    program = [sys.executable, "-c", FRESH, __file__, str(folder), str(count), *leak]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(folder.parent)})
    assert done.returncode == 0, done.stderr
    size, objects = map(int, done.stdout.split())
    return size, objects


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_the_memory_of_a_process_does_not_grow(tmp_path: Path, figure: Any, count: int) -> None:
    """Whatever holds it: what the system has given to the process, failing packagers and readers included."""
    size, objects = grown(tmp_path / "rounds", count)
    is_leaking = size > _BOUND or objects > _MORE_OBJECTS
    figure("hygiene", "rounds in a process of its own, by the memory that it has", points=count, violations=is_leaking)
    assert not is_leaking, f"{size} bytes and {objects} objects more after {count // 2} further rounds"


def test_a_leak_is_seen(tmp_path: Path) -> None:
    size, objects = grown(tmp_path / "rounds", 4, str(_BOUND))
    assert size > _BOUND
    assert objects <= _MORE_OBJECTS
