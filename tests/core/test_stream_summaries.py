"""A stream is described by its first chunk, and by how many there were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import packagers


def frames() -> Iterator[pd.DataFrame]:
    for index in range(3):
        yield pd.DataFrame({"number": [index], "text": ["<b>"]})


@pytest.mark.parametrize(
    ("chunks", "first"),
    [(lambda: ([index] * 9 for index in range(3)), [0] * 9), (frames, next(frames())), (lambda: map(np.arange, (3, 4, 5)), np.arange(3))],
    ids=["lists", "frames", "arrays"],
)
def test_its_first_chunk_is_described(tmp_path: Path, chunks: Any, first: Any) -> None:
    with packagers.Session(tmp_path, record="packages") as session:
        stream, one = session.pack(chunks(), "stream"), session.pack(first, "one")
    assert isinstance(stream, packagers.Artifact)
    expected = packagers.unpack(tmp_path / "one", packagers.Artifact).manifest if isinstance(one, packagers.Artifact) else None
    manifest = stream.manifest
    assert manifest.description["chunks"] == 3
    if expected is not None:
        assert manifest.description.get("first", {}) == dict(expected.description)
        assert dict(manifest.preview) == dict(expected.preview) != {}


def test_an_empty_stream_has_no_chunks(tmp_path: Path) -> None:
    artifact = packagers.pack(iter(()), "stream", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    assert dict(artifact.manifest.description) == {"chunks": 0}
    assert not artifact.manifest.preview


def test_a_stream_of_what_nobody_packs_has_none(tmp_path: Path) -> None:
    registry = packagers.Registry(discover=False)
    with packagers.Session(tmp_path, registry=registry) as session:
        artifact = session.pack(iter([{"a": 1}]), "stream")
    assert isinstance(artifact, packagers.Artifact)
    assert artifact.manifest.description["chunks"] == 1
