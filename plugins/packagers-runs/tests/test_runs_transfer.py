"""Runs that travel: out of one store, into others of every kind, twice, and what becomes of a run that is there already."""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

import packagers
from packagers_runs import Notification, RunError, RunNotFoundError, StateConflictError, Store, StoreError, connect, new_function
from packagers_runs.cli.group import runs as runs_command
from packagers_runs.progress import watched_by
from packagers_runs.store import schema
from packagers_runs.store.journal import Journal

ODD = {"pair": (1, 2), "nan": float("nan"), "price": Decimal("1.50"), "flag": np.bool_(True), "plain": {"a": [1]}}


def uid(number: int) -> str:
    return f"{number:032x}"


def document(number: int, iteration: int = 0, state: str = "running", **status: Any) -> dict[str, Any]:
    metadata = {"uid": uid(number), "name": f"run-{number}", "project": "default", "iteration": iteration, "labels": {"n": str(number)}}
    return {"metadata": metadata, "spec": {"parameters": {"at": (1, 2)}}, "status": {"state": state, **status}}


def do(store: Store, number: int, iteration: int = 0, *, state: str = "completed", log: str = "", **values: Any) -> None:
    """Do a run, or go on with one that has ended, and record values as artifacts."""
    try:
        attempt = store.take(uid(number), iteration)
    except RunNotFoundError:
        attempt = store.begin(document(number, iteration))
    with packagers.Session(store.staging(attempt), record=False) as session:
        for key, value in values.items():
            hint = {"key": key, "tag": f"tag-{number}", "labels": {"k": key}}
            session.pack(value, {**hint, "artifact_type": "file"} if isinstance(value, str) else hint)
    if log:
        with Journal(store.database, attempt) as journal:
            journal.write(log)
    store.write(attempt, document(number, iteration, state, results={**ODD, "number": number}), session.artifacts)


def counts(store: Store) -> dict[str, int]:
    with store.database.reading() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one() for name, table in schema.metadata.tables.items()
        }


def left(store: Store) -> list[str]:
    return os.listdir(store.objects.staging) if store.objects.staging.exists() else []


@pytest.fixture
def stores(new_database: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[..., Store]]:
    opened: list[Store] = []

    def new(kind: str = "memory", place: str | None = None) -> Store:
        store = connect(new_database(kind), place or tmp_path / f"objects-{len(opened)}")
        opened.append(store)
        return store

    yield new
    for store in opened:
        store.close()


def check_run_one(store: Store) -> None:
    found = store.document(uid(1))
    assert repr(found["status"]["results"]) == repr({**ODD, "number": 1})
    assert found["spec"]["parameters"] == {"at": (1, 2)}
    assert [each["metadata"]["iteration"] for each in store.documents(uid=uid(1))] == [2, 1, 0]
    assert [each["metadata"]["uid"] for each in store.documents(labels={"n": "1"})] == [uid(1)]
    assert packagers.unpack(f"store://array@{uid(1)}").tolist() == [0, 1, 2]
    with store.current():
        assert packagers.unpack("store://note:tag-1") == "a note"
    assert packagers.unpack(f"store://note#2@{uid(1)}") == "of two"
    (note,) = store.list_artifacts(key="note", iteration=0)
    assert (note.labels, note.tag, note.attempt) == ({"k": "note"}, "tag-1", 1)
    assert packagers.unpack(store.objects.place(note.digest)) == "a note"
    assert store.log(uid(1)) == ("printed £\n", 11)
    assert store.log(uid(1), 2) == ("two\n", 4)


