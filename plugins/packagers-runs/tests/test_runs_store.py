"""The store of runs: what is written is read, by whom it may be, and equal data is there once."""

from __future__ import annotations

import datetime
import decimal
import fractions
import itertools
import json
import math
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy

import packagers
from packagers_runs.errors import RunNotFoundError, UnknownNameError
from packagers_runs.runstore import Store, connect
from packagers_runs.store.collecting import _remove_object
from packagers_runs.store.errors import ArtifactNotFoundError, RunExistsError, StateConflictError, StoreError
from packagers_runs.store.freezing import Unreadable, freeze
from packagers_runs.store.runrows import Attempt

UID = "0123456789abcdef" * 2


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with connect(database_url, tmp_path / "objects") as store:
        yield store


def document(uid: str = UID, state: str = "running", iteration: int = 0, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "name": "train", "project": "default", "iteration": iteration, **metadata}, "status": {"state": state}}


def ended(started: dict[str, Any], state: str = "completed", **status: Any) -> dict[str, Any]:
    return {**started, "status": {**started["status"], "state": state, **status}}


def pack(store: Store, attempt: Attempt, **values: Any) -> dict[str, packagers.Artifact]:
    with packagers.Session(store.staging(attempt), record=False) as session:
        for key, value in values.items():
            session.pack(value, f"{key} : {'dataset' if isinstance(value, np.ndarray) else 'file'}")
    return session.artifacts


def run(store: Store, uid: str, *, state: str = "completed", project: str = "default", **values: Any) -> Attempt:
    """Do a whole run that packs values."""
    started = document(uid, project=project)
    attempt = store.begin(started)
    store.write(attempt, ended(started, state), pack(store, attempt, **values))
    return attempt


def uid(number: int) -> str:
    return f"{number:032x}"


def objects(store: Store) -> list[str]:
    return sorted(store.objects.digests())


def test_a_run_is_read_as_it_was_written(store: Store) -> None:
    started = document(labels={"owner": "me"})
    attempt = store.begin(started)
    assert attempt == (UID, 0, 1)
    assert store.document(UID) == started
    done = ended(started, results={"accuracy": 0.97, "empty": "", "zero": 0, "no": False})
    store.write(attempt, done)
    assert store.document(UID) == done
    assert store.documents() == [done]


