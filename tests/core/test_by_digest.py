"""A package in a folder that is called by its digest, as in a store of packages: readable there, and under no other digest."""

from __future__ import annotations

from pathlib import Path

import pytest

import packagers


@pytest.mark.parametrize(("value", "type"), [({"depth": 3}, "result"), (b"bytes", "file")])
def test_a_folder_may_be_called_by_the_digest(tmp_path: Path, value: object, type: str) -> None:
    with packagers.Session(tmp_path, record="packages") as session:
        session.pack(value, f"key : {type}")
    digest = packagers.DataItem(tmp_path / "key").unpack(packagers.Artifact).digest
    place = (tmp_path / "key").rename(tmp_path / digest.replace(":", "-"))
    assert packagers.unpack(place) == value


def test_a_folder_that_is_called_by_another_digest_is_refused(tmp_path: Path) -> None:
    with packagers.Session(tmp_path, record="packages") as session:
        session.pack({"depth": 3}, "key : result")
        session.pack({"depth": 4}, "other : result")
    other = packagers.DataItem(tmp_path / "other").unpack(packagers.Artifact).digest
    place = (tmp_path / "key").rename(tmp_path / other.replace(":", "-"))
    with pytest.raises(packagers.IntegrityError, match="is that of 'key'"):
        packagers.unpack(place)