def make_run_one(store: Store) -> None:
    do(store, 1, array=np.arange(3), note="a note", log="printed £\n")
    do(store, 1, 1, note="a note")
    do(store, 1, 2, state="error", note="of two", log="two\n")


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgresql"), ("postgresql", "memory"), ("memory", "sqlite")])
def test_a_run_goes_from_any_database_to_any_other_and_twice_is_once(
    stores: Callable[..., Store], tmp_path: Path, source: str, target: str
) -> None:
    first = stores(source)
    make_run_one(first)
    done = first.export([uid(1)], tmp_path / "runs.zip")
    assert (done.runs, done.objects, done.left_out) == ([uid(1)], 3, [])
    second = stores(target)
    assert second.import_(tmp_path / "runs.zip") == ([uid(1)], [], [], [], {})
    check_run_one(second)
    there = counts(second)
    assert second.import_(tmp_path / "runs.zip") == ([], [uid(1)], [], [], {})
    assert counts(second) == there == counts(first)
    assert left(second) == []
    assert second.gc() == (0, 0)
    second.export(None, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "runs.zip").read_bytes()
    assert second.remove(uid(1)) is None
    assert second.gc().objects == 3


def test_objects_go_from_a_folder_to_a_url_and_back(stores: Callable[..., Store], tmp_path: Path) -> None:
    first, remote, last = stores("sqlite"), stores("sqlite", f"memory://objects-{uuid.uuid4().hex}"), stores("sqlite")
    make_run_one(first)
    first.export(None, tmp_path / "one.zip")
    remote.import_(tmp_path / "one.zip")
    check_run_one(remote)
    remote.export(None, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    last.import_(tmp_path / "two.zip")
    check_run_one(last)


def test_objects_go_to_a_server_of_the_s3_protocol(stores: Callable[..., Store], tmp_path: Path, s3: str) -> None:
    import s3fs

    bucket = f"transfer-{uuid.uuid4().hex}"
    s3fs.S3FileSystem().mkdir(bucket)
    first, remote = stores("sqlite"), stores("sqlite", f"s3://{bucket}/prefix")
    make_run_one(first)
    first.export(None, tmp_path / "one.zip")
    remote.import_(tmp_path / "one.zip")
    check_run_one(remote)
    remote.export(None, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_stores_become_one_in_a_third_whatever_comes_first(
    stores: Callable[..., Store], tmp_path: Path, order: tuple[int, int]
) -> None:
    sources = [stores(), stores()]
    do(sources[0], 1, note="same", own="one")
    do(sources[0], 2, note="first")
    sources[0].export([uid(2)], tmp_path / "shared.zip")
    sources[1].import_(tmp_path / "shared.zip")
    do(sources[1], 3, note="same")
    for index, source in enumerate(sources):
        source.export(None, tmp_path / f"{index}.zip")
    third = stores("sqlite")
    done = [third.import_(tmp_path / f"{index}.zip") for index in order]
    assert sorted(added for each in done for added in each.added) == [uid(1), uid(2), uid(3)]
    assert done[1].unchanged == [uid(2)]
    assert [run.uid() for run in third.list_runs()] == [uid(3), uid(2), uid(1)]
    assert len(list(third.objects.digests())) == 3
    assert third.find("store://note").uid == uid(3)  # the newest run that made it, not the one that came last
    assert [each.uid for each in third.list_artifacts(key="note")] == [uid(3), uid(2), uid(1)]


@settings(derandomize=True, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.integers(1, 4), min_size=1), min_size=1, max_size=4))
def test_any_imports_in_any_order_are_their_union(stores: Callable[..., Store], tmp_path: Path, parts: list[set[int]]) -> None:
    source, target = stores(), stores()
    for number in range(1, 5):
        do(source, number, note=f"text {number % 2}", log=f"{number}")
    for part in parts:
        file = tmp_path / f"{uuid.uuid4().hex}.zip"
        source.export(map(uid, part), file)
        target.import_(file)
    wanted = set.union(*parts)
    assert {int(run.uid() or "", 16) for run in target.list_runs()} == wanted
    assert [target.log(uid(number))[0] for number in wanted] == [str(number) for number in wanted]
    assert len(list(target.objects.digests())) == len({number % 2 for number in wanted})


