"""A look at a store by the standard library alone gives what the store gives, and leaves to the store whatever is more than a look."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from packagers_runs.errors import RunNotFoundError, UnknownNameError
from packagers_runs.runstore import Store, connect
from packagers_runs.store.glance import glance
from packagers_runs.store.liveness import Owner

NOW = datetime.now(UTC)
FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "name": {"name": "train"},
    "project": {"project": "other"},
    "state": {"state": "error"},
    "states": {"state": ("error", "completed")},
    "no-state": {"state": ()},
    "label": {"labels": {"team": "red"}},
    "any-label": {"labels": {"team": None}},
    "labels": {"labels": {"team": "red", "odd": ""}},
    "uid": {"uid": f"{3:032x}"},
    "prefix": {"prefix": f"{1:031x}"},
    "prefix-of-signs": {"prefix": "%"},
    "iterations": {"iterations": True},
    "limit": {"limit": 2},
    "offset": {"offset": 3},
    "page": {"limit": 2, "offset": 1},
    "since": {"since": NOW - timedelta(days=1)},
    "until": {"until": NOW - timedelta(days=1)},
}


def document(number: int, state: str, iteration: int = 0, **results: Any) -> dict[str, Any]:
    labels = {"team": "red" if number % 2 else "blue", **({"odd": ""} if number % 3 == 1 else {})}
    metadata = {"uid": f"{number:032x}", "name": "train" if number % 2 else "test", "iteration": iteration, "labels": labels}
    project = {"project": "other"} if number == 2 else {}
    return {"metadata": metadata | project, "status": {"state": state, **({"results": results} if results else {})}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        for number in range(6):
            attempt = store.begin(document(number, "running"))
            store.write(attempt, document(number, "error" if number == 4 else "completed", loss=(1, float("nan")), accuracy=number))
        attempt = store.begin(document(3, "running", 2))
        store.write(attempt, document(3, "completed", 2))
        yield store


def url(store: Store) -> str:
    return store.database.full_url


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_a_look_gives_the_documents_that_the_store_gives(store: Store, filters: dict[str, Any]) -> None:
    with glance(url(store)) as look:
        assert look is not None
        found, wanted = look.documents(**filters), store.documents(**filters)
    assert repr(found) == repr(wanted)  # nan and tuples are as they were


def test_some_of_the_filters_leave_something_out_and_none_everything(store: Store) -> None:
    counts = {name: len(store.documents(**filters)) for name, filters in FILTERS.items()}
    assert counts == {
        "all": 6,
        "name": 3,
        "project": 1,
        "state": 1,
        "states": 6,
        "no-state": 6,
        "label": 3,
        "any-label": 6,
        "labels": 1,
        "uid": 2,
        "prefix": 0,
        "prefix-of-signs": 0,
        "iterations": 7,
        "limit": 2,
        "offset": 3,
        "page": 2,
        "since": 6,
        "until": 0,
    }


def test_one_run_and_one_that_is_not_there(store: Store) -> None:
    with glance(url(store)) as look:
        assert look is not None
        assert repr(look.document(f"{3:032x}", 2)) == repr(store.document(f"{3:032x}", 2))
        for uid, iteration in ((f"{3:032x}", 7), ("f" * 32, 0)):
            with pytest.raises(RunNotFoundError) as mine:
                look.document(uid, iteration)
            with pytest.raises(RunNotFoundError) as its:
                store.document(uid, iteration)
            assert str(mine.value) == str(its.value)
        with pytest.raises(UnknownNameError, match="completed"):
            look.documents(state="complete")


def test_a_run_whose_process_is_gone_is_the_stores_business(store: Store) -> None:
    attempt = store.begin(document(9, "running"))
    with glance(url(store)) as look:
        assert look is not None  # this process has it in hand
    gone = Owner("elsewhere", "", 1, "")
    with sqlite3.connect(str(store.database.file)) as raw:
        raw.execute("UPDATE packagers_runs SET owner = ?, lease = 0 WHERE uid = ?", (str(gone), attempt.uid))
    raw.close()
    with glance(url(store)) as look:
        assert look is None
    assert store.document(attempt.uid)["status"]["reason"] == "lost"


def test_what_is_no_store_of_this_release_is_the_stores_business(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, and long enough to have a header of one hundred bytes " * 3)
    strange = [f"sqlite:///{tmp_path}/none.db", f"sqlite:///{tmp_path}/text.db", f"{url(store)}?timeout=3", "memory://", "nonsense"]
    for each in strange:
        with glance(each) as look:
            assert look is None, each
    with sqlite3.connect(str(store.database.file)) as raw:
        raw.execute("UPDATE packagers_store SET value = '2' WHERE name = 'schema'")
    raw.close()
    with glance(url(store)) as look:
        assert look is None


@pytest.mark.parametrize("words", [["ls"], ["ls", "--json"], ["show", f"{3:032x}"], ["show", f"{3:032x}#2"]], ids=" ".join)
def test_commands_that_look_import_no_more_than_that_takes(store: Store, words: list[str]) -> None:
    with sqlite3.connect(str(store.database.file)) as raw:  # results that are no JSON take packagers
        raw.execute('UPDATE packagers_runs SET "values" = NULL')
    raw.close()
    program = (
        "import sys\n"
        "from packagers.cli.app import root\n"
        f"root({['runs', *words, '--store', url(store)]!r}, standalone_mode=False)\n"
        "heavy = {'sqlalchemy', 'rich', 'pandas', 'numpy', 'jinja2', 'packagers.session', 'packagers_runs.running'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "PACKAGERS_STORE": ""})
    assert done.returncode == 0, done.stderr
    assert "completed" in done.stdout
    if "--json" in words:
        assert len(json.loads(done.stdout)) == 6
    assert done.stderr.strip().splitlines()[-1] == "[]"
