"""A kill or a failing call, at each that packing makes: the old version stands whole, or the new one; nothing acknowledged is lost."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness
import values
from harness import FAULTS, KILL, Point, Worker

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace (Debian's package of that name)")
LONG = pytest.mark.long
EVERY_FAULT = ("bytes", "container", "run")
"""The values that the short form tries every fault with; the others are killed at every call."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(list(values.VALUES)) as made:
        yield made


CASES = [
    *((name, over, "process", FAULTS) for name in EVERY_FAULT for over in (False, True)),
    *((name, over, "process", (KILL,)) for name in values.VALUES if name not in EVERY_FAULT for over in (False, True)),
    *(
        pytest.param(name, over, "process", FAULTS[1:], marks=LONG)
        for name in values.VALUES
        if name not in EVERY_FAULT
        for over in (False, True)
    ),
    *(pytest.param(name, over, "full", FAULTS, marks=LONG) for name in values.VALUES for over in (False, True)),
]


@pytest.mark.parametrize(("name", "over", "durability", "faults"), CASES)
def test_a_fault_at_any_call(
    tmp_path: Path,
    worker: Worker,
    figure: Callable[..., None],
    name: str,
    over: bool,
    durability: str,
    faults: tuple[str, ...],
) -> None:
    before = tmp_path / "before"
    before.mkdir()
    if over:
        assert worker.pack(name, before, 1, "-e", "trace=none") == 0
    traced = shutil.copytree(before, tmp_path / "traced")
    calls = worker.calls(name, traced, 2, tmp_path / "log", durability)
    reached: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    try:
        try_each(tmp_path, worker, name, over, durability, harness.points(calls, faults), reached, broken)
    finally:
        for fault in faults:
            what = "kill -9" if fault == KILL else fault
            figure("faults", f'{what} at a system call, durability="{durability}"', points=reached[fault], violations=broken[fault])
    assert reached[faults[0]] >= 5  # a result takes six calls


def try_each(
    tmp_path: Path,
    worker: Worker,
    name: str,
    over: bool,
    durability: str,
    points: Iterator[Point],
    reached: Counter[str],
    broken: Counter[str],
) -> None:
    """Pack once for each point, and look at what stands there; counts the points, and those that end here for what they left."""
    before = tmp_path / "before"
    for number, point in enumerate(points):
        folder = shutil.copytree(before, tmp_path / str(number))
        log = tmp_path / "injected"
        ended = worker.pack(name, folder, 2, "-e", point.injection, "-o", str(log), durability=durability)
        said = f"{point} ended with {ended}"
        reached[point.fault] += "(INJECTED)" in log.read_text(errors="replace") or ended == -9
        broken[point.fault] += 1
        found = harness.generations(folder, name)
        old = {1} if over else set()
        if ended == 0:
            assert found == {2}, f"{said}: acknowledged and lost, {found} stands there"
        elif ended == 1:
            # Of the two outputs of a run one may fail without the other; what cannot be synced stands there, and is not acknowledged.
            stands = found == {2} and (name == "run" or point.call == "fsync")
            assert found == old or stands, f"{said}: refused, and {found} stands there"
        else:
            assert ended == -9, f"{said}: this is no error of ours\n{worker.said()}"
            assert found in (old, {2}), f"{said}: {found} stands there"
        assert worker.pack(name, folder, 3, "-e", "trace=none") == 0, f"{said}: and then nothing can be packed there"
        assert harness.generations(folder, name) == {3}
        assert harness.litter(folder) == [], f"{said}: litter stays"
        broken[point.fault] -= 1
        shutil.rmtree(folder)