def test_what_a_run_was_given_travels_and_the_run_goes_on_there(stores: Callable[..., Store], tmp_path: Path) -> None:
    source, target = stores("sqlite"), stores("sqlite")
    factor = 3

    def handler(data: list[int], fails: bool = True) -> list[int]:
        if fails:
            raise ValueError("not here")
        return [factor * each for each in data]

    function = new_function("f")
    with pytest.raises(RunError, match="not here"):
        function.run(handler=lambda data, fails=True: handler(data, fails), inputs={"data": [1, 2]}, returns=["out : file"], store=source)
    (run,) = source.list_runs()
    source.export(None, tmp_path / "runs.zip")
    assert target.import_(tmp_path / "runs.zip").added == [run.uid()]
    assert {each.key for each in target.list_artifacts(uid=run.uid(), given=True)} == {
        each.key for each in source.list_artifacts(uid=run.uid(), given=True)
    }
    shutil.rmtree(source.objects.location)
    target.change(str(run.uid()), {"spec.parameters": {"fails": False}})
    with target.current():
        assert target.retry(str(run.uid())).unpack("out") == [3, 6]


# Only what has ended travels.


def test_a_run_that_has_not_ended_is_refused_or_left_out(stores: Callable[..., Store], tmp_path: Path) -> None:
    store = stores()
    do(store, 1)
    store.begin(document(2))
    with pytest.raises(StateConflictError, match="is running, and only what has ended is exported") as caught:
        store.export([uid(1), uid(2)], tmp_path / "runs.zip")
    assert (caught.value.uid, caught.value.state) == (uid(2), "running")
    assert store.export(None, tmp_path / "runs.zip")[::3] == ([uid(1)], [uid(2)])
    do(store, 3)
    store.begin(document(3, 1, "pending"), owned=False)
    with pytest.raises(StateConflictError, match="iteration 1 of the run"):
        store.export([uid(3)], tmp_path / "more.zip")
    assert sorted(os.listdir(tmp_path)) == ["objects-0", "runs.zip"]


def test_what_cannot_be_exported_leaves_no_file(stores: Callable[..., Store], tmp_path: Path) -> None:
    store = stores("sqlite")
    do(store, 1, note="text")
    file = tmp_path / "out" / "runs.zip"
    with pytest.raises(StoreError, match="cannot be written"):
        store.export(None, file)
    file.parent.mkdir()
    with pytest.raises(RunNotFoundError, match="there is no run"):
        store.export([uid(9)], file)
    digest = store.find("store://note").digest
    place = Path(store.objects.place(digest))
    (payload,) = [path for path in place.rglob("*") if path.is_file() and path.name != "manifest.json"]
    payload.write_bytes(b"toxt")
    with pytest.raises(packagers.IntegrityError):
        store.export(None, file)
    assert os.listdir(file.parent) == []
    payload.write_bytes(b"text")
    store.export(None, file)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="there is a file already"):
        store.export(None, file)
    assert file.read_bytes() == before


# What becomes of a run that is there.


def test_a_later_attempt_takes_the_place_only_where_that_is_said(stores: Callable[..., Store], tmp_path: Path) -> None:
    source, target = stores(), stores()
    do(source, 1, state="error", note="first", log="one")
    source.export(None, tmp_path / "first.zip")
    target.import_(tmp_path / "first.zip")
    do(source, 1, note="second", log=" two")
    source.export(None, tmp_path / "second.zip")
    conflicts = target.import_(tmp_path / "second.zip").conflicts
    assert "the file has a later or another state of it, attempt 2" in conflicts[uid(1)]
    assert (target.attempt(uid(1)), target.log(uid(1))[0], packagers.unpack(f"store://note@{uid(1)}")) == (1, "one", "first")
    assert target.import_(tmp_path / "second.zip", replace=True).replaced == [uid(1)]
    with target.current():
        assert (target.attempt(uid(1)), target.log(uid(1))[0], packagers.unpack("store://note")) == (2, "one two", "second")
    there = counts(target)
    for again in (False, True):
        assert target.import_(tmp_path / "first.zip", replace=again).newer_here == [uid(1)]
    assert counts(target) == there


def test_what_was_said_later_of_an_ended_run_is_a_later_state(stores: Callable[..., Store], tmp_path: Path) -> None:
    source, target = stores(), stores()
    do(source, 1, note="text")
    source.export(None, tmp_path / "before.zip")
    target.import_(tmp_path / "before.zip")
    source.change(uid(1), {"metadata.labels": {"good": "yes"}})
    source.export(None, tmp_path / "after.zip")
    assert list(target.import_(tmp_path / "after.zip").conflicts) == [uid(1)]
    assert target.import_(tmp_path / "after.zip", replace=True).replaced == [uid(1)]
    assert [run.uid() for run in target.list_runs(labels={"good": "yes"})] == [uid(1)]
    assert target.list_runs(labels={"n": "1"}) == []


