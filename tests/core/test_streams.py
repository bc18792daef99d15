"""Iterators are packed chunk by chunk and come back as iterators of the same chunks."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import weakref
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import packagers

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes
from exactly import exactly


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


@pytest.mark.parametrize("wrap", [lambda chunk: chunk, lambda chunk: [chunk], lambda chunk: {"a": (chunk,)}], ids=["bare", "list", "dict"])
def test_one_chunk_is_alive_at_a_time(wrap: Any, tmp_path: Path) -> None:
    made: list[weakref.ref[Any]] = []

    def chunks() -> Iterator[Any]:
        for _ in range(10):
            assert not [each for each in made if each() is not None]
            chunk = shapes.Names([b"x" * 70_000])
            made.append(weakref.ref(chunk))
            whole = wrap(chunk)
            del chunk
            yield whole
            del whole

    packagers.pack(chunks(), "chunks", tmp_path)
    assert len(made) == 10
    assert not [each for each in made if each() is not None]


def test_chunks_are_read_one_at_a_time(tmp_path: Path) -> None:
    packagers.pack((shapes.Names([b"x" * 70_000]) for _ in range(10)), "chunks", tmp_path)
    seen: list[weakref.ref[Any]] = []
    for chunk in packagers.unpack(tmp_path / "chunks"):
        seen.append(weakref.ref(chunk))
        assert len([each for each in seen if each() is not None]) <= 2
    del chunk
    assert not [each for each in seen if each() is not None]


def test_chunks_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    artifact = packagers.pack(({"blob": bytes([i]) * 70_000} for i in range(3)), "chunks", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    stream = packagers.unpack(artifact.path)
    assert next(stream)["blob"][0] == 0
    assert artifact.manifest.payload is not None
    (artifact.path / artifact.manifest.payload / "chunk-1" / "part-0" / "bytes.bin").unlink()
    with pytest.raises(packagers.UnpackError):
        next(stream)


@pytest.mark.parametrize("taken", [0, 1])
@pytest.mark.parametrize("chunk", [lambda i: i, lambda i: {"blob": bytes([i]) * 70_000}], ids=["small", "large"])
def test_a_stream_whose_package_is_replaced_goes_on_or_says_so(chunk: Any, taken: int, tmp_path: Path) -> None:
    packagers.pack((chunk(i) for i in range(5)), "chunks", tmp_path)
    stream = packagers.unpack(tmp_path / "chunks")
    found = [next(stream) for _ in range(taken)]
    packagers.pack((chunk(9) for _ in range(3)), "chunks", tmp_path)
    with contextlib.suppress(packagers.UnpackError):
        found.extend(stream)
        assert len(found) == 5
    assert found == [chunk(i) for i in range(len(found))]


def test_chunks_of_different_types(tmp_path: Path) -> None:
    def chunks() -> Iterator[Any]:
        yield from (1, "a", [1, (2,)], b"x" * 70_000, None, {1: {2}}, shapes.Layer(1, [shapes.Holder(2)]), shapes.Color.RED)

    packagers.pack(chunks(), "chunks", tmp_path)
    exactly(chunks(), packagers.unpack(tmp_path / "chunks"))


def test_a_chunk_that_cannot_be_packed_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError) as caught:
        packagers.pack(iter([1, b"x" * 70_000, {"a": [threading.Lock()]}]), "chunks", tmp_path)
    assert caught.value.leaf == "[2].a[0]"
    assert list(tmp_path.iterdir()) == []


def test_a_package_is_kept_where_a_stream_fails_that_was_to_replace_it(tmp_path: Path) -> None:
    def chunks() -> Iterator[int]:
        yield 1
        raise ValueError("the source broke")

    packagers.pack([1, 2], "v : file", tmp_path)
    with pytest.raises(packagers.PackError, match="the source broke"):
        packagers.pack(chunks(), "v", tmp_path)
    assert packagers.unpack(tmp_path / "v") == [1, 2]
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["manifest.json"]


def test_a_stream_inside_of_a_container_is_refused(tmp_path: Path) -> None:
    for value in ([iter([1])], {"a": iter([1])}, shapes.Layer(1, iter([1]))):
        with pytest.raises(packagers.PackError, match="inside of a container") as caught:
            packagers.pack(value, "v", tmp_path)
        assert "list" in str(caught.value.remedy)


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


class LinesPackager(packagers.Packager):
    """Reads numbers, one a line, when they are asked for."""

    READERS = MappingProxyType({"file": "data"})

    def unpack_file(self, folder: Path) -> Iterator[int]:
        """Read one number after the other."""
        lines = self.only_file(folder).read_text(encoding="utf-8").splitlines()
        return (int(line) for line in lines)


def test_what_goes_wrong_while_a_stream_is_read_on_is_an_error_of_ours(tmp_path: Path) -> None:
    registry = packagers.Registry()
    registry.add("Iterator[int]", LinesPackager)
    (tmp_path / "numbers.txt").write_text("1\nnone\n", encoding="utf-8")
    found = packagers.DataItem(tmp_path / "numbers.txt", registry=registry).unpack("Iterator[int]")
    assert next(found) == 1
    with pytest.raises(packagers.UnpackError, match=r"LinesPackager failed to unpack file: ValueError: .*'none'") as caught:
        next(found)
    assert caught.value.file == str(tmp_path / "numbers.txt")


@pytest.mark.parametrize("line", ["[" * 100_000, '{"parts": 5}', "[]", "5", "no JSON", '{"skeleton": {"$part": 7}}'])
def test_what_a_chunk_says_is_an_error_of_ours_where_it_makes_no_sense(line: str, tmp_path: Path) -> None:
    artifact = packagers.pack(iter([1, 2]), "chunks", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    (chunks,) = artifact.path.glob("*/chunks.jsonl")
    chunks.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(packagers.UnpackError):
        next(packagers.unpack(artifact.path, verify=False))
