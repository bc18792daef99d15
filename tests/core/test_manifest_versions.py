"""Old packages stay readable when the schema of manifests goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

import packagers
from packagers import manifest


def test_a_package_of_the_schema_before_is_read_and_keeps_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = packagers.pack([b"x" * 100_000], "old", tmp_path)
    assert isinstance(old, packagers.Artifact)
    monkeypatch.setattr(manifest, "VERSION", manifest.VERSION + 1)
    assert packagers.unpack(tmp_path / "old") == [b"x" * 100_000]
    read = packagers.unpack(tmp_path / "old", packagers.Artifact)
    assert (read.digest, read.manifest.version) == (old.digest, manifest.VERSION - 1)
    assert read.manifest.to_dict() == old.manifest.to_dict()


def test_a_package_of_the_schema_after_says_what_to_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packagers.pack([b"x" * 100_000], "new", tmp_path)
    monkeypatch.setattr(manifest, "VERSION", manifest.VERSION - 1)
    with pytest.raises(packagers.UnpackError, match="format version 1, and this is packagers for versions up to 0") as caught:
        packagers.unpack(tmp_path / "new")
    assert caught.value.remedy == "pip install --upgrade packagers"
