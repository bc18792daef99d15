"""Damage of every kind, to packages of every kind: found before a decoder sees a byte, or without effect, which is shown each time."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import IntegrityError, Packager, Registry, UnpackError
from packagers import files as files_of_packages
from packagers.digests import BLOCK_SIZE
from packagers.files import check, entry_of
from packagers.package import Package
from packagers.reading import Reader
from packagers.scratch import scope
from packagers.session import Session
from packagers.source import open_source
from packagers.stamps import Stamp, stamp_of

KINDS = ("result", "file", "container", "stream", "zip", "value")
WHOLE = ("result", "zip")
"""Kinds of which one file is the whole: with another in its place, it is another one, which is no damage."""
READ: list[bytes] = []
"""What the readers were called with."""


class Record:
    """Bytes whose reader records that it was called."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)


class RecordPackager(Packager):
    """Record each reading."""

    PACKABLE_OBJECT_TYPE = Record
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data", "result": "data"}
    PARTIAL = frozenset({"file"})

    def pack_file(self, obj: Record, folder: Path) -> None:
        (folder / "below").mkdir()
        (folder / "below" / "first").write_bytes(obj.data[: len(obj.data) // 2])
        (folder / "below" / "second").write_bytes(obj.data[len(obj.data) // 2 :])

    def unpack_file(self, folder: Path, *, start: int = 0, stop: int | None = None) -> Record:
        pieces = []
        for name in ("first", "second"):
            with self.open_file(folder / "below", name) as file:
                file.seek(start)
                pieces.append(file.read(-1 if stop is None else stop - start))
        READ.append(b"".join(pieces))
        return Record(b"".join(pieces))

    def pack_result(self, obj: Record) -> str:
        return obj.data.hex()

    def unpack_result(self, value: str) -> Record:
        READ.append(bytes.fromhex(value))
        return Record(bytes.fromhex(value))


class Sample:
    """One package in a folder of its own, what it holds, and another one of its kind beside it.

    Args:
        kind: One of ``KINDS``.
        root: Where to pack.
        registry: Knows the packager of records.
    """

    def __init__(self, kind: str, root: Path, registry: Registry) -> None:
        self.kind = kind
        self.registry = registry
        self.place, self.beside = root / "place", root / "beside"
        for folder, salt in ((self.place, b"a"), (self.beside, b"b")):
            self._pack(folder, salt)
        self.path = self.place / ("key.zip" if kind == "zip" else "key")
        self.expected = self.read()
        self.files = sorted(path for path in self.place.rglob("*") if path.is_file())
        self.others = sorted(path for path in self.beside.rglob("*") if path.is_file())

    def _pack(self, folder: Path, salt: bytes) -> None:
        def record(number: int) -> Record:
            return Record(bytes([number]) + salt * 300)

        whole: Any = "packages" if self.kind == "value" else True
        with Session(folder, registry=self.registry, record=whole) as session:
            name = "key" if self.kind != "value" or salt == b"a" else "other"
            match self.kind:
                case "result":
                    session.pack(record(0), "key : result")
                    session.pack(record(1), "next : result")
                    session.pack({"n": 1}, "plain : result")
                case "value":
                    session.pack(record(0), f"{name} : result")
                case "container":
                    session.pack({"a": record(0), "b": [record(1), record(2), 5], "c": b"x" * 70_000}, "key : file")
                case "stream":
                    session.pack((record(number) for number in range(3)), "key")
                case _:
                    session.pack(record(0), "key")
        if self.kind == "zip":
            Package.open(folder / "key").zip(folder / "key.zip")
            shutil.rmtree(folder / "key")

    def read(self) -> Any:
        """Unpack it to the end."""
        with scope():
            value = Reader(self.registry).read(open_source(self.path))
            return list(value) if hasattr(type(value), "__next__") else value


Damage = tuple[str, Callable[[], None]]


def damages(sample: Sample, random_: random.Random) -> Iterator[Damage]:
    """Give endless damage; what it changes is put back by the caller."""
    while True:
        file, other = random_.choice(sample.files), random_.choice(sample.files)
        data = file.read_bytes()
        at, bit, size = random_.randrange(len(data)), random_.randrange(8), random_.randint(1, 50)
        foreign = [path for path in sample.others if path.name == file.name and path.read_bytes() != data]
        yield from (
            ("bit", lambda f=file, d=data, a=at, b=bit: f.write_bytes(d[:a] + bytes([d[a] ^ 1 << b]) + d[a + 1 :])),
            ("cut", lambda f=file, d=data, a=at: f.write_bytes(d[:a])),
            ("longer", lambda f=file, d=data, s=size: f.write_bytes(d + random.Random(s).randbytes(s))),
            ("repeated", lambda f=file, d=data, a=at, s=size: f.write_bytes(d[:a] + d[a : a + s] + d[a:])),
            ("zeros", lambda f=file, d=data, a=at, s=size: f.write_bytes(d[:a] + bytes(len(d[a : a + s])) + d[a + s :])),
            ("missing", file.unlink),
        )
        if foreign and sample.kind not in WHOLE:
            yield "file of another package", lambda f=file, o=foreign: f.write_bytes(o[0].read_bytes())
        if other.read_bytes() != data:
            yield "swapped files", lambda f=file, o=other, d=data: (f.write_bytes(o.read_bytes()), o.write_bytes(d))
        payloads = [path for path in sample.place.glob("key/*") if path.is_dir()]
        for payload in payloads:
            yield "payload renamed", lambda p=payload: p.rename(p.with_name("0" * 8))
            yield "file too many", lambda p=payload: (p / "more").write_bytes(b"more")
            yield "payload of another package", lambda p=payload: _put(next(q for q in sample.beside.glob("key/*") if q.is_dir()), p)
        if sample.kind == "result":
            yield from _entries(sample.place / "results.json", random_)


def _entries(file: Path, random_: random.Random) -> Iterator[Damage]:
    """Let entries, or pieces of them, change places, in text that is laid out as it was written."""
    lines = file.read_text().splitlines()
    results = next(number for number, line in enumerate(lines) if line.startswith(' "results"'))
    found = json.loads("{" + lines[results].rstrip(",") + "}")["results"]
    first, second = random_.sample(sorted(found), 2)
    swapped = {**found, first: found[second], second: found[first]}
    moved = {**found, first: {**found[first], "value": found[second]["value"]}}
    lost = {key: entry for key, entry in found.items() if key != second}
    for name, entries in (("entries swapped", swapped), ("value moved", moved), ("entry lost", lost)):
        changed = [*lines[:results], f' "results": {json.dumps(entries)},', *lines[results + 1 :], ""]
        text = "\n".join(changed)
        yield name, lambda text=text: file.write_text(text)


def _put(source: Path, target: Path) -> None:
    shutil.rmtree(target)
    shutil.copytree(source, target)


def outcome(sample: Sample, name: str) -> str:
    """Read what was damaged; it has to be refused before a reader was called, or to be the same in all that counts."""
    READ.clear()
    try:
        value = sample.read()
    except UnpackError:
        assert not READ, f"{name}: a reader was called before the damage was found"
        return "found"
    assert value == sample.expected, f"{name}: silently another value"
    if sample.kind == "zip":
        assert _members(sample.path) == _members(sample.beside.parent / "backup" / "key.zip"), f"{name}: another zip was read"
    return "without effect"


def _members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def registry() -> Registry:
    registry = Registry(discover=False)
    registry.add(f"{Record.__module__}.Record", RecordPackager)
    return registry


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", KINDS)
def test_all_damage_is_found_before_a_decoder_runs_or_is_without_effect(
    tmp_path: Path, registry: Registry, figure: Any, kind: str, count: int
) -> None:
    sample = Sample(kind, tmp_path, registry)
    assert READ, "the reader does not record"
    shutil.copytree(sample.place, tmp_path / "backup")
    before = {path: path.read_bytes() for path in sample.files}
    counted: Counter[tuple[str, str]] = Counter()
    for _, (name, damage) in zip(range(count), damages(sample, random.Random(kind)), strict=False):
        damage()
        if {path: path.read_bytes() for path in sample.place.rglob("*") if path.is_file()} == before:
            continue  # such as two equal pieces that changed places
        counted[name, outcome(sample, name)] += 1
        _put(tmp_path / "backup", sample.place)
    assert sample.read() == sample.expected
    without = {name for name, how in counted if how == "without effect"}
    # A zip has times, and permissions that packages do not have; all else counts, to the last bit.
    unseen = 0 if kind == "zip" else sum(number for (_, how), number in counted.items() if how == "without effect")
    figure("corruption", "bits flipped, files cut, changed, swapped, added and taken away", points=sum(counted.values()), violations=unseen)
    assert not without or kind == "zip", without


def test_the_manifest_of_another_package_is_found(tmp_path: Path, registry: Registry) -> None:
    for kind in KINDS:
        if kind in WHOLE:
            continue
        sample = Sample(kind, tmp_path / kind, registry)
        (other,) = sample.beside.glob("*/manifest.json")
        shutil.copyfile(other, sample.path / "manifest.json")
        assert outcome(sample, kind) == "found"


def test_damaged_blocks_of_a_big_file_are_found_when_they_are_read(tmp_path: Path, registry: Registry) -> None:
    with Session(tmp_path, registry=registry) as session:
        session.pack(Record(random.Random(1).randbytes(20 * BLOCK_SIZE + 777)), "key")
    file = next(path for path in tmp_path.rglob("second"))
    whole, random_ = file.read_bytes(), random.Random(2)
    blocks = len(whole) // BLOCK_SIZE + 1

    def read(number: int) -> bytes:
        item = packagers.DataItem(tmp_path / "key", registry=registry)
        value = item.unpack(start=number * BLOCK_SIZE, stop=(number + 1) * BLOCK_SIZE)
        assert isinstance(value, Record)
        return value.data[-len(whole[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE]) :]

    for case in range(20):
        one, two = random_.sample(range(blocks - 1), 2)
        first, second = (whole[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE] for number in (one, two))
        with file.open("r+b") as out:
            out.seek(one * BLOCK_SIZE)
            out.write(second if case % 2 else first[:5] + bytes([first[5] ^ 1]) + first[6:])
            if case % 2:
                out.seek(two * BLOCK_SIZE)
                out.write(first)
        for number in {one, two} if case % 2 else {one}:
            READ.clear()
            with pytest.raises(IntegrityError):
                read(number)
            assert not READ
        right = next(number for number in range(blocks) if number not in (one, two))
        assert read(right) == whole[right * BLOCK_SIZE : (right + 1) * BLOCK_SIZE]
        file.write_bytes(whole)


def test_a_change_within_one_tick_of_the_clock_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = 10_000_000

    def coarse(path: Path) -> Stamp:
        device, inode, size, changed, status = stamp_of(path)
        return device, inode, size, changed // tick * tick + 1, status // tick * tick + 1

    monkeypatch.setattr(files_of_packages, "stamp_of", coarse)
    for number in range(50):
        file = tmp_path / str(number)
        file.write_bytes(b"x" * 100)
        entry = entry_of(file, "name", "blake3")
        if number % 2:
            check(file, entry)
        file.write_bytes(b"y" * 100)
        with pytest.raises(IntegrityError):
            check(file, entry)


def test_a_folder_in_place_of_a_file_is_found(tmp_path: Path, registry: Registry) -> None:
    sample = Sample("file", tmp_path, registry)
    file = next(path for path in sample.files if path.name == "first")
    file.unlink()
    file.mkdir()
    assert outcome(sample, "folder") == "found"
