"""The log of a run: read from any byte on, by others, while it is written."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.runstore import Store, connect
from packagers_runs.store import journal
from packagers_runs.store.journal import Journal, read_log

UID = "0" * 31 + "1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with connect(f"sqlite:///{tmp_path}/runs.db") as store:
        yield store


def begun(store: Store, uid: str = UID) -> Journal:
    return Journal(store.database, store.begin({"metadata": {"uid": uid}, "status": {"state": "running"}}))


def test_text_is_read_from_any_offset(store: Store) -> None:
    with begun(store) as log:
        log.write("one\n")
        log.flush()
        log.write("two é\n")
        log.flush()
        log.write("three\n")
    text, end = read_log(store.database, UID)
    assert text == "one\ntwo é\nthree\n"
    assert end == len(text.encode())
    for offset in range(5):
        assert read_log(store.database, UID, 0, offset) == (text[offset:], end)
    assert read_log(store.database, UID, 0, end) == ("", end)
    assert read_log(store.database, UID, 0, end + 5) == ("", end + 5)
    assert read_log(store.database, UID, 1) == ("", 0)
    assert read_log(store.database, "2" * 32) == ("", 0)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(pieces=st.lists(st.tuples(st.text(max_size=8), st.booleans()), max_size=8))
def test_what_is_written_is_what_is_read_however_it_is_cut(pieces: list[tuple[str, bool]]) -> None:
    with connect("memory://") as store:
        with begun(store) as log:
            for text, flushes in pieces:
                log.write(text)
                if flushes:
                    log.flush()
        whole = "".join(text for text, _ in pieces)
        expected = whole.encode("utf-8", "backslashreplace").decode()
        read, offset = "", 0
        while True:
            more, offset = read_log(store.database, UID, 0, offset)
            if not more:
                break
            read += more
        assert read == expected


def test_a_second_attempt_goes_on(store: Store) -> None:
    with begun(store) as log:
        log.write("first\n")
    store.change(UID, {"status.state": "error"})
    with Journal(store.database, store.take(UID)) as log:
        log.write("second\n")
    assert read_log(store.database, UID)[0] == "first\nsecond\n"


def test_a_large_text_does_not_wait_and_a_small_one_not_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = begun(store)
    log.write("x" * journal.PIECE)
    assert read_log(store.database, UID)[1] == journal.PIECE
    log.write("y")
    timer = log._timer
    assert timer is not None
    timer.join()
    assert read_log(store.database, UID)[1] == journal.PIECE + 1
    assert log._timer is None


def test_threads_share_a_log(store: Store) -> None:
    with begun(store) as log, ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda number: [log.write(f"{number} {line}\n") or log.flush() for line in range(10)], range(8)):
            pass
    lines = read_log(store.database, UID)[0].splitlines()
    assert sorted(lines) == sorted(f"{number} {line}" for number in range(8) for line in range(10))


def test_a_log_that_cannot_be_written_is_told_once_and_disturbs_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    log = begun(store)
    log.write("a")
    log.flush()
    other = Journal(store.database, log._attempt)
    other.write("b")
    other.flush()
    with caplog.at_level(logging.WARNING, "packagers.runs"):
        for _ in range(3):
            log.write("c")
            log.flush()
    assert [UID in record.getMessage() for record in caplog.records] == [True]
    assert read_log(store.database, UID)[0] == "ab"


def test_the_log_goes_with_its_run(store: Store) -> None:
    with begun(store) as log:
        log.write("a")
    store.change(UID, {"status.state": "completed"})
    store.remove(UID)
    assert read_log(store.database, UID) == ("", 0)