def test_a_run_that_went_two_ways_is_a_conflict_and_stays(stores: Callable[..., Store], tmp_path: Path) -> None:
    source, target = stores(), stores()
    do(source, 1, state="error", note="first")
    source.export(None, tmp_path / "first.zip")
    target.import_(tmp_path / "first.zip")
    do(target, 1, note="here")
    do(source, 1, note="there")
    source.export(None, tmp_path / "second.zip")
    for replace in (False, True):
        conflicts = target.import_(tmp_path / "second.zip", replace=replace).conflicts
        assert "both are attempt 2, and they gave different things" in conflicts[uid(1)]
    with target.current():
        assert packagers.unpack("store://note") == "here"


def test_a_run_that_runs_here_stays(stores: Callable[..., Store], tmp_path: Path) -> None:
    source, target = stores(), stores()
    do(source, 1, state="error")
    source.export(None, tmp_path / "first.zip")
    target.import_(tmp_path / "first.zip")
    target.take(uid(1))
    do(source, 1)
    source.export(None, tmp_path / "second.zip")
    assert target.import_(tmp_path / "second.zip", replace=True).conflicts == {uid(1): "it has not ended here"}
    assert target.document(uid(1))["status"]["state"] == "running"


# Around it.


def test_nothing_that_an_import_has_put_is_collected_meanwhile(
    stores: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores(), stores("sqlite")
    do(source, 1, a="text a", b="text b")
    source.export(None, tmp_path / "runs.zip")
    other = connect(target.database.full_url, target.objects.location)
    put, collected = target.objects.put, []

    def collecting(*arguments: Any) -> str:
        stored = put(*arguments)
        collected.append(other.gc())
        return stored

    monkeypatch.setattr(target.objects, "put", collecting)
    target.import_(tmp_path / "runs.zip")
    assert collected == [(0, 0)] * 2
    with target.current():
        assert [packagers.unpack(f"store://{key}") for key in "ab"] == ["text a", "text b"]
    other.close()


def test_a_foreign_package_stays_foreign(stores: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = stores(), stores()
    mine = os.environ["PACKAGERS_CONFIG_DIR"]
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "somebody"))
    do(source, 1, code={1: len, 2: Path})
    source.export(None, tmp_path / "runs.zip")
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", mine)
    target.import_(tmp_path / "runs.zip")
    with target.current(), pytest.raises(packagers.UntrustedPackageError):
        packagers.unpack("store://code")
    with target.current():
        assert packagers.unpack("store://code", trust="all") == {1: len, 2: Path}
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "somebody"))
    with target.current():
        assert packagers.unpack("store://code") == {1: len, 2: Path}


def test_no_value_of_a_secret_travels(stores: Callable[..., Store], tmp_path: Path) -> None:
    store = stores()
    note = Notification(kind="slack", name="n", when=["error"], secret_params={"webhook": "http://hidden.invalid/swordfish"})
    started = document(1)
    started["spec"]["notifications"] = [note.to_dict()]
    store.write(store.begin(started), {**started, "status": {"state": "completed"}})
    store.export(None, tmp_path / "runs.zip")
    with zipfile.ZipFile(tmp_path / "runs.zip") as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    assert b"secret_params" in texts[f"runs/{uid(1)}.jsonl"]
    assert not [name for name, text in texts.items() if b"swordfish" in text]


