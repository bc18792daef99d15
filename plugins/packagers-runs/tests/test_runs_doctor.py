"""What the doctor of stores finds: each thing is broken on purpose, in each kind of database that can have it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert, text, update

import packagers
from packagers_runs import Store, connect
from packagers_runs.checkup import places
from packagers_runs.checkup.examining import examine, mend
from packagers_runs.checkup.findings import Finding
from packagers_runs.cli.group import runs as command
from packagers_runs.store import schema
from packagers_runs.store.liveness import Owner, this_process

ONE, TWO = "1" * 32, "2" * 32
DAY = 24 * 3600.0


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, new_database: Callable[[str], str], tmp_path: Path) -> Iterator[Store]:
    with connect(new_database(request.param), tmp_path / "objects") as store:
        for uid in (ONE, TWO):
            document = {"metadata": {"uid": uid, "labels": {"a": "b"}}, "status": {"state": "running"}}
            attempt = store.begin(document)
            with packagers.Session(store.staging(attempt), record=False) as session:
                session.pack(f"text {uid}", "note : file")
            done = {"state": "completed", "results": {"pair": (1, 2)}}
            store.write(attempt, {**document, "status": done}, session.artifacts)
            with store.database.writing() as connection:
                pieces = [{"uid": uid, "iteration": 0, "start": start, "text": b"12345"} for start in (0, 5)]
                connection.execute(insert(schema.logs), pieces)
        yield store


def found(store: Store, **options: Any) -> list[Finding]:
    return examine(store, **options).findings


def only(store: Store, **options: Any) -> Finding:
    (finding,) = found(store, **options)
    assert finding.remedy
    return finding


def do(store: Store, *statements: Any) -> None:
    with store.database.writing() as connection:
        for statement in statements:
            connection.execute(statement)


def payload(store: Store, uid: str = ONE) -> Path:
    place = Path(store.objects.place(store.find(f"store://note@{uid}").digest))
    (file,) = place.rglob("text.txt")
    return file


def test_a_store_is_well(store: Store) -> None:
    done = examine(store, deep=True)
    assert (done.findings, done.is_well) == ([], True)
    assert done.counts == {"runs": 2, "iterations": 0, "artifacts": 2, "objects": 2, "bytes": 74}


# Rows.


def test_documents_that_are_damaged_or_say_other_things(store: Store) -> None:
    do(store, update(schema.runs).where(schema.runs.c.uid == ONE).values(document="{"))
    finding = only(store)
    assert (finding.what, finding.where, finding.is_wrong) == ("1 documents cannot be read", [ONE], True)
    do(store, update(schema.runs).where(schema.runs.c.uid == ONE).values(document=json.dumps({"metadata": {"uid": TWO}})))
    assert "say other things" in only(store).what


@pytest.mark.parametrize("column", ["state", "name", "project"])
def test_columns_that_differ_from_the_document(store: Store, column: str) -> None:
    do(store, update(schema.runs).where(schema.runs.c.uid == ONE).values({column: "aborted"}))
    assert only(store).where == [ONE]


def test_labels_that_differ_from_the_document(store: Store) -> None:
    do(store, delete(schema.labels).where(schema.labels.c.uid == TWO))
    assert only(store).where == [TWO]


def test_iterations_without_their_run(store: Store) -> None:
    document = json.dumps({"metadata": {"uid": ONE, "iteration": 3, "labels": {"a": "b"}}, "status": {"state": "completed"}})
    tables = (schema.runs, schema.labels, schema.artifacts, schema.logs)
    do(store, *(update(table).where(table.c.uid == ONE).values(iteration=3) for table in tables))
    do(store, update(schema.runs).where(schema.runs.c.uid == ONE).values(document=document, values=None))
    assert (only(store).what, only(store).where) == ("1 runs have iterations and are not there themselves", [ONE])


def test_lost_runs_and_those_that_nobody_takes(store: Store) -> None:
    gone = Owner(**{**json.loads(str(this_process())), "started": "1"})
    for uid, state, owner in (("3" * 32, "running", str(gone)), ("4" * 32, "pending", None), ("5" * 32, "pending", None)):
        store.begin({"metadata": {"uid": uid}, "status": {"state": state}}, owned=False)
        do(store, update(schema.runs).where(schema.runs.c.uid == uid).values(owner=owner))
    do(store, update(schema.runs).where(schema.runs.c.uid == "4" * 32).values(updated=schema.runs.c.updated - 2 * DAY))
    lost, waiting = found(store)
    assert (lost.what, lost.where, lost.is_wrong) == ("1 runs are lost: their processes are gone", ["3" * 32], False)
    assert waiting.where == [f"{'4' * 32} (pending)"]
    with store.database.reading() as connection:  # looking has changed nothing
        states = connection.execute(text("SELECT state FROM packagers_runs ORDER BY uid")).scalars().all()
    assert states == ["completed", "completed", "running", "pending", "pending"]
    mend(store)
    assert [each.what for each in found(store)] == [waiting.what]


def test_rows_of_runs_that_are_not_there(store: Store) -> None:
    do(store, delete(schema.runs).where(schema.runs.c.uid == ONE))
    assert {(each.area, each.is_wrong, each.is_mended_by_fix) for each in found(store)} == {
        ("artifacts", True, True),
        ("logs", True, True),
        ("runs", True, True),
    }
    assert mend(store) == ["4 rows of runs that are not there are removed", "1 objects and 0 remains of crashes are removed"]
    assert found(store, deep=True) == []
    assert packagers.unpack(f"store://note@{TWO}") == f"text {TWO}"


def test_claims_that_are_left(store: Store) -> None:
    do(store, insert(schema.claims).values(digest="blake3:00", uid=ONE, iteration=0, attempt=1))
    assert "1 claims are left" in only(store).what
    mend(store)
    assert found(store) == []


def test_logs_with_gaps(store: Store) -> None:
    logs = schema.logs
    do(store, delete(logs).where(logs.c.uid == TWO, logs.c.start == 0))
    assert only(store).where == [TWO]


def test_manifests_that_are_lost(store: Store) -> None:
    do(store, update(schema.artifacts).where(schema.artifacts.c.uid == ONE).values(manifest=b"x"))
    assert (only(store).area, only(store).where) == ("artifacts", [f"note@{ONE}"])


def test_tables_and_indexes_that_are_missing(store: Store) -> None:
    do(store, text("DROP INDEX packagers_runs_by_state"))
    assert (only(store).where, only(store).is_wrong) == (["packagers_runs_by_state"], False)
    mend(store)
    assert found(store) == []
    do(store, text("DROP TABLE packagers_logs"))
    assert only(store).what == "the table 'packagers_logs' is missing"
    do(store, text("ALTER TABLE packagers_artifacts RENAME COLUMN size TO bytes"))
    assert sorted(each.where for each in found(store)) == [[], ["size"]]


# Clocks.


def test_a_clock_that_is_ahead(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    do(store, update(schema.runs).where(schema.runs.c.uid == ONE).values(created=schema.runs.c.created + DAY))
    assert (only(store).where, only(store).is_wrong) == ([ONE], False)
    now = store.database.now
    monkeypatch.setattr(store.database, "now", lambda connection: now(connection) + 2 * DAY)
    assert "is 172800 s ahead of this machine's" in only(store).what


# Objects.


def test_objects_that_are_missing_changed_or_nobodys(store: Store) -> None:
    payload(store).write_text("short")
    assert (only(store).what, only(store).where) == (
        "1 objects are not what they were when they were put",
        [store.find(f"store://note@{ONE}").digest],
    )
    shutil.rmtree(payload(store).parents[1])
    assert (only(store).what, only(store).where) == ("the objects of 1 artifacts are not there", [f"note@{ONE}"])
    store.remove(TWO)
    assert [each.what for each in found(store)][1:] == ["1 objects belong to no run"]
    store.gc()
    assert len(found(store)) == 1


def test_bytes_that_were_changed_are_found_where_all_are_read(store: Store) -> None:
    file = payload(store)
    file.write_text(file.read_text().swapcase())
    assert found(store) == []
    assert "not what they were" in only(store, deep=True).what


def test_a_manifest_of_another_object(store: Store) -> None:
    manifest = payload(store).parents[1] / "manifest.json"
    manifest.write_text("{}")
    assert "not what they were" in only(store).what


def test_folders_of_another_name(store: Store) -> None:
    do(store, update(schema.artifacts).where(schema.artifacts.c.uid == ONE).values(stored="00000000"))
    assert only(store).where == [f"note@{ONE}"]


def test_what_dead_processes_have_left(store: Store) -> None:
    for name in (f"{ONE}-0-1", "trash-1", "holder-1"):
        (store.objects.staging / name).mkdir(parents=True)
    assert only(store).where == [f"{ONE}-0-1", "holder-1", "trash-1"]
    mend(store)
    assert found(store) == []


# Room, permissions, locks.


def test_a_disk_that_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(store.objects.staging.parent)
    for free, wrong in ((places.LOW_BYTES - 1, False), (places.NO_BYTES - 1, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, free=free: usage._replace(free=free))
        assert {(each.area, each.is_wrong) for each in found(store)} == {("disk", wrong)}


def test_permissions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(store.objects.location)
    folder.chmod(0o777)
    assert (only(store).what, only(store).where) == ("everybody on this machine can change this folder", [str(folder)])
    folder.chmod(0o755)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder)
    assert (only(store).what, only(store).is_wrong) == ("nothing can be written here", True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    connect(f"sqlite:///{tmp_path}/runs.db").close()
    return tmp_path / "runs.db"


def test_a_file_that_others_can_change(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(f"sqlite:///{file}") as store:
        file.chmod(0o666)
        assert only(store).where == [str(file)]
        file.chmod(0o644)
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != file)
        assert only(store).what == "this file cannot be read and written"


def test_a_lock_that_is_held(file: Path) -> None:
    with connect(f"sqlite:///{file}") as store, (file.parent / "runs.db.lock").open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "holds the lock" in only(store).what
        fcntl.flock(handle, fcntl.LOCK_UN)
        assert found(store) == []


def test_a_file_that_is_damaged(file: Path) -> None:
    with connect(f"sqlite:///{file}") as store:
        for number in range(60):
            store.begin({"metadata": {"uid": f"{number:032x}"}, "spec": {"parameters": {"a": "x" * 900}}}, owned=False)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    with connect(f"sqlite:///{file}") as store:
        assert only(store).what == "the journal is in the mode 'delete', so readers wait for writers"
    data = bytearray(file.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    file.write_bytes(data)
    with connect(f"sqlite:///{file}") as store:
        finding = found(store)[0]
    assert (finding.area, finding.is_wrong) == ("database", True)
    assert "damaged" in finding.what or "malformed" in finding.what


# The command.


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, ["doctor", *arguments])
    return done.exit_code, done.output


def test_the_command(store: Store) -> None:
    url = store.database.full_url
    os.environ["PACKAGERS_STORE_ARTIFACTS"] = store.objects.location
    os.environ["PACKAGERS_STORE"] = url
    try:
        assert run()[0] == 0
        assert "All is well." in run("--deep")[1]
        do(store, delete(schema.runs).where(schema.runs.c.uid == ONE))
        code, out = run()
        assert code == 1
        assert "WRONG   logs: there are logs of 1 runs that are not there" in out
        assert "→ `packagers runs doctor --fix` removes them." in out
        told = json.loads(run("--json")[1])
        assert (told["ok"], told["counts"]["runs"], len(told["findings"])) == (False, 1, 3)
        code, out = run("--fix")
        assert code == 0
        assert "mended: 4 rows of runs that are not there are removed" in out
        assert run("--fix")[1].count("mended") == 0
    finally:
        del os.environ["PACKAGERS_STORE"], os.environ["PACKAGERS_STORE_ARTIFACTS"]


def test_the_command_where_there_is_no_store_or_one_that_cannot_be_opened(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "runs.db"
    assert run("--store", f"sqlite:///{missing}")[0] == 2
    assert not missing.parent.exists()
    (tmp_path / "text.db").write_text("this is no database, but a text of some length" * 40)
    code, out = run("--store", f"sqlite:///{tmp_path}/text.db")
    assert (code, "file is not a database" in out) == (1, True)
    with contextlib.closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        connection.execute("CREATE TABLE packagers_store (name, value)")
        connection.execute("INSERT INTO packagers_store VALUES ('schema', '99'), ('id', 'x')")
        connection.commit()
    code, out = run("--store", f"sqlite:///{tmp_path}/new.db")
    assert (code, "schema version 99" in out, "pip install --upgrade" in out) == (1, True, True)


def test_an_examination_loads_no_tables_of_pandas(tmp_path: Path) -> None:
    program = (
        "import sys, packagers_runs as r; from packagers_runs.checkup.examining import examine;"
        f"examine(r.connect('sqlite:///{tmp_path}/r.db')); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
