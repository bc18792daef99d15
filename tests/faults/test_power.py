"""A loss of power at any moment: with ``durability="full"`` nothing acknowledged is lost, and by default nothing damaged goes unseen."""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness
import power
from harness import Worker

from packagers.package import Package

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace (Debian's package of that name)")
NAMES = ("bytes", "container", "folder", "frame", "run")
STATES = 60


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(NAMES) as made:
        yield made


def recorded(worker: Worker, name: str, tmp_path: Path, over: bool, durability: str) -> tuple[Path, list[str], dict[str, bytes]]:
    """Pack, and give the folder as it was before, what was done to it, and what its files held in the end."""
    folder = tmp_path / "there"
    folder.mkdir()
    if over:
        assert worker.pack(name, folder, 1, "-e", "trace=none") == 0
    before = shutil.copytree(folder, tmp_path / "before")
    log = tmp_path / "log"
    assert worker.pack(name, folder, 2, *power.STRACE, "-o", str(log), durability=durability) == 0
    lines = log.read_text(errors="replace").splitlines()
    after = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    after.update({old: after[new] for old, new in power.renamed("\n".join(lines), folder)})
    return before, lines, after


def states(worker: Worker, name: str, tmp_path: Path, over: bool, durability: str, count: int) -> Iterator[tuple[Path, bool]]:
    """Give folders as a disk may hold them, half of them from after the acknowledgement, and whether they are."""
    before, lines, after = recorded(worker, name, tmp_path, over, durability)
    chance = random.Random(f"{name} {over} {durability}")
    moments = len(lines)
    for number in range(count):
        disk = power.Disk(tmp_path / "there", before, after)
        moment = moments if number % 2 else chance.randrange(moments)
        for line in lines[:moment]:
            disk.apply(line)
        target = tmp_path / f"state-{number}"
        target.mkdir()
        disk.state(target, chance)
        yield target, moment == moments
        shutil.rmtree(target)


@pytest.mark.parametrize("count", [STATES, pytest.param(10 * STATES, marks=pytest.mark.long)])
@pytest.mark.parametrize("over", [False, True], ids=["new", "over"])
@pytest.mark.parametrize("name", NAMES)
def test_full_durability_survives_it(
    tmp_path: Path, worker: Worker, figure: Callable[..., None], name: str, over: bool, count: int
) -> None:
    broken = []
    for folder, is_acknowledged in states(worker, name, tmp_path, over, "full", count):
        found = harness.standing(folder, name)
        allowed = [{2}] if is_acknowledged else [{2}, {1} if over else set()]
        if found not in allowed:
            broken.append(f"{found} stands in {folder}")
    figure("loss of power", 'states of the disk, durability="full"', points=count, violations=len(broken))
    assert broken == []


@pytest.mark.parametrize("count", [STATES, pytest.param(10 * STATES, marks=pytest.mark.long)])
@pytest.mark.parametrize("over", [False, True], ids=["new", "over"])
@pytest.mark.parametrize("name", NAMES)
def test_by_default_damage_is_seen(tmp_path: Path, worker: Worker, figure: Callable[..., None], name: str, over: bool, count: int) -> None:
    ends: Counter[str] = Counter()
    for folder, _ in states(worker, name, tmp_path, over, "process", count):
        found = harness.standing(folder, name)
        ends["damaged, and seen" if found is None else "whole" if found in (set(), {1}, {2}) else "damaged, and not seen"] += 1
    figure("loss of power", 'states of the disk, durability="process"', points=count, violations=ends["damaged, and not seen"])
    assert not ends["damaged, and not seen"]
    assert ends["whole"]


def test_a_writer_that_does_not_sync_is_caught(tmp_path: Path, worker: Worker) -> None:
    """The replay can fail: what the default writes does not survive every loss of power."""
    lost = 0
    for folder, is_acknowledged in states(worker, "bytes", tmp_path, True, "process", STATES):
        lost += is_acknowledged and harness.standing(folder, "bytes") != {2}
    assert lost > 5


def test_the_whole_replay_is_what_stands_there(tmp_path: Path, worker: Worker) -> None:
    """The log is understood: replayed to its end, with everything on the disk, it gives the very folder."""
    before, lines, after = recorded(worker, "container", tmp_path, True, "full")
    disk = power.Disk(tmp_path / "there", before, after)
    for line in lines:
        disk.apply(line)
    replayed = tmp_path / "replayed"
    replayed.mkdir()
    disk.everything(replayed)
    assert Package.open(replayed / "data").manifest.labels["generation"] == "2"
    assert {path.relative_to(replayed): path.read_bytes() for path in replayed.rglob("*") if path.is_file()} == {
        path.relative_to(tmp_path / "there"): path.read_bytes() for path in (tmp_path / "there").rglob("*") if path.is_file()
    }
