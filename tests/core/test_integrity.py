"""A flipped bit anywhere in a package, a missing file, or one too many, is found before anything is decoded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import IntegrityError, UnpackError
from packagers.builtin.binary import BytesPackager
from packagers.package import Package


def flip(file: Path, bit: int) -> None:
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    file.write_bytes(data)


@pytest.fixture
def never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("a decoder saw damaged bytes")

    monkeypatch.setattr(BytesPackager, "unpack_file", fail)


def bits_of(file: Path, every: int) -> range:
    return range(0, file.stat().st_size * 8, every)


@pytest.mark.usefixtures("never_decoded")
def test_every_flipped_bit_of_a_payload_is_found(tmp_path: Path) -> None:
    artifact = packagers.pack(bytes(range(64)), "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    file = next(path for path in artifact.path.rglob("*.bin"))
    whole = file.read_bytes()
    for bit in bits_of(file, 1):
        flip(file, bit)
        with pytest.raises(IntegrityError, match="bytes"):
            packagers.unpack(artifact.path)
        file.write_bytes(whole)


@pytest.mark.usefixtures("never_decoded")
def test_every_flipped_bit_of_a_manifest_is_found(tmp_path: Path) -> None:
    artifact = packagers.pack(b"some bytes", {"key": "data", "labels": {"é": "1E5"}}, tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    file = artifact.path / "manifest.json"
    whole = file.read_bytes()
    for bit in bits_of(file, 1):
        flip(file, bit)
        with pytest.raises(UnpackError):
            packagers.unpack(artifact.path)
        file.write_bytes(whole)


def test_every_flipped_bit_of_results_is_found(tmp_path: Path) -> None:
    with packagers.Session(tmp_path) as session:
        session.pack(1e5, "number")
        session.pack("é", "text")
    file = tmp_path / "results.json"
    whole = file.read_bytes()
    for bit in bits_of(file, 1):
        flip(file, bit)
        with pytest.raises(UnpackError):
            packagers.unpack(tmp_path / "number")
        file.write_bytes(whole)
    assert packagers.unpack(tmp_path / "number") == 1e5


@pytest.mark.parametrize("damage", ["missing", "longer", "shorter", "extra", "link", "payload missing"])
def test_a_payload_that_is_not_what_was_packed_is_refused(tmp_path: Path, damage: str) -> None:
    artifact = packagers.pack(b"x" * 100, "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    file = next(path for path in artifact.path.rglob("*.bin"))
    match damage:
        case "missing":
            file.unlink()
        case "longer":
            file.write_bytes(b"x" * 101)
        case "shorter":
            file.write_bytes(b"x" * 99)
        case "extra":
            (file.parent / "more.bin").write_bytes(b"x")
        case "link":
            shutil.move(file, tmp_path / "elsewhere")
            file.symlink_to(tmp_path / "elsewhere")
        case "payload missing":
            shutil.rmtree(file.parent)
    with pytest.raises(IntegrityError):
        packagers.unpack(artifact.path)
    with pytest.raises(IntegrityError):
        artifact.verify()


def test_verification_can_be_waived_by_the_caller_alone(tmp_path: Path) -> None:
    artifact = packagers.pack(b"abc", "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    next(path for path in artifact.path.rglob("*.bin")).write_bytes(b"xyz")
    assert packagers.unpack(artifact.path, verify=False) == b"xyz"


def test_a_newer_format_version_says_so(tmp_path: Path) -> None:
    artifact = packagers.pack(b"abc", "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    from packagers import manifest, sealed

    data = {**artifact.manifest.to_dict(), "packagers": manifest.VERSION + 1}
    (artifact.path / "manifest.json").write_bytes(sealed.to_text(data, None))
    with pytest.raises(UnpackError, match="format version") as caught:
        packagers.unpack(artifact.path)
    assert "pip install --upgrade packagers" in str(caught.value)


def test_equal_data_has_an_equal_digest_whatever_key_and_place(tmp_path: Path) -> None:
    first = packagers.pack({"a": [1, {2, 3}]}, "one : file", tmp_path / "here")
    second = packagers.pack({"a": [1, {3, 2}]}, "two : file", tmp_path / "there")
    assert isinstance(first, packagers.Artifact)
    assert isinstance(second, packagers.Artifact)
    assert first.digest == second.digest
    assert Package.open(first.path).seal != Package.open(second.path).seal


def test_a_zip_has_the_same_digest_and_equal_packages_give_equal_bytes(tmp_path: Path) -> None:
    artifact = packagers.pack([b"x" * 100_000, 1], "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    first = Package.open(artifact.path).zip(tmp_path / "one.zip").read_bytes()
    second = Package.open(artifact.path).zip(tmp_path / "two.zip").read_bytes()
    assert first == second
    opened = Package.open_zip(tmp_path / "one.zip")
    opened.verify()
    assert opened.manifest.digest == artifact.digest
    assert packagers.unpack(tmp_path / "one.zip") == [b"x" * 100_000, 1]


def test_the_manifest_is_readable_json(tmp_path: Path) -> None:
    artifact = packagers.pack(b"abc", "data", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    data = json.loads((artifact.path / "manifest.json").read_text())
    assert (data["key"], data["object_type"], data["artifact_type"]) == ("data", "bytes", "file")


@pytest.mark.parametrize(("name", "asked"), [("manifest.json", "."), ("results.json", "value")])
def test_of_a_document_that_is_too_large_no_more_than_shows_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, asked: str
) -> None:
    monkeypatch.setattr("packagers.sealed.MAX_BYTES", 1_000)
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 42)  # no memory would hold it
    with pytest.raises(IntegrityError, match="more than 1,000 bytes"):
        packagers.unpack(tmp_path / asked)


def test_results_that_no_reader_would_take_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with packagers.Session(tmp_path) as session:
        session.pack(1, "one")
    monkeypatch.setattr("packagers.results.MAX_BYTES", 1_000)
    with pytest.raises(packagers.PackingFailed) as caught, packagers.Session(tmp_path) as session:
        session.pack("x" * 1_000, "two")
    assert "1,000 are allowed" in str(caught.value.exceptions[0])
    assert packagers.unpack(tmp_path / "one") == 1
