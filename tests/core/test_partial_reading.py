"""Reading a part of a file fetches and checks no more than that part."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import packagers
from packagers import DataItem, IntegrityError, Packager, Registry, UnpackError
from packagers.digests import BLOCK_SIZE, BLOCKS_FROM
from packagers.files import BlockFile, entry_of
from packagers.manifest import FileEntry

SIZE = 24 * BLOCK_SIZE + 12_345


class Blob:
    """Many bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class BlobPackager(Packager):
    """Read a range of them."""

    PACKABLE_OBJECT_TYPE = Blob
    READERS = {"file": "data"}
    PARTIAL = frozenset({"file"})

    def pack_file(self, obj: Blob, folder: Path) -> None:
        (folder / "blob.bin").write_bytes(obj.data)

    def unpack_file(self, folder: Path, *, start: int = 0, stop: int | None = None, name: str | None = None) -> Blob:
        if stop is None:
            return Blob(self.only_file(folder).read_bytes())
        with self.open_file(folder, name) as file:
            file.seek(start)
            return Blob(file.read(stop - start))


class CountedFile(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        Counting.read += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        Counting.read += count
        return count


class Counting(MemoryFileSystem):
    """A file system that counts the bytes that are read."""

    protocol = "counting"
    store: dict[str, Any] = {}
    pseudo_dirs = [""]
    read = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("counting://", "memory://")))

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        opened = super()._open(path, mode, **kwargs)
        return CountedFile(opened.getvalue()) if mode == "rb" else opened


@pytest.fixture(autouse=True)
def counting() -> type[Counting]:
    fsspec.register_implementation("counting", Counting, clobber=True)
    Counting.store.clear()
    Counting.read = 0
    return Counting


@pytest.fixture(scope="module")
def blob() -> bytes:
    return random.Random(0).randbytes(SIZE)


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.add_custom_packager(BlobPackager)
    return made


@pytest.fixture
def package(tmp_path: Path, blob: bytes, registry: Registry) -> Path:
    with packagers.Session(tmp_path, registry=registry, record="packages") as session:
        session.pack(Blob(blob), "blob")
    return tmp_path / "blob"


def upload(package: Path) -> str:
    """Copy a package into the file system that counts."""
    for file in package.rglob("*"):
        if file.is_file():
            fsspec.filesystem("counting").pipe(f"/there/blob/{file.relative_to(package).as_posix()}", file.read_bytes())
    Counting.read = 0
    return "counting://there/blob"


def fresh(package: Path, tmp_path: Path) -> Path:
    """Give a copy of the package that this process has not seen, so that it has to be checked."""
    copy = tmp_path / "copy" / "blob"
    for file in package.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return copy


def payload_of(package: Path) -> Path:
    (file,) = package.glob("????????/blob.bin")
    return file


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (BLOCK_SIZE - 5, BLOCK_SIZE + 5), (SIZE - 7, SIZE + 100), (SIZE + 5, SIZE + 9)])
def test_a_part_of_a_package_at_a_url_fetches_its_blocks_alone(
    package: Path, blob: bytes, registry: Registry, start: int, stop: int
) -> None:
    item = DataItem(upload(package), registry=registry)
    assert item.unpack(start=start, stop=stop).data == blob[start:stop]
    assert Counting.read <= 2 * BLOCK_SIZE + 10_000 < SIZE / 10


def test_all_of_a_package_at_a_url_is_fetched_once(package: Path, blob: bytes, registry: Registry) -> None:
    item = DataItem(upload(package), registry=registry)
    assert item.unpack().data == blob
    assert SIZE < Counting.read < SIZE + 10_000
    assert item.unpack(start=5, stop=9).data == blob[5:9]
    assert Counting.read < SIZE + 10_000


def test_a_part_of_a_plain_file_at_a_url_is_all_that_is_fetched(blob: bytes, registry: Registry) -> None:
    fsspec.filesystem("counting").pipe("/there/plain.bin", blob)
    Counting.read = 0
    item = DataItem("counting://there/plain.bin", registry=registry)
    assert item.unpack(Blob, start=100, stop=1000).data == blob[100:1000]
    assert Counting.read <= 904  # of which four are a look whether it is a zip
    assert item.unpack(Blob).data == item.get() == blob


def test_a_handle_fetches_nothing_but_the_manifest(package: Path, registry: Registry) -> None:
    item = DataItem(upload(package), registry=registry)
    assert (item.key, item.kind, item.artifact_type, item.exists()) == ("blob", "package", "file", True)
    assert Counting.read < 10_000
    assert payload_of(item.local()).stat().st_size == SIZE


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_changed_block_is_found_when_it_is_read_and_no_other(
    package: Path, tmp_path: Path, blob: bytes, registry: Registry, where: str
) -> None:
    package = fresh(package, tmp_path)
    file = payload_of(package)
    data = bytearray(blob)
    data[3 * BLOCK_SIZE + 1] ^= 1
    file.write_bytes(data)
    item = DataItem(package if where == "here" else upload(package), registry=registry)
    assert item.unpack(start=0, stop=3 * BLOCK_SIZE).data == blob[: 3 * BLOCK_SIZE]
    with pytest.raises(IntegrityError, match="not the bytes that were packed"):
        item.unpack(start=3 * BLOCK_SIZE, stop=3 * BLOCK_SIZE + 1)
    with pytest.raises(IntegrityError):
        item.unpack()
    assert item.unpack(start=3 * BLOCK_SIZE, stop=3 * BLOCK_SIZE + 2, verify=False).data != blob[3 * BLOCK_SIZE :][:2]


