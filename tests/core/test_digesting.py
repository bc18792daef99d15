"""What is digested while it is written is what stands in the file; what changed since, or was written in another way, is read again."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers import Artifact, Instructions, IntegrityError, Packager, Registry, Session, digests
from packagers import files as files_of_packages
from packagers.digesting import Digesting, create
from packagers.digests import BLOCK_SIZE, BLOCKS_FROM, PIECE, Digester, digest_bytes, digest_file
from packagers.files import Files, entry_of, forget
from packagers.inmemory import read_whole

SIZES = (0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, BLOCKS_FROM, BLOCKS_FROM + 1, 2 * BLOCKS_FROM + 77)
DATA = os.urandom(SIZES[-1])


class Blob:
    """Bytes, as a class of their own."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class BlobPackager(Packager):
    """Writes on its way, and reads into memory."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}
    PARTIAL = frozenset({"file"})

    def pack_file(self, obj: Blob, folder: Path) -> Instructions:
        with self.create_file(folder, "blob") as file:
            file.write(obj.data)
        return {}

    def unpack_file(self, folder: Path) -> Blob:
        return Blob(bytes(self.read_file(folder)))


@pytest.fixture
def registry() -> Registry:
    found = Registry(discover=False)
    found.add(f"{Blob.__module__}.Blob", BlobPackager)
    found.add(f"{Blob.__module__}.Twice", TwicePackager)
    return found


def known(path: Path, write: Callable[[Any], object], algorithm: str = "blake3") -> bool:
    """Write a file; tells whether it was digested on its way, which must have been right."""
    with Digesting(algorithm) as digesting:
        with create(path) as file:
            write(file)
        found = digesting.of(path, algorithm)
    if found is not None:
        assert (found.stamp[2], found.digest, list(found.blocks)) == digest_file(path, algorithm)
    return found is not None


@pytest.mark.parametrize("algorithm", digests.ALGORITHMS)
@pytest.mark.parametrize("size", SIZES)
def test_a_file_written_at_once_or_in_pieces_has_the_digest_of_its_bytes(tmp_path: Path, size: int, algorithm: str) -> None:
    data = DATA[:size]

    def in_pieces(file: Any) -> None:
        for start in range(0, size, 700_001):
            file.write(data[start : start + 700_001])

    for name, write in {"once": lambda file: file.write(data), "pieces": in_pieces}.items():
        assert known(tmp_path / name, write, algorithm)
        assert (tmp_path / name).read_bytes() == data


def test_memory_that_was_written_may_be_used_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, used_again = bytearray(DATA[: 2 * PIECE]), Event()

    class Late:
        """A hash whose thread comes to its turn late: when the memory is used again, had it been let to."""

        def __init__(self) -> None:
            self._found = blake3()

        def update(self, piece: memoryview) -> None:
            used_again.wait(0.2)
            self._found.update(piece)

        def hexdigest(self) -> str:
            return self._found.hexdigest()

    def write(file: Any) -> None:
        file.write(memory)
        memory[:] = bytes(len(memory))
        used_again.set()

    with monkeypatch.context() as patch:
        patch.setattr(digests, "_hasher", lambda algorithm: Late)
        with Digesting("blake3") as digesting:
            with create(tmp_path / "file") as file:
                write(file)
            found = digesting.of(tmp_path / "file", "blake3")
    assert found is not None
    assert found.digest == digest_file(tmp_path / "file")[1]


@given(steps=st.lists(st.tuples(st.integers(0, 3 * PIECE), st.integers(0, 2 * PIECE), st.booleans()), max_size=6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_file_is_what_a_plain_file_would_be(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]]) -> None:
    path, plain = tmp_path_factory.mktemp("plain") / "file", io.BytesIO()

    def write(file: Any) -> None:
        for at, size, jumps in steps:
            for each in (file, plain):
                if jumps:
                    each.seek(at)
                assert each.write(memoryview(DATA)[at : at + size]) == size
            assert file.tell() == plain.tell()

    known(path, write)
    assert path.read_bytes() == plain.getvalue()


def test_who_goes_back_a_little_has_it_digested_and_who_goes_far_has_it_read_again(tmp_path: Path) -> None:
    def zipped(size: int) -> Callable[[Any], None]:
        def write(file: Any) -> None:
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("name", DATA[:size])

        return write

    assert known(tmp_path / "small", zipped(1000))
    assert not known(tmp_path / "large", zipped(2 * PIECE))
    for name in ("small", "large"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert archive.testzip() is None


def test_a_large_piece_goes_by_itself_unless_something_before_it_waits(tmp_path: Path) -> None:
    piece = DATA[: 1 << 16]
    with Digesting("blake3") as digesting:
        for first, gone in ((b"", len(piece)), (b"header", 0)):
            path = tmp_path / f"file-{gone}"
            with create(path) as file:
                file.write(first)
                file.write(piece)
                assert path.stat().st_size == gone
                if first:
                    file.seek(0)
                    file.write(b"HEADER")
            found = digesting.of(path, "blake3")
            assert found is not None
            assert found.digest == digest_bytes(first.upper() + piece)


def test_a_file_that_is_cut_is_read_again(tmp_path: Path) -> None:
    assert not known(tmp_path / "cut", lambda file: (file.write(DATA[:100]), file.truncate(10)))
    assert (tmp_path / "cut").read_bytes() == DATA[:10]


@pytest.mark.parametrize("size", [10, 2 * PIECE])
def test_a_change_after_the_end_is_seen_within_one_tick_of_the_clock(tmp_path: Path, size: int) -> None:
    for number in range(50):
        path = tmp_path / str(number)
        with Digesting("blake3") as digesting:
            with create(path) as file:
                file.write(DATA[:size])
            assert digesting.of(path, "blake3") is not None
            assert digesting.of(path, "xxh3") is None
            with path.open("r+b") as file:
                file.write(DATA[1:2])
            assert digesting.of(path, "blake3") is None
            entry = entry_of(path, "name", "blake3", digesting)
        assert entry.digest == digest_bytes(path.read_bytes())


def test_a_packager_that_changes_what_it_wrote_has_it_digested_anew(tmp_path: Path, registry: Registry) -> None:
    artifact = packed(tmp_path, registry, Twice(DATA[:1000]))
    forget()
    artifact.verify()
    assert artifact.unpack().data == DATA[1:1001]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_digested_on_its_way_is_not_read_again(
    tmp_path: Path, registry: Registry, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_of_packages, "digest_file", None)
    artifact = packed(tmp_path, registry, Blob(DATA[:size]))
    monkeypatch.setattr(files_of_packages, "check_file", None)
    artifact.verify()
    assert artifact.unpack().data == DATA[:size]
    monkeypatch.undo()
    forget()
    artifact.verify()
    assert artifact.unpack().data == DATA[:size]


@pytest.mark.parametrize("size", SIZES[1:])
def test_no_byte_is_given_that_is_not_what_was_packed(tmp_path: Path, registry: Registry, size: int) -> None:
    artifact = packed(tmp_path, registry, Blob(DATA[:size]))
    path = next(tmp_path.rglob("blob"))
    for place in {0, size // 2, size - 1}:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([255 - DATA[place]]))
        with pytest.raises(IntegrityError):
            artifact.unpack()
        with path.open("r+b") as file:
            file.seek(place)
            file.write(DATA[place : place + 1])
        assert artifact.unpack().data == DATA[:size]


def test_a_change_while_a_file_is_read_that_was_seen_before_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    with Digesting("blake3") as digesting:
        with create(path) as file:
            file.write(b"right")
        entry = entry_of(path, "file", "blake3", digesting)
    files = Files(tmp_path, {"file": entry})
    with files.open(path) as opened:
        assert bytes(files.read(path)) == opened.read() == b"right"
    filled = files_of_packages.filled

    def changed_meanwhile(*arguments: Any) -> memoryview:
        path.write_bytes(b"wrong")
        return filled(*arguments)

    monkeypatch.setattr(files_of_packages, "filled", changed_meanwhile)
    with pytest.raises(IntegrityError):
        files.read(path)


def test_memory_is_the_reader_s_own(tmp_path: Path) -> None:
    for size in (10, 5 * PIECE):
        path = tmp_path / str(size)
        path.write_bytes(DATA[:size])
        memory = read_whole(path)
        memory[:5] = b"other"
        assert path.read_bytes() == DATA[:size]
        assert read_whole(path) == DATA[:size]


def test_what_fails_aside_is_raised_where_it_is_waited_for() -> None:
    def fail(_: memoryview) -> None:
        raise MemoryError("no more")

    lane = digests._Lane(fail)
    lane.feed(memoryview(DATA[:PIECE]))
    with pytest.raises(MemoryError, match="no more"):
        lane.wait()
    lane.end()


def test_without_threads_the_digest_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(digests, "start_new_thread", refuse)
    with Digester("blake3") as digester:
        digester.feed(memoryview(DATA))
        assert digester.digest == digest_bytes(DATA)


@pytest.mark.parametrize("algorithm", ["blake3", "xxh3"])
def test_a_thread_that_is_given_no_processor_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, algorithm: str) -> None:
    monkeypatch.setattr(digests, "start_new_thread", lambda *_: None)
    with Digester(algorithm) as digester:
        digester.add_blocks()
        for start in range(0, len(DATA), 3 * PIECE):
            digester.feed(memoryview(DATA)[start : start + 3 * PIECE])
        assert digester.digest == digest_bytes(DATA, algorithm)
        assert digester.blocks == [digest_bytes(DATA[at : at + BLOCK_SIZE], algorithm) for at in range(0, len(DATA), BLOCK_SIZE)]


def test_who_has_waited_may_resize_what_was_hashed() -> None:
    with Digester("blake3") as digester:
        for _ in range(50):
            piece = bytearray(DATA[: 2 * PIECE])
            digester.feed(memoryview(piece))
            digester.wait()
            piece += b"more"


def test_outside_of_packing_a_file_is_a_plain_file(tmp_path: Path) -> None:
    with BlobPackager().create_file(tmp_path, "name") as file:
        assert isinstance(file, io.BufferedWriter)


class Twice(Blob):
    """Bytes that are packed with a change."""


class TwicePackager(BlobPackager):
    """Changes the file after it is finished."""

    def pack_file(self, obj: Blob, folder: Path) -> Instructions:
        super().pack_file(obj, folder)
        with (folder / "blob").open("r+b") as file:
            file.write(DATA[1:1001])
        return {}


def packed(folder: Path, registry: Registry, value: Blob) -> Artifact:
    with Session(folder, registry=registry) as session:
        artifact = session.pack(value, "key")
    assert isinstance(artifact, Artifact)
    return artifact
