"""An export that a stranger made: whatever he wrote into it, it is refused whole, or does no harm."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import stat
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import packagers
from packagers_runs import RunsError, Store, StoreError, connect
from packagers_runs.store import schema
from packagers_runs.transfer.sealing import seal_of

UID = "1" * 32
RUN = f"runs/{UID}.jsonl"
LOG = f"runs/{UID}/0.log"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give an export with a run, an iteration, two artifacts, a result that is no JSON, and a log."""
    file = tmp_path_factory.mktemp("good") / "good.zip"
    with connect("memory://") as store:
        for iteration in (0, 1):
            metadata = {"uid": UID, "name": "run", "iteration": iteration, "labels": {"a": "b"}}
            attempt = store.begin({"metadata": metadata, "status": {"state": "running"}})
            with packagers.Session(store.staging(attempt), record=False) as session:
                session.pack("text", "note : file")
                session.pack({"a": 1}, "plain : object")
            status = {"state": "completed", "results": {"pair": (1, 2)}}
            store.write(attempt, {"metadata": metadata, "status": status}, session.artifacts)
        with store.database.writing() as connection:
            connection.execute(schema.logs.insert().values(uid=UID, iteration=0, start=0, text=b"printed"))
        store.export(None, file)
    return file.read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store that has something to lose."""
    with connect(f"sqlite:///{tmp_path}/store/runs.db") as store:
        attempt = store.begin({"metadata": {"uid": "2" * 32}, "status": {"state": "running"}})
        with packagers.Session(store.staging(attempt), record=False) as session:
            session.pack("mine", "note : file")
        store.write(attempt, {"metadata": {"uid": "2" * 32}, "status": {"state": "completed"}}, session.artifacts)
        yield store


def everything(store: Store, root: Path) -> Any:
    """Give all rows, and all files around the store but those of the database."""
    with store.database.reading() as connection:
        rows = {name: connection.execute(select(table)).all() for name, table in schema.metadata.tables.items()}
    return rows, {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and "runs.db" not in path.name}


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name not in ("export.json", "seal.json")}


def rebuilt(found: dict[str, bytes], seal: Callable[[bytes], bytes] = seal_of, **index: Any) -> bytes:
    """Give a zip of members whose index says the truth of all of them, and is sealed."""
    told = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in found.items()}
    text = json.dumps({"format": "packagers-runs export", "version": 1, "members": told, **index}).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*found.items(), ("export.json", text), ("seal.json", seal(text))]:
            archive.writestr(name, data)
    return out.getvalue()


def lines(edit: Callable[[list[dict[str, Any]]], Any]) -> Callable[[bytes], bytes]:
    """Give the trick of other lines."""

    def made(data: bytes) -> bytes:
        found = members(data)
        rows = [json.loads(line) for line in found[RUN].splitlines()]
        edited = edit(rows)
        found[RUN] = b"".join(json.dumps(row).encode() + b"\n" for row in (rows if edited is None else edited))
        return rebuilt(found)

    return made


def put(place: tuple[str | int, ...], value: Any) -> Callable[[bytes], bytes]:
    """Give the trick of one other value in the lines."""

    def edit(rows: Any) -> None:
        *outer, last = place
        for step in outer:
            rows = rows[step]
        rows[last] = value

    return lines(edit)


def other(edit: Callable[[dict[str, bytes]], Any]) -> Callable[[bytes], bytes]:
    """Give the trick of other members."""

    def made(data: bytes) -> bytes:
        found = members(data)
        edit(found)
        return rebuilt(found)

    return made


def objects(found: dict[str, bytes], ends: str = "") -> list[str]:
    return [name for name in found if name.startswith("objects/") and name.endswith(ends)]


def payload_of(found: dict[str, bytes]) -> str:
    return min(name for name in objects(found) if not name.endswith("manifest.json"))


def manifest(edit: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    """Give the trick of another manifest of a file's object."""

    def change(found: dict[str, bytes]) -> None:
        for name in objects(found, "manifest.json"):
            told = json.loads(found[name])
            if told.get("payload"):
                edit(told)
                found[name] = json.dumps(told, indent=1).encode()

    return other(change)


def payload(edit: Callable[[dict[str, bytes], str], Any]) -> Callable[[bytes], bytes]:
    def change(found: dict[str, bytes]) -> None:
        edit(found, payload_of(found))

    return other(change)


def added(name: str, data: bytes = b"x") -> Callable[[bytes], bytes]:
    return other(lambda found: found.update({name: data}))


