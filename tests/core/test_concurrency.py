"""Many processes with many threads in one folder: each read gives one whole version, and nobody waits for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import LogHint, Session, draft, results

WORKER = """
import collections, faulthandler, json, os, random, sys, threading, time
from pathlib import Path
import packagers
from packagers import LogHint, PackagersError, Session

folder, seed, threads, rounds, seconds = Path(sys.argv[1]), *map(int, sys.argv[2:6])
faulthandler.dump_traceback_later(max(240, 4 * seconds), exit=True)  # a deadlock ends the process, and says where
end = time.monotonic() + seconds if seconds else None
if rounds:  # few of them: what can come in between has to
    sys.setswitchinterval(1e-6)

def container(n):
    return {"n": n, "blob": bytes([n % 256]) * (70_000 + n % 5000), "more": [f"{n}".encode() * 9 for _ in range(3)]}

def is_whole(key, value):
    if key == "container":
        return value == container(value["n"])
    if key == "bytes":
        return len(value) == 9000 and len(set(value)) == 1
    if key == "small":
        return value["double"] == 2 * value["n"]
    if key == "tree":
        found = {path.name: path.read_text() for path in value.iterdir()}
        return len(found) == 12 and len(set(found.values())) == 1
    if key == "linked":
        return len(value) == 600 and len(set(value)) == 1
    return len(value) == 100 and len(set(value)) == 1 # stream or mixed

def write(key, n, scratch):
    if key == "container":
        packagers.pack(container(n), key, folder)
    elif key == "bytes":
        packagers.pack(bytes([n % 256]) * 9000, key, folder)
    elif key == "small":
        with Session(folder) as session:
            session.pack({"n": n, "double": 2 * n}, "small")
    elif key == "tree":
        tree = scratch / f"{n}"
        tree.mkdir()
        for name in range(12):
            (tree / f"file-{name}").write_text(f"{n}" * 50)
        packagers.pack(tree, key, folder)
    elif key == "linked":  # its manifest is written twice, the second time when the result is there
        try:
            with Session(folder) as session:
                session.pack(bytes([n % 256]) * 600, LogHint("linked", artifact_type="file", extra_data={"score": ...}))
                session.pack(n, "score")
        except packagers.PackingFailed as failed:
            assert all("somebody else" in str(error) for error in failed.exceptions), failed.exceptions
    else:
        write_as("mixed", n)

def write_own(number, n):  # what nobody else writes stands there, as soon as it has been acknowledged
    key = f"own-{seed}-{number}"
    write_as(key, n)
    value = packagers.unpack(folder / key)
    assert value == [n] * 100, f"acknowledged and lost: {value!r:.100} is there instead of {n}"

def write_as(key, n):
    if n % 2:  # now a result, now a package
        with Session(folder) as session:
            session.pack([n] * 100, key)
    else:
        packagers.pack([n] * 100, f"{key} : file", folder)

KEYS = ("container", "bytes", "small", "tree", "linked", "mixed", "own")
failures, counts, lock = [], collections.Counter(), threading.Lock()

def work(number):
    chance = random.Random(seed * 1000 + number)
    scratch = folder.parent / f"scratch-{seed}-{number}"
    scratch.mkdir()
    done = 0
    while (time.monotonic() < end if end else done < rounds) and not failures:
        key = chance.choice(KEYS)
        try:
            if key == "own":
                write_own(number, done)
                what = "written"
            elif chance.random() < 0.5:
                write(key, (seed * 100 + number) * 10_000 + done, scratch)
                what = "written"
            elif (folder / key / "manifest.json").exists() or packagers.results.open_result(folder, key) is not None:
                with Session(scratch / "none"):
                    value = packagers.unpack(folder / key)
                    assert is_whole(key, value), f"torn: {value!r:.200}"
                what = "read"
            else:
                what = "not there yet"
            with lock:
                counts[f"{key} {what}"] += 1
        except BaseException as error:
            import traceback
            failures.append(key + ": " + traceback.format_exc())
        done += 1