def test_it_says_how_far_it_has_come(stores: Callable[..., Store], tmp_path: Path) -> None:
    told: dict[str, float] = {}

    class Watcher:
        def begin(self, what: str, total: float | None, unit: str) -> str:
            told[f"{what} {unit}"] = 0
            assert total
            return f"{what} {unit}"

        def advance(self, work: str, amount: float, note: str) -> None:
            told[work] += amount

        def end(self, work: str) -> None:
            pass

    source, target = stores(), stores()
    do(source, 1, note="text")
    do(source, 2, note="text")
    with watched_by(Watcher()):
        source.export(None, tmp_path / "runs.zip")
        target.import_(tmp_path / "runs.zip")
    assert {work: amount for work, amount in told.items() if "bytes" not in work} == {
        "exporting runs": 2,
        "exporting objects": 1,
        "checking objects": 1,
        "importing objects": 1,
        "importing runs": 2,
    }


def test_every_table_travels_or_is_known_not_to() -> None:
    travels = {"packagers_runs", "packagers_artifacts", "packagers_logs"}
    derived, of_this_store = {"packagers_labels"}, {"packagers_store", "packagers_claims"}
    assert set(schema.metadata.tables) == travels | derived | of_this_store
    written = {"uid", "iteration", "attempt", "project", "name", "state", "created", "updated", "document", "values"}
    assert {column.name for column in schema.runs.c} == written | {"owner", "lease"}


def test_the_documents_can_be_read_without_us_and_say_where_their_data_is(stores: Callable[..., Store], tmp_path: Path) -> None:
    first, second = stores(), stores()
    run = new_function("f").run(handler=lambda: "text", returns=["note : file"], store=first)
    first.export(None, tmp_path / "runs.zip")
    with zipfile.ZipFile(tmp_path / "runs.zip") as archive:
        assert archive.testzip() is None
        (line,) = archive.read(f"runs/{run.uid()}.jsonl").splitlines()
        (artifact,) = json.loads(line)["document"]["status"]["artifacts"]
        place = artifact["spec"]["target_path"]
        assert json.loads(archive.read(f"{place}/manifest.json"))["digest"] == artifact["metadata"]["hash"]
    second.import_(tmp_path / "runs.zip")
    (artifact,) = second.document(str(run.uid()))["status"]["artifacts"]
    assert packagers.unpack(artifact["spec"]["target_path"]) == "text"
    assert artifact["spec"]["target_path"].startswith(second.objects.location)
    second.export(None, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "runs.zip").read_bytes()


# The commands.


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(runs_command, arguments)
    return done.exit_code, done.output


def test_the_commands(tmp_path: Path) -> None:
    store = connect(f"sqlite:///{tmp_path}/a/runs.db")
    here, there = ("--store", f"sqlite:///{tmp_path}/a/runs.db"), ("--store", f"sqlite:///{tmp_path}/b/runs.db")
    do(store, 1, state="error", note="first")
    do(store, 2)
    store.begin(document(3))
    one, all_ = str(tmp_path / "one.zip"), str(tmp_path / "all.zip")
    assert command("export", "-o", one, *here)[0] == 2
    assert command("export", "last", "--all", "-o", one, *here)[0] == 2
    assert "is running" in str(CliRunner().invoke(runs_command, ["export", uid(3), "-o", one, *here]).exception)
    assert command("export", uid(1), "-o", one, *here) == (0, f"{one} holds 1 runs and 1 objects, {size_of(one):,} bytes\n")
    code, out = command("export", "--all", "-o", all_, "--json", *here)
    told = json.loads(out)
    assert (code, told["runs"], told["left_out"], told["objects"]) == (0, [uid(1), uid(2)], [uid(3)], 1)
    assert command("import", one, *there) == (0, "1 new\n")
    assert command("import", all_, *there) == (0, "1 new, 1 here already\n")
    do(store, 1, note="second")
    later = str(tmp_path / "later.zip")
    command("export", uid(1), "-o", later, *here)
    code, out = command("import", later, *there)
    assert (code, "the file has a later or another state of it" in out) == (1, True)
    assert command("import", later, "--replace", *there) == (0, "1 replaced\n")
    assert json.loads(command("import", one, "--json", *there)[1])["newer_here"] == [uid(1)]
    assert command("import", str(tmp_path / "none.zip"), *there)[0] == 2
    store.close()


def size_of(file: str) -> int:
    with zipfile.ZipFile(file) as archive:
        return sum(info.file_size for info in archive.infolist() if info.filename not in ("export.json", "seal.json"))