@pytest.mark.parametrize(
    "value",
    [
        np.bool_(True),
        np.float32(0.1),
        (1, (2, [3])),
        [1, (2, None)],
        -0.0,
        math.inf,
        decimal.Decimal("1.10"),
        fractions.Fraction(1, 3),
        datetime.date(2026, 11, 22),
        datetime.datetime(2026, 11, 22, 5, tzinfo=datetime.UTC),
        b"\x00\xff",
        {1: 2},
        {"$value": "v0"},
        {"a": {"$value": 1}},
        2**80,
        1 + 2j,
        {3, 1, 2},
        "\x00 \ud800",
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_keep_their_types(new_database: Callable[[str], str], value: Any) -> None:
    with connect(new_database("memory")) as store:
        started = document()
        store.write(store.begin(started), ended(started, results={"it": value, "one": 1}))
        found = store.document(UID)["status"]["results"]
    assert (found["it"], type(found["it"])) == (value, type(value))
    assert found["one"] == 1
    assert list(map(type, found["it"])) == list(map(type, value)) if isinstance(value, list | tuple) else True


def test_a_result_is_nan_on_every_database(store: Store) -> None:
    started = document()
    store.write(store.begin(started), ended(started, results={"loss": math.nan}))
    assert math.isnan(store.document(UID)["status"]["results"]["loss"])


def test_a_value_that_no_packager_takes_is_named_and_nothing_is_written(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    with pytest.raises(StoreError, match=r"status\.results\.odd cannot be stored"):
        store.write(attempt, ended(started, results={"odd": (value for value in ())}))
    assert store.document(UID)["status"] == {"state": "running"}


def test_a_value_that_cannot_be_read_here_keeps_its_run_readable(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    half = ended(started, "running", results={"flag": np.bool_(True), "one": 1})
    store.write(attempt, half)
    store._runs.registry = packagers.Registry(discover=False)
    found = store.document(UID)
    assert found["status"]["results"]["one"] == 1
    assert isinstance(found["status"]["results"]["flag"], Unreadable)
    with pytest.raises(StoreError, match="would lose it"):
        store.write(attempt, found)


def test_what_was_made_is_found_by_its_address(store: Store) -> None:
    run(store, UID, note="text", data=np.arange(5))
    assert packagers.unpack("store://note") == "text"
    assert packagers.unpack(f"store://default/data@{UID}").tolist() == [0, 1, 2, 3, 4]
    found = store.find("store://data")
    assert (found.key, found.uid, found.kind, found.object_type) == ("data", UID, "dataset", "numpy.ndarray")
    assert str(found.address) == f"store://datasets/default/data@{UID}"


def test_objects_stand_at_their_digests_and_are_packages(store: Store) -> None:
    run(store, UID, note="text", data=np.arange(5))
    for recorded in store.list_artifacts():
        item = packagers.DataItem(store.objects.place(recorded.digest))
        artifact = item.unpack(packagers.Artifact)
        artifact.verify()
        assert artifact.digest == recorded.digest
    assert not list(store.objects.staging.iterdir())


def test_a_package_without_files_is_an_object_too(store: Store) -> None:
    for number, key in ((1, "config"), (2, "train_config")):
        started = document(uid(number))
        attempt = store.begin(started)
        with packagers.Session(store.staging(attempt), record="packages") as session:
            session.pack({"depth": 3}, "config : result")
        store.write(attempt, ended(started), {key: store.staging(attempt) / "config"})
        assert packagers.unpack(f"store://{key}") == packagers.unpack(f"store://default/{key}") == {"depth": 3}
        assert packagers.unpack(store.objects.place(store.find(f"store://{key}").digest)) == {"depth": 3}
    assert len(objects(store)) == 1


def test_equal_data_is_stored_once_and_each_run_keeps_its_own_words(store: Store) -> None:
    for number, key in ((1, "first"), (2, "second")):
        started = document(uid(number))
        attempt = store.begin(started)
        with packagers.Session(store.staging(attempt), record=False) as session:
            session.pack(np.arange(100), packagers.LogHint(key, labels={"by": key}, tag=f"v{number}"))
        store.write(attempt, ended(started), session.artifacts)
    assert len(objects(store)) == 1
    for key in ("first", "second"):
        artifact = packagers.DataItem(f"store://{key}").unpack(packagers.Artifact)
        assert (artifact.key, artifact.labels) == (key, {"by": key})
        assert artifact.unpack().tolist() == list(range(100))
        assert artifact.package.owned


def test_a_second_run_of_the_same_name_leaves_the_first_as_it_was(store: Store) -> None:
    run(store, uid(1), note="one")
    first = store.item("store://note")
    run(store, uid(2), note="two")
    assert (first.unpack(), packagers.unpack("store://note")) == ("one", "two")
    assert packagers.unpack(f"store://note@{uid(1)}") == "one"


def test_a_tag_names_the_newest_run_that_gave_it(store: Store) -> None:
    for number, tag in ((1, "best"), (2, "best"), (3, "")):
        started = document(uid(number))
        attempt = store.begin(started)
        with packagers.Session(store.staging(attempt), record=False) as session:
            session.pack(f"text {number}", packagers.LogHint("note", "file", tag=tag))
        store.write(attempt, ended(started), session.artifacts)
    assert packagers.unpack("store://note:best") == "text 2"
    assert packagers.unpack("store://note:latest") == packagers.unpack("store://note") == "text 3"


def test_artifacts_of_iterations_and_links_to_them(store: Store) -> None:
    parent, child = document(), document(iteration=2)
    hyper, attempt = store.begin(parent), store.begin(child)
    store.write(attempt, ended(child), pack(store, attempt, note="of the second"))
    with pytest.raises(ArtifactNotFoundError, match="#2"):
        store.find("store://note")
    store.write(hyper, ended(parent), {"note": f"store://note#2@{UID}"})
    assert packagers.unpack("store://note") == packagers.unpack("store://note#2") == "of the second"
    assert len(objects(store)) == 1


def test_artifacts_of_several_projects(store: Store) -> None:
    run(store, uid(1), project="shop", note="of the shop")
    assert packagers.unpack("store://shop/note") == "of the shop"
    with pytest.raises(ArtifactNotFoundError, match="The project 'shop' has one"):
        store.find("store://note")
    store.project = "shop"
    assert packagers.unpack("store://note") == "of the shop"


def test_what_is_not_there_is_said_with_what_is_near(store: Store) -> None:
    run(store, UID, model="text")
    with pytest.raises(packagers.UnpackError, match="Did you mean 'model'"):
        packagers.unpack("store://modle")
    assert not packagers.DataItem("store://modle").exists()
    assert packagers.DataItem("store://model").exists()
    with pytest.raises(RunNotFoundError, match="there is no run"):
        store.document(uid(9))
    with pytest.raises(RunNotFoundError, match="has no iteration 3"):
        store.document(UID, 3)
    with pytest.raises(UnknownNameError, match="Did you mean 'completed'"):
        store.documents(state="complete")
    with pytest.raises(UnknownNameError, match="Did you mean 'state'"):
        store.list_runs(staet="completed")
    with pytest.raises(UnknownNameError, match="Did you mean 'digest'"):
        store.list_artifacts(digset="0")


def test_runs_are_listed_by_what_they_are(store: Store) -> None:
    for number in range(6):
        labels = {"even": str(number % 2 == 0), **({"first": "1"} if number == 0 else {})}
        started = document(uid(number), name=f"run{number % 3}", project="shop" if number > 3 else "default", labels=labels)
        attempt = store.begin(started)
        if number % 2:
            store.write(attempt, ended(started, "error"))
    store.begin(document(uid(0), iteration=1))

    def numbers(**given: Any) -> list[int]:
        return [int(found["metadata"]["uid"], 16) for found in store.documents(**given)]

    assert numbers() == [5, 4, 3, 2, 1, 0]
    assert numbers(limit=2, offset=1) == [4, 3]
    assert numbers(project="shop") == [5, 4]
    assert numbers(name="run1") == [4, 1]
    assert numbers(state="error") == [5, 3, 1]
    assert numbers(state=["error", "running"]) == [5, 4, 3, 2, 1, 0]
    assert numbers(labels={"even": "True"}) == [4, 2, 0]
    assert numbers(labels={"even": "True", "first": None}) == [0]
    assert sorted(numbers(iterations=True)) == [0, 0, 1, 2, 3, 4, 5]
    assert numbers(uid=uid(0)) == [0, 0]
    assert numbers(since=datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)) == []
    assert len(numbers(until=datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1))) == 6


def test_labels_follow_the_document(store: Store) -> None:
    started = document(labels={"a": "1", "b": "2"})
    attempt = store.begin(started)
    store.write(attempt, {**started, "metadata": {**started["metadata"], "labels": {"b": "3", "c": "4"}}})
    assert [len(store.documents(labels={name: value})) for name, value in (("a", None), ("b", "2"), ("b", "3"), ("c", None))] == [
        0,
        0,
        1,
        1,
    ]


def test_fields_are_changed_by_anybody(store: Store) -> None:
    attempt = store.begin(document())
    assert store.change(UID, {"status.state": "aborting", "status.status_text": "asked to"}, expected=["running"]) == "aborting"
    assert store.document(UID)["status"]["status_text"] == "asked to"
    with pytest.raises(StateConflictError, match="it would have to be running"):
        store.change(UID, {"status.state": "aborting"}, expected=["running"])
    with pytest.raises(StateConflictError, match="cannot become running"):
        store.write(attempt, document())
    store.change(UID, {"status.state": "aborted"})
    store.change(UID, {"status.ui_url": "report.html", "status.status_text": None})
    found = store.document(UID)["status"]
    assert (found["state"], found["ui_url"]) == ("aborted", "report.html")
    assert "status_text" not in found


def test_an_ended_run_goes_on_in_a_new_attempt_alone(store: Store) -> None:
    started = document()
    first = store.begin(started)
    store.write(first, ended(started, "error", error="broke"), pack(store, first, half="half", both="old"))
    with pytest.raises(StateConflictError, match="it cannot become completed"):
        store.write(first, ended(started))
    second = store.take(UID)
    assert (second.number, store.attempt(UID)) == (2, 2)
    assert store.document(UID)["status"]["state"] == "running"
    assert "error" not in store.document(UID)["status"]
    with pytest.raises(StateConflictError, match="attempt 1 of it is over"):
        store.write(first, ended(started))
    with pytest.raises(StateConflictError, match="another process has it in hand"):
        store.take(UID)
    assert packagers.unpack("store://half") == "half"
    store.write(second, ended(started), pack(store, second, both="new"))
    assert {found.key: packagers.unpack(str(found.address)) for found in store.list_artifacts()} == {"both": "new"}


def test_a_run_that_waits_is_taken_once(store: Store) -> None:
    store.begin(document(state="pending"), owned=False)
    assert store.take(UID).number == 1
    with pytest.raises(StateConflictError):
        store.take(UID)


def test_a_uid_is_there_once(store: Store) -> None:
    store.begin(document())
    with pytest.raises(RunExistsError, match="there is a run"):
        store.begin(document())


def test_runs_that_have_ended_are_removed_and_their_objects_collected(store: Store) -> None:
    run(store, uid(1), note="one", same="same")
    run(store, uid(2), note="two", same="same")
    store.remove(uid(1))
    assert store.gc().objects == 1
    assert (packagers.unpack("store://note"), packagers.unpack("store://same")) == ("two", "same")
    with pytest.raises(RunNotFoundError):
        store.document(uid(1))
    store.begin(document(uid(3)))
    with pytest.raises(StateConflictError, match="Abort it first"):
        store.remove(uid(3))


def test_old_runs_are_pruned_and_tagged_ones_kept(store: Store) -> None:
    run(store, uid(1), note="one")
    started = document(uid(2))
    attempt = store.begin(started)
    with packagers.Session(store.staging(attempt), record=False) as session:
        session.pack("two", packagers.LogHint("note", "file", tag="keep"))
    store.write(attempt, ended(started), session.artifacts)
    store.begin(document(uid(3)))
    assert store.prune(datetime.timedelta(hours=1)) == 0
    assert store.prune(0) == 1
    assert [found["metadata"]["uid"] for found in store.documents()] == [uid(3), uid(2)]
    assert len(objects(store)) == 1
    assert store.prune(0, keep_tagged=False) == 1
    assert objects(store) == []


def test_nothing_that_a_live_run_has_staged_is_collected(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    artifacts = pack(store, attempt, note="text")
    assert store.gc() == (0, 0)
    made = store._put(attempt, artifacts)  # as far as a run has come just before its transaction
    assert len(objects(store)) == 1
    assert store.gc() == (0, 0)
    assert len(objects(store)) == 1
    store.change(UID, {"status.state": "aborted"})
    assert store.gc().objects == 1
    assert made[0].key == "note"


@pytest.mark.parametrize("look", [1, 2])
def test_what_is_recorded_while_it_is_looked_for_is_not_collected(new_database: Callable[[str], str], tmp_path: Path, look: int) -> None:
    with connect(new_database("postgresql"), tmp_path / "objects") as store:
        started = document()
        attempt = store.begin(started)
        made = store._put(attempt, pack(store, attempt, note="text"))
        looks = itertools.count(1)

        def record() -> None:
            with store.database.writing() as connection:
                store._runs.write(connection, attempt, ended(started), freeze(ended(started)))
                store._artifacts.record(connection, attempt, "default", made, is_end=True)

        def watch(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT packagers_") and statement.count("digest") == 3 and next(looks) == look:
                record()

        sqlalchemy.event.listen(store.database._engine, "before_cursor_execute", watch)
        assert not _remove_object(store.database, store.objects, made[0].digest)
        if next(looks) <= look:  # what was seen at the first look was enough
            record()
        assert packagers.unpack("store://note") == "text"


def test_what_another_thread_has_put_is_not_given_back(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    artifacts = pack(store, attempt, one="one", two="two")
    store._put(attempt, {"one": artifacts["one"]})
    store.write(attempt, started, {"two": artifacts["two"]})
    assert store.gc() == (0, 0)
    assert len(objects(store)) == 2


def test_an_object_that_names_a_payload_elsewhere_is_not_read(store: Store) -> None:
    run(store, UID, note="text")
    place = Path(store.objects.place(store.find("store://note").digest))
    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps({**manifest, "payload": "../.."}))
    with pytest.raises(StoreError, match="not what its name says"):
        run(store, uid(2), note="text")
    with pytest.raises(packagers.UnpackError, match="leads out of the package"):
        packagers.unpack("store://note/../../.store", "str")


def test_a_package_that_was_changed_since_it_was_packed_is_not_stored(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    artifacts = pack(store, attempt, note="text")
    next(file for file in artifacts["note"].path.glob("*/*")).write_text("else")
    with pytest.raises(packagers.IntegrityError):
        store.write(attempt, ended(started), artifacts)
    assert (store.document(UID)["status"]["state"], store.list_artifacts(), objects(store)) == ("running", [], [])


def test_a_package_whose_manifest_was_changed_since_it_was_packed_is_not_stored(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    artifacts = pack(store, attempt, note="text")
    file = artifacts["note"].path / "manifest.json"
    file.write_text(file.read_text().replace('"note"', '"mote"'))
    with pytest.raises(packagers.IntegrityError):
        store.write(attempt, ended(started), artifacts)
    assert (store.list_artifacts(), objects(store)) == ([], [])


def test_what_is_recorded_is_what_stands_there(store: Store) -> None:
    started = document()
    attempt = store.begin(started)
    before = pack(store, attempt, note="text")
    now = pack(store, attempt, note="another")
    store.write(attempt, ended(started), before)
    assert store.find("store://note").digest == now["note"].digest != before["note"].digest
    assert packagers.unpack("store://note") == "another"


def test_a_package_outside_of_the_staging_folder_stays_where_it_is(store: Store, tmp_path: Path) -> None:
    artifact = packagers.pack("text", "note : file", tmp_path / "out")
    started = document()
    store.write(store.begin(started), ended(started), {"renamed": artifact})
    assert packagers.unpack("store://renamed") == packagers.unpack(tmp_path / "out/note") == "text"


def test_a_newer_schema_is_refused_with_what_to_upgrade(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    connect(url).close()
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("UPDATE packagers_store SET value = '2' WHERE name = 'schema'")
    connection.close()
    with pytest.raises(StoreError, match=r"schema version 2[^→]*→ pip install --upgrade packagers-runs"):
        connect(url)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE things (name)")
    connection.close()
    with pytest.raises(StoreError, match="it has the table 'things'"):
        connect(f"sqlite:///{tmp_path}/other.db")
    (tmp_path / "text.db").write_text("this is no database at all, but long enough to be looked into " * 20)
    with pytest.raises(StoreError, match="not a database"):
        connect(f"sqlite:///{tmp_path}/text.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://here/runs", "cannot be in a database of the kind 'mysql'"),
        ("postgres+psycopg://here/runs", "Did you mean 'postgresql\\+psycopg'"),
        ("runs.db", "no URL of a database"),
        ("sqlite://", "names no file"),
    ],
)
def test_another_kind_of_database_is_refused(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        connect(url)


def test_two_databases_do_not_share_a_place_of_artifacts(tmp_path: Path) -> None:
    connect(f"sqlite:///{tmp_path}/one.db", tmp_path / "objects").close()
    connect(f"sqlite:///{tmp_path}/one.db", tmp_path / "objects").close()
    with pytest.raises(StoreError, match="another store's"):
        connect(f"sqlite:///{tmp_path}/two.db", tmp_path / "objects")


def test_the_default_store_is_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        run(store, UID, note="text")
        assert packagers.unpack("store://note") == "text"
    assert sorted(path.name for path in (tmp_path / ".packagers").iterdir() if path.suffix != ".lock") == ["objects", "runs.db"]


def test_settings_of_the_environment_name_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_STORE", f"sqlite:///{tmp_path}/named.db")
    monkeypatch.setenv("PACKAGERS_STORE_ARTIFACTS", str(tmp_path / "elsewhere"))
    with connect() as store:
        assert (store.database.file, store.objects.location) == (tmp_path / "named.db", str(tmp_path / "elsewhere"))


def test_of_two_open_stores_an_address_with_a_uid_finds_its_own(tmp_path: Path) -> None:
    with connect("memory://") as one, connect("memory://") as two:
        run(one, uid(1), note="one")
        run(two, uid(2), note="two")
        assert packagers.unpack("store://note") == "two"
        assert one.item("store://note").unpack() == "one"
        with one.current():
            assert packagers.unpack("store://note") == "one"


def test_the_pickle_of_a_store_opens_it_again(new_database: Callable[[str], str], tmp_path: Path) -> None:
    with connect(new_database("sqlite"), tmp_path / "objects") as store:
        run(store, UID, note="text")
        store.project = "shop"
        with pickle.loads(pickle.dumps(store)) as again:
            assert (again.documents(), again.project) == (store.documents(), "shop")
    with connect("memory://") as memory, pytest.raises(StoreError, match="cannot be handed"):
        pickle.dumps(memory)


def test_a_password_is_shown_to_nobody() -> None:
    with pytest.raises(StoreError) as caught:
        connect("postgresql+psycopg://me:secret@127.0.0.1:1/runs")
    assert "secret" not in str(caught.value)