@pytest.mark.parametrize("change", ["longer", "shorter", "missing", "another"])
def test_a_file_of_another_size_is_found_at_once(package: Path, tmp_path: Path, registry: Registry, change: str) -> None:
    package = fresh(package, tmp_path)
    file = payload_of(package)
    if change == "missing":
        file.unlink()
    elif change == "another":
        (file.parent / "stray").touch()
    else:
        with file.open("r+b") as opened:
            opened.truncate(SIZE + (1 if change == "longer" else -1))
    with pytest.raises(IntegrityError):
        DataItem(package, registry=registry).unpack(start=0, stop=1)


def test_a_file_without_blocks_is_checked_whole(tmp_path: Path, registry: Registry) -> None:
    with packagers.Session(tmp_path / "out", registry=registry, record="packages") as session:
        session.pack(Blob(b"x" * 1000), "blob")
    package = fresh(tmp_path / "out/blob", tmp_path)
    assert DataItem(package, registry=registry).unpack(start=0, stop=2).data == b"xx"
    payload_of(package).write_bytes(b"x" * 999 + b"y")
    with pytest.raises(IntegrityError):
        DataItem(package, registry=registry).unpack(start=0, stop=2)


def test_a_file_by_its_name(package: Path, registry: Registry) -> None:
    item = DataItem(package, registry=registry)
    assert len(item.unpack(start=0, stop=2, name="blob.bin").data) == 2
    with pytest.raises(UnpackError, match="expects a file 'other', and there is none"):
        item.unpack(start=0, stop=2, name="other")


def test_a_file_in_blocks_behaves_like_any_file(tmp_path: Path, blob: bytes) -> None:
    path = tmp_path / "blob.bin"
    path.write_bytes(blob)
    entry = entry_of(path, "blob.bin", "blake3")
    assert SIZE > BLOCKS_FROM
    assert len(entry.blocks) == 25
    with BlockFile(path.open("rb"), entry, path) as checked, path.open("rb") as plain:
        assert (checked.readable(), checked.seekable(), checked.writable()) == (True, True, False)
        for offset, whence in (
            (-10, io.SEEK_END),
            (0, io.SEEK_SET),
            (5, io.SEEK_CUR),
            (SIZE, io.SEEK_SET),
            (3 * BLOCK_SIZE - 1, io.SEEK_SET),
        ):
            assert checked.seek(offset, whence) == plain.seek(offset, whence)
            assert checked.read(BLOCK_SIZE + 3) == plain.read(BLOCK_SIZE + 3)
            assert checked.tell() == plain.tell()
        with pytest.raises(ValueError, match="negative"):
            checked.seek(-1)
        checked.seek(0)
        assert checked.readall() == blob


def test_a_package_that_was_replaced_meanwhile_is_read_anew(tmp_path: Path, registry: Registry) -> None:
    """Its old payload is gone; its manifest says where the new one is."""
    with packagers.Session(tmp_path, registry=registry, record="packages") as session:
        session.pack(Blob(b"old"), "blob")
    item = DataItem(tmp_path / "blob", registry=registry)
    assert item.artifact_type == "file"
    with packagers.Session(tmp_path, registry=registry, record="packages") as session:
        session.pack(Blob(b"new"), "blob")
    assert item.unpack(start=0, stop=3).data == b"new"
    assert item.unpack().data == b"new"


def test_what_a_newer_release_wrote_says_so(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with packagers.Session(tmp_path, registry=registry, record="packages") as session:
        old = session.pack(Blob(b"old"), "old")
        monkeypatch.setattr(BlobPackager, "VERSIONS", {"file": 3})
        new = session.pack(Blob(b"new"), "new")
    assert isinstance(old, packagers.Artifact)
    assert isinstance(new, packagers.Artifact)
    assert (old.manifest.written.version, new.manifest.written.version) == (1, 3)
    assert [DataItem(tmp_path / name, registry=registry).unpack().data for name in ("old", "new")] == [b"old", b"new"]
    monkeypatch.setattr(BlobPackager, "VERSIONS", {})
    with pytest.raises(UnpackError, match=r"file was written in version 3 of its format; BlobPackager reads up to version 1"):
        DataItem(tmp_path / "new", registry=registry).unpack()


@pytest.mark.parametrize("versions", [{"file": 0}, {"file": "2"}, {"file": True}, 2])
def test_versions_are_counted_from_one(versions: Any) -> None:
    with pytest.raises(packagers.PackagerDefinitionError, match="VERSIONS is"):
        type("Wrong", (BlobPackager,), {"VERSIONS": versions})


DIGEST = f"blake3:{'0' * 64}"


@pytest.mark.parametrize("count", [1, 24, 26])
def test_blocks_that_do_not_cover_the_file_make_no_sense(count: int) -> None:
    entry = {"path": "blob.bin", "size": SIZE, "digest": DIGEST, "blocks": [DIGEST] * count}
    with pytest.raises(IntegrityError, match="makes no sense"):
        FileEntry.from_dict(entry)
    assert FileEntry.from_dict({**entry, "blocks": [DIGEST] * 25}).size == SIZE
