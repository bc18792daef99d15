"""Objects in a folder, in fsspec's memory, and on a real server of the S3 protocol."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers
from packagers_runs.runstore import Store, connect
from packagers_runs.store.errors import StoreError

PLACES = ("folder", "memory", "s3")
_numbers = itertools.count(1)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "objects")
    if request.param == "memory":
        return f"memory://objects-{uuid.uuid4().hex}"
    import s3fs

    request.getfixturevalue("s3")
    bucket = f"bucket-{next(_numbers)}"
    s3fs.S3FileSystem().mkdir(bucket)
    return f"s3://{bucket}/some/prefix"


@pytest.fixture
def store(place: str, new_database: Callable[[str], str]) -> Iterator[Store]:
    with connect(new_database("sqlite"), place) as store:
        yield store


def run(store: Store, number: int, **values: Any) -> None:
    started = {"metadata": {"uid": f"{number:032x}"}, "status": {"state": "running"}}
    attempt = store.begin(started)
    with packagers.Session(store.staging(attempt), record=False) as session:
        for key, value in values.items():
            session.pack(value, f"{key} : file" if isinstance(value, str) else key)
    store.write(attempt, {**started, "status": {"state": "completed"}}, session.artifacts)


everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)


@everywhere
def test_artifacts_are_put_once_and_read_back(store: Store) -> None:
    values = {"note": "text", "table": np.arange(2_000_000), "names": {"a": [1, 2], "b": np.ones(3)}}
    run(store, 1, **values)
    run(store, 2, **values)
    assert len(list(store.objects.digests())) == 3
    for number in (1, 2):
        assert packagers.unpack(f"store://note@{number:032x}") == "text"
        assert packagers.unpack(f"store://table@{number:032x}").sum() == values["table"].sum()
        assert packagers.unpack(f"store://names@{number:032x}")["b"].tolist() == [1, 1, 1]
    assert packagers.unpack(store.objects.place(store.find("store://table").digest)).sum() == values["table"].sum()


@everywhere
def test_what_nothing_refers_to_is_collected(store: Store) -> None:
    run(store, 1, note="one", same="same")
    run(store, 2, note="two", same="same")
    assert store.gc().objects == 0
    store.remove(f"{1:032x}")
    assert store.gc().objects == 1
    assert packagers.unpack("store://same") == "same"
    store.remove(f"{2:032x}")
    assert store.gc().objects == 2
    assert list(store.objects.digests()) == []
    run(store, 3, same="same")
    assert packagers.unpack("store://same") == "same"


@everywhere
@pytest.mark.parametrize("step", [1, 2])
def test_what_is_half_there_counts_as_absent_and_is_put_again_or_collected(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    objects: Any = store.objects
    steps = itertools.count(1)

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def put(*arguments: Any) -> None:
            if next(steps) == step:
                raise OSError("no space left")
            original(*arguments)

        return put

    holder, name = (os, "rename") if hasattr(objects, "folder") else (objects, "_put_file")
    monkeypatch.setattr(holder, name, failing(getattr(holder, name)))
    with pytest.raises(StoreError, match="no space left"):
        run(store, 1, note="text", more="more")
    monkeypatch.undo()
    assert store.list_artifacts() == []
    whole = {digest for digest in objects.digests() if objects.find(digest) is not None}
    assert len(whole) == (step - 1 if name == "rename" else 0)
    run(store, 2, note="text", more="more")
    assert (packagers.unpack("store://note"), packagers.unpack("store://more")) == ("text", "more")
    store.change(f"{1:032x}", {"status.state": "aborted"})
    store.remove(f"{2:032x}")
    store.gc()
    assert list(objects.digests()) == []


@everywhere
def test_a_place_belongs_to_one_store(store: Store, place: str, new_database: Callable[[str], str]) -> None:
    with pytest.raises(StoreError, match="another store's"):
        connect(new_database("sqlite"), place)
    connect(store.database.full_url, place).close()


@everywhere
def test_an_object_that_is_gone_is_not_linked_to(store: Store) -> None:
    run(store, 1, note="text")
    store.objects.remove(store.find("store://note").digest)
    started = {"metadata": {"uid": f"{2:032x}"}, "status": {"state": "running"}}
    attempt = store.begin(started)
    with pytest.raises(StoreError, match="the object of this artifact is gone"):
        store.write(attempt, {**started, "status": {"state": "completed"}}, {"note": f"store://note@{1:032x}"})
    assert store.document(f"{2:032x}")["status"]["state"] == "running"


@everywhere
def test_only_what_is_asked_for_of_a_large_file_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run(store, 1, table=np.arange(4_000_000))
    read = 0
    opened = store.objects.open

    def counting(digest: str, path: str) -> Any:
        file = opened(digest, path)
        original = file.read

        class Counted:
            def read(self, size: int = -1) -> bytes:
                nonlocal read
                data = original(size)
                read += len(data)
                return data

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

        return Counted()

    monkeypatch.setattr(store.objects, "open", counting)
    assert packagers.unpack("store://table", rows=slice(0, 10)).tolist() == list(range(10))
    assert 0 < read < 4 << 20


def test_a_protocol_that_cannot_be_spoken_is_refused(new_database: Callable[[str], str]) -> None:
    with pytest.raises(StoreError, match="objects cannot be at this URL"):
        connect(new_database("sqlite"), "nosuch://bucket")
