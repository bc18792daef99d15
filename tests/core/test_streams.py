"""Iterators are packed chunk by chunk and come back as iterators of the same chunks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers


def numbers(count: int) -> Iterator[Any]:
    for index in range(count):
        yield {"index": index, "blob": bytes([index]) * 70_000}


def test_a_stream_comes_back_in_another_process(tmp_path: Path) -> None:
    artifact = packagers.pack(numbers(4), "chunks", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    assert artifact.object_type == "Iterator"
    code = "import packagers, sys; s = packagers.unpack(sys.argv[1]); print([(c['index'], c['blob'][:1], len(c['blob'])) for c in s])"
    done = subprocess.run([sys.executable, "-c", code, str(artifact.path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr([(i, bytes([i]), 70_000) for i in range(4)])


@pytest.mark.parametrize("hint", [Iterator, Iterable, Iterator[dict[str, Any]], Generator, Any, object, None])
def test_hints_of_streams(tmp_path: Path, hint: Any) -> None:
    packagers.pack(iter([{"a": 1}, {"a": 2}]), "chunks", tmp_path)
    found = packagers.unpack(tmp_path / "chunks", hint) if hint is not Generator else packagers.unpack(tmp_path / "chunks", Generator)
    assert next(found) == {"a": 1}
    assert list(found) == [{"a": 2}]


def test_an_empty_stream(tmp_path: Path) -> None:
    packagers.pack(iter(()), "chunks", tmp_path)
    assert list(packagers.unpack(tmp_path / "chunks")) == []


def test_chunks_are_taken_one_at_a_time(tmp_path: Path) -> None:
    alive = 0
    most = 0

    class Chunk(bytes):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def chunks() -> Iterator[Any]:
        nonlocal alive, most
        for _ in range(10):
            alive += 1
            most = max(most, alive)
            yield Chunk(b"x")

    packagers.pack(chunks(), "chunks", tmp_path)
    assert most <= 3


def test_a_stream_that_fails_leaves_no_package_and_names_the_error(tmp_path: Path) -> None:
    def chunks() -> Iterator[int]:
        yield 1
        raise ValueError("the source broke")

    with pytest.raises(packagers.PackError, match="the source broke"):
        packagers.pack(chunks(), "chunks", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="no result"):
        packagers.pack(iter([1]), "chunks : result", tmp_path)
