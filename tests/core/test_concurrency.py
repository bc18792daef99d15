"""Many processes with many threads in one folder: each read gives one whole version, and nobody waits for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WORKER = """
import collections, faulthandler, json, os, random, sys, threading, time
from pathlib import Path
import packagers
from packagers import LogHint, PackagersError, Session

folder, seed, threads, rounds, seconds = Path(sys.argv[1]), *map(int, sys.argv[2:6])
faulthandler.dump_traceback_later(max(240, 4 * seconds), exit=True)  # a deadlock ends the process, and says where
end = time.monotonic() + seconds if seconds else None

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
    elif n % 2:  # now a result, now a package
        with Session(folder) as session:
            session.pack([n] * 100, "mixed")
    else:
        packagers.pack([n] * 100, "mixed : file", folder)

KEYS = ("container", "bytes", "small", "tree", "linked", "mixed")
failures, counts, lock = [], collections.Counter(), threading.Lock()

def work(number):
    chance = random.Random(seed * 1000 + number)
    scratch = folder.parent / f"scratch-{seed}-{number}"
    scratch.mkdir()
    done = 0
    while (time.monotonic() < end if end else done < rounds) and not failures:
        key = chance.choice(KEYS)
        try:
            if chance.random() < 0.5:
                write(key, (seed * 100 + number) * 10_000 + done, scratch)
                what = "written"
            elif (folder / key / "manifest.json").exists() or key == "small" and (folder / "results.json").exists():
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
    [(3, 4, 12, 0), pytest.param(8, 8, 0, 60, marks=pytest.mark.long)],
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
    assert all(total.get(f"{key} written") for key in ("container", "bytes", "small", "tree", "linked", "mixed")), total
    assert sum(count for name, count in total.items() if name.endswith("read")) > 10, total
