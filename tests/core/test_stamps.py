"""What was learned of a file holds while the file is what it was, and no longer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packagers import keys, stamps
from packagers.errors import PackagersWarning
from packagers.stamps import Memory, is_settled, noted

CHANGES: dict[str, Callable[[Path], object]] = {
    "written over": lambda path: path.write_bytes(b"longer than before"),
    "replaced": lambda path: (path.parent / "new").write_bytes(b"text") and os.replace(path.parent / "new", path),
    "dated": lambda path: os.utime(path, ns=(1, 1)),
    "opened to others": lambda path: path.chmod(0o777),
    "removed": Path.unlink,
}


@pytest.fixture(autouse=True)
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the clock that dates files for one that never stands still."""
    monkeypatch.setattr(stamps, "TICK_NS", -(1 << 62))
    monkeypatch.setattr(stamps, "SLOW_TICK_NS", -(1 << 62))


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_remembered_of_a_file_goes_with_its_change(tmp_path: Path, change: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"text")
    memory: Memory[str] = Memory(10)
    assert memory.remember("name", "learned", noted(tmp_path, path)) == "learned"
    assert memory.recall("name") == "learned"
    assert memory.recall("another") is None
    CHANGES[change](path)
    assert memory.recall("name") is None


def test_a_new_file_changes_its_folder(tmp_path: Path) -> None:
    memory: Memory[str] = Memory(10)
    memory.remember("name", "learned", noted(tmp_path))
    (tmp_path / "new").touch()
    assert memory.recall("name") is None


def test_what_changed_a_moment_ago_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = stamps.stamp_of(tmp_path)
    assert is_settled(stamp)
    monkeypatch.setattr(stamps, "TICK_NS", 1 << 62)
    monkeypatch.setattr(stamps, "SLOW_TICK_NS", 1 << 62)
    assert not is_settled(stamp)
    assert noted(tmp_path) == ()
    memory: Memory[str] = Memory(10)
    assert memory.remember("name", "learned", ()) == "learned"
    assert memory.recall("name") is None


def test_whole_milliseconds_are_those_of_a_slow_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "SLOW_TICK_NS", 1 << 62)
    assert is_settled((1, 1, 1, 1_000_001, 1_000_000))
    assert not is_settled((1, 1, 1, 1_000_000, 1_000_000))


def test_what_is_not_there_is_not_noted(tmp_path: Path) -> None:
    assert noted(tmp_path, tmp_path / "nothing") == ()


def test_no_more_is_remembered_than_was_said(tmp_path: Path) -> None:
    memory: Memory[int] = Memory(3)
    for number in range(100):
        memory.remember(number, number, noted(tmp_path))
    assert sum(memory.recall(number) is not None for number in range(100)) <= 3


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of keys, with one in it that has been read."""
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    monkeypatch.setattr(keys, "_warned", set())
    return tmp_path / "config" / "keys"


def test_a_key_is_read_once_while_nothing_changes(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id = keys.create()
    keys.signing_key(), keys.find(key_id)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("it was read again"))
    signing, found = keys.signing_key(), keys.find(key_id)
    assert signing is not None
    assert found is not None
    assert signing.id == found.id == key_id


def test_a_key_that_is_revoked_is_not_remembered(config: Path) -> None:
    key_id = keys.create()
    assert keys.find(key_id) is not None
    (config / f"{key_id}.revoked").touch()  # as another process does it
    assert keys.find(key_id) is None
    signing = keys.signing_key()
    assert signing is not None
    assert signing.id != key_id


def test_another_signing_key_is_taken_at_once(config: Path) -> None:
    first, second = keys.create(), keys.create()
    assert keys.signing_key() is not None
    (config / "signing").write_text(first)
    signing = keys.signing_key()
    assert signing is not None
    assert signing.id == first != second


def test_a_key_file_that_is_edited_is_read_again(config: Path) -> None:
    key_id = keys.create()
    assert keys.find(key_id) is not None
    (config / f"{key_id}.key").write_text("nonsense")
    with pytest.warns(PackagersWarning, match="counts as foreign"):
        assert keys.find(key_id) is None


def test_a_folder_of_keys_that_is_opened_to_others_is_not_remembered(config: Path) -> None:
    key_id = keys.create()
    assert keys.find(key_id) is not None
    config.chmod(0o770)
    with pytest.warns(PackagersWarning, match="other users can write"):
        assert keys.find(key_id) is None


def test_each_folder_of_keys_has_its_own(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id = keys.create()
    assert keys.find(key_id) is not None
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "another"))
    assert keys.find(key_id) is None
    signing = keys.signing_key()
    assert signing is not None
    assert signing.id != key_id