running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
for thread in running: thread.start()
for thread in running: thread.join()
print(json.dumps({"failures": failures, "counts": counts}))
"""


@pytest.mark.parametrize(
    ("processes", "threads", "rounds", "seconds"),
    [(3, 4, 25, 0), pytest.param(8, 8, 0, 60, marks=pytest.mark.long)],
    ids=["short", "a minute"],
)
def test_every_read_is_one_whole_version(tmp_path: Path, figure: Any, processes: int, threads: int, rounds: int, seconds: int) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, str(folder), *map(str, (seed, threads, rounds, seconds))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        for seed in range(processes)
    ]
    total: dict[str, int] = {}
    failures = []
    for worker in workers:
        out, err = worker.communicate()
        assert worker.returncode == 0, err
        found = json.loads(out)
        failures += found["failures"]
        for name, count in found["counts"].items():
            total[name] = total.get(name, 0) + count
    done = f"packings and readings by {processes} processes of {threads} threads"
    figure("concurrency", done, points=sum(total.values()), violations=len(failures))
    assert not failures, failures[0]
    assert all(total.get(f"{key} written") for key in ("container", "bytes", "small", "tree", "linked", "mixed", "own")), total
    assert sum(count for name, count in total.items() if name.endswith("read")) > 10, total


def test_a_commit_waits_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the manifest and the removal of old payloads another writer would lose the payload that he has just named."""
    packagers.pack(b"old", "data", tmp_path)
    other = threading.Thread(target=packagers.pack, args=(b"second", "data : file", tmp_path))
    write = draft.write_manifest

    def written(*args: Any, **options: Any) -> Any:
        made = write(*args, **options)
        if threading.current_thread() is not other:
            other.start()
            other.join(0.3)
        return made

    monkeypatch.setattr(draft, "write_manifest", written)
    packagers.pack(b"first", "data : file", tmp_path)
    other.join()
    assert packagers.unpack(tmp_path / "data") == b"second"


def test_links_are_not_written_over_what_somebody_else_packs_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at what stands there and the new manifest another writer would remove the payload that it names."""
    write, others = draft.write_manifest, [threading.Thread(target=packagers.pack, args=(b"second", "data : file", tmp_path))]

    def written(folder: Path, manifest: Any, *args: Any, **options: Any) -> Any:
        if manifest.extra_data and others:
            other = others.pop()
            other.start()
            other.join(0.3)
            joined.append(other)
        return write(folder, manifest, *args, **options)

    joined: list[threading.Thread] = []
    with Session(tmp_path) as session:
        session.pack(b"first", LogHint("data", artifact_type="file", extra_data={"score": {"$link": "score"}}))
        session.pack(3, "score")
        monkeypatch.setattr(draft, "write_manifest", written)
    [other] = joined
    other.join()
    assert packagers.unpack(tmp_path / "data") == b"second"


def test_a_key_that_is_a_package_and_a_result_by_turns_is_always_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes whenever the reader has looked in one of the two places."""

    def flip() -> None:
        if (tmp_path / "key" / "manifest.json").exists():
            with Session(tmp_path) as session:
                session.pack(1, "key")
        else:
            packagers.pack([1], "key : file", tmp_path)

    flips, read = [0], results.open_result

    def read_between(folder: Path, key: str) -> Any:
        if flips[0] < 5:
            flips[0] += 1
            monkeypatch.setattr(results, "open_result", read)
            flip()  # a package, while results are looked at
            found = read(folder, key)
            flip()  # and a result, while packages are
            monkeypatch.setattr(results, "open_result", read_between)
            return found
        return read(folder, key)

    with Session(tmp_path) as session:
        session.pack(1, "key")
    monkeypatch.setattr(results, "open_result", read_between)
    assert packagers.unpack(tmp_path / "key") == 1
    assert flips == [5]


def test_a_package_that_comes_while_its_key_becomes_a_result_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the result takes the place of is the package before, and not the one that somebody has packed in this moment."""
    packagers.pack([1], "key : file", tmp_path)
    other = threading.Thread(target=packagers.pack, args=([2], "key : file", tmp_path))
    replace = results.replace_file

    def replaced(*args: Any, **options: Any) -> None:
        replace(*args, **options)
        if threading.current_thread() is not other:
            other.start()
            other.join(0.3)  # it waits for this one, when its package is there

    monkeypatch.setattr(results, "replace_file", replaced)
    with Session(tmp_path) as session:
        session.pack(3, "key")
    other.join()
    assert packagers.unpack(tmp_path / "key") == [2]
    assert "key" not in results.open_results(tmp_path)


def test_a_result_goes_only_where_a_package_stands(tmp_path: Path) -> None:
    """Its key was packed as a package, and somebody has put a result in the place of that before the session closed."""
    with Session(tmp_path) as session:
        session.pack(0, "key")
    with Session(tmp_path) as session:
        session.pack([1], "key : file")
        with Session(tmp_path) as other:
            other.pack(2, "key")
        assert not (tmp_path / "key").exists()
    assert packagers.unpack(tmp_path / "key") == 2


def test_a_folder_that_others_remove_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    removed, mkdir = [0], os.mkdir

    def removing(path: Any, *args: Any, **options: Any) -> None:
        mkdir(path, *args, **options)
        if Path(path) == tmp_path / "data" and removed[0] < 2:
            removed[0] += 1
            os.rmdir(path)

    monkeypatch.setattr(os, "mkdir", removing)
    packagers.pack(b"here", "data : file", tmp_path)
    assert removed[0]
    assert packagers.unpack(tmp_path / "data") == b"here"