def raw(edit: Callable[[zipfile.ZipFile, dict[str, bytes]], Any]) -> Callable[[bytes], bytes]:
    """Give the trick of something that is added to the zip itself."""

    def made(data: bytes) -> bytes:
        out = io.BytesIO(data)
        with warnings.catch_warnings(), zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
            warnings.simplefilter("ignore")
            edit(archive, members(data))
        return out.getvalue()

    return made


def link(archive: zipfile.ZipFile, found: dict[str, bytes]) -> None:
    info = zipfile.ZipInfo(f"runs/{UID}/1.log")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def overlapping(data: bytes) -> bytes:
    """Let every entry of the directory say that it is as long as the whole file."""
    found = bytearray(data)
    position = found.find(b"PK\1\2")
    while position >= 0:
        found[position + 20 : position + 24] = struct.pack("<I", len(data))
        position = found.find(b"PK\1\2", position + 4)
    return bytes(found)


def swapped(data: bytes) -> bytes:
    """Let the two artifacts of the run change their manifests, so that each has the other's digest, under keys of other data."""
    return lines(lambda rows: rows[0]["artifacts"][0].update(manifest=rows[0]["artifacts"][1]["manifest"][:-2] + " }"))(data)


def sealed(seal: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: rebuilt(members(data), seal)


DEEP = b'{"iteration": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
TRICKS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    # the zip
    "no zip": ("is no zip", lambda data: b"hello" * 100),
    "empty": ("is no zip", lambda data: b""),
    "cut": ("is no zip", lambda data: data[: len(data) // 2]),
    "another zip": ("has no export.json", lambda data: raw_zip({RUN: b"{}"})),
    "twice": ("is there twice", raw(lambda archive, found: archive.writestr(RUN, found[RUN]))),
    "link": ("is no file", raw(link)),
    "folder": ("no member is called", raw(lambda archive, found: archive.mkdir("runs"))),
    "unlisted": ("lists other members", raw(lambda archive, found: archive.writestr(f"runs/{UID}/1.log", "x"))),
    "overlap": ("overlap", overlapping),
    "up": ("no member is called", added("objects/blake3-" + "0" * 64 + "/../../../evil")),
    "absolute": ("no member is called", added("/etc/evil")),
    "backslash": ("no member is called", added("objects/blake3-" + "0" * 64 + "/..\\..\\evil")),
    "dot": ("no member is called", added("objects/blake3-" + "0" * 64 + "/./manifest.json")),
    "stray": ("no member is called", added("runs/README")),
    "upper case": ("no member is called", added(f"runs/{'A' * 32}.jsonl")),
    # the index
    "not ours": ("is no export of runs", lambda data: rebuilt(members(data), format="something")),
    "newer": ("has format version 2", lambda data: rebuilt(members(data), version=2)),
    "version": ("is no export of runs", lambda data: rebuilt(members(data), version=True)),
    "members": ("lists other members", lambda data: rebuilt(members(data), members=[])),
    "member": ("is not what export.json says", lambda data: rebuilt(m := members(data), members={**dict.fromkeys(m, 1)})),
    "sizes": ("is not what export.json says", lambda data: rebuilt(m := members(data), members={n: {"size": 1, "sha256": ""} for n in m})),
    "digests": (
        "is not what export.json says",
        lambda data: rebuilt(m := members(data), members={n: {"size": len(d), "sha256": "0" * 64} for n, d in m.items()}),
    ),
    # the seal
    "no seal": ("has no seal.json", lambda data: unsealed(rebuilt(members(data)))),
    "seal of another": ("vouches for another export", sealed(lambda index: seal_of(index + b" "))),
    "seal of another key": (
        "vouches for another export",
        lambda data: rebuilt(members(data), seal=lambda index: manifest_of("other", index)),
    ),
    "seal changed": (
        "not as it was written",
        lambda data: rebuilt(members(data), seal=lambda index: seal_of(index).replace(b"list", b"set")),
    ),
    "seal no JSON": ("is no JSON|Expecting", lambda data: rebuilt(members(data), seal=lambda index: b"{")),
    # the lines
    "no line": ("it is empty", other(lambda found: found.update({RUN: b""}))),
    "half a line": ("ends inside of a line", other(lambda found: found.update({RUN: found[RUN][:-1]}))),
    "no JSON": ("is no JSON", other(lambda found: found.update({RUN: b"{\n"}))),
    "deep": ("is no JSON", other(lambda found: found.update({RUN: DEEP}))),
    "nan": ("is no JSON", other(lambda found: found.update({RUN: found[RUN].replace(b'"attempt":1', b'"attempt":NaN', 1)}))),
    "a list": ("no object of JSON", other(lambda found: found.update({RUN: b"[]\n"}))),
    "a field more": ("other fields", put((0, "owner"), "me")),
    "without 0": ("0 is not among them", lines(lambda rows: rows[1:])),
    "0 twice": ("not in order", lines(lambda rows: [rows[0], rows[0]])),
    "iteration": ("has the number", put((0, "iteration"), -1)),
    "iteration text": ("has the number", put((0, "iteration"), "0")),
    "attempt": ("has the attempt", put((0, "attempt"), 0)),
    "attempt huge": ("has the attempt", put((0, "attempt"), 2**31)),
    "future": ("of a time that cannot be", put((0, "created"), 9e9)),
    "before": ("of a time that cannot be", put((0, "updated"), -1)),
    "time text": ("of a time that cannot be", put((0, "created"), "now")),
    "document": ("is that of no run", put((0, "document"), [1])),
    "metadata": ("is that of no run", put((0, "document", "metadata"), "x")),
    "labels": ("is that of no run", put((0, "document", "metadata", "labels"), ["x"])),
    "status": ("is that of no run", put((0, "document", "status"), 1)),
    "artifact list": ("is that of no run", put((0, "document", "status", "artifacts"), "x")),
    "another run": ("is that of another run", put((0, "document", "metadata", "uid"), "2" * 32)),
    "another iteration": ("is that of another run", put((0, "document", "metadata", "iteration"), 5)),
    "running": ("has not ended", put((0, "document", "status", "state"), "running")),
    "pending retry": ("has not ended", put((1, "document", "status", "state"), "pendingRetry")),
    "no state": ("has not ended", put((0, "document", "status"), {})),
    "project": ("the project", put((0, "document", "metadata", "project"), "a/../b")),
    "name": ("has the name", put((0, "document", "metadata", "name"), "a\0b")),
    "label": ("has the label", put((0, "document", "metadata", "labels"), {"\ud800": "x"})),
    "long label": ("has the label", put((0, "document", "metadata", "labels"), {"x" * 201: "x"})),
    "values": ("are no object of JSON", put((0, "values"), "[1]")),
    "values no text": ("values that are no text", put((0, "values"), {"a": 1})),
    "artifacts": ("no list of artifacts", put((0, "artifacts"), {})),
    "artifact": ("other fields", put((0, "artifacts", 0, "size"), 1)),
    "key": ("the key", put((0, "artifacts", 0, "key"), "../up")),
    "given key": ("no such artifact", put((0, "artifacts", 0, "key"), ".handler")),
    "tag": ("the tag", put((0, "artifacts", 0, "tag"), "a:b")),
    "latest": ("has the tag", put((0, "artifacts", 0, "tag"), "latest")),
    "two of a key": ("two artifacts of one key", lines(lambda rows: rows[0]["artifacts"].append(rows[0]["artifacts"][0]))),
    "manifest": ("tells no digest", put((0, "artifacts", 0, "manifest"), "{}")),
    "manifest no text": ("has no manifest", put((0, "artifacts", 0, "manifest"), 1)),
    "manifest changed": ("not as it was written", swapped),
    "manifest up": ("tells no digest", put((0, "artifacts", 0, "manifest"), '{"digest": "a:../../evil"}')),
    "a log of nothing": ("is the log of no iteration", added(f"runs/{'3' * 32}/0.log")),
    "a log of no iteration": ("is the log of no iteration", added(f"runs/{UID}/7.log")),
    # the objects
    "no objects": ("is missing", other(lambda found: [found.pop(name) for name in objects(found)])),
    "an object more": ("no artifact of its runs", lines(lambda rows: [row["artifacts"].pop(0) for row in rows] and None)),
    "bytes": ("are not the bytes that were packed", payload(lambda found, name: found.update({name: b"toxt"}))),
    "a file less": ("other files than its manifest tells", payload(lambda found, name: found.pop(name))),
    "a file more": ("other files than its manifest tells", payload(lambda found, name: found.update({f"{name}-more": b"x"}))),
    "seal": ("not as it was written", manifest(lambda told: told.update(lossless=False))),
    "escape": ("not as it was written", manifest(lambda told: told["files"][0].update(path="../../evil"))),
    "other name": ("is another object", other(lambda found: rename(found))),
}


def rename(found: dict[str, bytes]) -> None:
    """Let the object of a file stand under a digest of other data."""
    folder = payload_of(found).split("/")[1]
    for each in objects(found):
        if f"/{folder}/" in each:
            found[each.replace(folder, "blake3-" + "0" * 64)] = found.pop(each)


def manifest_of(key: str, index: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        packagers.pack([hashlib.sha256(index).hexdigest()], f"{key} : file", folder)
        return Path(folder, key, "manifest.json").read_bytes()


def unsealed(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return raw_zip({name: archive.read(name) for name in archive.namelist() if name != "seal.json"})


def raw_zip(found: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in found.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_is_refused_by_itself_and_nothing_is_recorded(good: bytes, store: Store, tmp_path: Path, name: str) -> None:
    why, trick = TRICKS[name]
    before = everything(store, tmp_path)
    outside = tmp_path.parent / f"{tmp_path.name}.zip"
    outside.write_bytes(trick(good))
    with pytest.raises(StoreError, match=why):
        store.import_(outside)
    assert everything(store, tmp_path) == before


def test_without_a_trick_it_is_taken(good: bytes, store: Store, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(rebuilt(members(good)))
    assert store.import_(tmp_path / "x.zip").added == [UID]
    assert store.document(UID)["status"]["results"] == {"pair": (1, 2)}
    (tmp_path / "y.zip").write_bytes(lines(lambda rows: None)(good))
    assert store.import_(tmp_path / "y.zip").unchanged == [UID]


def test_it_asks_for_no_more_than_the_settings_allow(good: bytes, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(good)
    before = everything(store, tmp_path)
    for limit in ({"archive_entries": 5}, {"archive_size": 1000}):
        with packagers.settings(**limit), pytest.raises(StoreError, match=next(iter(limit))):
            store.import_(file)
    file.write_bytes(other(lambda found: found.update({LOG: bytes(70 << 20)}))(good))
    with pytest.raises(StoreError, match="archive_ratio"):
        store.import_(file)
    file.unlink()
    (tmp_path / "x.zip").write_bytes(good)
    assert everything(store, tmp_path) == before


def test_values_that_cannot_be_read_do_not_hide_the_run(good: bytes, store: Store, tmp_path: Path) -> None:
    for number, text in enumerate(("{}", '{"packagers": 1, "results": 3}', '{"a":' * 9 + "1" + "}" * 9)):
        (tmp_path / f"{number}.zip").write_bytes(put((0, "values"), text)(good))
        store.import_(tmp_path / f"{number}.zip")
        pair = store.document(UID)["status"]["results"]["pair"]
        assert type(pair).__name__ == "Unreadable"
        store.remove(UID)


def test_runs_of_a_stranger_are_not_run_again(good: bytes, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, files = tmp_path / "made", {state: tmp_path / f"{state}.zip" for state in ("completed", "error")}
    with monkeypatch.context() as patch:
        patch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "somebody"))
        for state, file in files.items():

            def edit(rows: list[dict[str, Any]], state: str = state) -> None:
                rows[0]["document"]["spec"] = {"handler": f"{os.__file__}:mkdir", "parameters": {"path": str(victim)}}
                rows[0]["document"]["status"]["state"] = state

            file.write_bytes(lines(edit)(good))
    for state, agains in (("completed", [store.verify]), ("error", [store.retry, store.resume])):
        assert store.import_(files[state]).added == [UID]
        for again in agains:
            with pytest.raises(RunsError, match="somebody else exported the run"):
                again(UID)
        if state == "completed":
            store.remove(UID)
    file = files["error"]
    assert not victim.exists()
    assert list(store.import_(file, trust=True).conflicts) == [UID]
    assert store.import_(file, trust=True, replace=True).replaced == [UID]
    store.export([UID], tmp_path / "y.zip")
    with connect("memory://") as mine:
        mine.import_(tmp_path / "y.zip")  # my own key has signed it by now
        assert "annotations" not in mine.document(UID)["metadata"]
    with contextlib.suppress(RunsError):
        store.retry(UID)
    assert "somebody else" not in str(store.document(UID)["status"].get("error"))


@pytest.mark.parametrize("rounds", [60, pytest.param(3000, marks=pytest.mark.long)])
def test_flipped_bytes_are_refused_or_change_nothing(good: bytes, tmp_path: Path, rounds: int) -> None:
    chance = random.Random(5)
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        for _ in range(rounds):
            data = bytearray(good)
            for _ in range(chance.choice((1, 1, 2, 20))):
                data[chance.randrange(len(data))] = chance.randrange(256)
            (tmp_path / "x.zip").write_bytes(data)
            try:
                store.import_(tmp_path / "x.zip")
            except StoreError:
                assert store.list_runs() == []
                assert store.gc() == (0, 0)
                continue
            assert store.document(UID)["status"]["results"] == {"pair": (1, 2)}
            with store.current():
                assert packagers.unpack("store://note") == "text"
            store.remove(UID)
            store.gc()
