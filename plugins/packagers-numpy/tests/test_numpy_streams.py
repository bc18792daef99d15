"""Iterators of arrays: packed chunk by chunk, read chunk by chunk or whole."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers
from packagers_numpy.streams import ArrayStreamPackager

CHUNKS: Callable[[], list[np.ndarray[Any, Any]]] = lambda: [np.arange(6.0).reshape(2, 3) + i for i in range(4)]  # noqa: E731


def _assert_equal(left: Any, right: Any) -> None:
    left, right = list(left), list(right)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert (a.dtype, a.shape, a.flags.fnc) == (b.dtype, b.shape, b.flags.fnc)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "stream",
    [lambda: iter(CHUNKS()), lambda: (chunk for chunk in CHUNKS()), lambda: map(np.copy, CHUNKS()), lambda: chain(CHUNKS())],
    ids=["list_iterator", "generator", "map", "chain"],
)
@pytest.mark.parametrize("hint", ["stream", "stream : file[compressed=True]"])
def test_it_comes_back_as_an_iterator(tmp_path: Path, stream: Callable[[], Iterator[Any]], hint: str) -> None:
    artifact = packagers.pack(stream(), hint, tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    assert artifact.manifest.written.packager == "packagers-numpy:packagers_numpy.streams.ArrayStreamPackager"
    assert [file.path for file in artifact.manifest.files] == ["arrays.npz"]
    for asked in (None, Iterator[np.ndarray], Iterator):
        back = packagers.unpack(tmp_path / "stream", asked)
        assert isinstance(back, Iterator)
        _assert_equal(back, CHUNKS())


def test_chunks_may_be_unlike(tmp_path: Path) -> None:
    chunks = [np.zeros((0, 3)), np.array("text"), np.asfortranarray(np.eye(2)), np.zeros(2, np.dtype("i1,i8", align=True))]
    packagers.pack(iter(chunks), "stream", tmp_path)
    _assert_equal(packagers.unpack(tmp_path / "stream"), chunks)
    with pytest.raises(packagers.UnpackError, match="make no array together"):
        packagers.unpack(tmp_path / "stream", np.ndarray)
    packagers.pack(iter([np.zeros(2), np.zeros((2, 2))]), "stream", tmp_path)
    with pytest.raises(packagers.UnpackError, match="cannot be joined"):
        packagers.unpack(tmp_path / "stream", np.ndarray)


def test_it_is_read_whole_where_that_is_asked(tmp_path: Path) -> None:
    packagers.pack(iter(CHUNKS()), "stream", tmp_path)
    np.testing.assert_array_equal(packagers.unpack(tmp_path / "stream", np.ndarray), np.concatenate(CHUNKS()))
    _assert_equal(packagers.unpack(tmp_path / "stream", list[np.ndarray]), CHUNKS())
    assert list(packagers.unpack(tmp_path / "stream", dict[str, np.ndarray])) == ["arr_0", "arr_1", "arr_2", "arr_3"]
    aligned = np.dtype("i1,i8", align=True)
    packagers.pack((np.ones(2, aligned) for _ in range(2)), "stream", tmp_path)
    whole = packagers.unpack(tmp_path / "stream", np.ndarray)
    assert whole.shape == (4,)
    assert whole.dtype.isalignedstruct


def test_a_chunk_is_gone_before_the_next_is_made(tmp_path: Path) -> None:
    alive: list[weakref.ref[Any]] = []

    class Chunks:
        """Keeps no chunk itself, as a loop of a generator would."""

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            assert [number for number, made in enumerate(alive) if made() is not None] == []
            if len(alive) == 5:
                raise StopIteration
            chunk = np.zeros((100, 100), np.dtype("i1,i8", align=True))
            alive.append(weakref.ref(chunk))
            return chunk

    packagers.pack(Chunks(), "stream", tmp_path)
    assert len(alive) == 5
    back, read = packagers.unpack(tmp_path / "stream"), []
    for chunk in back:
        assert [number for number, made in enumerate(read) if made() is not None] == []
        read.append(weakref.ref(chunk))
        del chunk
    assert len(read) == 5


def test_a_chunk_that_is_not_asked_for_is_not_read(tmp_path: Path) -> None:
    ArrayStreamPackager().pack_file(iter([np.arange(1000), np.full(5, 77)]), tmp_path)
    path = tmp_path / "arrays.npz"
    data = path.read_bytes()
    path.write_bytes(data.replace(np.full(5, 77).tobytes(), np.full(5, 78).tobytes()))
    back = ArrayStreamPackager().unpack_file(tmp_path)
    np.testing.assert_array_equal(next(back), np.arange(1000))
    with pytest.raises(packagers.UnpackError, match="CRC"):
        next(back)


def test_a_stream_that_is_not_read_to_its_end_leaves_nothing_open(tmp_path: Path) -> None:
    packagers.pack(iter(CHUNKS()), "stream", tmp_path)
    packagers.unpack(tmp_path / "stream")
    started = packagers.unpack(tmp_path / "stream")
    next(started)
    del started  # a file that is left open is a ResourceWarning


def test_a_stream_goes_on_where_the_package_is_replaced(tmp_path: Path) -> None:
    packagers.pack(iter(CHUNKS()), "stream", tmp_path)
    back = packagers.unpack(tmp_path / "stream")
    packagers.pack(5, "stream", tmp_path)
    _assert_equal(back, CHUNKS())


def test_objects_are_code_wherever_the_stream_is_read(tmp_path: Path) -> None:
    chunks = [np.arange(2), np.array([{1: 2}, None], object)]
    packagers.pack(iter(chunks), "stream", tmp_path)
    _assert_equal(packagers.unpack(tmp_path / "stream"), chunks)
    with packagers.trust("data"):
        refused = packagers.unpack(tmp_path / "stream")
    next(refused)
    with pytest.raises(packagers.UntrustedPackageError):
        next(refused)
    np.savez(tmp_path / "plain.npz", *chunks)
    foreign = packagers.unpack(tmp_path / "plain.npz", Iterator[np.ndarray])
    next(foreign)
    with pytest.raises(packagers.UntrustedPackageError):
        next(foreign)
    _assert_equal(packagers.unpack(tmp_path / "plain.npz", Iterator[np.ndarray], trust="all"), chunks)


def test_a_chunk_of_another_class_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="chunk 1 is a MaskedArray"):
        packagers.pack(iter([np.arange(2), np.ma.masked_array([1, 2], [0, 1])]), "stream", tmp_path)
    assert not (tmp_path / "stream").exists()


def test_a_stream_that_breaks_is_an_error_that_names_it(tmp_path: Path) -> None:
    def broken() -> Iterator[Any]:
        yield np.arange(2)
        raise ZeroDivisionError("no more")

    with pytest.raises(packagers.PackError, match="no more"):
        packagers.pack(broken(), "stream", tmp_path)
    assert not (tmp_path / "stream").exists()


def test_a_list_is_read_as_a_stream(tmp_path: Path) -> None:
    array = np.arange(3)
    packagers.pack([array, np.eye(2), array], "list", tmp_path)
    _assert_equal(packagers.unpack(tmp_path / "list", Iterator[np.ndarray]), [array, np.eye(2), array])
